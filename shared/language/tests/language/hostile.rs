//! Files that are broken anywhere, or made to exhaust the reader: always an answer, never a panic.

use std::{collections::BTreeMap, fmt::Write as _};

use masa_language::{Files, Library, Problem};
use proptest::prelude::*;

use crate::{flow_refused, full, read, with_steps};

/// Reads, and checks what is true of every answer.
fn survive(files: &Files) -> Result<Library, Vec<Problem>> {
    let answer = masa_language::read(files);
    let lines: BTreeMap<&str, usize> =
        files.iter().map(|(path, text)| (path, text.lines().count())).collect();
    let warnings = answer.as_ref().map(|library| library.warnings.as_slice()).unwrap_or_default();
    for problem in answer.as_ref().err().into_iter().flatten().chain(warnings) {
        let lines = lines.get(problem.file.as_str()).copied().unwrap_or_default();
        assert!((1..=lines + 2).contains(&problem.line), "{problem} of {lines} lines");
        assert!(problem.column >= 1, "{problem}");
        assert!(problem.message.len() < 1_000, "{problem}");
    }
    assert_ne!(answer.as_ref().err().map(Vec::len), Some(0), "no error without a problem");
    answer
}

const CHANGED: [&str; 3] = ["all/flow.yaml", "shop.yaml", "all/templates/hello.he.html"];

#[test]
fn a_file_cut_anywhere() {
    let whole = full::files();
    for path in CHANGED {
        let text = whole.get(path).unwrap().to_owned();
        for (cut, _) in text.char_indices() {
            let mut files = whole.clone();
            files.insert(path.to_owned(), text[..cut].to_owned());
            let _ = survive(&files);
            files.insert(path.to_owned(), text[cut..].to_owned());
            let _ = survive(&files);
        }
    }
}

/// What is put into files: signs that mean something to YAML or to templates, and some that don't.
const SNIPPETS: [&str; 46] = [
    "", " ", "\n", "\t", ":", ": ", "- ", "? ", "[", "]", "{", "}", ",", "#", "&a ", "*a", "!",
    "|\n", ">\n", "'", "\"", "%", "@", "`", "---\n", "...\n", "\u{feff}", "\0", "\r", "\u{85}",
    "\u{2028}", "ש", "🐫", "{{", "}}", "{%", "%}", "{#", "if", "0", "-1", "1e999", "~", "null",
    "<<: ", "exit",
];

/// A carriage return alone is a line to YAML, and to nobody who counts them.
#[test]
fn a_file_of_carriage_returns() {
    for text in ["\u{85}\r\r- \r...\n\u{85}", "\r\r\r\r\r\r- a\n...\nb"] {
        let mut files = full::files();
        files.insert("all/flow.yaml".to_owned(), text.to_owned());
        assert!(survive(&files).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(600) })]

    #[test]
    fn a_file_changed_anywhere(
        path in prop::sample::select(&CHANGED[..]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, prop::sample::select(&SNIPPETS[..])), 1..6),
    ) {
        let mut files = full::files();
        let mut text: Vec<char> = files.get(path).unwrap().chars().collect();
        for (at, remove, put) in edits {
            let at = at.index(text.len() + 1);
            let end = (at + remove).min(text.len());
            text.splice(at..end, put.chars());
        }
        files.insert(path.to_owned(), text.into_iter().collect());
        let _ = survive(&files);
    }

    #[test]
    fn a_file_of_nothing_but_signs(
        path in prop::sample::select(&CHANGED[..]),
        parts in prop::collection::vec(prop::sample::select(&SNIPPETS[..]), 0..60),
    ) {
        let mut files = full::files();
        files.insert(path.to_owned(), parts.concat());
        let _ = survive(&files);
    }

    #[test]
    fn a_template_of_nothing_but_signs(
        parts in prop::collection::vec(prop::sample::select(&SNIPPETS[..]), 0..60),
    ) {
        let mut files = full::files();
        let body = format!("---\nsubject: a\n---\n{}", parts.concat());
        files.insert(CHANGED[2].to_owned(), body);
        let _ = survive(&files);
    }
}

#[test]
fn a_large_file_of_anything() {
    for part in [
        "[",
        "{",
        "- ",
        "? ",
        "a: ",
        "a: {",
        "a:\n ",
        "- [\n",
        "'",
        "\"",
        "\"\\",
        "#",
        "\n",
        " ",
        "\t",
        "&a ",
        "*a ",
        "!t ",
        "|\n",
        "a: b\n",
        "- a\n",
        "a: &a [*a]\n",
        "---\n",
        "{{",
        "{{ a }}\n",
        "{% if a %}\n",
        "{# ",
        "x",
        "ש",
        "\u{feff}",
        "}",
        "%",
        "? a\n",
    ] {
        let text = part.repeat((1 << 18) / part.len());
        for path in CHANGED {
            let mut files = full::files();
            files.insert(path.to_owned(), text.clone());
            assert!(survive(&files).is_err(), "{part:?} in {path}");
        }
        let mut files = full::files();
        let body =
            format!("---\nsubject: a\n---\n{}", &text[..text.len() / 2 / part.len() * part.len()]);
        files.insert(CHANGED[2].to_owned(), body);
        let _ = survive(&files);
    }
}

#[test]
fn a_file_with_thousands_of_problems() {
    let flow = "a: b\n".repeat(5_000);
    let problems = read(&[("one/flow.yaml", &flow)]).unwrap_err();
    assert_eq!(problems.len(), 1_001);
    assert_eq!(problems.last().unwrap().code, "too-many-problems");
}

#[test]
fn aliases_are_not_expanded() {
    let mut bomb = "a: &a [x, x]\n".to_owned();
    for (new, old) in ('b'..='z').zip('a'..) {
        writeln!(bomb, "{new}: &{new} [*{old}, *{old}, *{old}, *{old}]").unwrap();
    }
    flow_refused(&bomb, &["1:4 no-anchors"]);
}

/// A flow of `depth` branches in each other.
fn nested(depth: usize) -> String {
    let mut steps = "  - email: hello\n".to_owned();
    for level in 0..depth {
        let indent = " ".repeat(2 + 2 * level);
        writeln!(steps, "{indent}- if: {{ list: a{level} }}\n{indent}  then:").unwrap();
    }
    writeln!(steps, "{}- exit", " ".repeat(2 + 2 * depth)).unwrap();
    with_steps(&steps)
}

#[test]
fn forty_levels_are_read_and_more_are_refused() {
    let library = read(&[("one/flow.yaml", &nested(40))]).unwrap();
    assert_eq!(library.flows[0].steps.len(), 42);
    flow_refused(&nested(41), &["85:85 too-deep"]);
    flow_refused(&nested(90), &["85:85 too-deep"]);
    let problems = read(&[("one/flow.yaml", &nested(150))]).unwrap_err();
    assert_eq!(problems[0].code, "too-deep");

    let conditions = |depth: usize| {
        let (open, close) = ("{ not: ".repeat(depth), " }".repeat(depth));
        let condition = format!("{open}{{ list: a }}{close}");
        with_steps(&format!("  - email: hello\n  - if: {condition}\n    then: [ exit ]\n"))
    };
    read(&[("one/flow.yaml", &conditions(39))]).unwrap();
    flow_refused(&conditions(40), &["5:289 too-deep"]);
}

#[test]
fn five_thousand_steps_are_read_and_more_are_refused() {
    let steps = |count: usize| {
        with_steps(&format!("  - email: hello\n{}", "  - wait: 2d\n".repeat(count - 1)))
    };
    let library = read(&[("one/flow.yaml", &steps(5_000))]).unwrap();
    let flow = &library.flows[0];
    assert_eq!(flow.steps.len(), 5_000);
    assert_eq!(flow.steps["wait-2d-4998"].next.as_deref(), Some("wait-2d-4999"));
    flow_refused(&steps(5_001), &["5004:5 too-many-steps"]);
    flow_refused(&steps(50_000), &["5004:5 too-many-steps"]);
}

#[test]
fn thousands_of_flows_are_read() {
    let base = full::files();
    let mut files = Files::from_texts([("shop.yaml", full::SHOP)]);
    for number in 0..3_000 {
        let flow = full::FLOW.replace("all-of-it", &format!("flow-{number}"));
        files.insert(format!("{number}/flow.yaml"), flow);
        for template in ["hello.he.html", "hello.en.html"] {
            let text = base.get(&format!("all/templates/{template}")).unwrap();
            files.insert(format!("{number}/templates/{template}"), text.to_owned());
        }
    }
    assert_eq!(survive(&files).unwrap().flows.len(), 3_000);
}

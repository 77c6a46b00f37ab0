//! `tests.yaml`.

use jiff::Timestamp;
use masa_language::{Files, check_at, read_tests};

/// The journey beside these tests.
const FLOW: &str = "\
flow: one
trigger: { joined: news }
steps:
  - email: hello
  - start: two
  - { id: pause, wait: 2d }
";
const TWO: &str = "flow: two\ntrigger: { event: x }\nsteps:\n  - { id: more, wait: 1d }\n";
const HELLO: &str = "---\nsubject: Hello\n---\n<p>Hello</p>\n";

/// What is told of a line of a test, with its hint.
fn told(line: &str, flow: &str) -> Vec<(String, String)> {
    let tests = format!("tests:\n  - name: it\n    steps:\n      - {line}\n");
    let files = Files::from_texts([
        ("one/flow.yaml", flow.to_owned()),
        ("one/templates/hello.en.html", HELLO.to_owned()),
        ("two/flow.yaml", TWO.to_owned()),
        ("one/tests.yaml", tests),
    ]);
    let problems = read_tests(&files).err().unwrap_or_default();
    let told = problems
        .into_iter()
        .map(|p| (format!("{}:{} {}", p.line, p.column, p.code), p.hint.unwrap_or_default()));
    told.collect()
}

#[test]
fn steps_that_the_journey_has_not() {
    for (line, expected) in [
        ("at: paus", "4:13 unknown-step"),
        ("email: helo", "4:16 unknown-step"),
        ("click: { step: helo, link: a }", "4:24 unknown-step"),
        ("{ open: helo }", "4:17 unknown-step"),
        ("sms: nudge", "4:14 unknown-step"),
        ("tell: sales", "4:15 unknown-step"),
        ("call: crm", "4:15 unknown-step"),
        ("unsubscribe: helo", "4:22 unknown-step"),
    ] {
        let told = told(line, FLOW);
        assert_eq!(told.len(), 1, "{line}: {told:?}");
        assert_eq!(told[0].0, expected, "{line}");
    }
    assert_eq!(told("at: paus", FLOW)[0].1, "did you mean `pause`?");
    // Of the journey, or of one that it names; a journey with problems of its own is not asked.
    for line in ["at: pause", "email: hello", "click: { step: hello }", "at: more", "at: start-two"]
    {
        assert_eq!(told(line, FLOW), [], "{line}");
    }
    assert_eq!(told("at: paus", &FLOW.replace("2d", "2 d")), []);
}

#[test]
fn lines_of_tests_that_are_none() {
    for (line, expected) in [
        ("mail: hello", "4:9 unknown-test-line"),
        ("{ email: hello, sms: hello }", "4:25 two-test-lines"),
        ("{ advance: 2 }", "4:20 bad-duration"),
        ("{ at: [a] }", "4:15 wrong-type"),
    ] {
        let tests = format!("tests:\n  - name: it\n    steps:\n      - {line}\n");
        let problems =
            read_tests(&Files::from_texts([("one/tests.yaml", tests)])).err().unwrap_or_default();
        let found: Vec<String> =
            problems.iter().map(|p| format!("{}:{} {}", p.line, p.column, p.code)).collect();
        assert_eq!(found, [expected], "{line}\n{problems:#?}");
    }
}

#[test]
fn tests_are_told_of_with_the_rest() {
    let files = |flow: &str, line: &str| {
        let tests = format!("tests:\n  - name: it\n    steps:\n      - {line}\n");
        Files::from_texts([
            ("shop.yaml", crate::SHOP.to_owned()),
            ("one/flow.yaml", flow.to_owned()),
            ("one/templates/hello.en.html", HELLO.to_owned()),
            ("two/flow.yaml", TWO.to_owned()),
            ("one/tests.yaml", tests),
        ])
    };
    let told = |flow: &str, line: &str| {
        let problems = check_at(&files(flow, line), Timestamp::UNIX_EPOCH).err();
        let problems = problems.unwrap_or_default().into_iter();
        problems.map(|p| format!("{} {}", p.file, p.code)).collect::<Vec<_>>()
    };
    let consent = "one/flow.yaml no-consent-asked";
    assert!(check_at(&files(FLOW, "email: hello"), Timestamp::UNIX_EPOCH).is_ok());
    assert_eq!(told(FLOW, "emial: hello"), [consent, "one/tests.yaml unknown-test-line"]);
    let broken = FLOW.replace("2d", "2");
    assert_eq!(
        told(&broken, "emial: hello"),
        ["one/flow.yaml bad-duration", "one/tests.yaml unknown-test-line"]
    );
}

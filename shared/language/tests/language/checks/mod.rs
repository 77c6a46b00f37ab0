//! Checks of what a journey would do: for each what it finds, and what it lets pass.

mod branches;
mod calls;
mod codes;
mod graph;
mod limits;
mod names;
mod orders;
mod people;
mod segments;
mod texts;
mod times;
mod together;

use masa_language::{Files, Library, Problem, Severity};

/// A shop that names itself in two languages, with a form that asks for consent and one that doesn't.
const SHOP: &str = "\
name: { en: Tea, he: תה }
url: https://shop.example
address: 1 Garden Road
language: en
timezone: Asia/Jerusalem
forms:
  spring: { lists: [news], consent: I agree }
  plain: { lists: [plain] }
products: { mint: { category: tea } }
questions: { nps: { type: nps, text: How likely? }, code: { type: text, text: Which? } }
";

const MAIL: &str = "---\nsubject: Hello\n---\n<p>Hello</p>\n";

/// A flow with these steps, which begin in its line 4, for contacts who agreed.
fn steps(steps: &str) -> String {
    format!("flow: one\ntrigger: {{ joined: news }}\nsteps:\n{steps}")
}

/// The files of some flows, each in the folder of its number, with the templates that its steps send;
/// `others` replace files or add to them.
fn files(flows: &[&str], others: &[(&str, &str)]) -> Files {
    let mut files = Files::from_texts([("shop.yaml", SHOP)]);
    for (number, flow) in flows.iter().enumerate() {
        files.insert(format!("{number}/flow.yaml"), (*flow).to_owned());
        let heads = ["- email: ", "- { email: ", ", email: "];
        for rest in heads.iter().flat_map(|head| flow.split(head).skip(1)) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let name = &rest[..end.unwrap_or(rest.len())];
            for language in ["en", "he"] {
                files.insert(format!("{number}/templates/{name}.{language}.html"), MAIL.to_owned());
            }
        }
    }
    for (path, text) in others {
        files.insert((*path).to_owned(), (*text).to_owned());
    }
    files
}

fn read(files: &Files) -> (Option<Library>, Vec<Problem>) {
    match masa_language::read(files) {
        Ok(mut library) => {
            let warnings = std::mem::take(&mut library.warnings);
            assert!(warnings.iter().all(|told| told.severity == Severity::Warning), "{warnings:?}");
            (Some(library), warnings)
        }
        Err(problems) => {
            let errors = problems.iter().any(|told| told.severity == Severity::Error);
            assert!(errors, "{problems:?}");
            (None, problems)
        }
    }
}

/// Asserts what is told of some files, each problem written as `file:line:column code`.
#[track_caller]
fn told_of(files: &Files, expected: &[&str]) -> Vec<Problem> {
    let (_, problems) = read(files);
    let found: Vec<String> =
        problems.iter().map(|p| format!("{}:{}:{} {}", p.file, p.line, p.column, p.code)).collect();
    let text = files.get("0/flow.yaml").unwrap_or_default();
    assert_eq!(found, expected, "\n{text:.2000}\n{problems:#?}");
    problems
}

/// Asserts what is told of one flow, each problem written as `line:column code`.
#[track_caller]
fn told(flow: &str, expected: &[&str]) -> Vec<Problem> {
    let expected: Vec<String> = expected.iter().map(|at| format!("0/flow.yaml:{at}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    told_of(&files(&[flow], &[]), &expected)
}

#[test]
fn the_base_of_these_tests_is_good() {
    told(&steps("  - email: hello\n"), &[]);
}

#[test]
fn warnings_stop_nothing_and_stand_among_errors() {
    let loop_ = "  - { id: a, email: hello }\n  - jump: a\n";
    let (library, warnings) = read(&files(&[&steps(loop_)], &[]));
    assert_eq!(library.unwrap().flows.len(), 1);
    let json = serde_json::to_value(&warnings).unwrap();
    assert_eq!((&json[0]["severity"], &json[0]["code"]), (&"warning".into(), &"loop-sends".into()));
    assert!(warnings[0].to_string().starts_with("0/flow.yaml:5:5: warning: in this loop"));

    let lost = format!("{loop_}  - wait: 2d\n");
    let (library, problems) = read(&files(&[&steps(&lost)], &[]));
    assert_eq!(library, None);
    let told: Vec<_> = problems.iter().map(|p| (p.line, p.code, p.severity)).collect();
    let expected = [(5, "loop-sends", Severity::Warning), (6, "unreachable-step", Severity::Error)];
    assert_eq!(told, expected);
    assert!(problems[1].to_string().starts_with("0/flow.yaml:6:5: no contact"), "{}", problems[1]);
}

#[test]
fn all_that_can_be_found_is_found_at_once() {
    // Each step, condition and branch is read, whatever is wrong with those beside it.
    let flow = steps(
        "  - wait: 2\n  - iff: { list: a }\n    then:\n      - { id: x, wait: 3 }\n  - if: { all: [ { lst: a }, { hour: 9 } ] }\n    then: [ { id: y, email: hello } ]\n    else: [ { weight: 1d } ]\n  - if: { email: y, was: opened }\n    then: [ jump: x ]\n  - wait_until: soon\n    then: [ { wait: 5 } ]\n",
    );
    told(
        &flow,
        &[
            "4:11 bad-duration",
            "5:5 unknown-step-kind",
            "7:24 bad-duration",
            "8:20 unknown-condition",
            "8:38 bad-time",
            "10:15 unknown-step-kind",
            "13:17 wrong-type",
            "14:21 bad-duration",
        ],
    );
    // A name that is not known, or a mail that can't be read, hides nothing of the rest, nor of other flows.
    let named = steps("  - { id: a, email: helo }\n  - tell: saless\n    text: Hi\n  - jump: a\n");
    let broken = "flow: two\ntrigger: { joined: plain }\nsteps:\n  - wait: 1\n";
    let mail = "---\nsubject: Hello\n---\n{% if %}\n";
    let third = "flow: three\ntrigger: { answered: nps }\nsteps:\n  - { id: a, email: hello }\n  - jump: a\n";
    let files = files(
        &[&named.replace("helo", "hello"), broken, third],
        &[("0/flow.yaml", &named), ("2/templates/hello.en.html", mail)],
    );
    told_of(
        &files,
        &[
            "0/flow.yaml:4:21 unknown-template",
            "0/flow.yaml:5:11 unknown-person",
            "0/flow.yaml:7:5 loop-sends",
            "1/flow.yaml:4:11 bad-duration",
            "2/flow.yaml:2:10 never-asked",
            "2/flow.yaml:4:5 no-consent-asked",
            "2/flow.yaml:5:5 loop-sends",
            "2/templates/hello.en.html:4:1 template-syntax",
        ],
    );
}

#[test]
fn what_is_not_understood_is_not_checked() {
    // The second flow's loop is told, the first one's is not: its steps are not all known.
    let broken = steps("  - { id: a, email: hello }\n  - jump: a\n  - wait: 2\n");
    let whole =
        "flow: two\ntrigger: { joined: plain }\nsteps:\n  - { id: a, email: hello }\n  - jump: a\n";
    told_of(
        &files(&[&broken, whole], &[]),
        &[
            "0/flow.yaml:6:11 bad-duration",
            "1/flow.yaml:4:5 no-consent-asked",
            "1/flow.yaml:5:5 loop-sends",
        ],
    );
}

/// Goal: a part of the shop that is not understood hides what is asked of it, and nothing else.
#[test]
fn what_asks_a_broken_part_of_the_shop_is_not_checked() {
    let consent = "0/flow.yaml:4:5 no-consent-asked";
    let category = "0/flow.yaml:5:9 unknown-name";
    let language = "0/flow.yaml:7:5 missing-translation";
    let flow = "flow: two\ntrigger: { joined: plain }\nsteps:\n  - email: hello\n  - if: { purchased: any, category: tee }\n    then: [ { count: x } ]\n  - sms: { en: '{{ unsubscribe_url }}' }\n";
    told_of(&files(&[flow], &[]), &[consent, category, language]);
    for (from, to, expected) in [
        (
            "language: en",
            "language: english",
            &[consent, category, "shop.yaml:4:11 bad-language"][..],
        ),
        (
            "timezone: Asia",
            "timezone: Nowhere",
            &[consent, category, "shop.yaml:5:11 bad-timezone"],
        ),
        ("category: tea", "category: []", &[language, "shop.yaml:9:31 wrong-type"]),
        ("lists: [plain]", "lists: plain", &[language, "shop.yaml:8:19 wrong-type"]),
        (
            "products:",
            "cap: { email: 0, within: 1d }\nproducts:",
            &[consent, category, language, "shop.yaml:9:15 bad-number"],
        ),
        // Behind a key that nobody knows anything may stand.
        ("products:", "product:", &["shop.yaml:9:1 unknown-key"]),
    ] {
        told_of(&files(&[flow], &[("shop.yaml", &SHOP.replace(from, to))]), expected);
    }
}

/// Goal: beside a step that is not understood is told what is wrong with the others by themselves, and
/// nothing that might follow from it.
#[test]
fn what_is_understood_of_a_broken_flow_is_checked() {
    let flow = |steps: &str| {
        format!("flow: one\ntrigger: {{ date: due, yearly: true }}\nsteps:\n  - wait: 2\n{steps}")
    };
    let always = &["2:10 never-again", "4:11 bad-duration"][..];
    for (steps, also) in [
        (
            "  - if: { all: [ { list: a }, { not: { list: a } } ] }\n    then: [ { count: x } ]\n",
            "5:9 one-way-branch",
        ),
        ("  - if: { form: sprin }\n    then: [ { count: x } ]\n", "5:9 unknown-form"),
        ("  - if: { field: nps, is: 11 }\n    then: [ { count: x } ]\n", "5:9 impossible-answer"),
        ("  - sms: { en: '{{ unsubscribe_url }}' }\n", "5:5 missing-translation"),
        ("  - sms: '{{ shop.nam }} {{ unsubscribe_url }}'\n", "5:10 unknown-name"),
        // Steps without the one between them, and what nobody has told yet.
        ("  - { id: a, email: hello }\n  - jump: a\n", ""),
        ("  - email: hello\n", ""),
        ("  - sms: '{{ first_name }} {{ unsubscribe_url }}'\n", ""),
        ("  - exit\n  - count: x\n", ""),
        (
            "  - if: { list: a }\n    then:\n      - weight: 2d\n      - if: { list: a }\n        then: [ { count: x } ]\n",
            "7:9 unknown-step-kind",
        ),
    ] {
        let also = Some(also).filter(|also| !also.is_empty());
        told(&flow(steps), &always.iter().copied().chain(also).collect::<Vec<_>>());
    }
}

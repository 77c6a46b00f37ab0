//! What is often written by those who are new to this, and what they are told to write.

use masa_language::Severity;

use crate::read;

/// The hint of the first problem of a flow.
#[track_caller]
fn hint(flow: &str) -> String {
    read(&[("one/flow.yaml", flow)]).unwrap_err()[0].hint.clone().unwrap_or_default()
}

const HEAD: &str = "flow: one\ntrigger: { joined: news }\n";
const STEPS: &str = "steps: [ email: hello ]\n";

/// Goal: who is new to YAML reads what to write instead.
#[test]
fn lists_words_and_spaces() {
    for (flow, expected) in [
        // Lists, words and mappings in each other's place.
        (
            format!("{HEAD}steps:\n  email: hello\n  wait: 2d\n"),
            "begin each member of the list with `- `, on a line of its own: `- email: …`",
        ),
        (
            format!("flow: one\ntrigger: {{ joined: [news] }}\n{STEPS}"),
            "write it without brackets and `-`: `news`",
        ),
        (
            format!("flow: one\ntrigger: {{ joined: [a, b] }}\n{STEPS}"),
            "only one may stand here, without brackets and `-`",
        ),
        (
            format!("{HEAD}{STEPS}send:\n  - kind: marketing\n"),
            "write `key: value` without brackets and `-`",
        ),
        (
            format!("flow: {{ name: one }}\ntrigger: {{ joined: news }}\n{STEPS}"),
            "write it behind the colon, without braces",
        ),
        (format!("{HEAD}steps:\n  - join:\n"), "write it behind the colon, after a space"),
        (
            format!("{HEAD}steps:\n  - if: {{ field: a, one_of: x }}\n    then: [ exit ]\n"),
            "put it between brackets: `[x]`",
        ),
        (
            format!("{HEAD}{STEPS}send: {{ days: \"sun, mon\" }}\n"),
            "several stand between brackets: `[sun, mon]`",
        ),
        // Colons and spaces.
        (
            format!("{HEAD}steps:\n  - email:hello\n"),
            "write a colon and a space after the first word: `- email: hello`",
        ),
        (
            format!("{HEAD}steps:\n  - wait 2d\n"),
            "write a colon and a space after the first word: `- wait: 2d`",
        ),
        (
            format!("flow: one\ntrigger: joined:news\n{STEPS}"),
            "write a space after the colon: `joined: news`",
        ),
        // Tabs.
        (format!("{HEAD}steps:\n\t- email: hello\n"), "indent with spaces, not with tabs"),
        (
            format!("{HEAD}steps:\n  - email: hello\n\t- wait: 2d\n"),
            "indent with spaces, not with tabs",
        ),
        (format!("{HEAD}send:\n\tkind: marketing\n{STEPS}"), "indent with spaces, not with tabs"),
    ] {
        assert_eq!(hint(&flow), expected, "{flow}");
    }
}

/// Goal: so does who writes values as they are written elsewhere.
#[test]
fn values_as_they_are_written_elsewhere() {
    for (flow, expected) in [
        // Lengths of time, times of day, dates, yes and no.
        (format!("{HEAD}steps: [ wait: 2 days ]\n"), "did you mean `2d`?"),
        (format!("{HEAD}steps: [ wait: 2 d ]\n"), "did you mean `2d`?"),
        (
            format!("{HEAD}steps: [ wait: 2 ]\n"),
            "say of what: `2d` are days, `2h` hours and `2m` minutes",
        ),
        (format!("{HEAD}{STEPS}entry: {{ again: 90 days }}\n"), "did you mean `after 90d`?"),
        (format!("{HEAD}{STEPS}entry: {{ again: after 90 days }}\n"), "did you mean `90d`?"),
        (
            format!(
                "{HEAD}steps:\n  - if: {{ form: spring, since: 30 days }}\n    then: [ exit ]\n"
            ),
            "did you mean `30d`?",
        ),
        (
            format!("{HEAD}steps: [ wait_until: {{ date: due, offset: 3 days before }} ]\n"),
            "did you mean `-3d`?",
        ),
        (
            format!("{HEAD}{STEPS}send: {{ hours: 9:00-20:00 }}\n"),
            "did you mean `\"09:00-20:00\"`?",
        ),
        (format!("{HEAD}{STEPS}send: {{ hours: 9 }}\n"), "write such as `\"09:00-20:00\"`"),
        (format!("{HEAD}steps: [ wait_until: {{ at: 9:00 }} ]\n"), "did you mean `\"09:00\"`?"),
        (
            format!("flow: one\ntrigger: {{ date: 24.12.2026 }}\n{STEPS}"),
            "did you mean `2026-12-24`?",
        ),
        (
            format!("flow: one\ntrigger: {{ date: birthday, yearly: yes }}\n{STEPS}"),
            "did you mean `true`?",
        ),
        // Templates.
        (
            format!("{HEAD}steps:\n  - {{ email: hello, subject: \"{{{{ ask('nps') }}}}\" }}\n"),
            "a question stands in the HTML of a mail alone, below its subject: `{{ ask('nps') }}`",
        ),
        (
            format!(
                "{HEAD}steps:\n  - {{ email: hello, subject: \"{{{{ default('you') }}}}\" }}\n"
            ),
            "a filter stands behind what it changes: `{{ name | default('you') }}`",
        ),
    ] {
        assert_eq!(hint(&flow), expected, "{flow}");
    }
}

#[test]
fn a_question_in_a_subject() {
    let mail = "---\nsubject: \"{{ ask('nps') }}\"\n---\n<p>Hello</p>\n";
    let mut problems = read(&[("one/templates/hello.en.html", mail)]).unwrap_err();
    problems.retain(|problem| problem.severity == Severity::Error);
    assert_eq!((problems[0].line, problems[0].code), (2, "unknown-function"));
    assert!(problems[0].hint.as_deref().unwrap().contains("below its subject"), "{}", problems[0]);
}

//! Answers of systems.

use super::{SHOP, files, read, told_of};

const ANSWER: &str = "---\nsubject: Hello\n---\n<p>{{ call.stage | default('new') }}</p>\n";

/// The files of some flows, in a shop with a system; `text` is a mail called `hello` of the first.
fn of(flows: &[&str], text: &str) -> masa_language::Files {
    let shop = format!("{SHOP}systems: {{ crm: https://crm.example.com }}\n");
    let mails = ["en", "he"].map(|language| format!("0/templates/hello.{language}.html"));
    let mut files = files(flows, &[("shop.yaml", &shop)]);
    if flows[0].contains("email: hello") {
        mails.into_iter().for_each(|path| files.insert(path, text.to_owned()));
    }
    files
}

/// A flow with these steps, which begin in its line 4.
fn flow(steps: &str) -> String {
    super::steps(steps)
}

#[test]
fn an_answer_of_which_nobody_was_asked() {
    let asks = "  - if: { field: call.stage, is: lead }\n    then: [ exit ]\n";
    let call = "  - call: crm\n";
    for (steps, expected) in [
        (asks.to_owned(), &["0/flow.yaml:4:9 not-called-yet"][..]),
        (format!("{asks}{call}"), &["0/flow.yaml:4:9 not-called-yet"]),
        // On the other way.
        (
            "  - if: { list: a }\n    then: [ { call: crm } ]\n    else:\n      - if: { not: { days_to: call.day, over: 3 } }\n        then: [ exit ]\n".to_owned(),
            &["0/flow.yaml:7:20 not-called-yet"],
        ),
        ("  - wait_until: { date: call.day }\n".to_owned(), &["0/flow.yaml:4:5 not-called-yet"]),
        (
            "  - { call: crm, send: { old: \"{{ call.stage }}\" } }\n".to_owned(),
            &["0/flow.yaml:4:5 not-called-yet"],
        ),
        (
            "  - { sms: \"{{ call.stage }} {{ unsubscribe_url }}\" }\n".to_owned(),
            &["0/flow.yaml:4:12 not-called-yet"],
        ),
        // On one of the ways, and by way of a loop.
        (format!("{call}{asks}"), &[]),
        (format!("  - if: {{ list: a }}\n    then: [ {{ call: crm }} ]\n{asks}"), &[]),
        (format!("  - id: again\n    wait: 1d\n{asks}{call}  - jump: again\n"), &[]),
    ] {
        told_of(&of(&[&flow(&steps)], ANSWER), expected);
    }
    let entry = flow("  - wait: 2d\n")
        .replace("steps:", "entry: { if: { field: call.stage, is: lead } }\nsteps:");
    told_of(&of(&[&entry], ANSWER), &["0/flow.yaml:3:14 not-called-yet"]);
}

#[test]
fn an_answer_in_a_mail() {
    let missing = [
        "0/templates/hello.en.html:4:7 not-called-yet",
        "0/templates/hello.he.html:4:7 not-called-yet",
    ];
    let called = flow("  - call: crm\n  - email: hello\n");
    told_of(&of(&[&flow("  - email: hello\n")], ANSWER), &missing);
    told_of(&of(&[&called], ANSWER), &[]);
    // One of the two that send it is enough.
    let both = flow("  - email: hello\n  - call: crm\n  - { email: hello, id: again }\n");
    told_of(&of(&[&both], ANSWER), &[]);
    // The template's own name.
    let own = ANSWER.replace("<p>", "{% set call = shop %}<p>");
    told_of(&of(&[&flow("  - email: hello\n")], &own), &[]);
    // Nothing stands in its place: until the next call, it is known what was asked for.
    let bare = ANSWER.replace(" | default('new')", "");
    let warned = |steps: &str| {
        let (_, problems) = read(&of(&[&flow(steps)], &bare));
        problems.iter().filter(|told| told.code == "no-fallback").count()
    };
    assert_eq!(warned("  - call: crm\n  - email: hello\n"), 2);
    let known = "  - call: crm\n  - if: { field: call.stage, empty: true }\n    then: [ exit ]\n";
    assert_eq!(warned(&format!("{known}  - email: hello\n")), 0);
    assert_eq!(warned(&format!("{known}  - call: crm\n  - email: hello\n")), 2);
}

#[test]
fn an_answer_that_another_flow_hands_on() {
    let asks = flow("  - if: { field: call.stage, is: lead }\n    then: [ exit ]\n");
    let other = |steps: &str| {
        flow(steps).replace("flow: one", "flow: two").replace("joined: news", "event: x")
    };
    told_of(&of(&[&asks, &other("  - call: crm\n  - start: one\n")], ANSWER), &[]);
    told_of(&of(&[&asks, &other("  - start: one\n")], ANSWER), &["0/flow.yaml:4:9 not-called-yet"]);
    let third = other("  - call: crm\n  - start: two\n").replace("flow: two", "flow: three");
    told_of(&of(&[&asks, &other("  - start: one\n"), &third], ANSWER), &[]);
}

#[test]
fn an_answer_at_which_a_run_ends() {
    let dated = |key: &str, steps: &str| {
        let happening = "{ date: call.day, within: 9d }";
        let happening = if key == "goal" {
            happening.to_owned()
        } else {
            happening.replace(", within: 9d", "")
        };
        flow(steps).replace("steps:", &format!("{key}: {happening}\nsteps:"))
    };
    let wait = "  - wait: 2d\n";
    for (key, at) in
        [("exit", "0/flow.yaml:3:7 not-called-yet"), ("goal", "0/flow.yaml:3:7 not-called-yet")]
    {
        told_of(&of(&[&dated(key, wait)], ANSWER), &[at]);
        told_of(&of(&[&dated(key, "  - call: crm\n  - wait: 2d\n")], ANSWER), &[]);
    }
    let trigger = flow("  - call: crm\n").replace("{ joined: news }", "{ date: call.day }");
    told_of(&of(&[&trigger], ANSWER), &["0/flow.yaml:2:10 not-called-yet"]);
}

#[test]
fn what_never_changes() {
    for (field, expected) in [
        ("call.stage", &["0/flow.yaml:3:16 never-changes"][..]),
        ("event.total", &["0/flow.yaml:3:16 never-changes"]),
        ("order.total", &["0/flow.yaml:3:16 never-changes"]),
        ("total", &[]),
    ] {
        let exit = format!("exit: {{ field: {field}, is: x }}\nsteps:");
        told_of(&of(&[&flow("  - call: crm\n").replace("steps:", &exit)], ANSWER), expected);
    }
}

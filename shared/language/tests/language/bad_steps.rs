//! Steps and conditions.

use masa_language::Severity;

use crate::{flow_refused, read, with_steps};

#[test]
fn steps_that_are_none() {
    for (step, expected) in [
        ("wait", "5:5 unknown-step-kind"),
        ("", "5:5 unknown-step-kind"),
        ("[ exit ]", "5:5 wrong-type"),
        ("{}", "5:5 unknown-step-kind"),
        ("{ id: x }", "5:5 unknown-step-kind"),
        ("mail: hello", "5:5 unknown-step-kind"),
        ("{ email: hello, wait: 2d }", "5:21 two-actions"),
        ("{ wait: 2d, kind: marketing }", "5:17 unknown-key"),
        ("{ wait: 2d, wait: 3d }", "5:17 duplicate-key"),
        ("exit: true", "5:11 wrong-type"),
        ("{ exit, id: Bye }", "5:17 bad-id"),
        ("{ exit, id: '' }", "5:17 empty-text"),
        ("{ email: hello, id: a/b }", "5:25 bad-id"),
        ("{ email: hello, kind: advert }", "5:27 unknown-word"),
        ("{ email: helo }", "5:14 unknown-template"),
        ("{ email: [hello] }", "5:14 wrong-type"),
        ("wait: 2", "5:11 bad-duration"),
        ("wait: 2 d", "5:11 bad-duration"),
        ("wait: 11000w", "5:11 bad-duration"),
        ("wait:", "5:5 wrong-type"),
        ("sms:", "5:5 wrong-type"),
        ("sms: ''", "5:10 empty-text"),
        ("sms: { hebrew: x }", "5:12 bad-language"),
        ("sms: { he: }", "5:12 wrong-type"),
        ("sms: {}", "5:10 empty-list"),
        ("sms: {{ first_name }}", "5:11 bad-key"),
        ("sms: '{{ first_name }'", "5:10 template-syntax"),
        ("sms: '{{ first_name | uper }}'", "5:10 unknown-filter"),
        ("set: vip", "5:10 wrong-type"),
        ("set: {}", "5:10 empty-list"),
        ("set: { email: x }", "5:12 profile-field"),
        ("set: { size: .inf }", "5:18 wrong-type"),
        // What no form could set, and the table could not store.
        ("set: { size: 1e200 }", "5:18 bad-value"),
        ("set: { size: { a: 1 } }", "5:18 bad-value"),
        ("set: { size: [[1]] }", "5:18 bad-value"),
        ("set: { ' ': 1 }", "5:12 bad-name"),
        ("count: { a: 1, b: 1 }", "5:20 two-actions"),
        ("count: { a: 1.5 }", "5:17 wrong-type"),
        ("count: { a: many }", "5:17 wrong-type"),
        ("count: {}", "5:12 empty-list"),
        ("count: first_name", "5:12 profile-field"),
        ("join:", "5:5 wrong-type"),
        ("leave: [a]", "5:12 wrong-type"),
        ("{ coupon: code, prefix: tea }", "5:29 bad-prefix"),
        ("split: { a: { share: 1 } }", "5:12 one-way"),
        ("wait_until: { date: due, offset: 3 }", "5:38 bad-offset"),
        ("wait_until: { holiday: new-moon }", "5:28 unknown-holiday"),
        ("wait_until: { date: event.data.day }", "5:25 event-data"),
        ("wait_until: { date: 24.12.2026 }", "5:25 bad-time"),
        ("wait_until: { date: 2026-02-30 }", "5:25 bad-time"),
        ("{ if: { field: event.data.total, over: 3 }, then: [ exit ] }", "5:20 event-data"),
    ] {
        flow_refused(&with_steps(&format!("  - email: hello\n  - {step}\n")), &[expected]);
    }
}

#[test]
fn ids_and_places() {
    flow_refused(
        &with_steps("  - { wait: 2d, id: pause }\n  - { email: hello, id: pause }\n"),
        &["5:25 duplicate-id"],
    );
    flow_refused(
        &with_steps("  - email: hello\n  - exit\n  - wait: 2d\n  - wait: 3d\n"),
        &["6:5 unreachable-step"],
    );
    flow_refused(
        &with_steps(
            "  - email: hello\n  - if: { list: a }\n    then: [ exit ]\n    else: [ wait: 2d, exit ]\n  - wait: 2d\n",
        ),
        &["8:5 unreachable-step"],
    );
    read(&[(
        "one/flow.yaml",
        &with_steps("  - email: hello\n  - if: { list: a }\n    then: [ exit ]\n  - wait: 2d\n"),
    )])
    .unwrap();
}

#[test]
fn branches() {
    for (step, expected) in [
        ("if: { list: a }", "5:5 missing-key"),
        ("{ if: { list: a }, else: [ exit ] }", "5:5 missing-key"),
        ("{ if: { list: a }, then: { wait: 2d } }", "5:30 wrong-type"),
        ("{ if: { list: a }, then: [], otherwise: [] }", "5:34 unknown-key"),
        ("{ if: [ { list: a } ], then: [] }", "5:11 wrong-type"),
        ("{ if: , then: [] }", "5:7 wrong-type"),
    ] {
        flow_refused(&with_steps(&format!("  - email: hello\n  - {step}\n")), &[expected]);
    }
}

#[test]
fn conditions() {
    for (condition, expected) in [
        ("{}", "5:9 unknown-condition"),
        ("{ was: opened }", "5:9 unknown-condition"),
        ("{ mail: hello }", "5:11 unknown-condition"),
        ("{ list: a, field: b, is: c }", "5:20 two-conditions"),
        ("{ email: hello }", "5:9 missing-key"),
        ("{ email: hello, was: seen }", "5:30 unknown-word"),
        ("{ email: helo, was: opened }", "5:18 unknown-step"),
        ("{ email: wait-2d, was: opened }", "5:18 unknown-step"),
        ("{ email: hello, was: opened, link: offer }", "5:44 link-not-clicked"),
        ("{ email: hello, was: clicked, link: [a] }", "5:45 wrong-type"),
        ("{ purchased: any, since: birth }", "5:34 unknown-word"),
        ("{ purchased: { any: true } }", "5:22 wrong-type"),
        ("{ list: a, is: b }", "5:20 unknown-key"),
        ("{ field: a }", "5:9 missing-test"),
        ("{ field: a, equals: b }", "5:21 missing-test"),
        ("{ field: a, is: b, over: 3 }", "5:28 two-tests"),
        ("{ field: a, is: }", "5:21 wrong-type"),
        ("{ field: a, is: [ b ] }", "5:25 wrong-type"),
        ("{ field: a, is: .nan }", "5:25 wrong-type"),
        ("{ field: a, one_of: b }", "5:29 wrong-type"),
        ("{ field: a, one_of: [] }", "5:29 empty-list"),
        ("{ field: a, over: ten }", "5:27 wrong-type"),
        ("{ field: a, under: '10' }", "5:28 wrong-type"),
        ("{ field: a, empty: yes }", "5:28 unknown-word"),
        ("{ all: { list: a } }", "5:16 wrong-type"),
        ("{ any: [] }", "5:16 empty-list"),
        ("{ all: [ { list: a }, { lists: b } ] }", "5:33 unknown-condition"),
        ("{ not: a }", "5:16 wrong-type"),
    ] {
        let steps = format!(
            "  - email: hello\n  - if: {condition}\n    then: [ wait: 2d ]\n  - wait: 2d\n"
        );
        flow_refused(&with_steps(&steps), &[expected]);
    }
}

#[test]
fn a_step_that_could_not_be_read_is_no_second_mistake() {
    flow_refused(
        &with_steps(
            "  - { email: hello, id: first, kind: x }\n  - if: { email: first, was: opened }\n    then: [ exit ]\n",
        ),
        &["4:38 unknown-word"],
    );
}

#[test]
fn hints_name_what_was_meant() {
    let hint = |step: &str| {
        let flow = with_steps(&format!("  - email: hello\n  - {step}\n"));
        let mut told = read(&[("one/flow.yaml", &flow)]).unwrap_err();
        told.retain(|told| told.severity == Severity::Error);
        told[0].hint.clone().unwrap_or_default()
    };
    assert_eq!(hint("emial: hello"), "did you mean `email`?");
    assert_eq!(hint("email: helo"), "did you mean `hello`?");
    assert_eq!(hint("email: welcome-back"), "there are: `hello`");
    assert_eq!(hint("{ if: { email: helo, was: sent }, then: [] }"), "did you mean `hello`?");
    assert_eq!(hint("{ if: { email: hello, was: clickd }, then: [] }"), "did you mean `clicked`?");
    assert!(hint("sms: {{ first_name }}").contains("quotes"));
    assert!(hint("set: { phone: x }").contains("signups"));
}

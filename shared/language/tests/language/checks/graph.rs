//! Steps that are never come to, loops, messages that were not sent, dates in the wrong order.

use super::{files, steps, told, told_of};

#[test]
fn a_step_to_which_no_way_leads() {
    for (of, expected) in [
        ("  - exit\n  - wait: 2d\n  - wait: 3d\n", &["5:5 unreachable-step"][..]),
        // An id helps nobody who does not jump to it.
        ("  - exit\n  - { id: a, wait: 2d }\n", &["5:5 unreachable-step"]),
        (
            "  - jump: b\n  - { id: a, wait: 2d }\n  - { id: b, wait: 2d }\n",
            &["5:5 unreachable-step"],
        ),
        // Steps that lead to each other alone, once.
        (
            "  - exit\n  - { id: a, wait: 2d }\n  - { id: b, wait: 2d }\n  - jump: a\n",
            &["5:5 unreachable-step"],
        ),
        (
            // What is lost leads to more that is lost.
            "  - if: { list: a }\n    then: [ exit, wait: 2d ]\n    else: [ exit ]\n  - wait: 2d\n",
            &["5:19 unreachable-step"],
        ),
        (
            "  - split:\n      a: { share: 1, steps: [ exit ] }\n      b: { share: 1, steps: [ { jump: c } ] }\n  - wait: 2d\n  - { id: c, wait: 2d }\n",
            &["7:5 unreachable-step"],
        ),
        // Good: somebody comes by a jump, by a branch that goes on, or too late for a date.
        (
            "  - jump: b\n  - { id: a, wait: 2d }\n  - exit\n  - { id: b, wait: 2d }\n  - jump: a\n",
            &[],
        ),
        ("  - if: { list: a }\n    then: [ exit ]\n  - wait: 2d\n", &[]),
        (
            "  - wait_until: { event: x, for: 2d }\n    then: [ exit ]\n    else: [ { jump: a } ]\n  - { id: a, wait: 2d }\n",
            &[],
        ),
        (
            "  - wait_until: { date: due, offset: -3d }\n  - exit\n  - wait_until: { date: due, offset: -1d }\n",
            &[],
        ),
    ] {
        told(&steps(of), expected);
    }
    // Where what is late is done, a date that is missing is passed over all the same.
    let all = "flow: one\ntrigger: { joined: news }\nentry: { late: all }\nsteps:\n";
    let dated = |date: &str| {
        format!(
            "{all}  - wait_until: {{ date: {date} }}\n  - exit\n  - wait_until: {{ date: due }}\n"
        )
    };
    told(&dated("due"), &[]);
    told(&dated("2026-12-24"), &["7:5 unreachable-step"]);
}

#[test]
fn loops() {
    for (of, expected) in [
        ("  - { id: a, count: x }\n  - jump: a\n", &["5:5 endless-loop"][..]),
        ("  - { id: a, jump: a }\n", &["4:5 endless-loop"]),
        (
            "  - { id: a, count: x }\n  - if: { field: x, under: 3 }\n    then: [ { jump: a } ]\n",
            &["6:13 endless-loop"],
        ),
        // One of the ways through the loop is enough.
        (
            "  - { id: a, count: x }\n  - if: { list: l }\n    then: [ wait: 2d ]\n  - jump: a\n",
            &["7:5 endless-loop"],
        ),
        ("  - { id: a, email: hello }\n  - jump: a\n", &["5:5 loop-sends"]),
        (
            "  - { id: a, sms: 'x {{ unsubscribe_url }}' }\n  - if: { list: l }\n    then: [ wait: 2d ]\n  - jump: a\n",
            &["7:5 loop-sends"],
        ),
        ("  - { id: a, wait: 0d }\n  - email: hello\n  - jump: a\n", &["6:5 loop-by-date"]),
        (
            "  - { id: a, wait_until: { days: [mon] } }\n  - email: hello\n  - jump: a\n",
            &["6:5 loop-by-date"],
        ),
        (
            "  - { id: a, wait: 4h, since_last: cart }\n  - email: hello\n  - jump: a\n",
            &["6:5 loop-by-date"],
        ),
        (
            "  - { id: a, wait_until: { holiday: purim } }\n  - email: hello\n  - jump: a\n",
            &["6:5 loop-by-date"],
        ),
        ("  - { id: a, wait_until: { at: \"09:00\" } }\n  - email: hello\n  - jump: a\n", &[]),
        ("  - { id: a, wait_until: { date: due } }\n  - jump: a\n", &["5:5 loop-by-date"]),
        (
            "  - { id: a, wait_until: { date: 2026-12-24 } }\n  - email: hello\n  - jump: a\n",
            &["6:5 loop-by-date"],
        ),
        // Two loops, each told once.
        (
            "  - { id: a, count: x }\n  - if: { list: l }\n    then: [ { jump: a } ]\n  - { id: b, email: hello }\n  - jump: b\n",
            &["6:13 endless-loop", "8:5 loop-sends"],
        ),
        ("  - { id: a, wait: 2d }\n  - email: hello\n  - jump: a\n", &[]),
        ("  - { id: a, wait: 4h, since_last: cart }\n  - jump: a\n", &["5:5 loop-by-date"]),
        ("  - { id: a, wait_until: { at: \"09:00\" } }\n  - jump: a\n", &[]),
        ("  - { id: a, wait_until: { event: x, for: 2d } }\n  - jump: a\n", &[]),
        ("  - jump: a\n  - { id: a, count: x }\n", &[]),
    ] {
        told(&steps(of), expected);
    }
    let sends = told(&steps("  - { id: a, email: hello }\n  - jump: a\n"), &["5:5 loop-sends"]);
    assert!(sends[0].message.contains("`a`"), "{}", sends[0]);
}

#[test]
fn a_message_that_was_not_sent_yet() {
    let asked = "{ email: late, was: opened }";
    for (of, expected) in [
        (
            format!("  - if: {asked}\n    then: [ exit ]\n  - email: late\n"),
            &["4:9 not-sent-yet"][..],
        ),
        // On the other way.
        (
            format!(
                "  - if: {{ list: a }}\n    then:\n      - email: late\n    else:\n      - if: {asked}\n        then: [ exit ]\n"
            ),
            &["8:13 not-sent-yet"],
        ),
        (
            format!(
                "  - email: hello\n  - if: {{ any: [ {{ email: hello, was: sent }}, {{ not: {asked} }} ] }}\n    then: [ exit ]\n  - email: late\n"
            ),
            &["5:54 not-sent-yet"],
        ),
        // Before, on one of the ways, and by way of a loop.
        (format!("  - email: late\n  - if: {asked}\n    then: [ exit ]\n"), &[]),
        (
            format!(
                "  - if: {{ list: a }}\n    then:\n      - email: late\n  - if: {asked}\n    then: [ exit ]\n"
            ),
            &[],
        ),
        (
            format!(
                "  - id: again\n    if: {asked}\n    then: [ exit ]\n  - email: late\n  - wait: 2d\n  - jump: again\n"
            ),
            &[],
        ),
    ] {
        told(&steps(&of), expected);
    }
}

#[test]
fn a_message_that_another_flow_does_not_send() {
    let two = "flow: two\ntrigger: { joined: plain }\nentry: { if: { consent: email } }\nsteps:\n  - wait: 2d\n  - email: offer\n";
    let asks = |step: &str| {
        steps(&format!("  - if: {{ email: {step}, was: sent, flow: two }}\n    then: [ exit ]\n"))
    };
    told_of(&files(&[&asks("offer"), two], &[]), &[]);
    let told = told_of(&files(&[&asks("ofer"), two], &[]), &["0/flow.yaml:4:9 unknown-message"]);
    assert_eq!(told[0].hint.as_deref(), Some("did you mean `offer`?"));
    told_of(&files(&[&asks("wait-2d"), two], &[]), &["0/flow.yaml:4:9 unknown-message"]);
    let entry = asks("offer").replace(
        "steps:",
        "entry: { if: { not: { email: hello, was: sent, flow: two } } }\nsteps:",
    );
    told_of(&files(&[&entry, two], &[]), &["0/flow.yaml:3:21 unknown-message"]);
}

#[test]
fn dates_in_the_wrong_order() {
    let wait = |what: &str| format!("  - wait_until: {{ {what} }}\n");
    for (waits, wrong) in [
        (&["date: due, offset: -1d", "date: due, offset: -3d"][..], true),
        (&["date: due, offset: -3d", "date: due, offset: -1d"], false),
        (&["date: due, offset: -1d", "date: other, offset: -3d"], false),
        (&["date: due, offset: -1h", "date: due, offset: -2h"], true),
        (&["date: due, offset: -3d", "date: due, offset: -3d"], false),
        (&["date: due, at: \"10:00\"", "date: due, at: \"09:00\""], true),
        (&["date: due, at: \"09:00\"", "date: due, at: \"10:00\""], false),
        // Nobody knows what time of day the date has itself.
        (&["date: due, at: \"10:00\"", "date: due"], false),
        (&["date: due, at: \"10:00\"", "date: due, offset: -1d"], true),
        (&["date: 2026-12-24, at: \"10:00\"", "date: 2026-12-24"], true),
        (&["holiday: passover, offset: -1d", "holiday: passover, offset: -7d"], true),
        // After the holiday it is that of next year.
        (&["holiday: passover, offset: +1d", "holiday: passover, offset: -7d"], false),
    ] {
        let expected = if wrong { &["5:5 dates-out-of-order"][..] } else { &[] };
        told(&steps(&waits.iter().map(|what| wait(what)).collect::<String>()), expected);
    }
    let (one, three) = (wait("date: due, offset: -1d"), wait("date: due, offset: -3d"));
    for (of, expected) in [
        // On one of the ways.
        (
            format!("  - if: {{ list: a }}\n    then:\n    {one}{three}"),
            &["7:5 dates-out-of-order"][..],
        ),
        (format!("  - if: {{ list: a }}\n    then:\n    {one}    else:\n    {three}"), &[]),
        // The date may be another one by then.
        (format!("{one}  - stamp: due\n{three}"), &[]),
        (format!("{one}  - wait_until: {{ field: due, for: 9d }}\n{three}"), &[]),
        (format!("  - id: a\n    wait: 2d\n{one}{three}  - jump: a\n"), &[]),
    ] {
        told(&steps(&of), expected);
    }
}

//! Conditions that answer the same for everybody, and hours in which nothing may go.

use super::{steps, told};

/// What is told of a condition in `if`, at the column of the condition itself.
#[track_caller]
fn asked(condition: &str, column: Option<usize>) {
    let flow =
        steps(&format!("  - if: {condition}\n    then: [ wait: 2d ]\n    else: [ wait: 3d ]\n"));
    let expected = column.map(|column| format!("4:{column} one-way-branch"));
    told(&flow, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn c4_days_and_hours_that_never_come() {
    for (condition, column) in [
        ("{ hour: \"09:00-09:00\" }", Some(9)),
        ("{ hour: \"09:00-08:59\" }", None),
        ("{ hour: \"22:00-06:00\" }", None),
        ("{ all: [ { hour: \"09:00-12:00\" }, { hour: \"12:00-14:00\" } ] }", Some(9)),
        ("{ all: [ { hour: \"09:00-12:00\" }, { hour: \"11:59-14:00\" } ] }", None),
        ("{ all: [ { hour: \"22:00-06:00\" }, { not: { hour: \"20:00-08:00\" } } ] }", Some(9)),
        ("{ any: [ { hour: \"06:00-20:00\" }, { hour: \"20:00-06:00\" } ] }", Some(9)),
        ("{ weekday: [sun, mon, tue, wed, thu, fri, sat] }", Some(9)),
        ("{ weekday: [sun, mon, tue, wed, thu, fri] }", None),
        ("{ all: [ { weekday: [sun, mon] }, { weekday: tue } ] }", Some(9)),
        ("{ all: [ { weekday: [sun, mon] }, { not: { weekday: sun } } ] }", None),
        ("{ days_to: due, is: soon }", Some(9)),
        ("{ all: [ { days_to: due, over: 3 }, { days_to: due, under: 4 } ] }", Some(9)),
        ("{ all: [ { days_to: due, over: 3 }, { days_to: due, under: 5 } ] }", None),
        // A date that is missing is neither.
        ("{ any: [ { days_to: due, over: 3 }, { days_to: due, under: 4 } ] }", None),
    ] {
        asked(condition, column);
    }
}

#[test]
fn c5_fields_that_can_not_be_so() {
    let all = |tests: &str| format!("{{ all: [ {tests} ] }}");
    for (tests, never) in [
        ("{ field: a, is: x }, { field: a, is: y }", true),
        ("{ field: a, is: x }, { field: b, is: y }", false),
        ("{ field: a, is: 5 }, { field: a, is: 5.0 }", false),
        ("{ field: a, one_of: [x, y] }, { field: a, is: z }", true),
        ("{ field: a, one_of: [x, y] }, { field: a, one_of: [y, z] }", false),
        (
            "{ field: a, one_of: [x, y] }, { not: { any: [ { field: a, is: x }, { field: a, is: y } ] } }",
            true,
        ),
        ("{ field: a, is: xyz }, { field: a, contains: w }", true),
        ("{ field: a, is: xyz }, { field: a, contains: y }", false),
        ("{ field: a, is: 5 }, { field: a, over: 5 }", true),
        ("{ field: a, is: 5 }, { field: a, over: 4 }", false),
        ("{ field: a, is: x }, { field: a, over: 4 }", true),
        ("{ field: a, is: x }, { field: a, empty: true }", true),
        ("{ field: a, over: 5 }, { field: a, under: 5 }", true),
        ("{ field: a, over: 5 }, { field: a, under: 6 }", false),
        ("{ field: a, over: 5 }, { not: { field: a, over: 5 } }", true),
        ("{ field: a, over: 6 }, { not: { field: a, over: 5 } }", true),
        ("{ field: a, over: 4 }, { not: { field: a, over: 5 } }", false),
        ("{ not: { field: a, over: 5 } }, { not: { field: a, under: 5 } }", false),
        ("{ field: a, over: 5 }, { field: a, contains: x }", true),
        ("{ field: a, over: 5 }, { field: a, empty: true }", true),
        ("{ field: a, empty: true }, { field: a, empty: false }", true),
        ("{ field: a, empty: false }, { not: { field: a, empty: true } }", false),
        ("{ list: a }, { not: { list: a } }", true),
        ("{ list: a }, { not: { list: b } }", false),
        ("{ consent: email }, { not: { consent: sms } }", false),
        ("{ purchased: any, since: 7d }, { not: { purchased: any } }", false),
        ("{ purchased: any }, { not: { all: [ { purchased: any } ] } }", true),
    ] {
        asked(&all(tests), never.then_some(9));
        // What is never so is always not so.
        asked(&format!("{{ not: {} }}", all(tests)), never.then_some(16));
    }
}

#[test]
fn c6_the_innermost_reason_is_told() {
    for (condition, column) in [
        (
            "{ all: [ { list: a }, { not: { any: [ { list: b }, { not: { hour: \"09:00-09:00\" } } ] } } ] }",
            Some(67),
        ),
        // One of several that is never so: the others may be.
        ("{ any: [ { hour: \"09:00-09:00\" }, { list: a } ] }", None),
        ("{ any: [ { hour: \"09:00-09:00\" }, { hour: \"10:00-10:00\" } ] }", Some(9)),
        ("{ any: [ { list: a }, { not: { list: a } } ] }", Some(9)),
    ] {
        asked(condition, column);
    }
    let of = |condition: &str| {
        let flow = steps(&format!("  - if: {condition}\n    then: [ wait: 2d ]\n"));
        told(&flow, &["4:9 one-way-branch"])[0].message.clone()
    };
    assert!(of("{ hour: \"09:00-09:00\" }").contains("`then`"));
    assert!(of("{ any: [ { list: a }, { not: { list: a } } ] }").contains("`else`"));
}

#[test]
fn nobody_enters() {
    let entry = |condition: &str| {
        steps("  - email: hello\n")
            .replace("steps:", &format!("entry: {{ if: {condition} }}\nsteps:"))
    };
    told(&entry("{ all: [ { list: a }, { not: { list: a } } ] }"), &["3:14 one-way-branch"]);
    told(&entry("{ all: [ { list: a }, { not: { list: b } } ] }"), &[]);
}

/// What the reader itself refuses.
#[test]
fn conditions_that_ask_nothing_are_no_conditions() {
    for (condition, expected) in [
        ("{ all: [] }", "4:16 empty-list"),
        ("{ weekday: [] }", "4:20 empty-list"),
        ("{ purchased: any, times: 0 }", "4:34 bad-number"),
    ] {
        told(&steps(&format!("  - if: {condition}\n    then: [ wait: 2d ]\n")), &[expected]);
    }
}

#[test]
fn d1_windows_that_never_open() {
    let send = |send: &str| {
        steps("  - email: hello\n").replace("steps:", &format!("send: {{ {send} }}\nsteps:"))
    };
    for (windows, expected) in [
        ("hours: \"09:00-09:00\"", &["3:16 never-open"][..]),
        ("hours: \"09:00-20:00\", days: [sat], rest: israel", &["3:16 never-open"]),
        ("rest: israel, days: fri, hours: \"15:00-23:00\"", &["3:41 never-open"]),
        ("hours: \"09:00-20:00\", days: [fri], rest: israel", &[]),
        ("hours: \"09:00-23:00\", days: [sat], rest: israel", &[]),
        ("hours: \"22:00-02:00\"", &[]),
        ("rest: israel", &[]),
        ("kind: marketing", &[]),
    ] {
        told(&send(windows), expected);
    }
}

/// What is told of a condition in line 7, after one in line 4 and a step between them.
#[track_caller]
fn nested(outer: &str, between: &str, inner: &str, expected: &[&str]) {
    let flow = format!(
        "  - if: {outer}\n    then:\n      - {between}\n      - if: {inner}\n        then: [ wait: 2d ]\n        else: [ wait: 3d ]\n"
    );
    told(&steps(&flow), expected);
}

#[test]
fn c6_what_was_asked_before() {
    let at = &["7:13 one-way-branch"][..];
    let (list, now) = ("{ list: a }", "{ if: { list: z }, then: [] }");
    for (outer, inner, expected) in [
        (list, list, at),
        (list, "{ not: { list: a } }", at),
        (list, "{ list: b }", &[]),
        (list, "{ any: [ { list: a }, { list: b } ] }", at),
        (list, "{ all: [ { list: a }, { list: b } ] }", &[]),
        ("{ any: [ { list: a }, { list: b } ] }", list, &[]),
        ("{ any: [ { list: a }, { list: b } ] }", "{ any: [ { list: b }, { list: a } ] }", at),
        ("{ not: { any: [ { list: a }, { list: b } ] } }", list, at),
        ("{ field: n, over: 6 }", "{ field: n, under: 5 }", at),
        ("{ field: n, over: 6 }", "{ field: n, over: 5 }", at),
        ("{ field: n, over: 6 }", "{ field: n, over: 8 }", &[]),
        ("{ hour: \"08:00-12:00\" }", "{ hour: \"12:00-20:00\" }", at),
        ("{ weekday: [fri] }", "{ weekday: [sun] }", at),
        ("{ not: { consent: email } }", "{ consent: email }", at),
    ] {
        nested(outer, now, inner, expected);
        // Time passes, or something is changed: it may be otherwise.
        for between in ["wait: 1d", "email: hello", "set: { x: 1 }", "join: x"] {
            nested(outer, between, inner, &[]);
        }
    }
    // What came once has come for good.
    let form = "{ form: spring, since: entry }";
    nested(form, "wait: 1d", form, at);
    nested("{ event: visit }", "wait: 1d", "{ event: visit }", at);
    nested("{ not: { event: visit } }", "wait: 1d", "{ event: visit }", &[]);
    nested("{ form: spring, since: 3d }", "wait: 1d", "{ form: spring, since: 3d }", &[]);
    let order = "{ event: order-placed }";
    nested(order, "wait: 1d", order, &[]);
    let mail = |more: &str| {
        let opened = "{ email: hello, was: opened }";
        format!(
            "  - {{ id: hello, email: hello }}\n  - wait: 1d\n  - if: {opened}\n    then:\n      - wait: 1d\n{more}      - if: {opened}\n        then: [ wait: 2d ]\n        else: [ wait: 3d ]\n"
        )
    };
    told(&steps(&mail("")), &["9:13 one-way-branch"]);
}

#[test]
fn c6_what_was_asked_before_on_another_way() {
    // Behind a branch that leads on, nothing is decided; where one ends, it is.
    let both = "  - if: { list: a }\n    then: [ { set: { x: 1 } } ]\n  - if: { list: a }\n    then: [ wait: 2d ]\n";
    told(&steps(both), &[]);
    let ends = "  - if: { list: a }\n    then: [ exit ]\n  - if: { list: a }\n    then: [ wait: 2d ]\n    else: [ wait: 3d ]\n";
    told(&steps(ends), &["6:9 one-way-branch"]);
    // A jump brings others.
    let jumped = format!(
        "  - if: {{ list: b }}\n    then: [ {{ jump: c }} ]\n{}",
        ends.replace(
            "  - if: { list: a }\n    then: [ wait",
            "  - id: c\n    if: { list: a }\n    then: [ wait"
        )
    );
    told(&steps(&jumped), &[]);
    let entry = |condition: &str| {
        steps(&format!("  - if: {condition}\n    then: [ wait: 2d ]\n    else: [ wait: 3d ]\n"))
            .replace("steps:", "entry: { if: { consent: email } }\nsteps:")
    };
    told(&entry("{ consent: email }"), &["5:9 one-way-branch"]);
    told(&entry("{ consent: sms }"), &[]);
    // Where nobody comes, the reason is told once.
    let never = "  - if: { all: [ { list: a }, { not: { list: a } } ] }\n    then:\n      - if: { list: b }\n        then: [ wait: 2d ]\n";
    told(&steps(never), &["4:9 one-way-branch"]);
}

#[test]
fn c6_all_with_any_in_it() {
    asked(
        "{ all: [ { any: [ { list: a }, { list: b } ] }, { not: { list: a } }, { not: { list: b } } ] }",
        Some(9),
    );
    asked("{ all: [ { any: [ { list: a }, { list: b } ] }, { not: { list: a } } ] }", None);
    asked(
        "{ any: [ { all: [ { list: a }, { list: b } ] }, { not: { list: a } }, { not: { list: b } } ] }",
        Some(9),
    );
}

/// Goal: what was so rarely is not so more often, and a wait for a day tells which day it is.
#[test]
fn counts_and_days_that_are_decided_before() {
    let asked = |before: &str, condition: &str, expected: &[&str]| {
        let flow = steps(&format!(
            "{before}\n  - if: {condition}\n    then: [ wait: 2d ]\n    else: [ wait: 3d ]\n"
        ));
        told(&flow, expected);
    };
    let few = "  - if: { purchased: any, times: 3 }\n    then: [ exit ]";
    let events = "  - if: { event: visit, times: 3 }\n    then: [ exit ]";
    let many = "  - if: { not: { purchased: any, times: 5 } }\n    then: [ exit ]";
    let at = &["6:9 one-way-branch"][..];
    for (before, condition, expected) in [
        (few, "{ purchased: any, times: 5 }", at),
        (few, "{ purchased: any, times: 3 }", at),
        (few, "{ purchased: any, times: 2 }", &[]),
        (few, "{ purchased: any }", &[]),
        (few, "{ purchased: any, times: 5, since: 90d }", &[]),
        (few, "{ purchased: mint, times: 5 }", &[]),
        (many, "{ purchased: any, times: 3 }", at),
        (many, "{ purchased: any, times: 8 }", &[]),
        (events, "{ event: visit, times: 5 }", at),
        (events, "{ event: visit, times: 2 }", &[]),
        (events, "{ event: other, times: 5 }", &[]),
    ] {
        asked(before, condition, expected);
    }
    // Much for few orders is not much for many.
    asked(
        "  - if: { purchased: any, times: 3, total: 500 }\n    then: [ exit ]",
        "{ purchased: any, times: 5, total: 500 }",
        &[],
    );
    let at = &["5:9 one-way-branch"][..];
    for (before, condition, expected) in [
        ("  - wait_until: { days: mon }", "{ weekday: [mon, tue] }", at),
        ("  - wait_until: { days: mon }", "{ weekday: tue }", at),
        ("  - wait_until: { days: [mon, tue] }", "{ weekday: tue }", &[]),
        ("  - wait_until: { days: mon, at: \"09:00\" }", "{ weekday: mon }", at),
        ("  - wait_until: { days: mon, at: \"23:30\" }", "{ weekday: mon }", &[]),
        ("  - wait_until: { at: \"09:00\" }", "{ weekday: mon }", &[]),
    ] {
        asked(before, condition, expected);
    }
    asked("  - wait_until: { days: mon }\n  - wait: 1d", "{ weekday: mon }", &[]);
}

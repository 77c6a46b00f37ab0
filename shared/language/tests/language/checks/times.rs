//! What lets in again or no more, and what is held for too long.

use jiff::Timestamp;

use super::{files, steps, told, told_of};

/// A flow with this trigger and entry, and nothing else to tell of.
fn flow(trigger: &str, entry: &str) -> String {
    format!("flow: one\ntrigger: {trigger}\nentry: {{ {entry} }}\nsteps:\n  - wait: 2d\n")
}

#[test]
fn what_comes_again_and_lets_in_once() {
    for (trigger, entry, expected) in [
        ("{ date: birthday, yearly: true }", "", &["2:10 never-again"][..]),
        ("{ holiday: passover, offset: -7d }", "late: all", &["2:10 never-again"]),
        ("{ purchased: any, every: 5 }", "", &["2:10 never-again"]),
        ("[ { joined: news }, { purchased: mint, every: 2 } ]", "", &["2:30 never-again"]),
        ("{ date: birthday, yearly: true }", "again: after 300d", &[]),
        ("{ purchased: any, every: 5 }", "again: always", &[]),
        // Whoever says so means it.
        ("{ holiday: passover }", "again: never", &[]),
        ("{ date: birthday }", "", &[]),
        ("{ purchased: any, nth: 5 }", "", &[]),
        ("{ purchased: any }", "", &[]),
    ] {
        told(&flow(trigger, entry), expected);
    }
    let told = told(&flow("{ purchased: any, every: 5 }", ""), &["2:10 never-again"]);
    assert!(told[0].hint.as_deref().unwrap().contains("again: always"), "{}", told[0]);
}

#[test]
fn a_day_that_is_over() {
    let now: Timestamp = "2026-06-20T12:00:00Z".parse().unwrap();
    for (trigger, expected) in [
        ("{ date: 2026-06-18 }", &["0/flow.yaml:2:10 date-is-over"][..]),
        ("{ date: 2026-06-30, offset: -14d }", &["0/flow.yaml:2:10 date-is-over"]),
        ("[ { joined: news }, { date: 2026-06-01 } ]", &["0/flow.yaml:2:30 date-is-over"]),
        // Somewhere it is not, yet.
        ("{ date: 2026-06-19, at: \"18:00\" }", &[]),
        ("{ date: 2026-06-18, offset: +3d }", &[]),
        ("{ date: 2026-06-21 }", &[]),
        ("{ date: birthday }", &[]),
    ] {
        let files = files(&[&flow(trigger, "")], &[]);
        let warnings = masa_language::read_at(&files, now).unwrap().warnings;
        let found =
            warnings.iter().map(|p| format!("{}:{}:{} {}", p.file, p.line, p.column, p.code));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{trigger}");
        // Without a clock nobody knows.
        assert_eq!(masa_language::read(&files).unwrap().warnings, []);
    }
}

#[test]
fn a_wait_for_a_day_that_is_over() {
    let now: Timestamp = "2026-06-20T12:00:00Z".parse().unwrap();
    for (wait, expected) in [
        ("{ date: 2020-12-24 }", &["0/flow.yaml:4:5 date-is-over"][..]),
        ("{ date: 2026-06-30, offset: -14d }", &["0/flow.yaml:4:5 date-is-over"]),
        ("{ date: 2026-06-19, at: \"18:00\" }", &[]),
        ("{ date: 2026-12-24 }", &[]),
        ("{ date: birthday }", &[]),
    ] {
        let files = files(&[&steps(&format!("  - wait_until: {wait}\n"))], &[]);
        let warnings = masa_language::read_at(&files, now).unwrap().warnings;
        let found =
            warnings.iter().map(|p| format!("{}:{}:{} {}", p.file, p.line, p.column, p.code));
        assert_eq!(found.collect::<Vec<_>>(), expected, "{wait}");
        assert_eq!(masa_language::read(&files).unwrap().warnings, []);
    }
}

#[test]
fn waits_for_what_was_before_the_trigger() {
    let at = &["5:5 dates-out-of-order"][..];
    for (trigger, wait, expected) in [
        ("{ date: due }", "{ date: due, offset: -3d }", at),
        ("{ date: due }", "{ date: due, offset: +3d }", &[]),
        ("{ date: due, offset: -14d }", "{ date: due, offset: -7d }", &[]),
        ("{ date: due, offset: -7d }", "{ date: due, offset: -14d }", at),
        (
            "{ date: due, offset: -7d, at: \"10:00\" }",
            "{ date: due, offset: -14d, at: \"10:00\" }",
            at,
        ),
        (
            "{ date: due, offset: -7d, at: \"10:00\" }",
            "{ date: due, offset: -7d, at: \"09:00\" }",
            at,
        ),
        (
            "{ date: due, offset: -7d, at: \"10:00\" }",
            "{ date: due, offset: -7d, at: \"11:00\" }",
            &[],
        ),
        ("{ date: due }", "{ date: other, offset: -3d }", &[]),
        ("{ date: due, yearly: true }", "{ date: due, offset: -3d }", at),
        ("{ date: 2027-07-01, offset: -1d }", "{ date: 2027-07-01, offset: -3d }", at),
        ("{ holiday: passover, offset: -3d }", "{ holiday: passover, offset: -7d }", at),
        // The next one is a year away.
        ("{ holiday: passover, offset: 3d }", "{ holiday: passover, offset: -7d }", &[]),
        ("[ { date: due }, { joined: news } ]", "{ date: due, offset: -3d }", &[]),
        ("[ { date: due }, { date: due, offset: +1d } ]", "{ date: due, offset: -3d }", at),
    ] {
        let flow =
            flow(trigger, "again: always").replace("wait: 2d", &format!("wait_until: {wait}"));
        told(&flow, expected);
    }
    // Who is started by another flow may come earlier.
    let one =
        flow("{ date: due }", "").replace("wait: 2d", "wait_until: { date: due, offset: -3d }");
    let two = "flow: two\ntrigger: { joined: news }\nsteps:\n  - start: one\n";
    told_of(&files(&[&one, two], &[]), &[]);
}

/// Goal: what is waited for between two dates counts, too, but for the hour by which a day may be longer.
#[test]
fn waits_between_dates() {
    for (trigger, between, wait, expected) in [
        ("{ date: due, offset: -3d }", "wait: 5d", "{ date: due, offset: +1d }", true),
        ("{ date: due, offset: -3d }", "wait: 5d", "{ date: due, offset: +2d }", false),
        ("{ date: due, offset: -3d }", "wait: 5d", "{ date: due, offset: +3d }", false),
        (
            "{ date: due, offset: -3d }",
            "if: { list: a }\n    then: [ { wait: 5d } ]",
            "{ date: due, offset: +1d }",
            false,
        ),
        (
            "{ date: due, offset: -3d }",
            "if: { list: a }\n    then: [ { wait: 5d } ]\n    else: [ { wait: 6d } ]",
            "{ date: due, offset: +1d }",
            true,
        ),
        ("{ date: 2027-07-01 }", "wait: 5d", "{ date: 2027-07-04 }", true),
        ("{ date: 2027-07-01 }", "wait: 2d", "{ date: 2027-07-04 }", false),
        ("{ date: 2027-07-01 }", "count: x", "{ date: 2027-06-30 }", true),
        ("{ date: 2027-07-01, offset: -7d }", "count: x", "{ date: 2027-06-30 }", false),
        ("{ joined: news }", "wait: 5d", "{ date: 2027-07-04 }", false),
    ] {
        let steps = format!("{between}\n  - wait_until: {wait}");
        let line = 6 + between.matches('\n').count();
        let at = format!("{line}:5 dates-out-of-order");
        let flow = flow(trigger, "again: always").replace("wait: 2d", &steps);
        told(
            &flow,
            if expected { std::slice::from_ref(&at) } else { &[] }
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .as_slice(),
        );
    }
}

#[test]
fn a_deadline_that_is_over_before_the_rest() {
    let flow = |send: &str| {
        steps("  - email: hello\n").replace("steps:", &format!("send: {{ {send} }}\nsteps:"))
    };
    let day = "hours: \"09:00-20:00\"";
    for (send, expected) in [
        // From 15:00 of Friday until 21:00 of the Sabbath.
        ("rest: israel, deadline: 1d".to_owned(), &["3:33 short-deadline"][..]),
        ("rest: israel, deadline: 30h".to_owned(), &[]),
        // Until 9:00 of Sunday; from 20:00 of Thursday where Fridays are free.
        (format!("{day}, rest: israel, deadline: 41h"), &["3:55 short-deadline"]),
        (format!("{day}, rest: israel, deadline: 2d"), &[]),
        (
            format!("{day}, days: [sun, mon, tue, wed, thu], rest: israel, deadline: 2d"),
            &["3:88 short-deadline"],
        ),
        (format!("{day}, days: [sun, mon, tue, wed, thu], rest: israel, deadline: 3d"), &[]),
        // Hours and days hold, too.
        (format!("{day}, deadline: 1h"), &["3:41 short-deadline"]),
        (format!("{day}, deadline: 13h"), &[]),
        ("days: [sun, mon, tue, wed, thu], deadline: 1d".to_owned(), &["3:52 short-deadline"]),
        ("days: [sun, mon, tue, wed, thu], deadline: 2d".to_owned(), &[]),
        (format!("{day}, rest: israel"), &[]),
    ] {
        told(&flow(&send), expected);
    }
    let told = told(&flow("rest: israel, deadline: 1d"), &["3:33 short-deadline"]);
    assert!(told[0].message.contains("Friday, 15:00 may go 30 hours later"), "{}", told[0]);
    assert_eq!(told[0].hint.as_deref(), Some("write `2d` or more"));
}

//! Who gets two messages at once.

use super::{
    SHOP, files,
    people::{MAIL, flow},
    told_of,
};

#[test]
fn two_flows_that_write_at_once() {
    let one = |trigger: &str, entry: &str, steps: &str| flow(trigger, entry, steps);
    let two = |trigger: &str, entry: &str, steps: &str| {
        flow(trigger, entry, steps).replace("flow: one", "flow: two")
    };
    let (news, joined) = ("{ joined: news }", "[ { form: spring }, { joined: news } ]");
    let later = "  - wait: 2d\n  - email: hello\n";
    let quiet = "  - { email: hello, kind: transactional }\n";
    let then = "  - count: x\n  - { email: hello, kind: transactional }\n  - email: offer\n";
    let ask = "if: { consent: email }, again: always";
    let order = |more: &str| format!("{{ purchased: any{more} }}");
    let event = |plan: &str| format!("{{ event: signed, where: {{ plan: {plan} }} }}");
    let shop = SHOP.replace("[plain]", "[plain, more]");
    for (a, b, meet) in [
        (one(news, "", MAIL), two(joined, "", MAIL), true),
        // The form joins the list, and a form that joins two joins both at once.
        (one(news, "", MAIL), two("{ form: spring }", "", MAIL), true),
        (one("{ form: spring }", "", MAIL), two(news, "", MAIL), true),
        (one("{ form: spring }", "", MAIL), two("{ form: plain }", ask, MAIL), false),
        (one("{ joined: plain }", ask, MAIL), two("{ form: spring }", "", MAIL), false),
        (one("{ joined: plain }", ask, MAIL), two("{ joined: more }", ask, MAIL), true),
        (one("{ form: spring }", "", MAIL), two(news, "", later), false),
        // An answer is the field of its question's name.
        (one("{ answered: nps }", ask, MAIL), two("{ field: nps }", ask, MAIL), true),
        (
            one("{ field: nps, over: 8 }", ask, MAIL),
            two("{ answered: nps, is: 9 }", ask, MAIL),
            true,
        ),
        (
            one("{ answered: nps, over: 8 }", ask, MAIL),
            two("{ field: nps, under: 7 }", ask, MAIL),
            false,
        ),
        (one("{ answered: nps }", ask, MAIL), two("{ field: code }", ask, MAIL), false),
        (one(news, "", MAIL), two(news, "", later), false),
        (one(news, "", MAIL), two(news, "", quiet), false),
        (one(news, "", MAIL), two(news, "", then), true),
        (one(&order(""), ask, MAIL), two(&order(", category: tea"), ask, MAIL), true),
        (one(&order(""), ask, MAIL), two("{ purchased: mint }", ask, MAIL), true),
        (one("{ purchased: mint }", ask, MAIL), two(&order(", nth: 3"), ask, MAIL), true),
        (one(&order(""), ask, MAIL), two(&order(", over: 200"), ask, later), false),
        (one(&order(", nth: 1"), ask, MAIL), two(&order(", nth: 2"), ask, MAIL), false),
        (one(&order(", nth: 6"), ask, MAIL), two(&order(", every: 4"), ask, MAIL), false),
        (one(&order(", nth: 8"), ask, MAIL), two(&order(", every: 4"), ask, MAIL), true),
        (one(&event("a"), ask, MAIL), two(&event("a"), ask, MAIL), true),
        (one(&event("a"), ask, MAIL), two(&event("b"), ask, MAIL), false),
        (one("{ field: a, is: x }", ask, MAIL), two("{ field: a, is: y }", ask, MAIL), false),
        (
            one("{ opened: any, times: 2 }", ask, MAIL),
            two("{ opened: any, times: 3 }", ask, MAIL),
            false,
        ),
        // Who may enter the one may not enter the other.
        (one(news, "if: { list: a }", MAIL), two(news, "if: { not: { list: a } }", MAIL), false),
        (one(news, "if: { list: a }", MAIL), two(news, "if: { not: { list: b } }", MAIL), true),
    ] {
        let expected = if meet { &["1/flow.yaml:2:10 same-moment"][..] } else { &[] };
        // The checks of questions are not these.
        let asks = "---\nsubject: Hello\n---\n{{ ask('nps') }}\n";
        told_of(
            &files(&[&a, &b], &[("0/templates/hello.en.html", asks), ("shop.yaml", &shop)]),
            expected,
        );
    }
    let told = told_of(
        &files(&[&one(news, "", MAIL), &two(news, "", MAIL)], &[]),
        &["1/flow.yaml:2:10 same-moment"],
    );
    assert!(told[0].message.contains("`one`"), "{}", told[0]);
}

/// Goal: two flows that one happening begins, and that wait equally long, send in the same moment, too.
#[test]
fn two_flows_that_wait_equally_long() {
    let two = |steps: &str| flow("{ joined: news }", "", steps).replace("flow: one", "flow: two");
    let one = |steps: &str| flow("{ joined: news }", "", steps);
    let day = "  - wait: 1d\n  - email: hello\n";
    for (a, b, meet) in [
        (day, day, true),
        (day, "  - wait: 24h\n  - email: hello\n", true),
        (day, "  - wait: 12h\n  - wait: 12h\n  - email: hello\n", true),
        (day, "  - wait: 2d\n  - email: hello\n", false),
        (day, MAIL, false),
        (day, "  - wait_until: { event: x, for: 1d }\n  - email: hello\n", false),
        (day, "  - wait: 1d\n  - { email: hello, kind: transactional }\n", false),
        (
            day,
            "  - if: { list: a }\n    then: [ wait: 1d ]\n    else: [ wait: 2d ]\n  - email: hello\n",
            true,
        ),
        // The first message of each alone: those that follow count from its acceptance.
        ("  - email: hello\n  - wait: 1d\n  - email: next\n", day, false),
    ] {
        let expected = if meet { &["1/flow.yaml:2:10 same-moment"][..] } else { &[] };
        told_of(&files(&[&one(a), &two(b)], &[]), expected);
    }
    let told = told_of(&files(&[&one(day), &two(day)], &[]), &["1/flow.yaml:2:10 same-moment"]);
    assert!(told[0].message.ends_with("both send after 1d"), "{}", told[0]);
}

/// Goal: what leads into a segment, and the segment itself, are one moment.
#[test]
fn a_segment_beside_what_leads_into_it() {
    let ask = "if: { consent: email }, again: always";
    let flows = |trigger: &str, entry: &str| {
        [
            flow("{ joined: vip }", ask, MAIL),
            flow(trigger, entry, MAIL).replace("flow: one", "flow: two"),
        ]
    };
    for (segment, trigger, entry, meet) in [
        ("{ purchased: any, times: 3 }", "{ purchased: any }", ask, true),
        ("{ purchased: any, times: 3 }", "{ purchased: any, nth: 3 }", ask, true),
        ("{ purchased: any, times: 3 }", "{ purchased: any, nth: 1 }", ask, false),
        ("{ purchased: any, times: 3 }", "{ purchased: any, nth: 5 }", ask, false),
        ("{ purchased: any, times: 3, since: 90d }", "{ purchased: any, nth: 5 }", ask, true),
        ("{ purchased: mint }", "{ purchased: sage }", ask, false),
        ("{ not: { purchased: any, since: 90d } }", "{ purchased: any }", ask, false),
        ("{ event: visit }", "{ event: visit }", ask, true),
        ("{ event: visit }", "{ event: other }", ask, false),
        ("{ form: spring }", "{ form: spring }", "", true),
        // The form joins the list.
        ("{ list: news }", "{ form: spring }", "", true),
        ("{ not: { list: news } }", "{ left: news }", ask, true),
        ("{ not: { list: news } }", "{ joined: news }", "", false),
        ("{ field: tier, is: gold }", "{ field: tier }", ask, true),
        ("{ field: tier, is: gold }", "{ field: tier, is: gold }", ask, true),
        ("{ field: tier, is: gold }", "{ field: tier, is: silver }", ask, false),
        // Who is in the segment may not enter the other.
        (
            "{ purchased: any, times: 3 }",
            "{ purchased: any }",
            "if: { all: [ { consent: email }, { not: { purchased: any, times: 3 } } ] }, again: always",
            false,
        ),
    ] {
        let shop = format!("{SHOP}segments: {{ vip: {segment} }}\n");
        let [one, two] = flows(trigger, entry);
        for (a, b) in [(&one, &two), (&two, &one)] {
            let (_, problems) = super::read(&files(&[a, b], &[("shop.yaml", &shop)]));
            let told: Vec<String> = problems
                .iter()
                .filter(|told| told.code == "same-moment")
                .map(|told| format!("{}:{}:{}", told.file, told.line, told.column))
                .collect();
            assert_eq!(
                told,
                if meet { &["1/flow.yaml:2:10"][..] } else { &[] },
                "{segment} {trigger}"
            );
        }
    }
}

#[test]
fn two_flows_that_begin_when_time_comes() {
    let two = |trigger: &str, entry: &str, steps: &str| {
        flow(trigger, entry, steps).replace("flow: one", "flow: two")
    };
    let ask = "if: { consent: email }, again: always";
    // A date without a time of day comes at nine; any silence may be that of orders.
    for (a, b, meet) in [
        (flow("{ date: due }", ask, MAIL), two("{ date: due, at: \"09:00\" }", ask, MAIL), true),
        (flow("{ date: due }", ask, MAIL), two("{ date: due, at: \"10:00\" }", ask, MAIL), false),
        (flow("{ date: due }", ask, MAIL), two("{ date: due, offset: -1d }", ask, MAIL), false),
        (flow("{ date: due, yearly: true }", ask, MAIL), two("{ date: due }", ask, MAIL), true),
        (flow("{ silent: 9d }", ask, MAIL), two("{ silent: 9d, of: purchase }", ask, MAIL), true),
        (flow("{ silent: 9d }", ask, MAIL), two("{ silent: 8d, of: purchase }", ask, MAIL), false),
        (
            flow("{ silent: 9d, of: open }", ask, MAIL),
            two("{ silent: 9d, of: purchase }", ask, MAIL),
            false,
        ),
    ] {
        let expected = if meet { &["1/flow.yaml:2:10 same-moment"][..] } else { &[] };
        told_of(&files(&[&a, &b], &[]), expected);
    }
}

/// The one has agreed contacts alone, and its steps begin in line 5.
#[test]
fn a_step_that_begins_another_flow_while_its_own_sends() {
    let two = |trigger: &str, entry: &str, steps: &str| {
        flow(trigger, entry, steps).replace("flow: one", "flow: two")
    };
    let ask = "if: { consent: email }";
    let (join, mail_then) =
        ("  - join: plain\n  - email: hello\n", "  - email: hello\n  - join: plain\n");
    let later = "  - wait: 2d\n  - email: hello\n";
    let joined = "{ joined: plain }";
    for (steps, trigger, entry, other, at) in [
        (join, joined, ask, MAIL, "5:5"),
        (mail_then, joined, ask, MAIL, "6:5"),
        ("  - leave: news\n  - email: hello\n", "{ left: news }", ask, MAIL, "5:5"),
        ("  - set: { a: x }\n  - email: hello\n", "{ field: a }", ask, MAIL, "5:5"),
        ("  - set: { a: x }\n  - email: hello\n", "{ field: a, is: x }", ask, MAIL, "5:5"),
        ("  - count: a\n  - email: hello\n", "{ field: a, over: 3 }", ask, MAIL, "5:5"),
        ("  - stamp: a\n  - email: hello\n", "{ field: a }", ask, MAIL, "5:5"),
        ("  - start: two\n  - email: hello\n", "{ event: x }", ask, MAIL, "5:5"),
        ("  - wait: 2d\n  - email: hello\n", "{ ended: one }", ask, MAIL, "6:5"),
        // On one of the ways, with something between.
        (
            "  - if: { list: a }\n    then: [ { join: plain } ]\n  - count: x\n  - email: hello\n",
            joined,
            ask,
            MAIL,
            "6:13",
        ),
        // One of the two waits, or another thing begins the other.
        ("  - join: plain\n  - wait: 2d\n  - email: hello\n", joined, ask, MAIL, ""),
        ("  - email: hello\n  - wait: 2d\n  - join: plain\n", joined, ask, MAIL, ""),
        (join, joined, ask, later, ""),
        ("  - email: hello\n  - wait: 2d\n", "{ ended: one }", ask, MAIL, ""),
        ("  - start: two\n  - email: hello\n", "{ event: x }", ask, later, ""),
        (join, "{ joined: other }", ask, MAIL, ""),
        (join, "{ left: plain }", ask, MAIL, ""),
        ("  - set: { a: x }\n  - email: hello\n", "{ field: a, is: y }", ask, MAIL, ""),
        ("  - set: { a: null }\n  - email: hello\n", "{ field: a, is: y }", ask, MAIL, ""),
        ("  - stamp: a\n  - email: hello\n", "{ field: a, empty: true }", ask, MAIL, ""),
        // Whom the step lets in may not enter.
        (join, joined, "if: { all: [ { consent: email }, { not: { list: plain } } ] }", MAIL, ""),
        // It sends, and does not advertise.
        ("  - join: plain\n  - { email: hello, kind: transactional }\n", joined, ask, MAIL, ""),
    ] {
        let (one, two) = (flow("{ form: spring }", "", steps), two(trigger, entry, other));
        let expected = format!("0/flow.yaml:{at} same-moment");
        let expected = [expected.as_str()];
        told_of(&files(&[&one, &two], &[]), if at.is_empty() { &[] } else { &expected });
    }
    let (one, two) = (flow("{ form: spring }", "", join), two(joined, ask, MAIL));
    let told = told_of(&files(&[&one, &two], &[]), &["0/flow.yaml:5:5 same-moment"]);
    assert!(told[0].hint.as_deref().unwrap().contains("begin `two` with one"), "{}", told[0]);
}

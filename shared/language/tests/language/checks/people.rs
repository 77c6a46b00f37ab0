//! Whom a flow writes to: who agreed, and who gets two messages at once.

use super::{SHOP, files, told, told_of};

/// A flow with a trigger and steps, which begin in its line 5.
fn flow(trigger: &str, entry: &str, steps: &str) -> String {
    format!("flow: one\ntrigger: {trigger}\nentry: {{ {entry} }}\nsteps:\n{steps}")
}

const MAIL: &str = "  - email: hello\n";
const SMS: &str = "  - sms: 'Tea {{ unsubscribe_url }}'\n";

#[test]
fn advertising_to_those_who_may_not_have_agreed() {
    for (trigger, steps, asks) in [
        ("{ joined: news }", MAIL, false),
        ("{ form: spring }", MAIL, false),
        ("{ joined: plain }", MAIL, true),
        ("{ form: plain }", MAIL, true),
        ("{ purchased: any }", MAIL, true),
        ("{ date: birthday }", MAIL, true),
        ("[ { form: spring }, { joined: news } ]", MAIL, false),
        ("[ { joined: plain }, { joined: news } ]", MAIL, true),
        ("{ joined: plain }", SMS, true),
        // Nothing that is advertising; a message for everybody beside it does not hide it.
        ("{ joined: plain }", "  - { email: hello, kind: transactional }\n", false),
        (
            "{ joined: plain }",
            "  - { id: a, email: hello, kind: transactional }\n  - email: offer\n",
            true,
        ),
        (
            "{ joined: plain }",
            "  - email: offer\n  - wait: 2d\n  - { email: hello, kind: transactional }\n",
            true,
        ),
        // What a run notes down sends nothing to anybody.
        ("{ joined: plain }", "  - count: visits\n  - email: hello\n", true),
        ("{ joined: plain }", "  - join: readers\n  - email: hello\n", true),
        ("{ joined: plain }", "  - { coupon: code }\n  - email: hello\n", true),
        ("{ joined: plain }", "  - wait: 2d\n", false),
    ] {
        let at = 5 + steps.find("- email").map_or(0, |at| steps[..at].matches('\n').count());
        let expected = format!("{at}:5 no-consent-asked");
        told(
            &flow(trigger, "", steps),
            if asks { std::slice::from_ref(&expected) } else { &[] }
                .iter()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .as_slice(),
        );
    }
}

#[test]
fn telling_others_is_not_asking() {
    let shop = format!("{SHOP}people: {{ sales: sales@shop.example }}\n");
    let told = flow("{ joined: plain }", "", "  - { tell: sales, text: New }\n  - email: hello\n");
    told_of(&files(&[&told], &[("shop.yaml", &shop)]), &["0/flow.yaml:6:5 no-consent-asked"]);
    // A service to all may advertise beside it, by the word of the step itself.
    let service = |steps: &str| {
        flow("{ joined: plain }", "", steps)
            .replace("steps:", "send: { kind: transactional }\nsteps:")
    };
    let offer = "  - { id: offer, email: hello, kind: marketing }\n";
    told_of(&files(&[&service(&format!("{MAIL}{offer}"))], &[]), &[]);
    let telling = service(&format!("  - {{ tell: sales, text: New }}\n{offer}"));
    let mut files = files(&[&telling], &[("shop.yaml", &shop)]);
    for language in ["en", "he"] {
        files.insert(format!("0/templates/hello.{language}.html"), super::MAIL.to_owned());
    }
    told_of(&files, &["0/flow.yaml:7:5 no-consent-asked"]);
}

#[test]
fn c5_consent_that_is_asked_for() {
    let both = format!("{MAIL}{SMS}");
    for (entry, steps, expected) in [
        ("if: { consent: email }", MAIL, &[][..]),
        ("if: { all: [ { list: a }, { consent: email } ] }", MAIL, &[]),
        ("if: { any: [ { list: a }, { consent: email } ] }", MAIL, &["5:5 no-consent-asked"]),
        ("if: { not: { consent: email } }", MAIL, &["5:5 no-consent-asked"]),
        ("if: { not: { any: [ { list: a }, { not: { consent: email } } ] } }", MAIL, &[]),
        ("if: { consent: email }", SMS, &["5:5 no-consent-asked"]),
        ("if: { consent: email }", &both, &[]),
        ("", "  - if: { consent: email }\n    then:\n      - email: hello\n", &[]),
        (
            "",
            "  - if: { consent: email }\n    then: [ wait: 2d ]\n  - email: hello\n",
            &["7:5 no-consent-asked"],
        ),
        ("", "  - if: { not: { consent: email } }\n    then: [ exit ]\n  - email: hello\n", &[]),
        // A list and a form tell of it too, where they come with consent alone; so does what is waited for.
        ("if: { list: news }", MAIL, &[]),
        ("if: { list: plain }", MAIL, &["5:5 no-consent-asked"]),
        ("if: { form: spring }", MAIL, &[]),
        ("", "  - wait_until: { form: spring, for: 2d }\n    then:\n      - email: hello\n", &[]),
        (
            "",
            "  - wait_until: { form: spring, for: 2d }\n    then: []\n    else:\n      - email: hello\n",
            &["8:9 no-consent-asked"],
        ),
        // Each message by the ways that lead to it; what stands after one that is told of is not told.
        (
            "",
            "  - if: { consent: email }\n    then:\n      - email: hello\n    else:\n      - email: offer\n      - email: last\n",
            &["9:9 no-consent-asked"],
        ),
        (
            "",
            "  - if: { list: a }\n    then:\n      - email: hello\n    else:\n      - email: offer\n",
            &["7:9 no-consent-asked", "9:9 no-consent-asked"],
        ),
        // What is for everybody stands on another way.
        (
            "",
            "  - if: { list: a }\n    then:\n      - { email: hello, kind: transactional }\n    else:\n      - email: offer\n",
            &["9:9 no-consent-asked"],
        ),
        // By a jump past the question.
        (
            "",
            "  - if: { list: a }\n    then: [ { jump: b } ]\n  - if: { not: { consent: email } }\n    then: [ exit ]\n  - { id: b, email: hello }\n",
            &["9:5 no-consent-asked"],
        ),
    ] {
        told(&flow("{ joined: plain }", entry, steps), expected);
    }
}

#[test]
fn t4_t11_who_reads_advertising_has_agreed() {
    let letters = |kind: &str| {
        format!(
            "flow: letters\ntrigger: {{ joined: news }}\nsend: {{ kind: {kind} }}\nsteps:\n  - wait: 2d\n  - email: letter\n"
        )
    };
    let tea =
        "---\nsubject: Tea\n---\n<a href=\"https://shop.example\" data-link=\"tea\">Tea</a>\n";
    let of = |trigger: &str, kind: &str, expected: &[&str]| {
        let (one, letters) = (flow(trigger, "", MAIL), letters(kind));
        told_of(&files(&[&one, &letters], &[("1/templates/letter.en.html", tea)]), expected);
    };
    let asks = "0/flow.yaml:5:5 no-consent-asked";
    of("{ opened: letters }", "marketing", &[]);
    of("{ opened: letters }", "transactional", &[asks]);
    of("{ opened: any }", "marketing", &[asks]);
    of("{ clicked: tea }", "marketing", &[]);
    of("{ clicked: tea }", "transactional", &[asks]);
    of("{ clicked: pots }", "marketing", &["0/flow.yaml:2:10 unknown-name", asks]);
    // Who came to the end of a journey of those who agreed did so too, also by a chain of them.
    let chain = |trigger: &str, letters: &str, expected: &[&str]| {
        let last = flow("{ ended: letters }", "", "  - wait: 2d\n  - email: hello\n");
        let letters = flow(trigger, "", letters).replace("flow: one", "flow: letters");
        let first = flow("{ form: spring }", "", "  - wait: 1d\n").replace("flow: one", "flow: a");
        told_of(&files(&[&last, &letters, &first], &[]), expected);
    };
    let late = "0/flow.yaml:6:5 no-consent-asked";
    let agreed = "  - if: { consent: email }\n    then: [ wait: 1d ]\n    else:\n      - wait: 2d\n      - jump: if-consent-email\n";
    chain("{ ended: a }", "  - wait: 1d\n", &[]);
    chain("{ joined: plain }", "  - wait: 1d\n", &[late]);
    chain("{ joined: plain }", "  - if: { consent: email }\n    then: [ wait: 1d ]\n", &[late]);
    chain("{ joined: plain }", agreed, &[]);
}

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

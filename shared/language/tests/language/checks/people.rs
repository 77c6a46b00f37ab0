//! Whom a flow writes to: who agreed, and who gets two messages at once.

use super::{files, told, told_of};

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
        ("{ date: birthday, yearly: true }", MAIL, true),
        ("[ { joined: plain }, { joined: news } ]", MAIL, false),
        ("{ joined: plain }", SMS, true),
        // Nothing that is advertising, or not that alone: the rest is for everybody.
        ("{ joined: plain }", "  - { email: hello, kind: transactional }\n", false),
        (
            "{ joined: plain }",
            "  - { email: hello, kind: transactional }\n  - email: offer\n",
            false,
        ),
        ("{ joined: plain }", "  - count: visits\n  - email: hello\n", false),
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
    of("{ clicked: pots }", "marketing", &[asks]);
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
    let ask = "if: { consent: email }";
    let order = |more: &str| format!("{{ purchased: any{more} }}");
    let event = |plan: &str| format!("{{ event: signed, where: {{ plan: {plan} }} }}");
    for (a, b, meet) in [
        (one(news, "", MAIL), two(joined, "", MAIL), true),
        (one(news, "", MAIL), two("{ form: spring }", "", MAIL), false),
        (one(news, "", MAIL), two(news, "", later), false),
        (one(news, "", MAIL), two(news, "", quiet), false),
        (one(news, "", MAIL), two(news, "", then), true),
        (one(&order(""), ask, MAIL), two(&order(", category: tea"), ask, MAIL), true),
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
        told_of(&files(&[&a, &b], &[]), expected);
    }
    let told = told_of(
        &files(&[&one(news, "", MAIL), &two(news, "", MAIL)], &[]),
        &["1/flow.yaml:2:10 same-moment"],
    );
    assert!(told[0].message.contains("`one`"), "{}", told[0]);
}

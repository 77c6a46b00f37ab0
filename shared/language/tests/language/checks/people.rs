//! Whom a flow writes to: who agreed.

use super::{SHOP, files, told, told_of};

/// A flow with a trigger and steps, which begin in its line 5.
pub(super) fn flow(trigger: &str, entry: &str, steps: &str) -> String {
    format!("flow: one\ntrigger: {trigger}\nentry: {{ {entry} }}\nsteps:\n{steps}")
}

pub(super) const MAIL: &str = "  - email: hello\n";
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

/// Goal: a list tells of consent where all that joins it in this folder brings it.
#[test]
fn lists_that_others_join_too() {
    let news = flow("{ joined: news }", "", MAIL);
    let two = |trigger: &str, entry: &str, steps: &str| {
        flow(trigger, entry, steps).replace("flow: one", "flow: two")
    };
    let join = "  - join: news\n";
    for (other, asks) in [
        (two("{ form: spring }", "", join), false),
        (two("{ form: plain }", "", join), true),
        (two("{ joined: plain }", "", join), true),
        (two("{ joined: plain }", "if: { consent: email }", join), false),
        (two("{ joined: plain }", "if: { consent: sms }", join), true),
        (
            two(
                "{ joined: plain }",
                "",
                "  - if: { consent: email }\n    then: [ { join: news } ]\n",
            ),
            false,
        ),
        (
            two(
                "{ joined: plain }",
                "",
                "  - if: { not: { consent: email } }\n    then: [ { join: news } ]\n",
            ),
            true,
        ),
        // Who is on it joins it again, and who comes by a journey of those who agreed.
        (two("{ joined: news }", "again: always", "  - wait: 2d\n  - join: news\n"), false),
        (two("{ ended: one }", "", "  - wait: 2d\n  - join: news\n"), false),
        (two("{ joined: plain }", "", "  - join: other\n"), false),
        (two("{ joined: plain }", "", "  - leave: news\n"), false),
    ] {
        let expected = if asks { &["0/flow.yaml:5:5 no-consent-asked"][..] } else { &[] };
        told_of(&files(&[&news, &other], &[]), expected);
    }
    // One list by another.
    let three = two("{ joined: news }", "", "  - join: more\n").replace("two", "three");
    let more = SHOP.replace("[news]", "[news, more]");
    let of_more = flow("{ joined: more }", "", MAIL);
    let plain = two("{ joined: plain }", "", join);
    let shop = [("shop.yaml", more.as_str())];
    told_of(&files(&[&of_more, &three], &shop), &[]);
    told_of(&files(&[&of_more, &three, &plain], &shop), &["0/flow.yaml:5:5 no-consent-asked"]);
    // A form without consent.
    let shop = SHOP.replace("[plain]", "[plain, news]");
    told_of(&files(&[&news], &[("shop.yaml", &shop)]), &["0/flow.yaml:5:5 no-consent-asked"]);
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

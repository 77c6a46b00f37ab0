//! Texts: their languages, what they print, what they cost.

use super::{SHOP, files, steps, told, told_of};

#[test]
fn texts_in_some_of_the_languages() {
    for (of, expected) in [
        ("  - sms: { en: 'a {{ unsubscribe_url }}' }\n", &["4:5 missing-translation"][..]),
        ("  - sms: 'a {{ unsubscribe_url }}'\n", &[]),
        (
            "  - sms: { en: 'a {{ unsubscribe_url }}', he: 'a {{ unsubscribe_url }}', fr: 'a {{ unsubscribe_url }}' }\n",
            &[],
        ),
        ("  - email: hello\n    subject: { he: a }\n", &["4:5 missing-translation"]),
        ("  - email: hello\n    subject: { he: a, en: b }\n", &[]),
        ("  - email: hello\n    subject: a\n", &[]),
    ] {
        told(&steps(of), expected);
    }
    let told =
        told(&steps("  - email: hello\n    subject: { he: a }\n"), &["4:5 missing-translation"]);
    assert!(told[0].message.contains("`en`"), "{}", told[0]);
}

#[test]
fn what_a_person_is_told_is_in_their_language() {
    let people =
        "people: { noa: noa@shop.example, dan: { email: dan@shop.example, language: he } }\n";
    let shop = format!("{SHOP}{people}");
    for (of, expected) in [
        ("tell: noa, text: { en: a }", &[][..]),
        ("tell: noa, text: { he: a }", &["0/flow.yaml:4:5 missing-translation"]),
        ("tell: dan, text: { he: a }", &[]),
        ("tell: dan, text: { en: a, fr: b }", &["0/flow.yaml:4:5 missing-translation"]),
        ("tell: dan, text: a", &[]),
    ] {
        let flow = steps(&format!("  - {{ {of} }}\n"));
        told_of(&files(&[&flow], &[("shop.yaml", &shop)]), expected);
    }
}

#[test]
fn templates_in_some_of_the_languages() {
    let flow = steps("  - email: hello\n");
    let shop = SHOP.replace("{ en: Tea, he: תה }", "{ en: Tea, he: תה, pt-BR: Chá, fr: Thé }");
    let told = told_of(
        &files(&[&flow], &[("shop.yaml", &shop), ("0/templates/hello.pt.html", super::MAIL)]),
        &["0/templates/hello.en.html:1:1 missing-translation"],
    );
    assert!(told[0].message.ends_with("has no text in `fr`"), "{}", told[0]);
    let hint = told[0].hint.clone().unwrap_or_default();
    assert!(hint.contains("`0/templates/hello.fr.html`"), "{hint}");
    let one = SHOP.replace("{ en: Tea, he: תה }", "Tea");
    told_of(&files(&[&flow], &[("shop.yaml", &one)]), &[]);
}

/// What is told of a mail with this body in the step `hello` of a flow.
#[track_caller]
fn printed(flow: &str, body: &str, expected: &[&str]) {
    // Whatever may be answered is asked somewhere.
    let asked = "{{ ask('nps') }}{{ ask('code') }}";
    let mail = format!("---\nsubject: Hello\n---\n{body}\n{asked}\n");
    let path = "0/templates/hello.en.html";
    let expected: Vec<String> = expected.iter().map(|at| format!("{path}:{at}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    told_of(&files(&[flow], &[(path, &mail)]), &expected);
}

#[test]
fn d5_names_that_may_be_missing() {
    let flow = steps("  - email: hello\n");
    for (body, expected) in [
        ("<p>Hi {{ first_name }}</p>", &["4:10 no-fallback"][..]),
        (
            "{{ last_name }}{{ phone }}{{ country }}\n{{ timezone }}",
            &["4:4 no-fallback", "4:19 no-fallback", "4:30 no-fallback", "5:4 no-fallback"],
        ),
        // Once in a text.
        ("{{ first_name }} {{ first_name }}", &["4:4 no-fallback"]),
        ("{{ city | upper }}", &["4:4 no-fallback"]),
        ("{{ event.data.x }}{{ order.order_id }}", &["4:4 no-fallback", "4:22 no-order"]),
        ("{{ first_name | default('you') }}{{ city | upper | d('x') }}{{ country or 'x' }}", &[]),
        ("{% if first_name %}{{ first_name }}{% else %}you{% endif %}", &[]),
        ("{% if not city %}x{% else %}{{ city }}{% endif %}", &[]),
        ("{% if order %}{{ order.order_id }}{% endif %}", &[]),
        ("{{ email }}{{ language }}{{ shop.name }}{{ unsubscribe_url }}", &[]),
        ("{% set name = first_name or 'you' %}{{ name }}", &[]),
    ] {
        printed(&flow, body, expected);
    }
    let hello = "---\nsubject: '{{ city }}'\npreheader: '{{ city }}'\n---\n<p>Hello</p>\n";
    let text = "Hello\n{{ city }}\n";
    told_of(
        &files(
            &[&flow],
            &[("0/templates/hello.en.html", hello), ("0/templates/hello.en.txt", text)],
        ),
        &[
            "0/templates/hello.en.html:2:10 no-fallback",
            "0/templates/hello.en.html:3:12 no-fallback",
            "0/templates/hello.en.txt:2:4 no-fallback",
        ],
    );
    let of = "  - email: hello\n    subject: { en: '{{ city }}', he: a }\n  - sms: |\n      Hi\n      {{ city }} {{ unsubscribe_url }}\n";
    told(&steps(of), &["5:20 no-fallback", "8:10 no-fallback"]);
}

#[test]
fn what_a_flow_knows_is_not_missing() {
    let mail = "  - email: hello\n";
    for (of, expected) in [
        (format!("  - coupon: code\n{mail}"), &[][..]),
        (format!("  - stamp: code\n{mail}"), &[]),
        (format!("  - set: {{ code: x }}\n{mail}"), &[]),
        (format!("  - set: {{ code: null }}\n{mail}"), &["4:4 no-fallback"]),
        (
            format!("  - if: {{ list: a }}\n    then: [ {{ coupon: code }} ]\n{mail}"),
            &["4:4 no-fallback"],
        ),
        (
            format!(
                "  - if: {{ list: a }}\n    then: [ {{ coupon: code }} ]\n    else: [ {{ coupon: code }} ]\n{mail}"
            ),
            &[],
        ),
        (format!("  - if: {{ field: code, empty: true }}\n    then: [ exit ]\n{mail}"), &[]),
        (
            format!("  - if: {{ field: code, empty: false }}\n    then: [ exit ]\n{mail}"),
            &["4:4 no-fallback"],
        ),
        (format!("  - if: {{ field: code, one_of: [a, b] }}\n    then:\n    {mail}"), &[]),
        (format!("  - wait_until: {{ answered: code, for: 2d }}\n    then:\n    {mail}"), &[]),
        (
            format!("  - wait_until: {{ answered: code, for: 2d }}\n    else:\n    {mail}"),
            &["4:4 no-fallback"],
        ),
        // One of the steps that send it comes before.
        (
            format!("{mail}  - coupon: code\n  - {{ id: again, email: hello }}\n"),
            &["4:4 no-fallback"],
        ),
    ] {
        printed(&steps(&of), "{{ code }}", expected);
    }
}

#[test]
fn what_begins_a_flow_is_not_missing() {
    let of = |trigger: &str, entry: &str| {
        format!(
            "flow: one\ntrigger: {trigger}\nentry: {{ if: {entry} }}\nsteps:\n  - email: hello\n"
        )
    };
    let (agreed, missing) = ("{ consent: email }", &["4:4 no-fallback"][..]);
    let both = |one: &str| format!("{{ all: [ {one}, {agreed} ] }}");
    for (trigger, entry, body, expected) in [
        ("{ purchased: any }", agreed, "{{ order.order_id }}", &[][..]),
        ("[ { purchased: any }, { joined: news } ]", agreed, "{{ order.order_id }}", missing),
        ("{ purchased: any }", agreed, "{{ order.total }}", missing),
        ("{ purchased: any }", &both("{ field: order.total, over: 5 }"), "{{ order.total }}", &[]),
        ("{ event: moved }", agreed, "{{ event.name }}", &[]),
        ("{ joined: news }", agreed, "{{ event.name }}", missing),
        ("{ event: moved }", agreed, "{{ event.data.city }}", missing),
        ("{ event: moved, where: { city: Holon } }", agreed, "{{ event.data.city }}", &[]),
        (
            "{ event: moved }",
            &both("{ field: event.city, is: Holon }"),
            "{{ event.data.city }}",
            &[],
        ),
        ("{ date: due }", agreed, "{{ due }}{{ due_on }}", &["4:13 no-fallback"]),
        ("{ date: renewal }", agreed, "{{ renewal }}", &[]),
        ("{ field: score, over: 5 }", agreed, "{{ score }}", &[]),
        ("{ field: score }", agreed, "{{ score }}", missing),
        ("{ answered: nps }", agreed, "{{ nps }}", &[]),
        ("{ joined: news }", "{ field: first_name, empty: false }", "{{ first_name }}", &[]),
        (
            "{ joined: news }",
            "{ not: { field: first_name, empty: true } }",
            "{{ first_name }}",
            &[],
        ),
        ("{ joined: news }", "{ not: { field: first_name, is: x } }", "{{ first_name }}", missing),
    ] {
        printed(&of(trigger, entry), body, expected);
    }
    // Who starts a flow hands on what began its own.
    let started = of("{ purchased: any }", agreed);
    let starter = "flow: two\ntrigger: { joined: plain }\nsteps:\n  - start: one\n";
    let mail = "---\nsubject: Hello\n---\n{{ order.order_id }}\n";
    let path = "0/templates/hello.en.html";
    told_of(
        &files(&[&started, starter], &[(path, mail)]),
        &["0/templates/hello.en.html:4:4 no-fallback"],
    );
}

#[test]
fn a2_an_sms_says_how_to_refuse() {
    for (of, expected) in [
        ("  - sms: Tea\n", &["4:10 sms-without-way-out"][..]),
        (
            "  - sms:\n      en: 'Tea {{ unsubscribe_url }}'\n      he: תה\n",
            &["6:11 sms-without-way-out"],
        ),
        ("  - { sms: Tea, kind: transactional }\n", &[]),
        ("  - sms: 'Tea {{ unsubscribe_url }}'\n", &[]),
    ] {
        told(&steps(of), expected);
    }
}

#[test]
fn a2_an_sms_that_costs_several() {
    let long = |count: usize, text: &str| text.repeat(count);
    let links = "{{ link(shop.url) }} {{ unsubscribe_url }}";
    for (text, expected) in [
        (long(160, "a"), None),
        (long(161, "a"), Some("2 parts (161 of GSM-7)")),
        (long(80, "€"), None),
        (long(81, "€"), Some("2 parts (162 of GSM-7)")),
        (long(70, "ש"), None),
        (long(71, "ש"), Some("2 parts (71 of UCS-2)")),
        // A merge tag is ten characters, a link forty.
        (format!("{}{{{{ shop.name }}}}", long(150, "a")), None),
        (format!("{}{{{{ shop.name }}}}", long(151, "a")), Some("2 parts (161 of GSM-7)")),
        (format!("{}{{{{ link(shop.url) }}}}", long(121, "a")), Some("2 parts (161 of GSM-7)")),
        // With a link and the way out, three are right.
        (format!("{}{links}", long(120, "ש")), None),
        (format!("{}{links}", long(121, "ש")), Some("4 parts (202 of UCS-2)")),
        // The longer of two branches counts.
        (
            format!("{{% if vip %}}a{{% else %}}{}{{% endif %}}", long(161, "a")),
            Some("2 parts (161 of GSM-7)"),
        ),
        (
            format!("{{% if vip %}}{}{{% else %}}{}{{% endif %}}", long(100, "a"), long(100, "b")),
            None,
        ),
    ] {
        let of = steps(&format!("  - {{ kind: transactional, sms: \"{text}\" }}\n"));
        let found = told(&of, if expected.is_some() { &["4:5 long-sms"] } else { &[] });
        let message = found.first().map(|told| told.message.clone()).unwrap_or_default();
        assert!(message.ends_with(expected.unwrap_or_default()), "{message}");
    }
}

#[test]
fn a2_the_parts_are_told_by_language() {
    let (latin, hebrew) = ("a".repeat(200), "ש".repeat(60));
    let of = format!("  - {{ kind: transactional, sms: {{ en: {latin}, he: {hebrew} }} }}\n");
    let found = told(&steps(&of), &["4:5 long-sms"]);
    let expected = "2 parts in `en` (200 of GSM-7); 1 part in `he` (60 of UCS-2)";
    assert!(found[0].message.ends_with(expected), "{}", found[0]);
    // One sign that is not in the alphabet makes a text three times as dear.
    let odd = format!("  - {{ kind: transactional, sms: \"it’s {}\" }}\n", "a".repeat(100));
    let found = told(&steps(&odd), &["4:5 long-sms"]);
    assert!(found[0].hint.as_ref().unwrap().starts_with("`’` is not"), "{}", found[0]);
}

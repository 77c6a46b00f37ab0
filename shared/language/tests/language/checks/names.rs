//! Names that are mistyped, and what a name never has.

use super::{SHOP, files, steps, told, told_of};

const BASE: &str = "  - join: newsletter\n  - set: { birthday_on: 2020-01-01 }\n";

/// What is told of a condition in a flow that joins `newsletter` and sets `birthday_on`.
#[track_caller]
fn asked(condition: &str, expected: &[&str]) -> Option<String> {
    let flow = steps(&format!("{BASE}  - if: {condition}\n    then: [ wait: 2d ]\n"));
    told(&flow, expected).first().and_then(|told| told.hint.clone())
}

#[test]
fn names_that_stand_once_and_nearly_as_others() {
    let at = &["6:9 unknown-name"][..];
    for (condition, expected) in [
        ("{ list: newsleter }", at),
        ("{ list: newsletter }", &[]),
        ("{ list: letters }", &[]),
        ("{ not: { list: newsleter } }", &["6:16 unknown-name"]),
        ("{ field: birthdya_on, empty: false }", at),
        ("{ field: birthday_in, empty: false }", at),
        ("{ field: birthday_on, empty: false }", &[]),
        ("{ days_to: birthday-on, under: 3 }", at),
        ("{ field: frist_name, empty: false }", at),
        // A list is no field.
        ("{ field: newsleter, empty: false }", &[]),
        ("{ event: order-refundet }", at),
        ("{ event: vist }", at),
        ("{ purchased: mnit }", at),
        ("{ purchased: mint }", &[]),
        ("{ purchased: sage }", &[]),
        // Products alone have categories.
        ("{ purchased: any, category: tee }", at),
        ("{ purchased: any, category: tools }", at),
        ("{ purchased: any, category: tea }", &[]),
        // Twice is on purpose.
        ("{ any: [ { list: newsleter }, { purchased: any } ] }", &["6:18 unknown-name"]),
        (
            "{ any: [ { list: newsleter }, { all: [ { list: newsleter }, { purchased: any } ] } ] }",
            &[],
        ),
    ] {
        asked(condition, expected);
    }
    let hint = asked("{ list: newsleter }", at);
    assert_eq!(hint.as_deref(), Some("did you mean `newsletter`?"));
    told(&steps(&format!("{BASE}  - leave: newsleter\n")), &["6:5 unknown-name"]);
    let until = "  - wait_until: { joined: newsleter, for: 2d }\n";
    told(&steps(&format!("{BASE}{until}")), &["6:5 unknown-name"]);
    let heads = format!(
        "flow: one\ntrigger: {{ event: cart-left }}\nexit: {{ event: cart-leftt }}\ngoal: {{ event: cart-letf, within: 9d }}\nsteps:\n{BASE}  - if: {{ event: cart-left }}\n    then: [ wait: 2d ]\n"
    );
    told(&heads, &["3:7 unknown-name", "4:7 unknown-name"]);
}

#[test]
fn names_of_tests_texts_and_other_flows() {
    let flow = steps("  - if: { list: newsleter }\n    then: [ wait: 2d ]\n");
    let told_beside = |other: (&str, &str), expected: &[&str]| {
        told_of(&files(&[&flow], &[other]), expected);
    };
    let at = &["0/flow.yaml:4:9 unknown-name"][..];
    let test = |lines: &str| format!("tests:\n  - name: a\n    steps:\n      - {lines}\n");
    told_beside(("0/tests.yaml", &test("signup: { lists: [newsletter] }")), at);
    told_beside(("0/tests.yaml", &test("signup: { lists: [newsleter] }")), &[]);
    told_beside(("0/tests.yaml", &test("list: newsletter")), &[]);
    told_beside(("shop.yaml", &SHOP.replace("[plain]", "[newsletter]")), at);
    let field =
        steps("  - if: { field: cityy, is: x }\n    then: [ wait: 2d ]\n  - email: hello\n");
    let mail = "---\nsubject: Hi\n---\n{{ city | default('') }}\n";
    let mails = [("0/templates/hello.en.html", mail)];
    told_of(&files(&[&field], &mails), &[]);
    let other = "flow: two\ntrigger: { field: city }\nsteps:\n  - wait: 2d\n";
    told_of(&files(&[&field, other], &mails), &["0/flow.yaml:4:9 unknown-name"]);
}

#[test]
fn t4_links_that_no_mail_has() {
    let mail = |link: &str| {
        format!(
            "---\nsubject: Hi\n---\n<a href=\"https://shop.example\" data-link=\"{link}\">x</a>\n"
        )
    };
    let clicked = |link: &str| {
        steps(&format!(
            "  - email: hello\n  - if: {{ email: hello, was: clicked, link: {link} }}\n    then: [ wait: 2d ]\n"
        ))
    };
    let of = |flow: &str, link: &str, expected: &[&str]| {
        told_of(&files(&[flow], &[("0/templates/hello.en.html", &mail(link))]), expected)
    };
    of(&clicked("spring"), "spring", &[]);
    of(&clicked("https://shop.example/"), "spring", &[]);
    of(&clicked("sprin"), "{{ season }}", &["0/templates/hello.en.html:4:46 no-fallback"]);
    let found = of(&clicked("sprin"), "spring", &["0/flow.yaml:5:9 unknown-name"]);
    assert_eq!(found[0].hint.as_deref(), Some("did you mean `spring`?"));
    let wait = steps("  - email: hello\n  - wait_until: { clicked: autumn, for: 2d }\n");
    of(&wait, "autumn", &[]);
    of(&wait, "spring", &["0/flow.yaml:5:5 unknown-name"]);
    let text =
        clicked("x").replace("- email: hello", "- { id: hello, sms: 'A {{ unsubscribe_url }}' }");
    told(&text, &["5:9 unknown-name"]);
}

#[test]
fn answers_that_a_question_never_has() {
    let shop = SHOP.replace(
        "questions: {",
        "questions: { cs: { type: csat, text: How? }, fit: { type: choice, text: Well?, options: { busy: B, price: P } },",
    );
    let of = |flow: &str, expected: &[&str]| {
        let asks = "---\nsubject: Hi\n---\n{{ ask('nps') }}{{ ask('fit') }}\n";
        let others = [("shop.yaml", shop.as_str()), ("0/templates/hello.en.html", asks)];
        told_of(&files(&[flow], &others), expected)
    };
    let at = &["0/flow.yaml:5:9 impossible-answer"][..];
    for (test, expected) in [
        ("nps, over: 10", at),
        ("nps, over: 9", &[]),
        ("nps, under: 0", at),
        ("nps, under: 1", &[]),
        ("nps, under: 11", at),
        ("nps, is: 11", at),
        ("nps, is: '9'", at),
        ("nps, is: 9", &[]),
        ("nps, one_of: [9, 10]", &[]),
        ("nps, one_of: [9, 11]", at),
        ("nps, contains: 9", at),
        ("nps, empty: true", &[]),
        ("cs, under: 1", at),
        ("cs, over: 5", at),
        ("cs, is: 5", &[]),
        ("fit, is: busy", &[]),
        ("fit, is: buzy", at),
        ("fit, one_of: [busy, taste]", at),
        ("fit, over: 3", at),
        ("fit, contains: price", &[]),
        // Words of one's own may be all.
        ("code, is: x", &[]),
    ] {
        of(
            &steps(&format!(
                "  - email: hello\n  - if: {{ field: {test} }}\n    then: [ wait: 2d ]\n"
            )),
            expected,
        );
    }
    // A step may write something else there.
    let own = "  - set: { nps: 50 }\n  - email: hello\n  - wait: 2d\n  - if: { field: nps, over: 10 }\n    then: [ wait: 2d ]\n";
    of(&steps(own), &[]);
    let wait = "  - email: hello\n  - wait_until: { answered: nps, over: 10, for: 2d }\n";
    of(&steps(wait), &["0/flow.yaml:5:5 impossible-answer"]);
    let hint = |test: &str| {
        let flow = steps(&format!(
            "  - email: hello\n  - if: {{ field: {test} }}\n    then: [ wait: 2d ]\n"
        ));
        of(&flow, at)[0].hint.clone().unwrap()
    };
    assert_eq!(hint("fit, is: buzy"), "did you mean `busy`?");
    assert!(hint("nps, is: '9'").contains("without quotes"));
    assert!(hint("nps, under: 11").contains("empty: false"));
}

/// A mail of a flow that makes the list `newsletter` and the field `birthday_on`; its text begins in line 4.
#[track_caller]
fn mailed(text: &str, expected: &[&str]) -> Vec<masa_language::Problem> {
    let flow = steps(&format!("{BASE}  - email: hello\n"));
    let mail = format!("---\nsubject: Hi\n---\n{text}\n");
    let expected: Vec<String> =
        expected.iter().map(|at| format!("0/templates/hello.en.html:{at}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    told_of(&files(&[&flow], &[("0/templates/hello.en.html", &mail)]), &expected)
}

#[test]
fn members_that_are_never_there() {
    for (text, expected) in [
        ("{{ shop.name }} {{ shop.url }} {{ shop.address }}", &[][..]),
        ("{{ shop.nam }}", &["4:4 unknown-name"]),
        ("<p>{{ shop.phone | default('') }}</p>", &["4:7 unknown-name"]),
        ("{% if event.nam %}x{% endif %}", &["4:7 unknown-name"]),
        ("{{ event.data.nam | default('') }}", &[]),
        ("{{ event.city }}", &["4:4 unknown-name"]),
        ("{{ order.totl | default('') }}", &["4:4 unknown-name"]),
        ("{{ order.total | default('') }}", &[]),
        ("{{ contact.city }}", &["4:4 unknown-name"]),
        ("{{ run.city }}", &["4:4 unknown-name"]),
        ("{% for item in order.items %}{{ item.name }}{% endfor %}", &[]),
        ("{% set shop = order %}{{ shop.nam }}", &[]),
    ] {
        // That no order begins this flow is another check's.
        let found = mailed_but_orders(text);
        assert_eq!(found, expected, "{text}");
    }
    for (text, hint) in [
        ("{{ shop.nam }}", "did you mean `shop.name`?"),
        ("{{ shop.phone }}", "there are: `name`, `url`, `address`"),
        ("{{ event.nam }}", "did you mean `event.name`?"),
        ("{{ event.city }}", "what came with the event stands in its data: `event.data.city`"),
        (
            "{{ contact.city }}",
            "what is known of the contact stands by its own name, such as `city`",
        ),
    ] {
        let told = mailed(text, &["4:4 unknown-name"]);
        assert_eq!(told[0].hint.as_deref(), Some(hint), "{text}");
    }
    let told = told(
        &steps("  - sms: 'Tea {{ shop.ulr }} {{ unsubscribe_url }}'\n"),
        &["4:10 unknown-name"],
    );
    assert_eq!(told[0].hint.as_deref(), Some("did you mean `shop.url`?"));
}

/// What is told of the mail of such a flow, without what is told of orders.
fn mailed_but_orders(text: &str) -> Vec<String> {
    let flow = steps(&format!("{BASE}  - email: hello\n"));
    let mail = format!("---\nsubject: Hi\n---\n{text}\n");
    let (_, problems) = super::read(&files(&[&flow], &[("0/templates/hello.en.html", &mail)]));
    let problems = problems.into_iter().filter(|told| told.code != "no-order");
    problems.map(|told| format!("{}:{} {}", told.line, told.column, told.code)).collect()
}

#[test]
fn merge_tags_that_nearly_are_known_names() {
    for (text, expected) in [
        // A slip is told, with a fallback or without one, and in place of the fallback that is missing.
        ("{{ frist_name }}", &["4:4 unknown-name"][..]),
        ("{{ firstname | default('you') }}", &["4:4 unknown-name"]),
        ("{{ birthdya_on }}", &["4:4 unknown-name"]),
        ("{{ unsubscribe_ulr }}", &["4:4 unknown-name"]),
        ("{{ odrer.total }}", &["4:4 unknown-name"]),
        ("{{ first_name | default('you') }}{{ unsubscribe_url }}{{ refer_url }}", &[]),
        // What nothing is near to may come by a hook.
        ("{{ size | default('M') }}", &[]),
        ("{{ size }}", &["4:4 no-fallback"]),
        // A list is no value, and what the template makes is its own.
        ("{{ newsleter | default('') }}", &[]),
        ("{% set birthdya_on = 1 %}{{ birthdya_on }}", &[]),
    ] {
        mailed(text, expected);
    }
    let told = mailed("{{ frist_name }}", &["4:4 unknown-name"]);
    assert!(told[0].message.starts_with("the merge tag `frist_name`"), "{}", told[0]);
    assert_eq!(told[0].hint.as_deref(), Some("did you mean `first_name`?"));
    // Two flows that say it mean it, and so does a test that brings it.
    let flows = [steps("  - email: hello\n"), steps("  - email: hello\n").replace("one", "two")];
    let mail = "---\nsubject: Hi\n---\n{{ firstname | default('you') }}\n";
    let both = [("0/templates/hello.en.html", mail), ("1/templates/hello.en.html", mail)];
    let told = super::read(&files(&[&flows[0], &flows[1]], &both)).1;
    assert!(told.iter().all(|told| told.code != "unknown-name"), "{told:#?}");
    let test = "tests:\n  - name: a\n    contact: { fields: { firstname: Noa } }\n    steps: [ { signup: {} } ]\n";
    told_of(&files(&[&flows[0]], &[both[0], ("0/tests.yaml", test)]), &[]);
}

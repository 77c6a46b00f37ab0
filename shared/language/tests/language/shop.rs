//! `shop.yaml`.

use std::collections::BTreeMap;

use masa_domain::{Cap, Channel, Form, Person, Question, QuestionKind};
use masa_language::Files;

use crate::{FLOW, HELLO, SHOP, read, refused, shop_refused};

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn the_shop_is_checked() {
    let base = SHOP;
    for (from, to, expected) in [
        ("name: Tea", "nam: Tea", &["1:1 missing-key", "1:1 unknown-key"][..]),
        ("name: Tea", "name: { he: תה }", &["1:7 missing-translation"]),
        ("name: Tea", "name: { english: Tea }", &["1:9 bad-language"]),
        ("name: Tea", "name: [Tea]", &["1:7 wrong-type"]),
        ("https://shop.example", "shop.example", &["2:6 bad-url"]),
        ("https://shop.example", "ftp://shop.example", &["2:6 bad-url"]),
        ("https://shop.example", "https://", &["2:6 bad-url"]),
        ("https://shop.example", "https://a@b", &["2:6 bad-url"]),
        ("https://shop.example", "https://shop.example:99999", &["2:6 bad-url"]),
        ("https://shop.example", "'https://shop.example/a b'", &["2:6 bad-url"]),
        ("address: 1 Garden Road\n", "", &["1:1 missing-key"]),
        ("language: en\n", "", &["1:1 missing-key"]),
        ("language: en", "language: english", &["4:11 bad-language"]),
        ("language: en", "language: en\ntimezone: Asia/Holon", &["5:11 bad-timezone"]),
        ("  spring: { lists: [news] }", "  Spring: {}\n  spring: {}", &["6:3 bad-form-name"]),
        ("  spring: { lists: [news] }", "  tally-x: {}\n  spring: {}", &["6:3 bad-form-name"]),
        ("{ lists: [news] }", "{ lists: news }", &["6:20 wrong-type"]),
        ("{ lists: [news] }", "{ lists: [[news]] }", &["6:21 wrong-type"]),
        ("{ lists: [news] }", "{ list: [news] }", &["6:13 unknown-key"]),
        ("{ lists: [news] }", "{ consent: '' }", &["6:22 empty-text"]),
        ("{ lists: [news] }", "{ origins: [shop.example] }", &["6:23 bad-origin"]),
        ("{ lists: [news] }", "{ origins: ['https://shop.example/'] }", &["6:23 bad-origin"]),
        ("{ lists: [news] }", "", &["6:3 wrong-type"]),
        ("forms:", "people: { Anna: a@example.com }\nforms:", &["5:11 bad-name"]),
        ("forms:", "people: { anna: anna }\nforms:", &["5:17 bad-address"]),
        (
            "forms:",
            "people: { anna: 'a@example.com,b@example.com' }\nforms:",
            &["5:17 bad-address"],
        ),
        ("forms:", "people: { anna: { language: en } }\nforms:", &["5:17 missing-key"]),
        ("forms:", "people: []\nforms:", &["5:9 wrong-type"]),
        ("forms:", "systems: { crm: http://crm.example.com }\nforms:", &["5:17 bad-url"]),
        ("forms:", "systems: { crm: http://localhost.example.com }\nforms:", &["5:17 bad-url"]),
        ("forms:", "systems: { crm: 'https://crm.example.com/a b' }\nforms:", &["5:17 bad-url"]),
        ("forms:", "cap: { email: 2 }\nforms:", &["5:6 missing-key"]),
        ("forms:", "cap: { within: 1d }\nforms:", &["5:6 bad-cap"]),
        ("forms:", "cap: [ { email: 1, sms: 1, within: 1d } ]\nforms:", &["5:8 bad-cap"]),
        ("forms:", "cap: { any: 101, within: 1d }\nforms:", &["5:13 bad-number"]),
        ("forms:", "questions: { country: { type: text, text: W? } }\nforms:", &["5:14 bad-name"]),
        ("forms:", "questions: { q: { text: Well? } }\nforms:", &["5:17 missing-key"]),
        ("forms:", "questions: { q: { type: stars, text: W? } }\nforms:", &["5:25 unknown-word"]),
        ("forms:", "questions: { q: { type: choice, text: W? } }\nforms:", &["5:17 missing-key"]),
        (
            "forms:",
            "questions: { q: { type: nps, text: W?, options: { a: A, b: B } } }\nforms:",
            &["5:49 unknown-key"],
        ),
        (
            "forms:",
            "questions: { q: { type: choice, text: W?, options: { a: A } } }\nforms:",
            &["5:52 bad-number"],
        ),
    ] {
        let shop = base.replace(from, to);
        assert_ne!(shop, base, "the case {to:?} changes the file");
        shop_refused(&shop, expected);
    }
}

/// YAML's older readers took it for `false`.
#[test]
fn norwegian_is_a_language() {
    let shop = SHOP.replace("language: en", "language: no");
    let library = read(&[("shop.yaml", &shop), ("one/templates/hello.no.html", HELLO)]).unwrap();
    assert_eq!(library.setup.shop.language, "no");
}

#[test]
fn a_shop_that_cannot_be_read_says_nothing_about_forms() {
    let flow = FLOW.replace("joined: news", "form: winter");
    refused(&[("one/flow.yaml", &flow), ("shop.yaml", "name: [")], &["shop.yaml:2:1 yaml-syntax"]);
    refused(&[("one/flow.yaml", &flow)], &["one/flow.yaml:2:18 unknown-form"]);
}

/// Goal: T1: what others host is known by its address.
#[test]
fn t1_forms_that_others_host_need_no_word_in_shop_yaml() {
    for form in ["typeform-g8hcyeXS", "tally-VwbNEw"] {
        let flow = FLOW.replace("joined: news", &format!("form: {form}"));
        read(&[("one/flow.yaml", &flow), ("one/templates/hello.en.html", HELLO)]).unwrap();
    }
}

#[test]
fn a_missing_shop_is_told() {
    let files =
        Files::from_texts([("one/flow.yaml", FLOW), ("one/templates/hello.en.html", HELLO)]);
    let problems = masa_language::read(&files).unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert_eq!((problems[0].file.as_str(), problems[0].code), ("shop.yaml", "missing-file"));
}

#[test]
fn the_shop_and_its_forms_are_read() {
    let shop = "\
name: { he: קומקום, en: Kettle }
url: https://shop.example:8443/tea
address: רחוב הגן 1
language: he
forms:
  spring:
    lists: [news, vip]
    consent: I agree
    origins: [https://shop.example, 'http://localhost:8787']
  empty: {}
";
    let library = read(&[("shop.yaml", shop)]).unwrap();
    assert_eq!(library.setup.shop.name, texts(&[("en", "Kettle"), ("he", "קומקום")]));
    assert_eq!(
        library.setup.shop.address,
        texts(&[("he", "רחוב הגן 1")]),
        "one text is the shop's own"
    );
    assert_eq!(library.setup.shop.url, "https://shop.example:8443/tea");
    assert_eq!(library.setup.shop.language, "he");
    assert_eq!(library.setup.forms["empty"], Form::default());
    assert_eq!(
        library.setup.forms["spring"],
        Form {
            lists: vec!["news".to_owned(), "vip".to_owned()],
            consent: texts(&[("", "I agree")]),
            origins: vec!["https://shop.example".to_owned(), "http://localhost:8787".to_owned()],
            ..Form::default()
        }
    );
}

/// Goal: A7, A8, A9 and D2: what journeys name, and how much a contact gets.
#[test]
fn questions_people_systems_and_caps_are_read() {
    let shop = format!(
        "{SHOP}\
questions:
  nps: {{ type: nps, text: How likely? }}
  why: {{ type: choice, text: {{ en: Why? }}, options: {{ b: Price, a: {{ en: Taste }} }} }}
people:
  sales: sales@example.com
  anna: {{ email: anna@example.com, language: he }}
systems: {{ crm: 'https://crm.example.com/hooks?v=1', here: 'http://localhost:9000' }}
cap: [ {{ email: 2, within: 1d }}, {{ any: 5, within: 7d }} ]
"
    );
    let setup = read(&[("shop.yaml", &shop)]).unwrap().setup;
    let one = |text: &str| texts(&[("", text)]);
    assert_eq!(
        setup.questions["nps"],
        Question { kind: QuestionKind::Nps, text: one("How likely?") }
    );
    let options = vec![("b".to_owned(), one("Price")), ("a".to_owned(), texts(&[("en", "Taste")]))];
    assert_eq!(setup.questions["why"].kind, QuestionKind::Choice(options), "in the file's order");
    let person = |email: &str, language: Option<&str>| Person {
        email: email.to_owned(),
        language: language.map(str::to_owned),
    };
    assert_eq!(setup.people["sales"], person("sales@example.com", None));
    assert_eq!(setup.people["anna"], person("anna@example.com", Some("he")));
    assert_eq!(setup.systems["crm"].url, "https://crm.example.com/hooks?v=1");
    let cap =
        |channel, times, within: &str| Cap { channel, times, within: within.parse().unwrap() };
    assert_eq!(setup.caps, [cap(Some(Channel::Email), 2, "1d"), cap(None, 5, "7d")]);
}

/// Goal: what journeys name and the shop does not have is told.
#[test]
fn names_that_the_shop_does_not_have() {
    let shop = format!(
        "{SHOP}questions: {{ nps: {{ type: nps, text: How likely? }} }}\n\
         people: {{ sales: sales@example.com }}\nsystems: {{ crm: 'https://crm.example.com' }}\n"
    );
    for (step, expected) in [
        ("{ tell: sale, text: x }", &["5:13 unknown-person"][..]),
        ("{ tell: sales }", &["5:5 missing-key"]),
        ("{ tell: sales, text: '{{ link(x) }}' }", &["5:26 unknown-function"]),
        ("{ call: erp }", &["5:13 unknown-system"]),
        ("{ call: crm, send: { a: [1] } }", &["5:29 wrong-type"]),
        ("{ call: crm, send: { a: '{{ b' } }", &["5:29 template-syntax"]),
        ("wait_until: { answered: npss, for: 1d }", &["5:29 unknown-question"]),
    ] {
        let flow = crate::with_steps(&format!("  - email: hello\n  - {step}\n"));
        let expected: Vec<String> =
            expected.iter().map(|at| format!("one/flow.yaml:{at}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        refused(&[("shop.yaml", &shop), ("one/flow.yaml", &flow)], &expected);
    }
    for (ask, expected) in [
        ("{{ ask('nps') }}", &[][..]),
        ("{{ ask(\"npss\") }}", &["4:4 unknown-question"]),
        ("{{ ask(field) }}", &["4:4 bad-question"]),
    ] {
        let mail = HELLO.replace("Hello</p>", &format!("</p>\n{ask}"));
        let mail = mail.replace("<p></p>\n", "");
        let expected: Vec<String> =
            expected.iter().map(|at| format!("one/templates/hello.en.html:{at}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        refused(&[("shop.yaml", &shop), ("one/templates/hello.en.html", &mail)], &expected);
    }
}

/// Goal: an answer that no mail asks for is told, and stops nothing.
#[test]
fn an_answer_that_nobody_is_asked_for() {
    let shop = format!("{SHOP}questions: {{ nps: {{ type: nps, text: How likely? }} }}\n");
    let flow = FLOW.replace("joined: news", "answered: nps");
    let warned = |mail: &str| {
        let files = [
            ("shop.yaml", shop.as_str()),
            ("one/flow.yaml", flow.as_str()),
            ("one/templates/hello.en.html", mail),
            ("one/templates/hello.he.html", mail),
        ];
        let warnings = read(&files).unwrap().warnings;
        warnings.into_iter().filter(|warning| warning.code == "never-asked").count()
    };
    assert_eq!(warned(HELLO), 1);
    assert_eq!(warned(&HELLO.replace("<p>", "{{ ask('nps') }}<p>")), 0);
}

//! `shop.yaml`.

use std::collections::BTreeMap;

use masa_domain::Form;
use masa_language::Files;

use crate::{FLOW, HELLO, SHOP, read, refused};

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
        ("{ lists: [news] }", "{ lists: news }", &["6:20 wrong-type"]),
        ("{ lists: [news] }", "{ lists: [[news]] }", &["6:21 wrong-type"]),
        ("{ lists: [news] }", "{ list: [news] }", &["6:13 unknown-key"]),
        ("{ lists: [news] }", "{ consent: '' }", &["6:22 empty-text"]),
        ("{ lists: [news] }", "{ origins: [shop.example] }", &["6:23 bad-origin"]),
        ("{ lists: [news] }", "{ origins: ['https://shop.example/'] }", &["6:23 bad-origin"]),
        ("{ lists: [news] }", "", &["6:3 wrong-type"]),
    ] {
        let shop = base.replace(from, to);
        assert_ne!(shop, base, "the case {to:?} changes the file");
        let expected: Vec<String> = expected.iter().map(|at| format!("shop.yaml:{at}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        refused(&[("shop.yaml", &shop)], &expected);
    }
}

/// YAML's older readers took it for `false`.
#[test]
fn norwegian_is_a_language() {
    let shop = SHOP.replace("language: en", "language: no");
    let library = read(&[("shop.yaml", &shop), ("one/templates/hello.no.html", HELLO)]).unwrap();
    assert_eq!(library.shop.language, "no");
}

#[test]
fn a_shop_that_cannot_be_read_says_nothing_about_forms() {
    let flow = FLOW.replace("joined: news", "form: winter");
    refused(&[("one/flow.yaml", &flow), ("shop.yaml", "name: [")], &["shop.yaml:2:1 yaml-syntax"]);
    refused(&[("one/flow.yaml", &flow)], &["one/flow.yaml:2:18 unknown-form"]);
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
    let texts = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    };
    assert_eq!(library.shop.name, texts(&[("en", "Kettle"), ("he", "קומקום")]));
    assert_eq!(library.shop.address, texts(&[("he", "רחוב הגן 1")]), "one text is the shop's own");
    assert_eq!(library.shop.url, "https://shop.example:8443/tea");
    assert_eq!(library.shop.language, "he");
    assert_eq!(library.forms["empty"], Form::default());
    assert_eq!(
        library.forms["spring"],
        Form {
            lists: vec!["news".to_owned(), "vip".to_owned()],
            consent: Some("I agree".to_owned()),
            origins: vec!["https://shop.example".to_owned(), "http://localhost:8787".to_owned()],
        }
    );
}

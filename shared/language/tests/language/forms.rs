//! `forms` in `shop.yaml`: the pages that Masa shows (T1).

use std::collections::BTreeMap;

use masa_domain::Form;

use crate::{SHOP, read, shop_refused};

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn t1_a_form_with_a_page_is_read() {
    let questions = "questions:\n  birthday: { type: date, text: When were you born? }\n";
    let form = "{ title: { he: שלום, en: Hello }, text: Once a week, consent: { en: Yes }, \
                ask: [first_name, email, birthday], must: [email, birthday], \
                thanks: https://shop.example/thanks }";
    let shop = SHOP.replace("{ lists: [news] }", form) + questions;
    let library = read(&[("shop.yaml", &shop)]).unwrap();
    assert_eq!(
        library.setup.forms["spring"],
        Form {
            title: texts(&[("he", "שלום"), ("en", "Hello")]),
            text: texts(&[("", "Once a week")]),
            consent: texts(&[("en", "Yes")]),
            ask: names(&["first_name", "email", "birthday"]),
            must: names(&["email", "birthday"]),
            thanks: Some("https://shop.example/thanks".to_owned()),
            ..Form::default()
        }
    );
    let library = read(&[("shop.yaml", &SHOP.replace("lists:", "title: Hello, lists:"))]).unwrap();
    let form = &library.setup.forms["spring"];
    assert_eq!((&form.ask, &form.must), (&names(&["email"]), &names(&["email"])));
    let phone = SHOP.replace("lists:", "title: Hello, ask: [first_name, phone, email], lists:");
    assert_eq!(read(&[("shop.yaml", &phone)]).unwrap().setup.forms["spring"].must, ["phone"]);
}

#[test]
fn t1_what_a_form_can_t_ask() {
    for (form, expected) in [
        ("{ title: Hi, ask: [email, shoes] }", &["6:37 unknown-question"][..]),
        ("{ title: Hi, ask: [email, frist_name] }", &["6:37 unknown-question"]),
        ("{ title: Hi, ask: [email, email] }", &["6:37 asked-twice"]),
        ("{ title: Hi, ask: [first_name] }", &["6:29 no-address-asked"]),
        ("{ title: Hi, ask: [email], must: [phone] }", &["6:45 unknown-question"]),
        ("{ ask: [email] }", &["6:18 missing-key"]),
        ("{ text: Weekly }", &["6:19 missing-key"]),
        ("{ title: { hebrew: Hi } }", &["6:22 bad-language"]),
        ("{ title: Hi, thanks: thanks.html }", &["6:32 bad-url"]),
    ] {
        let shop = SHOP.replace("{ lists: [news] }", form);
        // Nobody joins the list of the flow any more, which is told as a warning.
        shop_refused(&shop, expected);
    }
}

//! The doors: the first byte chooses one, the rest is a body.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use masa_domain::{ContactKey, Fact, Form, Question, QuestionKind};
use masa_fuzz::{assert_fact, now};
use masa_intake::{
    event,
    form::{self, Parsed, Submission},
    purchase, shopify, signup, stripe, tally, typeform, woocommerce,
};

/// Shopify's topics, each of which is a door.
const SHOPIFY: [&str; 15] = [
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
    "checkouts/create",
    "checkouts/update",
    "customers/create",
    "customers/update",
    "customers_email_marketing_consent/update",
    "customers_marketing_consent/update",
    "customers/data_request",
    "customers/redact",
    "shop/redact",
];

/// WooCommerce's topics that differ in how they are read.
const WOOCOMMERCE: [&str; 4] =
    ["order.updated", "customer.created", "subscription.created", "subscription.updated"];

/// The kinds of bodies that a form has.
const FORMS: [&str; 3] =
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"];

fuzz_target!(|input: &[u8]| {
    let Some((door, body)) = input.split_first() else { return };
    // `A` is the first door, so that the seeds can be typed.
    let door = usize::from(door.wrapping_sub(b'A'));
    for fact in facts(door, body) {
        assert_fact(&fact);
    }
});

fn facts(door: usize, body: &[u8]) -> Vec<Fact> {
    let key = ContactKey::new("a key of contacts for tests, 32 bytes");
    if let Some(topic) = SHOPIFY.get(door) {
        let delivery = shopify::Delivery { topic, triggered_at: None, body };
        return shopify::parse(&delivery, &key, now()).unwrap_or_default();
    }
    let door = door - SHOPIFY.len();
    if let Some(topic) = WOOCOMMERCE.get(door) {
        return woocommerce::parse(topic, body, &key, now()).unwrap_or_default();
    }
    let door = door - WOOCOMMERCE.len();
    if let Some(content_type) = FORMS.get(door) {
        return form(content_type, body, &key);
    }
    match door - FORMS.len() {
        0 => stripe::parse(body, &key, now()).unwrap_or_default(),
        1 => typeform::parse(body, &key, now()).unwrap_or_default(),
        2 => tally::parse(body, &key, now()).unwrap_or_default(),
        3 => signup::parse(body, "msg_1", &key, now()).into_iter().collect(),
        4 => purchase::parse(body, &key, now()).into_iter().collect(),
        5 => event::parse(body, "msg_1", &key, now()).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn form(content_type: &str, body: &[u8], key: &ContactKey) -> Vec<Fact> {
    let question = |kind| Question { kind, text: BTreeMap::new() };
    let form = Form {
        lists: vec!["newsletter".to_owned()],
        consent: [("he".to_owned(), "מאשרים דיוור".to_owned())].into(),
        ask: vec!["nps".to_owned(), "day".to_owned()],
        ..Form::default()
    };
    let questions = [
        ("nps".to_owned(), question(QuestionKind::Nps)),
        ("day".to_owned(), question(QuestionKind::Date)),
    ];
    let submission = Submission {
        name: "landing",
        form: &form,
        language: "he",
        questions: &questions.into(),
        content_type: Some(content_type),
        body,
        ip: Some("192.0.2.7"),
    };
    form::written(submission.content_type, body);
    match form::parse(&submission, key, now()) {
        Ok(Parsed::Fact(fact)) => vec![*fact],
        Ok(Parsed::Honeypot) | Err(_) => Vec::new(),
    }
}

//! Shopify's webhooks, as Shopify sends them and as it should not.
#![expect(clippy::expect_used, clippy::panic, reason = "test assertions")]

mod bad;
mod orders;
mod people;

use std::path::Path;

use masa_domain::{ContactKey, Fact, Happening, Order};
use masa_intake::{
    Malformed,
    shopify::{self, Delivery},
};
use serde_json::Value;

pub(crate) const TRIGGERED: &str = "2026-11-10T09:00:00.123456789Z";

pub(crate) const ORDERS: [&str; 6] = [
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
];

pub(crate) const OTHERS: [&str; 9] = [
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

pub(crate) fn key() -> ContactKey {
    ContactKey::new("a key of contacts for tests, 32 bytes")
}

pub(crate) fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/shopify").join(name);
    std::fs::read_to_string(path).expect("a fixture")
}

pub(crate) fn parse(topic: &str, body: &str) -> Result<Vec<Fact>, Malformed> {
    let now = "2026-11-20T12:00:00Z".parse().expect("a moment");
    let delivery = Delivery { topic, triggered_at: Some(TRIGGERED), body: body.as_bytes() };
    shopify::parse(&delivery, &key(), now)
}

pub(crate) fn fact(topic: &str, body: &str) -> Option<Fact> {
    let facts = parse(topic, body).unwrap_or_else(|wrong| panic!("{topic}: {body}: {wrong}"));
    assert!(facts.len() <= 1, "{topic}: {body}: {facts:?}");
    facts.into_iter().next()
}

pub(crate) fn paid(body: &Value) -> Option<Fact> {
    fact("orders/paid", &body.to_string())
}

pub(crate) fn order(fact: &Fact) -> &Order {
    match &fact.what {
        Happening::Purchase(order) => order,
        other => panic!("an order, not {other:?}"),
    }
}

pub(crate) fn details(fact: &Fact) -> Value {
    serde_json::to_value(&fact.details).expect("JSON")
}

pub(crate) fn bought(fact: &Fact) -> Value {
    serde_json::to_value(order(fact)).expect("JSON")
}

pub(crate) fn event(fact: &Fact) -> (&str, &Value) {
    match &fact.what {
        Happening::Event { name, data } => (name, data),
        other => panic!("an event, not {other:?}"),
    }
}

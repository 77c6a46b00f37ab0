//! Shopify's webhooks, as Shopify sends them and as it should not.
mod bad;
mod orders;
mod people;

use std::path::Path;

use masa_domain::Fact;
use masa_intake::{
    Malformed,
    shopify::{self, Delivery},
};
use serde_json::Value;

use crate::{key, now, order, told};

const TRIGGERED: &str = "2026-11-10T09:00:00.123456789Z";

const ORDERS: [&str; 6] = [
    "orders/create",
    "orders/paid",
    "orders/updated",
    "orders/cancelled",
    "orders/fulfilled",
    "orders/partially_fulfilled",
];

const OTHERS: [&str; 9] = [
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

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/shopify").join(name);
    std::fs::read_to_string(path).expect("a fixture")
}

fn parse(topic: &str, body: &str) -> Result<Vec<Fact>, Malformed> {
    let delivery = Delivery { topic, triggered_at: Some(TRIGGERED), body: body.as_bytes() };
    shopify::parse(&delivery, &key(), now())
}

fn fact(topic: &str, body: &str) -> Option<Fact> {
    let facts = parse(topic, body).unwrap_or_else(|wrong| panic!("{topic}: {body}: {wrong}"));
    assert!(facts.len() <= 1, "{topic}: {body}: {facts:?}");
    facts.into_iter().next()
}

fn paid(body: &Value) -> Option<Fact> {
    fact("orders/paid", &body.to_string())
}

fn bought(fact: &Fact) -> Value {
    told(order(fact))
}

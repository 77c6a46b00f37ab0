//! The doors of platforms: what they send, and what they should not.
#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "test assertions")]

mod accounts;
mod hostile;
mod mutated;
mod shopify;
mod signatures;
mod stripe;
mod tally;
mod typeform;
mod woocommerce;

use jiff::Timestamp;
use masa_domain::{ContactDetails, ContactKey, Fact, Happening, Order};
use masa_intake::Malformed;
use serde_json::Value;

fn key() -> ContactKey {
    ContactKey::new("a key of contacts for tests, 32 bytes")
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a moment")
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("a fixture is JSON")
}

/// The one fact that is told.
fn fact(facts: Result<Vec<Fact>, Malformed>) -> Fact {
    let [fact] = <[Fact; 1]>::try_from(facts.expect("a webhook")).expect("a fact");
    fact
}

fn order(fact: &Fact) -> &Order {
    match &fact.what {
        Happening::Purchase(order) => order,
        other => panic!("an order, not {other:?}"),
    }
}

/// An event's name and data.
fn event(fact: &Fact) -> (&str, &Value) {
    match &fact.what {
        Happening::Event { name, data } => (name, data),
        other => panic!("an event, not {other:?}"),
    }
}

/// A fact's details as JSON; the account is looked at by itself.
fn details(fact: &Fact) -> Value {
    let details = ContactDetails { also: Vec::new(), ..fact.details.clone() };
    serde_json::to_value(&details).expect("JSON")
}

/// An order as JSON.
fn told(order: &Order) -> Value {
    serde_json::to_value(order).expect("JSON")
}

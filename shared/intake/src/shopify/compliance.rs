//! The topics that Shopify requires of apps by law
//! (<https://shopify.dev/docs/apps/build/compliance/privacy-law-compliance>). They are answered with
//! success at once, and what they ask for is done within 30 days.

use masa_domain::{ContactDetails, Fact, FactId, Platform};
use serde_json::Value;

use super::Told;
use crate::{
    address,
    malformed::Malformed,
    platform::{self, Part},
};

/// `customers/data_request`, for all that is kept of a person, which the shop hands over: the event
/// `data-requested`.
pub(super) fn data_request(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    of_person(told, "data-requested")
}

/// `customers/redact`, for all that is kept of a person to be erased: the event `erasure-requested`.
pub(super) fn customer_redact(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    of_person(told, "erasure-requested")
}

/// `shop/redact`, for all of a shop to be erased, 48 hours after it left: it is of no contact.
pub(super) fn shop_redact(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    told.body.required("shop_id", Part::id)?;
    Ok(Vec::new())
}

/// An event of the contact whom it concerns: a journey may have somebody told of it. Asked once a day it is
/// one.
fn of_person(told: &Told<'_>, event: &str) -> Result<Vec<Fact>, Malformed> {
    let (body, receipt) = (told.body, told.receipt);
    body.required("shop_id", Part::id)?;
    let customer = body.object("customer");
    let details = ContactDetails {
        email: customer.read("email", address::email),
        phone: customer.read("phone", address::phone),
        also: receipt.account(Platform::Shopify, customer.id("id")),
        ..ContactDetails::default()
    };
    let Some(contact) = receipt.contact(&details) else { return Ok(Vec::new()) };
    let request = body.object("data_request").id("id");
    let day = receipt.now.strftime("%Y-%m-%d").to_string();
    let id = format!("{event} {contact} {}", request.as_ref().unwrap_or(&day));
    Ok(vec![Fact {
        id: FactId::new("shopify.compliance", &id),
        contact,
        received_at: receipt.now,
        at: receipt.now,
        details: ContactDetails::default(),
        what: platform::event(event, [("request", request.map(Value::String))]),
    }])
}

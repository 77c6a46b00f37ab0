//! Customers and what they agreed to.

use jiff::Timestamp;
use masa_domain::{ConsentGiven, ContactDetails, Fact, FactId, Platform};

use super::Told;
use crate::{
    address,
    malformed::Malformed,
    platform::{self, Part},
    value,
};

/// `customers/create`: the event `customer-created`.
pub(super) fn created(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    customer(told, "customer-created")
}

/// `customers/update`: the event `customer-updated`.
pub(super) fn updated(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    customer(told, "customer-updated")
}

/// A customer. Versions of the API before 2025-01 tell what was agreed to along with it, later ones
/// through topics of their own.
fn customer(told: &Told<'_>, event: &str) -> Result<Vec<Fact>, Malformed> {
    let customer = told.body;
    let id = customer.required("id", Part::id)?;
    let home = customer.object("default_address");
    let email = || consent(told, "email_marketing_consent", |said| (Some(said), None));
    let sms = || consent(told, "sms_marketing_consent", |said| (None, Some(said)));
    let details = ContactDetails {
        also: told.receipt.account(Platform::Shopify, Some(id.clone())),
        email: customer.read("email", address::email),
        phone: [customer, home].iter().find_map(|who| who.read("phone", address::phone)),
        first_name: customer.name("first_name").or_else(|| home.name("first_name")),
        last_name: customer.name("last_name").or_else(|| home.name("last_name")),
        country: home.read("country_code", value::country),
        // A fact has one time for both channels. The other comes through its own topic.
        consent: email().or_else(sms),
        ..ContactDetails::default()
    };
    Ok(happened(told, event, &id, None, details))
}

/// `customers_email_marketing_consent/update`: the event `consent-updated`.
pub(super) fn email_consent(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    let email = told.body.read("email_address", address::email);
    let consent = consent(told, "email_marketing_consent", |said| (Some(said), None));
    Ok(consented(told, ContactDetails { email, consent, ..ContactDetails::default() }))
}

/// `customers_marketing_consent/update`, for texts: the event `consent-updated`.
pub(super) fn sms_consent(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    let phone = told.body.read("phone", address::phone);
    let consent = consent(told, "sms_marketing_consent", |said| (None, Some(said)));
    Ok(consented(told, ContactDetails { phone, consent, ..ContactDetails::default() }))
}

/// Only a yes or a no is told.
fn consented(told: &Told<'_>, mut details: ContactDetails) -> Vec<Fact> {
    let Some(consent) = &details.consent else { return Vec::new() };
    let said = match consent {
        ConsentGiven { email: Some(said), .. } => format!("email {said}"),
        ConsentGiven { sms, .. } => format!("sms {}", *sms == Some(true)),
    };
    let customer = ["customer_id", "id"].iter().find_map(|name| told.body.id(name));
    let at = consent.at;
    details.also = told.receipt.account(Platform::Shopify, customer.clone());
    let customer = customer.unwrap_or_default();
    happened(told, "consent-updated", &format!("{customer} {said}"), at, details)
}

fn happened(
    told: &Told<'_>,
    event: &str,
    id: &str,
    at: Option<Timestamp>,
    details: ContactDetails,
) -> Vec<Fact> {
    let at = at.or_else(|| told.changed_at()).unwrap_or(told.receipt.now);
    let id = FactId::new("shopify.customer", &format!("{event} {id} {at}"));
    let what = platform::event(event, []);
    Vec::from_iter(told.receipt.fact(id, Some(at), details, what))
}

/// What was said about a channel: whoever has subscribed agrees, whoever has unsubscribed refuses.
/// Nothing follows from the other states: not asked, not confirmed yet, unusable, erased.
fn consent(
    told: &Told<'_>,
    name: &str,
    channels: impl FnOnce(bool) -> (Option<bool>, Option<bool>),
) -> Option<ConsentGiven> {
    let consent = told.body.object(name);
    let said = match consent.read("state", |text| Ok(text.to_ascii_lowercase()))?.as_str() {
        "subscribed" => true,
        "unsubscribed" => false,
        _ => return None,
    };
    // A yes without a time is not younger than a refusal; a refusal is as old as its telling.
    let at = told.moment(consent, "consent_updated_at");
    let at = at.or_else(|| told.changed_at().filter(|_| !said));
    let (email, sms) = channels(said);
    Some(ConsentGiven { email, sms, at, ..ConsentGiven::default() })
}

//! `POST /hooks/shopify`: what Shopify sends of orders, carts and customers.
//!
//! Shopify can't mend what it sends: it repeats a refused webhook eight times and then ends the
//! subscription. So a value that can't be used (a phone that is not E.164, an odd amount) is left
//! out, and what is of nobody is ignored. Only a body that isn't Shopify's is refused.
//!
//! Deliveries come late, twice and in any order. What they tell is as old as its `updated_at`, else as
//! the header `X-Shopify-Triggered-At` says; which of two is the younger is for the contact to decide.
//! Payloads: <https://shopify.dev/docs/api/webhooks/latest>.

use jiff::Timestamp;
use masa_domain::{ContactDetails, ContactId, ContactKey, Fact, FactId, Happening};

use crate::{address, json, malformed::Malformed, usable::Usable, value};

mod cart;
mod compliance;
mod customer;
mod order;

pub use compliance::{Compliance, ComplianceRequest};

/// A webhook as it came.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'a> {
    /// The header `X-Shopify-Topic`.
    pub topic: &'a str,
    /// The header `X-Shopify-Triggered-At` (RFC 3339).
    pub triggered_at: Option<&'a str>,
    /// The body, whose origin is proven.
    pub body: &'a [u8],
}

/// What a webhook of Shopify's tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// What happened to a contact.
    Fact(Box<Fact>),
    /// What the law gives a person, or a shop that leaves, to ask for.
    Compliance(Compliance),
    /// Nothing that Masa keeps: another topic, or something of nobody. It is answered with success.
    Ignored,
}

impl Parsed {
    /// What is to be stored.
    pub fn facts(self, now: Timestamp) -> Vec<Fact> {
        match self {
            Self::Fact(fact) => vec![*fact],
            Self::Compliance(compliance) => compliance.facts(now),
            Self::Ignored => Vec::new(),
        }
    }
}

/// Reads a webhook.
///
/// Each topic of an order brings it as a whole, and how it stands: `orders/updated` alone would do. Of
/// `orders/edited`, `orders/delete` and `refunds/create`, which hold no address, nothing is taken:
/// `orders/updated` comes along with them and tells the same.
///
/// # Errors
/// [`Malformed`] when the body isn't Shopify's: no JSON object, or without its id.
pub fn parse(
    delivery: &Delivery<'_>,
    key: &ContactKey,
    now: Timestamp,
) -> Result<Parsed, Malformed> {
    let Delivery { topic, triggered_at, body } = *delivery;
    let read: fn(&Told<'_>) -> Result<Parsed, Malformed> = match topic {
        "orders/create"
        | "orders/paid"
        | "orders/updated"
        | "orders/cancelled"
        | "orders/fulfilled"
        | "orders/partially_fulfilled" => order::read,
        "checkouts/create" | "checkouts/update" => cart::read,
        "customers/create" => customer::created,
        "customers/update" => customer::updated,
        "customers_email_marketing_consent/update" | "customers/email_marketing_consent_update" => {
            customer::email_consent
        }
        "customers_marketing_consent/update" | "customers/marketing_consent_update" => {
            customer::sms_consent
        }
        "customers/data_request" => compliance::data_request,
        "customers/redact" => compliance::customer_redact,
        "shop/redact" => compliance::shop_redact,
        _ => return Ok(Parsed::Ignored),
    };
    let body = json::parse(body)?;
    let triggered_at = triggered_at.and_then(|text| value::moment(text.trim(), now).ok());
    read(&Told { topic, body: Usable::root(&body)?, triggered_at, key, now })
}

/// What a webhook's reader goes by.
struct Told<'a> {
    topic: &'a str,
    body: Usable<'a>,
    triggered_at: Option<Timestamp>,
    key: &'a ContactKey,
    now: Timestamp,
}

impl Told<'_> {
    /// As of when this is told.
    fn changed_at(&self) -> Option<Timestamp> {
        self.body.moment("updated_at", self.now).or(self.triggered_at)
    }

    fn contact(&self, details: &ContactDetails) -> Option<ContactId> {
        self.key.contact(details.email.as_deref(), details.phone.as_deref())
    }

    /// That this happened to somebody; ignored when it is nobody's. `id` is what tells it from all
    /// others of `source`.
    fn fact(
        &self,
        (source, id): (&str, &[&str]),
        at: Timestamp,
        details: ContactDetails,
        what: Happening,
    ) -> Parsed {
        let Some(contact) = self.contact(&details) else { return Parsed::Ignored };
        let id = FactId::new(source, &id.join(" "));
        Parsed::Fact(Box::new(Fact { id, contact, received_at: self.now, at, details, what }))
    }

    /// Who ordered or left a cart. Goods may go to somebody else: of where they go, only the country
    /// is taken.
    fn buyer(&self) -> ContactDetails {
        let order = &self.body;
        let (customer, billing) = (&order.object("customer"), &order.object("billing_address"));
        let shipping = &order.object("shipping_address");
        ContactDetails {
            email: Usable::first(
                &[(order, "email"), (order, "contact_email"), (customer, "email")],
                address::email,
            ),
            phone: Usable::first(
                &[(order, "phone"), (customer, "phone"), (billing, "phone")],
                address::phone,
            ),
            first_name: customer.name("first_name").or_else(|| billing.name("first_name")),
            last_name: customer.name("last_name").or_else(|| billing.name("last_name")),
            language: order.read("customer_locale", value::language),
            country: Usable::first(
                &[
                    (billing, "country_code"),
                    (shipping, "country_code"),
                    (&customer.object("default_address"), "country_code"),
                ],
                value::country,
            ),
            ..ContactDetails::default()
        }
    }
}

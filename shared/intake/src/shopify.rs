//! `POST /hooks/shopify`: what Shopify sends of orders, carts and customers.
//!
//! A refused webhook is repeated eight times, and then Shopify ends the subscription.
//!
//! Deliveries come late, twice and in any order. What they tell is as old as its `updated_at`, else as
//! the header `X-Shopify-Triggered-At` says; which of two is the younger is for the contact to decide.
//! Payloads: <https://shopify.dev/docs/api/webhooks/latest>.

use jiff::Timestamp;
use masa_domain::{ContactDetails, ContactKey, Fact, Platform};

use crate::{
    address, json,
    malformed::Malformed,
    platform::{Part, Receipt},
    value,
};

mod cart;
mod compliance;
mod customer;
mod order;

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
) -> Result<Vec<Fact>, Malformed> {
    let Delivery { topic, triggered_at, body } = *delivery;
    let read: fn(&Told<'_>) -> Result<Vec<Fact>, Malformed> = match topic {
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
        _ => return Ok(Vec::new()),
    };
    let body = json::parse(body)?;
    let triggered_at = triggered_at.and_then(|text| value::moment(text.trim(), now).ok());
    read(&Told { topic, body: Part::root(&body)?, triggered_at, receipt: Receipt { key, now } })
}

/// What a webhook's reader goes by.
struct Told<'a> {
    topic: &'a str,
    body: Part<'a>,
    triggered_at: Option<Timestamp>,
    receipt: Receipt<'a>,
}

impl Told<'_> {
    /// A moment, at most the present one.
    fn moment(&self, part: Part<'_>, name: &str) -> Option<Timestamp> {
        part.read(name, |text| value::moment(text, self.receipt.now))
    }

    /// As of when this is told.
    fn changed_at(&self) -> Option<Timestamp> {
        self.moment(self.body, "updated_at").or(self.triggered_at)
    }

    /// Who ordered or left a cart. Goods may go to somebody else: of where they go, only the country
    /// is taken.
    fn buyer(&self) -> ContactDetails {
        let order = self.body;
        let (customer, billing) = (order.object("customer"), order.object("billing_address"));
        let places =
            [billing, order.object("shipping_address"), customer.object("default_address")];
        let emails = ["email", "contact_email"];
        let email = emails.iter().find_map(|name| order.read(name, address::email));
        let accounts = customer.read("email", address::email);
        // At a till one account buys for many.
        let is_accounts = accounts.is_some() && (email.is_none() || email == accounts);
        let account = customer.id("id").filter(|_| is_accounts);
        ContactDetails {
            email: email.or(accounts),
            also: self.receipt.account(Platform::Shopify, account),
            phone: [order, customer, billing]
                .iter()
                .find_map(|who| who.read("phone", address::phone)),
            first_name: customer.name("first_name").or_else(|| billing.name("first_name")),
            last_name: customer.name("last_name").or_else(|| billing.name("last_name")),
            language: order.read("customer_locale", value::language),
            country: places.iter().find_map(|place| place.read("country_code", value::country)),
            ..ContactDetails::default()
        }
    }
}

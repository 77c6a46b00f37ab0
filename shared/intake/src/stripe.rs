//! `POST /hooks/stripe`: payments, carts, invoices and subscriptions.
//!
//! | type | fact |
//! | --- | --- |
//! | `checkout.session.completed`, `.async_payment_succeeded`, `.async_payment_failed` | the order, placed, paid or cancelled |
//! | `checkout.session.expired` | the event `cart`, with the page where it can be recovered |
//! | `charge.refunded` | the order, refunded wholly or in part |
//! | `invoice.finalized`, `.sent` | the event `invoice-sent`, once; not of what is charged automatically |
//! | `invoice.paid` | of a subscription the order, of any other the event `invoice-paid` |
//! | `invoice.voided` | the event `invoice-cancelled`; not of a subscription |
//! | `invoice.payment_failed`, `.upcoming` | the events `payment-failed` and `charge-due` |
//! | `customer.subscription.created`, `.updated`, `.paused`, `.resumed` | the event `subscription-created` …, and the field `renewal_date` |
//! | `customer.subscription.deleted`, and `.updated` when it is to end with its term | the event `cancelled`, once |
//! | all others | ignored |
//!
//! **Order ids.** A payment's is that of its payment intent (of the session where nothing was
//! charged), so that a refund meets it. A subscription's payment is the order of its invoice, which
//! the session of its first payment names too: it is counted once. What an invoice outside a
//! subscription bills is no order. A session tells no products unless its lines are expanded.
//!
//! **Refunds of subscriptions** are met where the charge names its invoice: from API 2025-03-31 on it
//! doesn't, and they are ignored.
//!
//! **Whom it concerns.** The address is that of the object, else `metadata.email`. A subscription
//! carries only a customer's id: it is of the contact whom a session or an invoice named with that id,
//! before or after. A card's holder and the address of a receipt may be somebody else's.

mod billing;
mod money;

use jiff::Timestamp;
use masa_domain::{
    Also, ConsentGiven, ContactDetails, ContactKey, Fact, FactId, Happening, Item, Order,
    OrderStatus, Platform,
};
use serde_json::{Value, json};

use crate::{
    address,
    amount::Amount,
    json,
    malformed::Malformed,
    platform::{self, Part, Receipt},
    value,
};

/// Reads the body of a webhook. A fact's dedupe key is the event's id, but where two events tell the
/// same.
///
/// # Errors
/// [`Malformed`] names the field.
pub fn parse(body: &[u8], key: &ContactKey, now: Timestamp) -> Result<Vec<Fact>, Malformed> {
    let body = json::parse(body)?;
    let event = Part::root(&body)?;
    let id = event.required("id", Part::id)?;
    let kind = event.required("type", Part::text)?;
    let read = match kind {
        "checkout.session.expired" => cart,
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed" => session,
        "charge.refunded" => refund,
        "invoice.finalized"
        | "invoice.sent"
        | "invoice.paid"
        | "invoice.voided"
        | "invoice.payment_failed"
        | "invoice.upcoming" => billing::invoice,
        "customer.subscription.created"
        | "customer.subscription.updated"
        | "customer.subscription.paused"
        | "customer.subscription.resumed"
        | "customer.subscription.deleted" => billing::subscription,
        _ => return Ok(Vec::new()),
    };
    let object = event.required("data.object", |data, name| {
        data.get(name)?.is_object().then(|| data.object(name))
    })?;
    let at = event.seconds("created").unwrap_or(now).min(now);
    let what = kind.rsplit('.').next().unwrap_or_default();
    Ok(Vec::from_iter(read(Told { id, what, at, object, receipt: Receipt { key, now } })))
}

/// An event that was read.
struct Told<'a> {
    id: String,
    /// The last word of its type.
    what: &'a str,
    at: Timestamp,
    object: Part<'a>,
    receipt: Receipt<'a>,
}

impl Told<'_> {
    fn fact_id(&self) -> FactId {
        FactId::new("stripe", &self.id)
    }

    fn currency(&self) -> Option<String> {
        self.object.read("currency", value::currency)
    }

    /// The amount of minor units under `name`.
    fn amount(&self, name: &str) -> Option<Amount> {
        money::amount(self.object, name, self.currency().as_deref())
    }

    /// Whom it concerns: `email`, else whom the metadata name, else whose the account is; the rest of `who`,
    /// whose names begin with `prefix`.
    fn details(&self, email: Option<String>, who: Part<'_>, prefix: &str) -> ContactDetails {
        let metadata = self.object.object("metadata");
        let named = |name: &str| format!("{prefix}{name}");
        // One name is all that is asked for: its first word is what friends say.
        let (first, last) = who
            .name(&named("name"))
            .map(|name| match name.split_once(char::is_whitespace) {
                Some((first, last)) => (Some(first.to_owned()), Some(last.trim().to_owned())),
                None => (Some(name), None),
            })
            .unwrap_or_default();
        let email = email.or_else(|| metadata.read("email", address::email));
        ContactDetails {
            also: if email.is_some() { Vec::new() } else { self.account() },
            email,
            phone: who
                .read(&named("phone"), address::phone)
                .or_else(|| metadata.read("phone", address::phone)),
            first_name: first,
            last_name: last,
            country: who.object(&named("address")).read("country", value::country),
            ..ContactDetails::default()
        }
    }

    /// The same, where `email` is the account's own.
    fn owner(&self, email: Option<String>, who: Part<'_>, prefix: &str) -> ContactDetails {
        let own = email.is_some();
        let details = self.details(email, who, prefix);
        if own { ContactDetails { also: self.account(), ..details } } else { details }
    }

    /// The customer's account; expanded, it is an object.
    fn account(&self) -> Vec<Also> {
        let account = self.object.id("customer");
        let account = account.or_else(|| self.object.object("customer").id("id"));
        self.receipt.account(Platform::Stripe, account)
    }

    /// A fact about an order that was made `at` and last `changed_at`.
    fn order(
        &self,
        order_id: String,
        status: OrderStatus,
        total: Option<Amount>,
        items: Vec<Item>,
        [at, changed_at]: [Timestamp; 2],
        details: ContactDetails,
    ) -> Option<Fact> {
        let what = Happening::Purchase(Order {
            order_id,
            shop: Some(Platform::Stripe),
            status,
            changed_at: Some(changed_at.min(self.receipt.now)),
            currency: self.currency(),
            total: total.and_then(Amount::text),
            items,
            coupon: None,
        });
        self.receipt.fact(self.fact_id(), Some(at), details, what)
    }
}

fn session(told: Told<'_>) -> Option<Fact> {
    let session = told.object;
    let (made, at) = (session.seconds("created").unwrap_or(told.at), told.at);
    let (order_id, changed_at) = match session.text("mode") {
        Some("setup") => None,
        // The invoice tells the same later and with its lines: a version that is as old as the
        // session never stands in its way.
        Some("subscription") => session.id("invoice").map(|id| (id, made)),
        _ => session.id("payment_intent").or_else(|| session.id("id")).map(|id| (id, at)),
    }?;
    let status = match (told.what, session.text("payment_status")) {
        ("async_payment_failed", _) => OrderStatus::Cancelled,
        ("completed", Some("unpaid")) => OrderStatus::Placed,
        _ => OrderStatus::Paid,
    };
    let items = money::items(session.object("line_items"), told.currency().as_deref());
    let total = told.amount("amount_total");
    told.order(order_id, status, total, items, [made, changed_at], buyer(&told))
}

/// Whom a session concerns.
fn buyer(told: &Told<'_>) -> ContactDetails {
    let session = told.object;
    let who = session.object("customer_details");
    let email = who.read("email", address::email);
    let email = email.or_else(|| session.read("customer_email", address::email));
    // An unticked box is not a refusal.
    let agreed = session.object("consent").text("promotions") == Some("opt_in");
    let consent = ConsentGiven { email: Some(true), at: Some(told.at), ..ConsentGiven::default() };
    ContactDetails {
        language: session.read("locale", value::language),
        consent: agreed.then_some(consent),
        ..told.owner(email, who, "")
    }
}

fn cart(told: Told<'_>) -> Option<Fact> {
    let session = told.object;
    if session.text("mode") == Some("setup") {
        return None;
    }
    let recovery = session.object("after_expiration").object("recovery");
    let data = [
        ("cart_id", session.id("id").map(Value::String)),
        ("url", recovery.read("url", platform::url).map(Value::String)),
        ("total", told.amount("amount_total").and_then(Amount::number)),
        ("currency", told.currency().map(Value::String)),
    ];
    let what = platform::event("cart", data);
    told.receipt.fact(told.fact_id(), Some(told.at), buyer(&told), what)
}

fn refund(told: Told<'_>) -> Option<Fact> {
    let charge = told.object;
    // What Stripe writes on the charges of invoices.
    let of = charge.text("description").unwrap_or_default();
    let order_id = if of.starts_with("Subscription ") {
        charge.id("invoice")
    } else if of.starts_with("Payment for Invoice") {
        None
    } else {
        charge.id("payment_intent").or_else(|| charge.id("id"))
    };
    let order_id = order_id?;
    let total = told.amount("amount").zip(told.amount("amount_refunded"));
    let total = total.map(|(all, back)| all.less(back));
    let nothing_left = total.and_then(Amount::number) == Some(json!(0));
    let status = if charge.is("refunded") || nothing_left {
        OrderStatus::Refunded
    } else {
        OrderStatus::Paid
    };
    // Without the amounts a partial refund tells nothing.
    if status == OrderStatus::Paid && total.is_none() {
        return None;
    }
    let made = charge.seconds("created").unwrap_or(told.at);
    let who = charge.object("billing_details");
    let email = who.read("email", address::email);
    let email = email.or_else(|| charge.read("receipt_email", address::email));
    let details = told.details(email, who, "");
    told.order(order_id, status, total, Vec::new(), [made, told.at], details)
}

//! Invoices and subscriptions.

use jiff::Timestamp;
use masa_domain::{ContactDetails, Fact, FactId, OrderStatus};
use serde_json::{Value, json};

use super::{Told, money};
use crate::{
    address,
    amount::Amount,
    platform::{self, Part},
    value,
};

pub(super) fn invoice(told: Told<'_>) -> Option<Fact> {
    let invoice = told.object;
    let of_subscription =
        invoice.text("billing_reason").is_some_and(|why| why.starts_with("subscription"));
    // Nobody has to be reminded of what is charged automatically, and what is counted as an order is
    // no invoice to somebody.
    let awaited = !of_subscription
        && invoice.text("collection_method").is_none_or(|how| how != "charge_automatically");
    let name = match told.what {
        "paid" if of_subscription => return order(&told),
        "paid" => "invoice-paid",
        "finalized" | "sent" if awaited => "invoice-sent",
        "voided" if !of_subscription => "invoice-cancelled",
        "payment_failed" => "payment-failed",
        "upcoming" => "charge-due",
        _ => return None,
    };
    let id = invoice.id("id");
    let fact_id = match &id {
        // Two types tell it, and it is told once.
        Some(id) if name == "invoice-sent" => FactId::new("stripe.invoice-sent", id),
        _ => told.fact_id(),
    };
    let dates = match told.what {
        "upcoming" => ["next_payment_attempt", "due_date", "period_end"].as_slice(),
        _ => ["due_date"].as_slice(),
    };
    let due = dates.iter().find_map(|name| invoice.seconds(name));
    let data = [
        ("invoice_id", id.map(Value::String)),
        ("number", invoice.read("number", value::store_id).map(Value::String)),
        ("due", due.map(|at| json!(at.to_string()))),
        ("total", told.amount("amount_due").and_then(Amount::text).map(Value::String)),
        ("currency", told.currency().map(Value::String)),
        ("url", invoice.read("hosted_invoice_url", platform::url).map(Value::String)),
        ("attempt", invoice.get("attempt_count").and_then(Value::as_u64).map(Value::from)),
    ];
    told.receipt.fact(fact_id, Some(told.at), payer(&told), platform::event(name, data))
}

fn payer(told: &Told<'_>) -> ContactDetails {
    let email = told.object.read("customer_email", address::email);
    told.owner(email, told.object, "customer_")
}

/// A subscription's payment.
fn order(told: &Told<'_>) -> Option<Fact> {
    let invoice = told.object;
    let id = invoice.id("id")?;
    let items = money::items(invoice.object("lines"), told.currency().as_deref());
    let made = invoice.seconds("created").unwrap_or(told.at);
    let paid = invoice.object("status_transitions").seconds("paid_at").unwrap_or(told.at);
    let total = told.amount("amount_paid");
    told.order(id, OrderStatus::Paid, total, items, [made, paid], payer(told))
}

pub(super) fn subscription(told: Told<'_>) -> Option<Fact> {
    let subscription = told.object;
    let id = subscription.id("id")?;
    let cancelled = told.what == "deleted" || subscription.is("cancel_at_period_end");
    // Nothing is renewed any more: the field goes.
    let renewal = period_end(subscription).filter(|_| !cancelled).map(|at| at.to_string());
    let (name, fact_id) = if cancelled {
        // The term that was paid goes on for a while, and then the same end is told again.
        let at = subscription.seconds("canceled_at").map(|at| at.to_string()).unwrap_or_default();
        ("cancelled".to_owned(), FactId::new("stripe.cancelled", &format!("{id} {at}")))
    } else {
        (format!("subscription-{}", told.what), told.fact_id())
    };
    let mut details = told.details(None, Part::none(), "");
    if cancelled || renewal.is_some() {
        details.fields.insert("renewal_date".to_owned(), json!(renewal));
    }
    let item = subscription.object("items").list("data").next();
    let data = [
        ("subscription_id", Some(json!(id))),
        ("status", subscription.read("status", value::store_id).map(Value::String)),
        ("product", item.and_then(money::product).map(Value::String)),
        ("renewal_date", renewal.map(Value::String)),
    ];
    told.receipt.fact(fact_id, Some(told.at), details, platform::event(&name, data))
}

/// When the paid term ends: told of the whole subscription, and from API 2025-03-31 on of its items.
fn period_end(subscription: Part<'_>) -> Option<Timestamp> {
    let own = subscription.seconds("current_period_end");
    let of_item = |item: Part<'_>| item.seconds("current_period_end");
    own.or_else(|| subscription.object("items").list("data").find_map(of_item))
}

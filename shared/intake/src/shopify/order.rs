//! Orders.

use masa_domain::{
    ConsentGiven, ContactDetails, Fact, FactId, Happening, Item, Order, OrderStatus, Platform,
};
use serde_json::Value;

use super::Told;
use crate::{
    malformed::Malformed,
    platform::{self, Part},
    value,
};

/// An order, as it stands.
pub(super) fn read(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    let order = told.body;
    let order_id = order.required("id", Part::id)?;
    let status = status(told);
    let total = |name| order.read(name, value::money);
    let made = ["processed_at", "created_at"];
    let made_at = made.iter().find_map(|name| told.moment(order, name));
    let changed_at = told.changed_at();
    let what = Order {
        order_id: order_id.clone(),
        shop: Some(Platform::Shopify),
        status,
        changed_at,
        currency: order.read("currency", value::currency),
        total: total("current_total_price").or_else(|| total("total_price")),
        items: items(order, status == OrderStatus::Paid),
        coupon: order.list("discount_codes").find_map(|code| code.read("code", value::store_id)),
    };
    let details = ContactDetails { consent: consent(told), ..told.buyer() };
    // The same state of an order, told through two topics, is one fact.
    let version = changed_at.map(|at| at.to_string()).unwrap_or_default();
    let stands = status.event().unwrap_or("purchased");
    let total = what.total.clone().unwrap_or_default();
    let id = FactId::new("shopify.order", &[&*order_id, stands, &version, &total].join(" "));
    let what = Happening::Purchase(what);
    Ok(Vec::from_iter(told.receipt.fact(id, made_at.or(changed_at), details, what)))
}

/// How the order stands, by its `financial_status`, and where that is absent by the topic.
fn status(told: &Told<'_>) -> OrderStatus {
    let order = told.body;
    if order.get("cancelled_at").is_some() || told.topic == "orders/cancelled" {
        return OrderStatus::Cancelled;
    }
    match order.read("financial_status", |text| Ok(text.to_ascii_lowercase())).as_deref() {
        // Of one that is paid back in part, the rest is paid.
        Some("paid" | "partially_refunded") => OrderStatus::Paid,
        Some("refunded") => OrderStatus::Refunded,
        // The authorisation was given up: there is nothing left to be paid.
        Some("voided") => OrderStatus::Cancelled,
        None if told.topic == "orders/paid" => OrderStatus::Paid,
        _ => OrderStatus::Placed,
    }
}

/// The box at the checkout. One that is not ticked is no refusal; and what was ticked then is repeated
/// with each telling, so that without its time it is no yes.
fn consent(told: &Told<'_>) -> Option<ConsentGiven> {
    let order = told.body;
    let ticked = order.is("buyer_accepts_marketing");
    let at = told.moment(order, "created_at").filter(|_| ticked)?;
    let ip = order.read("browser_ip", value::ip);
    Some(ConsentGiven { email: Some(true), at: Some(at), ip, ..ConsentGiven::default() })
}

/// The lines of an order or a cart. `kept`: only what was not taken back or edited away.
pub(super) fn items(order: Part<'_>, kept: bool) -> Vec<Item> {
    platform::items(order.list("line_items"), |line| {
        // A line of the shop's own, such as a gift wrap, has no product; a deleted product's variant
        // may still be there.
        let product = ["product_id", "variant_id", "sku", "id"];
        let left = kept && line.get("current_quantity").is_some_and(Value::is_number);
        Some(Item {
            product_id: product.iter().find_map(|name| line.id(name))?,
            name: line.name("title"),
            quantity: line.quantity(if left { "current_quantity" } else { "quantity" })?,
            price: line.read("price", value::money),
        })
    })
}

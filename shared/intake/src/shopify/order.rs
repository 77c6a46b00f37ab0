//! Orders.

use masa_domain::{ConsentGiven, ContactDetails, Happening, Item, Order, OrderStatus, Platform};

use super::{Parsed, Told};
use crate::{
    malformed::Malformed,
    purchase::{ITEMS_MAX, QUANTITY_MAX},
    usable::Usable,
    value,
};

/// An order, as it stands.
pub(super) fn read(told: &Told<'_>) -> Result<Parsed, Malformed> {
    let (order, now) = (&told.body, told.now);
    let order_id = order.required_id("id")?;
    let status = status(told);
    let total = |name| order.read(name, value::money);
    let made_at = order.moment("processed_at", now).or_else(|| order.moment("created_at", now));
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
    let id = ("shopify.order", &[order_id.as_str(), stands, &version, &total][..]);
    let at = made_at.or(changed_at).unwrap_or(now);
    Ok(told.fact(id, at, details, Happening::Purchase(what)))
}

/// How the order stands, by its `financial_status`, and where that is absent by the topic.
fn status(told: &Told<'_>) -> OrderStatus {
    let order = &told.body;
    if order.has("cancelled_at") || told.topic == "orders/cancelled" {
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
    let order = &told.body;
    let at =
        order.moment("created_at", told.now).filter(|_| order.is("buyer_accepts_marketing"))?;
    let ip = order.read("browser_ip", value::ip);
    Some(ConsentGiven { email: Some(true), at: Some(at), ip, ..ConsentGiven::default() })
}

/// The lines of an order or a cart. `kept`: only what was not taken back or edited away.
pub(super) fn items(order: &Usable<'_>, kept: bool) -> Vec<Item> {
    order.list("line_items").take(ITEMS_MAX).filter_map(|line| item(&line, kept)).collect()
}

/// A line; `None` when nothing is left of it or nothing identifies it.
fn item(line: &Usable<'_>, kept: bool) -> Option<Item> {
    let left = line.whole("current_quantity").filter(|_| kept);
    let quantity = left.or_else(|| line.whole("quantity")).unwrap_or(1);
    let quantity = u32::try_from(quantity).unwrap_or(QUANTITY_MAX).min(QUANTITY_MAX);
    // A line of the shop's own, such as a gift wrap, has no product; a deleted product's variant
    // may still be there.
    let names = ["product_id", "variant_id", "sku", "id"];
    let product_id = names.into_iter().find_map(|name| line.id(name)).filter(|_| quantity > 0)?;
    Some(Item {
        product_id,
        name: line.name("title"),
        quantity,
        price: line.read("price", value::money),
    })
}

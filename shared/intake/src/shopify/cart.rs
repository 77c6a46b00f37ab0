//! Carts: a checkout that was begun and not completed, as the event `cart`.

use masa_domain::{Fact, FactId, Item};
use serde_json::{Value, json};

use super::{Told, order};
use crate::{amount::Amount, malformed::Malformed, platform, value};

/// What the items of a cart may take, in bytes of JSON: a journey keeps 8 KiB of an event.
const ITEMS_BYTES_MAX: usize = 6 * 1024;

/// A checkout. One that is completed is told as its order.
pub(super) fn read(told: &Told<'_>) -> Result<Vec<Fact>, Malformed> {
    let cart = told.body;
    let id = cart.required("id", |cart, id| cart.id(id).or_else(|| cart.id("token")))?;
    if cart.get("completed_at").is_some() {
        return Ok(Vec::new());
    }
    let items = order::items(cart, false);
    // A number, so that journeys can ask whether it is 0.
    let total = match items.is_empty() {
        true => Some(Value::from(0)),
        false => cart
            .read("total_price", value::money)
            .and_then(|total| Amount::read(&Value::String(total))?.number()),
    };
    let changed_at = told.changed_at();
    let version = changed_at.map(|at| at.to_string()).unwrap_or_default();
    let stands = total.as_ref().map(Value::to_string).unwrap_or_default();
    let fact_id = FactId::new("shopify.cart", &[&*id, &version, &stands].join(" "));
    let data = [
        ("cart_id", Some(Value::String(id))),
        ("total", total),
        ("currency", cart.read("currency", value::currency).map(Value::String)),
        ("url", cart.read("abandoned_checkout_url", platform::url).map(Value::String)),
        ("items", Some(json!(the_first(items)))),
    ];
    let what = platform::event("cart", data);
    Ok(Vec::from_iter(told.receipt.fact(fact_id, changed_at, told.buyer(), what)))
}

/// As many of the items as fit, from the first.
fn the_first(mut items: Vec<Item>) -> Vec<Item> {
    while json!(items).to_string().len() > ITEMS_BYTES_MAX {
        items.truncate(items.len() / 2);
    }
    items
}

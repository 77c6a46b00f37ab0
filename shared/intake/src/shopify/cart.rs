//! Carts: a checkout that was begun and not completed, as the event `cart`.

use masa_domain::{Happening, Item};
use serde_json::{Map, Number, Value, json};

use super::{Parsed, Told, order};
use crate::{malformed::Malformed, value};

/// What the items of a cart may take, in bytes of JSON: a journey keeps 8 KiB of an event.
const ITEMS_BYTES_MAX: usize = 6 * 1024;

/// A checkout. One that is completed is told as its order.
pub(super) fn read(told: &Told<'_>) -> Result<Parsed, Malformed> {
    let cart = &told.body;
    let id = cart.required_id("id").or_else(|missing| cart.id("token").ok_or(missing))?;
    if cart.has("completed_at") {
        return Ok(Parsed::Ignored);
    }
    let items = order::items(cart, false);
    let total = match items.is_empty() {
        true => Some(Number::from(0)),
        false => cart.read("total_price", value::money).as_deref().and_then(number),
    };
    let changed_at = told.changed_at();
    let members = [
        ("cart_id", Some(json!(id))),
        ("total", total.clone().map(Value::Number)),
        ("currency", cart.read("currency", value::currency).map(Value::String)),
        ("url", cart.read("abandoned_checkout_url", value::https).map(Value::String)),
        ("items", Some(json!(the_first(items)))),
    ];
    let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let data = Value::Object(members.collect::<Map<_, _>>());
    let version = changed_at.map(|at| at.to_string()).unwrap_or_default();
    let total = total.map(|total| total.to_string()).unwrap_or_default();
    let id = ("shopify.cart", &[id.as_str(), &version, &total][..]);
    let what = Happening::Event { name: "cart".to_owned(), data };
    Ok(told.fact(id, changed_at.unwrap_or(told.now), told.buyer(), what))
}

/// Money as a number, so that journeys can ask whether it is 0.
fn number(money: &str) -> Option<Number> {
    let plain = match money.contains('.') {
        true => money.trim_end_matches('0').trim_end_matches('.'),
        false => money,
    };
    plain.parse().ok()
}

/// As many of the items as fit, from the first.
fn the_first(mut items: Vec<Item>) -> Vec<Item> {
    while json!(items).to_string().len() > ITEMS_BYTES_MAX {
        items.truncate(items.len() / 2);
    }
    items
}

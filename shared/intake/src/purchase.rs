//! `POST /hooks/purchase`.

use jiff::Timestamp;
use masa_domain::{ContactKey, Fact, FactId, Happening, Item, Order};
use serde_json::Value;

use crate::{
    details,
    json::{self, Object},
    malformed::Malformed,
    value,
};

/// The most lines that an order has.
pub(crate) const ITEMS_MAX: usize = 1_000;

/// The most pieces that a line has.
pub(crate) const QUANTITY_MAX: u32 = 1_000_000;

/// The fact that a purchase's body tells. Its dedupe key is the order's id.
///
/// # Errors
/// [`Malformed`] names the field. Names that the contract doesn't know are passed over.
pub fn parse(body: &[u8], key: &ContactKey, now: Timestamp) -> Result<Fact, Malformed> {
    let body = json::parse(body)?;
    let object = Object::root(&body)?;
    let details = details::addresses(&object)?;
    let contact = details::contact(&object, &details, key)?;
    let at = object.read("at", |text| value::moment(text, now))?.unwrap_or(now);
    let order = Order {
        order_id: object.required("order_id", value::store_id)?,
        currency: object.read("currency", value::currency)?,
        total: object.read("total", value::money)?,
        items: items(&object)?,
        coupon: object.read("coupon", value::store_id)?,
        ..Order::default()
    };
    let id = FactId::new("purchase", &order.order_id);
    Ok(Fact { id, contact, received_at: now, at, details, what: Happening::Purchase(order) })
}

fn items(object: &Object<'_>) -> Result<Vec<Item>, Malformed> {
    let items = object.list("items")?;
    if items.len() > ITEMS_MAX {
        return Err(object.malformed("items", "send at most 1000 items"));
    }
    items.into_iter().map(|(path, value)| item(&path, value)).collect()
}

fn item(path: &str, value: &Value) -> Result<Item, Malformed> {
    let object = Object::at(path, value)?;
    Ok(Item {
        product_id: object.required("product_id", value::store_id)?,
        name: object.read("name", value::name)?.filter(|name| !name.is_empty()),
        quantity: quantity(&object)?,
        price: object.read("price", value::money)?,
    })
}

fn quantity(object: &Object<'_>) -> Result<u32, Malformed> {
    let Some(sent) = object.whole("quantity")? else { return Ok(1) };
    u32::try_from(sent)
        .ok()
        .filter(|quantity| (1..=QUANTITY_MAX).contains(quantity))
        .ok_or_else(|| object.malformed("quantity", "send a whole number from 1 to 1000000"))
}

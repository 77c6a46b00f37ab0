//! `POST /hooks/shopify`: what Shopify sends of a paid order.
//!
//! Shopify can't mend what it sends: it repeats a refused webhook eight times and then ends the
//! subscription. So a value that can't be used (a phone that is not E.164, an odd amount) is left
//! out, and an order without any address is ignored. Only a body that isn't Shopify's is refused.

use jiff::Timestamp;
use masa_domain::{ContactDetails, ContactKey, Fact, FactId, Happening, Item, Order};
use serde_json::Value;

use crate::{
    address,
    json::{self, Object, Problem, wrong_type},
    malformed::Malformed,
    purchase::{ITEMS_MAX, QUANTITY_MAX},
    value,
};

/// What a webhook of Shopify's tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// A paid order.
    Fact(Box<Fact>),
    /// Nothing that Masa keeps: another topic, or an order of nobody. It is answered with success.
    Ignored,
}

/// Reads the body of a webhook with this `topic` (the header `X-Shopify-Topic`). A fact's dedupe
/// key is the order's id.
///
/// # Errors
/// [`Malformed`] names the field.
pub fn parse(
    topic: &str,
    body: &[u8],
    key: &ContactKey,
    now: Timestamp,
) -> Result<Parsed, Malformed> {
    if topic != "orders/paid" {
        return Ok(Parsed::Ignored);
    }
    let body = json::parse(body)?;
    let order = Object::root(&body)?;
    let order_id = id(&order, "id")?.ok_or_else(|| order.malformed("id", "this is required"))?;
    let details = details(&order)?;
    let what = Happening::Purchase(Order {
        currency: order.read_usable("currency", value::currency)?,
        total: order.read_usable("total_price", value::money)?,
        items: items(&order)?,
        coupon: coupon(&order)?,
        order_id: order_id.clone(),
    });
    let moment = |name| order.read_usable(name, |text| value::moment(text, now));
    let at = match moment("processed_at")? {
        Some(at) => at,
        None => moment("created_at")?.unwrap_or(now),
    };
    let Some(contact) = key.contact(details.email.as_deref(), details.phone.as_deref()) else {
        return Ok(Parsed::Ignored);
    };
    let id = FactId::new("shopify.order", &order_id);
    Ok(Parsed::Fact(Box::new(Fact { id, contact, received_at: now, at, details, what })))
}

fn details(order: &Object<'_>) -> Result<ContactDetails, Malformed> {
    let customer = order.object("customer")?;
    let billing = order.object("billing_address")?;
    let (order, customer, billing) = (Some(order), customer.as_ref(), billing.as_ref());
    Ok(ContactDetails {
        email: first(&[order, customer], "email", address::email)?,
        phone: first(&[order, customer, billing], "phone", address::phone)?,
        first_name: first(&[customer, billing], "first_name", some_name)?,
        last_name: first(&[customer, billing], "last_name", some_name)?,
        language: first(&[order], "customer_locale", value::language)?,
        country: first(&[billing], "country_code", value::country)?,
        ..ContactDetails::default()
    })
}

/// The first usable field `name` of several objects.
fn first(
    objects: &[Option<&Object<'_>>],
    name: &str,
    read: impl Fn(&str) -> Result<String, Problem>,
) -> Result<Option<String>, Malformed> {
    for object in objects.iter().flatten() {
        if let Some(found) = object.read_usable(name, &read)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn some_name(text: &str) -> Result<String, Problem> {
    value::name(text).and_then(|name| if name.is_empty() { Err("empty") } else { Ok(name) })
}

fn items(order: &Object<'_>) -> Result<Vec<Item>, Malformed> {
    let mut items = Vec::new();
    for (path, value) in order.list("line_items")?.into_iter().take(ITEMS_MAX) {
        items.extend(item(&path, value)?);
    }
    Ok(items)
}

/// A line; `None` when nothing is left of it or nothing identifies it.
fn item(path: &str, value: &Value) -> Result<Option<Item>, Malformed> {
    let line = Object::at(path, value)?;
    let quantity = line.whole("quantity")?.unwrap_or(1).min(u64::from(QUANTITY_MAX));
    let quantity = u32::try_from(quantity).unwrap_or(QUANTITY_MAX);
    // A line of the shop's own, such as a gift wrap, has no product; a deleted product's variant
    // may still be there.
    let mut product_id = None;
    for name in ["product_id", "variant_id", "sku", "id"] {
        if product_id.is_none() {
            product_id = id(&line, name)?;
        }
    }
    let (name, price) =
        (line.read_usable("title", some_name)?, line.read_usable("price", value::money)?);
    Ok(product_id.filter(|_| quantity > 0).map(|product_id| Item {
        product_id,
        name,
        quantity,
        price,
    }))
}

/// An id, which Shopify writes as a number and old exports as text.
fn id(object: &Object<'_>, name: &str) -> Result<Option<String>, Malformed> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => number
            .as_u64()
            .map(|id| Some(id.to_string()))
            .ok_or_else(|| object.malformed(name, "send a whole number that is not negative")),
        Some(Value::String(_)) => object.read_usable(name, value::store_id),
        Some(other) => Err(wrong_type(&object.path(name), "a number", other)),
    }
}

fn coupon(order: &Object<'_>) -> Result<Option<String>, Malformed> {
    let codes = order.list("discount_codes")?;
    let Some((path, code)) = codes.first() else { return Ok(None) };
    Object::at(path, code)?.read_usable("code", value::store_id)
}

//! `POST /hooks/woocommerce`: orders, customers, and subscriptions where that extension is there.
//!
//! | topic | fact |
//! | --- | --- |
//! | `order.created`, `.updated`, `.restored` | the order as it stands |
//! | `customer.created`, `.updated` | the event `customer-created` or `customer-updated` |
//! | `subscription.created`, `.updated`, `.switched` | the event `subscription-created` …, and the field `renewal_date` |
//! | the same, once it is cancelled or is to end with its term | the event `cancelled`, once |
//! | all others, and `….deleted`, which says no more than an id | ignored |
//!
//! `X-WC-Webhook-Delivery-ID` is the same for all that one webhook delivers within a second, so a
//! fact's dedupe key is made of what it tells: resource, id, status, `date_modified_gmt`, total.

use jiff::Timestamp;
use masa_domain::{
    ContactDetails, ContactKey, Fact, FactId, Happening, Item, Order, OrderStatus, Platform,
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

/// Whether a request is what WooCommerce sends when a webhook is saved: a form with the webhook's
/// number, without a signature. Any answer but 200 is shown to the shop as an error.
pub fn is_ping(content_type: Option<&str>, body: &[u8]) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let number = body.strip_prefix(b"webhook_id=").unwrap_or_default();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        && (1..=20).contains(&number.len())
        && number.iter().all(u8::is_ascii_digit)
}

/// Reads the body of a webhook with this `topic` (the header `X-WC-Webhook-Topic`).
///
/// # Errors
/// [`Malformed`] names the field.
pub fn parse(
    topic: &str,
    body: &[u8],
    key: &ContactKey,
    now: Timestamp,
) -> Result<Vec<Fact>, Malformed> {
    let read = match topic.split_once('.') {
        Some(("order", "created" | "updated" | "restored")) => order,
        Some(("customer", "created" | "updated")) => customer,
        Some(("subscription", "created" | "updated" | "switched")) => subscription,
        _ => return Ok(Vec::new()),
    };
    let body = json::parse(body)?;
    let object = Part::root(&body)?;
    let id = object.required("id", Part::id)?;
    Ok(Vec::from_iter(read(Told { object, id, topic, receipt: Receipt { key, now } })))
}

/// A webhook that was read.
struct Told<'a> {
    object: Part<'a>,
    id: String,
    topic: &'a str,
    receipt: Receipt<'a>,
}

impl Told<'_> {
    fn status(&self) -> &str {
        self.object.text("status").unwrap_or_default()
    }

    /// The name of the event that the topic is.
    fn event(&self) -> String {
        self.topic.replace('.', "-")
    }

    /// The dedupe key of what `source` tells: the object's present state, and its `total`.
    fn fact_id(&self, source: &str, total: &str) -> FactId {
        let changed = self.object.text("date_modified_gmt").unwrap_or_default();
        let state = [&self.id, self.status(), changed, total].join(" ");
        FactId::new(&format!("woocommerce.{source}"), &state)
    }

    /// Whom it concerns: the customer's own e-mail before that of the bill.
    fn details(&self) -> ContactDetails {
        let billing = self.object.object("billing");
        let either = |name: &str, read: fn(&str) -> Result<String, json::Problem>| {
            self.object.read(name, read).or_else(|| billing.read(name, read))
        };
        ContactDetails {
            email: either("email", address::email),
            phone: either("phone", address::phone),
            first_name: either("first_name", platform::name),
            last_name: either("last_name", platform::name),
            country: billing.read("country", value::country),
            ..ContactDetails::default()
        }
    }
}

fn order(told: Told<'_>) -> Option<Fact> {
    let order = told.object;
    let status = status(&told)?;
    let refunds = order.list("refunds").filter_map(|refund| refund.amount("total"));
    let total = order.amount("total").map(|total| refunds.fold(total, Amount::less));
    let total = total.and_then(Amount::text);
    // The same state of an order, told through two topics, is one fact.
    let id = told.fact_id("order", total.as_deref().unwrap_or_default());
    let what = Happening::Purchase(Order {
        order_id: told.id.clone(),
        shop: Some(Platform::Woocommerce),
        status,
        changed_at: order.moment("date_modified_gmt").map(|at| at.min(told.receipt.now)),
        currency: order.read("currency", value::currency),
        total,
        items: platform::items(order.list("line_items"), |line| {
            // What is deleted from the shop has no number any more.
            let product = ["product_id", "variation_id", "sku", "id"];
            Some(Item {
                product_id: product.iter().find_map(|name| line.id(name))?,
                name: line.name("name"),
                quantity: line.quantity("quantity")?,
                price: line.amount("price").and_then(Amount::text),
            })
        }),
        coupon: order.list("coupon_lines").find_map(|coupon| coupon.read("code", value::store_id)),
    });
    told.receipt.fact(id, order.moment("date_created_gmt"), told.details(), what)
}

/// How far an order came; `None` as long as it is none. What extensions call their own states is
/// decided by whether money came.
fn status(told: &Told<'_>) -> Option<OrderStatus> {
    match told.status() {
        "auto-draft" | "checkout-draft" | "draft" | "trash" => None,
        "cancelled" | "failed" => Some(OrderStatus::Cancelled),
        "refunded" => Some(OrderStatus::Refunded),
        "processing" | "completed" => Some(OrderStatus::Paid),
        _ if told.object.text("date_paid_gmt").is_some() => Some(OrderStatus::Paid),
        _ => Some(OrderStatus::Placed),
    }
}

fn customer(told: Told<'_>) -> Option<Fact> {
    let what = platform::event(&told.event(), []);
    let at = told.object.moment("date_modified_gmt");
    let also = told.receipt.account(Platform::Woocommerce, Some(told.id.clone()));
    let details = ContactDetails { also, ..told.details() };
    told.receipt.fact(told.fact_id(told.topic, ""), at, details, what)
}

fn subscription(told: Told<'_>) -> Option<Fact> {
    let object = told.object;
    let cancelled = matches!(told.status(), "cancelled" | "pending-cancel");
    let next = ["next_payment_date_gmt", "next_payment_date"];
    // Nothing is renewed any more: the field goes.
    let date = next.iter().find_map(|name| object.moment(name)).filter(|_| !cancelled);
    let date = json!(date.map(|at| at.to_string()));
    let mut details = told.details();
    if cancelled || next.iter().any(|name| object.tells(name)) {
        details.fields.insert("renewal_date".to_owned(), date.clone());
    }
    let (name, id) = if cancelled {
        // The term that was paid goes on for a while, and then the same end is told again.
        let at = object.text("cancelled_date_gmt").unwrap_or_default();
        let state = format!("{} {at}", told.id);
        ("cancelled".to_owned(), FactId::new("woocommerce.cancelled", &state))
    } else {
        (told.event(), told.fact_id(told.topic, ""))
    };
    let data = [
        ("subscription_id", Some(json!(told.id))),
        ("status", object.read("status", value::store_id).map(Value::String)),
        ("total", object.amount("total").and_then(Amount::text).map(Value::String)),
        ("currency", object.read("currency", value::currency).map(Value::String)),
        ("renewal_date", Some(date).filter(|date| !date.is_null())),
    ];
    let at = object.moment("date_modified_gmt");
    told.receipt.fact(id, at, details, platform::event(&name, data))
}

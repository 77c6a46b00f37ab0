//! WooCommerce's webhooks.

use masa_domain::{Fact, FactId, OrderStatus};
use masa_intake::woocommerce::{self, is_ping};
use serde_json::{Value, json};

use super::{details, event, fact, key, now, order, told};

const ORDER: &[u8] = include_bytes!("../fixtures/woocommerce-order.json");
const CUSTOMER: &[u8] = include_bytes!("../fixtures/woocommerce-customer.json");
const SUBSCRIPTION: &[u8] = include_bytes!("../fixtures/woocommerce-subscription.json");

fn parse(topic: &str, body: &Value) -> Fact {
    fact(woocommerce::parse(topic, body.to_string().as_bytes(), &key(), now()))
}

/// What is made of the fixture with these members.
fn with(topic: &str, fixture: &[u8], members: &Value) -> Fact {
    let mut body = super::json(fixture);
    for (name, value) in members.as_object().expect("members") {
        body[name] = value.clone();
    }
    parse(topic, &body)
}

#[test]
fn an_order_as_woocommerce_sends_it() {
    let fact = fact(woocommerce::parse("order.updated", ORDER, &key(), now()));
    assert_eq!(
        fact.id,
        FactId::new("woocommerce.order", "727 processing 2026-11-03T12:22:40 192.40")
    );
    assert_eq!(Some(fact.contact), key().contact(Some("noa.cohen@example.com"), None));
    assert_eq!(fact.at.to_string(), "2026-11-03T12:21:07Z", "when it was made");
    assert_eq!(
        details(&fact),
        json!({
            "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
            "last_name": "כהן", "country": "IL",
        })
    );
    assert_eq!(
        told(order(&fact)),
        json!({
            "order_id": "727", "shop": "woocommerce", "changed_at": "2026-11-03T12:22:40Z",
            "currency": "ILS", "total": "192.40", "coupon": "stav10",
            "items": [
                {"product_id": "93", "name": "ספל קרמיקה - כחול", "quantity": 2, "price": "86.4"},
                {"product_id": "OIL-500", "name": "שמן זית", "quantity": 3, "price": "27"},
            ],
        })
    );
}

#[test]
fn one_state_is_one_fact_whatever_the_topic() {
    let [created, updated, restored] =
        ["order.created", "order.updated", "order.restored"].map(|topic| {
            let parsed = woocommerce::parse(topic, ORDER, &key(), now());
            super::fact(parsed)
        });
    assert_eq!((&created, &updated), (&updated, &restored));
    let completed = with("order.updated", ORDER, &json!({"status": "completed"}));
    let later = with("order.updated", ORDER, &json!({"date_modified_gmt": "2026-11-03T12:22:41"}));
    let other = with("order.updated", ORDER, &json!({"id": 728}));
    let refunded = with("order.updated", ORDER, &json!({"refunds": []}));
    for fact in [completed, later, other, refunded] {
        assert_ne!(fact.id, created.id);
    }
}

#[test]
fn every_status_has_its_place() {
    for (status, paid_at, place) in [
        ("processing", Value::Null, OrderStatus::Paid),
        ("completed", Value::Null, OrderStatus::Paid),
        ("shipped", json!("2026-11-03T12:22:38"), OrderStatus::Paid),
        ("on-hold", json!("2026-11-03T12:22:38"), OrderStatus::Paid),
        ("shipped", Value::Null, OrderStatus::Placed),
        ("pending", Value::Null, OrderStatus::Placed),
        ("on-hold", Value::Null, OrderStatus::Placed),
        ("on-hold", json!(""), OrderStatus::Placed),
        ("cancelled", json!("2026-11-03T12:22:38"), OrderStatus::Cancelled),
        ("failed", Value::Null, OrderStatus::Cancelled),
        ("refunded", json!("2026-11-03T12:22:38"), OrderStatus::Refunded),
    ] {
        let members = json!({"status": status, "date_paid_gmt": paid_at});
        let fact = with("order.updated", ORDER, &members);
        assert_eq!(order(&fact).status, place, "{members}");
    }
    for status in ["auto-draft", "checkout-draft", "draft", "trash"] {
        let mut body = super::json(ORDER);
        body["status"] = json!(status);
        let parsed =
            woocommerce::parse("order.created", body.to_string().as_bytes(), &key(), now());
        assert_eq!(parsed, Ok(vec![]), "{status} is no order yet");
    }
}

#[test]
fn refunds_lower_the_total() {
    for (total, refunds, left) in [
        (json!("100.00"), json!([]), Some("100.00")),
        (json!("100.00"), json!([{"total": "-10.00"}, {"total": "-0.5"}]), Some("89.50")),
        (json!("100"), json!([{"total": "33.333"}]), Some("66.667")),
        (json!("100.00"), json!([{"total": "-250"}]), Some("0.00")),
        (json!("100.00"), json!([{"total": "much"}, {}, 5, null]), Some("100.00")),
        (json!("100.00"), json!("-10"), Some("100.00")),
        (json!(100.5), json!([{"total": -0.5}]), Some("100.0")),
        (json!("NaN"), json!([{"total": "-10.00"}]), None),
        (json!("1e5"), json!([]), None),
        (json!("-5.00"), json!([]), None),
    ] {
        let members = json!({"total": total, "refunds": refunds});
        let fact = with("order.updated", ORDER, &members);
        assert_eq!(order(&fact).total.as_deref(), left, "{members}");
    }
}

#[test]
fn dates_without_a_zone_are_utc() {
    for (date, at) in [
        (json!("2026-11-03T12:21:07"), "2026-11-03T12:21:07Z"),
        (json!("2026-11-03 12:21:07"), "2026-11-03T12:21:07Z"),
        (json!("2026-11-03T14:21:07+02:00"), "2026-11-03T12:21:07Z"),
        (json!("2026-11-03"), "2026-11-03T00:00:00Z"),
        (json!("2999-01-01T00:00:00"), "2026-11-18T11:06:40Z"),
        (json!("0000-00-00T00:00:00"), "2026-11-18T11:06:40Z"),
        (json!("2026-02-30T00:00:00"), "2026-11-18T11:06:40Z"),
        (json!("03/11/2026"), "2026-11-18T11:06:40Z"),
        (json!(1_762_172_467), "2026-11-18T11:06:40Z"),
        (Value::Null, "2026-11-18T11:06:40Z"),
    ] {
        let fact = with("order.updated", ORDER, &json!({"date_created_gmt": date}));
        assert_eq!(fact.at.to_string(), at, "{date}");
    }
    let fact = with("order.updated", ORDER, &json!({"date_modified_gmt": "soon"}));
    assert_eq!(order(&fact).changed_at, None);
}

#[test]
fn a_customer_is_known_by_the_own_address() {
    let fact = with("customer.created", CUSTOMER, &json!({}));
    assert_eq!(event(&fact), ("customer-created", &Value::Null));
    assert_eq!(fact.at.to_string(), "2026-11-03T12:21:08Z");
    assert_eq!(
        details(&fact),
        json!({
            "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
            "last_name": "כהן", "country": "IL",
        })
    );
    let bills = with("customer.updated", CUSTOMER, &json!({"email": "", "first_name": null}));
    assert_eq!(event(&bills).0, "customer-updated");
    assert_ne!(bills.id, fact.id);
    assert_eq!(bills.details.email.as_deref(), Some("bills@example.com"));
    assert_eq!(bills.details.first_name.as_deref(), Some("N."));
}

#[test]
fn a_subscription_keeps_its_next_date() {
    let fact = with("subscription.updated", SUBSCRIPTION, &json!({}));
    assert_eq!(
        event(&fact),
        (
            "subscription-updated",
            &json!({
                "subscription_id": "1042", "status": "active", "total": "89.00", "currency": "ILS",
                "renewal_date": "2026-12-03T12:21:07Z",
            })
        )
    );
    assert_eq!(fact.details.fields["renewal_date"], json!("2026-12-03T12:21:07Z"));
    let created = with("subscription.created", SUBSCRIPTION, &json!({}));
    assert_eq!(event(&created).0, "subscription-created");
    assert_ne!(created.id, fact.id, "its beginning is told besides its state");
    let on_hold = with("subscription.updated", SUBSCRIPTION, &json!({"next_payment_date_gmt": ""}));
    assert_eq!(on_hold.details.fields["renewal_date"], Value::Null, "the field goes");
}

#[test]
fn a_subscription_is_cancelled_once() {
    let cancelled_at = "2026-11-10T08:00:00";
    let early = json!({"status": "pending-cancel", "cancelled_date_gmt": cancelled_at});
    let early = with("subscription.updated", SUBSCRIPTION, &early);
    assert_eq!(event(&early).0, "cancelled");
    assert_eq!(early.details.fields["renewal_date"], Value::Null);
    let late = json!({"status": "cancelled", "cancelled_date_gmt": cancelled_at,
        "date_modified_gmt": "2026-12-03T12:21:07", "next_payment_date_gmt": ""});
    let late = with("subscription.updated", SUBSCRIPTION, &late);
    assert_eq!(late.id, early.id, "the end of the term tells the same");
    let again = json!({"status": "cancelled", "cancelled_date_gmt": "2027-01-01T00:00:00"});
    assert_ne!(with("subscription.updated", SUBSCRIPTION, &again).id, early.id);
}

#[test]
fn what_tells_nothing_is_ignored() {
    for topic in
        ["product.updated", "coupon.created", "action.woocommerce_add_to_cart", "", "order"]
    {
        let parsed = woocommerce::parse(topic, b"not even JSON", &key(), now());
        assert_eq!(parsed, Ok(vec![]), "{topic}");
    }
    for topic in ["order.deleted", "customer.deleted", "subscription.deleted"] {
        let parsed = woocommerce::parse(topic, br#"{"id":727}"#, &key(), now());
        assert_eq!(parsed, Ok(vec![]), "{topic}");
    }
    for body in [json!({"id": 1}), json!({"id": 1, "billing": {"email": "x", "phone": "050"}})] {
        let parsed =
            woocommerce::parse("order.created", body.to_string().as_bytes(), &key(), now());
        assert_eq!(parsed, Ok(vec![]), "an order of nobody");
    }
}

#[test]
fn the_ping_is_known() {
    let form = Some("application/x-www-form-urlencoded");
    assert!(is_ping(form, b"webhook_id=12"));
    assert!(is_ping(Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8"), b"webhook_id=1"));
    for (kind, body) in [
        (None, "webhook_id=12"),
        (Some("application/json"), "webhook_id=12"),
        (form, ""),
        (form, "webhook_id="),
        (form, "webhook_id=12&x=1"),
        (form, "webhook_id=1a"),
        (form, "webhook_id=-1"),
        (form, "webhook_id=123456789012345678901"),
        (form, "id=12"),
    ] {
        assert!(!is_ping(kind, body.as_bytes()), "{kind:?} {body}");
    }
}

//! Orders: each topic, how an order stands, who ordered.

use masa_domain::OrderStatus;
use masa_intake::shopify::{self, Delivery};
use serde_json::json;

use super::{ORDERS, TRIGGERED, bought, fact, fixture, paid};
use crate::{details, key, now, order};

#[test]
fn a_paid_order_as_shopify_sends_it() {
    let fact = fact("orders/paid", &fixture("orders-paid.json")).expect("a fact");
    assert_eq!(Some(fact.contact), key().contact(Some("noa.cohen@example.com"), None));
    assert_eq!(fact.at.to_string(), "2026-11-03T12:21:05Z");
    assert_eq!(
        details(&fact),
        json!({
            "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
            "last_name": "כהן", "language": "he-IL", "country": "IL",
            "consent": {"email": true, "at": "2026-11-03T12:21:07Z", "ip": "192.0.2.44"},
        })
    );
    assert_eq!(
        bought(&fact),
        json!({
            "order_id": "5678901234567", "shop": "shopify", "changed_at": "2026-11-03T12:21:09Z",
            "currency": "ILS", "total": "278.80", "coupon": "STAV10",
            "items": [
                {"product_id": "8123456789012", "name": "ספל קרמיקה", "quantity": 2, "price": "96.00"},
                {"product_id": "OIL-500", "name": "שמן זית", "quantity": 1, "price": "72.00"},
                {"product_id": "14123456789014", "name": "אריזת מתנה", "quantity": 1, "price": "18.00"},
            ],
        })
    );
}

#[test]
fn each_topic_of_an_order_tells_how_it_stands() {
    for (topic, file, status, total, items, changed_at) in [
        (
            "orders/create",
            "orders-create",
            OrderStatus::Placed,
            "278.80",
            3,
            "2026-11-03T12:21:07Z",
        ),
        ("orders/paid", "orders-paid", OrderStatus::Paid, "278.80", 3, "2026-11-03T12:21:09Z"),
        (
            "orders/updated",
            "orders-updated",
            OrderStatus::Paid,
            "207.00",
            2,
            "2026-11-09T07:02:44Z",
        ),
        (
            "orders/cancelled",
            "orders-cancelled",
            OrderStatus::Cancelled,
            "0.00",
            3,
            "2026-11-04T08:00:01Z",
        ),
        (
            "orders/fulfilled",
            "orders-fulfilled",
            OrderStatus::Paid,
            "278.80",
            3,
            "2026-11-05T06:30:00Z",
        ),
    ] {
        let fact = fact(topic, &fixture(&format!("{file}.json"))).expect("a fact");
        let order = order(&fact);
        let told = (order.status, order.total.as_deref(), order.items.len());
        assert_eq!(told, (status, Some(total), items), "{topic}");
        assert_eq!(
            order.changed_at.map(|at| at.to_string()).as_deref(),
            Some(changed_at),
            "{topic}"
        );
        assert_eq!(order.key(), "shopify:5678901234567", "{topic}");
        assert_eq!(fact.at.to_string(), "2026-11-03T12:21:05Z", "{topic}: when it was made");
    }
}

#[test]
fn one_state_of_an_order_is_one_fact() {
    let id = |topic: &str, file: &str| fact(topic, &fixture(file)).expect("a fact").id;
    for topic in ORDERS {
        if topic != "orders/cancelled" {
            let paid = id("orders/paid", "orders-paid.json");
            assert_eq!(id(topic, "orders-paid.json"), paid, "{topic}");
        }
    }
    let files = ["create", "paid", "updated", "cancelled", "fulfilled"];
    let ids: std::collections::BTreeSet<_> =
        files.iter().map(|file| id("orders/updated", &format!("orders-{file}.json"))).collect();
    assert_eq!(ids.len(), files.len());
}

#[test]
fn how_an_order_stands() {
    use OrderStatus::{Cancelled, Paid, Placed, Refunded};
    for (topic, told, status) in [
        ("orders/create", json!({"financial_status": "pending"}), Placed),
        ("orders/create", json!({"financial_status": "authorized"}), Placed),
        ("orders/create", json!({"financial_status": "partially_paid"}), Placed),
        ("orders/create", json!({"financial_status": "paid"}), Paid),
        ("orders/create", json!({"financial_status": "something new"}), Placed),
        ("orders/create", json!({"financial_status": null}), Placed),
        ("orders/create", json!({}), Placed),
        ("orders/paid", json!({}), Paid),
        ("orders/paid", json!({"financial_status": "PAID"}), Paid),
        ("orders/updated", json!({"financial_status": "partially_refunded"}), Paid),
        ("orders/updated", json!({"financial_status": "refunded"}), Refunded),
        ("orders/updated", json!({"financial_status": "voided"}), Cancelled),
        (
            "orders/updated",
            json!({"financial_status": "paid", "cancelled_at": "2026-11-04T10:00:00Z"}),
            Cancelled,
        ),
        ("orders/cancelled", json!({"financial_status": "paid"}), Cancelled),
    ] {
        let mut body = told.clone();
        body["id"] = json!(1);
        body["email"] = json!("a@example.com");
        let fact = fact(topic, &body.to_string()).expect("an order of somebody");
        assert_eq!(order(&fact).status, status, "{topic} {told}");
        let changed_at = order(&fact).changed_at.map(|at| at.to_string());
        assert_eq!(changed_at.as_deref(), Some(TRIGGERED), "no other time is told");
    }
}

#[test]
fn a_box_that_is_not_ticked_is_no_refusal() {
    for (told, consent) in [
        (json!({"buyer_accepts_marketing": false, "created_at": "2026-11-03T12:00:00Z"}), None),
        (json!({"buyer_accepts_marketing": true}), None),
        (json!({"buyer_accepts_marketing": "true", "created_at": "2026-11-03T12:00:00Z"}), None),
        (
            json!({"buyer_accepts_marketing": true, "created_at": "2026-11-03T12:00:00Z"}),
            Some(json!({"email": true, "at": "2026-11-03T12:00:00Z"})),
        ),
    ] {
        let mut body = told.clone();
        body["id"] = json!(1);
        body["email"] = json!("a@example.com");
        let fact = paid(&body).expect("an order of somebody");
        assert_eq!(details(&fact).get("consent"), consent.as_ref(), "{told}");
    }
}

#[test]
fn addresses_are_taken_from_where_they_are() {
    let phone = "+972505550177";
    for (body, email, number) in [
        (
            json!({"email": "a@example.com", "customer": {"email": "b@example.com"}}),
            Some("a@example.com"),
            None,
        ),
        (json!({"email": "", "customer": {"email": "b@example.com"}}), Some("b@example.com"), None),
        (json!({"email": "broken", "contact_email": "b@example.com"}), Some("b@example.com"), None),
        (json!({"email": 5, "customer": {"email": "b@example.com"}}), Some("b@example.com"), None),
        (json!({"phone": phone, "customer": {"phone": "+972505550188"}}), None, Some(phone)),
        (json!({"customer": {"phone": phone}}), None, Some(phone)),
        (json!({"phone": "050-555-0100", "billing_address": {"phone": phone}}), None, Some(phone)),
        (json!({"email": "a@example.com", "phone": "050-555-0100"}), Some("a@example.com"), None),
        (
            json!({"email": "a@example.com", "shipping_address": {"phone": phone}}),
            Some("a@example.com"),
            None,
        ),
    ] {
        let mut body = body;
        body["id"] = json!(1);
        let details = paid(&body).expect("an order of somebody").details;
        assert_eq!((details.email.as_deref(), details.phone.as_deref()), (email, number), "{body}");
    }
}

#[test]
fn the_time_of_a_delivery_is_used_when_it_can_be() {
    let body = json!({"id": 1, "email": "a@example.com"}).to_string();
    for (triggered_at, expected) in [
        (Some("2026-11-10T09:00:00+02:00"), Some("2026-11-10T07:00:00Z")),
        (Some(" 2026-11-10T09:00:00Z "), Some("2026-11-10T09:00:00Z")),
        (Some("2999-01-01T00:00:00Z"), Some("2026-11-18T11:06:40Z")),
        (Some("now"), None),
        (Some(""), None),
        (None, None),
    ] {
        let delivery = Delivery { topic: "orders/paid", triggered_at, body: body.as_bytes() };
        let facts = shopify::parse(&delivery, &key(), now()).expect("an order");
        let fact = facts.first().expect("an order of somebody");
        let changed_at = order(fact).changed_at.map(|at| at.to_string());
        assert_eq!(changed_at.as_deref(), expected, "{triggered_at:?}");
    }
}

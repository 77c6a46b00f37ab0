//! Shopify's paid orders, as Shopify sends them and as it should not.
#![expect(clippy::expect_used, clippy::panic, reason = "test assertions")]

use jiff::Timestamp;
use masa_domain::{ContactKey, Fact, FactId, Happening, Order};
use masa_intake::{
    Malformed,
    shopify::{self, Parsed},
};
use serde_json::{Value, json};

const PAID: &[u8] = include_bytes!("fixtures/orders-paid.json");

fn key() -> ContactKey {
    ContactKey::new("a key of contacts for tests, 32 bytes")
}

fn parse(topic: &str, body: &[u8]) -> Result<Parsed, Malformed> {
    let now = Timestamp::from_second(1_795_000_000).expect("a moment");
    shopify::parse(topic, body, &key(), now)
}

fn paid(body: &Value) -> Option<Fact> {
    match parse("orders/paid", body.to_string().as_bytes()) {
        Ok(Parsed::Fact(fact)) => Some(*fact),
        Ok(Parsed::Ignored) => None,
        Err(malformed) => panic!("{body}: {malformed}"),
    }
}

fn order(fact: &Fact) -> &Order {
    match &fact.what {
        Happening::Purchase(order) => order,
        other => panic!("a purchase, not {other:?}"),
    }
}

#[test]
fn a_paid_order_as_shopify_sends_it() {
    let Ok(Parsed::Fact(fact)) = parse("orders/paid", PAID) else { panic!("a fact") };
    assert_eq!(fact.id, FactId::new("shopify.order", "5678901234567"));
    assert_eq!(Some(fact.contact), key().contact(Some("noa.cohen@example.com"), None));
    assert_eq!(fact.at.to_string(), "2026-11-03T12:21:05Z");
    assert_eq!(
        serde_json::to_value(&fact.details).expect("JSON"),
        json!({
            "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
            "last_name": "כהן", "language": "he-IL", "country": "IL",
        })
    );
    assert_eq!(
        serde_json::to_value(order(&fact)).expect("JSON"),
        json!({
            "order_id": "5678901234567", "currency": "ILS", "total": "278.80", "coupon": "STAV10",
            "items": [
                {"product_id": "8123456789012", "name": "ספל קרמיקה", "quantity": 2, "price": "96.00"},
                {"product_id": "OIL-500", "name": "שמן זית", "quantity": 1, "price": "72.00"},
                {"product_id": "14123456789014", "name": "אריזת מתנה", "quantity": 1, "price": "18.00"},
            ],
        })
    );
}

#[test]
fn other_topics_and_orders_of_nobody_are_ignored() {
    for topic in ["orders/create", "customers/create", "ORDERS/PAID", ""] {
        assert_eq!(parse(topic, PAID), Ok(Parsed::Ignored), "{topic}");
    }
    assert_eq!(parse("app/uninstalled", b"not even JSON"), Ok(Parsed::Ignored));
    assert_eq!(paid(&json!({"id": 1})), None, "a sale at the counter");
    let unusable = json!({"id": 1, "email": "noa", "phone": "050-555-0177"});
    assert_eq!(paid(&unusable), None, "no address that could be used");
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
        (
            json!({"email": "broken", "customer": {"email": "b@example.com"}}),
            Some("b@example.com"),
            None,
        ),
        (json!({"phone": phone, "customer": {"phone": "+972505550188"}}), None, Some(phone)),
        (json!({"customer": {"phone": phone}}), None, Some(phone)),
        (json!({"phone": "050-555-0100", "billing_address": {"phone": phone}}), None, Some(phone)),
        (json!({"email": "a@example.com", "phone": "050-555-0100"}), Some("a@example.com"), None),
    ] {
        let mut body = body;
        body["id"] = json!(1);
        let details = paid(&body).expect("an order of somebody").details;
        assert_eq!((details.email.as_deref(), details.phone.as_deref()), (email, number), "{body}");
    }
}

#[test]
fn what_cannot_be_used_is_left_out() {
    let fact = paid(&json!({
        "id": 1, "email": "a@example.com", "currency": "shekels", "total_price": "-5.00",
        "customer_locale": "?", "processed_at": "soon", "created_at": "2026-11-03T12:00:00Z",
        "customer": {"first_name": "x".repeat(300), "last_name": "\u{202e}"},
        "billing_address": {"country_code": "Israel", "first_name": "Noa"},
        "discount_codes": [],
        "line_items": [{"title": "nothing identifies this"}, {"product_id": 5, "quantity": 0},
                       {"sku": "S", "price": "free", "quantity": 99_999_999}],
    }))
    .expect("an order of somebody");
    assert_eq!(fact.at.to_string(), "2026-11-03T12:00:00Z");
    assert_eq!(
        serde_json::to_value(&fact.details).expect("JSON"),
        json!({"email": "a@example.com", "first_name": "Noa"})
    );
    assert_eq!(
        serde_json::to_value(order(&fact)).expect("JSON"),
        json!({"order_id": "1", "items": [{"product_id": "S", "quantity": 1_000_000}]})
    );
}

#[test]
fn ten_thousand_lines_become_a_thousand() {
    let lines = vec![json!({"product_id": 5, "quantity": 1}); 10_000];
    let fact = paid(&json!({"id": 1, "email": "a@example.com", "line_items": lines}));
    assert_eq!(order(&fact.expect("an order")).items.len(), 1_000);
}

#[test]
fn wrong_types_name_the_field() {
    for (name, value, field) in [
        ("id", Value::Null, "id"),
        ("id", json!(-1), "id"),
        ("id", json!({}), "id"),
        ("email", json!(5), "email"),
        ("customer", json!([]), "customer"),
        ("customer", json!({"first_name": {}}), "customer.first_name"),
        ("billing_address", json!({"phone": 5}), "billing_address.phone"),
        ("total_price", json!(5.5), "total_price"),
        ("line_items", json!({}), "line_items"),
        ("line_items", json!([{}, 5]), "line_items[1]"),
        ("line_items", json!([{}, {"product_id": []}]), "line_items[1].product_id"),
        ("line_items", json!([{"quantity": "2"}]), "line_items[0].quantity"),
        ("discount_codes", json!(["A"]), "discount_codes[0]"),
        ("processed_at", json!(5), "processed_at"),
    ] {
        let mut body = json!({"id": 1, "email": "a@example.com"});
        body[name] = value;
        let malformed = parse("orders/paid", body.to_string().as_bytes()).unwrap_err();
        assert_eq!(malformed.field, field, "{body}: {malformed}");
    }
    assert_eq!(parse("orders/paid", b"[]").unwrap_err().field, "");
    let half = &PAID[..PAID.len() / 2];
    let malformed = parse("orders/paid", half).unwrap_err();
    assert!(malformed.problem.contains("line 5"), "{malformed}");
}

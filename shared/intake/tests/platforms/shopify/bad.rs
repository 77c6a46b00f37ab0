//! What Shopify should not send: what can be understood is kept.

use serde_json::{Value, json};

use super::{ORDERS, OTHERS, TRIGGERED, bought, fact, fixture, paid, parse};
use crate::{details, event, order};

#[test]
fn other_topics_and_what_is_nobodys_are_ignored() {
    for topic in ["ORDERS/PAID", "", "app/uninstalled", "products/update", "orders/delete"] {
        assert_eq!(parse(topic, "not even JSON"), Ok(vec![]), "{topic}");
    }
    for (topic, file) in [("refunds/create", "refunds-create"), ("orders/edited", "orders-edited")]
    {
        let body = fixture(&format!("{file}.json"));
        assert_eq!(parse(topic, &body), Ok(vec![]), "{topic}");
    }
    assert_eq!(paid(&json!({"id": 1})), None, "a sale at the counter");
    let unusable = json!({"id": 1, "email": "noa", "phone": "050-555-0177"});
    assert_eq!(paid(&unusable), None, "no address that could be used");
}

#[test]
fn what_cannot_be_used_is_left_out() {
    let lines = json!([{"title": "nothing identifies this"}, {"product_id": 5, "quantity": 0}, 5, null,
        {"product_id": 5, "quantity": 1, "current_quantity": 0},
        {"product_id": -5, "sku": "S\u{7}", "id": {}}, {"product_id": 7.5, "id": 8},
        {"product_id": 9, "quantity": -2}, {"sku": "S", "title": "Te\r\na\u{202e}", "price": "free", "quantity": 99_999_999}]);
    for total in ["-5.00", "NaN", "Infinity", "1e400", "9999999999999999999999", "1,000.00"] {
        let fact = paid(&json!({
            "id": 1, "email": "a@example.com", "currency": "shekels", "total_price": total,
            "current_total_price": 5.5, "customer_locale": "?", "processed_at": "soon",
            "created_at": "2026-11-03T12:00:00Z", "updated_at": -1, "cancelled_at": null,
            "customer": {"first_name": "x".repeat(300), "last_name": "\u{202e}"},
            "billing_address": {"country_code": "Israel", "first_name": "No\r\na\u{202e}"},
            "discount_codes": ["A", {"code": ""}, {"code": "B"}], "line_items": lines,
        }))
        .expect("an order of somebody");
        assert_eq!(fact.at.to_string(), "2026-11-03T12:00:00Z");
        assert_eq!(details(&fact), json!({"email": "a@example.com", "first_name": "Noa"}));
        assert_eq!(
            bought(&fact),
            json!({
                "order_id": "1", "shop": "shopify", "changed_at": TRIGGERED, "coupon": "B",
                "items": [
                    {"product_id": "8", "quantity": 1},
                    {"product_id": "S", "name": "Tea", "quantity": 1_000_000},
                ],
            }),
            "{total}"
        );
    }
}

#[test]
fn ten_thousand_lines_become_a_thousand_and_of_a_cart_what_fits() {
    let line = json!({"product_id": 5, "quantity": 1, "title": "תה ".repeat(60)});
    let body = json!({"id": 1, "email": "a@example.com", "line_items": vec![line; 10_000]});
    assert_eq!(order(&paid(&body).expect("an order")).items.len(), 1_000);
    let fact = fact("checkouts/update", &body.to_string()).expect("a cart");
    let bytes = event(&fact).1.to_string().len();
    assert!((2_000..8_000).contains(&bytes), "{bytes}");
}

#[test]
fn whatever_is_null_or_of_another_type_is_left_out() {
    for (topic, file) in [
        ("orders/updated", "orders-updated"),
        ("checkouts/update", "checkouts-update"),
        ("customers/update", "customers-update-2024-10"),
        ("customers_email_marketing_consent/update", "customers-email-consent"),
        ("customers_marketing_consent/update", "customers-sms-consent"),
        ("customers/data_request", "customers-data-request"),
    ] {
        let whole: Value = serde_json::from_str(&fixture(&format!("{file}.json"))).expect("JSON");
        let names: Vec<String> = whole.as_object().expect("an object").keys().cloned().collect();
        for name in &names {
            for value in [
                json!(null),
                json!(-1),
                json!(7.5),
                json!("\u{0}"),
                json!([[5]]),
                json!({"a": {}}),
                json!(true),
            ] {
                let mut body = whole.clone();
                body[name] = value;
                let parsed = parse(topic, &body.to_string());
                let needed = name == "id" || name == "shop_id";
                assert!(parsed.is_ok() || needed, "{topic} {name}: {parsed:?}");
            }
        }
        let nulls: serde_json::Map<String, Value> =
            names.into_iter().map(|name| (name, Value::Null)).collect();
        let nothing = parse(topic, &Value::Object(nulls).to_string());
        assert!(nothing.as_ref().map_or(true, Vec::is_empty), "{topic}: {nothing:?}");
    }
}

#[test]
fn what_is_not_shopifys_is_refused() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!("{{\"id\":1,\"line_items\":{deep}}}");
    for topic in ORDERS.into_iter().chain(OTHERS) {
        for body in ["", "[]", "null", "\"id\"", "{\"id\":1", "{\"id\":NaN}", "\u{feff}{}", &nested]
        {
            let malformed = parse(topic, body).expect_err("refused");
            assert_eq!(malformed.field, "", "{topic} {malformed}");
        }
    }
    for id in [json!(null), json!(-1), json!(1.5), json!({}), json!(""), json!("\u{202e}1")] {
        let body = json!({"id": id, "email": "a@example.com"}).to_string();
        for topic in ORDERS.into_iter().chain(["checkouts/create", "customers/create"]) {
            assert_eq!(parse(topic, &body).expect_err("refused").field, "id", "{topic} {id}");
        }
    }
    let paid = fixture("orders-paid.json");
    let malformed = parse("orders/paid", &paid[..paid.len() / 2 - 1]);
    assert!(malformed.is_err(), "half of it");
}

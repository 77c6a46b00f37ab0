//! Carts, customers, what they agreed to and what the law lets them ask for.

use masa_domain::ContactDetails;
use serde_json::{Value, json};

use super::{TRIGGERED, fact, fixture, parse};
use crate::{details, event, key};

#[test]
fn a_checkout_is_a_cart() {
    let told = fact("checkouts/update", &fixture("checkouts-update.json")).expect("a fact");
    assert_eq!(told.at.to_string(), "2026-11-03T14:02:30Z");
    assert_eq!(
        details(&told),
        json!({
            "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
            "last_name": "כהן", "language": "he-IL", "country": "IL",
        })
    );
    let data = json!({
        "cart_id": "36412345678901", "total": 264, "currency": "ILS",
        "url": "https://shop.example/60123456/checkouts/ac/Z2NwLXVzLWVhc3QxOjAx/recover?key=6d83eda7cc1a&locale=he-IL",
        "items": [
            {"product_id": "8123456789012", "name": "ספל קרמיקה", "quantity": 2, "price": "96.00"},
            {"product_id": "8123456789019", "name": "שמן זית", "quantity": 1, "price": "72.00"},
        ],
    });
    assert_eq!(event(&told), ("cart", &data));
    let again = fact("checkouts/create", &fixture("checkouts-update.json")).expect("a fact");
    assert_eq!(again.id, told.id, "the same state is one fact");
    for (change, member, expected) in [
        (json!({"line_items": []}), "total", json!(0)),
        (json!({"line_items": null, "total_price": "84.00"}), "total", json!(0)),
        (json!({"total_price": "84.50"}), "total", json!(84.5)),
        (json!({"total_price": "0.00"}), "total", json!(0)),
        (json!({"total_price": "-1"}), "total", Value::Null),
        (json!({"total_price": "NaN"}), "total", Value::Null),
        (json!({"abandoned_checkout_url": "http://shop.example/"}), "url", Value::Null),
        (json!({"abandoned_checkout_url": "https://shop.example/ x"}), "url", Value::Null),
        (json!({"abandoned_checkout_url": "https://shop.example/\"><b>"}), "url", Value::Null),
        (json!({"abandoned_checkout_url": "javascript:alert(1)"}), "url", Value::Null),
        (json!({"id": null}), "cart_id", json!("2a0f1c9f4a7be1c11c6bf3f5f3d1c111")),
    ] {
        let mut body: Value =
            serde_json::from_str(&fixture("checkouts-update.json")).expect("JSON");
        body.as_object_mut().expect("a cart").extend(change.as_object().expect("some").clone());
        let fact = fact("checkouts/update", &body.to_string()).expect("a cart of somebody");
        assert_eq!(event(&fact).1[member], expected, "{change}");
    }
    let mut done: Value = serde_json::from_str(&fixture("checkouts-update.json")).expect("JSON");
    done["completed_at"] = json!("2026-11-03T14:21:07+02:00");
    assert_eq!(fact("checkouts/update", &done.to_string()), None, "the order tells");
    done = json!({"id": 1, "token": "t", "email": null, "line_items": []});
    assert_eq!(fact("checkouts/create", &done.to_string()), None, "nobody's");
}

#[test]
fn customers_and_what_they_agreed_to() {
    for (topic, file, name, at, expected) in [
        (
            "customers/create",
            "customers-create",
            "customer-created",
            "2026-11-03T12:20:58Z",
            json!({
                "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
                "last_name": "כהן", "country": "IL",
            }),
        ),
        (
            "customers/update",
            "customers-update-2024-10",
            "customer-updated",
            "2026-11-07T17:11:20Z",
            json!({
                "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
                "last_name": "כהן-לוי",
                "consent": {"email": false, "at": "2026-11-07T17:11:19Z"},
            }),
        ),
        (
            "customers_email_marketing_consent/update",
            "customers-email-consent",
            "consent-updated",
            "2026-11-08T05:45:00Z",
            json!({
                "email": "noa.cohen@example.com",
                "consent": {"email": true, "at": "2026-11-08T05:45:00Z"},
            }),
        ),
        (
            "customers_marketing_consent/update",
            "customers-sms-consent",
            "consent-updated",
            "2026-11-08T05:46:00Z",
            json!({
                "phone": "+972505550177",
                "consent": {"sms": false, "at": "2026-11-08T05:46:00Z"},
            }),
        ),
    ] {
        let fact = fact(topic, &fixture(&format!("{file}.json"))).expect("a fact");
        assert_eq!(event(&fact), (name, &Value::Null), "{topic}");
        assert_eq!(fact.at.to_string(), at, "{topic}");
        assert_eq!(details(&fact), expected, "{topic}");
        if let Some(email) = expected["email"].as_str() {
            assert_eq!(Some(fact.contact), key().contact(Some(email), None), "{topic}");
        }
    }
}

#[test]
fn only_a_yes_or_a_no_is_a_consent() {
    for (state, at, expected) in [
        (
            json!("subscribed"),
            json!("2026-11-08T05:45:00Z"),
            Some((true, Some("2026-11-08T05:45:00Z"))),
        ),
        (
            json!("unsubscribed"),
            json!("2026-11-08T05:45:00Z"),
            Some((false, Some("2026-11-08T05:45:00Z"))),
        ),
        (json!("UNSUBSCRIBED"), Value::Null, Some((false, Some(TRIGGERED)))),
        (json!("subscribed"), json!("yesterday"), Some((true, None))),
        (json!("not_subscribed"), Value::Null, None),
        (json!("pending"), json!("2026-11-08T05:45:00Z"), None),
        (json!("redacted"), Value::Null, None),
        (json!("invalid"), Value::Null, None),
        (Value::Null, Value::Null, None),
        (json!(true), Value::Null, None),
    ] {
        let said = json!({"state": state, "opt_in_level": null, "consent_updated_at": at});
        let email = json!({"customer_id": 1, "email_address": "a@example.com", "email_marketing_consent": said});
        let sms = json!({"id": 1, "phone": "+972505550177", "sms_marketing_consent": said});
        for (topics, body) in [
            (
                [
                    "customers_email_marketing_consent/update",
                    "customers/email_marketing_consent_update",
                ],
                email,
            ),
            (["customers_marketing_consent/update", "customers/marketing_consent_update"], sms),
        ] {
            for topic in topics {
                let consent = fact(topic, &body.to_string()).and_then(|fact| fact.details.consent);
                let told = consent.map(|consent| {
                    let said = consent.email.or(consent.sms).expect("an answer");
                    (said, consent.at.map(|at| at.to_string()))
                });
                let told = told.as_ref().map(|(said, at)| (*said, at.as_deref()));
                assert_eq!(told, expected, "{topic} {body}");
            }
        }
    }
}

#[test]
fn what_the_law_gives_to_ask_for() {
    let email = key().contact(Some("noa.cohen@example.com"), None).expect("a contact");
    for (topic, file, name, contacts, data) in [
        (
            "customers/data_request",
            "customers-data-request",
            "data-requested",
            vec![email],
            json!({"request": "9999"}),
        ),
        ("customers/redact", "customers-redact", "erasure-requested", vec![email], Value::Null),
        ("shop/redact", "shop-redact", "", vec![], Value::Null),
    ] {
        let facts = parse(topic, &fixture(&format!("{file}.json"))).expect("Shopify's");
        let whom: Vec<_> = facts.iter().map(|fact| fact.contact).collect();
        assert_eq!(whom, contacts, "{topic}");
        for fact in facts {
            assert_eq!(event(&fact), (name, &data), "{topic}");
            assert_eq!(fact.details, ContactDetails::default(), "{topic}: nobody is told of anew");
        }
        assert!(parse(topic, "{}").is_err(), "{topic}: it is of no shop");
    }
}

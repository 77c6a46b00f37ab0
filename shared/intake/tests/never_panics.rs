//! Whatever a caller sends, a door answers: it never panics, and what it lets in is within limits.
#![expect(clippy::expect_used, reason = "test assertions")]

use std::collections::BTreeMap;

use jiff::Timestamp;
use masa_domain::{ContactKey, Fact, Form};
use masa_intake::{
    event,
    form::{self, Submission},
    purchase, shopify,
    signature::{Shopify, StandardWebhooks},
    signup,
};
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, Value, json};

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a moment")
}

fn key() -> ContactKey {
    ContactKey::new("a key of contacts for tests, 32 bytes")
}

/// All that the doors make of a body.
fn doors(body: &[u8], content_type: &str) -> Vec<Fact> {
    let key = key();
    let form = Form { consent: [(String::new(), "words".to_owned())].into(), ..Form::default() };
    let content_type = Some(content_type);
    let submission = Submission {
        name: "f",
        form: &form,
        language: "en",
        questions: &BTreeMap::new(),
        content_type,
        body,
        ip: Some("::1"),
    };
    let hooks = [
        signup::parse(body, "msg_1", &key, now()),
        event::parse(body, "msg_1", &key, now()),
        purchase::parse(body, &key, now()),
    ];
    let mut facts: Vec<Fact> = hooks.into_iter().flatten().collect();
    // Only a platform may know somebody by an account alone.
    let named = |fact: &Fact| fact.details.email.is_some() || fact.details.phone.is_some();
    assert!(facts.iter().all(named), "somebody is meant");
    for topic in [
        "orders/paid",
        "checkouts/update",
        "customers/update",
        "customers_email_marketing_consent/update",
        "customers_marketing_consent/update",
        "customers/redact",
    ] {
        let delivery = shopify::Delivery { topic, triggered_at: None, body };
        // The law's topics tell of contacts, and not who they are.
        let told = shopify::parse(&delivery, &key, now()).unwrap_or_default();
        facts.extend(told.into_iter().filter(|_| topic != "customers/redact"));
    }
    if let Ok(form::Parsed::Fact(fact)) = form::parse(&submission, &key, now()) {
        facts.push(*fact);
    }
    facts
}

fn within_limits(fact: &Fact) -> Result<(), TestCaseError> {
    let details = &fact.details;
    let by_address = details.email.as_deref().and_then(|email| key().contact(Some(email), None));
    prop_assert!(by_address.is_none_or(|contact| contact == fact.contact), "whose address it is");
    prop_assert!(fact.at <= fact.received_at, "nothing has happened in the future");
    let agreed_at = details.consent.as_ref().and_then(|consent| consent.at);
    prop_assert!(agreed_at.is_none_or(|at| at <= fact.received_at));
    prop_assert!(details.fields.len() <= 100);
    let kept = serde_json::to_string(fact).expect("a fact is JSON");
    prop_assert!(serde_json::from_str::<Fact>(&kept).is_ok(), "a fact reads back: {kept}");
    Ok(())
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("dana@example.com")),
        Just(json!("+972505550123")),
        Just(json!("129.90")),
        Just(json!("unsubscribed")),
        Just(json!("https://shop.example/cart")),
        Just(json!("2999-01-01T00:00:00Z")),
    ];
    leaf.prop_recursive(6, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec((any_name(), inner), 0..8)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// The names that some door knows, and others.
fn any_name() -> impl Strategy<Value = String> {
    let known = "email phone first_name last_name language timezone country lists fields form \
                 consent sms text ip at order_id currency total items product_id name quantity \
                 price coupon type contact data id customer billing_address line_items \
                 discount_codes code total_price processed_at customer_locale website _id a b c \
                 updated_at created_at cancelled_at financial_status current_total_price \
                 default_address email_address email_marketing_consent sms_marketing_consent state \
                 consent_updated_at abandoned_checkout_url browser_ip buyer_accepts_marketing";
    let known: Vec<String> = known.split_whitespace().map(str::to_owned).collect();
    prop_oneof![9 => prop::sample::select(known), 1 => any::<String>()]
}

const CONTENT_TYPES: [&str; 3] =
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_bytes(body in vec(any::<u8>(), 0..600), kind in 0..3_usize) {
        doors(&body, CONTENT_TYPES[kind]);
    }

    #[test]
    fn nearly_multipart(
        parts in vec(
            prop_oneof![
                Just("--x\r\n"), Just("--x--"), Just("\r\n"), Just("\r\n\r\n"), Just("--x"),
                Just("Content-Disposition: form-data; name=\"email\""), Just("dana@example.com"),
                Just("Content-Disposition: form-data; name=\"f\"; filename=\"a\""), Just("\""),
                Just("Content-Disposition: form-data"), Just("Content-Type: x"), Just("\u{0}é"),
            ],
            0..24,
        ),
    ) {
        doors(parts.concat().as_bytes(), "multipart/form-data; boundary=x");
    }

    #[test]
    fn any_object(body in any_json()) {
        for fact in doors(body.to_string().as_bytes(), "application/json") {
            within_limits(&fact)?;
        }
    }

    #[test]
    fn a_person_with_anything_else(
        body in any_json(),
        name in any_name(),
    ) {
        let mut person = json!({"email": "dana@example.com", "order_id": "1", "id": 1});
        person[&name] = body.clone();
        let event = json!({"type": "t", "contact": person, "data": {"a": body}});
        for body in [person, event] {
            for fact in doors(body.to_string().as_bytes(), "application/json") {
                within_limits(&fact)?;
            }
        }
    }

    #[test]
    fn any_headers(
        id in any::<Option<String>>(),
        at in prop_oneof![any::<i64>().prop_map(|at| Some(at.to_string())), any::<Option<String>>()],
        signature in prop_oneof!["(v1,|v1a,)?[A-Za-z0-9+/=, ]{0,60}".prop_map(Some), any::<Option<String>>()],
        body in vec(any::<u8>(), 0..60),
    ) {
        let hooks = StandardWebhooks::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("a secret");
        let checked = hooks.verify(id.as_deref(), at.as_deref(), signature.as_deref(), &body, now());
        prop_assert!(checked.is_err(), "nobody guesses a signature");
        let shop = Shopify::new("hush").expect("a secret");
        prop_assert!(shop.verify(signature.as_deref(), &body).is_err());
    }

    #[test]
    fn any_secrets(secrets in any::<String>(), csv in "(whsec_)?[A-Za-z0-9+/=,]{0,60}") {
        for secrets in [secrets, csv] {
            let _ = StandardWebhooks::new(&secrets);
            let _ = Shopify::new(&secrets);
        }
    }
}

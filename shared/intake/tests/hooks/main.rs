//! The generic hooks: what they understand, and which field they name when they don't.
#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test assertions")]

mod hostile;

use jiff::Timestamp;
use masa_domain::{ContactKey, Fact, FactId, Happening};
use masa_intake::{Malformed, event, purchase, signup};
use serde_json::{Value, json};

fn key() -> ContactKey {
    ContactKey::new("a key of contacts for tests, 32 bytes")
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a moment")
}

fn signup(body: &Value) -> Result<Fact, Malformed> {
    signup::parse(body.to_string().as_bytes(), "msg_1", &key(), now())
}

fn purchase(body: &Value) -> Result<Fact, Malformed> {
    purchase::parse(body.to_string().as_bytes(), &key(), now())
}

fn event(body: &Value) -> Result<Fact, Malformed> {
    event::parse(body.to_string().as_bytes(), "msg_1", &key(), now())
}

#[test]
fn a_whole_signup() {
    let fact = signup(&json!({
        "email": " Dana.Levi@Example.COM", "phone": "+972 50-555-0123",
        "first_name": "דנה\u{202e}\n", "last_name": "לוי", "language": "iw_il",
        "timezone": "Asia/Jerusalem", "country": "il",
        "lists": ["newsletter", "לקוחות", "newsletter"],
        "fields": {"size": 42, "colours": ["red", "blue"], "old": null, "note": "a\nb"},
        "form": "landing-spring",
        "consent": {"email": true, "sms": false, "text": "I agree", "ip": "192.0.2.7",
                    "at": "2026-11-01T09:30:00+02:00"},
        "an unknown name": {"is": ["passed over"]},
    }))
    .expect("a signup");
    assert_eq!(fact.id, FactId::new("signup", "msg_1"));
    assert_eq!(Some(fact.contact), key().contact(Some("dana.levi@example.com"), None));
    assert_eq!((fact.received_at, fact.at), (now(), now()));
    assert_eq!(fact.what, Happening::Signup { form: Some("landing-spring".to_owned()) });
    assert_eq!(
        serde_json::to_value(&fact.details).expect("JSON"),
        json!({
            "email": "dana.levi@example.com", "phone": "+972505550123", "first_name": "דנה",
            "last_name": "לוי", "language": "he-IL", "timezone": "Asia/Jerusalem", "country": "IL",
            "lists": ["newsletter", "לקוחות"],
            "fields": {"size": 42, "colours": ["red", "blue"], "old": null, "note": "a\nb"},
            "consent": {"email": true, "sms": false, "text": "I agree", "ip": "192.0.2.7",
                        "at": "2026-11-01T07:30:00Z"},
        })
    );
}

#[test]
fn what_is_left_out_stays_out() {
    let nothing = json!({
        "email": "dana@example.com", "phone": "", "first_name": null, "last_name": "  ",
        "language": "", "lists": null, "fields": null, "form": "", "consent": {"text": "words"},
    });
    let fact = signup(&nothing).expect("a signup");
    assert_eq!(
        serde_json::to_value(&fact.details).expect("JSON"),
        json!({"email": "dana@example.com"})
    );
    assert_eq!(fact.what, Happening::Signup { form: None });
    let by_phone = signup(&json!({"phone": "00972505550123"})).expect("a signup");
    assert_eq!(Some(by_phone.contact), key().contact(None, Some("+972505550123")));
}

#[test]
fn the_future_is_now() {
    let consent = json!({"email": true, "at": "2999-01-01T00:00:00Z"});
    let fact = signup(&json!({"email": "dana@example.com", "consent": consent})).expect("a signup");
    assert_eq!(fact.details.consent.and_then(|consent| consent.at), Some(now()));
    let order = json!({"order_id": "1", "email": "dana@example.com", "at": "2999-01-01T00:00:00Z"});
    assert_eq!(purchase(&order).expect("a purchase").at, now());
}

#[test]
fn a_whole_purchase() {
    let fact = purchase(&json!({
        "order_id": "1001", "email": "DANA@example.com", "phone": "+972505550123",
        "currency": "ils", "total": "129.90", "coupon": "SPRING", "at": "2026-11-01T09:30:00Z",
        "items": [{"product_id": "sku-123", "name": "כוס", "quantity": 2, "price": "64.95"},
                  {"product_id": "gift"}],
    }))
    .expect("a purchase");
    assert_eq!(fact.id, FactId::new("purchase", "1001"), "an order counts once");
    assert_eq!(fact.at.to_string(), "2026-11-01T09:30:00Z");
    assert_eq!(
        serde_json::to_value(&fact.what).expect("JSON"),
        json!({
            "kind": "purchase", "order_id": "1001", "currency": "ILS", "total": "129.90",
            "items": [{"product_id": "sku-123", "name": "כוס", "quantity": 2, "price": "64.95"},
                      {"product_id": "gift", "quantity": 1}],
            "coupon": "SPRING",
        })
    );
}

#[test]
fn a_whole_event() {
    let fact = event(&json!({
        "type": "course.lesson_done", "at": "2026-11-01T09:30:00Z",
        "contact": {"email": "dana@example.com", "fields": {"lessons": 3}},
        "data": {"lesson": 3, "tags": ["a", {"b": [1.5, null]}]},
    }))
    .expect("an event");
    assert_eq!(fact.id, FactId::new("event", "msg_1"));
    assert_eq!(fact.details.fields["lessons"], json!(3));
    let data = json!({"lesson": 3, "tags": ["a", {"b": [1.5, null]}]});
    assert_eq!(fact.what, Happening::Event { name: "course.lesson_done".to_owned(), data });
}

/// Each refused body with the field that must be named.
fn named(parse: fn(&Value) -> Result<Fact, Malformed>, bad: &[(Value, &str)]) {
    for (body, field) in bad {
        let Err(malformed) = parse(body) else { panic!("{body} is refused") };
        assert_eq!(&malformed.field, field, "{body}: {malformed}");
        assert!(!malformed.problem.is_empty(), "{body}: it says what to do");
    }
}

/// A signup with one thing more.
fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut body = json!({"email": "dana@example.com"});
    body[name] = value.into();
    body
}

#[test]
fn a_bad_signup_names_the_field() {
    let many: serde_json::Map<_, _> = (0..101).map(|n| (format!("f{n}"), json!(n))).collect();
    named(
        signup,
        &[
            (json!([]), ""),
            (json!("text"), ""),
            (json!({}), "email"),
            (json!({"email": "", "phone": null}), "email"),
            (json!({"email": 5}), "email"),
            (json!({"email": ["dana@example.com"]}), "email"),
            (json!({"email": "dana"}), "email"),
            (json!({"phone": "0505550123"}), "phone"),
            (with("phone", 972_505_550_123_u64), "phone"),
            (with("email", "dana@example.com\r\nBcc: x@example.com"), "email"),
            (with("email", "dana\u{202e}@example.com"), "email"),
            (with("first_name", true), "first_name"),
            (with("first_name", "x".repeat(201)), "first_name"),
            (with("last_name", json!({})), "last_name"),
            (with("language", "hebrew!"), "language"),
            (with("language", "h"), "language"),
            (with("timezone", "UTC+2 (Israel)"), "timezone"),
            (with("country", "Israel"), "country"),
            (with("country", "ישראל"), "country"),
            (with("lists", "newsletter"), "lists"),
            (with("lists", json!(["a", 5])), "lists[1]"),
            (with("lists", json!(["a", "b", "two words"])), "lists[2]"),
            (with("lists", json!(["x".repeat(61)])), "lists[0]"),
            (with("lists", vec!["x"; 101]), "lists"),
            (with("fields", json!(["a"])), "fields"),
            (with("fields", many), "fields"),
            (with("fields", json!({"dana@example.com": 1})), "fields"),
            (with("fields", json!({"": 1})), "fields"),
            (with("fields", json!({"email": "x@example.com"})), "fields.email"),
            (with("fields", json!({"a": {"b": 1}})), "fields.a"),
            (with("fields", json!({"a": [[1]]})), "fields.a"),
            (with("fields", json!({"a": "x".repeat(4096)})), "fields.a"),
            (with("fields", json!({"a": 1e300})), "fields.a"),
            (with("fields", json!({"a": [1, 1e-300]})), "fields.a"),
            (with("form", "two words"), "form"),
            (with("form", 5), "form"),
            (with("consent", true), "consent"),
            (with("consent", json!({"email": "yes"})), "consent.email"),
            (with("consent", json!({"sms": 1})), "consent.sms"),
            (with("consent", json!({"email": true, "text": 5})), "consent.text"),
            (with("consent", json!({"email": true, "text": "x".repeat(2001)})), "consent.text"),
            (with("consent", json!({"email": true, "ip": "localhost"})), "consent.ip"),
            (with("consent", json!({"email": true, "at": 1_795_000_000})), "consent.at"),
        ],
    );
}

/// An order with one thing more.
fn order(name: &str, value: impl Into<Value>) -> Value {
    let mut body = json!({"order_id": "1", "email": "dana@example.com"});
    body[name] = value.into();
    body
}

/// An order whose third line has one thing more.
fn line(name: &str, value: impl Into<Value>) -> Value {
    let mut line = json!({"product_id": "p3"});
    line[name] = value.into();
    order("items", json!([{"product_id": "p1"}, {"product_id": "p2"}, line]))
}

#[test]
fn a_bad_purchase_names_the_field() {
    named(
        purchase,
        &[
            (json!({"order_id": "1"}), "email"),
            (json!({"email": "dana@example.com"}), "order_id"),
            (order("order_id", 5), "order_id"),
            (order("order_id", ""), "order_id"),
            (order("order_id", "x".repeat(201)), "order_id"),
            (order("currency", "shekel"), "currency"),
            (order("currency", "₪"), "currency"),
            (order("total", 129.9), "total"),
            (order("total", "129,90"), "total"),
            (order("total", "1e3"), "total"),
            (order("total", "NaN"), "total"),
            (order("total", "-1.00"), "total"),
            (order("total", "1."), "total"),
            (order("total", ".5"), "total"),
            (order("total", "+5"), "total"),
            (order("total", "9".repeat(16)), "total"),
            (order("order_id", "1\r\n2"), "order_id"),
            (order("order_id", "1\u{202e}2"), "order_id"),
            (order("total", "-0"), "total"),
            (order("total", "Infinity"), "total"),
            (order("total", "1,000.00"), "total"),
            (order("total", "１２"), "total"),
            (order("total", "0.0000001"), "total"),
            (order("total", "1e400"), "total"),
            (order("coupon", json!(["A"])), "coupon"),
            (order("coupon", "A\u{0}"), "coupon"),
            (order("items", json!({"product_id": "p"})), "items"),
            (order("items", json!([{"product_id": "p"}, "p"])), "items[1]"),
            (order("items", json!(vec![json!({"product_id": "p"}); 1001])), "items"),
            (line("product_id", Value::Null), "items[2].product_id"),
            (line("product_id", 5), "items[2].product_id"),
            (line("name", 5), "items[2].name"),
            (line("price", 9.9), "items[2].price"),
            (line("price", "-9.90"), "items[2].price"),
            (line("quantity", 0), "items[2].quantity"),
            (line("quantity", -1), "items[2].quantity"),
            (line("quantity", 1.5), "items[2].quantity"),
            (line("quantity", "2"), "items[2].quantity"),
            (line("quantity", 1_000_001), "items[2].quantity"),
            (line("quantity", u64::MAX), "items[2].quantity"),
        ],
    );
}

/// An event with one thing more.
fn happened(name: &str, value: impl Into<Value>) -> Value {
    let mut body = json!({"type": "visited", "contact": {"email": "dana@example.com"}});
    body[name] = value.into();
    body
}

#[test]
fn a_bad_event_names_the_field() {
    let deep = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
    assert!(event(&happened("data", deep(20))).is_ok(), "20 levels are fine");
    named(
        event,
        &[
            (json!({"contact": {"email": "dana@example.com"}}), "type"),
            (json!({"type": "visited"}), "contact"),
            (happened("type", "two words"), "type"),
            (happened("type", "a\r\nb"), "type"),
            (happened("type", "x".repeat(101)), "type"),
            (happened("type", json!(["visited"])), "type"),
            (happened("contact", "dana@example.com"), "contact"),
            (happened("contact", json!({})), "contact.email"),
            (happened("contact", json!({"email": "dana"})), "contact.email"),
            (happened("contact", json!({"phone": "5"})), "contact.phone"),
            (
                happened("contact", json!({"email": "dana@example.com", "lists": ["a", 1]})),
                "contact.lists[1]",
            ),
            (
                happened("contact", json!({"email": "dana@example.com", "fields": {"phone": "1"}})),
                "contact.fields.phone",
            ),
            (
                happened("contact", json!({"email": "dana@example.com", "consent": {"sms": "no"}})),
                "contact.consent.sms",
            ),
            (happened("data", json!([1])), "data"),
            (happened("data", "text"), "data"),
            (happened("data", deep(21)), "data"),
            (happened("data", json!({"a": "x".repeat(32 * 1024)})), "data"),
            (happened("data", json!({"a": {"": 1}})), "data"),
            (happened("data", json!({"a": [1e200]})), "data"),
            (happened("at", true), "at"),
        ],
    );
}

#[test]
fn an_error_repeats_nothing_of_the_person() {
    let secret = "zzsecretzz";
    let bodies = [
        json!({"email": format!("{secret} @example.com")}),
        json!({"phone": secret}),
        with("fields", json!({format!("{secret}@example.com"): 1})),
        with("consent", secret),
        with("lists", json!([format!("{secret} {secret}")])),
        with("country", secret),
    ];
    for body in bodies {
        let told = signup(&body).unwrap_err().to_string();
        assert!(!told.contains(secret), "{told}");
    }
    let cut = format!("{{\"email\": \"{secret}@example.com");
    let told = signup::parse(cut.as_bytes(), "msg_1", &key(), now()).unwrap_err().to_string();
    assert!(!told.contains(secret), "{told}");
}

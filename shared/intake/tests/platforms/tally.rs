//! Tally's responses.

use masa_domain::{Fact, FactId, Happening};
use masa_intake::tally;
use serde_json::{Value, json};

use super::{details, fact, key, now};

const RESPONSE: &[u8] = include_bytes!("../fixtures/tally-response.json");

/// What is made of these fields.
fn fields(fields: &Value) -> Vec<Fact> {
    let mut body = super::json(RESPONSE);
    body["data"]["fields"] = fields.clone();
    tally::parse(body.to_string().as_bytes(), &key(), now()).expect("Tally's")
}

fn of(told: &Value) -> Fact {
    fact(Ok(fields(told)))
}

#[test]
fn a_response_as_tally_sends_it() {
    let fact = fact(tally::parse(RESPONSE, &key(), now()));
    assert_eq!(fact.id, FactId::new("tally", "2wgx4n"));
    assert_eq!(fact.what, Happening::Signup { form: Some("tally-VwbNEw".to_owned()) });
    assert_eq!(fact.at.to_string(), "2026-11-03T12:21:07Z");
    assert_eq!(
        details(&fact),
        json!({
            "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
            "fields": {
                "utm_source": "spring", "question_3jZaa3": "דבש\nולימון", "Favourite-tea": ["Mint"],
                "When": ["Morning", "Evening"], "When-Morning": true, "Cups-a-day": 4,
                "Birthday": "1990-02-05",
            },
            "consent": {
                "email": true, "at": "2026-11-03T12:21:07Z",
                "text": "I agree to get letters and offers from Kumkum by e-mail.",
            },
        })
    );
}

#[test]
fn consent_is_a_box_of_its_own_that_was_ticked() {
    let email =
        json!({"key": "q", "label": "Email", "type": "INPUT_TEXT", "value": "a@example.com"});
    let one = json!([{"id": "c1", "text": "I agree"}]);
    let two = json!([{"id": "c1", "text": "Yes"}, {"id": "c2", "text": "No"}]);
    for (label, kind, value, options, agreed) in [
        ("Newsletter", "CHECKBOXES", json!(["c1"]), &one, true),
        ("consent", "CHECKBOXES", json!(["c1"]), &one, true),
        ("consent", "CHECKBOXES", json!(true), &Value::Null, true),
        ("consent", "CHECKBOXES", json!(false), &one, false),
        ("consent", "CHECKBOXES", json!([]), &one, false),
        ("consent", "CHECKBOXES", json!(["c1"]), &two, false),
        ("consent", "CHECKBOXES", json!(["c1"]), &Value::Null, false),
        ("consent", "MULTIPLE_CHOICE", json!(["c1"]), &one, false),
        ("consent", "HIDDEN_FIELDS", json!(true), &Value::Null, false),
        ("consent", "INPUT_TEXT", json!("yes"), &Value::Null, false),
        ("Consents", "CHECKBOXES", json!(["c1"]), &one, false),
    ] {
        let field =
            json!({"key": "k", "label": label, "type": kind, "value": value, "options": options});
        let fact = of(&json!([email, field]));
        assert_eq!(fact.details.consent.is_some(), agreed, "{field}");
    }
}

#[test]
fn what_cannot_be_used_is_left_out() {
    let fact = of(&json!([
        {"key": "k1", "label": "Mail", "type": "INPUT_EMAIL", "value": "a@example.com"},
        {"key": "k2", "label": "Country", "type": "INPUT_TEXT", "value": "Israel"},
        {"key": "k3", "label": "Files", "type": "FILE_UPLOAD", "value": [{"url": "https://x"}]},
        {"key": "k4", "label": "Grid", "type": "MATRIX", "value": {"a": ["b"]}},
        {"key": "k5", "label": "Gone", "type": "DROPDOWN", "value": ["unknown"], "options": "none"},
        {"key": "k6", "label": "Gone", "type": "INPUT_TEXT", "value": "the second of a name"},
        {"key": "", "label": "שאלה", "type": "INPUT_TEXT", "value": "no name"},
        {"key": "k7", "label": 5, "type": {}, "value": "by key"},
        {"key": "k8", "label": "Huge", "type": "INPUT_NUMBER", "value": -1e300},
        {"key": "k9"}, null, 5, "x",
    ]));
    assert_eq!(
        details(&fact),
        json!({"email": "a@example.com", "fields": {"Gone": ["unknown"], "k7": "by key"}})
    );
}

#[test]
fn a_hundred_fields_are_kept() {
    let mut told = vec![
        json!({"key": "e", "label": "email", "type": "INPUT_EMAIL", "value": "a@example.com"}),
    ];
    told.extend(
        (0..10_000).map(|n| json!({"key": format!("q{n}"), "type": "INPUT_NUMBER", "value": n})),
    );
    assert_eq!(of(&json!(told)).details.fields.len(), 100);
}

#[test]
fn responses_of_nobody_and_other_events_are_ignored() {
    assert_eq!(fields(&json!([])), vec![]);
    let other = br#"{"eventType": "FORM_PUBLISHED", "data": 5}"#;
    assert_eq!(tally::parse(other, &key(), now()), Ok(vec![]));
    for (name, field) in [("responseId", "data.responseId"), ("formId", "data.formId")] {
        let mut body = super::json(RESPONSE);
        body["data"][name] = Value::Null;
        let malformed = tally::parse(body.to_string().as_bytes(), &key(), now()).unwrap_err();
        assert_eq!(malformed.field, field);
    }
    assert_eq!(tally::parse(b"[]", &key(), now()).unwrap_err().field, "");
}

//! Typeform's responses.

use masa_domain::{Fact, FactId, Happening};
use masa_intake::typeform;
use serde_json::{Value, json};

use super::{details, fact, key, now};

const RESPONSE: &[u8] = include_bytes!("../fixtures/typeform-response.json");

/// What is made of these answers.
fn answers(answers: &Value) -> Vec<Fact> {
    let mut body = super::json(RESPONSE);
    body["form_response"]["answers"] = answers.clone();
    body["form_response"]["hidden"] = Value::Null;
    typeform::parse(body.to_string().as_bytes(), &key(), now()).expect("Typeform's")
}

fn of(told: &Value) -> Fact {
    fact(Ok(answers(told)))
}

#[test]
fn a_response_as_typeform_sends_it() {
    let fact = fact(typeform::parse(RESPONSE, &key(), now()));
    assert_eq!(fact.id, FactId::new("typeform", "x71for1wr6irs2rx71fotn12b3izh25v"));
    assert_eq!(fact.what, Happening::Signup { form: Some("typeform-g8hcyeXS".to_owned()) });
    assert_eq!(fact.at.to_string(), "2026-11-03T12:21:07Z");
    assert_eq!(
        details(&fact),
        json!({
            "email": "noa.cohen@example.com", "phone": "+972505550177", "first_name": "נועה",
            "fields": {
                "favourite": "Mint", "how": "with milk", "when": ["Morning", "Evening", "At night"],
                "cups-a-day": 4, "has_pot": false, "birthday": "1990-02-05",
                "utm_source": "spring mail",
            },
            "consent": {
                "email": true, "at": "2026-11-03T12:21:07Z",
                "text": "I agree to get letters and offers from Kumkum by e-mail.",
            },
        })
    );
}

#[test]
fn hidden_fields_fill_what_was_not_answered() {
    let mut body = super::json(RESPONSE);
    body["form_response"]["answers"] = json!([]);
    body["form_response"]["hidden"] = json!({"email": "noa@example.com", "first-name": "N.", "newsletter": "true", "a b": "c", "n": 5});
    let fact = fact(typeform::parse(body.to_string().as_bytes(), &key(), now()));
    assert_eq!(
        details(&fact),
        json!({"email": "noa@example.com", "first_name": "N.", "fields": {"a-b": "c", "n": 5}}),
        "what a link carries is no consent"
    );
}

#[test]
fn consent_is_a_plain_yes_to_the_question_of_that_name() {
    let email = json!({"type": "email", "email": "a@example.com", "field": {"ref": "e"}});
    for (name, answer, agreed) in [
        ("newsletter", json!({"type": "boolean", "boolean": true}), true),
        ("Consent", json!({"type": "boolean", "boolean": true}), true),
        ("newsletter", json!({"type": "boolean", "boolean": false}), false),
        ("newsletter", json!({"type": "text", "text": "yes"}), false),
        ("newsletter", json!({"type": "choice", "choice": {"label": "Yes"}}), false),
        ("newsletter-2", json!({"type": "boolean", "boolean": true}), false),
    ] {
        let mut answer = answer;
        answer["field"] = json!({"ref": name});
        let fact = of(&json!([email, answer]));
        assert_eq!(fact.details.consent.is_some(), agreed, "{answer}");
        let kept = fact.details.fields.contains_key("newsletter");
        assert!(!kept, "what is asked as consent is no field");
    }
}

#[test]
fn what_cannot_be_used_is_left_out() {
    let fact = of(&json!([
        {"type": "email", "email": "broken", "field": {"ref": "e"}},
        {"type": "email", "email": "a@example.com", "field": {"ref": "e2"}},
        {"type": "email", "email": "friend@example.com", "field": {"ref": "friend"}},
        {"type": "text", "text": "no field"},
        {"type": "text", "text": "no name", "field": {"ref": "שם", "id": "!"}},
        {"type": "text", "text": "by id", "field": {"ref": "שם", "id": "abc"}},
        {"type": "text", "text": "  ", "field": {"ref": "empty"}},
        {"type": "text", "text": "x".repeat(5_000), "field": {"ref": "long"}},
        {"type": "number", "number": 1e200, "field": {"ref": "huge"}},
        {"type": "field", "field": {"ref": "itself"}},
        {"type": "choices", "choices": {"labels": [1, null]}, "field": {"ref": "nothing"}},
        {"field": {"ref": "no-type"}}, 5, null, [],
    ]));
    assert_eq!(
        details(&fact),
        json!({"email": "a@example.com", "fields": {"friend": "friend@example.com", "abc": "by id"}})
    );
}

#[test]
fn responses_of_nobody_and_other_events_are_ignored() {
    assert_eq!(answers(&json!([])), vec![]);
    let partial = br#"{"event_type": "form_response_partial", "form_response": {}}"#;
    assert_eq!(typeform::parse(partial, &key(), now()), Ok(vec![]));
    for (name, value, field) in [
        ("token", Value::Null, "form_response.token"),
        ("form_id", json!({}), "form_response.form_id"),
        ("form_id", json!("a b"), "form_response.form_id"),
    ] {
        let mut body = super::json(RESPONSE);
        body["form_response"][name] = value;
        let malformed = typeform::parse(body.to_string().as_bytes(), &key(), now()).unwrap_err();
        assert_eq!(malformed.field, field);
    }
    assert_eq!(typeform::parse(b"{}", &key(), now()).unwrap_err().field, "event_type");
}

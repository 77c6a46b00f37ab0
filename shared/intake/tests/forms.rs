//! Browser forms: three kinds of bodies, consent, the honeypot, and what counts twice.
#![expect(clippy::expect_used, clippy::panic, reason = "test assertions")]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use masa_domain::{ConsentGiven, ContactKey, Fact, Form, Happening};
use masa_intake::form::{self, Error, Parsed, Submission};
use serde_json::json;

const URLENCODED: &str = "application/x-www-form-urlencoded";
const MULTIPART: &str = "multipart/form-data; boundary=----WebKitFormBoundaryAbC123";
const JSON: &str = "application/json";

fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_200).expect("a moment")
}

fn landing() -> Form {
    Form {
        lists: vec!["newsletter".to_owned()],
        consent: [("he".to_owned(), "מאשרים דיוור".to_owned())].into(),
        ..Form::default()
    }
}

fn parse(form: &Form, kind: &str, body: impl AsRef<[u8]>, now: Timestamp) -> Result<Parsed, Error> {
    let (content_type, ip) = (Some(kind), Some("192.0.2.7"));
    let submission = Submission {
        name: "landing",
        form,
        language: "he",
        questions: &BTreeMap::new(),
        content_type,
        body: body.as_ref(),
        ip,
    };
    form::parse(&submission, &ContactKey::new("a key of contacts for tests, 32 bytes"), now)
}

fn filled(form: &Form, kind: &str, body: impl AsRef<[u8]>) -> Fact {
    match parse(form, kind, body, now()) {
        Ok(Parsed::Fact(fact)) => *fact,
        other => panic!("a fact, not {other:?}"),
    }
}

fn field(kind: &str, body: impl AsRef<[u8]>) -> String {
    match parse(&landing(), kind, body, now()) {
        Err(Error::Malformed(malformed)) => malformed.field,
        other => panic!("refused, not {other:?}"),
    }
}

/// A multipart body as a browser writes it.
fn multipart(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, content) in parts {
        let head = "------WebKitFormBoundaryAbC123\r\nContent-Disposition: form-data; ";
        body.extend_from_slice(format!("{head}{disposition}\r\n\r\n").as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"------WebKitFormBoundaryAbC123--\r\n");
    body
}

#[test]
fn the_three_kinds_say_the_same() {
    let urlencoded = "email=Dana%40Example.com&phone=%2B972+50-555-0123&first_name=%D7%93%D7%A0%D7%94\
                      &size=42&colours%5B%5D=red&colours%5B%5D=blue&company=&website=";
    let parts = multipart(&[
        ("name=\"email\"", b"Dana@Example.com"),
        ("name=\"phone\"", b"+972 50-555-0123"),
        ("name=\"first_name\"", "דנה".as_bytes()),
        ("name=\"size\"", b"42"),
        ("name=\"colours[]\"", b"red"),
        ("name=\"colours[]\"", b"blue"),
        ("name=\"company\"", b""),
        ("name=\"photo\"; filename=\"\"\r\nContent-Type: application/octet-stream", b""),
        ("name=\"website\"", b""),
    ]);
    let json = json!({
        "email": "Dana@Example.com", "phone": "+972 50-555-0123", "first_name": "דנה",
        "size": "42", "colours": ["red", "blue"], "company": null, "website": "",
    });
    let first = filled(&landing(), URLENCODED, urlencoded);
    assert_eq!(
        serde_json::to_value(&first.details).expect("JSON"),
        json!({
            "email": "dana@example.com", "phone": "+972505550123", "first_name": "דנה",
            "lists": ["newsletter"], "fields": {"size": "42", "colours": ["red", "blue"]},
            "consent": {"email": true, "sms": true, "text": "מאשרים דיוור", "ip": "192.0.2.7"},
        })
    );
    assert_eq!(first.what, Happening::Signup { form: Some("landing".to_owned()) });
    let with_charset = format!("{URLENCODED};charset=UTF-8");
    assert_eq!(filled(&landing(), &with_charset, urlencoded), first);
    assert_eq!(filled(&landing(), MULTIPART, parts).details, first.details);
    assert_eq!(filled(&landing(), JSON, json.to_string()).details, first.details);
}

fn consent(form: &Form, body: &str) -> Option<(Option<bool>, Option<bool>)> {
    let given = filled(form, URLENCODED, body).details.consent;
    given.map(|ConsentGiven { email, sms, .. }| (email, sms))
}

#[test]
fn consent_is_what_the_words_or_the_boxes_say() {
    let silent = Form::default();
    let both = "email=a%40example.com&phone=%2B972505550123";
    for (form, more, outcome) in [
        (&silent, "", None),
        (&silent, "&consent=on", Some((Some(true), None))),
        (&silent, "&consent_email=YES", Some((Some(true), None))),
        (&silent, "&consent_sms=1", Some((None, Some(true)))),
        (&silent, "&consent=no", Some((Some(false), None))),
        (&silent, "&consent=&consent_sms=", None),
        (&landing(), "", Some((Some(true), Some(true)))),
        (&landing(), "&consent=no", Some((Some(false), None))),
        (&landing(), "&consent_sms=no", Some((Some(true), Some(false)))),
    ] {
        assert_eq!(consent(form, &format!("{both}{more}")), outcome, "{more} {:?}", form.consent);
    }
    let words = landing();
    assert_eq!(consent(&words, "email=a%40example.com"), Some((Some(true), None)));
    assert_eq!(consent(&words, "phone=%2B972505550123"), Some((None, Some(true))));
    assert_eq!(field(URLENCODED, "email=a%40example.com&consent=perhaps"), "consent");
    let json = |value| json!({"email": "a@example.com", "consent": value}).to_string();
    for yes in [json!(true), json!(1), json!("on")] {
        let given = filled(&silent, JSON, json(yes)).details.consent;
        assert_eq!(given.and_then(|given| given.email), Some(true));
    }
}

#[test]
fn a_filled_honeypot_keeps_nothing() {
    for body in [
        "email=a%40example.com&website=https%3A%2F%2Fspam.example",
        "website=x",
        "website=x&website=y",
    ] {
        assert_eq!(parse(&landing(), URLENCODED, body, now()), Ok(Parsed::Honeypot), "{body}");
    }
    let spam = json!({"website": "x", "email": 5}).to_string();
    assert_eq!(parse(&landing(), JSON, spam, now()), Ok(Parsed::Honeypot));
}

#[test]
fn the_same_answers_count_once_in_ten_minutes() {
    let at = |seconds: i64| now() + SignedDuration::from_secs(seconds);
    let id = |kind: &str, body: &str, at| match parse(&landing(), kind, body, at) {
        Ok(Parsed::Fact(fact)) => fact.id,
        other => panic!("a fact, not {other:?}"),
    };
    let body = "email=a%40example.com&size=1";
    // The moment stands at the beginning of ten minutes.
    let first = id(URLENCODED, body, at(0));
    assert_eq!(id(URLENCODED, body, at(599)), first, "a double click");
    assert_ne!(id(URLENCODED, body, at(600)), first, "a second visit");
    assert_ne!(id(URLENCODED, "email=a%40example.com&size=2", at(0)), first, "another answer");
    let named = id(URLENCODED, "email=a%40example.com&_id=7f3a", at(0));
    assert_eq!(id(URLENCODED, "email=a%40example.com&size=2&_id=7f3a", at(9_999)), named);
    assert_ne!(id(URLENCODED, "email=a%40example.com&_id=7f3b", at(0)), named);

    let part = multipart(&[("name=\"email\"", b"a@example.com")]);
    let again = String::from_utf8(part.clone()).expect("text").replace("AbC123", "XyZ789");
    let one = filled(&landing(), MULTIPART, part);
    let two = filled(&landing(), &MULTIPART.replace("AbC123", "XyZ789"), again);
    assert_eq!(one.id, two.id, "a browser draws a new boundary for the second click");
}

#[test]
fn other_kinds_of_bodies_are_told_apart() {
    for kind in ["text/plain", "", "application/xml", "application/jsonp", "multipart/mixed"] {
        assert_eq!(parse(&landing(), kind, "email=a", now()), Err(Error::ContentType), "{kind}");
    }
    let form = landing();
    let submission = Submission {
        name: "landing",
        form: &form,
        language: "he",
        questions: &BTreeMap::new(),
        content_type: None,
        body: b"",
        ip: None,
    };
    let key = ContactKey::new("a key of contacts for tests, 32 bytes");
    assert_eq!(form::parse(&submission, &key, now()), Err(Error::ContentType));
}

#[test]
fn a_bad_answer_names_the_field() {
    for (body, wrong) in [
        ("", "email"),
        ("size=5", "email"),
        ("email=a", "email"),
        ("email=a%40example.com&email=b%40example.com", "email"),
        ("email=a%40example.com&phone=050", "phone"),
        ("email=a%40example.com&country=Israel", "country"),
        ("email=a%40example.com&your+name=x", ""),
        ("email=a%40example.com&first_name=%ff", ""),
    ] {
        assert_eq!(field(URLENCODED, body), wrong, "{body}");
    }
    let long = format!("email=a%40example.com&note={}", "x".repeat(4096));
    assert_eq!(field(URLENCODED, long), "note");
    let many: String = (0..101).map(|n| format!("&f{n}=x")).collect();
    assert_eq!(field(URLENCODED, format!("email=a%40example.com{many}")), "");
    assert_eq!(field(URLENCODED, "a&".repeat(100_000)), "");
    for body in [json!([]), json!({"email": 5}), json!({"email": "a@example.com", "a": {"b": 1}})] {
        let wrong = field(JSON, body.to_string());
        assert!(["", "email", "a"].contains(&wrong.as_str()), "{body}: {wrong}");
    }
}

#[test]
fn a_broken_json_body_is_refused() {
    let whole = json!({"email": "a@example.com", "size": [1, "two"]}).to_string();
    for end in 0..whole.len() {
        assert_eq!(field(JSON, &whole[..end]), "", "cut after {end}");
    }
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let with = |value: &str| format!("{{\"email\":\"a@example.com\",\"size\":{value}}}");
    for body in [deep, with("NaN"), with("1e999"), with("\"\\ud800\"")] {
        assert_eq!(field(JSON, body), "");
    }
    assert_eq!(field(JSON, b"{\"email\":\"a@example.com\",\"n\":\"\xe9\"}"), "");
    assert_eq!(field(JSON, with("1e300")), "size", "larger than any number that is kept");
    let nulls = json!({"email": "a@example.com", "phone": null, "first_name": null, "size": null,
        "consent": null, "consent_sms": null, "website": null, "_id": null});
    let left_out = filled(&landing(), JSON, nulls.to_string()).details;
    assert_eq!(left_out, filled(&landing(), URLENCODED, "email=a%40example.com").details);
}

#[test]
fn names_are_one_line_that_runs_one_way() {
    let foul = "email=a%40example.com&first_name=%E2%80%AEDana%0d%0aBcc:+x%40example.com%00";
    let details = filled(&landing(), URLENCODED, foul).details;
    assert_eq!(details.first_name.as_deref(), Some("DanaBcc: x@example.com"));
    let address = "email=a%40example.com%0d%0aBcc:+x%40example.com";
    assert_eq!(field(URLENCODED, address), "email");
}

#[test]
fn a_broken_multipart_body_is_refused() {
    let whole = multipart(&[("name=\"email\"", b"a@example.com"), ("name=\"size\"", b"42")]);
    // The last line break is decoration.
    for end in 0..whole.len() - 4 {
        assert!(parse(&landing(), MULTIPART, &whole[..end], now()).is_err(), "cut after {end}");
    }
    assert!(parse(&landing(), "multipart/form-data", &whole, now()).is_err(), "no boundary");
    assert!(parse(&landing(), "multipart/form-data; boundary=x", &whole, now()).is_err());
    let file = multipart(&[("name=\"email\"; filename=\"a.txt\"", b"a@example.com")]);
    assert_eq!(field(MULTIPART, file), "");
    let latin = multipart(&[("name=\"email\"", b"a@example.com"), ("name=\"n\"", b"\xe9")]);
    assert_eq!(field(MULTIPART, latin), "");
}

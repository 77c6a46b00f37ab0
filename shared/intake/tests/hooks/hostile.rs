//! What no store should send to the generic hooks.

use masa_domain::{Fact, Happening};
use masa_intake::Malformed;
use serde_json::{Value, json};

use super::{event, happened, key, line, named, now, order, purchase, signup, with};

#[test]
fn a_moment_is_rfc_3339_and_nothing_else() {
    for wrong in [
        json!("1.11.2026"),
        json!("01/11/2026"),
        json!("20261101"),
        json!("2026-11-01"),
        json!("2026-11-01T09:30:00"),
        json!("2026-13-01T00:00:00Z"),
        json!("2026-02-30T00:00:00Z"),
        json!("2026-11-01T25:00:00Z"),
        json!("2026-11-01T09:30:00+99:00"),
        json!("0000-00-00T00:00:00Z"),
        json!("+292277026596-12-04T15:30:08Z"),
        json!("yesterday"),
        json!("1795000000"),
        json!(1_795_000_000),
        json!(1e18),
        json!(["2026-11-01T09:30:00Z"]),
    ] {
        named(purchase, &[(order("at", wrong.clone()), "at")]);
        named(event, &[(happened("at", wrong.clone()), "at")]);
        let consent = json!({"email": true, "at": wrong});
        named(signup, &[(with("consent", consent), "consent.at")]);
    }
}

type Parse = fn(&[u8]) -> Result<Fact, Malformed>;

/// Each door with a good body.
fn doors() -> [(Parse, Value); 3] {
    [
        (|body| signup::parse(body, "msg_1", &key(), now()), with("first_name", "נועה")),
        (|body| purchase::parse(body, &key(), now()), line("name", "נועה")),
        (
            |body| event::parse(body, "msg_1", &key(), now()),
            happened("data", json!({"name": "נועה"})),
        ),
    ]
}

#[test]
fn what_is_cut_or_not_utf8_is_refused() {
    for (parse, body) in doors() {
        let text = body.to_string();
        assert!(parse(text.as_bytes()).is_ok(), "{text}");
        for end in 0..text.len() {
            let malformed = parse(&text.as_bytes()[..end]).unwrap_err();
            assert_eq!(malformed.field, "", "{text} after {end} bytes");
        }
        let windows_1255 = text.split("נועה").map(str::as_bytes).collect::<Vec<_>>();
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
        for body in [windows_1255.join(&b"\xf0\xe5\xf2\xe4"[..]), utf_16, marked] {
            assert_eq!(parse(&body).unwrap_err().field, "", "{text}");
        }
    }
}

#[test]
fn depth_is_refused_and_survived() {
    for (parse, body) in doors() {
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let body = body.to_string().replacen('{', &format!("{{\"deep\":{deep},"), 1);
        assert_eq!(parse(body.as_bytes()).unwrap_err().field, "");
    }
}

#[test]
fn nulls_are_what_was_left_out() {
    let person = json!({"email": "dana@example.com", "phone": null, "first_name": null,
        "last_name": null, "language": null, "timezone": null, "country": null, "lists": null,
        "fields": null, "consent": null});
    let mut signed_up = person.clone();
    signed_up["form"] = Value::Null;
    assert_eq!(signup(&signed_up), signup(&json!({"email": "dana@example.com"})));
    let bought = json!({"email": "dana@example.com", "phone": null, "order_id": "1", "at": null,
        "currency": null, "total": null, "items": null, "coupon": null});
    assert_eq!(purchase(&bought), purchase(&json!({"email": "dana@example.com", "order_id": "1"})));
    let lines =
        order("items", json!([{"product_id": "a", "name": null, "quantity": null, "price": null}]));
    assert_eq!(purchase(&lines), purchase(&order("items", json!([{"product_id": "a"}]))));
    let visited = json!({"type": "visited", "contact": person, "at": null, "data": null});
    assert_eq!(event(&visited), event(&happened("more", 1)));
    for (parse, body) in doors() {
        let names = body.as_object().expect("an object").keys();
        let nulls: Value = names.map(|name| (name.clone(), Value::Null)).collect();
        assert!(parse(nulls.to_string().as_bytes()).is_err(), "{nulls}");
    }
}

#[test]
fn names_are_one_line_that_runs_one_way() {
    let foul = "\u{202e}נועה\r\nBcc: x@example.com\u{2066}\u{0}";
    let fact = signup(&with("first_name", foul)).expect("a signup");
    assert_eq!(fact.details.first_name.as_deref(), Some("נועהBcc: x@example.com"));
    let Happening::Purchase(order) = purchase(&line("name", foul)).expect("a purchase").what else {
        panic!("an order")
    };
    assert_eq!(order.items[2].name.as_deref(), Some("נועהBcc: x@example.com"));
}

#[test]
fn a_currency_is_three_letters_whatever_they_mean() {
    let fact = purchase(&order("currency", "xyz")).expect("a purchase");
    let Happening::Purchase(order) = fact.what else { panic!("an order") };
    assert_eq!(order.currency.as_deref(), Some("XYZ"));
}

#[test]
fn broken_json_names_line_and_column() {
    for (body, place) in [
        (&b"{\"email\": \"dana@example.com\",\n}"[..], "line 2 column 1"),
        (b"", "line 1 column 0"),
        (b"not json", "line 1 column 2"),
        (b"{\"email\": \"dana\xff@example.com\"}", "line 1 column"),
        (b"{\"fields\": {\"a\": 1e999}}", "line 1 column"),
        (b"{\"email\": NaN}", "line 1 column"),
        (b"{\"email\": \"dana@example.com\"} {}", "line 1 column"),
        (&b"[".repeat(100_000), "line 1 column"),
    ] {
        let malformed = signup::parse(body, "msg_1", &key(), now()).unwrap_err();
        assert_eq!(malformed.field, "");
        assert!(malformed.problem.contains(place), "{malformed}");
    }
}

#[test]
fn of_doubled_names_the_last_wins() {
    let body = br#"{"email": "old@example.com", "email": "new@example.com"}"#;
    let fact = signup::parse(body, "msg_1", &key(), now()).expect("a signup");
    assert_eq!(fact.details.email.as_deref(), Some("new@example.com"));
    for (parse, body) in doors() {
        let text = body.to_string();
        let inner = &text[1..text.len() - 1];
        assert_eq!(parse(format!("{{{inner},{inner}}}").as_bytes()), parse(text.as_bytes()));
    }
}

//! What no platform should send, at every door.

use jiff::civil::Date;
use masa_domain::{Fact, Happening};
use masa_intake::{
    Malformed,
    shopify::{self, Delivery},
    stripe, tally, typeform, woocommerce,
};
use serde_json::{Value, json};

use super::{details, fact, key, now, order};

type Parse = fn(&[u8]) -> Result<Vec<Fact>, Malformed>;

/// Each door's name, a fixture, and the door itself.
pub(crate) const DOORS: [(&str, &[u8], Parse); 16] = [
    ("an order", include_bytes!("../fixtures/woocommerce-order.json"), |body| {
        woocommerce::parse("order.updated", body, &key(), now())
    }),
    ("a customer", include_bytes!("../fixtures/woocommerce-customer.json"), |body| {
        woocommerce::parse("customer.updated", body, &key(), now())
    }),
    ("a subscription", include_bytes!("../fixtures/woocommerce-subscription.json"), |body| {
        woocommerce::parse("subscription.updated", body, &key(), now())
    }),
    ("a checkout", include_bytes!("../fixtures/stripe-checkout-completed.json"), stripe_door),
    ("a cart", include_bytes!("../fixtures/stripe-checkout-expired.json"), stripe_door),
    ("a refund", include_bytes!("../fixtures/stripe-charge-refunded.json"), stripe_door),
    ("an invoice", include_bytes!("../fixtures/stripe-invoice-finalized.json"), stripe_door),
    ("a payment", include_bytes!("../fixtures/stripe-invoice-paid.json"), stripe_door),
    ("a renewal", include_bytes!("../fixtures/stripe-subscription-updated.json"), stripe_door),
    ("Typeform", include_bytes!("../fixtures/typeform-response.json"), |body| {
        typeform::parse(body, &key(), now())
    }),
    ("Tally", include_bytes!("../fixtures/tally-response.json"), |body| {
        tally::parse(body, &key(), now())
    }),
    ("Shopify's order", include_bytes!("../fixtures/shopify/orders-updated.json"), |body| {
        shopify_door("orders/updated", body)
    }),
    ("Shopify's cart", include_bytes!("../fixtures/shopify/checkouts-update.json"), |body| {
        shopify_door("checkouts/update", body)
    }),
    (
        "Shopify's customer",
        include_bytes!("../fixtures/shopify/customers-update-2024-10.json"),
        |body| shopify_door("customers/update", body),
    ),
    (
        "Shopify's consent to mails",
        include_bytes!("../fixtures/shopify/customers-email-consent.json"),
        |body| shopify_door("customers_email_marketing_consent/update", body),
    ),
    (
        "Shopify's consent to texts",
        include_bytes!("../fixtures/shopify/customers-sms-consent.json"),
        |body| shopify_door("customers_marketing_consent/update", body),
    ),
];

fn shopify_door(topic: &str, body: &[u8]) -> Result<Vec<Fact>, Malformed> {
    shopify::parse(&Delivery { topic, triggered_at: None, body }, &key(), now())
}

fn stripe_door(body: &[u8]) -> Result<Vec<Fact>, Malformed> {
    stripe::parse(body, &key(), now())
}

/// Every part but the outermost becomes what `change` makes of it, inner parts first.
fn everywhere(value: &mut Value, change: &dyn Fn(&mut Value)) {
    let members: Vec<&mut Value> = match value {
        Value::Array(members) => members.iter_mut().collect(),
        Value::Object(members) => members.values_mut().collect(),
        _ => Vec::new(),
    };
    for member in members {
        everywhere(member, change);
        change(member);
    }
}

#[test]
fn every_fixture_tells_a_fact_and_none_that_is_cut() {
    for (name, fixture, parse) in DOORS {
        assert_eq!(parse(fixture).map(|facts| facts.len()), Ok(1), "{name}");
        let whole = fixture.trim_ascii_end().len();
        for end in 0..whole {
            let malformed = parse(&fixture[..end]).unwrap_err();
            assert_eq!(malformed.field, "", "{name} after {end} bytes");
        }
    }
}

#[test]
fn nulls_everywhere_tell_nothing() {
    for (name, fixture, parse) in DOORS {
        let mut body = super::json(fixture);
        everywhere(&mut body, &|part| {
            if !part.is_object() && !part.is_array() {
                *part = Value::Null;
            }
        });
        assert_eq!(parse(body.to_string().as_bytes()).unwrap_or_default(), vec![], "{name}");
    }
}

#[test]
fn of_doubled_names_the_last_counts() {
    for (name, fixture, parse) in DOORS {
        let text = std::str::from_utf8(fixture).expect("UTF-8").trim();
        let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).expect("{}");
        let doubled = format!("{{{inner},{inner}}}");
        assert_eq!(parse(doubled.as_bytes()), parse(fixture), "{name}");
    }
}

#[test]
fn depth_is_refused_and_survived() {
    for (name, fixture, parse) in DOORS {
        let mut body = super::json(fixture);
        body["deep"] = json!("here");
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let body = body.to_string().replace("\"here\"", &deep);
        assert_eq!(parse(body.as_bytes()).unwrap_err().field, "", "{name}");
    }
}

#[test]
fn what_is_not_utf8_is_refused() {
    for (name, fixture, parse) in DOORS {
        let text = std::str::from_utf8(fixture).expect("UTF-8");
        let inner = text.trim_start().strip_prefix('{').expect("an object").as_bytes();
        for start in
            [&b"{\"x\":\"\xf0\xe5\xf2\xe4\","[..], b"{\"x\":\"\xed\xa0\x80\",", b"\xef\xbb\xbf{"]
        {
            let body = [start, inner].concat();
            assert_eq!(parse(&body).unwrap_err().field, "", "{name}: {start:?}");
        }
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(parse(&wide).unwrap_err().field, "", "{name} in UTF-16");
    }
}

#[test]
fn moments_that_are_none_are_left_out() {
    for wrong in [
        json!("03/11/2026"),
        json!("2026-02-30T00:00:00Z"),
        json!("2026-11-03T25:00:00Z"),
        json!("0000-00-00T00:00:00"),
        json!("yesterday"),
        json!(""),
        json!(true),
        json!([]),
        json!({}),
        json!(1e18),
        json!(-1e18),
        json!(i64::MAX),
        json!("9999999999999999"),
    ] {
        for (name, fixture, parse) in DOORS {
            let mut body = super::json(fixture);
            everywhere(&mut body, &|part| {
                let moment = match &part {
                    Value::String(text) => {
                        text.get(..10).is_some_and(|day| day.parse::<Date>().is_ok())
                    }
                    Value::Number(number) => number
                        .as_i64()
                        .is_some_and(|seconds| (1_700_000_000..1_900_000_000).contains(&seconds)),
                    _ => false,
                };
                if moment {
                    *part = wrong.clone();
                }
            });
            let fact = fact(parse(body.to_string().as_bytes()));
            assert_eq!(fact.at, now(), "{name}: {wrong}");
            let said = fact.details.consent.and_then(|consent| consent.at);
            assert!(said.is_none_or(|at| at == now()), "{name}: {wrong}");
        }
    }
}

#[test]
fn a_currency_is_three_letters() {
    for (told, kept) in
        [("₪", None), ("shekels", None), ("", None), ("IL\u{202e}S", None), ("xyz", Some("XYZ"))]
    {
        for (name, fixture, parse) in DOORS {
            let mut body = super::json(fixture);
            everywhere(&mut body, &|part| {
                if part.as_str().is_some_and(|text| text.eq_ignore_ascii_case("ils")) {
                    *part = json!(told);
                }
            });
            // Of a refund in part, amounts without a currency tell nothing.
            let facts = parse(body.to_string().as_bytes()).expect("a webhook");
            let Some(fact) = facts.into_iter().next() else { continue };
            match fact.what {
                Happening::Purchase(order) => assert_eq!(order.currency.as_deref(), kept, "{name}"),
                Happening::Event { data, .. } => {
                    let currency = data.get("currency").and_then(Value::as_str);
                    assert!(currency.is_none() || currency == kept, "{name}: {currency:?}");
                }
                _ => {}
            }
        }
    }
}

#[test]
fn numbers_beyond_all_bounds_are_left_out() {
    for huge in ["1e308", "-1e308", "18446744073709551615", "-9223372036854775808", "1e-308"] {
        for (name, fixture, parse) in DOORS {
            let mut body = super::json(fixture);
            everywhere(&mut body, &|part| {
                if part.is_number() {
                    *part = serde_json::from_str(huge).expect("a number");
                }
            });
            match parse(body.to_string().as_bytes()) {
                Ok(facts) => assert!(facts.iter().all(|fact| fact.at <= now()), "{name}: {huge}"),
                Err(malformed) => assert_eq!(malformed.field, "id", "{name}: {huge}"),
            }
        }
    }
    for (name, fixture, parse) in DOORS {
        let text = std::str::from_utf8(fixture).expect("UTF-8").trim_end();
        for no_number in ["NaN", "Infinity", "1e999", "0x10", "01"] {
            let body = format!("{},\"x\":{no_number}}}", &text[..text.len() - 1]);
            assert_eq!(parse(body.as_bytes()).unwrap_err().field, "", "{name}: {no_number}");
        }
    }
}

#[test]
fn names_are_one_line_that_runs_one_way() {
    for (name, fixture, parse) in DOORS {
        let mut body = super::json(fixture);
        everywhere(&mut body, &|part| {
            if part.as_str().is_some_and(|text| text.contains("נועה")) {
                *part = json!("\u{202e}נועה\r\nBcc: x@example.com\u{2066}\u{0}");
            }
        });
        let fact = fact(parse(body.to_string().as_bytes()));
        let told = details(&fact);
        for part in ["first_name", "last_name"].iter().filter_map(|part| told[part].as_str()) {
            let foul = |c: char| c.is_control() || "\u{202e}\u{2066}".contains(c);
            assert!(!part.contains(foul), "{name}: {part:?}");
        }
    }
}

#[test]
fn ten_thousand_lines_become_a_thousand() {
    let line = json!({"product_id": 5, "quantity": 1, "price": 3, "pricing": {"price_details": {"product": "prod_5"}}});
    for (door, within) in [(0, "/line_items"), (7, "/data/object/lines/data")] {
        let (name, fixture, parse) = DOORS[door];
        let mut body = super::json(fixture);
        *body.pointer_mut(within).expect("lines") = json!(vec![line.clone(); 10_000]);
        let fact = fact(parse(body.to_string().as_bytes()));
        assert_eq!(order(&fact).items.len(), 1_000, "{name}");
    }
}

#[test]
fn lines_that_make_no_sense_are_left_out() {
    let (_, fixture, parse) = DOORS[0];
    for (line, kept) in [
        (json!({"product_id": 5}), Some(json!({"product_id": "5", "quantity": 1}))),
        (json!({"product_id": 5, "quantity": 0}), None),
        (json!({"product_id": 5, "quantity": -2}), None),
        (
            json!({"product_id": 5, "quantity": 0.5}),
            Some(json!({"product_id": "5", "quantity": 1})),
        ),
        (
            json!({"product_id": 5, "quantity": "2"}),
            Some(json!({"product_id": "5", "quantity": 1})),
        ),
        (
            json!({"product_id": 5, "quantity": 3_000_000}),
            Some(json!({"product_id": "5", "quantity": 1_000_000})),
        ),
        (
            json!({"product_id": 5, "quantity": u64::MAX, "price": "-5.00"}),
            Some(json!({"product_id": "5", "quantity": 1_000_000})),
        ),
        (
            json!({"product_id": [], "sku": "a\u{202e}b", "id": "7", "price": "NaN", "name": "\r\n"}),
            Some(json!({"product_id": "7", "quantity": 1})),
        ),
        (json!({"name": "nothing identifies this"}), None),
        (json!([]), None),
        (Value::Null, None),
    ] {
        let mut body = super::json(fixture);
        body["line_items"] = json!([line]);
        let fact = fact(parse(body.to_string().as_bytes()));
        let items = serde_json::to_value(&order(&fact).items).expect("JSON");
        assert_eq!(items.as_array().and_then(|items| items.first()), kept.as_ref(), "{line}");
    }
}

#[test]
fn data_of_events_are_of_the_names_that_journeys_know() {
    for (name, fixture, parse) in DOORS {
        let fact = fact(parse(fixture));
        if let Happening::Event { name: event, data } = &fact.what {
            assert!(data.is_object() || data.is_null(), "{name}: {event}");
            assert!(event.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{name}: {event}");
        }
    }
}

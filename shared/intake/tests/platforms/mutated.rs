//! Whatever stands in the place of any part of a webhook: no door panics, and a fact stays within
//! its limits.

use masa_domain::{Fact, Happening};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Map, Value, json};

use super::{hostile::DOORS, key, now};

/// The doors that know nobody by a customer's account alone.
const BY_ADDRESS: [&str; 5] =
    ["an order", "a subscription", "Typeform", "Tally", "Shopify's order"];

/// A JSON pointer to each part of a value, itself among them.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(members) => {
            for (index, member) in members.iter().enumerate() {
                pointers(member, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                pointers(member, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[a-z_.\u{202e}\r\n-]{0,8}".prop_map(Value::from),
        Just(json!("dana@example.com")),
        Just(json!("+972505550123")),
        Just(json!("-129.90")),
        Just(json!("9".repeat(400))),
        Just(json!("2999-01-01T00:00:00")),
        Just(json!("-9999-01-01")),
        Just(json!(9_999_999_999_i64)),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Value::from),
            vec(("[a-z_]{1,12}", inner), 0..6)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn one_line(text: &str, most: usize) -> bool {
    text.chars().count() <= most
        && !text.is_empty()
        && !text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c))
}

fn is_money(text: &str) -> bool {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(part) && whole.len() <= 15 && part.len() <= 6
}

fn within_limits(fact: &Fact) -> Result<(), TestCaseError> {
    let details = &fact.details;
    let by_address = details.email.as_deref().and_then(|email| key().contact(Some(email), None));
    prop_assert!(by_address.is_none_or(|contact| contact == fact.contact), "whose address it is");
    prop_assert!(fact.at <= now() && fact.received_at == now());
    for name in [&details.first_name, &details.last_name].into_iter().flatten() {
        prop_assert!(one_line(name, 200), "{name:?}");
    }
    prop_assert!(details.fields.len() <= 100);
    for (name, value) in &details.fields {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        prop_assert!((1..=60).contains(&name.len()) && name.bytes().all(known), "{name:?}");
        prop_assert!(value.to_string().len() <= 32 * 1024 && !value.is_object());
    }
    match &fact.what {
        Happening::Purchase(order) => {
            prop_assert!(one_line(&order.order_id, 200));
            prop_assert!(order.changed_at.is_none_or(|at| at <= now()));
            prop_assert!(order.items.len() <= 1_000);
            let prices = order.items.iter().map(|item| &item.price);
            for money in prices.chain([&order.total]).flatten() {
                prop_assert!(is_money(money), "{money}");
            }
            for item in &order.items {
                prop_assert!((1..=1_000_000).contains(&item.quantity));
                prop_assert!(one_line(&item.product_id, 200));
                prop_assert!(item.name.as_ref().is_none_or(|name| one_line(name, 200)));
            }
        }
        Happening::Event { name, data } => {
            prop_assert!(one_line(name, 100));
            prop_assert!(data.to_string().len() <= 8 * 1024);
        }
        Happening::Signup { form } => {
            prop_assert!(form.as_ref().is_none_or(|form| one_line(form, 60)));
        }
        other => prop_assert!(false, "no door tells of {other:?}"),
    }
    let kept = serde_json::to_string(fact).expect("a fact is JSON");
    prop_assert!(serde_json::from_str::<Fact>(&kept).is_ok(), "a fact reads back: {kept}");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6_000))]

    #[test]
    fn any_part_may_be_anything(
        door in 0..DOORS.len(),
        changes in vec((any::<Index>(), any_json()), 1..4),
        cut in prop::option::weighted(0.05, any::<Index>()),
    ) {
        let (name, fixture, parse) = DOORS[door];
        let mut body = super::json(fixture);
        for (place, value) in changes {
            let mut places = Vec::new();
            pointers(&body, "", &mut places);
            let place = place.get(&places).clone();
            *body.pointer_mut(&place).expect("a place of its own") = value;
        }
        let mut bytes = body.to_string().into_bytes();
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        match parse(&bytes) {
            Ok(facts) => {
                let named = |fact: &Fact| {
                    fact.details.email.is_some() || fact.details.phone.is_some()
                };
                let known = !BY_ADDRESS.contains(&name) || facts.iter().all(named);
                prop_assert!(known, "{}: somebody is meant", name);
                facts.iter().try_for_each(within_limits)?;
            }
            Err(malformed) => prop_assert!(!malformed.problem.contains("example.com")),
        }
    }

    #[test]
    fn any_bytes(door in 0..DOORS.len(), bytes in vec(any::<u8>(), 0..200)) {
        let (_, _, parse) = DOORS[door];
        prop_assert!(parse(&bytes).is_err(), "nobody draws a webhook by chance");
    }
}

//! What holds of whatever a door or a file lets in, however it was written.

use std::io::Cursor;

use jiff::Timestamp;
use masa_contacts_file::{ContactsFile, DateOrder, Limits, Line, Options, Rejects, Rules, Summary};
use masa_domain::{ConsentGiven, ContactDetails, Fact, Happening};
use masa_intake::{address, value};
use serde_json::Value;

/// The moment of all readings: 2026-11-18T11:06:40Z.
pub fn now() -> Timestamp {
    Timestamp::from_second(1_795_000_000).expect("a moment")
}

/// Asserts what is true of every fact.
pub fn assert_fact(fact: &Fact) {
    assert!(fact.received_at == now() && fact.at <= now(), "nothing has happened in the future");
    assert_details(&fact.details);
    match &fact.what {
        Happening::Signup { form } => {
            assert!(form.as_ref().is_none_or(|form| is_line(form, 60)), "{form:?}");
        }
        Happening::Purchase(order) => {
            assert!(is_line(&order.order_id, 200), "{order:?}");
            assert!(order.changed_at.is_none_or(|at| at <= now()));
            assert!(order.coupon.as_ref().is_none_or(|coupon| is_line(coupon, 200)), "{order:?}");
            let currency =
                |text: &String| text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase());
            assert!(order.currency.as_ref().is_none_or(currency), "{:?}", order.currency);
            assert!(order.items.len() <= 1_000);
            let prices = order.items.iter().map(|item| &item.price);
            for money in prices.chain([&order.total]).flatten() {
                assert_money(money);
            }
            for item in &order.items {
                assert!((1..=1_000_000).contains(&item.quantity), "{item:?}");
                assert!(is_line(&item.product_id, 200), "{item:?}");
                assert!(item.name.as_ref().is_none_or(|name| is_line(name, 200)), "{item:?}");
            }
        }
        Happening::Event { name, data } => {
            assert!(is_line(name, 100), "{name:?}");
            assert!(data.to_string().len() <= 32 * 1024, "too much data");
            assert!(data.is_object() || data.is_null(), "{data:?}");
            assert_storable(data);
        }
        other => panic!("no door tells of {other:?}"),
    }
    let kept = serde_json::to_string(fact).expect("a fact is JSON");
    let read: Fact = serde_json::from_str(&kept).expect("a fact reads back");
    assert_eq!(&read, fact, "a fact reads back as it was");
}

/// Asserts what is true of whatever is told of a person.
pub fn assert_details(details: &ContactDetails) {
    for (told, read) in [
        (&details.email, address::email as fn(&str) -> Result<String, &'static str>),
        (&details.phone, address::phone),
        (&details.first_name, value::name),
        (&details.last_name, value::name),
        (&details.language, value::language),
        (&details.timezone, value::timezone),
        (&details.country, value::country),
    ] {
        let Some(told) = told else { continue };
        assert!(is_line(told, 254), "{told:?}");
        assert_eq!(read(told).as_ref(), Ok(told), "its one form is its form");
    }
    for list in &details.lists {
        assert!(value::label(list).is_ok(), "{list:?}");
    }
    assert!(details.fields.len() <= 100);
    for (name, told) in &details.fields {
        assert!(value::is_field_name(name), "{name:?}");
        assert!(value::field(name, told).is_ok(), "{name}: {told}");
        assert_storable(told);
    }
    if let Some(consent) = &details.consent {
        assert_consent(consent);
    }
}

/// Asserts what is true of every yes and no.
pub fn assert_consent(consent: &ConsentGiven) {
    assert!(consent.email.is_some() || consent.sms.is_some(), "evidence of nothing is nothing");
    assert!(consent.at.is_none_or(|at| at <= now()), "nobody agrees in the future");
    let text = consent.text.as_deref().unwrap_or_default();
    assert!(text.chars().count() <= 2_000);
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    assert!(consent.ip.as_ref().is_none_or(|ip| ip.parse::<std::net::IpAddr>().is_ok()));
}

/// Whether a text is one line that runs one way, not empty and not long.
fn is_line(text: &str, chars_max: usize) -> bool {
    let turns = |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !text.trim().is_empty()
        && text.chars().count() <= chars_max
        && !text.chars().any(|c| c.is_control() || turns(c))
}

/// Money is decimal text: finite, not negative, and below a quadrillion.
fn assert_money(text: &str) {
    let amount: f64 = text.parse().expect("money is a number");
    assert!((0.0..1e15).contains(&amount), "{text}");
    assert!(text.bytes().all(|b| b.is_ascii_digit() || b == b'.'), "{text}");
}

/// The numbers of a value fit DynamoDB, and its names are not empty.
fn assert_storable(value: &Value) {
    match value {
        Value::Number(number) => {
            let size = number.as_f64().expect("a number").abs();
            assert!(size == 0.0 || (1e-100..=1e100).contains(&size), "{number}");
        }
        Value::Array(members) => members.iter().for_each(assert_storable),
        Value::Object(members) => {
            assert!(members.keys().all(|name| !name.is_empty()));
            members.values().for_each(assert_storable);
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// Reads a file of contacts as an import does, and asserts what is true of every row. `choices` are
/// those that a command line makes.
///
/// # Errors
/// Those of the file.
pub fn read_contacts(bytes: Vec<u8>, choices: u8) -> Result<(), masa_contacts_file::Error> {
    let chosen = |of: &[&'static str], by: u8| of.get(usize::from(by) % of.len()).copied();
    let options = Options {
        country: chosen(&["IL", "US", "AR", "IT"], choices).map(str::to_owned),
        dates: (choices & 4 != 0).then_some(DateOrder::DayFirst),
        rules: if choices & 8 == 0 { Rules::AsWritten } else { Rules::Providers },
        limits: Limits { sheet_bytes: 1 << 20, texts_bytes: 1 << 20 },
        ..Options::default()
    };
    let mut file = ContactsFile::from_reader(Cursor::new(bytes), options)?;
    let shown = format!("{}\n{}", file.about(), file.mapping());
    assert!(!shown.contains('\u{202e}'), "no name of a column turns the line that tells of it");
    if choices & 16 != 0 {
        // As somebody says who knows what the first column is.
        file.map("#1=phone")?;
    }
    let summary = file.summary(now())?;
    let headers: Vec<String> = file.headers().map(str::to_owned).collect();
    let mut rejects = Rejects::new(Vec::new(), headers.iter().map(String::as_str))?;
    let mut again = Summary::default();
    for line in file.rows(now())? {
        let line = line?;
        again.add(&line);
        match &line {
            Line::Row(row) => {
                assert!(row.line >= 1);
                assert!(row.details.email.is_some() || row.details.phone.is_some(), "nobody");
                assert_details(&row.details);
                row.also.iter().for_each(assert_consent);
            }
            Line::Refused(refused) => {
                assert!(!refused.problems.is_empty() && refused.line >= 1);
                rejects.write(refused)?;
            }
        }
    }
    assert_eq!(again, summary, "what was told is what is done");
    assert_eq!(summary.rows, summary.usable + summary.refused);
    rejects.finish()
}

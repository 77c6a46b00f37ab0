//! Single values in the form in which they are kept.

use jiff::Timestamp;
use serde_json::Value;

use crate::{json::Problem, malformed::Malformed};

/// The longest text of evidence of a consent, in characters.
const EVIDENCE_CHARS_MAX: usize = 2_000;

/// The largest value of a contact's field, in bytes of its texts.
const FIELD_BYTES_MAX: usize = 4 * 1024;

/// The largest data of an event, in bytes of its JSON.
const DATA_BYTES_MAX: usize = 32 * 1024;

/// How many objects and lists may stand in each other in an event's data: far below the 32 levels
/// of a DynamoDB item, with room for what is around them.
const DATA_DEPTH_MAX: usize = 20;

/// Numbers beyond this size (or, but for 0, below its inverse) fit no DynamoDB number.
const NUMBER_MAX: f64 = 1e100;

const NUMBER_TOO_LARGE: Problem = "send numbers of at most 1e100 and, but for 0, at least 1e-100";

/// Characters that change the direction of the text around them: in a name they can turn a whole
/// line of a mail, and in an address they deceive.
pub(crate) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a reader sees anything of it: not of spaces, nor of marks without a width.
pub(crate) fn is_seen(c: char) -> bool {
    let unseen = c.is_whitespace() || c.is_control() || is_bidi_control(c);
    !unseen
        && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{3164}')
}

/// A text of one line: control characters and those that turn its direction go, the space around
/// it too.
fn one_line(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control() && !is_bidi_control(*c)).collect();
    plain.trim().to_owned()
}

/// The name of a person or a product, on one line.
///
/// # Errors
/// What to do, without the name.
pub fn name(text: &str) -> Result<String, Problem> {
    let name = one_line(text);
    if name.chars().count() > 200 {
        return Err("send at most 200 characters");
    }
    Ok(name)
}

/// A store's own id of an order or a product.
pub(crate) fn store_id(text: &str) -> Result<String, Problem> {
    if text.chars().any(|c| c.is_control() || is_bidi_control(c)) {
        return Err("an id holds no control characters");
    }
    if text.is_empty() || text.chars().count() > 200 {
        return Err("an id has 1 to 200 characters");
    }
    Ok(text.to_owned())
}

/// The name of a list or a form.
///
/// # Errors
/// What to do.
pub fn label(text: &str) -> Result<String, Problem> {
    let known = |c: char| c.is_alphanumeric() || "_.-".contains(c);
    if !(1..=60).contains(&text.chars().count()) || !text.chars().all(known) {
        return Err("a name has 1 to 60 letters, digits, dots, dashes and underscores");
    }
    Ok(text.to_owned())
}

/// Whether `text` may name a field.
pub fn is_field_name(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    (1..=60).contains(&text.len()) && text.bytes().all(known)
}

/// The name of an event.
pub(crate) fn event_name(text: &str) -> Result<String, Problem> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
    if !(1..=100).contains(&text.len()) || !text.bytes().all(known) {
        return Err("send 1 to 100 ASCII letters, digits and _.:-, such as course.lesson_done");
    }
    Ok(text.to_owned())
}

/// A language tag (BCP 47) in its usual spelling: `he`, `en-US`, `zh-Hant-TW`. Takes the `_` of
/// many stores, and the codes of Hebrew, Indonesian and Yiddish that old Java still sends.
///
/// # Errors
/// What to do.
pub fn language(text: &str) -> Result<String, Problem> {
    const WRONG: Problem = "send a language tag, such as he or en-US";
    let mut parts = text.split(['-', '_']);
    let first = parts.next().unwrap_or_default().to_ascii_lowercase();
    if !(2..=3).contains(&first.len()) || !first.bytes().all(|b| b.is_ascii_lowercase()) {
        return Err(WRONG);
    }
    let mut tag = match first.as_str() {
        "iw" => "he".to_owned(),
        "in" => "id".to_owned(),
        "ji" => "yi".to_owned(),
        _ => first,
    };
    for part in parts {
        if !(1..=8).contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(WRONG);
        }
        tag.push('-');
        match part.len() {
            2 => tag.push_str(&part.to_ascii_uppercase()),
            4 => {
                let (initial, others) = part.split_at(1);
                tag.push_str(&initial.to_ascii_uppercase());
                tag.push_str(&others.to_ascii_lowercase());
            }
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    if tag.len() > 35 {
        return Err(WRONG);
    }
    Ok(tag)
}

/// The name of a time zone. Only its shape is looked at: the functions carry no zone database.
///
/// # Errors
/// What to do.
pub fn timezone(text: &str) -> Result<String, Problem> {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"_+-/".contains(&b);
    if !(1..=50).contains(&text.len()) || !text.bytes().all(known) {
        return Err("send the IANA name of a time zone, such as Asia/Jerusalem");
    }
    Ok(text.to_owned())
}

/// A country (ISO 3166-1 alpha-2) in capitals.
///
/// # Errors
/// What to do.
pub fn country(text: &str) -> Result<String, Problem> {
    letters(text, 2).ok_or("send the two letters of a country, such as IL")
}

/// A currency (ISO 4217) in capitals.
pub(crate) fn currency(text: &str) -> Result<String, Problem> {
    letters(text, 3).ok_or("send the three letters of a currency, such as ILS")
}

fn letters(text: &str, count: usize) -> Option<String> {
    let fits = text.len() == count && text.bytes().all(|b| b.is_ascii_alphabetic());
    fits.then(|| text.to_ascii_uppercase())
}

/// An amount of money as decimal text, such as `129.90`; kept as it was written.
pub(crate) fn money(text: &str) -> Result<String, Problem> {
    if text.starts_with('-') {
        return Err("an amount is not negative");
    }
    let (whole, cents) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str, max: usize| {
        (1..=max).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    if !digits(whole, 15) || !digits(cents, 6) {
        return Err("send an amount as decimal text without signs and commas, such as \"129.90\"");
    }
    Ok(text.to_owned())
}

/// A moment (RFC 3339), at most `now`: nothing has happened in the future, and clocks differ.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let at: Timestamp =
        text.parse().map_err(|_| "send a time as RFC 3339 has it, such as 2026-11-01T09:30:00Z")?;
    Ok(at.min(now))
}

/// The words that were agreed to. Lines stay.
pub(crate) fn evidence(text: &str) -> Result<String, Problem> {
    if text.chars().count() > EVIDENCE_CHARS_MAX {
        return Err("send at most 2000 characters");
    }
    let kept = |c: &char| *c == '\n' || !c.is_control();
    Ok(text.chars().filter(kept).collect())
}

/// A network address.
pub(crate) fn ip(text: &str) -> Result<String, Problem> {
    let ip: std::net::IpAddr =
        text.parse().map_err(|_| "send an IPv4 or IPv6 address, such as 192.0.2.1")?;
    Ok(ip.to_string())
}

/// Whether an answer tells anything.
pub(crate) fn is_filled(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Array(members) => members.iter().any(is_filled),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    }
}

/// The value of a contact's field: text, number, true, false, null, or a list of those.
///
/// # Errors
/// What to do, at `path`, without the value.
pub fn field(path: &str, value: &Value) -> Result<(), Malformed> {
    let bytes = match value {
        Value::Array(members) => {
            let sizes: Option<Vec<usize>> = members.iter().map(scalar_bytes).collect();
            sizes.map(|sizes| sizes.iter().sum())
        }
        scalar => scalar_bytes(scalar),
    };
    match bytes {
        None => Err(Malformed::at(path, "send text, a number, true, false, or a list of those")),
        Some(bytes) if bytes > FIELD_BYTES_MAX => Err(Malformed::at(path, "send at most 4 KiB")),
        Some(_) => storable(value).map_err(|problem| Malformed::at(path, problem)),
    }
}

/// What a scalar takes, about as DynamoDB counts; `None` when it is none.
fn scalar_bytes(value: &Value) -> Option<usize> {
    match value {
        Value::Null | Value::Bool(_) => Some(2),
        Value::Number(_) => Some(10),
        Value::String(text) => Some(text.len().saturating_add(1)),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// The data of an event.
pub(crate) fn data(value: &Value) -> Result<(), Problem> {
    if value.to_string().len() > DATA_BYTES_MAX {
        return Err("send at most 32 KiB of data");
    }
    if deeper_than(value, DATA_DEPTH_MAX) {
        return Err("send at most 20 objects and lists in each other");
    }
    storable(value)
}

fn deeper_than(value: &Value, levels: usize) -> bool {
    let mut members: Box<dyn Iterator<Item = &Value>> = match value {
        Value::Array(members) => Box::new(members.iter()),
        Value::Object(members) => Box::new(members.values()),
        _ => return false,
    };
    levels == 0 || members.any(|member| deeper_than(member, levels - 1))
}

/// Whether DynamoDB can hold a value: its numbers have a range, and its names are not empty.
fn storable(value: &Value) -> Result<(), Problem> {
    match value {
        Value::Number(number) => {
            let size = number.as_f64().unwrap_or(f64::INFINITY).abs();
            let fits = size == 0.0 || (1.0 / NUMBER_MAX..=NUMBER_MAX).contains(&size);
            if fits { Ok(()) } else { Err(NUMBER_TOO_LARGE) }
        }
        Value::Array(members) => members.iter().try_for_each(storable),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            if name.is_empty() {
                return Err("give every entry a name");
            }
            storable(member)
        }),
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
    }
}

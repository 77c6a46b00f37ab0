//! SES version 2: `SendEmail`, and the rules it refuses by.

use serde_json::{Map, Value, json};

use crate::{answer::Refusal, registry::Registry, ses_events, state::State};

/// The most extra headers of a message.
const MOST_HEADERS: usize = 15;
/// The longest header name, value, and both together, characters.
const LONGEST_NAME: usize = 126;
const LONGEST_VALUE: usize = 995;
const LONGEST_HEADER: usize = 996;
/// The longest name and the longest value of a tag, characters, and the most tags.
const LONGEST_TAG: usize = 256;
const MOST_TAGS: usize = 50;
/// Headers that may stand once in a message.
const ONCE: [&str; 3] = ["list-unsubscribe", "list-unsubscribe-post", "list-id"];
/// Headers that SES makes itself and does not take as an extra one.
const OWN: [&str; 10] = [
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "reply-to",
    "return-path",
    "sender",
    "content-type",
    "mime-version",
];

/// Answers one call.
pub(crate) fn answer(
    state: &State,
    registry: &Registry,
    now: i64,
    operation: &str,
    input: &Value,
) -> Result<Value, Refusal> {
    if operation != "SendEmail" {
        return Err(Refusal::unknown("ses", operation));
    }
    let from =
        text(input, "/FromEmailAddress").ok_or_else(|| bad("FromEmailAddress is missing"))?;
    check_address(from)?;
    let to = recipient(input)?;
    let Some(simple) = input.pointer("/Content/Simple") else {
        return Err(bad("the box models Simple content only"));
    };
    let subject = text(simple, "/Subject/Data").ok_or_else(|| bad("Subject is missing"))?;
    check_charset(simple, "/Subject", subject)?;
    let html = text(simple, "/Body/Html/Data");
    let plain = text(simple, "/Body/Text/Data");
    if html.is_none() && plain.is_none() {
        return Err(bad("Body needs Html or Text"));
    }
    check_charset(simple, "/Body/Html", html.unwrap_or_default())?;
    check_charset(simple, "/Body/Text", plain.unwrap_or_default())?;
    let headers = headers(simple)?;
    let tags = tags(input)?;
    let entry = json!({
        "id": null, "channel": "email", "to": to, "from": from, "subject": subject, "html": html, "text": plain,
        "headers": headers, "flow": tags.get("flow"), "step": tags.get("step"), "sent_at": null,
        "tags": tags, "configuration_set": text(input, "/ConfigurationSetName"),
        "reply_to": input.get("ReplyToAddresses"),
    });
    let transaction = state.db.unchecked_transaction()?;
    let id = format!("{}-000000", state.keep_sent(0x5e5, entry.clone(), now)?);
    if let Some(queue) = &registry.ses_events {
        ses_events::publish(state, queue, &id, &entry, now)?;
    }
    transaction.commit()?;
    Ok(json!({"MessageId": id}))
}

fn text<'a>(input: &'a Value, pointer: &str) -> Option<&'a str> {
    input.pointer(pointer).and_then(Value::as_str)
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequestException", message)
}

fn recipient(input: &Value) -> Result<&str, Refusal> {
    let of = |kind: &str| {
        let list = input.pointer(&format!("/Destination/{kind}"));
        list.and_then(Value::as_array).map_or(&[][..], Vec::as_slice)
    };
    match (of("ToAddresses"), of("CcAddresses"), of("BccAddresses")) {
        ([one], [], []) => {
            let address = one.as_str().unwrap_or_default();
            check_address(address)?;
            Ok(address)
        }
        ([], [], []) => Err(bad("Destination has no recipient")),
        // SES takes 50; Masa sends to one, for privacy and tracking, and the box holds it to that.
        _ => Err(bad("the box takes one recipient a message")),
    }
}

/// The address without a name in front of it.
pub(crate) fn bare(given: &str) -> &str {
    match given.strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((_, address)) => address,
        None => given,
    }
}

/// An address, or a name and an address in angle brackets; ASCII, as SES has no SMTPUTF8.
fn check_address(given: &str) -> Result<(), Refusal> {
    let address = bare(given);
    let legal = given.is_ascii()
        && !address.contains(|c: char| {
            c.is_ascii_whitespace() || c.is_ascii_control() || ",;<>".contains(c)
        })
        && address.rsplit_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains("..")
        });
    if legal && !given.contains(['\r', '\n']) { Ok(()) } else { Err(bad("Illegal address")) }
}

fn check_charset(simple: &Value, content: &str, data: &str) -> Result<(), Refusal> {
    let charset = text(simple, &format!("{content}/Charset")).unwrap_or("US-ASCII");
    if charset.eq_ignore_ascii_case("UTF-8") || data.is_ascii() {
        Ok(())
    } else {
        Err(bad(format!("{content} holds characters outside {charset}: set Charset")))
    }
}

fn headers(simple: &Value) -> Result<Map<String, Value>, Refusal> {
    let mut headers = Map::new();
    let given = simple.pointer("/Headers").and_then(Value::as_array);
    let given = given.map_or(&[][..], Vec::as_slice);
    if given.len() > MOST_HEADERS {
        return Err(bad(format!("more than {MOST_HEADERS} headers")));
    }
    for header in given {
        let name = text(header, "/Name").unwrap_or_default();
        let value = text(header, "/Value").unwrap_or_default();
        check_header(name, value)?;
        let lower = name.to_ascii_lowercase();
        let again = headers.keys().any(|other| other.eq_ignore_ascii_case(name));
        if OWN.contains(&lower.as_str()) || (again && ONCE.contains(&lower.as_str())) {
            return Err(bad(format!("header {name} may not be set here, or not twice")));
        }
        headers.insert(name.to_owned(), json!(value));
    }
    Ok(headers)
}

fn check_header(name: &str, value: &str) -> Result<(), Refusal> {
    let name_legal = (1..=LONGEST_NAME).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'!'..=b'9' | b';'..=b'@' | b'A'..=b'~'));
    if !name_legal {
        return Err(bad(format!("header name {name:?} does not match [!-9;-@A-~]{{1,126}}")));
    }
    let value_legal = (1..=LONGEST_VALUE).contains(&value.len())
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && name.len() + value.len() <= LONGEST_HEADER;
    if value_legal {
        Ok(())
    } else {
        Err(bad(format!(
            "the value of header {name} is not 1 to {LONGEST_VALUE} printable ASCII characters"
        )))
    }
}

fn tags(input: &Value) -> Result<Map<String, Value>, Refusal> {
    let mut tags = Map::new();
    let given = input.get("EmailTags").and_then(Value::as_array);
    let given = given.map_or(&[][..], Vec::as_slice);
    if given.len() > MOST_TAGS {
        return Err(bad(format!("more than {MOST_TAGS} tags")));
    }
    for tag in given {
        let name = text(tag, "/Name").unwrap_or_default();
        let value = text(tag, "/Value").unwrap_or_default();
        for part in [name, value] {
            let legal = (1..=LONGEST_TAG).contains(&part.len())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            if !legal {
                return Err(bad(format!(
                    "tag {name}={value} does not match [A-Za-z0-9_-]{{1,256}}"
                )));
            }
        }
        if tags.insert(name.to_owned(), json!(value)).is_some() {
            return Err(bad(format!("tag {name} is given twice")));
        }
    }
    Ok(tags)
}

//! SNS: `Publish` to a phone number, in the query protocol.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    answer::{Refusal, escape},
    http::decode_form,
    state::State,
};

/// The longest message, characters.
const LONGEST: usize = 1_600;
/// Digits of a number in E.164, with its country code.
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

/// The form body of a call.
pub(crate) type Form = BTreeMap<String, String>;

/// Reads a form body.
pub(crate) fn form(body: &[u8]) -> Form {
    decode_form(&String::from_utf8_lossy(body)).collect()
}

/// Answers one call with XML.
pub(crate) fn answer(
    state: &State,
    now: i64,
    operation: &str,
    form: &Form,
) -> Result<String, Refusal> {
    if operation != "Publish" {
        return Err(Refusal::unknown("sns", operation));
    }
    let field = |name: &str| form.get(name).map(String::as_str);
    let Some(phone) = field("PhoneNumber") else {
        return Err(invalid("the box models Publish to PhoneNumber only"));
    };
    let e164 = phone.strip_prefix('+').is_some_and(|digits| {
        DIGITS.contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit())
    });
    if !e164 {
        return Err(invalid("Invalid parameter: PhoneNumber is not valid to publish to"));
    }
    let message = field("Message").unwrap_or_default();
    if message.is_empty() || message.chars().count() > LONGEST {
        return Err(invalid(format!(
            "Invalid parameter: Message must have 1 to {LONGEST} characters"
        )));
    }
    let attributes = attributes(form)?;
    let entry = json!({
        "id": null, "channel": "sms", "to": phone, "from": attributes.get("AWS.SNS.SMS.SenderID"),
        "subject": null, "html": null, "text": message, "headers": {},
        "flow": attributes.get("masa.flow"), "step": attributes.get("masa.step"), "sent_at": null,
        "attributes": attributes,
    });
    let id = state.keep_sent(0x575, entry, now)?;
    Ok(format!(
        "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>{}</MessageId>\
         </PublishResult><ResponseMetadata><RequestId>box</RequestId></ResponseMetadata></PublishResponse>",
        escape(&id)
    ))
}

fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "InvalidParameter", message)
}

fn attributes(form: &Form) -> Result<Map<String, Value>, Refusal> {
    let mut attributes = Map::new();
    for number in 1.. {
        let entry = format!("MessageAttributes.entry.{number}");
        let Some(name) = form.get(&format!("{entry}.Name")) else {
            break;
        };
        let value = form.get(&format!("{entry}.Value.StringValue"));
        let value = value.ok_or_else(|| invalid(format!("attribute {name} has no StringValue")))?;
        check_attribute(name, value)?;
        attributes.insert(name.clone(), json!(value));
    }
    Ok(attributes)
}

fn check_attribute(name: &str, value: &str) -> Result<(), Refusal> {
    let legal = match name {
        "AWS.SNS.SMS.SMSType" => matches!(value, "Promotional" | "Transactional"),
        "AWS.SNS.SMS.SenderID" => {
            (3..=11).contains(&value.len())
                && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                && value.bytes().any(|byte| byte.is_ascii_alphabetic())
        }
        _ => !name.is_empty() && !value.is_empty(),
    };
    if legal {
        Ok(())
    } else {
        Err(invalid(format!("Invalid parameter: attribute {name} has the illegal value {value:?}")))
    }
}

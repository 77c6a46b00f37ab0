//! `POST /hooks/event`.

use jiff::Timestamp;
use masa_domain::{ContactKey, Fact, FactId, Happening};
use serde_json::Value;

use crate::{
    details,
    json::{self, Object, wrong_type},
    malformed::Malformed,
    value,
};

/// The fact that an event's body tells. Its dedupe key is the webhook's id.
///
/// # Errors
/// [`Malformed`] names the field. Names that the contract doesn't know are passed over.
pub fn parse(
    body: &[u8],
    webhook_id: &str,
    key: &ContactKey,
    now: Timestamp,
) -> Result<Fact, Malformed> {
    let body = json::parse(body)?;
    let object = Object::root(&body)?;
    let name = object.required("type", value::event_name)?;
    let at = object.read("at", |text| value::moment(text, now))?.unwrap_or(now);
    let person = object
        .object("contact")?
        .ok_or_else(|| object.malformed("contact", "say whom it concerns: this is required"))?;
    let details = details::read(&person, now)?;
    Ok(Fact {
        id: FactId::new("event", webhook_id),
        contact: details::contact(&person, &details, key)?,
        received_at: now,
        at,
        details,
        what: Happening::Event { name, data: data(&object)? },
    })
}

fn data(object: &Object<'_>) -> Result<Value, Malformed> {
    let Some(data) = object.get("data") else { return Ok(Value::Null) };
    if !data.is_object() {
        return Err(wrong_type(&object.path("data"), "an object", data));
    }
    value::data(data).map_err(|problem| object.malformed("data", problem))?;
    Ok(data.clone())
}

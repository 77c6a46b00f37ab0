//! `POST /hooks/signup`.

use jiff::Timestamp;
use masa_domain::{ContactKey, Fact, FactId, Happening};

use crate::{
    details,
    json::{self, Object},
    malformed::Malformed,
    value,
};

/// The fact that a signup's body tells. Its dedupe key is the webhook's id.
///
/// # Errors
/// [`Malformed`] names the field. Names that the contract doesn't know are passed over: stores
/// send more than it asks for.
pub fn parse(
    body: &[u8],
    webhook_id: &str,
    key: &ContactKey,
    now: Timestamp,
) -> Result<Fact, Malformed> {
    let body = json::parse(body)?;
    let object = Object::root(&body)?;
    let details = details::read(&object, now)?;
    Ok(Fact {
        id: FactId::new("signup", webhook_id),
        contact: details::contact(&object, &details, key)?,
        received_at: now,
        at: now,
        what: Happening::Signup { form: object.read("form", value::label)? },
        details,
    })
}

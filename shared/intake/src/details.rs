//! What a sender tells about a person, as `signup` has it and `event` in its `contact`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use masa_domain::{ConsentGiven, ContactDetails, ContactId, ContactKey};
use serde_json::Value;

use crate::{
    address,
    json::{Object, wrong_type},
    malformed::Malformed,
    value,
};

/// Names of the profile: the store's own fields can't have them, or a condition on one could mean
/// the other.
pub const PROFILE: [&str; 7] =
    ["email", "phone", "first_name", "last_name", "language", "timezone", "country"];

/// How many lists one fact joins.
const LISTS_MAX: usize = 100;

/// How many fields one fact sets.
pub const FIELDS_MAX: usize = 100;

/// Everything about a person.
pub(crate) fn read(object: &Object<'_>, now: Timestamp) -> Result<ContactDetails, Malformed> {
    Ok(ContactDetails {
        lists: lists(object)?,
        fields: fields(object)?,
        consent: consent(object, now)?,
        ..profile(object)?
    })
}

/// Whose details they are.
pub(crate) fn contact(
    object: &Object<'_>,
    details: &ContactDetails,
    key: &ContactKey,
) -> Result<ContactId, Malformed> {
    key.contact(details.email.as_deref(), details.phone.as_deref()).ok_or_else(|| {
        object.malformed("email", "send an e-mail address or a phone: at least one is needed")
    })
}

/// The addresses alone.
pub(crate) fn addresses(object: &Object<'_>) -> Result<ContactDetails, Malformed> {
    Ok(ContactDetails {
        email: object.read("email", address::email)?,
        phone: object.read("phone", address::phone)?,
        ..ContactDetails::default()
    })
}

/// Addresses, names, language and place.
pub(crate) fn profile(object: &Object<'_>) -> Result<ContactDetails, Malformed> {
    Ok(ContactDetails {
        first_name: object.read("first_name", value::name)?.filter(|name| !name.is_empty()),
        last_name: object.read("last_name", value::name)?.filter(|name| !name.is_empty()),
        language: object.read("language", value::language)?,
        timezone: object.read("timezone", value::timezone)?,
        country: object.read("country", value::country)?,
        ..addresses(object)?
    })
}

fn lists(object: &Object<'_>) -> Result<Vec<String>, Malformed> {
    let sent = object.list("lists")?;
    if sent.len() > LISTS_MAX {
        return Err(object.malformed("lists", "send at most 100 lists"));
    }
    let mut lists = Vec::new();
    for (path, sent) in sent {
        let text = sent.as_str().ok_or_else(|| wrong_type(&path, "text", sent))?;
        let list = value::label(text.trim()).map_err(|problem| Malformed::at(path, problem))?;
        if !lists.contains(&list) {
            lists.push(list);
        }
    }
    Ok(lists)
}

fn fields(object: &Object<'_>) -> Result<BTreeMap<String, Value>, Malformed> {
    let Some(sent) = object.object("fields")? else { return Ok(BTreeMap::new()) };
    own_fields(&object.path("fields"), &sent, sent.entries())
}

/// Checks the store's own fields among `entries` of `sent`, which stand under `path`.
pub(crate) fn own_fields<'a>(
    path: &str,
    sent: &Object<'_>,
    entries: impl Iterator<Item = (&'a String, &'a Value)>,
) -> Result<BTreeMap<String, Value>, Malformed> {
    let mut fields = BTreeMap::new();
    for (index, (name, told)) in entries.enumerate() {
        if index >= FIELDS_MAX {
            return Err(Malformed::at(path, "send at most 100 fields"));
        }
        // The name isn't repeated: where names are broken, a name may well be an address.
        if !value::is_field_name(name) {
            let problem = "the name of a field has 1 to 60 ASCII letters, digits, dots, dashes \
                           and underscores; rename number";
            return Err(Malformed::at(path, format!("{problem} {}", index + 1)));
        }
        if PROFILE.contains(&name.as_str()) {
            let problem = format!("`{name}` belongs beside `fields`, not in it");
            return Err(sent.malformed(name, problem));
        }
        value::field(&sent.path(name), told)?;
        fields.insert(name.clone(), told.clone());
    }
    Ok(fields)
}

fn consent(object: &Object<'_>, now: Timestamp) -> Result<Option<ConsentGiven>, Malformed> {
    let Some(sent) = object.object("consent")? else { return Ok(None) };
    let consent = ConsentGiven {
        email: sent.flag("email")?,
        sms: sent.flag("sms")?,
        text: sent.read("text", value::evidence)?,
        ip: sent.read("ip", value::ip)?,
        at: sent.read("at", |text| value::moment(text, now))?,
    };
    // Evidence of nothing is nothing.
    Ok(Some(consent).filter(|consent| consent.email.is_some() || consent.sms.is_some()))
}

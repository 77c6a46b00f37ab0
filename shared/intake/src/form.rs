//! `POST /forms/{form}`: a form of a public page.
//!
//! Known names are `email`, `phone`, `first_name`, `last_name`, `language`, `timezone`, `country`,
//! `consent` (or `consent_email`), `consent_sms`, `_id` (the dedupe key) and `website` (the
//! honeypot); every other one becomes a field of the contact. A name that comes several times, or
//! ends with `[]`, is a list. An empty value is a field that was left out.

mod body;

use std::collections::BTreeMap;

use jiff::Timestamp;
use masa_domain::{
    ConsentGiven, ContactDetails, ContactKey, Fact, FactId, Form, Happening, Id, Question, pick,
};
use serde_json::{Map, Value};

use crate::{
    details::{self, PROFILE},
    json::{Object, wrong_type},
    malformed::Malformed,
    value::{self, is_filled},
};

/// The hidden field by which a page may name a submission, so that it counts once.
pub const ID: &str = "_id";

/// The same answers to the same form count once in this many seconds: a double click, a reload.
const REPEAT_SECONDS: i64 = 600;

/// A submission, as the browser sends it.
#[derive(Debug, Clone, Copy)]
pub struct Submission<'a> {
    /// The form's name.
    pub name: &'a str,
    /// The form.
    pub form: &'a Form,
    /// The shop's language: that of the words beside the button when the page tells none.
    pub language: &'a str,
    /// The shop's questions, of which the form may ask some.
    pub questions: &'a BTreeMap<String, Question>,
    /// The header `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body's bytes.
    pub body: &'a [u8],
    /// The visitor's network address: evidence of consent.
    pub ip: Option<&'a str>,
}

/// What a submission tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Parsed {
    /// A signup.
    Fact(Box<Fact>),
    /// A program filled it in. It is answered like a success, and nothing is kept.
    Honeypot,
}

/// A submission that can't be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Answered with 415.
    #[error("send application/x-www-form-urlencoded, multipart/form-data or application/json")]
    ContentType,
    /// Answered with 400.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Reads a submission. The dedupe key is its `_id`; without one, equal answers to the same form
/// within ten minutes are one.
///
/// # Errors
/// [`Error::ContentType`] for another kind of body, [`Error::Malformed`] names the field.
pub fn parse(
    submission: &Submission<'_>,
    key: &ContactKey,
    now: Timestamp,
) -> Result<Parsed, Error> {
    let answers = body::read(submission.content_type, submission.body)?;
    if answers.get(Form::HONEYPOT).is_some_and(is_filled) {
        return Ok(Parsed::Honeypot);
    }
    let id = fact_id(submission.name, &answers, now)?;
    let mut answers: Map<String, Value> =
        answers.into_iter().filter(|(_, value)| is_filled(value)).collect();
    of_questions(submission, &mut answers)?;
    let answers = Value::Object(answers);
    let object = Object::root(&answers)?;
    let profile = details::profile(&object)?;
    let contact = details::contact(&object, &profile, key)?;
    let details = ContactDetails {
        lists: submission.form.lists.clone(),
        fields: fields(&object)?,
        consent: consent(&object, submission, &profile)?,
        ..profile
    };
    let what = Happening::Signup { form: Some(submission.name.to_owned()) };
    let fact = Fact { id, contact, received_at: now, at: now, details, what };
    Ok(Parsed::Fact(Box::new(fact)))
}

/// Answers to what the form asks on a page of its own: all that must be there is, and questions have
/// answers that they know.
fn of_questions(
    submission: &Submission<'_>,
    answers: &mut Map<String, Value>,
) -> Result<(), Malformed> {
    let form = submission.form;
    let told = |name: &String| match answers.get(name) {
        Some(Value::String(text)) => text.chars().any(value::is_seen),
        other => other.is_some(),
    };
    if let Some(missing) = form.must.iter().find(|name| !told(name)) {
        return Err(Malformed::at(missing, "this must be filled in"));
    }
    for name in &form.ask {
        let Some(question) = submission.questions.get(name) else { continue };
        let Some(written) = answers.get(name) else { continue };
        let text = match written {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let known = text.and_then(|text| question.kind.value(&text));
        let known =
            known.ok_or_else(|| Malformed::at(name, "this is no answer that the question has"))?;
        answers.insert(name.clone(), known);
    }
    Ok(())
}

/// What was written into a form, as texts by their names: to show it again. Empty when it can't be read.
pub fn written(content_type: Option<&str>, body: &[u8]) -> BTreeMap<String, String> {
    let answers = body::read(content_type, body).unwrap_or_default();
    let texts = answers.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        _ => None,
    });
    texts.collect()
}

/// Over the answers and not over the bytes: a multipart body has a new boundary every time.
fn fact_id(form: &str, answers: &Map<String, Value>, now: Timestamp) -> Result<FactId, Malformed> {
    if let Some(id) = answers.get(ID).filter(|id| is_filled(id)) {
        let id = id.as_str().ok_or_else(|| wrong_type(ID, "text", id))?;
        let id = value::store_id(id.trim()).map_err(|problem| Malformed::at(ID, problem))?;
        return Ok(FactId::new("form", &Id::derive(&[form, &id]).to_string()));
    }
    let bucket = now.as_second().div_euclid(REPEAT_SECONDS).to_string();
    let answers = Value::Object(answers.clone()).to_string();
    Ok(FactId::new("form", &Id::derive(&[form, &bucket, &answers]).to_string()))
}

fn fields(object: &Object<'_>) -> Result<BTreeMap<String, Value>, Malformed> {
    let known = [Form::HONEYPOT, ID, "consent", "consent_email", "consent_sms"];
    let own = object
        .entries()
        .filter(|(name, _)| !PROFILE.contains(&name.as_str()) && !known.contains(&name.as_str()));
    details::own_fields("", object, own)
}

/// What was said about consent. Words beside the button make sending the form a yes for each
/// address that was given, unless a box says no.
fn consent(
    object: &Object<'_>,
    submission: &Submission<'_>,
    profile: &ContactDetails,
) -> Result<Option<ConsentGiven>, Malformed> {
    let general = ticked(object, "consent")?;
    let by_email = ticked(object, "consent_email")?.or(general);
    let by_sms = ticked(object, "consent_sms")?;
    let language = profile.language.as_deref().unwrap_or(submission.language);
    let text = pick(&submission.form.consent, language, submission.language);
    let text = text.map(|(_, text)| text.clone());
    let implied = text.is_some() && general != Some(false);
    let consent = ConsentGiven {
        email: by_email.or((implied && profile.email.is_some()).then_some(true)),
        sms: by_sms.or((implied && profile.phone.is_some()).then_some(true)),
        text,
        ip: submission.ip.and_then(|ip| value::ip(ip).ok()),
        at: None,
    };
    Ok(Some(consent).filter(|consent| consent.email.is_some() || consent.sms.is_some()))
}

/// A tick box, or a choice of yes and no.
fn ticked(object: &Object<'_>, name: &str) -> Result<Option<bool>, Malformed> {
    match object.get(name) {
        Some(Value::Bool(ticked)) => Ok(Some(*ticked)),
        Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(Some(true)),
        Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(Some(false)),
        _ => object.read(name, |text| match text.to_ascii_lowercase().as_str() {
            "on" | "yes" | "true" | "1" => Ok(true),
            "off" | "no" | "false" | "0" => Ok(false),
            _ => Err("a box says on, yes, true or 1 when it is ticked"),
        }),
    }
}

//! `POST /hooks/tally`: a response to a form, as the signup `tally-<form id>`.
//!
//! An answer is named by its question's label, reduced to a field's name: `Company name` is the field
//! `Company-name`, and `First name` the profile's. A label of another script (Hebrew) gives no name:
//! its answer stands under Tally's own key (`question_mVGEg3`). Otherwise as in [`crate::typeform`].
//!
//! **Consent** to mails is a box labelled `consent` or `newsletter` that stands alone (one option) and
//! was ticked: a choice between yes and no has an answer either way.

use std::collections::HashMap;

use jiff::Timestamp;
use masa_domain::{ContactKey, Fact, FactId, Happening};
use serde_json::Value;

use crate::{
    answers::{Answers, Asked, field_name},
    json,
    malformed::Malformed,
    platform::{Part, Receipt},
    value,
};

/// Reads the body of a webhook. A fact's dedupe key is the response's id.
///
/// # Errors
/// [`Malformed`] names the field.
pub fn parse(body: &[u8], key: &ContactKey, now: Timestamp) -> Result<Vec<Fact>, Malformed> {
    let body = json::parse(body)?;
    let event = Part::root(&body)?;
    if event.required("eventType", Part::text)? != "FORM_RESPONSE" {
        return Ok(Vec::new());
    }
    let response = event.required("data.responseId", Part::id)?;
    let form = event.required("data.formId", |data, name| {
        data.read(name, |id| value::label(&format!("tally-{id}")))
    })?;
    let data = event.object("data");
    let at = data.moment("createdAt").unwrap_or(now).min(now);
    let mut answers = Answers::default();
    // What the link carried gives way to what was answered.
    let hidden = |field: &Part<'_>| field.text("type") == Some("HIDDEN_FIELDS");
    for field in data.list("fields").filter(|field| !hidden(field)) {
        read(&mut answers, field, at);
    }
    for field in data.list("fields").filter(hidden) {
        if let (Some(name), Some(told)) = (name(field), field.get("value")) {
            answers.add(&name, Asked::Anything, told);
        }
    }
    let what = Happening::Signup { form: Some(form) };
    let id = FactId::new("tally", &response);
    Ok(Vec::from_iter(Receipt { key, now }.fact(id, Some(at), answers.details(), what)))
}

fn name(field: Part<'_>) -> Option<String> {
    ["label", "key"].iter().find_map(|name| field_name(field.text(name)?))
}

fn read(answers: &mut Answers, field: Part<'_>, at: Timestamp) {
    let (Some(name), Some(told)) = (name(field), field.get("value")) else { return };
    let asked = match field.text("type") {
        Some("INPUT_EMAIL") => Asked::Email,
        Some("INPUT_PHONE_NUMBER") => Asked::Phone,
        Some("CHECKBOXES") => {
            agree(answers, &name, field, told, at);
            Asked::Anything
        }
        _ => Asked::Anything,
    };
    answers.add(&name, asked, &chosen(field, told));
}

fn agree(answers: &mut Answers, name: &str, field: Part<'_>, told: &Value, at: Timestamp) {
    let mut options = field.list("options");
    let (only, more) = (options.next(), options.next());
    let chosen = told.as_array().is_some_and(|chosen| chosen.len() == 1);
    let yes = *told == Value::Bool(true) || (only.is_some() && more.is_none() && chosen);
    let words = || only.and_then(|option| option.text("text")).or_else(|| field.text("label"));
    answers.agree(name, yes, words, at);
}

/// An answer as the reader saw it: the texts of what was chosen, in the place of their ids.
fn chosen(field: Part<'_>, told: &Value) -> Value {
    let options = field.list("options");
    let texts: HashMap<&str, &Value> =
        options.filter_map(|option| Some((option.text("id")?, option.get("text")?))).collect();
    let text = |id: &Value| {
        let text = id.as_str().and_then(|id| texts.get(id).copied());
        text.unwrap_or(id).clone()
    };
    match told {
        Value::Array(ids) => ids.iter().map(text).collect(),
        other => text(other),
    }
}

//! `POST /hooks/typeform`: a response to a form, as the signup `typeform-<form id>`.
//!
//! An answer is named by its question's `ref`, which the form's maker can set; hidden fields by their
//! own names, and what was answered goes before them. `email`, `phone`, `first_name`, `last_name`,
//! `language`, `timezone` and `country` fill the profile, and so does any question for an e-mail
//! address or a phone; every other answer is a field of its name.
//!
//! **Consent** to mails is a yes (a switch, a legal question) to a question whose `ref` is `consent`
//! or `newsletter`, with the question's words as evidence. Nothing else is one, least of all a hidden
//! field, and a no is no refusal.

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

/// Reads the body of a webhook. A fact's dedupe key is the response's token.
///
/// # Errors
/// [`Malformed`] names the field.
pub fn parse(body: &[u8], key: &ContactKey, now: Timestamp) -> Result<Vec<Fact>, Malformed> {
    let body = json::parse(body)?;
    let event = Part::root(&body)?;
    if event.required("event_type", Part::text)? != "form_response" {
        return Ok(Vec::new());
    }
    let token = event.required("form_response.token", Part::id)?;
    let form = event.required("form_response.form_id", |response, name| {
        response.read(name, |id| value::label(&format!("typeform-{id}")))
    })?;
    let response = event.object("form_response");
    let at = response.moment("submitted_at").unwrap_or(now).min(now);
    let mut answers = Answers::default();
    for answer in response.list("answers") {
        read(&mut answers, response, answer, at);
    }
    for (name, told) in response.object("hidden").entries() {
        if let Some(name) = field_name(name) {
            answers.add(&name, Asked::Anything, told);
        }
    }
    let what = Happening::Signup { form: Some(form) };
    let id = FactId::new("typeform", &token);
    Ok(Vec::from_iter(Receipt { key, now }.fact(id, Some(at), answers.details(), what)))
}

fn read(answers: &mut Answers, response: Part<'_>, answer: Part<'_>, at: Timestamp) {
    let field = answer.object("field");
    let name = ["ref", "id"].iter().find_map(|name| field_name(field.text(name)?));
    let (Some(name), Some(kind)) = (name, answer.text("type")) else { return };
    let (asked, told) = match kind {
        "email" => (Asked::Email, answer.get("email").cloned()),
        "phone_number" => (Asked::Phone, answer.get("phone_number").cloned()),
        "choice" => {
            let choice = answer.object("choice");
            (Asked::Anything, choice.get("label").or_else(|| choice.get("other")).cloned())
        }
        "choices" => (Asked::Anything, Some(choices(answer.object("choices")))),
        _ => (Asked::Anything, answer.get(kind).cloned()),
    };
    let Some(told) = told else { return };
    let words = || {
        let mut questions = response.object("definition").list("fields");
        let id = field.text("id");
        questions.find(|question| question.text("id") == id)?.text("title")
    };
    answers.agree(&name, told == Value::Bool(true), words, at);
    answers.add(&name, asked, &told);
}

fn choices(choices: Part<'_>) -> Value {
    let labels = choices.get("labels").and_then(Value::as_array).into_iter().flatten();
    labels.chain(choices.get("other")).filter(|label| label.is_string()).cloned().collect()
}

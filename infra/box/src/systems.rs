//! Systems outside AWS that are called by webhooks. They take every call, and answer as they were told to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    AwsBox, Error,
    answer::{Answer, Refusal},
    state::State,
};

/// How systems answer, by the addresses at which they are called.
pub(crate) type Answers = BTreeMap<String, (u16, Value)>;

/// A webhook.
pub(crate) struct Call<'a> {
    pub(crate) url: &'a str,
    pub(crate) headers: &'a BTreeMap<String, String>,
    pub(crate) body: &'a [u8],
}

impl AwsBox {
    /// From now on the system at `url` answers with this status and JSON; before, with 200 and `{}`.
    ///
    /// # Errors
    /// None as things are.
    pub fn answer_calls(&self, url: &str, status: u16, answer: Value) -> Result<(), Error> {
        self.0.register(|registry| {
            registry.systems.insert(url.to_owned(), (status, answer));
            Ok(())
        })
    }
}

/// Answers one call, and keeps it in the outbox.
pub(crate) fn answer(
    state: &State,
    answers: &Answers,
    now: i64,
    call: Call<'_>,
) -> Result<Answer, Refusal> {
    let known = answers.get(call.url).or_else(|| answers.get(call.url.trim_end_matches('/')));
    let (status, answer) = known.cloned().unwrap_or_else(|| (200, json!({})));
    let id = call.headers.get("webhook-id").map(String::as_str).unwrap_or_default();
    // The id is the message's own: its run, and the run's generation.
    let (run, generation) = id.split_once('.').unwrap_or((id, ""));
    let body: Value = serde_json::from_slice(call.body)
        .map_err(|_| Refusal::new(400, "BadRequest", "the body is not JSON"))?;
    let data = |name: &str| body.pointer(&format!("/data/{name}")).cloned().unwrap_or_default();
    let entry = json!({
        "id": null, "channel": "webhook", "to": call.url, "from": null, "subject": null, "html": null,
        "text": String::from_utf8_lossy(call.body), "headers": call.headers,
        "flow": data("flow"), "step": data("step"), "sent_at": null,
        "tags": { "run": run, "generation": generation }, "status": status,
    });
    state.keep_sent(0xca11, entry, now)?;
    Ok(Answer::raw(status, answer.to_string()))
}

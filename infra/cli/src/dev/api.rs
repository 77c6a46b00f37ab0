//! What `masa dev` tells about itself, and its clock.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{Response, StatusCode},
};
use jiff::{SignedDuration, Timestamp};
use masa_domain::{ContactId, Message, Run, Span, State as RunState, Status};
use masa_intake::address;
use masa_store::Person;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Dev,
    server::{Last, Shared, answer, broken, refused, to_its_end},
};

/// How far the clock may be moved at once.
const FAR: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

/// How the clock is to move: exactly one of these.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Move {
    advance: Option<String>,
    to: Option<Timestamp>,
    next: Option<bool>,
}

pub(crate) async fn outbox(State(dev): Shared) -> Response<Body> {
    told(dev.outbox().await)
}

pub(crate) async fn overview(State(dev): Shared) -> Response<Body> {
    told(dev.overview().await)
}

pub(crate) async fn contacts(State(dev): Shared) -> Response<Body> {
    told(dev.contacts().await)
}

pub(crate) async fn contact(State(dev): Shared, Path(who): Last) -> Response<Body> {
    let who = who.strip_suffix(".json").unwrap_or(&who);
    match dev.contact(who).await {
        Ok(Some(person)) => told(Ok(person)),
        Ok(None) => refused(StatusCode::NOT_FOUND, "unknown_contact", "nobody has this address"),
        Err(error) => broken(&error),
    }
}

pub(crate) async fn clock(State(dev): Shared) -> Response<Body> {
    told(Ok(json!({ "now": dev.stack.aws.clock().now() })))
}

pub(crate) async fn move_clock(State(dev): Shared, body: Bytes) -> Response<Body> {
    let target =
        serde_json::from_slice(&body).map_err(anyhow::Error::from).and_then(|how| dev.target(&how));
    match target {
        Ok(target) => told(dev.move_to(target).await),
        Err(error) => refused(StatusCode::BAD_REQUEST, "malformed", &format!("{error:#}")),
    }
}

fn told(value: Result<Value>) -> Response<Body> {
    match value {
        Ok(value) => answer(StatusCode::OK, "application/json", value.to_string()),
        Err(error) => broken(&error),
    }
}

/// A run with its history in words.
fn told_run(run: &Run) -> Value {
    let mut told = json!(run);
    let story = run.story.iter().filter_map(|entry| {
        Some(json!({ "at": entry.at, "step": entry.step, "what": entry.what.in_words()? }))
    });
    if let Some(members) = told.as_object_mut() {
        members.insert("story".to_owned(), story.collect());
    }
    told
}

/// A message with its opens and clicks counted.
fn told_message(message: &Message) -> Value {
    let mut told = json!(message);
    if let Some(members) = told.as_object_mut() {
        members.insert("opens".to_owned(), json!(message.opens.len()));
        members.insert("clicks".to_owned(), json!(message.clicks.len()));
    }
    told
}

impl Dev {
    /// Sent messages. A text carries no tags, so its flow and step come from the table.
    async fn outbox(&self) -> Result<Value> {
        let mut messages = self.stack.aws.outbox()?;
        if messages.iter().any(|message| message.get("flow").is_none_or(Value::is_null)) {
            let known = self.stack.store.all_messages().await?;
            let known: HashMap<&str, _> = known
                .iter()
                .filter_map(|message| match &message.status {
                    Status::Sent { provider_id, .. } => Some((provider_id.as_str(), message)),
                    _ => None,
                })
                .collect();
            for message in &mut messages {
                let id = message.get("id").and_then(Value::as_str);
                let found = id.and_then(|id| known.get(id));
                if let (Some(found), Some(message)) = (found, message.as_object_mut()) {
                    message.insert("flow".to_owned(), json!(found.flow));
                    message.insert("step".to_owned(), json!(found.step));
                }
            }
        }
        Ok(json!({ "messages": messages }))
    }

    async fn overview(&self) -> Result<Value> {
        let Dev { stack, .. } = self;
        let catalogue = stack.store.catalogue().await?;
        let mut flows = Vec::new();
        for (name, live) in &catalogue.flows {
            let flow = stack.store.flow(name, live.version).await?;
            let flow = flow.with_context(|| format!("flow {name} version {}", live.version))?;
            let steps: Vec<&String> = flow.steps.keys().collect();
            flows.push(json!({
                "name": name, "version": live.version, "kind": flow.kind, "steps": steps,
            }));
        }
        let mut waiting = Vec::new();
        for contact in stack.store.contacts().await? {
            for run in contact.runs.values() {
                if let RunState::Waiting { step, until } = &run.state {
                    waiting.push((*until, json!({
                        "contact": contact.profile.email.as_ref().or(contact.profile.phone.as_ref()),
                        "run": run.id, "flow": run.flow, "step": step, "until": until,
                    })));
                }
            }
        }
        waiting.sort_by_key(|(until, _)| *until);
        let waiting: Vec<Value> = waiting.into_iter().map(|(_, entry)| entry).collect();
        Ok(json!({
            "now": stack.aws.clock().now(),
            "next_due": stack.aws.next_timed()?,
            "shop": catalogue.setup.shop,
            "forms": catalogue.setup.forms,
            "flows": flows,
            "waiting": waiting,
        }))
    }

    async fn contacts(&self) -> Result<Value> {
        let mut contacts = self.stack.store.contacts().await?;
        contacts.sort_by_key(|contact| std::cmp::Reverse(contact.created_at));
        let rows = contacts.into_iter().map(|contact| {
            let live = contact.runs.values().filter(|run| run.is_live()).count();
            json!({
                "id": contact.id,
                "email": contact.profile.email,
                "phone": contact.profile.phone,
                "first_name": contact.profile.first_name,
                "language": contact.profile.language,
                "lists": contact.all_lists(),
                "live": live,
                "ended": contact.runs.len().saturating_sub(live),
            })
        });
        Ok(json!({ "contacts": rows.collect::<Vec<_>>() }))
    }

    /// A contact by address, phone or id.
    async fn contact(&self, who: &str) -> Result<Option<Value>> {
        let id = match who.parse::<ContactId>() {
            Ok(id) => Some(id),
            Err(_) => {
                let (email, phone) = (address::email(who).ok(), address::phone(who).ok());
                self.contacts.contact(email.as_deref(), phone.as_deref())
            }
        };
        let Some(id) = id else { return Ok(None) };
        let Person { loaded, messages, facts } = self.stack.store.everything(id).await?;
        if loaded.contact.is_none() && facts.is_empty() {
            return Ok(None);
        }
        let mut runs: Vec<&Run> =
            loaded.contact.iter().flat_map(|contact| contact.runs.values()).collect();
        runs.sort_by_key(|run| run.entered_at);
        let runs: Vec<Value> = runs.into_iter().map(told_run).collect();
        let messages: Vec<Value> = messages.iter().map(told_message).collect();
        let mut contact = json!(loaded.contact);
        if let Some(contact) = contact.as_object_mut() {
            contact.remove("runs");
            contact.insert("refusals".to_owned(), json!(loaded.refusals));
            contact.insert("suppressions".to_owned(), json!(loaded.suppressions));
        }
        Ok(Some(json!({ "contact": contact, "runs": runs, "messages": messages, "facts": facts })))
    }

    fn target(&self, how: &Move) -> Result<Timestamp> {
        let now = self.stack.aws.clock().now();
        let target = self.asked(how, now)?;
        // Timestamps end in the year 9999, and a clock never goes back.
        if target.duration_since(now) > FAR {
            bail!("that is more than a hundred years ahead");
        }
        Ok(target)
    }

    fn asked(&self, how: &Move, now: Timestamp) -> Result<Timestamp> {
        match how {
            Move { advance: Some(span), to: None, next: None } => {
                Ok(span.parse::<Span>()?.after(now))
            }
            Move { advance: None, to: Some(to), next: None } if *to < now => {
                bail!("`to` has passed: it is {now}, and a clock doesn't go back")
            }
            Move { advance: None, to: Some(to), next: None } => Ok(*to),
            Move { advance: None, to: None, next: Some(true) } => {
                Ok(self.stack.aws.next_timed()?.unwrap_or(now).max(now))
            }
            _ => bail!(
                r#"send {{"advance":"2d"}}, {{"to":"2026-12-01T09:00:00Z"}} or {{"next":true}}"#
            ),
        }
    }

    async fn move_to(&self, target: Timestamp) -> Result<Value> {
        let aws = self.stack.aws.clone();
        let moved = to_its_end(async move { Ok(aws.advance_to(target).await?) }).await?;
        let fired = moved.fired();
        Ok(json!({ "now": self.stack.aws.clock().now(), "fired": fired }))
    }
}

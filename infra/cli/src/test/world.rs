//! A contact, its shop and its reader, on virtual time.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use masa_box::{ClockMode, HttpRequest, HttpResponse};
use masa_domain::{
    ContactId, ContactKey, Fact, FactId, Flow, Happening, Medium, Message, Run, Status, System,
    link::{Link, LinkKeys, Purpose},
};
use masa_intake::signature::StandardWebhooks;
use masa_language::{Library, Test, digest};
use masa_runtime::Config;
use masa_stack::Stack;
use masa_store::{Person, Publish};
use serde_json::{Map, Value, json};

const PUBLIC_URL: &str = "https://go.shop.example";
const EVENTS: &str = "whsec_dGhlIHNlY3JldCBvZiBqb3VybmV5cycgdGVzdHM=";
const LINKS: &str = "the secret under which links are signed";
const CONTACTS: &str = "the key of contact ids, 32 characters or more";
const EMAIL: &str = "noa@example.com";
const PHONE: &str = "+972505550123";

/// A message that was sent.
pub(crate) struct Sent {
    pub(crate) message: Message,
    /// As it stands in the outbox.
    pub(crate) told: Value,
}

/// Where a test takes place.
pub(crate) struct World {
    stack: Stack,
    signer: StandardWebhooks,
    links: LinkKeys,
    pub(crate) contact: ContactId,
    /// What a signup tells of the contact.
    person: Map<String, Value>,
    /// The flow that is tested.
    pub(crate) flow: String,
    pub(crate) flows: BTreeMap<String, Flow>,
    /// The shop's systems.
    systems: BTreeMap<String, System>,
    told: Cell<u32>,
}

impl World {
    pub(crate) async fn new(
        test: &Test,
        flow: &str,
        flows: &[Flow],
        library: &Library,
    ) -> Result<Self> {
        let settings: Config = [
            ("MASA_PUBLIC_URL", PUBLIC_URL),
            ("MASA_FROM", "Shop <hello@shop.example>"),
            ("MASA_SENDER_ID", "Shop"),
            ("MASA_SECRET_EVENTS", EVENTS),
            ("MASA_SECRET_LINKS", LINKS),
            ("MASA_SECRET_CALLS", EVENTS),
            ("MASA_CONTACT_KEY", CONTACTS),
        ]
        .into_iter()
        .collect();
        let stack = Stack::open(None, ClockMode::Virtual(test.start), settings)?;
        let person = person(&test.contact);
        let text = |name: &str| person.get(name).and_then(Value::as_str);
        let contact = ContactKey::new(CONTACTS).contact(text("email"), text("phone"));
        let world = Self {
            stack,
            signer: StandardWebhooks::new(EVENTS)?,
            links: LinkKeys::new(LINKS)?,
            contact: contact.context("a contact needs an e-mail address or a phone")?,
            person,
            flow: flow.to_owned(),
            flows: flows.iter().map(|flow| (flow.name.clone(), flow.clone())).collect(),
            systems: library.setup.systems.clone(),
            told: Cell::new(0),
        };
        // Before anything is live: what is known of the contact begins no journey.
        let known = Value::Object(world.person.clone());
        world.hook("/hooks/signup", &known).await?;
        let flows = flows.iter().map(|flow| (flow.clone(), digest(flow))).collect();
        let publish = Publish { flows, setup: library.setup.clone(), prune: false };
        world.stack.store.publish(&publish).await?;
        world.look_for_dates().await?;
        // The functions remember an older catalogue for half a minute.
        let later = world.now() + jiff::SignedDuration::from_mins(1);
        world.stack.aws.advance_to(later).await?;
        Ok(world)
    }

    /// Has the contact, who was there before the journeys were, looked at for their dates.
    async fn look_for_dates(&self) -> Result<()> {
        let told = self.stack.aws.invoke("dates", json!({})).await;
        told.map(drop).map_err(anyhow::Error::msg)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.stack.aws.clock().now()
    }

    pub(crate) async fn advance_to(&self, target: Timestamp) -> Result<()> {
        self.stack.aws.advance_to(target).await?;
        Ok(())
    }

    /// The next number of something that is told.
    pub(crate) fn number(&self) -> u32 {
        self.told.set(self.told.get() + 1);
        self.told.get()
    }

    /// What signups and events say of the contact, as far as it identifies it.
    pub(crate) fn who(&self) -> Map<String, Value> {
        let own =
            self.person.iter().filter(|(name, _)| ["email", "phone"].contains(&name.as_str()));
        own.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The store's server tells something.
    pub(crate) async fn hook(&self, path: &str, body: &Value) -> Result<()> {
        let id = format!("msg_{}", self.number());
        let (at, body) = (self.now().as_second(), body.to_string().into_bytes());
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id.clone()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", self.signer.sign(&id, at, &body)),
        ];
        self.request("POST", path, &headers, body).await
    }

    /// A browser posts a form.
    pub(crate) async fn form(&self, name: &str, fields: Map<String, Value>) -> Result<()> {
        let mut body = self.who();
        body.extend(fields);
        let headers = [("content-type", "application/json".to_owned())];
        let body = Value::Object(body).to_string().into_bytes();
        self.request("POST", &format!("/forms/{name}"), &headers, body).await
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Vec<u8>,
    ) -> Result<()> {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let response: HttpResponse = self
            .stack
            .aws
            .http(HttpRequest {
                method: method.to_owned(),
                path: path.to_owned(),
                headers: headers.collect(),
                body,
                source_ip: "192.0.2.7".to_owned(),
                ..HttpRequest::default()
            })
            .await;
        if response.status >= 400 {
            let told = String::from_utf8_lossy(&response.body).into_owned();
            bail!("{path} answered {}: {told}", response.status);
        }
        self.stack.aws.settle().await?;
        Ok(())
    }

    /// Follows an address of a message.
    pub(crate) async fn visit(&self, method: &str, link: &Link) -> Result<()> {
        let kind = match link {
            Link::Open { .. } => "o",
            Link::Click { .. } => "c",
            Link::Unsubscribe { .. } => "u",
            Link::Answer { .. } => "a",
        };
        self.request(method, &format!("/{kind}/{}", self.links.sign(link)), &[], Vec::new()).await
    }

    /// The reader answers a question of a mail on its page; false when no mail asks it.
    pub(crate) async fn answer(&self, question: &str, answer: &Value) -> Result<bool> {
        let mut sent = self.sent().await?;
        sent.reverse();
        let links = sent.iter().flat_map(|sent| self.signed(sent, "a", Purpose::Answer));
        let mut own = links.filter(
            |link| matches!(link, Link::Answer { question: asked, .. } if asked == question),
        );
        let Some(link) = own.next() else { return Ok(false) };
        let path = format!("/a/{}", self.links.sign(&link));
        self.request("GET", &path, &[], Vec::new()).await?;
        let answer = match answer {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let visit = self.number().to_string();
        let mut form = form_urlencoded::Serializer::new(String::new());
        let form = form.append_pair("visit", &visit).append_pair("answer", &answer).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded".to_owned())];
        self.request("POST", &path, &headers, form.into_bytes()).await?;
        Ok(true)
    }

    /// How a system of the shop answers from now on.
    pub(crate) fn system(&self, name: &str, status: u16, answer: &Value) -> Result<()> {
        let system = self.systems.get(name);
        let system = system.with_context(|| format!("shop.yaml names no system `{name}`"))?;
        self.stack.aws.answer_calls(&system.url, status, answer.clone())?;
        Ok(())
    }

    /// Something happened that comes by a door of a later day.
    pub(crate) async fn happens(&self, what: Happening) -> Result<()> {
        let now = self.now();
        let fact = Fact {
            id: FactId::new("test", &self.number().to_string()),
            contact: self.contact,
            received_at: now,
            at: now,
            details: Default::default(),
            what,
        };
        self.stack.store.record(&fact).await?;
        self.stack.aws.settle().await?;
        Ok(())
    }

    pub(crate) async fn known(&self) -> Result<Person> {
        Ok(self.stack.store.everything(self.contact).await?)
    }

    /// The runs of the flow that is tested, oldest first.
    pub(crate) async fn runs(&self) -> Result<Vec<Run>> {
        let contact = self.known().await?.loaded.contact;
        let mut runs: Vec<Run> =
            contact.map(|contact| contact.runs).unwrap_or_default().into_values().collect();
        runs.retain(|run| run.flow == self.flow);
        runs.sort_by_key(|run| (run.entered_at, run.id));
        Ok(runs)
    }

    /// What was sent, oldest first.
    pub(crate) async fn sent(&self) -> Result<Vec<Sent>> {
        let mut messages = self.known().await?.messages;
        let mut sent = Vec::new();
        let mut called = BTreeSet::new();
        for told in self.stack.aws.outbox()? {
            let text = |path: &str| told.pointer(path).and_then(Value::as_str).unwrap_or_default();
            let id = text("/id");
            let call = format!("{}.{}", text("/tags/run"), text("/tags/generation"));
            let is_call = text("/channel") == "webhook";
            // A call that was not answered is made again, under the same id.
            if is_call && !called.insert(call.clone()) {
                continue;
            }
            // SES's ids have an ending that the outbox leaves out.
            let is_it = |message: &Message| match &message.status {
                _ if is_call => format!("{}.{}", message.id.run, message.id.generation) == call,
                Status::Sent { provider_id, .. } => provider_id.starts_with(id),
                _ => false,
            };
            let message = messages.iter().position(is_it).map(|at| messages.swap_remove(at));
            let message = message.context("a message in the outbox is not in the table")?;
            sent.push(Sent { message, told });
        }
        messages.retain(Message::was_sent);
        ensure!(messages.is_empty(), "a message in the table is not in the outbox");
        Ok(sent)
    }

    /// The last message that a step sent.
    pub(crate) async fn last(&self, step: &str) -> Result<Option<Sent>> {
        let mut sent = self.sent().await?;
        sent.retain(|sent| sent.message.step == step);
        Ok(sent.pop())
    }

    /// The signed links of a message, of which a reader follows one by its name or its address.
    pub(crate) fn links(&self, sent: &Sent) -> Vec<Link> {
        self.signed(sent, "c", Purpose::Click)
    }

    fn signed(&self, sent: &Sent, path: &str, purpose: Purpose) -> Vec<Link> {
        let body = |name: &str| sent.told.get(name).and_then(Value::as_str).unwrap_or_default();
        let body = if sent.message.medium == Medium::Sms { body("text") } else { body("html") };
        let marker = format!("{PUBLIC_URL}/{path}/");
        let tokens = body.split(&marker).skip(1).map(|rest| {
            rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).next()
        });
        tokens.flatten().filter_map(|token| self.links.verify(purpose, token)).collect()
    }
}

/// What a signup tells of the test's contact.
fn person(told: &BTreeMap<String, Value>) -> Map<String, Value> {
    let mut person = Map::new();
    person.insert("email".to_owned(), json!(EMAIL));
    person.insert("phone".to_owned(), json!(PHONE));
    person.insert("consent".to_owned(), json!({ "email": true, "sms": true }));
    for (name, value) in told {
        match value {
            Value::Null => person.remove(name),
            Value::Object(empty) if name == "consent" && empty.is_empty() => person.remove(name),
            value => person.insert(name.clone(), value.clone()),
        };
    }
    person
}

//! A stack on virtual time, and those around it: the store's server, Shopify, a browser.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use masa_box::{ClockMode, HttpRequest, HttpResponse};
use masa_domain::{ContactKey, Run, link::LinkKeys};
use masa_intake::signature::{Shopify, StandardWebhooks};
use masa_language::{Files, digest};
use masa_runtime::Config;
use masa_stack::{Stack, TABLE};
use masa_store::{Person, Publish};
use serde_json::{Value, json};

pub(crate) const PUBLIC_URL: &str = "https://go.shop.example";
const EVENTS: &str = "whsec_dGhlIHNlY3JldCBvZiB0aGUgc3RhY2sgdGVzdHM=";
const SHOPIFY: &str = "the secret of Shopify's app";
pub(crate) const WOOCOMMERCE: &str = "the secret of WooCommerce's webhook";
pub(crate) const STRIPE: &str = "whsec_the secret of Stripe's endpoint";
pub(crate) const TYPEFORM: &str = "the secret of Typeform's webhook";
pub(crate) const TALLY: &str = "the secret of Tally's webhook";
const LINKS: &str = "the secret under which links are signed";
const CONTACTS: &str = "the key of contact ids, 32 characters or more";

/// Everything that a store has.
pub(crate) struct World {
    pub(crate) stack: Stack,
    pub(crate) signer: StandardWebhooks,
    pub(crate) shopify: Shopify,
    pub(crate) links: LinkKeys,
    pub(crate) contacts: ContactKey,
    table: Client,
    webhooks: AtomicU32,
}

pub(crate) type Item = std::collections::HashMap<String, AttributeValue>;

/// What the functions need beyond the box's own names.
pub(crate) fn settings() -> Config {
    [
        ("MASA_PUBLIC_URL", PUBLIC_URL),
        ("MASA_FROM", "קומקום <hello@shop.example>"),
        ("MASA_SENDER_ID", "Kumkum"),
        ("MASA_SECRET_EVENTS", EVENTS),
        ("MASA_SECRET_SHOPIFY", SHOPIFY),
        ("MASA_SECRET_WOOCOMMERCE", WOOCOMMERCE),
        ("MASA_SECRET_STRIPE", STRIPE),
        ("MASA_SECRET_TYPEFORM", TYPEFORM),
        ("MASA_SECRET_TALLY", TALLY),
        ("MASA_SECRET_LINKS", LINKS),
        ("MASA_SECRET_CALLS", EVENTS),
        ("MASA_CONTACT_KEY", CONTACTS),
    ]
    .into_iter()
    .collect()
}

impl World {
    /// With the journeys that `masa dev` shows.
    pub(crate) async fn library() -> Self {
        Self::new(Files::from_texts(masa_flows::demo())).await
    }

    /// With these journeys.
    pub(crate) async fn new(files: Files) -> Self {
        Self::with(settings(), files).await
    }

    /// Of a store that has its own server alone.
    pub(crate) async fn without_platforms() -> Self {
        let none = ["SHOPIFY", "WOOCOMMERCE", "STRIPE", "TYPEFORM", "TALLY"];
        let none = none.map(|name| (format!("MASA_SECRET_{name}"), String::new()));
        let settings = settings().overridden_by(none.into_iter().collect());
        Self::with(settings, Files::from_texts(masa_flows::demo())).await
    }

    async fn with(settings: Config, files: Files) -> Self {
        let start = "2026-03-01T08:00:00Z".parse().unwrap();
        let stack = Stack::open(None, ClockMode::Virtual(start), settings).unwrap();
        let table = Client::new(&stack.aws.sdk_config());
        let world = Self {
            signer: StandardWebhooks::new(EVENTS).unwrap(),
            shopify: Shopify::new(SHOPIFY).unwrap(),
            links: LinkKeys::new(LINKS).unwrap(),
            contacts: ContactKey::new(CONTACTS),
            stack,
            table,
            webhooks: AtomicU32::new(0),
        };
        world.publish(&files).await;
        world.stack.aws.meter().take();
        world
    }

    pub(crate) async fn publish(&self, files: &Files) {
        let library = masa_language::read(files).unwrap();
        let with_digest = |flow| (digest(&flow), flow);
        let flows = library.flows.into_iter().map(with_digest).map(|(digest, flow)| (flow, digest));
        let publish = Publish { flows: flows.collect(), setup: library.setup, prune: false };
        self.stack.store.publish(&publish).await.unwrap();
    }

    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.stack.aws.clock().now()
    }

    /// Lets so many hours pass, with all that falls due.
    pub(crate) async fn pass(&self, hours: i64) {
        let target = self.now() + jiff::SignedDuration::from_hours(hours);
        self.stack.aws.advance_to(target).await.unwrap();
    }

    pub(crate) async fn settle(&self) {
        self.stack.aws.settle().await.unwrap();
    }

    /// Sends a request; nothing is delivered yet.
    pub(crate) async fn http(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> HttpResponse {
        self.request(method, path, "", headers, body).await
    }

    /// Asks for a page, with a query.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &[(&str, &str)],
    ) -> HttpResponse {
        self.request(method, path, query, headers, b"").await
    }

    async fn request(
        &self,
        method: &str,
        path: &str,
        query: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> HttpResponse {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let request = HttpRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: headers.collect(),
            body: body.to_vec(),
            source_ip: "192.0.2.7".to_owned(),
        };
        self.stack.aws.http(request).await
    }

    /// Follows an address of a message.
    pub(crate) async fn visit(&self, method: &str, url: &str) -> HttpResponse {
        let path = url.strip_prefix(PUBLIC_URL).unwrap_or_else(|| panic!("{url} is not ours"));
        self.http(method, path, &[], b"").await
    }

    /// Posts a body to a hook as the store's server does, under this id.
    pub(crate) async fn post_as(&self, id: &str, path: &str, body: &[u8]) -> HttpResponse {
        let timestamp = self.now().as_second();
        let signature = self.signer.sign(id, timestamp, body);
        let headers = [
            ("content-type", "application/json"),
            ("webhook-id", id),
            ("webhook-timestamp", &timestamp.to_string()),
            ("webhook-signature", &signature),
        ];
        self.http("POST", path, &headers, body).await
    }

    /// The same under a new id; it must be accepted.
    pub(crate) async fn post(&self, path: &str, body: &Value) {
        let id = format!("msg_{}", self.webhooks.fetch_add(1, Ordering::Relaxed));
        accepted(&self.post_as(&id, path, body.to_string().as_bytes()).await, false);
    }

    /// Posts an order as Shopify does.
    pub(crate) async fn post_shopify(&self, topic: &str, body: &[u8]) -> HttpResponse {
        let signature = self.shopify.sign(body);
        let headers = [
            ("Content-Type", "application/json"),
            ("X-Shopify-Topic", topic),
            ("X-Shopify-Hmac-Sha256", &signature),
        ];
        self.http("POST", "/hooks/shopify", &headers, body).await
    }

    pub(crate) async fn person(&self, email: &str) -> Person {
        let contact = self.contacts.contact(Some(email), None).unwrap();
        self.stack.store.everything(contact).await.unwrap()
    }

    /// The person's runs of a flow, oldest first.
    pub(crate) async fn runs(&self, email: &str, flow: &str) -> Vec<Run> {
        let contact = self.person(email).await.loaded.contact.unwrap();
        let mut runs: Vec<_> = contact.runs.into_values().filter(|run| run.flow == flow).collect();
        runs.sort_by_key(|run| run.entered_at);
        runs
    }

    pub(crate) fn outbox(&self) -> Vec<Value> {
        self.stack.aws.outbox().unwrap()
    }

    /// Subjects of mails and numbers of texts: what a look at the outbox shows.
    pub(crate) fn steps(&self) -> Vec<String> {
        let step = |sent: &Value| match sent["channel"].as_str() {
            Some("email") => sent["step"].as_str().unwrap().to_owned(),
            _ => format!("sms to {}", sent["to"].as_str().unwrap()),
        };
        self.outbox().iter().map(step).collect()
    }

    /// All items of the table, in the order of their keys.
    pub(crate) async fn items(&self) -> Vec<Item> {
        let scan = self.table.scan().table_name(TABLE).into_paginator().items().send();
        let mut items = scan.collect::<Result<Vec<Item>, _>>().await.unwrap();
        let key = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
        items.sort_by_key(|item| (key(item, "pk"), key(item, "sk")));
        items
    }

    /// No message was given up or waits to be tried again.
    pub(crate) fn is_at_rest(&self) {
        for queue in [
            "send",
            "wake",
            "feedback",
            "send-dead-letters",
            "wake-dead-letters",
            "feedback-dead-letters",
            "advance-dead-letters",
        ] {
            assert_eq!(self.stack.aws.queue_depth(queue).unwrap(), 0, "messages in {queue}");
        }
    }
}

/// Checks the answer to an accepted fact.
pub(crate) fn accepted(response: &HttpResponse, duplicate: bool) {
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    let expected = json!({"accepted": true, "duplicate": duplicate});
    assert_eq!((response.status, body), (200, expected));
}

/// The first value of a header of an answer.
pub(crate) fn header<'r>(response: &'r HttpResponse, name: &str) -> Option<&'r str> {
    let mut headers = response.headers.iter();
    headers.find(|(own, _)| own == name).map(|(_, value)| value.as_str())
}

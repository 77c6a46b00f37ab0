//! The simulation's shop: its settings, journeys and customers, and the requests that come to it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use masa_box::HttpRequest;
use masa_domain::{
    Condition, ContactId, ContactKey, Flow, Form, Message, Person, Product, PurchaseTest, Segment,
    Setup, Since, Span, System, Trigger,
    link::{Link, LinkKeys, link_key},
};
use masa_intake::signature::{Shopify, StandardWebhooks};
use masa_language::{Files, digest};
use masa_runtime::Config;
use masa_store::Publish;
use serde_json::{Value, json};

use crate::{
    mirror::{Held, Mirror},
    scenario::REGULARS,
    sim::{Sim, broken},
};

const EVENTS: &str = "whsec_dGhlIHNlY3JldCBvZiB0aGUgc2ltdWxhdGlvbg==";
const SHOPIFY: &str = "the secret of Shopify's app";
const LINKS: &str = "the secret under which links are signed";
const CONTACTS: &str = "the key of contact ids, 32 characters or more";
/// The number of every customer: the first who tells it with an address is whom it means.
const NUMBER: &str = "+972505550123";
/// A customer of whom the shop's server knows the number alone.
pub(crate) const BY_NUMBER: &str = "number";
/// The link of every mail.
pub(crate) const URL: &str = "https://shop.example/spring";

/// The settings that the functions need beyond the box's own names.
pub(crate) fn settings() -> Config {
    [
        ("MASA_PUBLIC_URL", "https://go.shop.example"),
        ("MASA_FROM", "Shop <hello@shop.example>"),
        ("MASA_SENDER_ID", "Shop"),
        ("MASA_SECRET_EVENTS", EVENTS),
        ("MASA_SECRET_SHOPIFY", SHOPIFY),
        ("MASA_SECRET_LINKS", LINKS),
        ("MASA_SECRET_CALLS", EVENTS),
        ("MASA_CONTACT_KEY", CONTACTS),
        ("MASA_CONFIGURATION_SET", "masa"),
    ]
    .into_iter()
    .collect()
}

/// What the shop's server and its readers know.
pub(crate) struct Shop {
    pub(crate) contacts: ContactKey,
    links: LinkKeys,
    events: StandardWebhooks,
    shopify: Shopify,
}

/// Something that comes from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Somebody signs up for lists, by the shop's server.
    Signup {
        /// The webhook's id.
        id: String,
        /// Who.
        who: String,
        /// For which lists.
        lists: Vec<String>,
    },
    /// Somebody fills in the form `spring`.
    Form {
        /// Who.
        who: String,
    },
    /// Somebody buys.
    Purchase {
        /// The order.
        order: String,
        /// Who.
        who: String,
    },
    /// Somebody buys at Shopify.
    Shopify {
        /// The order's number.
        order: u32,
        /// Who.
        who: String,
    },
    /// A named event.
    Event {
        /// The webhook's id.
        id: String,
        /// Who.
        who: String,
        /// The event.
        name: String,
    },
    /// Somebody's refusal is told by the shop's server.
    Refuse {
        /// The webhook's id.
        id: String,
        /// Who.
        who: String,
        /// Of mails, or else of texts.
        mails: bool,
    },
    /// Who got the last mail of this step fetches its pixel.
    Open {
        /// Who.
        who: String,
        /// The step.
        step: String,
    },
    /// The same, and follows its link.
    Click {
        /// Who.
        who: String,
        /// The step.
        step: String,
    },
    /// Somebody unsubscribes from mails.
    Unsubscribe {
        /// Who.
        who: String,
    },
    /// The flow `welcome` is published in another version.
    Republish,
    /// The schedule or delayed wake of somebody's runs is lost.
    LoseWakes,
    /// Time passes, with all that falls due.
    Pass(SignedDuration),
    /// Time passes, and nothing is delivered.
    Skip(SignedDuration),
    /// All is delivered that is ready.
    Settle,
}

impl Shop {
    pub(crate) fn new() -> Self {
        let fixed = "a fixed secret is usable";
        Self {
            contacts: ContactKey::new(CONTACTS),
            links: LinkKeys::new(LINKS).expect(fixed),
            events: StandardWebhooks::new(EVENTS).expect(fixed),
            shopify: Shopify::new(SHOPIFY).expect(fixed),
        }
    }

    pub(crate) fn publication(&self, flows: Vec<Flow>) -> Publish {
        let mut segments = BTreeMap::new();
        if flows.iter().any(|flow| flow.triggers.contains(&Trigger::Joined(REGULARS.to_owned()))) {
            let since = Since::Within(Span::seconds(3 * 86_400));
            let bought = PurchaseTest::once(Product::Any, since);
            let bought = Segment::new(Condition::Purchased(bought));
            segments.insert(REGULARS.to_owned(), bought);
        }
        let flows = flows.into_iter().map(|flow| (digest(&flow), flow));
        let flows = flows.map(|(digest, flow)| (flow, digest)).collect();
        let form = Form {
            lists: vec!["newsletter".to_owned()],
            consent: [(String::new(), "Yes, send me letters".to_owned())].into(),
            ..Form::default()
        };
        let shop = masa_domain::Shop {
            timezone: String::new(),
            name: BTreeMap::from([("en".to_owned(), "Shop".to_owned())]),
            url: "https://shop.example".to_owned(),
            address: BTreeMap::from([("en".to_owned(), "7 Garden Road".to_owned())]),
            language: "en".to_owned(),
        };
        let forms = BTreeMap::from([("spring".to_owned(), form)]);
        // Whom random journeys tell, and what they call.
        let service = Person { email: "service@example.com".to_owned(), language: None };
        let people = BTreeMap::from([("service".to_owned(), service)]);
        let crm = System { url: "https://crm.example.com/hooks".to_owned() };
        let systems = BTreeMap::from([("crm".to_owned(), crm)]);
        let setup = Setup { forms, shop, people, systems, segments, ..Setup::default() };
        Publish { flows, setup, prune: false }
    }

    pub(crate) fn contact(&self, who: &str) -> Option<ContactId> {
        let address = (who != BY_NUMBER).then(|| address(who));
        self.contacts.contact(address.as_deref(), Some(NUMBER))
    }

    /// The function that an act goes to, and the request; nothing when there is no such message yet.
    pub(crate) fn request(
        &self,
        act: &Act,
        now: Timestamp,
        mirror: &Mirror,
    ) -> Option<(&'static str, HttpRequest)> {
        let message = |who: &str, step: &str| {
            let contact = self.contact(who)?;
            let meant = |message: &&Message| mirror.meant(message.contact) == mirror.meant(contact);
            let mut of = mirror.messages.values().filter(meant);
            of.rfind(|message| message.step == step && message.was_sent())
        };
        let get = |path: String| HttpRequest { method: "GET".to_owned(), path, ..request() };
        Some(match act {
            Act::Signup { id, who, lists } => {
                let mut body = person(who);
                body["lists"] = json!(lists);
                body["consent"] = json!({ "email": true, "sms": true });
                ("signup", self.webhook("/hooks/signup", id, now, &body))
            }
            Act::Form { who } => ("signup", form(who)),
            Act::Purchase { order, who } => {
                let mut body = person(who);
                body["order_id"] = json!(order);
                body["currency"] = json!("ILS");
                body["total"] = json!("59.90");
                body["items"] = json!([{ "product_id": "tea", "name": "Tea", "quantity": 1, "price": "59.90" }]);
                ("purchase", self.webhook("/hooks/purchase", order, now, &body))
            }
            Act::Shopify { order, who } => ("purchase", self.shopify(*order, who)),
            Act::Event { id, who, name } => {
                let body = json!({ "type": name, "contact": person(who), "data": { "n": 1 } });
                ("event", self.webhook("/hooks/event", id, now, &body))
            }
            Act::Refuse { id, who, mails } => {
                let mut contact = person(who);
                contact["consent"] =
                    if *mails { json!({"email": false}) } else { json!({"sms": false}) };
                let body = json!({ "type": "left", "contact": contact });
                ("event", self.webhook("/hooks/event", id, now, &body))
            }
            Act::Open { who, step } => {
                let message = message(who, step)?;
                let link = Link::Open { contact: message.contact, message: message.id };
                ("open", get(format!("/o/{}", self.links.sign(&link))))
            }
            Act::Click { who, step } => {
                let message = message(who, step)?;
                let (key, url) = (link_key(None, URL), URL.to_owned());
                let link = Link::Click { contact: message.contact, message: message.id, key, url };
                ("click", get(format!("/c/{}", self.links.sign(&link))))
            }
            Act::Unsubscribe { who } => {
                let contact = self.contact(who)?;
                let channel = masa_domain::Channel::Email;
                let link = Link::Unsubscribe { contact, channel, language: "en".to_owned() };
                let path = format!("/u/{}", self.links.sign(&link));
                ("preferences", HttpRequest { path, ..request() })
            }
            Act::Republish | Act::LoseWakes | Act::Pass(_) | Act::Skip(_) | Act::Settle => {
                return None;
            }
        })
    }

    fn shopify(&self, order: u32, who: &str) -> HttpRequest {
        let body = json!({
            "id": order, "name": format!("#{order}"), "email": address(who),
            "currency": "ILS", "total_price": "59.90", "financial_status": "paid",
            "processed_at": "2026-03-01T10:00:00+02:00",
            "line_items": [{ "product_id": 7, "title": "Tea", "quantity": 1, "price": "59.90" }],
        });
        let body = body.to_string().into_bytes();
        let signature = self.shopify.sign(&body);
        let headers = [
            ("content-type", "application/json"),
            ("x-shopify-topic", "orders/paid"),
            ("x-shopify-hmac-sha256", &signature),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        HttpRequest { path: "/hooks/shopify".to_owned(), headers, body, ..request() }
    }

    fn webhook(&self, path: &str, id: &str, now: Timestamp, body: &Value) -> HttpRequest {
        let body = body.to_string().into_bytes();
        let timestamp = now.as_second();
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", self.events.sign(id, timestamp, &body)),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        HttpRequest { path: path.to_owned(), headers, body, ..request() }
    }
}

fn form(who: &str) -> HttpRequest {
    let urlencoded = "application/x-www-form-urlencoded";
    let headers = vec![("content-type".to_owned(), urlencoded.to_owned())];
    let body = format!("email={}", address(who).replace('@', "%40")).into_bytes();
    HttpRequest { path: "/forms/spring".to_owned(), headers, body, ..request() }
}

fn request() -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        source_ip: "192.0.2.7".to_owned(),
        ..HttpRequest::default()
    }
}

/// A customer's address; that of AWS's mailbox simulator for those who are named after its boxes.
fn address(who: &str) -> String {
    match who {
        "bounce" | "complaint" => format!("{who}@simulator.amazonses.com"),
        who => format!("{who}@example.com"),
    }
}

fn person(who: &str) -> Value {
    if who == BY_NUMBER {
        return json!({ "phone": NUMBER });
    }
    json!({ "email": address(who), "phone": NUMBER, "first_name": "Noa", "language": "en" })
}

const MAIL: &str =
    "---\nsubject: Hello\n---\n<p><a href=\"https://shop.example/spring\">Look</a></p>\n";

/// The journeys of a folder, as YAML; each has the templates that its steps name.
///
/// # Errors
/// What is wrong with them.
pub fn journeys(flows: &[&str]) -> Held<Vec<Flow>> {
    const SHOP: &str = "name: Shop\nurl: https://shop.example\naddress: 7 Garden Road\nlanguage: en\n\
                        forms: { spring: { lists: [newsletter] } }\n";
    let mut files = vec![("shop.yaml".to_owned(), SHOP.to_owned())];
    for (number, flow) in flows.iter().enumerate() {
        files.push((format!("f{number}/flow.yaml"), (*flow).to_owned()));
        for line in flow.lines() {
            let mails = line.split("email: ").skip(1);
            for rest in mails {
                let name: String =
                    rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
                files.push((format!("f{number}/templates/{name}.en.html"), MAIL.to_owned()));
            }
        }
    }
    files.sort();
    files.dedup();
    let files = files.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let library = masa_language::read(&Files::from_texts(files));
    library.map(|library| library.flows).map_err(|problems| broken(format!("{problems:?}")))
}

impl Sim {
    /// Does what comes from outside; a request is repeated until it is answered.
    ///
    /// # Errors
    /// [`crate::Violation`].
    pub async fn act(&mut self, act: &Act) -> Held {
        match act {
            Act::Pass(span) => {
                let until = self.now().checked_add(*span).map_err(broken)?;
                self.run_until(until).await
            }
            Act::Skip(span) => self.pass(*span),
            Act::Settle => self.settle().await,
            Act::Republish => {
                let flows = journeys(&[crate::scenario::WELCOME_2])?;
                self.publish(flows).await
            }
            Act::LoseWakes => self.lose_wakes().await,
            _ => {
                let request = self.shop.request(act, self.now(), &self.mirror);
                let Some((function, request)) = request else { return Ok(()) };
                let status = self.request(function, &request).await?;
                if status >= 400 {
                    return Err(broken(format!("{act:?} was answered with {status}")));
                }
                Ok(())
            }
        }
    }

    async fn lose_wakes(&mut self) -> Held {
        self.losses = true;
        let scheduler = aws_sdk_scheduler::Client::new(&self.stack.aws.sdk_config());
        for (_, spec) in self.stack.aws.schedules().map_err(broken)? {
            let text = |name: &str| spec.get(name).and_then(Value::as_str).unwrap_or_default();
            let delete = scheduler.delete_schedule().group_name(text("GroupName"));
            delete.name(text("Name")).send().await.map_err(broken)?;
        }
        Ok(())
    }
}

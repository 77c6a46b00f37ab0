//! A journey as it is published: steps by id, each naming the next one.
//!
//! The YAML tree that people write is flattened when it is checked (`masa-language`), so that a
//! run's position is a step id that survives edits, and a walk follows links.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    condition::Condition,
    consent::Channel,
    fact::{Fact, Happening},
    span::Span,
};

/// One immutable version of a journey.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// Whether its messages are advertising.
    pub kind: Kind,
    /// What becomes of a message whose outcome nobody knows, when other than its kind's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_unknown: Option<OnUnknown>,
    /// What lets a contact in: any of these.
    pub triggers: Vec<Trigger>,
    /// Who may enter; everybody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_if: Option<Condition>,
    /// Whether one may enter again.
    pub again: Again,
    /// What ends it early: any of these.
    #[serde(default)]
    pub exits: Vec<Trigger>,
    /// The first step's id; absent in a flow without steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// The steps by id.
    pub steps: BTreeMap<String, Step>,
    /// The templates that the steps name, by name and language.
    #[serde(default)]
    pub templates: BTreeMap<String, BTreeMap<String, Template>>,
}

/// Whether a message is advertising. The law asks consent for marketing alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Needs consent, carries unsubscribe headers.
    #[default]
    Marketing,
    /// Service that was asked for: order confirmations and the like.
    Transactional,
}

/// What becomes of a message of which nobody knows whether it was sent. SES and SNS have no
/// idempotency token, so one of two evils has to be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnUnknown {
    /// It is not sent again: perhaps the reader gets none. What marketing does.
    Skip,
    /// It is sent once more: perhaps the reader gets two. What transactional messages do.
    Resend,
}

/// A happening that a flow waits for, to begin or to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A list was joined (T2).
    Joined(String),
    /// A form was filled (T1).
    Form(String),
    /// Something was bought (T3).
    Purchased(Product),
    /// A named event came (T7).
    Event(String),
}

/// Any product or one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Whatever it was.
    Any,
    /// The product with this id.
    One(String),
}

/// Whether a contact may enter a flow again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// Once in a lifetime.
    #[default]
    Never,
    /// At every trigger, also while an earlier run goes on.
    Always,
    /// When no run is live and this much passed since the last entry.
    After(Span),
}

/// A step: what it does and which comes next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    pub action: Action,
    /// The next step's id; the flow ends when absent. A branch names its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Sends the e-mail template of this name (A1).
    Email {
        /// The template's name.
        template: String,
        /// When other than the flow's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<Kind>,
    },
    /// Sends a text (A2), by language; the key `""` holds a text for all languages.
    Sms {
        /// The text's template.
        text: BTreeMap<String, String>,
        /// When other than the flow's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<Kind>,
    },
    /// Waits (A3).
    Wait(Span),
    /// Goes one way or the other.
    If {
        /// The condition.
        when: Condition,
        /// The first step when it holds; the flow ends when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<String>,
        /// The first step when it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<String>,
    },
    /// Sets fields; `null` clears one (A5).
    Set(BTreeMap<String, Value>),
    /// Adds to a field that counts (A5).
    Count {
        /// The field.
        field: String,
        /// How much; negative counts down.
        by: i64,
    },
    /// Joins a list (A4).
    Join(String),
    /// Leaves a list (A4).
    Leave(String),
    /// Ends the run (A11).
    Exit,
}

/// A template in one language.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Template {
    /// The subject's template.
    pub subject: String,
    /// The line that mail programs show beside the subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preheader: Option<String>,
    /// The body's template, HTML.
    pub html: String,
    /// The text part's template; made from the HTML when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// What is live: the flows' newest versions, the forms, and the shop.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// How often it was changed; a change is conditioned on it.
    pub revision: u64,
    /// The live version of each flow, and what lets a contact in.
    pub flows: BTreeMap<String, LiveFlow>,
    /// The forms that may be filled.
    pub forms: BTreeMap<String, Form>,
    /// Who sends.
    pub shop: Shop,
}

/// A live flow in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveFlow {
    /// The live version.
    pub version: u32,
    /// A digest of the flow's text, so that publishing the same again changes nothing.
    pub digest: String,
    /// What lets a contact in, as keys of [`catalogue_key`], so that a fact finds the flows that
    /// it may start without reading them.
    pub triggers: Vec<String>,
}

/// A form of a public page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Lists that the form joins.
    pub lists: Vec<String>,
    /// The words beside the form by which sending it is consent; without them only a ticked
    /// `consent` or `consent_sms` box is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// Web origins that may post it, such as `https://shop.example`; any when empty.
    pub origins: Vec<String>,
}

/// Who sends, as templates and footers show it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shop {
    /// The shop's name, by language.
    pub name: BTreeMap<String, String>,
    /// Its web address.
    pub url: String,
    /// Its postal address, by language (CAN-SPAM; Israel's section 30A).
    pub address: BTreeMap<String, String>,
    /// The language of contacts that have none.
    pub language: String,
}

impl Trigger {
    /// Whether `fact` itself is what this waits for. Whether it made the contact join a list is
    /// not told by the fact but by the lists before it.
    pub(crate) fn matches(&self, fact: &Fact) -> bool {
        match (self, &fact.what) {
            (Self::Form(form), Happening::Signup { form: Some(filled) }) => form == filled,
            (Self::Purchased(Product::Any), Happening::Purchase(_)) => true,
            (Self::Purchased(Product::One(product)), Happening::Purchase(order)) => {
                order.items.iter().any(|item| item.product_id == *product)
            }
            (Self::Event(wanted), Happening::Event { name, .. }) => wanted == name,
            (Self::Joined(_) | Self::Form(_) | Self::Purchased(_) | Self::Event(_), _) => false,
        }
    }

    /// The trigger in the words of the flow file.
    pub fn in_words(&self) -> String {
        match self {
            Self::Joined(list) => format!("joined: {list}"),
            Self::Form(form) => format!("form: {form}"),
            Self::Purchased(Product::Any) => "purchased: any".to_owned(),
            Self::Purchased(Product::One(product)) => format!("purchased: {product}"),
            Self::Event(name) => format!("event: {name}"),
        }
    }
}

/// The key under which the catalogue lists a trigger. Purchases share one: which product it was is
/// for the flow to decide.
pub fn catalogue_key(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Joined(list) => format!("joined:{list}"),
        Trigger::Form(form) => format!("form:{form}"),
        Trigger::Purchased(_) => "purchased".to_owned(),
        Trigger::Event(name) => format!("event:{name}"),
    }
}

impl Flow {
    /// A step's channel and kind when it sends.
    pub fn sends(&self, step: &str) -> Option<(Channel, Kind)> {
        match &self.steps.get(step)?.action {
            Action::Email { kind, .. } => Some((Channel::Email, kind.unwrap_or(self.kind))),
            Action::Sms { kind, .. } => Some((Channel::Sms, kind.unwrap_or(self.kind))),
            _ => None,
        }
    }

    /// What becomes of a message of this kind whose outcome nobody knows.
    pub fn on_unknown(&self, kind: Kind) -> OnUnknown {
        self.on_unknown.unwrap_or(match kind {
            Kind::Marketing => OnUnknown::Skip,
            Kind::Transactional => OnUnknown::Resend,
        })
    }
}

//! The happenings that journeys name: to begin, to end, to wait for, to count.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::{
    calendar::{ClockTime, Offset},
    condition::FieldTest,
    run::Run,
    span::Span,
};

/// A happening that a flow names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A list was joined (T2).
    Joined(String),
    /// A list was left (T2).
    Left(String),
    /// A form was filled (T1).
    Form(String),
    /// Something was bought (T3).
    Purchased(Bought),
    /// A named event came (T6, T7, T10).
    Event {
        /// Its name.
        name: String,
        /// What members of its data must be.
        #[serde(default, rename = "where", skip_serializing_if = "BTreeMap::is_empty")]
        matching: BTreeMap<String, Value>,
        /// The member of its data that must equal that of the event which began the run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        same: Option<String>,
    },
    /// A link of this name was followed, in any mail (T4).
    Clicked(String),
    /// So many mails were read (T11).
    Opened {
        /// Of this flow; of any when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<String>,
        /// How many.
        times: u32,
        /// Since the last purchase alone.
        #[serde(default)]
        since_purchase: bool,
    },
    /// A test of a field turned true; without a test, the field changed (T8).
    Field {
        /// The field.
        name: String,
        /// The test.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        test: Option<FieldTest>,
    },
    /// A question was answered (T9).
    Answered {
        /// The question.
        question: String,
        /// What the answer must be.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        test: Option<FieldTest>,
    },
    /// A day came (T5).
    Date {
        /// Which.
        anchor: Anchor,
        /// Each year again.
        #[serde(default)]
        yearly: bool,
        /// How long before or after it.
        #[serde(default)]
        offset: Offset,
        /// At what time, where the contact lives.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<ClockTime>,
    },
    /// Nothing was heard of the contact for a while (T12).
    Silent {
        /// How long.
        span: Span,
        /// Of what.
        of: Activity,
    },
    /// A friend did something that came of the contact's own link (T13).
    Referred(Referral),
    /// Another journey of the contact came to its end.
    Ended(String),
}

/// A purchase that a flow names: all that it says must be so.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bought {
    /// What.
    pub product: Product,
    /// Anything of this category of `shop.yaml`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The contact's nth order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
    /// Each nth order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// For more than this, in the order's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub over: Option<Number>,
}

/// Any product, one, or what the run's own order has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Whatever it was.
    #[default]
    Any,
    /// The product with this id.
    One(String),
    /// A product of the order that began the run; none when no order did.
    Same,
}

impl Product {
    /// Whether a product is meant, by a rule of this run.
    pub(crate) fn means(&self, product: &str, run: Option<&Run>) -> bool {
        match self {
            Self::Any => true,
            Self::One(wanted) => product == wanted,
            Self::Same => run.is_some_and(|run| run.ordered(product)),
        }
    }
}

impl From<Product> for Bought {
    fn from(product: Product) -> Self {
        Self { product, ..Self::default() }
    }
}

/// The day that a date stands before or after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// That of a field of the contact, or of what began the run.
    Field(String),
    /// This one.
    Day(Date),
    /// A holiday's next coming.
    Holiday(String),
}

/// What a contact does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activity {
    /// Any of these.
    Any,
    /// Buys.
    Purchase,
    /// Reads a mail.
    Open,
    /// Comes to the shop: an event `visit`.
    Visit,
}

/// What a friend did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Referral {
    /// Signed up.
    Signup,
    /// Bought.
    Purchase,
}

impl Trigger {
    /// An event of this name.
    pub fn event(name: impl Into<String>) -> Self {
        Self::Event { name: name.into(), matching: BTreeMap::new(), same: None }
    }

    /// The key under which the catalogue lists it, so that what happens finds the flows that it may
    /// start without reading them. What is beside the name is for the flow to decide.
    pub fn key(&self) -> String {
        match self {
            Self::Joined(list) => format!("joined:{list}"),
            Self::Left(list) => format!("left:{list}"),
            Self::Form(form) => format!("form:{form}"),
            Self::Purchased(_) => "purchased".to_owned(),
            Self::Event { name, .. } => format!("event:{name}"),
            Self::Clicked(link) => format!("clicked:{link}"),
            Self::Opened { of: None, .. } => "opened".to_owned(),
            Self::Opened { of: Some(flow), .. } => format!("opened:{flow}"),
            Self::Field { name, .. } => format!("field:{name}"),
            Self::Answered { question, .. } => format!("answered:{question}"),
            Self::Date { .. } | Self::Silent { .. } => format!("due:{}", self.in_words()),
            Self::Referred(Referral::Signup) => "referred:signup".to_owned(),
            Self::Referred(Referral::Purchase) => "referred:purchase".to_owned(),
            Self::Ended(flow) => format!("ended:{flow}"),
        }
    }

    /// The trigger in the words of the flow file.
    pub fn in_words(&self) -> String {
        let mut words = match self {
            Self::Joined(list) => vec![format!("joined: {list}")],
            Self::Left(list) => vec![format!("left: {list}")],
            Self::Form(form) => vec![format!("form: {form}")],
            Self::Purchased(bought) => bought.in_words(),
            Self::Event { name, matching, same } => {
                let mut words = vec![format!("event: {name}")];
                words.extend(matching.iter().map(|(key, value)| format!("{key} = {value}")));
                words.extend(same.as_ref().map(|key| format!("same {key}")));
                words
            }
            Self::Clicked(link) => vec![format!("clicked: {link}")],
            Self::Opened { of, times, since_purchase } => {
                let mut words = vec![format!("opened: {}", of.as_deref().unwrap_or("any"))];
                words.push(format!("times: {times}"));
                words.extend(since_purchase.then(|| "since: purchase".to_owned()));
                words
            }
            Self::Field { name, test } => vec![format!("field: {name}"), tested(test.as_ref())],
            Self::Answered { question, test } => {
                vec![format!("answered: {question}"), tested(test.as_ref())]
            }
            Self::Date { anchor, yearly, offset, at } => {
                let mut words = vec![anchor.in_words()];
                words.extend(yearly.then(|| "yearly".to_owned()));
                words.extend((*offset != Offset::default()).then(|| offset.to_string()));
                words.extend(at.map(|at| format!("at {at}")));
                words
            }
            Self::Silent { span, of } => {
                let of = match of {
                    Activity::Any => "any",
                    Activity::Purchase => "purchase",
                    Activity::Open => "open",
                    Activity::Visit => "visit",
                };
                vec![format!("silent: {span}"), format!("of: {of}")]
            }
            Self::Referred(Referral::Signup) => vec!["referred: signup".to_owned()],
            Self::Referred(Referral::Purchase) => vec!["referred: purchase".to_owned()],
            Self::Ended(flow) => vec![format!("ended: {flow}")],
        };
        words.retain(|word| !word.is_empty());
        words.join(", ")
    }
}

impl Bought {
    fn in_words(&self) -> Vec<String> {
        let what = match &self.product {
            Product::Any => "any",
            Product::One(product) => product,
            Product::Same => "same",
        };
        let mut words = vec![format!("purchased: {what}")];
        words.extend(self.category.as_ref().map(|category| format!("category: {category}")));
        words.extend(self.nth.map(|nth| format!("nth: {nth}")));
        words.extend(self.every.map(|every| format!("every: {every}")));
        words.extend(self.over.as_ref().map(|over| format!("over: {over}")));
        words
    }
}

impl Anchor {
    /// The anchor in the words of the flow file.
    pub fn in_words(&self) -> String {
        match self {
            Self::Field(field) => format!("date: {field}"),
            Self::Day(day) => format!("date: {day}"),
            Self::Holiday(name) => format!("holiday: {name}"),
        }
    }
}

fn tested(test: Option<&FieldTest>) -> String {
    test.map(FieldTest::in_words).unwrap_or_default()
}

//! Conditions: what a journey asks about a contact.

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::{contact::Contact, flow::Product, link::link_key, message::Message, run::Run};

/// A question with the answer yes or no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// What became of this run's mail of a step (C1). A mail that was never decided was nothing.
    Email {
        /// The step that sent it.
        step: String,
        /// What is asked.
        was: MailStatus,
        /// Clicked only: this link (its name or its address) instead of any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
    },
    /// Bought (C3).
    Purchased {
        /// What.
        what: Product,
        /// Since when.
        since: Since,
    },
    /// A field of the contact (C5).
    Field {
        /// Its name.
        name: String,
        /// What is asked.
        test: FieldTest,
    },
    /// On a list (C5).
    List(String),
    /// All of these (C6); true when there are none.
    All(Vec<Condition>),
    /// Any of these (C6); false when there are none.
    Any(Vec<Condition>),
    /// The opposite (C6).
    Not(Box<Condition>),
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailStatus {
    /// The provider took it.
    Sent,
    /// It was read.
    Opened,
    /// A link was followed.
    Clicked,
}

/// Since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Since {
    /// This run began.
    Entry,
    /// Ever.
    Ever,
}

/// What is asked of a field. A field of another type than the test's answers no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldTest {
    /// Equals; numbers by value, so that `5` and `5.0` are equal.
    Is(Value),
    /// One of.
    OneOf(Vec<Value>),
    /// A text that contains this one, or a list that has this member.
    Contains(Value),
    /// A number over this one.
    Over(Number),
    /// A number under this one.
    Under(Number),
    /// Missing, or an empty text or list (`true`); the opposite (`false`).
    Empty(bool),
}

/// What a condition is asked about.
pub(crate) struct Asked<'a> {
    pub contact: &'a Contact,
    pub run: Option<&'a Run>,
    /// This run's messages; `None` when they were not read yet.
    pub messages: Option<&'a [Message]>,
}

/// The messages of the run must be read before the answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessagesNeeded;

impl Condition {
    pub(crate) fn holds(&self, asked: &Asked<'_>) -> Result<bool, MessagesNeeded> {
        Ok(match self {
            Self::Email { step, was, link } => mail(asked, step, *was, link.as_deref())?,
            Self::Purchased { what, since } => purchased(asked, what, *since),
            Self::Field { name, test } => test.holds(asked.contact.field(name).as_ref()),
            Self::List(list) => asked.contact.lists.contains_key(list),
            Self::All(all) => {
                for one in all {
                    if !one.holds(asked)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Any(any) => {
                for one in any {
                    if one.holds(asked)? {
                        return Ok(true);
                    }
                }
                false
            }
            Self::Not(one) => !one.holds(asked)?,
        })
    }
}

fn mail(
    asked: &Asked<'_>,
    step: &str,
    was: MailStatus,
    link: Option<&str>,
) -> Result<bool, MessagesNeeded> {
    let Some(generation) = asked.run.and_then(|run| run.messages.get(step)) else {
        return Ok(false);
    };
    let messages = asked.messages.ok_or(MessagesNeeded)?;
    let sent = messages.iter().find(|message| message.id.generation == *generation);
    Ok(sent.is_some_and(|message| match (was, link) {
        (MailStatus::Sent, _) => message.was_sent(),
        (MailStatus::Opened, _) => message.was_opened(),
        (MailStatus::Clicked, None) => message.was_clicked(),
        (MailStatus::Clicked, Some(link)) => {
            message.links.contains_key(link) || message.links.contains_key(&link_key(None, link))
        }
    }))
}

fn purchased(asked: &Asked<'_>, what: &Product, since: Since) -> bool {
    let purchases = &asked.contact.purchases;
    let last = match what {
        Product::Any => purchases.last_at,
        Product::One(product) => purchases.products.get(product).copied(),
    };
    last.is_some_and(|last| match since {
        Since::Ever => true,
        Since::Entry => asked.run.is_some_and(|run| {
            // The purchase that began the run is not one since.
            let began_by_purchase = run.data.get("order").is_some();
            last > run.entered_at || (last == run.entered_at && !began_by_purchase)
        }),
    })
}

impl FieldTest {
    fn holds(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Is(wanted) => value.is_some_and(|value| equal(value, wanted)),
            Self::OneOf(wanted) => {
                value.is_some_and(|value| wanted.iter().any(|wanted| equal(value, wanted)))
            }
            Self::Contains(wanted) => value.is_some_and(|value| contains(value, wanted)),
            Self::Over(limit) => compare(value, limit, |value, limit| value > limit),
            Self::Under(limit) => compare(value, limit, |value, limit| value < limit),
            Self::Empty(empty) => *empty == value.is_none_or(is_empty),
        }
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn contains(value: &Value, wanted: &Value) -> bool {
    match (value, wanted) {
        (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
        (Value::Array(members), wanted) => members.iter().any(|member| equal(member, wanted)),
        _ => false,
    }
}

fn compare(value: Option<&Value>, limit: &Number, holds: impl Fn(f64, f64) -> bool) -> bool {
    match (value.and_then(Value::as_f64), limit.as_f64()) {
        (Some(value), Some(limit)) => holds(value, limit),
        _ => false,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(members) => members.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

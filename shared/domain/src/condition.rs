//! Conditions: what a journey asks about a contact.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use crate::{
    calendar::{self, ClockTime, Weekday},
    consent::{Answer, Channel},
    contact::Contact,
    decide::Known,
    fact::OrderStatus,
    id::RunId,
    link::link_key,
    message::Message,
    purchases::PurchaseTest,
    run::Run,
    span::Span,
};

/// A question with the answer yes or no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// What became of a mail or text (C1). One that was never decided was nothing.
    Email {
        /// The step that sent it.
        step: String,
        /// What is asked.
        was: MailStatus,
        /// Clicked only: this link (its name or its address) instead of any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<String>,
        /// The flow whose step it is, when another: the contact's last run of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flow: Option<String>,
    },
    /// A form was filled (C2).
    Form {
        /// Which.
        name: String,
        /// Since when.
        since: Since,
    },
    /// Bought (C3).
    Purchased(PurchaseTest),
    /// An event came, so often at least.
    Event {
        /// Its name.
        name: String,
        /// Since when; with [`Since::Ever`] alone, how often counts.
        since: Since,
        /// How often.
        times: u32,
    },
    /// A field of the contact, or of what began the run (C5).
    Field {
        /// Its name; `order.total` or `event.city` for what began the run.
        name: String,
        /// What is asked.
        test: FieldTest,
    },
    /// On a list, or in a segment (C5).
    List(String),
    /// Agreed to a channel, and did not refuse it since, as far as the decision knows (C5). The
    /// consent of a send is checked anew when it is sent.
    Consent(Channel),
    /// Whole days from today to the date in a field, negative when it has passed (C4). A field
    /// without a date answers no.
    DaysTo {
        /// The field.
        field: String,
        /// What is asked of the number.
        test: FieldTest,
    },
    /// Today, where the contact lives, is one of these (C4).
    Weekday(Vec<Weekday>),
    /// The time of day, where the contact lives (C4).
    Hour(Hours),
    /// All of these (C6); true when there are none.
    All(Vec<Condition>),
    /// Any of these (C6); false when there are none.
    Any(Vec<Condition>),
    /// The opposite (C6).
    Not(Box<Condition>),
}

/// A part of the day, `09:00-20:00`; over midnight when it ends before it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Its first minute.
    pub from: ClockTime,
    /// The minute after its last.
    pub until: ClockTime,
}

impl Hours {
    /// Whether it holds this time of day.
    pub fn contains(self, time: ClockTime) -> bool {
        match self.from <= self.until {
            true => self.from <= time && time < self.until,
            false => self.from <= time || time < self.until,
        }
    }
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MailStatus {
    /// The provider took it.
    Sent,
    /// The recipient's server took it.
    Delivered,
    /// It came back.
    Bounced,
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
    /// So long ago.
    Within(Span),
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
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub contact: &'a Contact,
    pub run: Option<&'a Run>,
    pub known: &'a Known,
    pub now: Timestamp,
    /// Whether a segment asks.
    pub of_segment: bool,
}

/// The messages of a run must be read before the answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessagesNeeded(pub RunId);

impl Condition {
    pub(crate) fn holds(&self, asked: &Asked<'_>) -> Result<bool, MessagesNeeded> {
        Ok(match self {
            Self::Email { step, was, link, flow } => {
                mail(asked, step, *was, link.as_deref(), flow.as_deref())?
            }
            Self::Form { name, since } => asked.seen(&format!("form:{name}"), *since, 1),
            Self::Event { name, since, times } => {
                asked.seen(&format!("event:{name}"), *since, *times)
                    || asked.orders(name, *since, *times)
            }
            Self::Purchased(test) => test.holds(asked),
            Self::Field { name, test } => test.holds(asked.field(name).as_ref()),
            Self::List(list) => asked.is_on(list)?,
            Self::Consent(channel) => {
                let said = asked.contact.consent.get(channel);
                said.is_some_and(|said| said.answer == Answer::Granted)
            }
            Self::DaysTo { field, test } => test.holds(asked.days_to(field).as_ref()),
            Self::Weekday(days) => days.contains(&Weekday::of(asked.here().date())),
            Self::Hour(hours) => hours.contains(ClockTime::of(asked.here().time())),
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

impl Asked<'_> {
    /// What clocks show where the contact lives.
    fn here(&self) -> jiff::civil::DateTime {
        calendar::local(self.now, &self.zone())
    }

    pub(crate) fn zone(&self) -> jiff::tz::TimeZone {
        let own = self.contact.profile.timezone.as_deref();
        calendar::zone_of(own, &self.known.catalogue.setup.shop.timezone)
    }

    /// A field of the contact, or of what began the run or a system answered. No field of the contact's
    /// hides what was brought: forms may set any.
    pub(crate) fn field(&self, name: &str) -> Option<Value> {
        let brought = ["event.", "order.", "call."].iter().any(|root| name.starts_with(root));
        if brought { self.run?.brought(name) } else { self.contact.field(name) }
    }

    /// Whether the contact is on a list, or fits into the segment of that name: as it is now, which the state
    /// says only at the end of the decision.
    fn is_on(&self, list: &str) -> Result<bool, MessagesNeeded> {
        match self.known.catalogue.setup.segments.get(list) {
            // No segment asks for another; were there one, what was decided last would count.
            Some(_) if self.of_segment => Ok(self.contact.is_in_segment(list)),
            Some(segment) => segment.when.holds(&Asked { run: None, of_segment: true, ..*self }),
            None => Ok(self.contact.lists.contains_key(list)),
        }
    }

    fn days_to(&self, field: &str) -> Option<Value> {
        let (date, _) = calendar::date(&self.field(field)?, &self.zone())?;
        Some(json!(calendar::days_between(self.here().date(), date)))
    }

    /// Whether something that is counted under `key` came.
    fn seen(&self, key: &str, since: Since, times: u32) -> bool {
        let Some(seen) = self.contact.seen.get(key) else { return false };
        seen.times >= times && self.is_since(seen.last_at, since)
    }

    /// Whether orders came to stand as this event tells. It is asked of how they stand now, which does
    /// not depend on which of their versions were told.
    fn orders(&self, event: &str, since: Since, times: u32) -> bool {
        let Some(status) = OrderStatus::told_by(event) else { return false };
        let counts = |at| self.is_since(at, since);
        let orders = self.contact.purchases.standing(status, counts);
        u32::try_from(orders).is_ok_and(|orders| orders >= times)
    }

    /// Whether something that happened at `at` counts.
    pub(crate) fn is_since(&self, at: Timestamp, since: Since) -> bool {
        match since {
            Since::Ever => true,
            Since::Within(span) => span.after(at) >= self.now,
            Since::Entry => self.run.is_some_and(|run| {
                // What began the run is not something since.
                let began_by_purchase = run.data.get("order").is_some();
                at > run.entered_at || (at == run.entered_at && !began_by_purchase)
            }),
        }
    }
}

fn mail(
    asked: &Asked<'_>,
    step: &str,
    was: MailStatus,
    link: Option<&str>,
    flow: Option<&str>,
) -> Result<bool, MessagesNeeded> {
    let run = match flow {
        None => asked.run,
        Some(flow) => {
            let runs = asked.contact.runs.values().filter(|run| run.flow == flow);
            runs.max_by_key(|run| (run.entered_at, run.id))
        }
    };
    let Some((run, generation)) = run.and_then(|run| Some((run, run.messages.get(step)?))) else {
        return Ok(false);
    };
    let messages = asked.known.messages.get(&run.id).ok_or(MessagesNeeded(run.id))?;
    let sent = messages.iter().find(|message| message.id.generation == *generation);
    Ok(sent.is_some_and(|message| match (was, link) {
        (MailStatus::Sent, _) => message.was_sent(),
        (MailStatus::Delivered, _) => message.delivered_at.is_some(),
        (MailStatus::Bounced, _) => message.bounced_at.is_some(),
        (MailStatus::Opened, _) => message.was_opened(),
        (MailStatus::Clicked, None) => message.was_clicked(),
        (MailStatus::Clicked, Some(link)) => has_link(message, link),
    }))
}

/// Whether the link of this name or address was followed.
fn has_link(message: &Message, link: &str) -> bool {
    message.links.contains_key(link) || message.links.contains_key(&link_key(None, link))
}

impl FieldTest {
    /// The test in the words of the flow file.
    pub fn in_words(&self) -> String {
        match self {
            Self::Is(value) => format!("is: {value}"),
            Self::OneOf(values) => format!("one_of: {}", json!(values)),
            Self::Contains(value) => format!("contains: {value}"),
            Self::Over(limit) => format!("over: {limit}"),
            Self::Under(limit) => format!("under: {limit}"),
            Self::Empty(empty) => format!("empty: {empty}"),
        }
    }

    pub(crate) fn holds(&self, value: Option<&Value>) -> bool {
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

pub(crate) fn equal(a: &Value, b: &Value) -> bool {
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

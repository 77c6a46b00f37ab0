//! Who may be written to, by which way: what contacts agreed to and refused, and where nothing arrives.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::contact::Contact;

/// A way to reach a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// SES.
    Email,
    /// SNS.
    Sms,
}

impl Channel {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// The name used in keys, tags and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// The last word of a contact about a channel, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Yes or no.
    pub answer: Answer,
    /// When it was said.
    pub at: Timestamp,
    /// The words that were agreed to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// From where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// Marketing may be sent.
    Granted,
    /// It may not.
    Refused,
}

/// Refusals as the unsubscribe page writes them: an item of their own, so that a refusal is one
/// write and is seen by a claim before the stream has carried it anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusals(pub BTreeMap<Channel, Timestamp>);

impl Refusals {
    /// Takes over the younger refusals of another.
    pub fn merge(&mut self, other: Self) {
        for (channel, at) in other.0 {
            let known = self.0.entry(channel).or_insert(at);
            *known = at.max(*known);
        }
    }

    /// Whether marketing may go to `contact` by `channel`: an explicit consent that is younger than
    /// any refusal. At the same instant the refusal wins.
    pub fn allow(&self, contact: &Contact, channel: Channel) -> bool {
        contact.consent.get(&channel).is_some_and(|consent| {
            consent.answer == Answer::Granted
                && self.0.get(&channel).is_none_or(|refused| *refused < consent.at)
        })
    }
}

/// Why nothing goes to an address any more, whatever its owner agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WhySuppressed {
    /// It does not exist, or SES holds it on its own suppression list.
    Bounce,
    /// Its owner called a message spam.
    Complaint,
}

/// A suppression.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// Why.
    pub why: WhySuppressed,
    /// Since when.
    pub at: Timestamp,
}

/// The channels that are suppressed: an item of their own, as [`Refusals`] are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressions(pub BTreeMap<Channel, Suppressed>);

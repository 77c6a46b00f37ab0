//! A message to one person, from its claim to its outcome and what the reader did.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    consent::Channel,
    id::{ContactId, MessageId},
};

/// A message and its fate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Which.
    pub id: MessageId,
    /// To whom.
    pub contact: ContactId,
    /// The flow that decided it.
    pub flow: String,
    /// The flow's version.
    pub version: u32,
    /// The step that sends it.
    pub step: String,
    /// By which way.
    pub medium: Medium,
    /// When it was claimed first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// Its fate so far.
    pub status: Status,
    /// First human or machine fetch of the pixel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// The fetches of the pixel, by the ids of their requests: adding one twice is adding it once.
    /// At most [`MARKS_MAX`] are told apart.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub opens: BTreeSet<String>,
    /// First follow of any link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clicked_at: Option<Timestamp>,
    /// The follows of links, by the ids of their requests, at most [`MARKS_MAX`].
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub clicks: BTreeSet<String>,
    /// First follow of each link, by its key ([`crate::link::link_key`]).
    #[serde(default)]
    pub links: BTreeMap<String, Timestamp>,
    /// When the recipient's server took it, as SES tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When it came back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounced_at: Option<Timestamp>,
    /// When the reader called it spam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complained_at: Option<Timestamp>,
}

/// By which way something leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Medium {
    /// A mail to the contact, by SES.
    Email,
    /// A text to the contact, by SNS.
    Sms,
    /// A mail to somebody of the shop, by SES (A8).
    Tell,
    /// A webhook to a system (A9).
    Call,
}

impl Medium {
    /// The channel, of which the contact has a say; none when it does not go to the contact.
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::Email => Some(Channel::Email),
            Self::Sms => Some(Channel::Sms),
            Self::Tell | Self::Call => None,
        }
    }

    /// The name used in tags and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Tell => "tell",
            Self::Call => "call",
        }
    }
}

/// How many opens, and how many clicks, of one message are told apart. More than that is no person.
pub const MARKS_MAX: usize = 50;

/// The fate of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Status {
    /// Someone is sending it.
    Claimed {
        /// The fencing token of the claim: only its holder may record the outcome.
        owner: String,
        /// From then on nobody is.
        lease_until: Timestamp,
        /// How many earlier claims ended with nobody knowing whether it was sent.
        #[serde(default)]
        unknowns: u32,
    },
    /// It was refused for now, surely unsent, and may be claimed again.
    Released {
        /// When.
        at: Timestamp,
        /// Why, without an address.
        reason: String,
        /// As of the claim that was released.
        #[serde(default)]
        unknowns: u32,
    },
    /// SES or SNS took it.
    Sent {
        /// When.
        at: Timestamp,
        /// The provider's id.
        provider_id: String,
    },
    /// A system took the call, and answered this (A9).
    Answered {
        /// When.
        at: Timestamp,
        /// The plain members of its answer.
        answer: BTreeMap<String, Value>,
    },
    /// It was not sent, on purpose.
    Skipped {
        /// When.
        at: Timestamp,
        /// Why.
        reason: Skip,
    },
    /// It could not be sent.
    Failed {
        /// When.
        at: Timestamp,
        /// Why, without an address.
        reason: String,
    },
    /// It may or may not have been sent; it is not tried again.
    Unknown {
        /// When that was settled.
        at: Timestamp,
    },
}

/// Why a message was not sent on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skip {
    /// Marketing, and the contact never agreed to it.
    NoConsent,
    /// Marketing, and the contact refused.
    Refused,
    /// The address bounced for good, or its owner complained.
    Suppressed,
    /// The contact has no address for the channel.
    NoAddress,
    /// The run left before the message went out.
    RunMovedOn,
}

impl Skip {
    /// The reason in plain words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoConsent => "no consent",
            Self::Refused => "the contact refused",
            Self::Suppressed => "the address is suppressed",
            Self::NoAddress => "no address for this channel",
            Self::RunMovedOn => "the run had moved on",
        }
    }
}

impl Status {
    /// When the fate was settled; `None` while it is still to be sent.
    pub fn settled_at(&self) -> Option<Timestamp> {
        match self {
            Self::Claimed { .. } | Self::Released { .. } => None,
            Self::Sent { at, .. }
            | Self::Answered { at, .. }
            | Self::Skipped { at, .. }
            | Self::Failed { at, .. }
            | Self::Unknown { at } => Some(*at),
        }
    }

    /// The fate in plain words, for a run's story.
    pub fn in_words(&self) -> String {
        match self {
            Self::Claimed { .. } => "being sent".to_owned(),
            Self::Released { reason, .. } => format!("to be tried again: {reason}"),
            Self::Sent { .. } => "sent".to_owned(),
            Self::Answered { .. } => "answered".to_owned(),
            Self::Skipped { reason, .. } => format!("not sent: {}", reason.as_str()),
            Self::Failed { reason, .. } => format!("could not be sent: {reason}"),
            Self::Unknown { .. } => "outcome unknown, not tried again".to_owned(),
        }
    }
}

impl Message {
    /// A message that nobody has read, of no step yet.
    pub fn new(id: MessageId, contact: ContactId, medium: Medium, status: Status) -> Self {
        Self {
            id,
            contact,
            flow: String::new(),
            version: 1,
            step: String::new(),
            medium,
            claimed_at: None,
            status,
            opened_at: None,
            opens: BTreeSet::new(),
            clicked_at: None,
            clicks: BTreeSet::new(),
            links: BTreeMap::new(),
            delivered_at: None,
            bounced_at: None,
            complained_at: None,
        }
    }

    /// Whether the provider, or the system that was called, took it.
    pub fn was_sent(&self) -> bool {
        matches!(self.status, Status::Sent { .. } | Status::Answered { .. })
    }

    /// Whether it was read: the pixel was fetched, or, since many readers load no images, a link
    /// was followed.
    pub fn was_opened(&self) -> bool {
        self.opened_at.is_some() || self.was_clicked()
    }

    /// When it was read first, by the pixel or a link.
    pub fn first_read_at(&self) -> Option<Timestamp> {
        match (self.opened_at, self.clicked_at) {
            (Some(opened), Some(clicked)) => Some(opened.min(clicked)),
            (opened, clicked) => opened.or(clicked),
        }
    }

    /// Whether any link was followed.
    pub fn was_clicked(&self) -> bool {
        self.clicked_at.is_some()
    }
}

//! What an exploration tells.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::Medium;
use serde::Serialize;
use serde_json::Value;

/// All that was found out about a journey.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Exploration {
    /// The journey.
    pub flow: String,
    /// The different outcomes, those of most paths first.
    pub outcomes: Vec<Found>,
    /// How many entries were tried: contacts times triggers.
    pub entries: usize,
    /// How many of them the journey's own rules refused.
    pub refused: usize,
    /// How many different points were walked.
    pub states: usize,
    /// The bounds that cut something off; everything was walked when empty.
    pub bounds: BTreeSet<Reached>,
    /// What no path came to.
    pub unreached: Unreached,
    /// What should be mended.
    pub findings: Vec<Finding>,
}

/// An outcome and the paths to it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Found {
    /// The outcome.
    pub outcome: Outcome,
    /// How many paths lead to it, each circle walked once. Paths that differ only in what nothing asks
    /// about are one.
    pub paths: u64,
    /// The one with the fewest events.
    pub shortest: Path,
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Outcome {
    /// Its messages, in their order.
    pub messages: Vec<Told>,
    /// Lists that its steps joined and that it did not leave.
    pub joined: BTreeSet<String>,
    /// Lists that its steps left.
    pub left: BTreeSet<String>,
    /// The fields that its steps changed, as they were at the end; `null` was cleared. Of a coupon only
    /// what it begins with is told, and of a stamp only that it is a day.
    pub fields: BTreeMap<String, Value>,
    /// Journeys that it started and that let the contact in.
    pub started: Vec<String>,
    /// How it ended.
    pub end: Ending,
}

/// A message of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// The step.
    pub step: String,
    /// By which way.
    pub medium: Medium,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It was sent.
    Sent,
    /// It was sent and came back.
    Bounced,
    /// It was not sent: no consent, a refusal, a suppressed or missing address.
    Skipped,
    /// It could not go before its deadline.
    Dropped,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(tag = "how", rename_all = "lowercase")]
pub enum Ending {
    /// After the last step.
    #[default]
    Finished,
    /// By an exit step.
    Left,
    /// By an exit rule.
    Exited {
        /// The rule, in the words of the flow file.
        rule: String,
    },
    /// It could not go on.
    Failed {
        /// Why.
        reason: String,
    },
    /// It had not ended where a bound cut it off.
    Waiting {
        /// The step at which it stood.
        step: String,
    },
}

/// What happened, from the entry to an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path {
    /// Who entered.
    pub contact: String,
    /// What happened, in its order; first the entry.
    pub events: Vec<Event>,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// Seconds since the entry.
    pub after: i64,
    /// In words.
    pub what: String,
}

/// A bound that cut something off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reached {
    /// Its name in [`crate::Bounds`].
    pub bound: &'static str,
    /// What it was, in words.
    pub limit: String,
}

/// What no path came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Unreached {
    /// Steps.
    pub steps: BTreeSet<String>,
    /// Ways of steps.
    pub branches: BTreeSet<Branch>,
    /// Exit rules, in the words of the flow file.
    pub exits: BTreeSet<String>,
    /// Whether there is a goal and it was never reached.
    pub goal: bool,
}

/// One way of a step that has several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Branch {
    /// The step.
    pub step: String,
    /// The way's word, as [`masa_domain::Flow::ways`] gives it.
    pub way: String,
}

/// Something that should be mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// In words.
    pub what: String,
    /// How to come to it.
    pub path: Path,
}

impl Exploration {
    /// Whether something is to be mended. What was not reached may have been cut off by a bound, so it
    /// does not count.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }
}

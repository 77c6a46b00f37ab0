//! A run's history: what happened to it, in the order in which it happened.
//!
//! The state of a run is the fold of its history ([`fold`]), so that a stored run can be checked
//! against what is told of it. An entry is stored as one short line, `<ms since 1970> <step>
//! <what>`, because a contact's item is paid for by its size.

use std::{collections::BTreeMap, fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de};

use crate::run::{End, State};

/// A line of a run's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When, cut to milliseconds.
    pub at: Timestamp,
    /// At which step; empty for the run itself.
    pub step: String,
    /// What happened.
    pub what: What,
}

/// What happens to a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It began.
    Entered,
    /// A message was decided: a new position.
    Sending,
    /// A wait began: a new position.
    Waiting(Timestamp),
    /// The message's fate, in the words of [`crate::Status::in_words`].
    Outcome(String),
    /// The wait was over.
    Woke,
    /// A condition held, or did not.
    Branch(bool),
    /// What a step waited for happened.
    Came(String),
    /// A split went this way.
    Way(String),
    /// The flow's goal was reached.
    Goal(String),
    /// Something to know, in plain words.
    Note(String),
    /// It ended: the last position.
    Ended(End),
}

impl What {
    /// In plain words; nothing for a position, which the run's state tells.
    pub fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Sending | Self::Waiting(_) => return None,
            Self::Entered => "entered".to_owned(),
            Self::Outcome(words) | Self::Note(words) => words.clone(),
            Self::Woke => "the wait is over".to_owned(),
            Self::Branch(true) => "yes".to_owned(),
            Self::Branch(false) => "no".to_owned(),
            Self::Came(what) => format!("it happened: {what}"),
            Self::Way(name) => format!("went the way {name}"),
            Self::Goal(what) => format!("reached the goal: {what}"),
            Self::Ended(End::Finished) => "finished".to_owned(),
            Self::Ended(End::Left) => "left".to_owned(),
            Self::Ended(End::Exited { rule }) => format!("left: {rule}"),
            Self::Ended(End::Failed { reason }) => format!("failed: {reason}"),
        })
    }
}

/// What a complete history says of its run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folded {
    /// How many positions it had.
    pub generation: u32,
    /// Where it stands; `None` before its first position.
    pub state: Option<State>,
    /// The messages that it decided, by step: the generation of the last one.
    pub messages: BTreeMap<String, u32>,
}

/// Folds a complete history.
pub fn fold(story: &[Entry]) -> Folded {
    let mut folded = Folded::default();
    for entry in story {
        let step = entry.step.clone();
        let state = match &entry.what {
            What::Sending => State::Sending { step: step.clone() },
            What::Waiting(until) => State::Waiting { step: step.clone(), until: *until },
            What::Ended(end) => State::Ended { end: end.clone(), at: entry.at },
            What::Entered
            | What::Outcome(_)
            | What::Woke
            | What::Branch(_)
            | What::Came(_)
            | What::Way(_)
            | What::Goal(_)
            | What::Note(_) => continue,
        };
        folded.generation = folded.generation.saturating_add(1);
        if entry.what == What::Sending {
            folded.messages.insert(step, folded.generation);
        }
        folded.state = Some(state);
    }
    folded
}

/// A line that is no entry of a history.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an entry of a run's history")]
pub struct NotAnEntry;

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let step = if self.step.is_empty() { "-" } else { &self.step };
        write!(f, "{} {step} ", self.at.as_millisecond())?;
        match &self.what {
            What::Entered => f.write_str("entered"),
            What::Sending => f.write_str("sending"),
            What::Waiting(until) => write!(f, "waiting {}", until.as_millisecond()),
            What::Outcome(words) => write!(f, "outcome {words}"),
            What::Woke => f.write_str("woke"),
            What::Branch(true) => f.write_str("yes"),
            What::Branch(false) => f.write_str("no"),
            What::Came(words) => write!(f, "came {words}"),
            What::Way(name) => write!(f, "way {name}"),
            What::Goal(words) => write!(f, "goal {words}"),
            What::Note(words) => write!(f, "note {words}"),
            What::Ended(End::Finished) => f.write_str("finished"),
            What::Ended(End::Left) => f.write_str("left"),
            What::Ended(End::Exited { rule }) => write!(f, "exited {rule}"),
            What::Ended(End::Failed { reason }) => write!(f, "failed {reason}"),
        }
    }
}

impl FromStr for Entry {
    type Err = NotAnEntry;

    fn from_str(line: &str) -> Result<Self, NotAnEntry> {
        let (at, rest) = line.split_once(' ').ok_or(NotAnEntry)?;
        let (step, rest) = rest.split_once(' ').ok_or(NotAnEntry)?;
        let (code, words) = rest.split_once(' ').unwrap_or((rest, ""));
        let words = || words.to_owned();
        let what = match code {
            "entered" => What::Entered,
            "sending" => What::Sending,
            "waiting" => What::Waiting(instant(&words())?),
            "outcome" => What::Outcome(words()),
            "woke" => What::Woke,
            "yes" => What::Branch(true),
            "no" => What::Branch(false),
            "came" => What::Came(words()),
            "way" => What::Way(words()),
            "goal" => What::Goal(words()),
            "note" => What::Note(words()),
            "finished" => What::Ended(End::Finished),
            "left" => What::Ended(End::Left),
            "exited" => What::Ended(End::Exited { rule: words() }),
            "failed" => What::Ended(End::Failed { reason: words() }),
            _ => return Err(NotAnEntry),
        };
        let step = if step == "-" { String::new() } else { step.to_owned() };
        Ok(Self { at: instant(at)?, step, what })
    }
}

fn instant(millis: &str) -> Result<Timestamp, NotAnEntry> {
    let millis = millis.parse().map_err(|_| NotAnEntry)?;
    Timestamp::from_millisecond(millis).map_err(|_| NotAnEntry)
}

impl Serialize for Entry {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: de::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

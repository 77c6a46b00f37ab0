//! One contact's passage through one version of one flow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::{FactId, RunId};

/// How many entries of its own story a run keeps; the oldest goes first.
const STORY_KEPT: usize = 40;

/// A passage through a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Derived from contact, flow and cause.
    pub id: RunId,
    /// The flow's name.
    pub flow: String,
    /// The version that the contact entered, and stays on.
    pub version: u32,
    /// When it entered.
    pub entered_at: Timestamp,
    /// The fact that let it in; absent when another run's step did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fact: Option<FactId>,
    /// Rises with every position. What was armed for an older generation changes nothing.
    pub generation: u32,
    /// Where it stands.
    pub state: State,
    /// What the trigger brought, for templates.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
    /// The messages that it decided, by step: the generation of the last one.
    #[serde(default)]
    pub messages: BTreeMap<String, u32>,
    /// What happened to it, oldest first.
    #[serde(default)]
    pub story: Vec<Entry>,
}

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum State {
    /// A message was decided; the run goes on when its outcome is known.
    Sending {
        /// The step that sends.
        step: String,
    },
    /// Until a moment.
    Waiting {
        /// The step that waits.
        step: String,
        /// When it goes on.
        until: Timestamp,
    },
    /// Over.
    Ended {
        /// How.
        end: End,
        /// When.
        at: Timestamp,
    },
}

/// How a run ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "snake_case")]
pub enum End {
    /// After the last step.
    Finished,
    /// By an exit step.
    Left,
    /// By an exit rule of the flow, written as in the flow.
    Exited {
        /// The rule.
        rule: String,
    },
    /// It could not go on.
    Failed {
        /// Why.
        reason: String,
    },
}

/// A line of a run's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// At which step; empty for the entry itself.
    pub step: String,
    /// What happened, in plain words.
    pub what: String,
}

impl Run {
    /// Whether it still moves.
    pub fn is_live(&self) -> bool {
        self.ended_at().is_none()
    }

    /// When it ended.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Ended { at, .. } => Some(at),
            State::Sending { .. } | State::Waiting { .. } => None,
        }
    }

    pub(crate) fn tell(&mut self, at: Timestamp, step: &str, what: impl Into<String>) {
        self.story.push(Entry { at, step: step.to_owned(), what: what.into() });
        let surplus = self.story.len().saturating_sub(STORY_KEPT);
        self.story.drain(..surplus);
    }

    /// Forgets all but the end of the story.
    pub(crate) fn forget_story(&mut self) {
        let surplus = self.story.len().saturating_sub(3);
        self.story.drain(..surplus);
    }

    /// Moves to `state` under a new generation.
    pub(crate) fn go(&mut self, state: State) {
        self.generation = self.generation.saturating_add(1);
        match &state {
            State::Sending { step } => {
                self.messages.insert(step.clone(), self.generation);
            }
            // No template will ask for it any more.
            State::Ended { .. } => self.data = Value::Null,
            State::Waiting { .. } => {}
        }
        self.state = state;
    }
}

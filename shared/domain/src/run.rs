//! One contact's passage through one version of one flow.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    consent::Channel,
    fact::OrderStatus,
    flow::Kind,
    id::{FactId, Id, RunId},
    message::Status,
    person::Moved,
    story::{Entry, What},
};

/// How many entries of its own history a run keeps; the oldest goes first.
const STORY_KEPT: usize = 60;

/// How long after its time a run is looked after by the sweeper: longer than redeliveries take.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// The longest pause between two looks. A message may rightly stay in its queue for a day, when
/// the provider's daily quota is used up; asking for it anew each hour would only fill the queue.
const LOOK_PAUSE_MAX: SignedDuration = SignedDuration::from_hours(24);

/// How many codes a run keeps as its own; its texts show any further one as the contact has it.
const COUPONS_KEPT: usize = 20;

/// A passage through a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Derived from contact, flow and cause.
    pub id: RunId,
    /// The flow's name.
    pub flow: String,
    /// The version that the contact entered, and stays on.
    pub version: u32,
    /// How many journeys led to one another up to this one; none when a fact let it in.
    #[serde(default, skip_serializing_if = "is_none")]
    pub chain: u8,
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
    /// The codes that its steps made, by field. Its texts show these, for another run may have written
    /// one of its own into the contact's field since.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub coupons: BTreeMap<String, String>,
    /// When it reached its flow's goal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_at: Option<Timestamp>,
    /// The message that it holds because it may not go yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// Whether it stands before the step at which it waits, because its flow is paused.
    #[serde(default, skip_serializing_if = "is_false")]
    pub parked: bool,
    /// What ended its last wait for something that happened: another run's stimulus, perhaps, which has
    /// to ask for this run's effects too when it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awoken_by: Option<Id>,
    /// Where the messages stand that it decided when it was another contact's, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Moved>,
    /// The messages that it decided, by step: the generation of the last one.
    #[serde(default)]
    pub messages: BTreeMap<String, u32>,
    /// What happened to it, oldest first.
    #[serde(default)]
    pub story: Vec<Entry>,
    /// How many older entries of its history were dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forgotten: u32,
    /// When it should have moved by; from then on the sweeper looks after it.
    #[serde(default)]
    pub overdue_at: Timestamp,
    /// How often the sweeper asked for its message in vain since it moved.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub looks: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_none(number: &u8) -> bool {
    *number == 0
}

/// A message that may not go yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Since when.
    pub since: Timestamp,
    /// By which way it goes.
    pub channel: Channel,
    /// Whether it is advertising, and counts for caps.
    pub kind: Kind,
    /// The priority of its flow.
    pub priority: u8,
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

    /// A member of what began it, or of what a system answered, by its path: `order.total` (as a
    /// number), `event.city`, `event.name`, `call.number`.
    pub(crate) fn brought(&self, path: &str) -> Option<Value> {
        let (root, rest) = path.split_once('.')?;
        let mut found = self.data.get(root)?;
        if root == "event" && rest != "name" {
            found = found.get("data")?;
        }
        for member in rest.split('.') {
            found = found.get(member)?;
        }
        // An order's money is text; conditions compare it as a number.
        let event = || self.data.get("event")?.get("name")?.as_str().and_then(OrderStatus::told_by);
        let of_order = path == "order.total" || (path == "event.total" && event().is_some());
        match found.as_str().filter(|_| of_order) {
            Some(total) => total.parse().ok().map(|total: f64| json!(total)),
            None => Some(found.clone()),
        }
    }

    /// Whether the order that began it has this product.
    pub(crate) fn ordered(&self, product: &str) -> bool {
        let items = self.data.pointer("/order/items").and_then(Value::as_array);
        let mut items = items.into_iter().flatten();
        items.any(|item| item.get("product_id").and_then(Value::as_str) == Some(product))
    }

    /// Keeps a code that one of its steps wrote into a field.
    pub(crate) fn keep_coupon(&mut self, field: &str, code: String) {
        if self.coupons.len() < COUPONS_KEPT || self.coupons.contains_key(field) {
            self.coupons.insert(field.to_owned(), code);
        }
    }

    /// Keeps what a system answered, in place of what one answered before.
    pub(crate) fn hear(&mut self, status: &Status) {
        if !self.data.is_object() {
            self.data = json!({});
        }
        let Value::Object(data) = &mut self.data else { return };
        match status {
            Status::Answered { answer, .. } => data.insert("call".to_owned(), json!(answer)),
            _ => data.shift_remove("call"),
        };
    }

    pub(crate) fn tell(&mut self, at: Timestamp, step: &str, what: What) {
        self.story.push(Entry { at, step: step.to_owned(), what });
        self.forget(STORY_KEPT);
    }

    /// Forgets all but the end of the history.
    pub(crate) fn forget_story(&mut self) {
        self.forget(3);
    }

    fn forget(&mut self, kept: usize) {
        let surplus = self.story.len().saturating_sub(kept);
        self.story.drain(..surplus);
        let surplus = u32::try_from(surplus).unwrap_or(u32::MAX);
        self.forgotten = self.forgotten.saturating_add(surplus);
    }

    /// Moves to `state` under a new generation.
    pub(crate) fn go(&mut self, state: State, now: Timestamp) {
        self.generation = self.generation.saturating_add(1);
        let due = match &state {
            State::Sending { step } => {
                self.messages.insert(step.clone(), self.generation);
                self.tell(now, &step.clone(), What::Sending);
                now
            }
            State::Waiting { step, until } => {
                self.tell(now, &step.clone(), What::Waiting(*until));
                now.max(*until)
            }
            State::Ended { end, .. } => {
                // No template will ask for it any more.
                self.data = Value::Null;
                self.coupons.clear();
                self.tell(now, "", What::Ended(end.clone()));
                now
            }
        };
        self.looks = 0;
        self.overdue_at = due.checked_add(OVERDUE_AFTER).unwrap_or(Timestamp::MAX);
        self.state = state;
    }

    /// Notes that its message was asked for once more; the next look comes after a longer pause.
    pub(crate) fn looked_after(&mut self, now: Timestamp) {
        self.looks = self.looks.saturating_add(1);
        let pause =
            2_i32.checked_pow(self.looks).and_then(|times| OVERDUE_AFTER.checked_mul(times));
        let pause = pause.map_or(LOOK_PAUSE_MAX, |pause| pause.min(LOOK_PAUSE_MAX));
        self.overdue_at = now.checked_add(pause).unwrap_or(Timestamp::MAX);
    }
}

//! A journey as it is published: steps by id, each naming the next one.
//!
//! The YAML tree that people write is flattened when it is checked (`masa-language`), so that a
//! run's position is a step id that survives edits, and a walk follows links.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    calendar::{ClockTime, Offset, Weekday},
    condition::Condition,
    message::Medium,
    quiet::Windows,
    span::Span,
    trigger::{Anchor, Trigger},
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
    /// When its messages may go (D1).
    #[serde(default, skip_serializing_if = "is_default")]
    pub windows: Windows,
    /// How long a message may be held; for as long as it takes when absent (D2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Span>,
    /// When the cap has room for one message only, the higher goes first (D3): 0 to 9.
    #[serde(default = "usual", skip_serializing_if = "is_usual")]
    pub priority: u8,
    /// Whether messages wait for the hour at which the contact reads most (D4).
    #[serde(default, skip_serializing_if = "is_default")]
    pub best_hour: bool,
    /// What lets a contact in: any of these.
    pub triggers: Vec<Trigger>,
    /// Who may enter; everybody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry_if: Option<Condition>,
    /// Whether one may enter again.
    pub again: Again,
    /// What becomes of dated steps whose time had passed when the contact came to them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub late: Late,
    /// What ends it early: any of these.
    #[serde(default)]
    pub exits: Vec<Trigger>,
    /// What it is for: counted, and ends nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal: Option<Goal>,
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

/// What becomes of dated steps whose time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Late {
    /// They are passed over, up to the next dated step.
    #[default]
    Skip,
    /// Only the last one of those that have passed is done.
    Latest,
    /// All are done, one after the other.
    All,
}

/// What a journey is for (I4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Goal {
    /// Any of these.
    pub reached_by: Vec<Trigger>,
    /// So long after the entry at most.
    pub within: Span,
}

/// The priority of a flow that names none.
pub const PRIORITY: u8 = 5;

pub(crate) fn usual() -> u8 {
    PRIORITY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
pub(crate) fn is_usual(priority: &u8) -> bool {
    *priority == PRIORITY
}

pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
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
        /// Subjects by language, in place of the template's own (D5).
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        subject: BTreeMap<String, String>,
    },
    /// Sends a text (A2), by language; the key `""` holds a text for all languages.
    Sms {
        /// The text's template.
        text: BTreeMap<String, String>,
        /// When other than the flow's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<Kind>,
    },
    /// Tells somebody of the shop, with the contact's story (A8).
    Tell {
        /// Whom, of [`crate::Setup::people`].
        person: String,
        /// The words before the story, by language; the key `""` holds a text for all.
        text: BTreeMap<String, String>,
    },
    /// Calls a system and waits for its answer (A9).
    Call {
        /// Which, of [`crate::Setup::systems`].
        system: String,
        /// What it is told beside the contact; texts are templates.
        send: BTreeMap<String, Value>,
    },
    /// Waits (A3).
    Wait(Span),
    /// Waits until so long after the last event of this name (T6: a cart is left when nobody has
    /// touched it for a while).
    Quiet {
        /// The event.
        event: String,
        /// How long.
        span: Span,
    },
    /// Waits until a moment (A3).
    Until {
        /// Which.
        moment: Moment,
        /// The next dated wait of the same list of steps, or what follows that list: where a contact
        /// goes on that comes too late; the flow ends when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late: Option<String>,
    },
    /// Waits until something happens, or for a time (A3).
    Await {
        /// What: any of these.
        until: Vec<Trigger>,
        /// How long at most.
        span: Span,
        /// The first step when it happened; the flow ends when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        then: Option<String>,
        /// The first step when it did not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        otherwise: Option<String>,
    },
    /// Goes one of several ways, always the same for a contact (A6).
    Split {
        /// The ways, in the order of the file.
        ways: Vec<Way>,
        /// When one of them is to win.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        winner: Option<Winner>,
    },
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
    /// Adds a value to a field that holds a list, unless it is in it (A5).
    Append {
        /// The field.
        field: String,
        /// The value.
        value: Value,
    },
    /// Sets a field to the day where the contact lives (A5).
    Stamp(String),
    /// Sets a field to a code that is the contact's own for this step (A10).
    Coupon {
        /// The field.
        field: String,
        /// What the code begins with.
        prefix: String,
    },
    /// Joins a list (A4).
    Join(String),
    /// Leaves a list (A4).
    Leave(String),
    /// Begins another journey beside this one (A11).
    Start(String),
    /// Goes on at another step (A11).
    Jump(String),
    /// Ends the run (A11).
    Exit,
}

/// A moment that a step waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    /// The next such time where the contact lives.
    Clock {
        /// The time; at once, or at the day's beginning, when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<ClockTime>,
        /// The days; any when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        days: Vec<Weekday>,
    },
    /// So long before or after a date.
    Date {
        /// The date.
        anchor: Anchor,
        /// How long.
        #[serde(default)]
        offset: Offset,
        /// The time of day, when other than the date's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<ClockTime>,
    },
}

/// One way of a split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Its name.
    pub name: String,
    /// Its share; all shares together are the whole.
    pub share: u32,
    /// Whether it is a hold-out group: it goes its way also when another has won.
    #[serde(default, skip_serializing_if = "is_default")]
    pub hold_out: bool,
    /// Its first step; what follows the split when it has none, the end when that is absent too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
}

/// How the better way of a split is found (A6). Whoever counts puts it into the catalogue
/// ([`crate::Catalogue::winners`]); from then on everybody outside a hold-out group goes that way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Winner {
    /// What is counted.
    pub by: WonBy,
    /// How many contacts go by their shares before anything is decided.
    pub sample: u32,
}

/// By what a way wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WonBy {
    /// Contacts who opened a mail of the way.
    Opened,
    /// Contacts who followed a link of a mail of the way.
    Clicked,
    /// Contacts who reached the flow's goal.
    Goal,
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

impl Default for Flow {
    fn default() -> Self {
        Self {
            name: String::new(),
            kind: Kind::default(),
            on_unknown: None,
            windows: Windows::default(),
            deadline: None,
            priority: PRIORITY,
            best_hour: false,
            triggers: Vec::new(),
            entry_if: None,
            again: Again::default(),
            late: Late::default(),
            exits: Vec::new(),
            goal: None,
            first: None,
            steps: BTreeMap::new(),
            templates: BTreeMap::new(),
        }
    }
}

impl Flow {
    /// The steps that may follow a step, with the word of each way; `None` is the end.
    pub fn ways<'f>(&'f self, step: &'f Step) -> Vec<(&'f str, Option<&'f str>)> {
        let to = |id: &'f Option<String>| id.as_deref();
        match &step.action {
            Action::If { then, otherwise, .. } => vec![("yes", to(then)), ("no", to(otherwise))],
            Action::Await { then, otherwise, .. } => {
                vec![("happened", to(then)), ("timed out", to(otherwise))]
            }
            Action::Split { ways, .. } => {
                ways.iter().map(|way| (way.name.as_str(), to(&way.first))).collect()
            }
            Action::Until { moment: Moment::Date { .. }, late } if self.late != Late::All => {
                vec![("", to(&step.next)), ("too late", to(late))]
            }
            Action::Jump(target) => vec![("", Some(target))],
            Action::Exit => Vec::new(),
            _ => vec![("", to(&step.next))],
        }
    }

    /// By which way a step sends, and of which kind that is. What does not go to the contact is
    /// never advertising.
    pub fn sends(&self, step: &str) -> Option<(Medium, Kind)> {
        match &self.steps.get(step)?.action {
            Action::Email { kind, .. } => Some((Medium::Email, kind.unwrap_or(self.kind))),
            Action::Sms { kind, .. } => Some((Medium::Sms, kind.unwrap_or(self.kind))),
            Action::Tell { .. } => Some((Medium::Tell, Kind::Transactional)),
            Action::Call { .. } => Some((Medium::Call, Kind::Transactional)),
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

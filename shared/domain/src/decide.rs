//! The decision: what follows for a contact when something happens.
//!
//! One total, pure function. It returns the contact's new state and the effects that bring the
//! world in line with it. Effects are derived from the state (`Sending` means: the message is on
//! the send queue; `Waiting` means: a schedule of this generation stands), never stored beside it,
//! so a stimulus that is delivered again finds its state applied and gets the same effects once
//! more. All effects are safe to repeat.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use jiff::Timestamp;

use crate::{
    catalogue::Catalogue,
    contact::Contact,
    fact::Fact,
    flow::Flow,
    id::{ContactId, Id, MessageId, RunId},
    message::Message,
    walk::Walk,
};

/// Something that may move a contact's journeys.
#[derive(Debug, Clone, PartialEq)]
pub enum Stimulus {
    /// A fact was stored.
    Fact(Box<Fact>),
    /// A wait is over.
    Wake {
        /// Whose.
        run: RunId,
        /// The generation for which it was armed.
        generation: u32,
    },
    /// A message changed.
    Message(Box<Message>),
    /// A reader read a message for the first time, or followed links of it for the first time.
    Read {
        /// The message.
        message: Box<Message>,
        /// Whether it was not read before.
        opened: bool,
        /// The keys of the links.
        links: Vec<String>,
    },
    /// The runs of a flow are to go on in another version, as far as that is possible.
    Move {
        /// The flow.
        flow: String,
        /// The version.
        version: u32,
    },
    /// A contact gave way to this one, and is taken in: as it was when it did.
    Join(Box<Contact>),
    /// A moment came at which a date or a silence may be due.
    Look,
    /// A run did not move in its time; whatever was to move it is asked for again.
    Overdue,
}

/// What a stimulus turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It changes the contact.
    Applied,
    /// This fact was applied before.
    Repeated,
    /// The run has moved on since, or is gone.
    Stale,
    /// Nothing follows from it.
    Nothing,
}

impl Verdict {
    /// The word for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Repeated => "repeated",
            Self::Stale => "stale",
            Self::Nothing => "nothing",
        }
    }
}

/// Something to do after the new state is committed. Each may be done twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Put the message on the send queue, with all that a claim of it records.
    Send {
        /// The contact at which the message stands.
        home: ContactId,
        /// Which message.
        message: MessageId,
        /// The flow that decided it.
        flow: String,
        /// Its version.
        version: u32,
        /// The step that sends.
        step: String,
    },
    /// Wake `run` at `until`.
    Arm {
        /// Whom.
        run: RunId,
        /// For which generation.
        generation: u32,
        /// When.
        until: Timestamp,
    },
    /// Look at the contact at `until`: a date or a silence may be due.
    Look {
        /// When.
        until: Timestamp,
    },
    /// Forget the wake of this generation: it would change nothing any more.
    Disarm {
        /// Whose.
        run: RunId,
        /// Of which generation.
        generation: u32,
    },
}

/// What follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The new state; `None` when the stimulus changes nothing (any more).
    pub contact: Option<Contact>,
    /// What to do once that is committed.
    pub effects: Vec<Effect>,
    /// What the stimulus was.
    pub verdict: Verdict,
}

/// What a decision must know beyond the contact, as far as it was read.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What is live.
    pub catalogue: Arc<Catalogue>,
    /// Flow versions by name and version; `None` for one that does not exist.
    pub flows: BTreeMap<(String, u32), Option<Arc<Flow>>>,
    /// Other ids that show the way to the contact now, because of the fact that is decided upon.
    pub also: Vec<ContactId>,
    /// The messages of runs.
    pub messages: BTreeMap<RunId, Vec<Message>>,
}

/// What has to be read before the decision can be made: read it, and ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// This version of this flow.
    Flow(String, u32),
    /// This run's messages.
    Messages(RunId),
}

/// Decides what follows from `stimulus` for `contact` at `now`.
///
/// # Errors
/// [`Need`] when something must be read first. There is no other way to fail: a run that cannot go
/// on (its flow or step is gone) ends as failed, with the reason.
pub fn decide(
    contact: &Contact,
    stimulus: &Stimulus,
    known: &Known,
    now: Timestamp,
) -> Result<Decision, Need> {
    let cause = match stimulus {
        Stimulus::Fact(fact) => fact.id.0,
        Stimulus::Wake { run, generation } => moved_by(*run, *generation),
        Stimulus::Message(message) => moved_by(message.id.run, message.id.generation),
        // Each thing that was done has a cause of its own.
        Stimulus::Read { message, .. } => Id::derive(&["read", &message.id.to_string()]),
        Stimulus::Move { flow, version } => {
            Id::derive(&["move to", flow, &version.to_string(), &contact.version.to_string()])
        }
        Stimulus::Join(other) => Id::derive(&["join", &other.id.to_string()]),
        // Each date that came is a cause of its own.
        Stimulus::Look => Id::derive(&["look", &contact.version.to_string()]),
        // The commit that it leads to is its only one: a version is decided upon once.
        Stimulus::Overdue => Id::derive(&["overdue", &contact.version.to_string()]),
    };
    let mut walk = Walk {
        contact: contact.clone(),
        known,
        now,
        cause,
        followed: VecDeque::new(),
        chain: 0,
        awoken: BTreeSet::new(),
        effects: Vec::new(),
    };
    let met = walk.meet_segments()?;
    let verdict = match stimulus {
        Stimulus::Fact(fact) => walk.fact(fact)?,
        Stimulus::Wake { run, generation } => walk.wake(*run, *generation)?,
        Stimulus::Message(message) => walk.message(message)?,
        Stimulus::Read { message, opened, links } => walk.read(message, *opened, links)?,
        Stimulus::Move { flow, version } => walk.move_to(flow, *version)?,
        Stimulus::Join(other) => walk.take_in(other)?,
        Stimulus::Look => walk.look(met)?,
        Stimulus::Overdue => walk.overdue()?,
    };
    if verdict != Verdict::Applied {
        return Ok(Decision { contact: None, effects: walk.effects, verdict });
    }
    walk.follow()?;
    walk.look_forward()?;
    walk.contact.fit();
    let Walk { contact, mut effects, .. } = walk;
    // A list that a run joined may have ended it, or another run of this walk, after its effect
    // was asked for.
    effects.retain(|effect| is_meant(effect, &contact));
    Ok(Decision { contact: Some(contact), effects, verdict })
}

/// Whether `contact` still stands where `effect` was asked for.
fn is_meant(effect: &Effect, contact: &Contact) -> bool {
    let (run, generation) = match effect {
        Effect::Send { message, .. } => (message.run, message.generation),
        Effect::Arm { run, generation, .. } => (*run, *generation),
        Effect::Look { .. } | Effect::Disarm { .. } => return true,
    };
    contact.runs.get(&run).is_some_and(|run| run.is_live() && run.generation == generation)
}

fn moved_by(run: RunId, generation: u32) -> Id {
    Id::derive(&["move", &run.to_string(), &generation.to_string()])
}

//! One contact's world without AWS: it commits what is decided, keeps what was asked for (messages
//! to send, wakes to fire) and can lose it, as a crash between commit and effects does.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Action, Catalogue, Contact, ContactDetails, ContactId, Decision, Effect, Fact, FactId, Flow,
    Happening, Id, Known, LiveFlow, Medium, Message, MessageId, Need, Run, RunId, Skip, State,
    Status, Step, Stimulus, Trigger, decide,
};
use serde_json::Value;

/// A decision with what led to it.
pub(crate) struct Moved {
    pub(crate) before: Contact,
    pub(crate) stimulus: Stimulus,
    pub(crate) now: Timestamp,
    pub(crate) decision: Decision,
    pub(crate) after: Contact,
}

/// How the provider answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Sent,
    Skipped,
    Failed,
    Unknown,
}

/// One contact, the flows that are live, and what was asked of the world.
pub(crate) struct World {
    pub(crate) contact: Contact,
    pub(crate) now: Timestamp,
    pub(crate) flows: BTreeMap<(String, u32), Arc<Flow>>,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) messages: BTreeMap<MessageId, Message>,
    pub(crate) sends: BTreeMap<MessageId, Effect>,
    pub(crate) armed: BTreeMap<(RunId, u32), Timestamp>,
    /// When the contact is to be looked at.
    pub(crate) look: Option<Timestamp>,
    pub(crate) log: Vec<Moved>,
    lost: Vec<Stimulus>,
    told: u32,
}

/// When every world begins.
pub(crate) const DAWN: Timestamp = Timestamp::constant(1_800_000_000, 0);

pub(crate) fn contact_id() -> ContactId {
    ContactId(Id::derive(&["contact"]))
}

impl World {
    /// A world with these flows, each live in version 1.
    pub(crate) fn new(flows: impl IntoIterator<Item = Flow>) -> Self {
        let mut world = Self {
            contact: Contact::new(contact_id(), DAWN),
            now: DAWN,
            flows: BTreeMap::new(),
            catalogue: Arc::default(),
            messages: BTreeMap::new(),
            sends: BTreeMap::new(),
            armed: BTreeMap::new(),
            look: None,
            log: Vec::new(),
            lost: Vec::new(),
            told: 0,
        };
        flows.into_iter().for_each(|flow| world.publish(flow));
        world
    }

    /// A world of another contact, whose facts and orders are others.
    pub(crate) fn of_another(flows: impl IntoIterator<Item = Flow>) -> Self {
        let another = ContactId(Id::derive(&["another"]));
        Self { contact: Contact::new(another, DAWN), told: 1_000_000, ..Self::new(flows) }
    }

    /// The other contact gives way to this one, with all that was under way for it.
    pub(crate) fn take_in(&mut self, other: Self) -> Stimulus {
        self.now = self.now.max(other.now);
        self.messages.extend(other.messages);
        self.sends.extend(other.sends);
        self.armed.extend(other.armed);
        self.lost.extend(other.lost);
        let join = Stimulus::Join(Box::new(other.contact.give_way(self.contact.id)));
        self.act(&join);
        join
    }

    /// A flow goes live in version 1.
    pub(crate) fn publish(&mut self, flow: Flow) {
        let live = LiveFlow::new(&flow, 1, String::new());
        Arc::make_mut(&mut self.catalogue).flows.insert(flow.name.clone(), live);
        self.flows.insert((flow.name.clone(), 1), Arc::new(flow));
    }

    /// Everything that can be known of flows, and no message.
    pub(crate) fn all_flows(&self) -> Known {
        let flows = self.flows.iter().map(|(key, flow)| (key.clone(), Some(Arc::clone(flow))));
        Known { catalogue: Arc::clone(&self.catalogue), flows: flows.collect(), ..Known::default() }
    }

    /// Decides as the engine does: reads what the decision asks for, each thing once.
    pub(crate) fn decide(&self, stimulus: &Stimulus) -> Decision {
        let mut known = Known { catalogue: Arc::clone(&self.catalogue), ..Known::default() };
        loop {
            match decide(&self.contact, stimulus, &known, self.now) {
                Ok(decision) => return decision,
                Err(Need::Flow(name, version)) => {
                    let key = (name, version);
                    let flow = self.flows.get(&key).cloned();
                    let before = known.flows.insert(key, flow);
                    assert_eq!(before, None, "a flow is asked for once");
                }
                Err(Need::Messages(run)) => {
                    let of_run = self.messages.values().filter(|message| message.id.run == run);
                    let before = known.messages.insert(run, of_run.cloned().collect());
                    assert_eq!(before, None, "a run's messages are asked for once");
                }
            }
        }
    }

    /// Applies a stimulus: commits the new state and takes the effects on.
    pub(crate) fn act(&mut self, stimulus: &Stimulus) {
        let effects = self.commit(stimulus);
        for effect in effects {
            match effect {
                Effect::Send { message, .. } => {
                    self.sends.insert(message, effect);
                }
                Effect::Arm { run, generation, until } => {
                    self.armed.insert((run, generation), until);
                }
                Effect::Disarm { run, generation } => {
                    self.armed.remove(&(run, generation));
                }
                Effect::Look { until } => self.look = Some(until),
            }
        }
    }

    /// Commits, then dies before the effects: the stimulus will come again ([`Self::mend`]).
    pub(crate) fn act_and_crash(&mut self, stimulus: &Stimulus) {
        self.commit(stimulus);
        self.lost.push(stimulus.clone());
    }

    /// What was not worked off to the end comes again.
    pub(crate) fn mend(&mut self) {
        for stimulus in std::mem::take(&mut self.lost) {
            self.act(&stimulus);
        }
    }

    fn commit(&mut self, stimulus: &Stimulus) -> Vec<Effect> {
        let decision = self.decide(stimulus);
        let before = self.contact.clone();
        if let Some(next) = &decision.contact {
            self.contact = next.clone();
        }
        let effects = decision.effects.clone();
        let (now, after) = (self.now, self.contact.clone());
        self.contact.version += u64::from(decision.contact.is_some());
        self.log.push(Moved { before, stimulus: stimulus.clone(), now, decision, after });
        effects
    }

    /// A new fact that is let in now. An order without an id is another one each time.
    pub(crate) fn fact(&mut self, mut what: Happening, details: ContactDetails) -> Fact {
        self.told += 1;
        if let Happening::Purchase(order) = &mut what
            && order.order_id.is_empty()
        {
            order.order_id = self.told.to_string();
        }
        Fact {
            id: FactId::new("test", &self.told.to_string()),
            contact: contact_id(),
            received_at: self.now,
            at: self.now,
            details,
            what,
        }
    }

    /// Something happens.
    pub(crate) fn tell(&mut self, what: Happening) {
        let fact = self.fact(what, ContactDetails::default());
        self.act(&Stimulus::Fact(Box::new(fact)));
    }

    /// The contact signs up for lists.
    pub(crate) fn join(&mut self, lists: &[&str]) {
        let lists = lists.iter().map(|list| (*list).to_owned()).collect();
        let details = ContactDetails { lists, ..ContactDetails::default() };
        let fact = self.fact(Happening::Signup { form: None }, details);
        self.act(&Stimulus::Fact(Box::new(fact)));
    }

    /// A message on the send queue meets its fate, and the run hears of it. A message that was
    /// settled before stays as it is.
    pub(crate) fn settle(&mut self, id: MessageId, outcome: Outcome) -> Stimulus {
        let moved_on = self.contact.runs.get(&id.run).is_none_or(|run| {
            !matches!(run.state, State::Sending { .. }) || run.generation != id.generation
        });
        let outcome = if moved_on { Outcome::Skipped } else { outcome };
        let (at, reason) = (self.now, "mailbox full".to_owned());
        let status = match outcome {
            Outcome::Sent => Status::Sent { at, provider_id: "0100".to_owned() },
            Outcome::Skipped => Status::Skipped { at, reason: Skip::NoConsent },
            Outcome::Failed => Status::Failed { at, reason },
            Outcome::Unknown => Status::Unknown { at },
        };
        let Some(Effect::Send { flow, version, step, .. }) = self.sends.remove(&id) else {
            unreachable!("the message was asked for")
        };
        let medium = self.flows[&(flow.clone(), version)].sends(&step).unwrap().0;
        let message = self.messages.entry(id).or_insert_with(|| Message {
            flow,
            version,
            step,
            medium,
            ..message(id, status)
        });
        Stimulus::Message(Box::new(message.clone()))
    }

    /// The only message that waits to be sent is sent.
    pub(crate) fn send(&mut self) -> MessageId {
        assert_eq!(self.sends.len(), 1, "one message is to be sent");
        let id = *self.sends.keys().next().unwrap();
        let stimulus = self.settle(id, Outcome::Sent);
        self.act(&stimulus);
        id
    }

    /// The earliest wake fires, at its time or now when that is later.
    pub(crate) fn wake(&mut self) {
        let earliest = self.armed.iter().min_by_key(|(_, until)| **until);
        let (key, until) = earliest.map(|(key, until)| (*key, *until)).unwrap();
        self.armed.remove(&key);
        self.now = self.now.max(until);
        self.act(&Stimulus::Wake { run: key.0, generation: key.1 });
    }

    /// Works everything off that was asked for, until nothing is left; outcomes in turn.
    pub(crate) fn quiet(&mut self, outcomes: &[Outcome]) {
        self.mend();
        for outcome in outcomes.iter().copied().cycle().take(10_000) {
            if let Some(id) = self.sends.keys().next().copied() {
                let stimulus = self.settle(id, outcome);
                self.act(&stimulus);
            } else if self.armed.is_empty() {
                return;
            } else {
                self.wake();
            }
        }
        unreachable!("the world did not become quiet: a run goes on for ever");
    }

    /// Time passes.
    pub(crate) fn pass(&mut self, seconds: u32) {
        self.now += SignedDuration::from_secs(i64::from(seconds));
    }

    /// The runs of a flow, oldest first.
    pub(crate) fn runs(&self, flow: &str) -> Vec<&Run> {
        let mut runs: Vec<&Run> =
            self.contact.runs.values().filter(|run| run.flow == flow).collect();
        runs.sort_by_key(|run| run.entered_at);
        runs
    }

    /// The only run of a flow.
    pub(crate) fn run(&self, flow: &str) -> &Run {
        let runs = self.runs(flow);
        assert_eq!(runs.len(), 1, "one run of `{flow}`");
        runs[0]
    }
}

/// What a live run needs so that it goes on; nothing for an ended one.
pub(crate) fn need_of(run: &Run, contact: ContactId) -> Option<Effect> {
    match &run.state {
        State::Sending { step } => Some(Effect::Send {
            home: run.home(run.generation, contact),
            message: MessageId { run: run.id, generation: run.generation },
            flow: run.flow.clone(),
            version: run.version,
            step: step.clone(),
        }),
        State::Waiting { until, .. } => {
            Some(Effect::Arm { run: run.id, generation: run.generation, until: *until })
        }
        State::Ended { .. } => None,
    }
}

/// A message of which only its id and fate matter.
pub(crate) fn message(id: MessageId, status: Status) -> Message {
    Message::new(id, contact_id(), Medium::Email, status)
}

/// A flow of steps in a row.
pub(crate) fn line(name: &str, triggers: &[Trigger], steps: &[(&str, Action)]) -> Flow {
    let ids = steps.iter().skip(1).map(|(id, _)| Some((*id).to_owned())).chain([None]);
    let steps_by_id = steps.iter().zip(ids).map(|((id, action), next)| {
        let step = Step { action: action.clone(), next };
        ((*id).to_owned(), step)
    });
    Flow {
        name: name.to_owned(),
        triggers: triggers.to_vec(),
        first: steps.first().map(|(id, _)| (*id).to_owned()),
        steps: steps_by_id.collect(),
        ..Flow::default()
    }
}

pub(crate) fn email(template: &str) -> Action {
    Action::Email { template: template.to_owned(), kind: None, subject: BTreeMap::new() }
}

pub(crate) fn wait(span: &str) -> Action {
    Action::Wait(span.parse().unwrap())
}

pub(crate) fn joined(list: &str) -> Trigger {
    Trigger::Joined(list.to_owned())
}

pub(crate) fn event(name: &str) -> Happening {
    Happening::Event { name: name.to_owned(), data: Value::Null }
}

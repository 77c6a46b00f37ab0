//! What can happen next at a point.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use masa_domain::{
    Action, Answer, Channel, Entry, Flow, Kind, Medium, Message, MessageId, Skip, State, Status,
    Stimulus, Trigger,
};
use masa_language::Library;
use serde_json::Value;

use crate::{
    act::{Act, Brought, Source},
    asks::Asks,
    clock::{later, seconds},
    outcome::Fate,
    setting::{has_link, sent},
    stage::Stage,
    world::World,
};

/// How long after what was before something comes from outside, unless the wait is shorter, in seconds.
const PAUSE: i64 = 60;

/// How many answers of a system are tried for all combinations of their members.
const ANSWERS: usize = 32;

/// Something that can happen.
#[derive(Debug, Clone)]
pub(crate) enum Move {
    /// The message that is being sent meets its fate.
    Settle(Box<Message>, Fate),
    /// A mail is read, or this link in it followed.
    Read(MessageId, Option<String>),
    /// The wait's time is over.
    Wake,
    /// Something comes from outside.
    Tell(Box<Act>),
}

/// What moves are made from.
pub(crate) struct Mover<'a> {
    pub(crate) library: &'a Library,
    pub(crate) flow: &'a Flow,
    pub(crate) stage: &'a Stage,
    /// What fields are compared with.
    pub(crate) values: &'a BTreeMap<String, Vec<Option<Value>>>,
}

impl Mover<'_> {
    /// All that can happen at a point, by what the rest of the journey asks.
    pub(crate) fn moves(&self, world: &World, asks: &Asks) -> Vec<Move> {
        let Some(run) = world.run() else { return Vec::new() };
        let (mut moves, mut triggers) = (Vec::new(), Vec::new());
        triggers.extend(self.flow.exits.iter());
        match &run.state {
            State::Ended { .. } => return Vec::new(),
            State::Sending { step } => self.fates(world, step, asks, &mut moves),
            State::Waiting { step, .. } => {
                moves.push(Move::Wake);
                triggers.extend(self.flow.goal.iter().flat_map(|goal| &goal.reached_by));
                if let Some(Action::Await { until, .. }) =
                    self.flow.steps.get(step).map(|step| &step.action)
                {
                    triggers.extend(until);
                }
                triggers.extend(asks.happenings.values());
                self.readings(world, asks, &mut moves);
            }
        }
        let (library, contact, now) = (self.library, &world.contact, world.now);
        let source = Source { library, contact, data: &run.data, values: self.values, now };
        let mut known = BTreeSet::new();
        for trigger in triggers.into_iter().filter(|trigger| self.comes_from_outside(trigger)) {
            for act in source.acts(trigger, &Brought::default()) {
                if known.insert(act.words.clone()) && self.in_time(world, &act) {
                    moves.push(Move::Tell(Box::new(act)));
                }
            }
        }
        moves
    }

    /// Whether a happening is not what a reader does with one of the journey's own mails.
    fn comes_from_outside(&self, trigger: &Trigger) -> bool {
        match trigger {
            Trigger::Clicked(link) => {
                !self.flow.steps.keys().any(|step| has_link(self.flow, step, link))
            }
            Trigger::Opened { of, .. } => of.as_ref().is_some_and(|of| *of != self.flow.name),
            _ => true,
        }
    }

    /// Whether something that has its own moment comes before the wait is over.
    fn in_time(&self, world: &World, act: &Act) -> bool {
        let until = world.run().map(|run| &run.state);
        match (act.at, until) {
            (Some(at), Some(State::Waiting { until, .. })) => world.now <= at && at < *until,
            (Some(_), _) => false,
            (None, _) => true,
        }
    }

    fn fates(&self, world: &World, step: &str, asks: &Asks, moves: &mut Vec<Move>) {
        let Some(run) = world.run() else { return };
        let id = MessageId { run: run.id, generation: run.generation };
        let sends = self.flow.sends(step).unwrap_or((Medium::Email, Kind::Transactional));
        let (medium, kind) = sends;
        let mut message = sent(id, world.contact.id, medium, world.now);
        (message.flow, message.step) = (self.flow.name.clone(), step.to_owned());
        let at = world.now;
        let Some(channel) = medium.channel() else {
            if medium == Medium::Call {
                for answer in self.answers(asks) {
                    let status = Status::Answered { at, answer };
                    let answered = Message { status, ..message.clone() };
                    moves.push(Move::Settle(Box::new(answered), Fate::Sent));
                }
                let reason = "no answer".to_owned();
                message.status = Status::Failed { at, reason };
                moves.push(Move::Settle(Box::new(message), Fate::Skipped));
                return;
            }
            moves.push(Move::Settle(Box::new(message), Fate::Sent));
            return;
        };
        let skipped = |reason| {
            let status = Status::Skipped { at, reason };
            Move::Settle(Box::new(Message { status, ..message.clone() }), Fate::Skipped)
        };
        let profile = &world.contact.profile;
        let address = match channel {
            Channel::Email => &profile.email,
            Channel::Sms => &profile.phone,
        };
        let consent = world.contact.consent.get(&channel);
        let granted = consent.is_some_and(|said| said.answer == Answer::Granted);
        let marketing = kind == Kind::Marketing;
        if address.is_none() {
            moves.push(skipped(Skip::NoAddress));
        } else if world.bounced.contains(&channel) {
            moves.push(skipped(Skip::Suppressed));
        } else if marketing && !granted {
            moves.push(skipped(Skip::NoConsent));
        } else if marketing && world.refused.contains(&channel) {
            moves.push(skipped(Skip::Refused));
        } else {
            let delivered = Message { delivered_at: Some(at), ..message.clone() };
            moves.push(Move::Settle(Box::new(delivered), Fate::Sent));
            if marketing {
                moves.push(skipped(Skip::Refused));
            } else if asks.mails.contains(step) {
                // Nobody can refuse it; but the address may have failed elsewhere.
                moves.push(skipped(Skip::Suppressed));
            }
            if channel == Channel::Email {
                let bounced = Message { bounced_at: Some(at), ..message.clone() };
                moves.push(Move::Settle(Box::new(bounced), Fate::Bounced));
            }
        }
    }

    /// What a system may answer: for each member that the rest of the journey asks about, what passes its
    /// tests and what doesn't. An empty answer when nothing is asked, for nobody knows what it sends.
    fn answers(&self, asks: &Asks) -> Vec<BTreeMap<String, Value>> {
        let mut answers = vec![BTreeMap::new()];
        for name in &asks.fields {
            let Some(member) = name.strip_prefix("call.") else { continue };
            // Only plain members are kept of an answer.
            let plain =
                |value: &&Option<Value>| !matches!(value, Some(Value::Array(_) | Value::Object(_)));
            let values = self.values.get(name).into_iter().flatten().filter(plain);
            let values: Vec<&Option<Value>> = values.collect();
            let whole = answers.len().saturating_mul(values.len()) <= ANSWERS;
            let mut more = Vec::new();
            for (number, answer) in answers.iter().enumerate() {
                // Beyond the bound each value comes once at least.
                let some = if whole || number == 0 { values.len() } else { 1 };
                for value in values.iter().take(some) {
                    let mut answer = answer.clone();
                    answer.extend(value.iter().map(|value| (member.to_owned(), value.clone())));
                    more.push(answer);
                }
            }
            if !more.is_empty() {
                answers = more;
            }
        }
        answers
    }

    fn readings(&self, world: &World, asks: &Asks, moves: &mut Vec<Move>) {
        let own = world.messages.iter().filter(|message| Some(message.id.run) == world.run);
        for message in own.filter(|message| message.was_sent() && message.bounced_at.is_none()) {
            let step = &message.step;
            let asked = asks.reads || asks.opened.contains(step);
            if asked && !message.was_opened() && message.medium == Medium::Email {
                moves.push(Move::Read(message.id, None));
            }
            let links = asks.links.iter().filter(|link| has_link(self.flow, step, link)).cloned();
            let asked = asks.clicked.get(step).into_iter().flatten();
            let asked = asked.map(|link| link.clone().unwrap_or_else(|| "a-link".to_owned()));
            for link in links.chain(asked).collect::<BTreeSet<_>>() {
                if !message.links.contains_key(&link) {
                    moves.push(Move::Read(message.id, Some(link)));
                }
            }
        }
    }

    /// When something from outside comes: a moment later, but before the wait is over.
    pub(crate) fn then(&self, world: &World) -> Timestamp {
        match world.run().map(|run| &run.state) {
            Some(State::Waiting { until, .. }) => {
                let room = seconds(world.now, *until) / 2;
                later(world.now, room.clamp(0, PAUSE))
            }
            _ => world.now,
        }
    }

    /// The point after a move, what happened in words, and what the run's story tells of it. `None` when
    /// nothing could be decided.
    pub(crate) fn apply(&self, world: &World, one: &Move) -> Option<(World, String, Vec<Entry>)> {
        let mut next = world.clone();
        let (words, story) = match one {
            Move::Wake => {
                let story = next.wake(self.stage)?;
                let passed = crate::clock::length(seconds(world.now, next.now));
                (format!("{passed} pass, and the wait is over"), story)
            }
            Move::Settle(message, fate) => {
                let words = match fate {
                    Fate::Sent if message.medium == Medium::Call => answered(message),
                    Fate::Sent => format!("`{}` is sent", message.step),
                    Fate::Bounced => format!("`{}` is sent and comes back", message.step),
                    Fate::Skipped | Fate::Dropped => {
                        format!("`{}` is {}", message.step, message.status.in_words())
                    }
                };
                next.settle(Message::clone(message), *fate);
                let stimulus = Stimulus::Message(message.clone());
                (words, next.act(self.stage, &stimulus, None)?)
            }
            Move::Read(id, link) => {
                next.now = self.then(world);
                let (words, stimulus) = read(&mut next, *id, link.as_deref())?;
                (words, next.act(self.stage, &stimulus, None)?)
            }
            Move::Tell(act) => {
                next.now = act.at.unwrap_or_else(|| self.then(world));
                next.happenings = next.happenings.saturating_add(1);
                (act.words.clone(), next.tell(self.stage, act)?)
            }
        };
        next.dropped(&story);
        Some((next, words, story))
    }
}

/// A system's answer in words.
fn answered(message: &Message) -> String {
    let Status::Answered { answer, .. } = &message.status else { return String::new() };
    let members = answer.iter().map(|(name, value)| format!("{name} = {value}"));
    let members: Vec<String> = members.collect();
    let with = if members.is_empty() { "" } else { ": " };
    format!("`{}` is answered{with}{}", message.step, members.join(", "))
}

/// A reader reads a mail, or follows a link in it.
fn read(world: &mut World, id: MessageId, link: Option<&str>) -> Option<(String, Stimulus)> {
    let now = world.now;
    let message = world.messages.iter_mut().find(|message| message.id == id)?;
    let opened = !message.was_opened();
    let words = match link {
        None => {
            message.opened_at = Some(now);
            format!("`{}` is read", message.step)
        }
        Some(link) => {
            message.clicked_at = message.clicked_at.or(Some(now));
            message.links.insert(link.to_owned(), now);
            format!("the link {link} in `{}` is followed", message.step)
        }
    };
    let links = link.map(str::to_owned).into_iter().collect();
    Some((words, Stimulus::Read { message: Box::new(message.clone()), opened, links }))
}

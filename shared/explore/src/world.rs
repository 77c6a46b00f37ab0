//! One contact at one point of one path: its state, what was asked of the world, and what came of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use masa_domain::{
    Action, Channel, Contact, ContactDetails, Effect, End, Entry, Flow, Happening, Medium, Message,
    MessageId, Run, RunId, Skip, State, Status, Stimulus, What,
};
use serde_json::{Value, json};

use crate::{
    act::Act,
    outcome::{Ending, Fate, Outcome, Told},
    setting::Person,
    stage::{HELPER, Stage, fact},
};

/// A point.
#[derive(Clone)]
pub(crate) struct World {
    flow: Arc<str>,
    pub(crate) contact: Contact,
    pub(crate) now: Timestamp,
    pub(crate) entered_at: Timestamp,
    /// The run that is walked, once it was let in.
    pub(crate) run: Option<RunId>,
    pub(crate) messages: Vec<Message>,
    /// What stands on the send queue and among the schedules.
    sends: BTreeSet<MessageId>,
    armed: BTreeMap<(RunId, u32), Timestamp>,
    /// How many facts were told.
    told: u32,
    /// How many happenings from outside changed something.
    pub(crate) happenings: u32,
    /// Channels that were refused, or that came back.
    pub(crate) refused: BTreeSet<Channel>,
    pub(crate) bounced: BTreeSet<Channel>,
    /// What came of it so far; its end and the values of its fields are told by [`World::outcome`].
    pub(crate) so_far: Outcome,
    /// Whether the run did more in one go than its story keeps.
    pub(crate) lost: bool,
    /// How fields are told that differ by run and day, by their names.
    pub(crate) masks: Arc<BTreeMap<String, String>>,
    /// By which way each step sends that does.
    media: Arc<BTreeMap<String, Medium>>,
}

impl World {
    pub(crate) fn new(person: Person, flow: &Flow) -> Self {
        let sends = |step: &String| Some((step.clone(), flow.sends(step)?.0));
        let media = Arc::new(flow.steps.keys().filter_map(sends).collect());
        Self {
            flow: flow.name.as_str().into(),
            contact: person.contact,
            now: person.now,
            entered_at: person.now,
            run: None,
            messages: person.messages,
            sends: BTreeSet::new(),
            armed: BTreeMap::new(),
            told: 0,
            happenings: 0,
            refused: BTreeSet::new(),
            bounced: BTreeSet::new(),
            so_far: Outcome::default(),
            lost: false,
            masks: Arc::new(masks(flow)),
            media,
        }
    }

    /// The run that is walked.
    pub(crate) fn run(&self) -> Option<&Run> {
        self.contact.runs.get(&self.run?)
    }

    /// Something from outside happens now. Returns what the walked run's story tells of it; `None` when
    /// nothing could be decided.
    pub(crate) fn tell(&mut self, stage: &Stage, act: &Act) -> Option<Vec<Entry>> {
        self.told = self.told.saturating_add(1);
        let (what, details) = (act.what.clone(), act.details.clone());
        let told = fact(self.contact.id, self.told, self.now, what, details);
        let mut story = Vec::new();
        // One who is inside the journey that is to end need not enter it first.
        if act.ends.as_ref().is_none_or(|other| self.inside(other).is_none()) {
            story = self.step(stage, &Stimulus::Fact(Box::new(told)), act)?;
        }
        if let Some((run, generation)) = act.ends.as_ref().and_then(|other| self.inside(other)) {
            let stimulus = Stimulus::Wake { run, generation };
            story.extend(self.step(stage, &stimulus, act)?);
        }
        Some(story)
    }

    /// The live run of another journey, and its generation.
    fn inside(&self, flow: &str) -> Option<(RunId, u32)> {
        let mut runs = self.contact.runs.values();
        let run = runs.find(|run| run.flow == flow && run.is_live())?;
        Some((run.id, run.generation))
    }

    /// Decides; the first run of the journey that this lets in is the one that is walked.
    fn step(&mut self, stage: &Stage, stimulus: &Stimulus, act: &Act) -> Option<Vec<Entry>> {
        let story = self.act(stage, stimulus, Some(act))?;
        if self.run.is_some() {
            return Some(story);
        }
        let Some(run) = self.contact.runs.values().find(|run| run.flow == *self.flow) else {
            return Some(story);
        };
        self.run = Some(run.id);
        self.lost = run.forgotten > 0;
        Some(run.story.clone())
    }

    /// Decides, commits, and takes on what was asked for; `act` is what led to it from outside.
    pub(crate) fn act(
        &mut self,
        stage: &Stage,
        stimulus: &Stimulus,
        act: Option<&Act>,
    ) -> Option<Vec<Entry>> {
        let decision = stage.decide(&self.contact, &self.messages, stimulus, self.now)?;
        let told = self.run().map_or(0, stories);
        if let Some(next) = decision.contact {
            let before = std::mem::replace(&mut self.contact, next);
            self.note(&before, act);
        }
        for effect in decision.effects {
            match effect {
                Effect::Send { message, .. } => {
                    self.sends.insert(message);
                }
                Effect::Arm { run, generation, until } => {
                    self.armed.insert((run, generation), until);
                }
                Effect::Disarm { run, generation } => {
                    self.armed.remove(&(run, generation));
                }
                // Dates come as acts.
                Effect::Look { .. } => {}
            }
        }
        let Some(run) = self.run.and_then(|id| self.contact.runs.get(&id)) else {
            return Some(Vec::new());
        };
        let new = stories(run).saturating_sub(told);
        self.lost = new > run.story.len();
        let from = run.story.len().saturating_sub(new);
        Some(run.story.iter().skip(from).cloned().collect())
    }

    /// Keeps what the steps did to the contact; what was told from outside is not their doing.
    fn note(&mut self, before: &Contact, act: Option<&Act>) {
        let details = act.map(|act| &act.details);
        let nothing = ContactDetails::default();
        let details = details.unwrap_or(&nothing);
        let begins = act.and_then(|act| match &act.what {
            Happening::Event { name, .. } => Some(name.clone()),
            _ => None,
        });
        let outcome = &mut self.so_far;
        for list in self.contact.lists.keys() {
            if !before.lists.contains_key(list) && !details.lists.contains(list) {
                outcome.left.remove(list);
                outcome.joined.insert(list.clone());
            }
        }
        for list in before.lists.keys().filter(|list| !self.contact.lists.contains_key(*list)) {
            let helper = format!("{HELPER}leave:{list}");
            if begins.as_ref() != Some(&helper) {
                outcome.joined.remove(list);
                outcome.left.insert(list.clone());
            }
        }
        let answered = act.and_then(|act| match &act.what {
            Happening::Answered { question, .. } => Some(question),
            _ => None,
        });
        let names = before.fields.keys().chain(self.contact.fields.keys());
        for name in names.collect::<BTreeSet<_>>() {
            let told = details.fields.contains_key(name) || answered == Some(name);
            if !told && before.fields.get(name) != self.contact.fields.get(name) {
                outcome.fields.insert(name.clone(), Value::Null);
            }
        }
        for (id, run) in &self.contact.runs {
            // What came from outside let in with a fact; a step starts without.
            let started = !before.runs.contains_key(id) && run.fact.is_none();
            let first = self.run.is_none() && run.flow == *self.flow;
            if started && !first && !run.flow.starts_with(HELPER) {
                outcome.started.push(run.flow.clone());
            }
        }
    }

    /// What came of the run; `None` while it lives, unless a bound cut it off.
    pub(crate) fn outcome(&self, cut_off: bool) -> Option<Outcome> {
        let run = self.run()?;
        let end = match &run.state {
            State::Ended { end: End::Finished, .. } => Ending::Finished,
            State::Ended { end: End::Left, .. } => Ending::Left,
            State::Ended { end: End::Exited { rule }, .. } => Ending::Exited { rule: rule.clone() },
            State::Ended { end: End::Failed { reason }, .. } => {
                Ending::Failed { reason: reason.clone() }
            }
            State::Sending { step } | State::Waiting { step, .. } if cut_off => {
                Ending::Waiting { step: step.clone() }
            }
            State::Sending { .. } | State::Waiting { .. } => return None,
        };
        let mut outcome = self.so_far.clone();
        for (name, value) in &mut outcome.fields {
            *value = self.field(name);
        }
        Some(Outcome { end, ..outcome })
    }

    /// A field as outcomes tell it.
    pub(crate) fn field(&self, name: &str) -> Value {
        match (self.contact.fields.get(name), self.masks.get(name)) {
            (None, _) => Value::Null,
            (Some(_), Some(mask)) => json!(mask),
            (Some(value), None) => value.clone(),
        }
    }

    /// A message that was being sent met its fate; the run has yet to hear of it.
    pub(crate) fn settle(&mut self, message: Message, fate: Fate) {
        self.sends.remove(&message.id);
        let (step, medium) = (message.step.clone(), message.medium);
        self.so_far.messages.push(Told { step, medium, fate });
        let Some(channel) = medium.channel() else {
            self.messages.push(message);
            return;
        };
        match (fate, &message.status) {
            (Fate::Bounced, _) | (_, Status::Skipped { reason: Skip::Suppressed, .. }) => {
                self.bounced.insert(channel);
            }
            (_, Status::Skipped { reason: Skip::Refused, .. }) => {
                self.refused.insert(channel);
            }
            _ => {}
        }
        self.messages.push(message);
    }

    /// Keeps messages that could not go before their deadline, as the run's story tells.
    pub(crate) fn dropped(&mut self, story: &[Entry]) {
        for entry in story {
            let medium = match &entry.what {
                What::Note(words) if words.starts_with("dropped") => self.media.get(&entry.step),
                _ => None,
            };
            if let Some(medium) = medium {
                let (step, fate) = (entry.step.clone(), Fate::Dropped);
                self.so_far.messages.push(Told { step, medium: *medium, fate });
            }
        }
    }

    /// The wait of the walked run is over.
    pub(crate) fn wake(&mut self, stage: &Stage) -> Option<Vec<Entry>> {
        let run = self.run()?;
        let (id, generation) = (run.id, run.generation);
        let until = self.armed.remove(&(id, generation))?;
        self.now = self.now.max(until);
        self.act(stage, &Stimulus::Wake { run: id, generation }, None)
    }

    /// A live run without anything under way that would move it, in words.
    pub(crate) fn stuck(&self) -> Option<String> {
        let stuck = self.contact.runs.values().find(|run| match &run.state {
            State::Sending { .. } => {
                !self.sends.contains(&MessageId { run: run.id, generation: run.generation })
            }
            State::Waiting { .. } => !self.armed.contains_key(&(run.id, run.generation)),
            State::Ended { .. } => false,
        })?;
        let step = match &stuck.state {
            State::Sending { step } | State::Waiting { step, .. } => step,
            State::Ended { .. } => "",
        };
        Some(format!("a run of `{}` stands at `{step}` and nothing will move it", stuck.flow))
    }
}

/// How fields are told that differ by run and day.
fn masks(flow: &Flow) -> BTreeMap<String, String> {
    let fields = flow.steps.values().filter_map(|step| match &step.action {
        Action::Coupon { field, prefix } => Some((field.clone(), format!("{prefix}-…"))),
        Action::Stamp(field) => Some((field.clone(), "the day".to_owned())),
        _ => None,
    });
    fields.collect()
}

/// How many entries a run's story has had.
fn stories(run: &Run) -> usize {
    run.story.len().saturating_add(usize::try_from(run.forgotten).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use masa_domain::{Action, Flow, Span, Step, Trigger};
    use masa_language::Library;
    use serde_json::Value;

    use super::World;
    use crate::{
        act::{Brought, Source},
        setting::Person,
        stage::Stage,
    };

    /// A live run whose schedule or message nobody was asked for is found.
    #[test]
    fn a_run_without_anything_under_way_is_stuck() {
        let step = Step { action: Action::Wait(Span::seconds(60)), next: None };
        let flow = Flow {
            name: "f".to_owned(),
            triggers: vec![Trigger::Joined("a".to_owned())],
            first: Some("w".to_owned()),
            steps: [("w".to_owned(), step)].into(),
            ..Flow::default()
        };
        let library = Library::default();
        let mut world = World::new(Person::plain(jiff::Timestamp::UNIX_EPOCH), &flow);
        let stage = Stage::new(&library, vec![flow.clone()]);
        let contact = world.contact.clone();
        let (data, values, now) = (&Value::Null, &std::collections::BTreeMap::new(), world.now);
        let source = Source { library: &library, contact: &contact, data, values, now };
        let act = source.acts(&flow.triggers[0], &Brought::default()).remove(0);
        world.tell(&stage, &act).unwrap();
        assert_eq!(world.stuck(), None);
        world.armed.clear();
        let told = "a run of `f` stands at `w` and nothing will move it";
        assert_eq!(world.stuck().as_deref(), Some(told));
    }
}

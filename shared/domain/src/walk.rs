//! The walk of a decision: runs end, begin and go on until each waits, sends or is over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    calendar,
    contact::{Contact, Led},
    decide::{Effect, Known, Need, Verdict},
    fact::{ContactDetails, Fact, Happening},
    flow::{Action, Flow},
    follow::{CHAIN_ENDS_AFTER, Followed},
    id::{FactId, Id, MessageId, RunId},
    message::{Medium, Message, Status},
    occurrence::{Consequence, Occurrence},
    planted::{self, Bug},
    run::{End, Run, State},
    steps::Onward,
    story::What,
};

/// Which way a run leaves a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// As after any step.
    Next,
    /// What it waited for happened.
    Then,
    /// Its time was over.
    Otherwise,
}

pub(crate) struct Walk<'a> {
    pub(crate) contact: Contact,
    pub(crate) known: &'a Known,
    pub(crate) now: Timestamp,
    pub(crate) cause: Id,
    /// What steps led to, to be followed.
    pub(crate) followed: VecDeque<(Followed, u8)>,
    /// How many journeys led to one another up to the run that is walking.
    pub(crate) chain: u8,
    /// Runs whose wait ended by what happened. Each once in a decision: two that wait for what the
    /// other does can't chase one another.
    pub(crate) awoken: BTreeSet<RunId>,
    pub(crate) effects: Vec<Effect>,
}

impl<'a> Walk<'a> {
    pub(crate) fn fact(&mut self, fact: &Fact) -> Result<Verdict, Need> {
        if self.contact.has_applied(fact) && !planted::on(Bug::CountTwice) {
            return Ok(self.again());
        }
        let also = self.known.also.iter().map(|id| (*id, self.now));
        self.contact.known_as.extend(also);
        let mut told: BTreeMap<String, Option<Value>> = BTreeMap::new();
        for field in fields_of(fact) {
            let before = self.contact.field(&field);
            told.insert(field, before);
        }
        let Led { joined, turned } = self.contact.apply(fact, self.now);
        if matches!(fact.what, Happening::Opened { .. }) {
            let hour = calendar::local(fact.at, &self.asked_of_contact().zone()).hour();
            self.contact.reads_at(hour);
        }
        let joined = joined.into_iter().filter(|list| !self.is_segment(list));
        let mut followed: Vec<Consequence> = joined.map(Consequence::Joined).collect();
        let changed = told.into_iter().filter(|(field, old)| self.contact.field(field) != *old);
        followed.extend(changed.map(|(field, before)| Consequence::Changed { field, before }));
        if matches!(fact.what, Happening::Imported { enters: false }) {
            self.note_segments()?;
            return Ok(Verdict::Applied);
        }
        self.occur(&Occurrence { fact: Some(fact), turned, followed: &followed })?;
        Ok(Verdict::Applied)
    }

    /// What a reader did with a message, as facts whose ids follow from it: each counts once.
    pub(crate) fn read(
        &mut self,
        message: &Message,
        opened: bool,
        links: &[String],
    ) -> Result<Verdict, Need> {
        let id = message.id.to_string();
        let (flow, step) = (&message.flow, &message.step);
        let opened = message.first_read_at().filter(|_| opened).map(|at| {
            (["opened", &id, ""], at, Happening::Opened { flow: flow.clone(), step: step.clone() })
        });
        let clicked = links.iter().filter_map(|link| {
            let at = *message.links.get(link)?;
            let what =
                Happening::Clicked { flow: flow.clone(), step: step.clone(), link: link.clone() };
            Some((["clicked", &id, link.as_str()], at, what))
        });
        let mut verdict = Verdict::Nothing;
        for (parts, at, what) in opened.into_iter().chain(clicked) {
            let id = Id::derive(&parts);
            let fact = Fact {
                id: FactId(id),
                contact: message.contact,
                received_at: at,
                at,
                details: ContactDetails::default(),
                what,
            };
            self.cause = id;
            if self.contact.has_applied(&fact) {
                continue;
            }
            self.fact(&fact)?;
            self.follow()?;
            verdict = Verdict::Applied;
        }
        Ok(if verdict == Verdict::Applied { verdict } else { self.again() })
    }

    pub(crate) fn wake(&mut self, id: RunId, generation: u32) -> Result<Verdict, Need> {
        let Some(State::Waiting { step, until }) = self.standing(id, generation) else {
            return Ok(self.already(id, generation));
        };
        let parked = self.contact.runs.get(&id).is_some_and(|run| run.parked);
        // A pause is over when it is over, not when somebody was to look again.
        let base = if parked { self.now } else { until.max(self.now) };
        self.go_on(id, &step, base, What::Woke, Leaves::Otherwise)?;
        Ok(Verdict::Applied)
    }

    pub(crate) fn message(&mut self, message: &Message) -> Result<Verdict, Need> {
        let (id, generation) = (message.id.run, message.id.generation);
        let Some(settled) = message.status.settled_at() else {
            return Ok(Verdict::Nothing);
        };
        let unsent = matches!(message.status, Status::Skipped { .. } | Status::Failed { .. });
        // Also of a run that has left meanwhile: what was not sent takes nobody's room.
        let freed = unsent && self.contact.unpace(message.id);
        let Some(State::Sending { step }) = self.standing(id, generation) else {
            let verdict = self.already(id, generation);
            return Ok(if freed { Verdict::Applied } else { verdict });
        };
        if message.medium == Medium::Call
            && let Some(run) = self.contact.runs.get_mut(&id)
        {
            run.hear(&message.status);
        }
        let outcome = What::Outcome(message.status.in_words());
        self.go_on(id, &step, settled, outcome, Leaves::Next)?;
        Ok(Verdict::Applied)
    }

    /// Moves what should have moved long ago, and asks again for what moves the rest.
    pub(crate) fn overdue(&mut self) -> Result<Verdict, Need> {
        let ended = self.end_retired();
        let mut overdue = self.live_runs();
        overdue.retain(|run| {
            let run = self.contact.runs.get(run);
            run.is_some_and(|run| run.overdue_at <= self.now || self.is_resumed(run))
        });
        if overdue.is_empty() {
            return Ok(if ended { Verdict::Applied } else { self.again() });
        }
        for id in overdue {
            let Some(run) = self.contact.runs.get(&id) else { continue };
            let generation = run.generation;
            let moved = match &run.state {
                State::Waiting { until, .. } if *until <= self.now || self.is_resumed(run) => {
                    self.wake(id, generation)?
                }
                State::Sending { .. } => {
                    let messages = self.known.messages.get(&id).ok_or(Need::Messages(id))?;
                    let own = messages.iter().find(|message| message.id.generation == generation);
                    own.map_or(Ok(Verdict::Nothing), |own| self.message(own))?
                }
                State::Waiting { .. } | State::Ended { .. } => Verdict::Nothing,
            };
            if moved != Verdict::Applied {
                self.look_after(id);
            }
        }
        Ok(Verdict::Applied)
    }

    fn look_after(&mut self, id: RunId) {
        if let Some(run) = self.contact.runs.get_mut(&id) {
            run.looked_after(self.now);
        }
        self.stand_by(id);
    }

    /// A stimulus that was applied before: its effects may not have run.
    pub(crate) fn again(&mut self) -> Verdict {
        if !planted::on(Bug::ForgetRedeliveredEffects) {
            self.effects.extend(self.contact.look_at.map(|until| Effect::Look { until }));
            self.live_runs().into_iter().for_each(|run| self.stand_by(run));
        }
        Verdict::Repeated
    }

    /// Where `run` stands, when that is still the state of `generation`.
    fn standing(&self, run: RunId, generation: u32) -> Option<State> {
        let run = self.contact.runs.get(&run)?;
        let current = run.generation == generation || planted::on(Bug::IgnoreGeneration);
        current.then(|| run.state.clone())
    }

    /// A stimulus of the past: its own effects may not have run, so those of the run that it moved
    /// and of the runs that it let in are asked for once more.
    fn already(&mut self, id: RunId, generation: u32) -> Verdict {
        if planted::on(Bug::ForgetRedeliveredEffects) {
            return Verdict::Stale;
        }
        self.effects.extend(self.contact.look_at.map(|until| Effect::Look { until }));
        let mut touched = self.live_runs();
        touched.retain(|run| {
            let Some(run) = self.contact.runs.get(run) else { return false };
            let moved = run.id == id && generation < run.generation;
            moved
                || run.awoken_by == Some(self.cause)
                || run.id == RunId::new(self.contact.id, &run.flow, self.cause)
        });
        touched.into_iter().for_each(|run| self.stand_by(run));
        Verdict::Stale
    }

    /// Asks for what a run's state needs.
    pub(crate) fn stand_by(&mut self, id: RunId) {
        let Some(run) = self.contact.runs.get(&id) else { return };
        let generation = run.generation;
        match &run.state {
            State::Sending { step } => self.effects.push(Effect::Send {
                home: run.home(generation, self.contact.id),
                message: MessageId { run: id, generation },
                flow: run.flow.clone(),
                version: run.version,
                step: step.clone(),
            }),
            State::Waiting { until, .. } => {
                self.effects.push(Effect::Arm { run: id, generation, until: *until });
            }
            State::Ended { .. } => {}
        }
    }

    pub(crate) fn live_runs(&self) -> Vec<RunId> {
        let runs = self.contact.runs.values();
        runs.filter(|run| run.is_live()).map(|run| run.id).collect()
    }

    pub(crate) fn flow(&self, name: &str, version: u32) -> Result<Option<&'a Flow>, Need> {
        match self.known.flows.get(&(name.to_owned(), version)) {
            Some(flow) => Ok(flow.as_deref()),
            None => Err(Need::Flow(name.to_owned(), version)),
        }
    }

    /// Goes on after `step`, whose business is done as `what` says; waits count from `base`.
    pub(crate) fn go_on(
        &mut self,
        id: RunId,
        step: &str,
        base: Timestamp,
        what: What,
        leaves: Leaves,
    ) -> Result<(), Need> {
        let Some(run) = self.contact.runs.get(&id) else { return Ok(()) };
        let flow = self.flow(&run.flow, run.version)?;
        let Some(mut run) = self.contact.runs.remove(&id) else { return Ok(()) };
        let Some(flow) = flow else {
            run.tell(self.now, step, what);
            let reason = format!("version {} of the flow is gone", run.version);
            self.fail(run, reason);
            return Ok(());
        };
        let Some(done) = flow.steps.get(step) else {
            run.tell(self.now, step, what);
            self.fail(run, format!("step `{step}` is not in this version of the flow"));
            return Ok(());
        };
        if std::mem::take(&mut run.parked) {
            run.tell(self.now, step, what);
            return self.walk(run, flow, Some(step.to_owned()), base);
        }
        let next = match (&done.action, leaves) {
            (Action::Await { then, .. }, Leaves::Then) => then,
            (Action::Await { otherwise, .. }, Leaves::Otherwise) => otherwise,
            (Action::Quiet { event, span }, _) => {
                let quiet = self.quiet_at(event, *span).filter(|quiet| *quiet > base);
                if let Some(until) = quiet {
                    self.stand(run, State::Waiting { step: step.to_owned(), until });
                    return Ok(());
                }
                &done.next
            }
            // A message that was held: it is tried anew.
            (Action::Email { .. } | Action::Sms { .. }, Leaves::Otherwise) => {
                run.tell(self.now, step, what);
                return self.walk(run, flow, Some(step.to_owned()), base);
            }
            _ => &done.next,
        };
        run.tell(self.now, step, what);
        self.walk(run, flow, next.clone(), base)
    }

    /// Walks from `step` until the run waits, sends or ends. Every step is passed at most once in
    /// a walk, so a walk ends.
    pub(crate) fn walk(
        &mut self,
        mut run: Run,
        flow: &Flow,
        mut step: Option<String>,
        base: Timestamp,
    ) -> Result<(), Need> {
        let lived = self.now.duration_since(run.entered_at);
        self.chain = if lived < CHAIN_ENDS_AFTER { run.chain } else { 0 };
        if let Some(next) = &step
            && let Some(state) = self.before(&mut run, next)
        {
            self.stand(run, state);
            return Ok(());
        }
        let mut passed = BTreeSet::new();
        loop {
            let Some(id) = step else {
                let at = self.now;
                self.stand(run, State::Ended { end: End::Finished, at });
                return Ok(());
            };
            let Some(current) = flow.steps.get(&id) else {
                self.fail(run, format!("step `{id}` is not in this version of the flow"));
                return Ok(());
            };
            if !passed.insert(id.clone()) {
                self.fail(run, format!("the flow returns to step `{id}` without a wait"));
                return Ok(());
            }
            match self.take(&mut run, flow, &id, current, base)? {
                Onward::To(next) => step = next,
                Onward::Stand(state) => {
                    self.stand(run, state);
                    return Ok(());
                }
            }
        }
    }

    fn fail(&mut self, run: Run, reason: String) {
        let at = self.now;
        self.stand(run, State::Ended { end: End::Failed { reason }, at });
    }

    /// Puts a run into its new state and asks for what that needs.
    pub(crate) fn stand(&mut self, mut run: Run, state: State) {
        if let State::Ended { end, .. } = &state {
            self.contact.count_end(&run.flow, end);
            self.leads_to(Followed::Occurred(Consequence::Ended(run.flow.clone())));
        }
        run.go(state, self.now);
        let id = run.id;
        self.contact.runs.insert(id, run);
        self.stand_by(id);
    }
}

/// The names under which a fact may change what the contact holds.
fn fields_of(fact: &Fact) -> Vec<String> {
    const PROFILE: [&str; 7] =
        ["email", "phone", "first_name", "last_name", "language", "timezone", "country"];
    let mut names: Vec<String> = PROFILE.iter().map(|name| (*name).to_owned()).collect();
    names.extend(fact.details.fields.keys().cloned());
    if let Happening::Answered { question, .. } = &fact.what {
        names.push(question.clone());
    }
    names
}

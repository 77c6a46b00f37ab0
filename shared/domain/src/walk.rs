//! The walk of a decision: runs end, begin and go on until each waits, sends or is over.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use serde_json::json;

use crate::{
    condition::Asked,
    contact::{Contact, FlowLedger, LIVE_RUNS_MAX},
    decide::{Effect, Known, Need, Verdict},
    fact::Fact,
    flow::{Action, Again, Flow},
    id::{Id, MessageId, RunId},
    message::Message,
    occurrence::{Occurrence, trigger_data},
    planted::{self, Bug},
    run::{End, Run, State},
    story::What,
};

/// Where a step leads.
enum Onward {
    /// To this step, or to the end of the flow.
    To(Option<String>),
    /// Nowhere: the run stands in its new state.
    Stand(State),
}

pub(crate) struct Walk<'a> {
    pub(crate) contact: Contact,
    pub(crate) known: &'a Known,
    pub(crate) now: Timestamp,
    pub(crate) cause: Id,
    /// Lists that steps joined and whose triggers are still to be followed.
    pub(crate) joined: VecDeque<String>,
    pub(crate) effects: Vec<Effect>,
}

impl<'a> Walk<'a> {
    pub(crate) fn fact(&mut self, fact: &Fact) -> Result<Verdict, Need> {
        if self.contact.has_applied(fact) && !planted::on(Bug::CountTwice) {
            return Ok(self.again());
        }
        let joined = self.contact.apply(fact, self.now);
        self.occur(&Occurrence { fact: Some(fact), joined: &joined })?;
        Ok(Verdict::Applied)
    }

    pub(crate) fn wake(&mut self, id: RunId, generation: u32) -> Result<Verdict, Need> {
        let Some(State::Waiting { step, until }) = self.standing(id, generation) else {
            return Ok(self.already(id, generation));
        };
        self.go_on(id, &step, until.max(self.now), What::Woke)?;
        Ok(Verdict::Applied)
    }

    pub(crate) fn message(&mut self, message: &Message) -> Result<Verdict, Need> {
        let (id, generation) = (message.id.run, message.id.generation);
        let Some(settled) = message.status.settled_at() else {
            return Ok(Verdict::Nothing);
        };
        let Some(State::Sending { step }) = self.standing(id, generation) else {
            return Ok(self.already(id, generation));
        };
        self.go_on(id, &step, settled, What::Outcome(message.status.in_words()))?;
        Ok(Verdict::Applied)
    }

    /// Moves what should have moved long ago, and asks again for what moves the rest.
    pub(crate) fn overdue(&mut self) -> Result<Verdict, Need> {
        let mut overdue = self.live_runs();
        overdue
            .retain(|run| self.contact.runs.get(run).is_some_and(|run| run.overdue_at <= self.now));
        if overdue.is_empty() {
            return Ok(self.again());
        }
        for id in overdue {
            let Some(run) = self.contact.runs.get(&id) else { continue };
            let generation = run.generation;
            let moved = match &run.state {
                State::Waiting { until, .. } if *until <= self.now => self.wake(id, generation)?,
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
    fn again(&mut self) -> Verdict {
        if !planted::on(Bug::ForgetRedeliveredEffects) {
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
        let mut touched = self.live_runs();
        touched.retain(|run| {
            let Some(run) = self.contact.runs.get(run) else { return false };
            let moved = run.id == id && generation < run.generation;
            moved || run.id == RunId::new(self.contact.id, &run.flow, self.cause)
        });
        touched.into_iter().for_each(|run| self.stand_by(run));
        Verdict::Stale
    }

    /// Asks for what a run's state needs.
    fn stand_by(&mut self, id: RunId) {
        let Some(run) = self.contact.runs.get(&id) else { return };
        let generation = run.generation;
        match &run.state {
            State::Sending { step } => self.effects.push(Effect::Send {
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

    fn live_runs(&self) -> Vec<RunId> {
        let runs = self.contact.runs.values();
        runs.filter(|run| run.is_live()).map(|run| run.id).collect()
    }

    fn flow(&self, name: &str, version: u32) -> Result<Option<&'a Flow>, Need> {
        match self.known.flows.get(&(name.to_owned(), version)) {
            Some(flow) => Ok(flow.as_deref()),
            None => Err(Need::Flow(name.to_owned(), version)),
        }
    }

    /// Ends the runs whose exit rules match, then lets the contact into the flows that match: in
    /// this order, so that what begins a run never ends it.
    fn occur(&mut self, occurrence: &Occurrence<'_>) -> Result<(), Need> {
        for id in self.live_runs() {
            self.exit(id, occurrence)?;
        }
        let known = self.known;
        let keys = occurrence.keys();
        for (name, live) in &known.catalogue.flows {
            if !live.triggers.iter().any(|key| keys.contains(key)) {
                continue;
            }
            let Some(flow) = self.flow(name, live.version)? else { continue };
            if occurrence.matched(&flow.triggers).is_some() {
                self.enter(flow, live.version, occurrence)?;
            }
        }
        Ok(())
    }

    /// Follows the lists that steps joined, until there are none.
    pub(crate) fn follow_joins(&mut self) -> Result<(), Need> {
        while let Some(list) = self.joined.pop_front() {
            self.occur(&Occurrence { fact: None, joined: &[list] })?;
        }
        Ok(())
    }

    fn exit(&mut self, id: RunId, occurrence: &Occurrence<'_>) -> Result<(), Need> {
        let Some(run) = self.contact.runs.get(&id) else { return Ok(()) };
        let Some(flow) = self.flow(&run.flow, run.version)? else { return Ok(()) };
        if let Some(rule) = occurrence.matched(&flow.exits) {
            let rule = rule.in_words();
            let now = self.now;
            if let Some(run) = self.contact.runs.get_mut(&id) {
                let armed = run.generation;
                if matches!(run.state, State::Waiting { .. }) {
                    self.effects.push(Effect::Disarm { run: id, generation: armed });
                }
                let end = End::Exited { rule };
                run.go(State::Ended { end: end.clone(), at: now }, now);
                self.contact.count_end(&flow.name, &end);
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        flow: &'a Flow,
        version: u32,
        occurrence: &Occurrence<'_>,
    ) -> Result<(), Need> {
        let at = occurrence.fact.map_or(self.now, |fact| fact.received_at);
        let id = RunId::new(self.contact.id, &flow.name, self.cause);
        // One stimulus lets into a flow once: two flows that put a contact on each other's list
        // cannot chase one another, and a fact that comes again after it was forgotten does not
        // begin its run anew.
        if self.contact.runs.contains_key(&id) || !self.may_enter(flow, at) {
            return Ok(());
        }
        if let Some(condition) = &flow.entry_if {
            let asked = Asked { contact: &self.contact, run: None, messages: None };
            if condition.holds(&asked) != Ok(true) {
                return Ok(());
            }
        }
        let ledger = self.contact.flows.entry(flow.name.clone());
        let ledger = ledger.or_insert_with(|| FlowLedger::new(at));
        ledger.entered = ledger.entered.saturating_add(1);
        ledger.last_at = ledger.last_at.max(at);

        let mut run = Run {
            id,
            flow: flow.name.clone(),
            version,
            entered_at: at,
            fact: occurrence.fact.map(|fact| fact.id),
            generation: 0,
            state: State::Ended { end: End::Finished, at: self.now },
            data: occurrence.fact.map(trigger_data).unwrap_or_default(),
            messages: BTreeMap::new(),
            story: Vec::new(),
            forgotten: 0,
            overdue_at: self.now,
            looks: 0,
        };
        run.tell(self.now, "", What::Entered);
        self.walk(run, flow, flow.first.clone(), at)
    }

    fn may_enter(&self, flow: &Flow, at: Timestamp) -> bool {
        if self.live_runs().len() >= LIVE_RUNS_MAX {
            return false;
        }
        let Some(ledger) = self.contact.flows.get(&flow.name) else { return true };
        match flow.again {
            Again::Never => false,
            Again::Always => true,
            Again::After(pause) => {
                let mut runs = self.contact.runs.values();
                let inside = runs.any(|run| run.flow == flow.name && run.is_live());
                !inside && pause.after(ledger.last_at) <= at
            }
        }
    }

    /// Goes on after `step`, whose business is done as `what` says; waits count from `base`.
    fn go_on(&mut self, id: RunId, step: &str, base: Timestamp, what: What) -> Result<(), Need> {
        let Some(run) = self.contact.runs.get(&id) else { return Ok(()) };
        let flow = self.flow(&run.flow, run.version)?;
        let Some(mut run) = self.contact.runs.remove(&id) else { return Ok(()) };
        run.tell(self.now, step, what);
        match flow.map(|flow| (flow, flow.steps.get(step))) {
            Some((flow, Some(done))) => self.walk(run, flow, done.next.clone(), base),
            Some((_, None)) => {
                self.fail(run, format!("step `{step}` is not in this version of the flow"));
                Ok(())
            }
            None => {
                let reason = format!("version {} of the flow is gone", run.version);
                self.fail(run, reason);
                Ok(())
            }
        }
    }

    /// Walks from `step` until the run waits, sends or ends. Every step is passed at most once in
    /// a walk, so a walk ends.
    fn walk(
        &mut self,
        mut run: Run,
        flow: &Flow,
        mut step: Option<String>,
        base: Timestamp,
    ) -> Result<(), Need> {
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
            match self.take(&mut run, &id, &current.action, current.next.as_ref(), base)? {
                Onward::To(next) => step = next,
                Onward::Stand(state) => {
                    self.stand(run, state);
                    return Ok(());
                }
            }
        }
    }

    /// Takes one step.
    fn take(
        &mut self,
        run: &mut Run,
        id: &str,
        action: &Action,
        next: Option<&String>,
        base: Timestamp,
    ) -> Result<Onward, Need> {
        let now = self.now;
        match action {
            Action::Email { .. } | Action::Sms { .. } => {
                return Ok(Onward::Stand(State::Sending { step: id.to_owned() }));
            }
            Action::Wait(span) => {
                let until = span.after(base);
                return Ok(Onward::Stand(State::Waiting { step: id.to_owned(), until }));
            }
            Action::Exit => {
                return Ok(Onward::Stand(State::Ended { end: End::Left, at: now }));
            }
            Action::If { when, then, otherwise } => {
                let messages = self.known.messages.get(&run.id).map(Vec::as_slice);
                let asked = Asked { contact: &self.contact, run: Some(run), messages };
                let holds = when.holds(&asked).map_err(|_| Need::Messages(run.id))?;
                run.tell(now, id, What::Branch(holds));
                return Ok(Onward::To(if holds { then.clone() } else { otherwise.clone() }));
            }
            Action::Set(fields) => {
                for (name, value) in fields {
                    self.contact.set_field(name, value.clone());
                }
            }
            Action::Count { field, by } => self.count(run, id, field, *by),
            Action::Join(list) => {
                if self.contact.join(list, now) {
                    self.joined.push_back(list.clone());
                }
            }
            Action::Leave(list) => {
                self.contact.lists.remove(list);
            }
        }
        Ok(Onward::To(next.cloned()))
    }

    /// Counts; a field that holds something other than a whole number is left alone, and the
    /// story says so.
    fn count(&mut self, run: &mut Run, step: &str, field: &str, by: i64) {
        let old = match self.contact.fields.get(field) {
            None => Some(0),
            Some(value) => value.as_i64(),
        };
        match old.and_then(|old| old.checked_add(by)) {
            Some(new) => self.contact.set_field(field, json!(new)),
            None => {
                let words = format!("`{field}` is not a number that can count");
                run.tell(self.now, step, What::Note(words));
            }
        }
    }

    fn fail(&mut self, run: Run, reason: String) {
        let at = self.now;
        self.stand(run, State::Ended { end: End::Failed { reason }, at });
    }

    /// Puts a run into its new state and asks for what that needs.
    fn stand(&mut self, mut run: Run, state: State) {
        if let State::Ended { end, .. } = &state {
            self.contact.count_end(&run.flow, end);
        }
        run.go(state, self.now);
        let id = run.id;
        self.contact.runs.insert(id, run);
        self.stand_by(id);
    }
}

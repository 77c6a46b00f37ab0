//! What happened, for all journeys of a contact: runs end, waits end, runs begin, goals are reached.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::{
    contact::{FlowLedger, LIVE_RUNS_MAX},
    decide::{Effect, Need},
    fact::Fact,
    flow::{Action, Again, Flow},
    id::RunId,
    live::Standing,
    occurrence::{Consequence, Matching, Occurrence},
    run::{End, Run, State},
    segments::ROUNDS_MAX,
    story::What,
    walk::{Leaves, Walk},
};

/// How many journeys may begin one another within an hour each. Two that begin each other at once would
/// send for ever; a journey that begins itself anew each week may.
const CHAIN_MAX: u8 = 20;
pub(crate) const CHAIN_ENDS_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What a step led to, and that is still to be followed.
pub(crate) enum Followed {
    Occurred(Consequence),
    /// A step begins this flow, and hands on what began its own run, and that run's codes.
    Start {
        flow: String,
        data: Value,
        coupons: BTreeMap<String, String>,
    },
}

impl<'a> Walk<'a> {
    /// What happened, for all journeys: first it ends runs whose exit rules match, then it ends waits
    /// for it, then it lets the contact into flows. In this order, so that what begins a run never ends
    /// it.
    pub(crate) fn occur(&mut self, occurrence: &Occurrence<'_>) -> Result<(), Need> {
        self.reach_goals(occurrence)?;
        for id in self.live_runs() {
            self.exit(id, occurrence)?;
        }
        for id in self.live_runs() {
            self.awake(id, occurrence)?;
        }
        let known = self.known;
        let keys = occurrence.keys();
        let mut live: Vec<_> = known.catalogue.flows.started_by(&keys).collect();
        // The first to begin is the first to send, when the cap has room for one (D3).
        live.sort_by_key(|(_, live)| Reverse(live.priority));
        for (name, live) in live {
            let Some(flow) = self.flow(name, live.version)? else { continue };
            let matching = Matching { contact: &self.contact, known, now: self.now, run: None };
            if occurrence.matched(&flow.triggers, matching).is_some() {
                let data = occurrence.data(known);
                self.enter(flow, live.version, occurrence.fact, data, BTreeMap::new())?;
            }
        }
        Ok(())
    }

    /// Follows what steps led to, until there is nothing more, and the contact is in the segments where it
    /// belongs.
    pub(crate) fn follow(&mut self) -> Result<(), Need> {
        for _ in 0..ROUNDS_MAX {
            self.follow_steps()?;
            if !self.sort()? {
                return Ok(());
            }
        }
        self.follow_steps()
    }

    fn follow_steps(&mut self) -> Result<(), Need> {
        while let Some((followed, chain)) = self.followed.pop_front() {
            self.chain = chain;
            match followed {
                Followed::Occurred(what) => {
                    self.occur(&Occurrence { fact: None, turned: None, followed: &[what] })?;
                }
                Followed::Start { flow, data, coupons } => {
                    let live = self.known.catalogue.flows.get(&flow);
                    let Some(version) = live.map(|live| live.version) else { continue };
                    if let Some(flow) = self.flow(&flow, version)? {
                        self.enter(flow, version, None, data, coupons)?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(crate) fn leads_to(&mut self, followed: Followed) {
        self.followed.push_back((followed, self.chain));
    }

    fn reach_goals(&mut self, occurrence: &Occurrence<'_>) -> Result<(), Need> {
        let known = self.known;
        let keys = occurrence.keys();
        let at = occurrence.at().unwrap_or(self.now);
        let aims = |run: &Run| {
            let live = known.catalogue.flows.get(&run.flow);
            let aims = live.is_some_and(|live| live.goals.iter().any(|key| keys.contains(key)));
            run.goal_at.is_none() && aims
        };
        let runs = self.contact.runs.values().filter(|run| aims(run));
        let runs: Vec<RunId> = runs.map(|run| run.id).collect();
        for id in runs {
            let Some(run) = self.contact.runs.get(&id) else { continue };
            let Some(flow) = self.flow(&run.flow, run.version)? else { continue };
            let Some(goal) = &flow.goal else { continue };
            let matching =
                Matching { contact: &self.contact, known, now: self.now, run: Some(run) };
            let Some(by) = occurrence.matched(&goal.reached_by, matching) else { continue };
            if at < run.entered_at || at > goal.within.after(run.entered_at) {
                continue;
            }
            let words = by.in_words();
            if let Some(run) = self.contact.runs.get_mut(&id) {
                run.goal_at = Some(at);
                run.tell(self.now, "", What::Goal(words));
            }
            if let Some(ledger) = self.contact.flows.get_mut(&flow.name) {
                ledger.reached = ledger.reached.saturating_add(1);
            }
        }
        Ok(())
    }

    fn exit(&mut self, id: RunId, occurrence: &Occurrence<'_>) -> Result<(), Need> {
        let Some(run) = self.contact.runs.get(&id) else { return Ok(()) };
        let Some(flow) = self.flow(&run.flow, run.version)? else { return Ok(()) };
        let matching =
            Matching { contact: &self.contact, known: self.known, now: self.now, run: Some(run) };
        let Some(rule) = occurrence.matched(&flow.exits, matching) else { return Ok(()) };
        let end = End::Exited { rule: rule.in_words() };
        let Some(run) = self.contact.runs.remove(&id) else { return Ok(()) };
        self.disarm(&run);
        let at = self.now;
        self.stand(run, State::Ended { end, at });
        Ok(())
    }

    /// Ends a run's wait when `occurrence` is what it waits for.
    fn awake(&mut self, id: RunId, occurrence: &Occurrence<'_>) -> Result<(), Need> {
        let Some(run) = self.contact.runs.get(&id).filter(|run| !run.parked) else {
            return Ok(());
        };
        let State::Waiting { step, .. } = &run.state else { return Ok(()) };
        let step = step.clone();
        let Some(flow) = self.flow(&run.flow, run.version)? else { return Ok(()) };
        let action = flow.steps.get(&step).map(|step| &step.action);
        let Some(Action::Await { until, .. }) = action else { return Ok(()) };
        let matching =
            Matching { contact: &self.contact, known: self.known, now: self.now, run: Some(run) };
        let Some(by) = occurrence.matched(until, matching) else { return Ok(()) };
        if !self.awoken.insert(id) {
            return Ok(());
        }
        let what = What::Came(by.in_words());
        let base = occurrence.fact.map_or(self.now, |fact| fact.received_at);
        let run = run.clone();
        self.disarm(&run);
        let cause = self.cause;
        if let Some(run) = self.contact.runs.get_mut(&id) {
            run.awoken_by = Some(cause);
        }
        self.go_on(id, &step, base, what, Leaves::Then)
    }

    /// Forgets the wake of a wait that is over.
    pub(crate) fn disarm(&mut self, run: &Run) {
        if matches!(run.state, State::Waiting { .. }) {
            self.effects.push(Effect::Disarm { run: run.id, generation: run.generation });
        }
    }

    fn enter(
        &mut self,
        flow: &'a Flow,
        version: u32,
        fact: Option<&Fact>,
        data: Value,
        coupons: BTreeMap<String, String>,
    ) -> Result<(), Need> {
        let at = fact.map_or(self.now, |fact| fact.received_at);
        let id = RunId::new(self.contact.id, &flow.name, self.cause);
        // One stimulus lets into a flow once: two flows that put a contact on each other's list
        // cannot chase one another, and a fact that comes again after it was forgotten does not
        // begin its run anew.
        let chain = if fact.is_some() { 0 } else { self.chain.saturating_add(1) };
        if self.contact.runs.contains_key(&id)
            || chain > CHAIN_MAX
            || self.standing_of(&flow.name) != Standing::Live
            || !self.may_enter(flow, at)
        {
            return Ok(());
        }
        let mut run = Run {
            id,
            flow: flow.name.clone(),
            version,
            chain,
            entered_at: at,
            fact: fact.map(|fact| fact.id),
            generation: 0,
            state: State::Ended { end: End::Finished, at: self.now },
            data,
            coupons,
            goal_at: None,
            held: None,
            parked: false,
            awoken_by: None,
            moved: Vec::new(),
            messages: BTreeMap::new(),
            story: Vec::new(),
            forgotten: 0,
            overdue_at: self.now,
            looks: 0,
        };
        if let Some(condition) = &flow.entry_if {
            // It may ask about what begins it.
            let holds = condition.holds(&self.asked(&run));
            if !holds.map_err(|needed| Need::Messages(needed.0))? {
                return Ok(());
            }
        }
        let ledger = self.contact.flows.entry(flow.name.clone());
        let ledger = ledger.or_insert_with(|| FlowLedger::new(at));
        ledger.entered = ledger.entered.saturating_add(1);
        ledger.last_at = ledger.last_at.max(at);
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
}

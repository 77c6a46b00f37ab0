//! Pausing, retiring and moving: what becomes of those who are inside.

use jiff::SignedDuration;

use crate::{
    decide::{Need, Verdict},
    flow::Flow,
    live::Standing,
    run::{End, Run, State},
    story::What,
    walk::Walk,
};

/// How often a run of a paused flow looks whether it may go on. Resuming wakes it at once; this is for
/// the one that nobody woke.
const LOOKS_AGAIN: SignedDuration = SignedDuration::from_hours(24);

impl Flow {
    /// Whether a run of another version of this flow may go on in this one: the step at which it stands
    /// is there, and is of the same kind. A wait that has begun keeps its time.
    pub fn takes_over(&self, from: &Self, run: &Run) -> bool {
        let (State::Sending { step } | State::Waiting { step, .. }) = &run.state else {
            return false;
        };
        let (Some(old), Some(new)) = (from.steps.get(step), self.steps.get(step)) else {
            return false;
        };
        std::mem::discriminant(&old.action) == std::mem::discriminant(&new.action)
    }
}

impl Walk<'_> {
    /// Whether contacts move through a flow. One that is not live any more lets those who are inside
    /// finish.
    pub(crate) fn standing_of(&self, flow: &str) -> Standing {
        let live = self.known.catalogue.flows.get(flow);
        live.map(|live| live.standing).unwrap_or_default()
    }

    /// What keeps a run from its next step.
    pub(crate) fn before(&self, run: &mut Run, step: &str) -> Option<State> {
        match self.standing_of(&run.flow) {
            Standing::Live => None,
            Standing::Paused => {
                run.parked = true;
                run.tell(self.now, step, What::Note("the journey is paused".to_owned()));
                let until = self.now.checked_add(LOOKS_AGAIN).unwrap_or(self.now);
                Some(State::Waiting { step: step.to_owned(), until })
            }
            Standing::Ending => Some(self.retired()),
        }
    }

    /// Whether a run stands before its step for no reason any more.
    pub(crate) fn is_resumed(&self, run: &Run) -> bool {
        run.parked && self.standing_of(&run.flow) != Standing::Paused
    }

    /// Ends the runs of flows that end; one that is sending ends with its message.
    pub(crate) fn end_retired(&mut self) -> bool {
        let mut retired = self.live_runs();
        retired.retain(|id| {
            self.contact.runs.get(id).is_some_and(|run| {
                matches!(run.state, State::Waiting { .. })
                    && self.standing_of(&run.flow) == Standing::Ending
            })
        });
        for id in &retired {
            let Some(run) = self.contact.runs.remove(id) else { continue };
            self.disarm(&run);
            let state = self.retired();
            self.stand(run, state);
        }
        !retired.is_empty()
    }

    fn retired(&self) -> State {
        let rule = "the journey was retired".to_owned();
        State::Ended { end: End::Exited { rule }, at: self.now }
    }

    /// Moves the runs of a flow to another version, as far as that takes them over.
    pub(crate) fn move_to(&mut self, flow: &str, version: u32) -> Result<Verdict, Need> {
        let mut verdict = Verdict::Nothing;
        for id in self.live_runs() {
            let Some(run) = self.contact.runs.get(&id) else { continue };
            if run.flow != flow || run.version == version {
                continue;
            }
            let (from, to) = (self.flow(flow, run.version)?, self.flow(flow, version)?);
            let (Some(from), Some(to)) = (from, to) else { continue };
            let now = self.now;
            if to.takes_over(from, run)
                && let Some(run) = self.contact.runs.get_mut(&id)
            {
                run.version = version;
                run.tell(now, "", What::Note(format!("moved to version {version}")));
                verdict = Verdict::Applied;
            }
        }
        Ok(verdict)
    }
}

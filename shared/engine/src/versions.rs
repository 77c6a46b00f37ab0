//! Who is inside a journey, and moving them to another version of it. For people, not for functions:
//! it reads every contact that is on a journey.

use std::{collections::BTreeMap, sync::Arc};

use masa_domain::{ContactId, Flow, Known, Need, Run, State, Stimulus, decide};
use masa_runtime::Clock;
use masa_store::{Commit, Flows, Loaded, Store};

use crate::{Error, READS_MAX, TRIES};

/// Somebody who is inside a journey.
#[derive(Debug, Clone)]
pub struct Inside {
    /// Who.
    pub contact: ContactId,
    /// On which version.
    pub version: u32,
    /// At which step.
    pub step: String,
    /// What moving would do.
    pub verdict: Verdict,
}

/// Whether a run can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is on that version already.
    IsThere,
    /// It goes on in the other version.
    Moves,
    /// The other version has no such step, or one that does something else.
    StepIsGone,
    /// Its own version can't be read any more: it ends at its next step.
    VersionIsGone,
}

/// Looks at versions of journeys and moves who is inside.
#[derive(Debug)]
pub struct Versions {
    store: Store,
    flows: Flows,
    clock: Clock,
}

impl Versions {
    /// Over this table.
    pub fn new(store: Store, clock: Clock) -> Self {
        let flows = Flows::new(store.clone(), clock.clone());
        Self { store, flows, clock }
    }

    /// Who is inside a journey, and whether they could go on in `to`, which is, or would be, `version`.
    ///
    /// # Errors
    /// When the table can't be read.
    pub async fn inside(&self, to: &Flow, version: Option<u32>) -> Result<Vec<Inside>, Error> {
        let mut inside = Vec::new();
        for contact in self.store.inside().await? {
            let Loaded { contact: Some(contact), .. } = self.store.load(contact).await? else {
                continue;
            };
            for run in contact.runs.values().filter(|run| run.flow == to.name && run.is_live()) {
                let verdict = self.verdict(run, to, version).await?;
                let (State::Sending { step } | State::Waiting { step, .. }) = &run.state else {
                    continue;
                };
                inside.push(Inside {
                    contact: contact.id,
                    version: run.version,
                    step: step.clone(),
                    verdict,
                });
            }
        }
        Ok(inside)
    }

    async fn verdict(&self, run: &Run, to: &Flow, version: Option<u32>) -> Result<Verdict, Error> {
        if version == Some(run.version) {
            return Ok(Verdict::IsThere);
        }
        Ok(match self.flows.flow(&run.flow, run.version).await? {
            None => Verdict::VersionIsGone,
            Some(from) if to.takes_over(&from, run) => Verdict::Moves,
            Some(_) => Verdict::StepIsGone,
        })
    }

    /// Moves a contact's runs of a flow to a version, as far as that takes them over: one query and one
    /// conditional write. True when something moved.
    ///
    /// # Errors
    /// When the table can't be read or written; it may be done again.
    pub async fn move_to(
        &self,
        contact: ContactId,
        flow: &str,
        version: u32,
    ) -> Result<bool, Error> {
        let stimulus = Stimulus::Move { flow: flow.to_owned(), version };
        for _ in 0..TRIES {
            let Loaded { contact: Some(state), .. } = self.store.load(contact).await? else {
                return Ok(false);
            };
            let mut known = Known {
                catalogue: self.flows.catalogue().await?,
                flows: BTreeMap::new(),
                ..Known::default()
            };
            let decision = 'decided: {
                for _ in 0..READS_MAX {
                    match decide(&state, &stimulus, &known, self.clock.now()) {
                        Ok(decision) => break 'decided decision,
                        Err(Need::Flow(name, version)) => {
                            let flow: Option<Arc<Flow>> = self.flows.flow(&name, version).await?;
                            known.flows.insert((name, version), flow);
                        }
                        Err(Need::Messages(run)) => {
                            let messages = self.store.messages(state.id, run).await?;
                            known.messages.insert(run, messages);
                        }
                    }
                }
                return Err(Error::TooMuch);
            };
            let Some(next) = &decision.contact else { return Ok(false) };
            if self.store.commit(next).await? != Commit::Conflict {
                return Ok(true);
            }
        }
        Err(Error::Contended)
    }
}

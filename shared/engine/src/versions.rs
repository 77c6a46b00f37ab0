//! Who is inside a journey, and moving them to another version of it. For people, not for functions:
//! it reads every contact that is on a journey.

use std::collections::BTreeSet;

use masa_domain::{ContactId, Flow, Run, State, Stimulus};
use masa_runtime::Clock;
use masa_store::{Commit, Flows, Loaded, Store};

use crate::{Error, TRIES, decide_reading};

/// Somebody who is inside a journey.
#[derive(Debug, Clone)]
pub struct Inside {
    /// Who.
    pub contact: ContactId,
    /// On which version.
    pub version: u32,
    /// At which step.
    pub step: String,
    /// Whether it can be moved.
    pub fit: Fit,
}

/// Whether a run can be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
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
        let (mut inside, mut seen) = (Vec::new(), BTreeSet::new());
        for contact in self.store.inside().await? {
            let contact = self.store.find(contact).await?.loaded.contact;
            // One that gave way stands in the index until it was taken in.
            let Some(contact) = contact.filter(|contact| seen.insert(contact.id)) else { continue };
            for run in contact.runs.values().filter(|run| run.flow == to.name && run.is_live()) {
                let fit = self.fit(run, to, version).await?;
                let (State::Sending { step } | State::Waiting { step, .. }) = &run.state else {
                    continue;
                };
                inside.push(Inside {
                    contact: contact.id,
                    version: run.version,
                    step: step.clone(),
                    fit,
                });
            }
        }
        Ok(inside)
    }

    async fn fit(&self, run: &Run, to: &Flow, version: Option<u32>) -> Result<Fit, Error> {
        if version == Some(run.version) {
            return Ok(Fit::IsThere);
        }
        Ok(match self.flows.flow(&run.flow, run.version).await? {
            None => Fit::VersionIsGone,
            Some(from) if to.takes_over(&from, run) => Fit::Moves,
            Some(_) => Fit::StepIsGone,
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
            let Loaded { contact: Some(state), .. } = self.store.find(contact).await?.loaded else {
                return Ok(false);
            };
            let now = self.clock.now();
            let decision =
                decide_reading(&self.store, &self.flows, &state, &stimulus, Vec::new(), now)
                    .await?;
            let Some(next) = &decision.contact else { return Ok(false) };
            if self.store.commit(next).await? != Commit::Conflict {
                return Ok(true);
            }
        }
        Err(Error::Contended)
    }
}

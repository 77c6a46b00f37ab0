//! Moves journeys: load the contact, decide, commit on condition of the version, carry out.
//!
//! A stimulus comes at least once. What was committed before is recognised by the decision itself,
//! which then asks for the same effects once more: a crash between commit and effects is mended by
//! the redelivery of the stimulus.

mod person;
mod versions;

use masa_dispatch::Dispatch;
use masa_domain::{
    Contact, ContactId, Decision, Effect, FactId, Known, MessageId, Need, Stimulus, decide,
    planted::{self, Bug},
};
use masa_runtime::{Clock, Config, Missing};
use masa_store::{Commit, Flows, Store};

pub use versions::{Fit, Inside, Versions};

/// How often a decision is made anew because another commit came first. Conflicts are two
/// invocations for one contact; each try lets one of them through.
const TRIES: u32 = 8;
/// How long a contact is left in peace for whom nothing can be done.
const DAY: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// How much a decision may ask to read: every live run's flow and messages, and entered flows.
const READS_MAX: u32 = 500;

/// Why a stimulus was not worked off; it has to come again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table.
    #[error(transparent)]
    Store(#[from] masa_store::Error),
    /// A queue or the scheduler.
    #[error(transparent)]
    Dispatch(#[from] masa_dispatch::Error),
    /// Others kept changing the contact.
    #[error("the contact was changed by others {TRIES} times in a row")]
    Contended,
    /// The contact has more live journeys than one decision may read.
    #[error("one decision asked for more than {READS_MAX} reads")]
    TooMuch,
}

impl Error {
    /// Whether the stimulus can never be worked off as things are: trying again is in vain, and must
    /// not hold up others.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Store(error) => error.is_permanent(),
            // What was decided is committed: without this effect the run becomes overdue, and is found.
            Self::Dispatch(error) => error.is_permanent(),
            Self::Contended => false,
            Self::TooMuch => true,
        }
    }
}

/// Moves journeys.
#[derive(Debug)]
pub struct Engine {
    store: Store,
    dispatch: Dispatch,
    flows: Flows,
    clock: Clock,
}

impl Engine {
    /// An engine over the table, queues and schedules that the settings name.
    ///
    /// # Errors
    /// [`Missing`] when a setting is absent.
    pub fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let store = Store::new(sdk, config)?;
        let dispatch = Dispatch::new(sdk, config)?;
        let flows = Flows::new(store.clone(), clock.clone());
        Ok(Self { store, dispatch, flows, clock })
    }

    /// Works off one stimulus: one query, one conditional write when something changes, and the
    /// effects. What is for a contact that gave way to another is that one's.
    ///
    /// # Errors
    /// [`Error`]; the stimulus has to be delivered again.
    pub async fn advance(&self, contact: ContactId, stimulus: &Stimulus) -> Result<(), Error> {
        for _ in 0..TRIES {
            let now = self.clock.now();
            let Some(mut state) = self.person(contact, now).await? else { continue };
            let Some(also) = self.meet(&mut state, stimulus, now).await? else { continue };
            if self.decide(&state, stimulus, also, now).await? == Commit::Done {
                return Ok(());
            }
            tracing::info!(%contact, "another commit came first; deciding again");
        }
        Err(Error::Contended)
    }

    /// Decides, commits and carries out.
    async fn decide(
        &self,
        state: &Contact,
        stimulus: &Stimulus,
        also: Vec<ContactId>,
        now: jiff::Timestamp,
    ) -> Result<Commit, Error> {
        let contact = state.id;
        let decision = decide_reading(&self.store, &self.flows, state, stimulus, also, now).await?;
        tracing::debug!(%contact, verdict = decision.verdict.as_str(), "decided");
        self.planted(contact, &decision, now).await?;
        if let Some(next) = &decision.contact
            && self.store.commit(next).await? == Commit::Conflict
        {
            return Ok(Commit::Conflict);
        }
        for effect in &decision.effects {
            self.dispatch.carry_out(contact, effect, now).await?;
        }
        Ok(Commit::Done)
    }

    /// Works off a stored fact once more; one that is gone is let go.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    pub async fn replay_fact(&self, contact: ContactId, fact: FactId) -> Result<(), Error> {
        match self.store.fact(contact, fact).await? {
            Some(fact) => self.advance(contact, &Stimulus::Fact(Box::new(fact))).await,
            None => {
                tracing::warn!(%contact, %fact, "a fact to be worked off again is gone");
                Ok(())
            }
        }
    }

    /// Works off a message's outcome once more; one that is gone, or not settled, is let go.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    pub async fn replay_message(&self, contact: ContactId, id: MessageId) -> Result<(), Error> {
        match self.store.message(contact, id).await? {
            Some(message) => {
                let (opened, links) =
                    (message.was_opened(), message.links.keys().cloned().collect());
                let message = Box::new(message);
                self.advance(contact, &Stimulus::Message(message.clone())).await?;
                self.advance(contact, &Stimulus::Read { message, opened, links }).await
            }
            None => {
                tracing::warn!(%contact, run = %id.run, "a message to be worked off again is gone");
                Ok(())
            }
        }
    }

    /// Moves what is overdue. A contact for whom that can't be done as things are is left in peace for a
    /// day: else it would come with every sweep, and many of them would leave no room for others.
    ///
    /// # Errors
    /// As [`Engine::advance`].
    pub async fn look_after(&self, contact: ContactId) -> Result<(), Error> {
        let moved = self.advance(contact, &Stimulus::Overdue).await;
        if moved.as_ref().is_err_and(Error::is_permanent) {
            let tomorrow = self.clock.now().checked_add(DAY).unwrap_or(jiff::Timestamp::MAX);
            self.store.postpone(contact, tomorrow).await?;
        }
        moved
    }

    /// The simulation's own mistakes: effects before the commit.
    async fn planted(
        &self,
        contact: ContactId,
        decision: &Decision,
        now: jiff::Timestamp,
    ) -> Result<(), Error> {
        for effect in &decision.effects {
            let early = match effect {
                Effect::Disarm { .. } => planted::on(Bug::DeleteScheduleFirst),
                Effect::Send { .. } | Effect::Arm { .. } | Effect::Look { .. } => {
                    planted::on(Bug::CommitAfterEffect)
                }
            };
            if early {
                self.dispatch.carry_out(contact, effect, now).await?;
            }
        }
        Ok(())
    }
}

/// Decides, reading what the decision turns out to need.
pub(crate) async fn decide_reading(
    store: &Store,
    flows: &Flows,
    contact: &Contact,
    stimulus: &Stimulus,
    also: Vec<ContactId>,
    now: jiff::Timestamp,
) -> Result<Decision, Error> {
    let mut known = Known { catalogue: flows.catalogue().await?, also, ..Known::default() };
    for _ in 0..READS_MAX {
        match decide(contact, stimulus, &known, now) {
            Ok(decision) => return Ok(decision),
            Err(Need::Flow(name, version)) => {
                let flow = flows.flow(&name, version).await?;
                known.flows.insert((name, version), flow);
            }
            Err(Need::Messages(run)) => {
                let mut messages = store.messages(contact.id, run).await?;
                for moved in contact.runs.get(&run).iter().flat_map(|run| &run.moved) {
                    messages.extend(store.messages(moved.from, run).await?);
                }
                known.messages.insert(run, messages);
            }
        }
    }
    Err(Error::TooMuch)
}

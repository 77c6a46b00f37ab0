//! Delivering one message: claim, look, compose, send, settle.

use jiff::{SignedDuration, Timestamp};
use masa_dispatch::{Fate, SendJob};
use masa_domain::{
    Action, Answer, Channel, Contact, ContactId, Flow, Kind, Medium, Message, OnUnknown, Refusals,
    Run, Setup, Skip, State, Status, Suppressions,
    planted::{self, Bug},
};
use masa_runtime::{Clock, Config, Missing};
use masa_store::{Claim, Flows, Found, Loaded, Settle, Store};

use crate::{
    compose::{Composer, Occasion},
    gate::{Gate, Gates},
    provider::{Provider, Sent},
    systems::Systems,
};

/// How long a claim is its holder's alone: longer than a deliver function may run.
const LEASE: SignedDuration = SignedDuration::from_secs(90);
/// How long SES's own word about a mail is waited for after that, unless `MASA_UNKNOWN_GRACE` says
/// otherwise, in seconds. Its events come within seconds; a queue of them may take longer.
const GRACE_S: u32 = 300;
/// How long a system that does not answer is called again; then the journey goes on without its answer.
const CALLED_FOR: SignedDuration = SignedDuration::from_hours(24);
/// How often a message of unknown outcome is sent again, where that is the flow's policy.
const RESENDS_MAX: u32 = 1;

/// Why a job has to come again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table.
    #[error(transparent)]
    Store(#[from] masa_store::Error),
    /// The flow's version or the step is not there (yet).
    #[error("flow {flow} has no version {version} with a sending step {step}")]
    NoStep {
        /// The flow.
        flow: String,
        /// Its version.
        version: u32,
        /// The step.
        step: String,
    },
    /// The contact is giving way to another one, which will have the run.
    #[error("the contact is being joined with another")]
    Joining,
    /// Another invocation holds the claim, or held it when it died.
    #[error("the message is claimed by another invocation")]
    InFlight {
        /// When that is to be looked at again.
        until: Timestamp,
    },
    /// SES or SNS refuses for now.
    #[error("the provider refuses for now: {cause}")]
    Later {
        /// Its code.
        cause: String,
        /// When to try again.
        until: Timestamp,
    },
    /// SES or SNS refused a message before this one, as it would this one.
    #[error("the provider refuses every message for now")]
    Closed {
        /// When to try again.
        until: Timestamp,
    },
    /// The send may or may not have succeeded.
    #[error("the provider's answer is unknown: {cause}")]
    Unknown {
        /// What went wrong.
        cause: String,
        /// When that is to be settled.
        until: Timestamp,
    },
}

impl Error {
    /// What becomes of the job.
    pub fn fate(&self, now: Timestamp) -> Fate {
        match self {
            Self::Store(error) if error.is_permanent() => Fate::Never,
            Self::Store(_) | Self::NoStep { .. } | Self::Joining => Fate::Again,
            Self::InFlight { until }
            | Self::Later { until, .. }
            | Self::Closed { until }
            | Self::Unknown { until, .. } => Fate::After(until.duration_since(now)),
        }
    }
}

/// Proof that a message may go to this contact: only [`permit`] makes one, and sending takes one.
struct Permit<'a> {
    address: &'a str,
}

/// What is known when a message is made.
struct Scene<'a> {
    contact: &'a Contact,
    run: &'a Run,
    addressee: Option<ContactId>,
    setup: &'a Setup,
    now: Timestamp,
}

/// What a message is sent for.
struct Errand<'a> {
    job: &'a SendJob,
    flow: &'a Flow,
    medium: Medium,
    kind: Kind,
    gate: Gate,
}

impl<'a> Errand<'a> {
    /// The errand of a job; none when its step sends nothing.
    fn of(job: &'a SendJob, flow: &'a Flow) -> Option<Self> {
        let (medium, kind) = flow.sends(&job.step)?;
        let gate = match &flow.steps.get(&job.step)?.action {
            Action::Call { system, .. } => Gate::System(system.clone()),
            Action::Sms { .. } => Gate::Text,
            _ => Gate::Mail,
        };
        Some(Self { job, flow, medium, kind, gate })
    }
}

/// Delivers messages.
#[derive(Debug)]
pub struct Courier {
    store: Store,
    flows: Flows,
    composer: Composer,
    provider: Provider,
    systems: Systems,
    gates: Gates,
    grace: SignedDuration,
    clock: Clock,
}

impl Courier {
    /// A courier by the settings.
    ///
    /// # Errors
    /// [`Missing`] when one is absent or unusable.
    pub fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let store = Store::new(sdk, config)?;
        let flows = Flows::new(store.clone(), clock.clone());
        let composer = Composer::new(config)?;
        let provider = Provider::new(sdk, config)?;
        let systems = Systems::new(sdk, config)?;
        let grace = config.parse_or("MASA_UNKNOWN_GRACE", GRACE_S)?;
        let grace = SignedDuration::from_secs(i64::from(grace));
        let gates = Gates::default();
        Ok(Self { store, flows, composer, provider, systems, gates, grace, clock })
    }

    /// Delivers the message of `job` if nobody did. `owner` names this attempt alone.
    ///
    /// # Errors
    /// [`Error`] when the job has to come again.
    pub async fn deliver(&self, job: &SendJob, owner: &str) -> Result<(), Error> {
        let flow = self.flows.flow(&job.flow, job.version).await?;
        let Some(errand) = flow.as_deref().and_then(|flow| Errand::of(job, flow)) else {
            let (flow, step) = (job.flow.clone(), job.step.clone());
            return Err(Error::NoStep { flow, version: job.version, step });
        };
        if let Some(until) = self.gates.closed(&errand.gate, self.clock.now()) {
            return Err(Error::Closed { until });
        }
        if planted::on(Bug::SendBeforeClaim) {
            let claim = Held::new(self.clock.now(), SignedDuration::ZERO);
            self.attempt(&errand, &claim, None).await?;
        }
        let early = match planted::on(Bug::LookBeforeClaim) {
            true => Some(self.store.find(job.contact).await?),
            false => None,
        };
        let Some(claim) = self.claim(&errand, owner).await? else { return Ok(()) };
        // What was refused before this attempt's look is seen by it: the claim came first.
        let outcome = match self.attempt(&errand, &claim, early).await {
            Ok(outcome) => outcome,
            Err(unknown @ Error::Unknown { .. }) if !planted::on(Bug::ResendOnUnknown) => {
                // The claim stays, until SES tells or nobody did in time.
                tracing::warn!(run = %job.message.run, step = %job.step, error = %unknown, "unknown");
                return Err(unknown);
            }
            Err(Error::Later { cause, .. }) if claim.is_given_up(&errand, self.clock.now()) => {
                let (at, reason) = (self.clock.now(), format!("no answer within a day: {cause}"));
                Status::Failed { at, reason }
            }
            Err(error) => {
                let (at, reason) = (self.clock.now(), error.to_string());
                let released = Status::Released { at, reason, unknowns: claim.unknowns };
                self.settle(job, owner, &released).await?;
                return Err(error);
            }
        };
        tracing::info!(
            run = %job.message.run, flow = %job.flow, step = %job.step,
            outcome = %outcome.in_words(), "message settled"
        );
        self.settle(job, owner, &outcome).await
    }

    /// Claims the message, for the first time or after others. `None` when there is nothing to send:
    /// it is settled, now or before.
    async fn claim(&self, errand: &Errand<'_>, owner: &str) -> Result<Option<Held>, Error> {
        let now = self.clock.now();
        let claim = Held::new(now, LEASE);
        let message = claimed(errand, claim.status(owner), now);
        let held = match self.store.claim(&message, now).await? {
            Claim::Won => return Ok(Some(claim)),
            Claim::Held(held) => held,
        };
        let unknowns = match &held.status {
            Status::Released { unknowns, .. } => *unknowns,
            Status::Claimed { owner: holder, lease_until, unknowns } => {
                let until = self.settled_by(errand.medium, *lease_until);
                if now < until {
                    return Err(Error::InFlight { until });
                }
                let again = errand.flow.on_unknown(errand.kind) == OnUnknown::Resend
                    && *unknowns < RESENDS_MAX;
                // A system knows the call by its id, and does nothing twice.
                if !again && errand.medium != Medium::Call {
                    tracing::warn!(run = %held.id.run, step = %held.step, "left as unknown");
                    self.settle(errand.job, holder, &Status::Unknown { at: now }).await?;
                    return Ok(None);
                }
                tracing::warn!(run = %held.id.run, step = %held.step, "sent again, once");
                unknowns.saturating_add(1)
            }
            _ => {
                tracing::debug!(run = %held.id.run, "the message was settled before");
                return Ok(None);
            }
        };
        let since = held.claimed_at.unwrap_or(claim.since);
        let claim = Held { unknowns, since, ..claim };
        match self.store.take_over(&held, &claim.status(owner)).await? {
            Claim::Won => Ok(Some(claim)),
            // Somebody else took it over first.
            Claim::Held(_) => {
                Err(Error::InFlight { until: self.settled_by(errand.medium, claim.lease_until) })
            }
        }
    }

    /// When a claim's outcome is settled at the latest. No event tells of texts and calls.
    fn settled_by(&self, medium: Medium, lease_until: Timestamp) -> Timestamp {
        match medium {
            Medium::Email | Medium::Tell => after(lease_until, self.grace),
            Medium::Sms | Medium::Call => lease_until,
        }
    }

    /// Looks at the contact, composes and sends.
    async fn attempt(
        &self,
        errand: &Errand<'_>,
        claim: &Held,
        early: Option<Found>,
    ) -> Result<Status, Error> {
        let job = errand.job;
        let Found { passed, id, loaded } = match early {
            Some(found) => found,
            None => self.store.find(job.contact).await?,
        };
        if passed.iter().any(|passed| passed.gone.is_some_and(|gone| !gone.taken)) {
            return Err(Error::Joining);
        }
        let Loaded { contact, mut refusals, mut suppressions } = loaded;
        let address = contact.as_ref().and_then(|contact| contact.profile.email.as_deref());
        let addressee = address.and_then(|address| self.composer.addressee(address));
        if let Some(addressee) = addressee.filter(|addressee| *addressee != id) {
            // One person, another address than the first.
            suppressions = self.store.suppressions(addressee).await?;
        }
        if let (Some(contact), Some(channel)) = (&contact, errand.medium.channel()) {
            let refuser = self.composer.refuser(contact, channel);
            if refuser != contact.id && errand.kind == Kind::Marketing {
                refusals.merge(self.store.refusals(refuser).await?);
            }
        }
        let catalogue = self.flows.catalogue().await?;
        let now = self.clock.now();
        let Some((contact, run)) = contact.as_ref().and_then(|contact| sending(contact, job))
        else {
            return Ok(Status::Skipped { at: now, reason: Skip::RunMovedOn });
        };
        let permit = match errand.medium.channel() {
            None => None,
            Some(channel) => {
                match permit(contact, &refusals, &suppressions, channel, errand.kind) {
                    Ok(permit) => Some(permit),
                    Err(reason) => return Ok(Status::Skipped { at: now, reason }),
                }
            }
        };
        let scene = Scene { contact, run, addressee, setup: &catalogue.setup, now };
        match self.send(errand, &scene, permit).await {
            Ok(sent) => self.outcome(errand, sent, claim),
            Err(reason) => Ok(Status::Failed { at: now, reason }),
        }
    }

    /// What an answer means for the message, and for those that come after it.
    fn outcome(&self, errand: &Errand<'_>, sent: Sent, claim: &Held) -> Result<Status, Error> {
        let at = self.clock.now();
        if !matches!(sent, Sent::Later(..) | Sent::Unknown(_)) {
            self.gates.open(&errand.gate);
        }
        match sent {
            Sent::Accepted(provider_id) => Ok(Status::Sent { at, provider_id }),
            Sent::Answered(answer) => Ok(Status::Answered { at, answer }),
            Sent::Rejected(reason) => Ok(Status::Failed { at, reason }),
            Sent::Later(cause, refuses) => {
                let until = self.gates.close(&errand.gate, refuses, at);
                tracing::warn!(%cause, %until, "the provider refuses for now");
                Err(Error::Later { cause, until })
            }
            Sent::Unknown(cause) => {
                let until = self.settled_by(errand.medium, claim.lease_until);
                Err(Error::Unknown { cause, until })
            }
        }
    }

    async fn send(
        &self,
        errand: &Errand<'_>,
        scene: &Scene<'_>,
        permit: Option<Permit<'_>>,
    ) -> Result<Sent, String> {
        let Errand { job, flow, kind, medium, .. } = errand;
        let (message, kind) = (job.message, *kind);
        let Scene { contact, run, addressee, setup, now } = *scene;
        let home = job.contact;
        let occasion = Occasion { contact, run, message, home, flow, setup, kind };
        let words = |error: crate::CannotCompose| error.to_string();
        let action = flow.steps.get(&job.step).map(|step| &step.action);
        match (action, permit) {
            (Some(Action::Email { template, subject, .. }), Some(permit)) => {
                let mail = self.composer.mail(permit.address, template, subject, &occasion);
                Ok(self.provider.mail(&mail.map_err(words)?, job, *medium, addressee).await)
            }
            (Some(Action::Sms { text, .. }), Some(permit)) => {
                let text = self.composer.text(permit.address, text, &occasion);
                Ok(self.provider.text(&text.map_err(words)?, kind).await)
            }
            (Some(Action::Tell { person, text }), _) => {
                let gone = || format!("shop.yaml names no person `{person}` any more");
                let person = setup.people.get(person).ok_or_else(gone)?;
                let mail = self.composer.tell(person, text, &occasion).map_err(words)?;
                Ok(self.provider.mail(&mail, job, *medium, None).await)
            }
            (Some(Action::Call { system, send }), _) => {
                let gone = || format!("shop.yaml names no system `{system}` any more");
                let system = setup.systems.get(system).ok_or_else(gone)?;
                let body = self.composer.call(send, &occasion, &job.step, now).map_err(words)?;
                let id = format!("{}.{}", message.run, message.generation);
                Ok(self.systems.call(system, &id, now, &body).await)
            }
            _ => Err("the step sends nothing".to_owned()),
        }
    }

    async fn settle(&self, job: &SendJob, owner: &str, outcome: &Status) -> Result<(), Error> {
        match self.store.settle(job.contact, job.message, owner, outcome).await? {
            Settle::Done => {}
            Settle::Lost => {
                tracing::warn!(run = %job.message.run, "the claim was settled by another");
            }
        }
        Ok(())
    }
}

/// A claim of one's own.
struct Held {
    lease_until: Timestamp,
    /// When the message was claimed first.
    since: Timestamp,
    /// How many claims before it ended with nobody knowing.
    unknowns: u32,
}

impl Held {
    fn new(now: Timestamp, lease: SignedDuration) -> Self {
        Self { lease_until: after(now, lease), since: now, unknowns: 0 }
    }

    /// Whether a call has been tried for long enough.
    fn is_given_up(&self, errand: &Errand<'_>, now: Timestamp) -> bool {
        errand.medium == Medium::Call && after(self.since, CALLED_FOR) <= now
    }

    fn status(&self, owner: &str) -> Status {
        let Self { lease_until, unknowns, .. } = *self;
        Status::Claimed { owner: owner.to_owned(), lease_until, unknowns }
    }
}

fn after(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

fn claimed(errand: &Errand<'_>, status: Status, now: Timestamp) -> Message {
    let job = errand.job;
    Message {
        flow: job.flow.clone(),
        version: job.version,
        step: job.step.clone(),
        claimed_at: Some(now),
        ..Message::new(job.message, job.contact, errand.medium, status)
    }
}

/// The run of a job, if it still stands where the job was made.
fn sending<'c>(contact: &'c Contact, job: &SendJob) -> Option<(&'c Contact, &'c Run)> {
    let run = contact.runs.get(&job.message.run)?;
    let there = run.generation == job.message.generation
        && matches!(&run.state, State::Sending { step } if *step == job.step);
    there.then_some((contact, run))
}

/// Whether the message may go: there is an address that takes mail, and marketing was agreed to and
/// not refused.
fn permit<'c>(
    contact: &'c Contact,
    refusals: &Refusals,
    suppressions: &Suppressions,
    channel: Channel,
    kind: Kind,
) -> Result<Permit<'c>, Skip> {
    let address = match channel {
        Channel::Email => contact.profile.email.as_deref(),
        Channel::Sms => contact.profile.phone.as_deref(),
    };
    let address = address.ok_or(Skip::NoAddress)?;
    if suppressions.0.contains_key(&channel) {
        return Err(Skip::Suppressed);
    }
    if kind == Kind::Marketing && !refusals.allow(contact, channel) {
        let agreed = contact.consent.get(&channel);
        let refused = agreed.is_some_and(|consent| consent.answer == Answer::Refused)
            || refusals.0.contains_key(&channel);
        return Err(if refused { Skip::Refused } else { Skip::NoConsent });
    }
    Ok(Permit { address })
}

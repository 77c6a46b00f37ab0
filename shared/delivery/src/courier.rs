//! Delivering one message: claim, look, compose, send, settle.

use jiff::{SignedDuration, Timestamp};
use masa_dispatch::SendJob;
use masa_domain::{
    Action, Answer, Channel, Contact, Flow, Kind, Message, Refusals, Run, Shop, Skip, State, Status,
};
use masa_runtime::{Clock, Config, Missing};
use masa_store::{Claim, Flows, Loaded, Settle, Store};

use crate::{
    compose::{Composer, Occasion},
    provider::{Provider, Sent},
};

/// How long a claim is its holder's alone: longer than a deliver function may run.
const LEASE: SignedDuration = SignedDuration::from_secs(90);

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
    /// Another invocation holds the claim, or held it when it died.
    #[error("the message is claimed by another invocation")]
    InFlight,
    /// SES or SNS refuses for now.
    #[error("the provider refuses for now: {0}")]
    Later(String),
    /// The send may or may not have succeeded.
    #[error("the provider's answer is unknown: {0}")]
    Unknown(String),
}

/// Proof that a message may go to this contact: only [`permit`] makes one, and sending takes one.
struct Permit<'a> {
    address: &'a str,
}

/// What a message is sent for.
struct Errand<'a> {
    job: &'a SendJob,
    flow: &'a Flow,
    channel: Channel,
    kind: Kind,
}

/// Delivers messages.
#[derive(Debug)]
pub struct Courier {
    store: Store,
    flows: Flows,
    composer: Composer,
    provider: Provider,
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
        Ok(Self { store, flows, composer, provider, clock })
    }

    /// Delivers the message of `job` if nobody did. `owner` names this attempt alone.
    ///
    /// # Errors
    /// [`Error`] when the job has to come again.
    pub async fn deliver(&self, job: &SendJob, owner: &str) -> Result<(), Error> {
        let flow = self.flows.flow(&job.flow, job.version).await?;
        let sends = flow.as_deref().and_then(|flow| Some((flow, flow.sends(&job.step)?)));
        let Some((flow, (channel, kind))) = sends else {
            let (flow, step) = (job.flow.clone(), job.step.clone());
            return Err(Error::NoStep { flow, version: job.version, step });
        };
        let now = self.clock.now();
        let message = claimed(job, channel, owner, now);
        if let Claim::Held(held) = self.store.claim(&message, now).await? {
            return self.held(&held, now).await;
        }
        // What was refused before this read is seen by it: the claim came first.
        let errand = Errand { job, flow, channel, kind };
        let sent = match self.attempt(&errand).await {
            Ok(outcome) => outcome,
            Err(Error::Unknown(cause)) => {
                // The claim stays: when its lease ends, the outcome is settled as unknown.
                tracing::warn!(run = %job.message.run, step = %job.step, %cause, "outcome unknown");
                return Err(Error::Unknown(cause));
            }
            Err(error) => {
                let (at, reason) = (self.clock.now(), error.to_string());
                self.settle(job, owner, &Status::Released { at, reason }).await?;
                return Err(error);
            }
        };
        tracing::info!(
            run = %job.message.run, flow = %job.flow, step = %job.step,
            outcome = %sent.in_words(), "message settled"
        );
        self.settle(job, owner, &sent).await
    }

    /// Looks at the contact, composes and sends.
    async fn attempt(&self, errand: &Errand<'_>) -> Result<Status, Error> {
        let job = errand.job;
        let Loaded { contact, mut refusals } = self.store.load(job.contact).await?;
        if let Some(contact) = &contact {
            let refuser = self.composer.refuser(contact, errand.channel);
            if refuser != contact.id && errand.kind == Kind::Marketing {
                refusals.merge(self.store.refusals(refuser).await?);
            }
        }
        let catalogue = self.flows.catalogue().await?;
        let at = self.clock.now();
        let skipped = |reason| Ok(Status::Skipped { at, reason });
        let Some((contact, run)) = contact.as_ref().and_then(|contact| sending(contact, job))
        else {
            return skipped(Skip::RunMovedOn);
        };
        let permit = match permit(contact, &refusals, errand.channel, errand.kind) {
            Ok(permit) => permit,
            Err(reason) => return skipped(reason),
        };
        let sent = match self.send(errand, contact, run, &catalogue.shop, permit).await {
            Ok(sent) => sent,
            Err(reason) => return Ok(Status::Failed { at, reason }),
        };
        let at = self.clock.now();
        match sent {
            Sent::Accepted(provider_id) => Ok(Status::Sent { at, provider_id }),
            Sent::Rejected(reason) => Ok(Status::Failed { at, reason }),
            Sent::Later(reason) => Err(Error::Later(reason)),
            Sent::Unknown(cause) => Err(Error::Unknown(cause)),
        }
    }

    async fn send(
        &self,
        errand: &Errand<'_>,
        contact: &Contact,
        run: &Run,
        shop: &Shop,
        permit: Permit<'_>,
    ) -> Result<Sent, String> {
        let Errand { job, flow, kind, .. } = *errand;
        let occasion = Occasion { contact, run, message: job.message, flow, shop, kind };
        match flow.steps.get(&job.step).map(|step| &step.action) {
            Some(Action::Email { template, .. }) => {
                let mail = self.composer.mail(permit.address, template, &occasion);
                Ok(self.provider.mail(&mail.map_err(|error| error.to_string())?, job).await)
            }
            Some(Action::Sms { text, .. }) => {
                let text = self.composer.text(permit.address, text, &occasion);
                Ok(self.provider.text(&text.map_err(|error| error.to_string())?, kind).await)
            }
            _ => Err("the step sends nothing".to_owned()),
        }
    }

    /// A message that was claimed before: settled, being sent, or left by a dead invocation.
    async fn held(&self, held: &Message, now: Timestamp) -> Result<(), Error> {
        match &held.status {
            Status::Claimed { lease_until, .. } if now < *lease_until => Err(Error::InFlight),
            Status::Claimed { owner, .. } => {
                let unknown = Status::Unknown { at: now };
                self.store.settle(held.contact, held.id, owner, &unknown).await?;
                Ok(())
            }
            _ => Ok(()),
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

fn claimed(job: &SendJob, channel: Channel, owner: &str, now: Timestamp) -> Message {
    let lease_until = now.checked_add(LEASE).unwrap_or(Timestamp::MAX);
    Message {
        id: job.message,
        contact: job.contact,
        flow: job.flow.clone(),
        version: job.version,
        step: job.step.clone(),
        channel,
        status: Status::Claimed { owner: owner.to_owned(), lease_until },
        opened_at: None,
        opens: 0,
        clicked_at: None,
        clicks: 0,
        links: std::collections::BTreeMap::new(),
    }
}

/// The run of a job, if it still stands where the job was made.
fn sending<'c>(contact: &'c Contact, job: &SendJob) -> Option<(&'c Contact, &'c Run)> {
    let run = contact.runs.get(&job.message.run)?;
    let there = run.generation == job.message.generation
        && matches!(&run.state, State::Sending { step } if *step == job.step);
    there.then_some((contact, run))
}

/// Whether the message may go: there is an address, and marketing was agreed to and not refused.
fn permit<'c>(
    contact: &'c Contact,
    refusals: &Refusals,
    channel: Channel,
    kind: Kind,
) -> Result<Permit<'c>, Skip> {
    let address = match channel {
        Channel::Email => contact.profile.email.as_deref(),
        Channel::Sms => contact.profile.phone.as_deref(),
    };
    let address = address.ok_or(Skip::NoAddress)?;
    if kind == Kind::Marketing && !refusals.allow(contact, channel) {
        let agreed = contact.consent.get(&channel);
        let refused = agreed.is_some_and(|consent| consent.answer == Answer::Refused)
            || refusals.0.contains_key(&channel);
        return Err(if refused { Skip::Refused } else { Skip::NoConsent });
    }
    Ok(Permit { address })
}

//! Carries out what a decision asks for: the send queue, the wake queue and schedules.
//!
//! Everything here may be done twice. A second send meets the first one's claim, a second wake an
//! older generation, and a second schedule of the same name is the same schedule.
//!
//! Functions that a queue feeds work their batches off with an [`Inbox`]; what can't be worked off
//! ends, with its cause, among the dead letters ([`Letters`]).

mod backoff;
mod inbox;
mod job;
mod letters;
mod wake_queue;

use aws_sdk_scheduler::{
    error::{ProvideErrorMetadata, SdkError},
    types::{
        ActionAfterCompletion, DeadLetterConfig, FlexibleTimeWindow, FlexibleTimeWindowMode, Target,
    },
};
use jiff::{Timestamp, tz::TimeZone};
use masa_domain::{ContactId, Effect, RunId};
use masa_runtime::{Config, Missing, call_error};
use serde::Serialize;

pub use backoff::{Fate, Setback};
pub use inbox::{Inbox, InboxNames};
pub use job::{SendJob, WakeJob};
pub use letters::{CAUSE, FUNCTION, Letters, Parked, RECEIVES};
pub use wake_queue::WakeQueue;

/// The longest delay of a queue message, in seconds (SQS `DelaySeconds`).
const QUEUE_DELAY_MAX: i64 = 900;

/// A call that did not succeed, or whose answer was lost; it may be made again.
#[derive(Debug, thiserror::Error)]
#[error("{operation} did not succeed: {cause}")]
pub struct Error {
    operation: &'static str,
    cause: String,
    permanent: bool,
}

impl Error {
    /// A call that could not even be made, and never can.
    fn unmakeable(operation: &'static str, error: &dyn std::error::Error) -> Self {
        Self { operation, cause: error.to_string(), permanent: true }
    }

    /// Whether the same call would be refused again.
    pub fn is_permanent(&self) -> bool {
        self.permanent
    }
}

/// Queues and schedules.
#[derive(Debug, Clone)]
pub struct Dispatch {
    queues: aws_sdk_sqs::Client,
    schedules: aws_sdk_scheduler::Client,
    send_queue: String,
    wake_queue: String,
    wake_queue_arn: String,
    schedule_role: String,
    schedule_group: String,
    schedule_dlq: String,
    /// Waits below this many seconds use the queue's own delay: it is cheaper and, unlike a
    /// schedule's minute, exact to the second.
    short_wait: i64,
}

impl Dispatch {
    /// The queues and schedules that the settings name.
    ///
    /// # Errors
    /// [`Missing`] when a setting is absent.
    pub fn new(sdk: &aws_types::SdkConfig, config: &Config) -> Result<Self, Missing> {
        let short_wait: i64 = config.parse_or("MASA_SHORT_WAIT", QUEUE_DELAY_MAX)?;
        Ok(Self {
            queues: aws_sdk_sqs::Client::new(sdk),
            schedules: aws_sdk_scheduler::Client::new(sdk),
            send_queue: config.require("MASA_SEND_QUEUE")?.to_owned(),
            wake_queue: config.require("MASA_WAKE_QUEUE")?.to_owned(),
            wake_queue_arn: config.require("MASA_WAKE_QUEUE_ARN")?.to_owned(),
            schedule_role: config.require("MASA_SCHEDULE_ROLE_ARN")?.to_owned(),
            schedule_group: config.require("MASA_SCHEDULE_GROUP")?.to_owned(),
            schedule_dlq: config.require("MASA_SCHEDULE_DLQ_ARN")?.to_owned(),
            short_wait: short_wait.clamp(0, QUEUE_DELAY_MAX),
        })
    }

    /// Carries out one effect.
    ///
    /// # Errors
    /// [`Error`]; the effect may be carried out again.
    pub async fn carry_out(
        &self,
        contact: ContactId,
        effect: &Effect,
        now: Timestamp,
    ) -> Result<(), Error> {
        match effect {
            Effect::Send { home, message, flow, version, step } => {
                let (flow, step) = (flow.clone(), step.clone());
                let (contact, message, version) = (*home, *message, *version);
                let job = SendJob { contact, message, flow, version, step };
                self.enqueue(&self.send_queue, &job, 0).await
            }
            Effect::Arm { run, generation, until } => {
                let job = WakeJob::Wake { contact, run: *run, generation: *generation };
                self.wake_at(*until, now, &job, schedule_name(*run, *generation)).await
            }
            Effect::Look { until } => {
                let name = format!("{contact}.{}", until.as_second());
                self.wake_at(*until, now, &WakeJob::Look { contact }, name).await
            }
            Effect::Disarm { run, generation } => self.unschedule(*run, *generation).await,
        }
    }

    /// Puts `job` on the wake queue at `until`: by the queue's own delay, or by a schedule of this name.
    async fn wake_at(
        &self,
        until: Timestamp,
        now: Timestamp,
        job: &WakeJob,
        name: String,
    ) -> Result<(), Error> {
        let seconds = seconds_until(now, until);
        if seconds == 0 || i64::from(seconds) < self.short_wait {
            self.enqueue(&self.wake_queue, job, seconds).await
        } else {
            self.schedule(name, job, until).await
        }
    }

    async fn enqueue(&self, queue: &str, job: &impl Serialize, delay: i32) -> Result<(), Error> {
        let body = to_json("SendMessage", job)?;
        let send = self.queues.send_message().queue_url(queue).message_body(body);
        send.delay_seconds(delay).send().await.map_err(|error| failed("SendMessage", &error))?;
        Ok(())
    }

    async fn schedule(&self, name: String, job: &WakeJob, until: Timestamp) -> Result<(), Error> {
        const CREATE: &str = "CreateSchedule";
        let built = |error: aws_sdk_scheduler::error::BuildError| Error::unmakeable(CREATE, &error);
        let dead_letters = DeadLetterConfig::builder().arn(&self.schedule_dlq).build();
        let target = Target::builder()
            .arn(&self.wake_queue_arn)
            .role_arn(&self.schedule_role)
            .input(to_json(CREATE, job)?)
            .dead_letter_config(dead_letters);
        let exact = FlexibleTimeWindow::builder().mode(FlexibleTimeWindowMode::Off);
        let created = self
            .schedules
            .create_schedule()
            .name(name)
            .group_name(&self.schedule_group)
            .schedule_expression(at_expression(until))
            .schedule_expression_timezone("UTC")
            .flexible_time_window(exact.build().map_err(built)?)
            .action_after_completion(ActionAfterCompletion::Delete)
            .target(target.build().map_err(built)?)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            // The name is run and generation, or contact and moment: the schedule that stands is this one.
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_conflict_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(failed(CREATE, &error)),
        }
    }

    async fn unschedule(&self, run: RunId, generation: u32) -> Result<(), Error> {
        let deleted = self
            .schedules
            .delete_schedule()
            .name(schedule_name(run, generation))
            .group_name(&self.schedule_group)
            .send()
            .await;
        match deleted {
            Ok(_) => Ok(()),
            // It fired, or the wait was short enough for the queue.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_not_found_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(failed("DeleteSchedule", &error)),
        }
    }
}

/// The name of a run's schedule: at most 37 of the 64 characters that it may have.
fn schedule_name(run: RunId, generation: u32) -> String {
    format!("{run}.{generation}")
}

/// Whole seconds until `until`, rounded up so that nothing wakes early; 0 when it has come.
fn seconds_until(now: Timestamp, until: Timestamp) -> i32 {
    let millis = until.as_millisecond().saturating_sub(now.as_millisecond()).max(0);
    i32::try_from(millis.saturating_add(999) / 1000).unwrap_or(i32::MAX)
}

/// `at(yyyy-mm-ddThh:mm:ss)` in UTC. The fraction of a second is dropped: a schedule fires within
/// the minute that follows, so rounding up could only make it later still.
fn at_expression(until: Timestamp) -> String {
    format!("at({})", until.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S"))
}

fn to_json(operation: &'static str, job: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(job).map_err(|error| Error::unmakeable(operation, &error))
}

fn failed<E, R>(operation: &'static str, error: &SdkError<E, R>) -> Error
where
    E: ProvideErrorMetadata,
{
    // Missing permissions and queues are not among them: an operator mends those, and nothing may be
    // given up meanwhile.
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    let permanent = code == Some("ValidationException");
    Error { operation, cause: call_error(error), permanent }
}

#[cfg(test)]
mod tests {
    use super::{at_expression, seconds_until};

    #[test]
    fn a_queue_waits_whole_seconds_and_a_schedule_names_one() {
        let now = "2026-11-22T10:00:00.250Z".parse().expect("a time");
        let until = "2026-11-22T10:00:01.300Z".parse().expect("a time");
        assert_eq!(seconds_until(now, until), 2, "1.05 seconds are two whole ones");
        assert_eq!(seconds_until(until, now), 0, "what has come is due now");
        assert_eq!(at_expression(until), "at(2026-11-22T10:00:01)");
    }
}

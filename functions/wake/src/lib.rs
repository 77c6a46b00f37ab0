//! The wake queue: a wait is over, a fact or an outcome has to be worked off again, or runs are
//! overdue; the contact's journeys go on.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use masa_dispatch::{Inbox, InboxNames, Setback, WakeJob};
use masa_domain::Stimulus;
use masa_engine::Engine;
use masa_runtime::{Clock, Config, Error, Missing};

const NAMES: InboxNames = InboxNames {
    function: "wake",
    queue: "MASA_WAKE_QUEUE",
    dead_letters: "MASA_WAKE_DEAD_LETTERS",
};

/// The function.
pub struct Function {
    engine: Engine,
    inbox: Inbox,
}

impl masa_runtime::Function for Function {
    type Event = SqsEvent;
    type Answer = SqsBatchResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let inbox = Inbox::new(sdk, config, NAMES)?;
        Ok(Self { engine: Engine::new(sdk, config, clock)?, inbox })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        Ok(self.inbox.work_off(event, |message| self.message(message)).await)
    }
}

impl Function {
    async fn message(&self, message: SqsMessage) -> Result<(), Setback> {
        let body = message.body.as_deref().unwrap_or_default();
        let done = match serde_json::from_str(body)? {
            WakeJob::Wake { contact, run, generation } => {
                self.engine.advance(contact, &Stimulus::Wake { run, generation }).await
            }
            WakeJob::Fact { contact, fact } => self.engine.replay_fact(contact, fact).await,
            WakeJob::Message { contact, message } => {
                self.engine.replay_message(contact, message).await
            }
            WakeJob::Overdue { contact } => self.engine.look_after(contact).await,
            WakeJob::Look { contact } => self.engine.advance(contact, &Stimulus::Look).await,
        };
        done.map_err(|error| Setback::of(&error, error.is_permanent()))
    }
}

//! Due waits: a schedule or the queue's own delay says that a wait is over; the condition is
//! checked and the journey goes on.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use masa_dispatch::WakeJob;
use masa_domain::Stimulus;
use masa_engine::Engine;
use masa_runtime::{Clock, Config, Error, Missing, queue_batch};

/// The function.
pub struct Function {
    engine: Engine,
}

impl masa_runtime::Function for Function {
    type Event = SqsEvent;
    type Answer = SqsBatchResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        Ok(Self { engine: Engine::new(sdk, config, clock)? })
    }

    async fn handle(&self, event: Self::Event) -> Result<Self::Answer, Error> {
        queue_batch(event, |message| async move {
            let WakeJob { contact, run, generation } =
                serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
            self.engine.advance(contact, &Stimulus::Wake { run, generation }).await?;
            Ok(())
        })
        .await
    }
}

//! The send queue: each message is claimed, composed, sent once and settled.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use masa_delivery::Courier;
use masa_dispatch::SendJob;
use masa_runtime::{Clock, Config, Error, Missing, queue_batch};

/// The function.
pub struct Function {
    courier: Courier,
}

impl masa_runtime::Function for Function {
    type Event = SqsEvent;
    type Answer = SqsBatchResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        Ok(Self { courier: Courier::new(sdk, config, clock)? })
    }

    async fn handle(&self, event: Self::Event) -> Result<Self::Answer, Error> {
        queue_batch(event, |message| async move {
            let job: SendJob = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
            // A receipt handle is new at every receive: it names this attempt and no other.
            let owner = message.receipt_handle.ok_or("a queue message without a receipt")?;
            self.courier.deliver(&job, &owner).await?;
            Ok(())
        })
        .await
    }
}

//! The send queue: each message is claimed, composed, sent once and settled.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use masa_delivery::Courier;
use masa_dispatch::{Inbox, InboxNames, SendJob, Setback};
use masa_runtime::{Clock, Config, Error, Missing, chain};

const NAMES: InboxNames = InboxNames {
    function: "deliver",
    queue: "MASA_SEND_QUEUE",
    dead_letters: "MASA_SEND_DEAD_LETTERS",
};

/// The function.
pub struct Function {
    courier: Courier,
    inbox: Inbox,
    clock: Clock,
}

impl masa_runtime::Function for Function {
    type Event = SqsEvent;
    type Answer = SqsBatchResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let inbox = Inbox::new(sdk, config, NAMES)?;
        Ok(Self { courier: Courier::new(sdk, config, clock.clone())?, inbox, clock })
    }

    async fn handle(&self, event: Self::Event, invocation: &str) -> Result<Self::Answer, Error> {
        Ok(self.inbox.work_off(event, |message| self.message(message, invocation)).await)
    }
}

impl Function {
    async fn message(&self, message: SqsMessage, invocation: &str) -> Result<(), Setback> {
        let job: SendJob = serde_json::from_str(message.body.as_deref().unwrap_or_default())?;
        // Names this attempt and no other: a batch may be handed out twice, receipts and all, and may
        // hold two jobs for one message.
        let owner = format!("{invocation} {}", message.message_id.unwrap_or_default());
        let delivered = self.courier.deliver(&job, &owner).await;
        delivered
            .map_err(|error| Setback { cause: chain(&error), fate: error.fate(self.clock.now()) })
    }
}

//! The table stream: facts and message outcomes drive journeys.

use aws_lambda_events::event::{
    dynamodb::{Event as DynamoDbEvent, EventRecord},
    streams::DynamoDbEventResponse,
};
use masa_domain::{ContactId, Fact, Message, Stimulus};
use masa_engine::Engine;
use masa_runtime::{Clock, Config, Error, Missing, stream_batch};
use masa_store::from_image;

/// The function.
pub struct Function {
    engine: Engine,
}

impl masa_runtime::Function for Function {
    type Event = DynamoDbEvent;
    type Answer = DynamoDbEventResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        Ok(Self { engine: Engine::new(sdk, config, clock)? })
    }

    async fn handle(&self, event: Self::Event) -> Result<Self::Answer, Error> {
        stream_batch(event, |record| self.record(record)).await
    }
}

impl Function {
    async fn record(&self, record: EventRecord) -> Result<(), Error> {
        let Some((contact, stimulus)) = stimulus(record)? else { return Ok(()) };
        self.engine.advance(contact, &stimulus).await?;
        Ok(())
    }
}

/// What a change of the table means for journeys. Most changes mean nothing: states that the
/// engine itself wrote, and messages whose fate did not change.
fn stimulus(record: EventRecord) -> Result<Option<(ContactId, Stimulus)>, Error> {
    let change = record.change;
    let Some(serde_dynamo::AttributeValue::S(sk)) = change.keys.get("sk").cloned() else {
        return Err("a stream record without a sort key".into());
    };
    if change.new_image.is_empty() {
        return Ok(None);
    }
    if sk.starts_with("F#") && record.event_name == "INSERT" {
        let fact: Fact = from_image(&sk, change.new_image)?;
        return Ok(Some((fact.contact, Stimulus::Fact(Box::new(fact)))));
    }
    if sk.starts_with("M#") {
        let message: Message = from_image(&sk, change.new_image)?;
        let before: Option<Message> = match change.old_image.is_empty() {
            true => None,
            false => Some(from_image(&sk, change.old_image)?),
        };
        let settled = message.status.settled_at().is_some();
        if settled && before.is_none_or(|before| before.status != message.status) {
            return Ok(Some((message.contact, Stimulus::Message(Box::new(message)))));
        }
    }
    Ok(None)
}

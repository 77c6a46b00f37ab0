//! The table stream: facts and message outcomes drive journeys.

use aws_lambda_events::event::{
    dynamodb::{Event as DynamoDbEvent, EventRecord, StreamRecord},
    streams::DynamoDbEventResponse,
};
use masa_dispatch::{Letters, Parked, WakeJob};
use masa_domain::{ContactId, Fact, Message, Stimulus};
use masa_engine::Engine;
use masa_runtime::{Clock, Config, Error, Missing, chain, stream_batch};
use masa_store::{from_image, key};

/// The function.
pub struct Function {
    engine: Engine,
    letters: Letters,
}

impl masa_runtime::Function for Function {
    type Event = DynamoDbEvent;
    type Answer = DynamoDbEventResponse;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let letters = Letters::new(sdk, config, "MASA_ADVANCE_DEAD_LETTERS", "advance")?;
        Ok(Self { engine: Engine::new(sdk, config, clock)?, letters })
    }

    async fn handle(&self, event: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        stream_batch(event, |record| self.record(record)).await
    }
}

impl Function {
    /// Works off a record. One that can never be is parked: it would hold up its whole shard until
    /// the stream gives it up.
    async fn record(&self, record: EventRecord) -> Result<(), Error> {
        let parked = parked(&record.change);
        let cause = match stimuli(record) {
            Ok(None) => return Ok(()),
            Ok(Some((contact, stimuli))) => match self.advance(contact, &stimuli).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_permanent() => chain(&error),
                Err(error) => return Err(error.into()),
            },
            Err(unreadable) => chain(&*unreadable),
        };
        Ok(self.letters.park(&parked, &cause).await?)
    }
}

impl Function {
    async fn advance(
        &self,
        contact: ContactId,
        stimuli: &[Stimulus],
    ) -> Result<(), masa_engine::Error> {
        for stimulus in stimuli {
            self.engine.advance(contact, stimulus).await?;
        }
        Ok(())
    }
}

/// A record as it is parked: by its keys alone, since its images can't be trusted.
fn parked(change: &StreamRecord) -> Parked {
    let text = |name| match change.keys.get(name) {
        Some(serde_dynamo::AttributeValue::S(text)) => text.as_str(),
        _ => "",
    };
    let (pk, sk) = (text("pk"), text("sk"));
    let job = key::contact_of(pk).and_then(|contact| {
        let fact = key::fact_of(sk).map(|fact| WakeJob::Fact { contact, fact });
        let message = || key::message_of(sk).map(|message| WakeJob::Message { contact, message });
        fact.or_else(message)
    });
    match job {
        Some(job) => Parked::Job(job),
        None => Parked::Keys { pk: pk.to_owned(), sk: sk.to_owned() },
    }
}

/// What a change of a message means: its outcome, and what its reader did. Of what was done before the
/// outcome the stream's filter tells with the outcome.
fn changed(message: Message, before: Option<Message>) -> Vec<Stimulus> {
    if message.status.settled_at().is_none() {
        return Vec::new();
    }
    let mut stimuli = Vec::new();
    let settled_before = before.filter(|before| before.status.settled_at().is_some());
    if settled_before.as_ref().is_none_or(|before| before.status != message.status) {
        stimuli.push(Stimulus::Message(Box::new(message.clone())));
    }
    let known = settled_before.as_ref();
    let opened = message.was_opened() && !known.is_some_and(Message::was_opened);
    let is_new = |link: &&String| !known.is_some_and(|known| known.links.contains_key(*link));
    let links: Vec<String> = message.links.keys().filter(is_new).cloned().collect();
    if opened || !links.is_empty() {
        stimuli.push(Stimulus::Read { message: Box::new(message), opened, links });
    }
    stimuli
}

/// What a change of the table means for journeys. Most changes mean nothing: states that the
/// engine itself wrote, and messages whose fate did not change.
fn stimuli(record: EventRecord) -> Result<Option<(ContactId, Vec<Stimulus>)>, Error> {
    let change = record.change;
    let Some(serde_dynamo::AttributeValue::S(sk)) = change.keys.get("sk").cloned() else {
        return Err("a stream record without a sort key".into());
    };
    if change.new_image.is_empty() {
        return Ok(None);
    }
    if sk.starts_with("F#") && record.event_name == "INSERT" {
        let fact: Fact = from_image(&sk, change.new_image)?;
        return Ok(Some((fact.contact, vec![Stimulus::Fact(Box::new(fact))])));
    }
    if sk.starts_with("M#") {
        let message: Message = from_image(&sk, change.new_image)?;
        let before: Option<Message> = match change.old_image.is_empty() {
            true => None,
            false => Some(from_image(&sk, change.old_image)?),
        };
        return Ok(Some((message.contact, changed(message, before))));
    }
    Ok(None)
}

//! Delivery: what is ready goes to its function, one thing at a time and in a fixed order.

use std::{collections::HashMap, panic::AssertUnwindSafe};

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    AwsBox, Error, Inner,
    clock::timestamp,
    meter::in_function,
    queues::Message,
    registry::{Handler, QueueFunction},
    scheduler::Fired,
    sqs::{md5_hex, queue_arn},
    streams::StreamTurn,
};

/// What a delivery did, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Invocations with stream records.
    pub stream_batches: usize,
    /// Stream records that their function handled.
    pub stream_records: usize,
    /// Invocations with queue messages.
    pub queue_batches: usize,
    /// Queue messages that their function handled.
    pub queue_messages: usize,
    /// Schedules that fired.
    pub schedules: usize,
    /// Messages sent with a delay that were delivered for the first time.
    pub delayed: usize,
    /// Records and messages that failed and will come again, counted each time.
    pub failures: usize,
    /// Records, messages and schedules that were given up.
    pub dead_letters: usize,
}

impl Settled {
    /// How many timed things came due: schedules and delayed messages.
    #[must_use]
    pub fn fired(&self) -> usize {
        self.schedules + self.delayed
    }

    fn add(&mut self, other: Self) {
        self.stream_batches += other.stream_batches;
        self.stream_records += other.stream_records;
        self.queue_batches += other.queue_batches;
        self.queue_messages += other.queue_messages;
        self.schedules += other.schedules;
        self.delayed += other.delayed;
        self.failures += other.failures;
        self.dead_letters += other.dead_letters;
    }
}

/// What the one who delivers remembers between two batches; a restart may forget it.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    pub(crate) streams: HashMap<String, StreamTurn>,
}

impl AwsBox {
    /// Delivers everything that is ready now, and what that makes ready, until nothing is. A message that failed
    /// waits for its visibility timeout and is not ready. Not to be called from within a function.
    ///
    /// # Errors
    /// When the box's own state fails; what a function answers is never an error here.
    pub async fn settle(&self) -> Result<Settled, Error> {
        let mut turn = self.0.turn.lock().await;
        self.0.settle(&mut turn).await
    }

    /// Delivers the next ready thing: the first stream's next batch, else the first schedule due, else the message
    /// that has been visible longest with its batch. Nothing when nothing is ready.
    ///
    /// # Errors
    /// As [`AwsBox::settle`].
    pub async fn step(&self) -> Result<Option<Settled>, Error> {
        let mut turn = self.0.turn.lock().await;
        self.0.step(&mut turn).await
    }

    /// When the next schedule is due or the next message of a function's queue becomes visible; may be past.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        self.0.next_due()?.map(timestamp).transpose()
    }

    /// Moves the clock to `target`, stopping at everything that falls due on the way to deliver it. Returns what was
    /// delivered; [`Settled::fired`] is the number of timed things. A target in the past only settles.
    ///
    /// # Errors
    /// As [`AwsBox::settle`].
    pub async fn advance_to(&self, target: Timestamp) -> Result<Settled, Error> {
        let mut turn = self.0.turn.lock().await;
        let mut total = self.0.settle(&mut turn).await?;
        while let Some(due) = self.0.next_due()?.filter(|due| *due <= target.as_microsecond()) {
            let moved = due > self.0.clock.micros();
            self.0.set_clock(timestamp(due)?)?;
            let settled = self.0.settle(&mut turn).await?;
            if !moved && settled == Settled::default() {
                break;
            }
            total.add(settled);
        }
        self.0.set_clock(target)?;
        total.add(self.0.settle(&mut turn).await?);
        Ok(total)
    }

    /// Delivers for ever on a real clock: whatever a call makes ready, and what falls due. Ends with an error only.
    ///
    /// # Errors
    /// As [`AwsBox::settle`].
    #[expect(
        clippy::disallowed_methods,
        reason = "the box is not a function: it waits until something falls due"
    )]
    pub async fn run(&self) -> Result<std::convert::Infallible, Error> {
        /// A clock that someone sets is noticed by the notification; this is for one that the machine sets.
        const LONGEST_NAP: std::time::Duration = std::time::Duration::from_secs(60);
        loop {
            self.settle().await?;
            let wait = self.0.next_due()?.map_or(LONGEST_NAP, |due| {
                let micros = due.saturating_sub(self.0.clock.micros());
                std::time::Duration::from_micros(u64::try_from(micros).unwrap_or(0))
                    .min(LONGEST_NAP)
            });
            let changed = self.0.changed.notified();
            tokio::pin!(changed);
            let nap = std::pin::pin!(tokio::time::sleep(wait));
            futures_util::future::select(changed, nap).await;
        }
    }
}

impl Inner {
    async fn settle(&self, turn: &mut Turn) -> Result<Settled, Error> {
        let mut total = Settled::default();
        while let Some(step) = self.step(turn).await? {
            total.add(step);
        }
        Ok(total)
    }

    async fn step(&self, turn: &mut Turn) -> Result<Option<Settled>, Error> {
        if let Some(settled) = self.step_streams(turn).await? {
            return Ok(Some(settled));
        }
        let fired = self.state().fire_due(&self.registry(), self.clock.micros())?;
        if let Some(fired) = fired {
            let dead_letters = usize::from(fired == Fired::Dead);
            return Ok(Some(Settled { schedules: 1, dead_letters, ..Settled::default() }));
        }
        self.step_queues().await
    }

    fn next_due(&self) -> Result<Option<i64>, Error> {
        let registry = self.registry();
        let state = self.state();
        let mut next = state.next_schedule()?;
        for consumer in &registry.consumers {
            let visible = state.first_visible(&consumer.queue.name)?;
            next = [next, visible.map(|(at, _)| at)].into_iter().flatten().min();
        }
        Ok(next)
    }

    fn set_clock(&self, target: Timestamp) -> Result<(), Error> {
        let kept = self.clock.set(target);
        self.changed.notify_one();
        self.state().keep_number(self.clock_key, kept)
    }

    async fn step_queues(&self) -> Result<Option<Settled>, Error> {
        let registry = self.registry();
        let now = self.clock.micros();
        let received = {
            let mut state = self.state();
            let mut first: Option<(i64, i64, &QueueFunction)> = None;
            for consumer in &registry.consumers {
                let visible =
                    state.first_visible(&consumer.queue.name)?.filter(|(at, _)| *at <= now);
                if let Some((at, seq)) = visible
                    && first
                        .is_none_or(|(first_at, first_seq, _)| (at, seq) < (first_at, first_seq))
                {
                    first = Some((at, seq, consumer));
                }
            }
            match first {
                None => return Ok(None),
                Some((.., consumer)) => {
                    (consumer, state.receive(&consumer.queue, now, consumer.batch_size)?)
                }
            }
        };
        let (consumer, received) = received;
        let mut settled = Settled { dead_letters: received.dead, ..Settled::default() };
        if !received.messages.is_empty() {
            settled.add(self.deliver_messages(consumer, &received.messages).await?);
        }
        Ok(Some(settled))
    }

    async fn deliver_messages(
        &self,
        consumer: &QueueFunction,
        messages: &[Message],
    ) -> Result<Settled, Error> {
        let queue = consumer.queue.name.as_str();
        let records: Vec<_> = messages
            .iter()
            .map(|message| queue_record(queue, message))
            .collect::<Result<_, _>>()?;
        let answer =
            invoke(&consumer.function, &consumer.handler, json!({"Records": records})).await;
        let failed = failed_items(&answer, messages.len(), |id| {
            messages.iter().position(|message| message.id() == id)
        });
        let (mut handled, mut kept) = (Vec::new(), Vec::new());
        for (index, message) in messages.iter().enumerate() {
            if failed.contains(&index) { &mut kept } else { &mut handled }.push(message.seq);
        }
        self.state().finish(&handled, &kept)?;
        Ok(Settled {
            queue_batches: 1,
            queue_messages: handled.len(),
            failures: kept.len(),
            delayed: messages
                .iter()
                .filter(|message| message.delayed && message.receives == 1)
                .count(),
            ..Settled::default()
        })
    }
}

/// Runs a function in its name; a panic is an error, as Lambda's runtime makes it.
pub(crate) async fn invoke(
    function: &str,
    handler: &Handler,
    event: Value,
) -> Result<Value, String> {
    let running = in_function(function, async { handler(event).await });
    let answer = match AssertUnwindSafe(running).catch_unwind().await {
        Ok(answer) => answer,
        Err(_) => Err("the function panicked".to_owned()),
    };
    if let Err(error) = &answer {
        tracing::warn!(function, %error, "the function failed");
    }
    answer
}

/// Which of the batch's items failed, by `batchItemFailures`: all of them after an error, or when the answer names
/// something that is not in the batch.
pub(crate) fn failed_items(
    answer: &Result<Value, String>,
    len: usize,
    position: impl Fn(&str) -> Option<usize>,
) -> Vec<usize> {
    let failures = match answer {
        Err(_) => return (0..len).collect(),
        Ok(answer) => answer.get("batchItemFailures").and_then(Value::as_array),
    };
    let named = failures.into_iter().flatten().map(|failure| {
        let id = failure.get("itemIdentifier").and_then(Value::as_str);
        id.and_then(&position)
    });
    named.collect::<Option<Vec<_>>>().unwrap_or_else(|| (0..len).collect())
}

/// A message as Lambda hands it to a function.
pub(crate) fn queue_record(queue: &str, message: &Message) -> Result<Value, Error> {
    let millis = |micros: i64| (micros / 1_000).to_string();
    let mut attributes = json!({
        "ApproximateReceiveCount": message.receives.to_string(),
        "SentTimestamp": millis(message.sent_at),
        "SenderId": crate::ACCOUNT,
        "ApproximateFirstReceiveTimestamp": millis(message.first_received_at.unwrap_or(message.visible_at)),
    });
    if let (Some(source), Some(members)) = (&message.moved_from, attributes.as_object_mut()) {
        members.insert("DeadLetterQueueSourceArn".to_owned(), json!(queue_arn(source)));
    }
    let given: Map<String, Value> = serde_json::from_str(&message.attributes)?;
    let message_attributes: Map<_, _> =
        given.into_iter().map(|(name, value)| (name, attribute(&value))).collect();
    Ok(json!({
        "messageId": message.id(),
        "receiptHandle": format!("{}/{}", message.id(), message.receives),
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": md5_hex(&message.body),
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn(queue),
        "awsRegion": crate::REGION,
    }))
}

/// A message attribute as events spell it.
fn attribute(given: &Value) -> Value {
    let mut attribute = json!({"stringListValues": [], "binaryListValues": []});
    if let Some(members) = attribute.as_object_mut() {
        for (from, to) in [
            ("StringValue", "stringValue"),
            ("BinaryValue", "binaryValue"),
            ("DataType", "dataType"),
        ] {
            if let Some(value) = given.get(from) {
                members.insert(to.to_owned(), value.clone());
            }
        }
    }
    attribute
}

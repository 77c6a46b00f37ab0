//! The pump: what is ready goes to its function, one thing at a time and in a fixed order.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::{
    AwsBox, Error, Inner,
    clock::timestamp,
    delivery::Taken,
    meter::in_function,
    queues::Message,
    registry::Handler,
    sqs::{md5_hex, queue_arn},
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
    /// Invocations by a rate.
    pub rates: usize,
    /// Schedules that fired.
    pub schedules: usize,
    /// Messages sent with a delay that were delivered for the first time.
    pub delayed: usize,
    /// Records, messages and ticks that failed and will come again, counted each time.
    pub failures: usize,
    /// Records, messages, schedules and ticks that were given up.
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
        self.rates += other.rates;
        self.schedules += other.schedules;
        self.delayed += other.delayed;
        self.failures += other.failures;
        self.dead_letters += other.dead_letters;
    }
}

impl AwsBox {
    /// Delivers everything that is ready now, and what that makes ready, until nothing is. A message that failed
    /// waits for its visibility timeout and is not ready. Not to be called from within a function.
    ///
    /// # Errors
    /// When the box's own state fails; what a function answers is never an error here.
    pub async fn settle(&self) -> Result<Settled, Error> {
        let _turn = self.0.turn.lock().await;
        self.0.settle().await
    }

    /// Delivers the first of what is [`ready`](Self::ready): the first stream's next batch, else the first schedule
    /// due, else a rate's tick, else the message that has been visible longest with its batch. Nothing when nothing
    /// is ready.
    ///
    /// # Errors
    /// As [`AwsBox::settle`].
    pub async fn step(&self) -> Result<Option<Settled>, Error> {
        let _turn = self.0.turn.lock().await;
        self.0.step().await
    }

    /// When the next schedule is due, the next message of a function's queue becomes visible or the next tick of a
    /// rate comes; may be past.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn next_due(&self) -> Result<Option<Timestamp>, Error> {
        self.0.next_due()?.map(timestamp).transpose()
    }

    /// As [`AwsBox::next_due`], but without the ticks, which come whether anything happens or not.
    ///
    /// # Errors
    /// When the state can't be read.
    pub fn next_timed(&self) -> Result<Option<Timestamp>, Error> {
        self.0.next_timed()?.map(timestamp).transpose()
    }

    /// Moves the clock to `target`, stopping at everything that falls due on the way to deliver it. Of a rate's ticks
    /// between two other stops only the last is one. Returns what was delivered; [`Settled::fired`] is the number of
    /// timed things. A target in the past only settles.
    ///
    /// # Errors
    /// As [`AwsBox::settle`].
    pub async fn advance_to(&self, target: Timestamp) -> Result<Settled, Error> {
        let _turn = self.0.turn.lock().await;
        let mut total = self.0.settle().await?;
        while let Some(stop) = self.0.next_stop(target.as_microsecond())? {
            let moved = stop > self.0.clock.micros();
            self.0.set_clock(timestamp(stop)?)?;
            let settled = self.0.settle().await?;
            if !moved && settled == Settled::default() {
                break;
            }
            total.add(settled);
        }
        self.0.set_clock(target)?;
        total.add(self.0.settle().await?);
        Ok(total)
    }

    /// Moves the clock to `target`, never back, and delivers nothing: for who takes what is
    /// [`ready`](Self::ready) himself.
    ///
    /// # Errors
    /// When the state can't be written.
    pub fn set_clock(&self, target: Timestamp) -> Result<(), Error> {
        self.0.set_clock(target)
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
    async fn settle(&self) -> Result<Settled, Error> {
        let mut total = Settled::default();
        while let Some(step) = self.step().await? {
            total.add(step);
        }
        Ok(total)
    }

    async fn step(&self) -> Result<Option<Settled>, Error> {
        let Some(ready) = self.ready(true)?.into_iter().next() else {
            return Ok(None);
        };
        let Taken { mut settled, delivery } = self.take(&ready)?;
        if let Some(delivery) = delivery {
            settled.add(self.deliver(delivery).await?);
        }
        Ok(Some(settled))
    }

    fn next_due(&self) -> Result<Option<i64>, Error> {
        Ok([self.next_timed()?, self.next_tick()?].into_iter().flatten().min())
    }

    fn next_timed(&self) -> Result<Option<i64>, Error> {
        let registry = self.registry();
        let state = self.state();
        let mut next = state.next_schedule()?;
        for consumer in &registry.consumers {
            let visible = state.first_visible(&consumer.queue.name)?;
            next = [next, visible.map(|(at, _)| at)].into_iter().flatten().min();
        }
        Ok(next)
    }

    /// The first thing up to `target` at which time must stop.
    fn next_stop(&self, target: i64) -> Result<Option<i64>, Error> {
        let timed = self.next_timed()?.filter(|due| *due <= target);
        let tick = self.tick_stop(timed.unwrap_or(target))?;
        Ok([timed, tick].into_iter().flatten().min())
    }

    fn set_clock(&self, target: Timestamp) -> Result<(), Error> {
        let kept = self.clock.set(target);
        self.changed.notify_one();
        self.state().keep_number(self.clock_key, kept)
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
    let given: Map<String, Value> = serde_json::from_str(&message.attributes)?;
    let message_attributes: Map<_, _> =
        given.into_iter().map(|(name, value)| (name, attribute(&value))).collect();
    Ok(json!({
        "messageId": message.id(),
        "receiptHandle": message.receipt().to_string(),
        "body": message.body,
        "attributes": message.system_attributes(),
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

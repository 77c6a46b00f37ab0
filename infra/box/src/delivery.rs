//! Deliveries one by one: what is ready, taking some of it, and the invocation. [`AwsBox::step`] chooses as Lambda
//! mostly would; a simulation chooses for itself.

use serde_json::{Value, json};

use crate::{
    AwsBox, Error, Inner,
    pump::{Settled, failed_items, invoke, queue_record},
    queues::{NewMessage, Receipt, message_id, message_number},
    registry::Registry,
    scheduler::Fired,
    streams::Batch,
};

/// Something that could be delivered now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ready {
    /// The next batch of a stream.
    Stream {
        /// The function that reads it.
        function: String,
        /// How many records of the batch pass the filter; to be taken, at most so many.
        records: usize,
    },
    /// Visible messages of a function's queue.
    Messages {
        /// The queue's name.
        queue: String,
        /// The message ids, first visible first; to be taken, any of them in any order.
        ids: Vec<String>,
    },
    /// A schedule that is due.
    Schedule {
        /// Its group.
        group: String,
        /// Its name.
        name: String,
    },
    /// A function whose rate has a tick to be delivered, or one to be tried again.
    Rate {
        /// The function.
        function: String,
    },
}

/// An event on its way to a function. Delivering a clone too is what AWS's "at least once" allows.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The function to be invoked.
    pub function: String,
    /// What it is invoked with.
    pub event: Value,
    source: Source,
}

/// Where a delivery is from, and so how it is finished.
#[derive(Debug, Clone)]
enum Source {
    Stream(Batch),
    Messages {
        queue: String,
        receipts: Vec<Receipt>,
        /// How many were sent with a delay and are received for the first time.
        delayed: usize,
    },
    Rate {
        tick: i64,
        attempt: u32,
    },
}

/// What taking something ready came to.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// What it did already, without a function.
    pub(crate) settled: Settled,
    pub(crate) delivery: Option<Delivery>,
}

impl AwsBox {
    /// All that could be delivered at the clock's present: streams in the order of their registration, schedules as
    /// they are due, rates, queues by the message that has been visible longest. A stream or rate that is being
    /// delivered is not ready. Stream records that no filter lets through are passed over here.
    ///
    /// # Errors
    /// When the box's own state fails.
    pub fn ready(&self) -> Result<Vec<Ready>, Error> {
        self.0.ready(false)
    }

    /// Takes something ready, as a whole or in part. What is no longer ready is left out. A schedule puts its message
    /// into the queue; a message that was received too often goes to the dead letters: neither is a delivery. Not to
    /// be used beside [`AwsBox::settle`] or [`AwsBox::run`].
    ///
    /// # Errors
    /// [`Error::Registration`] when nothing is registered for it; otherwise as [`AwsBox::ready`].
    pub fn take(&self, ready: &Ready) -> Result<Option<Delivery>, Error> {
        Ok(self.0.take(ready)?.delivery)
    }

    /// Invokes the function and finishes: deletes the messages that were handled, moves the place in the stream on.
    /// Dropping this in the middle is the death of the invocation: messages stay hidden until their visibility timeout
    /// ends, a stream's batch is delivered again, a rate's tick is tried again. Deliveries from different sources may
    /// run at once. One that is finished late finishes what is left of it: a message that was received again meanwhile
    /// is deleted all the same, the place in a stream that was moved meanwhile stays.
    ///
    /// # Errors
    /// [`Error::Registration`] when there is no such function; otherwise as [`AwsBox::ready`]. What the function
    /// answers is never an error here.
    pub async fn deliver(&self, delivery: Delivery) -> Result<Settled, Error> {
        self.0.deliver(delivery).await
    }

    /// Puts a message without attributes into a queue, visible after `delay_s` seconds.
    ///
    /// # Errors
    /// [`Error::Registration`] when the queue is not added; otherwise as [`AwsBox::ready`].
    pub fn enqueue(&self, queue: &str, body: &str, delay_s: i64) -> Result<(), Error> {
        if self.0.registry().queue(queue).is_none() {
            return Err(Error::Registration(format!("add the queue {queue} first")));
        }
        let now = self.0.clock.micros();
        self.0.state().enqueue(&NewMessage { queue, body, attributes: "{}", now, delay_s })?;
        self.0.changed.notify_one();
        Ok(())
    }
}

impl Inner {
    /// What is ready: all of it, or the first, with no more messages than one batch has.
    pub(crate) fn ready(&self, first: bool) -> Result<Vec<Ready>, Error> {
        let registry = self.registry();
        let now = self.clock.micros();
        let enough = |ready: &[Ready]| first && !ready.is_empty();
        let mut ready = Vec::new();
        for stream in &registry.streams {
            if enough(&ready) || self.is_busy(&stream.function) {
                continue;
            }
            if let Some((batch, _)) = self.next_batch(stream)? {
                ready.push(Ready::Stream {
                    function: stream.function.clone(),
                    records: batch.len(),
                });
            }
        }
        if !enough(&ready) {
            let due = self.state().due_schedules(now, if first { 1 } else { usize::MAX })?;
            ready.extend(due.into_iter().map(|(group, name)| Ready::Schedule { group, name }));
        }
        for rate in &registry.rates {
            if !enough(&ready) && !self.is_busy(&rate.function) && self.tick(rate, now)?.is_some() {
                ready.push(Ready::Rate { function: rate.function.clone() });
            }
        }
        if !enough(&ready) {
            ready.extend(self.ready_messages(&registry, now, first)?);
        }
        Ok(ready)
    }

    fn ready_messages(
        &self,
        registry: &Registry,
        now: i64,
        first: bool,
    ) -> Result<Vec<Ready>, Error> {
        let state = self.state();
        let mut queues = Vec::new();
        for consumer in &registry.consumers {
            let visible = state.first_visible(&consumer.queue.name)?;
            if let Some(since) = visible.filter(|(at, _)| *at <= now) {
                queues.push((since, consumer));
            }
        }
        queues.sort_by_key(|(since, _)| *since);
        let queues = queues.into_iter().take(if first { 1 } else { usize::MAX });
        let messages = queues.map(|(_, consumer)| {
            let most = if first { consumer.batch_size } else { usize::MAX };
            let visible = state.visible(&consumer.queue.name, now, most)?;
            let ids = visible.into_iter().map(message_id).collect();
            Ok(Ready::Messages { queue: consumer.queue.name.clone(), ids })
        });
        messages.collect()
    }

    pub(crate) fn take(&self, ready: &Ready) -> Result<Taken, Error> {
        let registry = self.registry();
        match ready {
            Ready::Stream { function, records } => {
                let stream = registry.streams.iter().find(|stream| stream.function == *function);
                let stream = stream.ok_or_else(|| unknown(function))?;
                let batch = self.next_batch(stream)?;
                let batch = batch.and_then(|(batch, events)| batch.first(*records, events));
                Ok(batch.map_or_else(Taken::default, |(batch, events)| {
                    Taken::delivery(function, json!({"Records": events}), Source::Stream(batch))
                }))
            }
            Ready::Messages { queue, ids } => self.take_messages(&registry, queue, ids),
            Ready::Schedule { group, name } => {
                let fired = self.state().fire(&registry, group, name, self.clock.micros())?;
                let settled = Settled {
                    schedules: usize::from(fired.is_some()),
                    dead_letters: usize::from(fired == Some(Fired::Dead)),
                    ..Settled::default()
                };
                Ok(Taken { settled, delivery: None })
            }
            Ready::Rate { function } => {
                let rate = registry.rates.iter().find(|rate| rate.function == *function);
                let rate = rate.ok_or_else(|| unknown(function))?;
                let Some((tick, attempt)) = self.tick(rate, self.clock.micros())? else {
                    return Ok(Taken::default());
                };
                self.state().keep_tick(function, tick, attempt)?;
                Ok(Taken::delivery(function, json!({}), Source::Rate { tick, attempt }))
            }
        }
    }

    fn take_messages(
        &self,
        registry: &Registry,
        queue: &str,
        ids: &[String],
    ) -> Result<Taken, Error> {
        let consumer = registry.consumers.iter().find(|consumer| consumer.queue.name == queue);
        let consumer = consumer.ok_or_else(|| {
            Error::Registration(format!("no function works off the queue {queue}"))
        })?;
        let mut numbers: Vec<_> = ids.iter().filter_map(|id| message_number(id)).collect();
        numbers.truncate(consumer.batch_size);
        let received =
            self.state().receive_these(&consumer.queue, self.clock.micros(), &numbers)?;
        let settled = Settled { dead_letters: received.dead, ..Settled::default() };
        let messages = received.messages;
        if messages.is_empty() {
            return Ok(Taken { settled, delivery: None });
        }
        let records = messages.iter().map(|message| queue_record(queue, message));
        let records: Vec<_> = records.collect::<Result<_, _>>()?;
        let source = Source::Messages {
            queue: queue.to_owned(),
            receipts: messages.iter().map(|message| message.receipt()).collect(),
            delayed: messages.iter().filter(|m| m.delayed && m.receives == 1).count(),
        };
        let taken = Taken::delivery(&consumer.function, json!({"Records": records}), source);
        Ok(Taken { settled, ..taken })
    }

    pub(crate) async fn deliver(&self, delivery: Delivery) -> Result<Settled, Error> {
        let Delivery { function, event, source } = delivery;
        let handler = self.registry().handler(&function).ok_or_else(|| unknown(&function))?;
        let _busy = (!matches!(source, Source::Messages { .. })).then(|| self.busy(&function));
        let answer = invoke(&function, &handler, event).await;
        match source {
            Source::Stream(batch) => self.finish_records(&function, &batch, &answer),
            Source::Messages { queue, receipts, delayed } => {
                let settled = self.finish_messages(&queue, receipts, &answer)?;
                Ok(Settled { delayed, ..settled })
            }
            Source::Rate { tick, attempt } => self.finish_tick(&function, tick, attempt, &answer),
        }
    }

    fn finish_messages(
        &self,
        queue: &str,
        receipts: Vec<Receipt>,
        answer: &Result<Value, String>,
    ) -> Result<Settled, Error> {
        let failed = failed_items(answer, receipts.len(), |id| {
            receipts.iter().position(|receipt| message_id(receipt.seq) == id)
        });
        let (mut handled, mut kept) = (Vec::new(), Vec::new());
        for (index, receipt) in receipts.into_iter().enumerate() {
            if failed.contains(&index) { &mut kept } else { &mut handled }.push(receipt);
        }
        self.state().finish(queue, &handled, &kept)?;
        Ok(Settled {
            queue_batches: 1,
            queue_messages: handled.len(),
            failures: kept.len(),
            ..Settled::default()
        })
    }

    /// Notes that a function is being invoked whose source has one reader, until the return value is dropped.
    fn busy(&self, function: &str) -> Busy<'_> {
        self.busy_functions().push(function.to_owned());
        Busy(self, function.to_owned())
    }

    fn is_busy(&self, function: &str) -> bool {
        self.busy_functions().iter().any(|busy| busy == function)
    }
}

impl Taken {
    fn delivery(function: &str, event: Value, source: Source) -> Self {
        let delivery = Delivery { function: function.to_owned(), event, source };
        Self { settled: Settled::default(), delivery: Some(delivery) }
    }
}

/// An invocation in progress.
struct Busy<'a>(&'a Inner, String);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut busy = self.0.busy_functions();
        if let Some(index) = busy.iter().position(|function| *function == self.1) {
            busy.swap_remove(index);
        }
    }
}

fn unknown(function: &str) -> Error {
    Error::Registration(format!("register the function {function} first"))
}

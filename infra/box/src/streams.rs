//! Stream batches: a Lambda event source mapping on a table's stream.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::PoisonError,
};

use serde_json::{Value, json};

use crate::{
    Error, Inner,
    clock::timestamp,
    dynamo::{Record, stream_arn},
    filter,
    pump::{Settled, failed_items},
    queues::NewMessage,
    registry::StreamFunction,
};

/// Stream records that every consumer has had are removed when so many have gathered.
const PRUNE_AFTER: usize = 256;

/// How far each consumer is.
pub(crate) type StreamTurns = HashMap<String, StreamTurn>;

/// How far a consumer is; a restart may forget all but the position, which is kept in the state.
#[derive(Debug)]
pub(crate) struct StreamTurn {
    /// The last record that is done with.
    position: String,
    /// How many records to read next: less than the batch size while a failing record is looked for.
    window: usize,
    /// How often the first record failed alone.
    attempts: u32,
    /// Records done with since the last time some were removed.
    done: usize,
}

/// A batch: what was read, and what of it passes the filter.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    /// The position after which it was read.
    after: String,
    /// The sequence numbers of the records read.
    read: Vec<String>,
    /// Which of these pass the filter, by index.
    passing: Vec<usize>,
    /// When the first of these was written, seconds since 1970.
    first_s: i64,
}

impl Batch {
    /// How many events it has.
    pub(crate) fn len(&self) -> usize {
        self.passing.len()
    }

    /// The same with no more than so many events; nothing when that is none.
    pub(crate) fn first(
        mut self,
        most: usize,
        mut events: Vec<Value>,
    ) -> Option<(Self, Vec<Value>)> {
        if most < self.passing.len() {
            self.passing.truncate(most);
            events.truncate(most);
            self.read.truncate(self.passing.last()? + 1);
        }
        Some((self, events))
    }

    /// The sequence number of an event.
    fn sequence(&self, event: usize) -> Option<&String> {
        self.read.get(*self.passing.get(event)?)
    }

    /// The last record read before an event, and how many there are; nothing when the event's is the first.
    fn before(&self, event: usize) -> Option<(&String, usize)> {
        let records = *self.passing.get(event)?;
        Some((self.read.get(records.checked_sub(1)?)?, records))
    }
}

impl Inner {
    /// Works on how far a consumer is.
    fn at<T>(
        &self,
        stream: &StreamFunction,
        work: impl FnOnce(&mut StreamTurn) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut turns = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = match turns.entry(stream.function.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(StreamTurn {
                position: self.state().cursor(&stream.function)?,
                window: stream.source.batch_size.max(1),
                attempts: 0,
                // The first prune after a start is due at once: the process may have died before it came to it.
                done: PRUNE_AFTER,
            }),
        };
        work(turn)
    }

    /// The next batch of a stream and its events; records before it that no filter lets through are done with.
    pub(crate) fn next_batch(
        &self,
        stream: &StreamFunction,
    ) -> Result<Option<(Batch, Vec<Value>)>, Error> {
        self.at(stream, |at| {
            loop {
                let records = self.dynamo.records(&stream.source.table, &at.position, at.window)?;
                let (batch, events) = self.batch(stream, &at.position, &records)?;
                match batch.read.last() {
                    None => return Ok(None),
                    Some(last) if events.is_empty() => {
                        self.move_on(stream, at, last, batch.read.len())?;
                    }
                    Some(_) => return Ok(Some((batch, events))),
                }
            }
        })
    }

    /// What of the records the function is to see.
    fn batch(
        &self,
        stream: &StreamFunction,
        after: &str,
        records: &[Record],
    ) -> Result<(Batch, Vec<Value>), Error> {
        let patterns = &stream.source.patterns;
        let read = records.iter().map(|record| record.sequence.clone()).collect();
        let mut batch = Batch { after: after.to_owned(), read, passing: Vec::new(), first_s: 0 };
        let mut events = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let created_s = self.created_s(record);
            let event = record.event(&stream.source.table, created_s)?;
            if patterns.is_empty()
                || patterns.iter().any(|pattern| filter::matches(pattern, &event))
            {
                if events.is_empty() {
                    batch.first_s = created_s;
                }
                events.push(event);
                batch.passing.push(index);
            }
        }
        Ok((batch, events))
    }

    /// Dynoxide stamps records with the system's time; the functions live by the box's.
    pub(crate) fn created_s(&self, record: &Record) -> i64 {
        if self.clock.is_virtual() {
            return self.clock.micros() / 1_000_000;
        }
        record.created_at + self.clock.ahead_of_system() / 1_000_000
    }

    /// Finishes an invocation with a batch: moves on behind what was handled, and looks for what failed. When the
    /// place in the stream is no longer the batch's, another invocation with it was finished before: nothing moves.
    pub(crate) fn finish_records(
        &self,
        function: &str,
        batch: &Batch,
        answer: &Result<Value, String>,
    ) -> Result<Settled, Error> {
        let registry = self.registry();
        let stream = registry.streams.iter().find(|stream| stream.function == function);
        let len = batch.len();
        let failed = failed_items(answer, len, |id| {
            (0..len).find(|event| batch.sequence(*event).is_some_and(|sequence| sequence == id))
        });
        let first = failed.into_iter().min();
        let handled = first.unwrap_or(len);
        let mut settled = Settled {
            stream_batches: 1,
            stream_records: handled,
            failures: len - handled,
            ..Settled::default()
        };
        let Some(stream) = stream else { return Ok(settled) };
        self.at(stream, |at| {
            if at.position != batch.after {
                return Ok(settled);
            }
            let Some(first) = first else {
                self.move_behind(stream, at, batch)?;
                return Ok(settled);
            };
            if let Some((before, records)) = batch.before(first) {
                self.move_on(stream, at, before, records)?;
            }
            if len > 1 {
                // Bisect: where the answer names the record it alone is tried next, else the first half of the batch.
                let half = at.window.min(batch.read.len()) / 2;
                at.window = if answer.is_ok() { 1 } else { half.max(1) };
                return Ok(settled);
            }
            // A window with one event may have read more records than that, so the next is read alone.
            at.window = 1;
            at.attempts += 1;
            if at.attempts >= stream.source.max_attempts.max(1) {
                self.give_up(stream, at.attempts, batch)?;
                self.move_behind(stream, at, batch)?;
                settled.dead_letters = 1;
                settled.failures = 0;
            }
            Ok(settled)
        })
    }

    /// The whole batch is done with.
    fn move_behind(
        &self,
        stream: &StreamFunction,
        at: &mut StreamTurn,
        batch: &Batch,
    ) -> Result<(), Error> {
        match batch.read.last() {
            Some(last) => self.move_on(stream, at, last, batch.read.len()),
            None => Ok(()),
        }
    }

    /// The records up to `position` are done with. Kept before anything else is delivered.
    fn move_on(
        &self,
        stream: &StreamFunction,
        at: &mut StreamTurn,
        position: &str,
        records: usize,
    ) -> Result<(), Error> {
        self.state().keep_cursor(&stream.function, position)?;
        position.clone_into(&mut at.position);
        at.window = stream.source.batch_size.max(1);
        at.attempts = 0;
        at.done += records;
        if at.done >= PRUNE_AFTER {
            at.done = 0;
            self.prune(&stream.source.table)?;
        }
        Ok(())
    }

    /// Tells the queue for dead letters, as Lambda does: which record it was, not what was in it.
    fn give_up(&self, stream: &StreamFunction, attempts: u32, batch: &Batch) -> Result<(), Error> {
        let Some(queue) = &stream.source.dead_letter_queue else {
            return Ok(());
        };
        let (sequence, arrival) = (batch.sequence(0), timestamp(batch.first_s * 1_000_000)?);
        let function = format!(
            "arn:aws:lambda:{}:{}:function:{}",
            crate::REGION,
            crate::ACCOUNT,
            stream.function
        );
        let letter = json!({
            "requestContext": {
                "requestId": "box",
                "functionArn": function,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": self.clock.now().to_string(),
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001",
                "startSequenceNumber": sequence,
                "endSequenceNumber": sequence,
                "approximateArrivalOfFirstRecord": arrival,
                "approximateArrivalOfLastRecord": arrival,
                "batchSize": 1,
                "streamArn": stream_arn(&stream.source.table),
            },
        });
        let (body, now) = (letter.to_string(), self.clock.micros());
        self.state().enqueue(&NewMessage {
            queue,
            body: &body,
            attributes: "{}",
            now,
            delay_s: 0,
        })?;
        Ok(())
    }

    /// Removes the records of a table that each of its consumers is done with.
    fn prune(&self, table: &str) -> Result<(), Error> {
        let registry = self.registry();
        let mut upto: Option<String> = None;
        for stream in registry.streams.iter().filter(|stream| stream.source.table == table) {
            let position = self.state().cursor(&stream.function)?;
            // Sequence numbers all have the same length, so the order of texts is theirs.
            upto = Some(upto.map_or(position.clone(), |upto| upto.min(position)));
        }
        match upto {
            Some(upto) if !upto.is_empty() => self.dynamo.prune(table, &upto),
            _ => Ok(()),
        }
    }
}

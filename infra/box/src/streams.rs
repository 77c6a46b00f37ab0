//! Stream batches: a Lambda event source mapping on a table's stream.

use serde_json::{Value, json};

use crate::{
    Error, Inner,
    dynamo::{Record, stream_arn},
    filter,
    pump::{Settled, Turn, failed_items, invoke},
    queues::NewMessage,
    registry::StreamFunction,
};

/// Stream records that every consumer has had are removed when so many have gathered.
const PRUNE_AFTER: usize = 256;

/// How far a consumer is.
#[derive(Debug)]
pub(crate) struct StreamTurn {
    /// The last record that is done with; kept in the state too.
    position: String,
    /// How many records to read next: less than the batch size while a failing record is looked for.
    window: usize,
    /// How often the first record failed alone.
    attempts: u32,
    /// Records done with since the last time some were removed.
    done: usize,
}

/// A batch: what was read, and what of it passes the filter.
struct Batch {
    /// The sequence number of the last record read.
    last: String,
    read: usize,
    events: Vec<Value>,
    sequences: Vec<String>,
    /// For each event, the sequence number of the record read just before it; empty for the first record read.
    before: Vec<String>,
}

impl Inner {
    /// Delivers the next batch of the first stream function that has one.
    pub(crate) async fn step_streams(&self, turn: &mut Turn) -> Result<Option<Settled>, Error> {
        let registry = self.registry();
        for stream in &registry.streams {
            let mut at = match turn.streams.remove(&stream.function) {
                Some(at) => at,
                None => self.stream_turn(stream)?,
            };
            let stepped = self.step_stream(stream, &mut at).await;
            if at.done >= PRUNE_AFTER {
                at.done = 0;
                self.prune(&stream.source.table)?;
            }
            turn.streams.insert(stream.function.clone(), at);
            if let Some(settled) = stepped? {
                return Ok(Some(settled));
            }
        }
        Ok(None)
    }

    fn stream_turn(&self, stream: &StreamFunction) -> Result<StreamTurn, Error> {
        let position = self.state().cursor(&stream.function)?;
        // The first prune after a start is due at once: the process may have died before it came to it.
        Ok(StreamTurn {
            position,
            window: stream.source.batch_size.max(1),
            attempts: 0,
            done: PRUNE_AFTER,
        })
    }

    async fn step_stream(
        &self,
        stream: &StreamFunction,
        at: &mut StreamTurn,
    ) -> Result<Option<Settled>, Error> {
        loop {
            let records = self.dynamo.records(&stream.source.table, &at.position, at.window)?;
            let Some(batch) = self.batch(stream, &records)? else {
                return Ok(None);
            };
            if batch.events.is_empty() {
                self.move_on(stream, at, &batch.last, batch.read)?;
            } else {
                return self.deliver_records(stream, at, batch).await.map(Some);
            }
        }
    }

    /// What of the records the function is to see; nothing when there are none.
    fn batch(&self, stream: &StreamFunction, records: &[Record]) -> Result<Option<Batch>, Error> {
        let Some(last) = records.last() else {
            return Ok(None);
        };
        let mut batch = Batch {
            last: last.sequence.clone(),
            read: records.len(),
            events: Vec::new(),
            sequences: Vec::new(),
            before: Vec::new(),
        };
        let mut before = "";
        for record in records {
            let event = record.event(&stream.source.table, self.created_s(record))?;
            let patterns = &stream.source.patterns;
            if patterns.is_empty()
                || patterns.iter().any(|pattern| filter::matches(pattern, &event))
            {
                batch.events.push(event);
                batch.sequences.push(record.sequence.clone());
                batch.before.push(before.to_owned());
            }
            before = &record.sequence;
        }
        Ok(Some(batch))
    }

    /// Dynoxide stamps records with the system's time; the functions live by the box's.
    fn created_s(&self, record: &Record) -> i64 {
        if self.clock.is_virtual() {
            return self.clock.micros() / 1_000_000;
        }
        record.created_at + self.clock.ahead_of_system() / 1_000_000
    }

    async fn deliver_records(
        &self,
        stream: &StreamFunction,
        at: &mut StreamTurn,
        batch: Batch,
    ) -> Result<Settled, Error> {
        let len = batch.events.len();
        let event = json!({"Records": batch.events});
        let answer = invoke(&stream.function, &stream.handler, event).await;
        let failed = failed_items(&answer, len, |id| {
            batch.sequences.iter().position(|sequence| sequence == id)
        });
        let Some(first) = failed.into_iter().min() else {
            self.move_on(stream, at, &batch.last, batch.read)?;
            return Ok(Settled { stream_batches: 1, stream_records: len, ..Settled::default() });
        };
        let mut settled = Settled {
            stream_batches: 1,
            stream_records: first,
            failures: len - first,
            ..Settled::default()
        };
        if let Some(before) = batch.before.get(first).filter(|before| !before.is_empty()) {
            self.move_on(stream, at, before, first)?;
        }
        if len > 1 {
            // Bisect: where the answer names the record it alone is tried next, else the first half of the batch.
            at.window = if answer.is_ok() { 1 } else { (at.window.min(batch.read) / 2).max(1) };
            return Ok(settled);
        }
        // A window with one event may have read more records than that, so the next is read alone.
        at.window = 1;
        at.attempts += 1;
        if at.attempts >= stream.source.max_attempts.max(1) {
            self.give_up(stream, at.attempts, &batch)?;
            self.move_on(stream, at, &batch.last, batch.read)?;
            settled.dead_letters = 1;
            settled.failures = 0;
        }
        Ok(settled)
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
        Ok(())
    }

    /// Tells the queue for dead letters, as Lambda does: which record it was, not what was in it.
    fn give_up(&self, stream: &StreamFunction, attempts: u32, batch: &Batch) -> Result<(), Error> {
        let Some(queue) = &stream.source.dead_letter_queue else {
            return Ok(());
        };
        let sequence = batch.sequences.first();
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

//! The messages in the queues.

use rusqlite::{OptionalExtension, Row, params};
use serde_json::{Map, Value, json};

use crate::{
    Error,
    sqs::queue_arn,
    state::{State, id},
};

/// How a queue behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name, the last part of its URL and ARN.
    pub name: String,
    /// Seconds for which a received message is hidden from others.
    pub visibility_timeout_s: u32,
    /// Where messages go that were received too often.
    pub redrive: Option<Redrive>,
}

/// When a message is given up, and where it goes then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redrive {
    /// The name of the queue for dead letters.
    pub dead_letter_queue: String,
    /// After so many receives a message is dead.
    pub max_receive_count: u32,
}

/// A message to be put into a queue.
#[derive(Debug)]
pub(crate) struct NewMessage<'a> {
    pub(crate) queue: &'a str,
    pub(crate) body: &'a str,
    /// The message attributes as SQS takes them, JSON.
    pub(crate) attributes: &'a str,
    /// Microseconds since 1970.
    pub(crate) now: i64,
    pub(crate) delay_s: i64,
}

/// A message in a queue.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) seq: i64,
    pub(crate) body: String,
    pub(crate) attributes: String,
    pub(crate) sent_at: i64,
    pub(crate) visible_at: i64,
    pub(crate) first_received_at: Option<i64>,
    pub(crate) receives: u32,
    pub(crate) delayed: bool,
    pub(crate) moved_from: Option<String>,
}

impl Message {
    pub(crate) fn id(&self) -> String {
        message_id(self.seq)
    }

    pub(crate) fn receipt(&self) -> Receipt {
        Receipt { seq: self.seq, receives: self.receives }
    }

    /// What SQS itself says of the message.
    pub(crate) fn system_attributes(&self) -> Map<String, Value> {
        let millis = |micros: i64| json!((micros / 1_000).to_string());
        let first = self.first_received_at.unwrap_or(self.visible_at);
        let mut attributes = Map::from_iter([
            ("ApproximateReceiveCount".to_owned(), json!(self.receives.to_string())),
            ("SentTimestamp".to_owned(), millis(self.sent_at)),
            ("SenderId".to_owned(), json!(crate::ACCOUNT)),
            ("ApproximateFirstReceiveTimestamp".to_owned(), millis(first)),
        ]);
        if let Some(source) = &self.moved_from {
            attributes.insert("DeadLetterQueueSourceArn".to_owned(), json!(queue_arn(source)));
        }
        attributes
    }

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get(0)?,
            body: row.get(1)?,
            attributes: row.get(2)?,
            sent_at: row.get(3)?,
            visible_at: row.get(4)?,
            first_received_at: row.get(5)?,
            receives: row.get(6)?,
            delayed: row.get(7)?,
            moved_from: row.get(8)?,
        })
    }
}

/// Which receive of which message a receipt handle is for, spelt `<message id>/<receives>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) seq: i64,
    pub(crate) receives: u32,
}

impl Receipt {
    /// Reads a handle; nothing when it is none of the box's.
    pub(crate) fn read(handle: &str) -> Option<Self> {
        let (id, receives) = handle.split_once('/')?;
        let seq = message_number(id)?;
        let receipt = Self { seq, receives: receives.parse().ok()? };
        (receipt.to_string() == handle).then_some(receipt)
    }
}

impl std::fmt::Display for Receipt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", message_id(self.seq), self.receives)
    }
}

/// How many messages of a queue are in which state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) visible: i64,
    /// Received, and hidden since.
    pub(crate) hidden: i64,
    /// Sent with a delay that is not over.
    pub(crate) delayed: i64,
}

/// What a receive took from a queue.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) messages: Vec<Message>,
    /// How many had been received too often and were moved.
    pub(crate) dead: usize,
}

/// The id SQS gives the message with this number.
pub(crate) fn message_id(seq: i64) -> String {
    id(0x5105, seq)
}

/// The number of the message with this id.
pub(crate) fn message_number(id: &str) -> Option<i64> {
    i64::from_str_radix(id.rsplit('-').next()?, 16).ok()
}

const COLUMNS: &str =
    "seq, body, attributes, sent_at, visible_at, first_received_at, receives, delayed, moved_from";

impl State {
    /// Puts a message into a queue and returns its number.
    pub(crate) fn enqueue(&self, message: &NewMessage<'_>) -> rusqlite::Result<i64> {
        let mut statement = self.db.prepare_cached(
            "INSERT INTO messages (queue, body, attributes, sent_at, visible_at, delayed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        statement.execute(params![
            message.queue,
            message.body,
            message.attributes,
            message.now,
            message.now + message.delay_s * 1_000_000,
            message.delay_s > 0,
        ])?;
        Ok(self.db.last_insert_rowid())
    }

    /// When the first message of a queue is or becomes visible, with its number.
    pub(crate) fn first_visible(&self, queue: &str) -> Result<Option<(i64, i64)>, Error> {
        let mut statement = self.db.prepare_cached(
            "SELECT visible_at, seq FROM messages WHERE queue = ?1 ORDER BY visible_at, seq LIMIT 1",
        )?;
        let first = statement.query_row([queue], |row| Ok((row.get(0)?, row.get(1)?)));
        Ok(first.optional()?)
    }

    /// The numbers of up to `limit` visible messages, first visible first.
    pub(crate) fn visible(&self, queue: &str, now: i64, limit: usize) -> Result<Vec<i64>, Error> {
        let mut statement = self.db.prepare_cached(
            "SELECT seq FROM messages WHERE queue = ?1 AND visible_at <= ?2
             ORDER BY visible_at, seq LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let visible = statement.query_map(params![queue, now, limit], |row| row.get(0))?;
        Ok(visible.collect::<Result<_, _>>()?)
    }

    /// Receives up to `limit` visible messages, first visible first.
    pub(crate) fn receive(
        &mut self,
        queue: &Queue,
        now: i64,
        limit: usize,
    ) -> Result<Received, Error> {
        let visible = self.visible(&queue.name, now, limit)?;
        self.receive_these(queue, now, &visible)
    }

    /// Receives those of the messages that are visible, in this order, and hides them for the visibility timeout.
    pub(crate) fn receive_these(
        &mut self,
        queue: &Queue,
        now: i64,
        numbers: &[i64],
    ) -> Result<Received, Error> {
        let transaction = self.db.transaction()?;
        let mut received = Received::default();
        {
            let mut visible = transaction.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM messages WHERE seq = ?1 AND queue = ?2 AND visible_at <= ?3"
            ))?;
            let mut hide = transaction.prepare_cached(
                "UPDATE messages SET visible_at = ?2, first_received_at = coalesce(first_received_at, ?3),
                 receives = receives + 1, in_flight = 1 WHERE seq = ?1",
            )?;
            let mut bury = transaction.prepare_cached(
                "UPDATE messages SET queue = ?2, visible_at = ?3, in_flight = 0, moved_from = ?4 WHERE seq = ?1",
            )?;
            let until = now + i64::from(queue.visibility_timeout_s) * 1_000_000;
            for number in numbers {
                let found = visible.query_row(params![number, queue.name, now], Message::read);
                let Some(mut message) = found.optional()? else { continue };
                match &queue.redrive {
                    Some(redrive) if message.receives >= redrive.max_receive_count => {
                        bury.execute(params![
                            message.seq,
                            redrive.dead_letter_queue,
                            now,
                            queue.name
                        ])?;
                        received.dead += 1;
                    }
                    _ => {
                        hide.execute(params![message.seq, until, now])?;
                        message.receives += 1;
                        message.first_received_at.get_or_insert(now);
                        received.messages.push(message);
                    }
                }
            }
        }
        transaction.commit()?;
        Ok(received)
    }

    /// Ends receives: deletes what was handled and lets the rest wait for its visibility timeout, or for the one that
    /// was set meanwhile. What was received again since is deleted too, but not let go.
    pub(crate) fn finish(
        &mut self,
        queue: &str,
        handled: &[Receipt],
        failed: &[Receipt],
    ) -> Result<(), Error> {
        let transaction = self.db.transaction()?;
        {
            let mut delete =
                transaction.prepare_cached("DELETE FROM messages WHERE seq = ?1 AND queue = ?2")?;
            for receipt in handled {
                delete.execute(params![receipt.seq, queue])?;
            }
            let mut wait = transaction.prepare_cached(
                "UPDATE messages SET in_flight = 0 WHERE seq = ?1 AND receives = ?2",
            )?;
            for receipt in failed {
                wait.execute(params![receipt.seq, receipt.receives])?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// The message with this number, if the queue has it.
    pub(crate) fn message(&self, queue: &str, seq: i64) -> Result<Option<Message>, Error> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM messages WHERE seq = ?1 AND queue = ?2"
        ))?;
        Ok(statement.query_row(params![seq, queue], Message::read).optional()?)
    }

    /// Hides a received message until then; a restart keeps that.
    pub(crate) fn hide_until(&self, seq: i64, visible_at: i64) -> Result<(), Error> {
        let mut statement = self
            .db
            .prepare_cached("UPDATE messages SET visible_at = ?2, in_flight = 0 WHERE seq = ?1")?;
        statement.execute([seq, visible_at])?;
        Ok(())
    }

    /// Deletes a message.
    pub(crate) fn delete(&self, seq: i64) -> Result<(), Error> {
        self.db.prepare_cached("DELETE FROM messages WHERE seq = ?1")?.execute([seq])?;
        Ok(())
    }

    /// Counts the messages of a queue.
    pub(crate) fn counts(&self, queue: &str, now: i64) -> Result<Counts, Error> {
        let mut statement = self.db.prepare_cached(
            "SELECT count(*) FILTER (WHERE visible_at <= ?2),
                    count(*) FILTER (WHERE visible_at > ?2 AND receives > 0),
                    count(*) FILTER (WHERE visible_at > ?2 AND receives = 0)
             FROM messages WHERE queue = ?1",
        )?;
        Ok(statement.query_row(params![queue, now], |row| {
            Ok(Counts { visible: row.get(0)?, hidden: row.get(1)?, delayed: row.get(2)? })
        })?)
    }

    /// All messages of a queue, visible or not, oldest first.
    pub(crate) fn messages(&self, queue: &str) -> Result<Vec<Message>, Error> {
        let mut statement = self.db.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM messages WHERE queue = ?1 ORDER BY seq"
        ))?;
        let messages = statement.query_map([queue], Message::read)?;
        Ok(messages.collect::<Result<_, _>>()?)
    }

    /// How many messages a queue holds, visible or not.
    pub(crate) fn depth(&self, queue: &str) -> Result<u64, Error> {
        let mut statement =
            self.db.prepare_cached("SELECT count(*) FROM messages WHERE queue = ?1")?;
        let depth: i64 = statement.query_row([queue], |row| row.get(0))?;
        Ok(depth.unsigned_abs())
    }
}

//! The messages in the queues.

use rusqlite::{OptionalExtension, Row, params};

use crate::{
    Error,
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

    /// Receives up to `limit` visible messages, oldest first, and hides them for the visibility timeout.
    pub(crate) fn receive(
        &mut self,
        queue: &Queue,
        now: i64,
        limit: usize,
    ) -> Result<Received, Error> {
        let transaction = self.db.transaction()?;
        let mut received = Received::default();
        {
            let mut visible = transaction.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM messages WHERE queue = ?1 AND visible_at <= ?2
                 ORDER BY visible_at, seq LIMIT ?3"
            ))?;
            let mut hide = transaction.prepare_cached(
                "UPDATE messages SET visible_at = ?2, first_received_at = coalesce(first_received_at, ?3),
                 receives = receives + 1, in_flight = 1 WHERE seq = ?1",
            )?;
            let mut bury = transaction.prepare_cached(
                "UPDATE messages SET queue = ?2, visible_at = ?3, in_flight = 0, moved_from = ?4 WHERE seq = ?1",
            )?;
            let until = now + i64::from(queue.visibility_timeout_s) * 1_000_000;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            for message in visible.query_map(params![queue.name, now, limit], Message::read)? {
                let mut message = message?;
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

    /// Ends a receive: deletes what was handled and lets the rest wait for its visibility timeout.
    pub(crate) fn finish(&mut self, handled: &[i64], failed: &[i64]) -> Result<(), Error> {
        let transaction = self.db.transaction()?;
        {
            let mut delete = transaction.prepare_cached("DELETE FROM messages WHERE seq = ?1")?;
            for seq in handled {
                delete.execute([seq])?;
            }
            let mut wait =
                transaction.prepare_cached("UPDATE messages SET in_flight = 0 WHERE seq = ?1")?;
            for seq in failed {
                wait.execute([seq])?;
            }
        }
        transaction.commit()?;
        Ok(())
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

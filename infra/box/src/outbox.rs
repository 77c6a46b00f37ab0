//! What was accepted for sending, kept as `masa dev` shows it.

use rusqlite::params;
use serde_json::{Value, json};

use crate::{
    Error,
    state::{State, id},
};

impl State {
    /// Keeps an accepted message and returns its id. `entry` gets the members `id` and `sent_at`.
    pub(crate) fn keep_sent(&self, kind: u16, mut entry: Value, now: i64) -> Result<String, Error> {
        let mut next = self.db.prepare_cached("SELECT coalesce(max(seq), 0) + 1 FROM outbox")?;
        let seq: i64 = next.query_row([], |row| row.get(0))?;
        let id = id(kind, seq);
        if let Some(members) = entry.as_object_mut() {
            members.insert("id".to_owned(), json!(id));
            members.insert("sent_at".to_owned(), json!(crate::clock::timestamp(now)?.to_string()));
        }
        let mut insert =
            self.db.prepare_cached("INSERT INTO outbox (seq, entry) VALUES (?1, ?2)")?;
        insert.execute(params![seq, entry.to_string()])?;
        Ok(id)
    }

    /// Everything that was accepted, oldest first.
    pub(crate) fn sent(&self) -> Result<Vec<Value>, Error> {
        let mut statement = self.db.prepare_cached("SELECT entry FROM outbox ORDER BY seq")?;
        let entries = statement.query_map([], |row| row.get::<_, String>(0))?;
        entries.map(|entry| Ok(serde_json::from_str(&entry?)?)).collect()
    }

    /// How many messages were accepted.
    pub(crate) fn sent_count(&self) -> Result<u64, Error> {
        let count: i64 = self.db.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

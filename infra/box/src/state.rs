//! Everything but the table: queues, schedules, outbox, cursors and the clock, in one `SQLite` database.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, params};

use crate::Error;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS messages (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL,
        body TEXT NOT NULL,
        attributes TEXT NOT NULL,
        sent_at INTEGER NOT NULL,
        visible_at INTEGER NOT NULL,
        first_received_at INTEGER,
        receives INTEGER NOT NULL DEFAULT 0,
        in_flight INTEGER NOT NULL DEFAULT 0,
        delayed INTEGER NOT NULL,
        moved_from TEXT
    );
    CREATE INDEX IF NOT EXISTS messages_ready ON messages (queue, visible_at, seq);
    CREATE TABLE IF NOT EXISTS schedules (
        grp TEXT NOT NULL,
        name TEXT NOT NULL,
        due INTEGER,
        spec TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (grp, name)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS schedules_due ON schedules (due, grp, name) WHERE due IS NOT NULL;
    CREATE TABLE IF NOT EXISTS outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        entry TEXT NOT NULL
    );
    CREATE TABLE IF NOT EXISTS cursors (consumer TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS rates (
        function TEXT PRIMARY KEY,
        tick INTEGER NOT NULL,
        attempts INTEGER NOT NULL
    ) WITHOUT ROWID;
";

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) db: Connection,
}

impl State {
    /// Opens the state beside the table, or in memory.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let db = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        // Long enough for a process that was just told to end, short enough to say that one is running.
        db.busy_timeout(std::time::Duration::from_millis(300))?;
        db.set_prepared_statement_cache_capacity(64);
        // Exclusive, because two boxes on one folder would deliver everything twice. WAL without a sync for each
        // commit outlives the process (the pages are the kernel's), not a power cut.
        db.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))
            .map_err(Error::opening)?;
        db.pragma_update(None, "synchronous", "NORMAL")?;
        // Pages; each checkpoint waits for the disk, so they come seldom.
        db.pragma_update(None, "wal_autocheckpoint", 8_000)?;
        db.execute_batch(SCHEMA).map_err(Error::opening)?;
        Ok(Self { db })
    }

    /// Nothing of the process that wrote this is alive, so what it was working on may be taken up at once.
    pub(crate) fn recover(&self, now: i64) -> Result<(), Error> {
        self.db.execute(
            "UPDATE messages SET visible_at = min(visible_at, ?1), in_flight = 0 WHERE in_flight = 1",
            [now],
        )?;
        Ok(())
    }

    pub(crate) fn number(&self, key: &str) -> Result<Option<i64>, Error> {
        let mut statement = self.db.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
        Ok(statement.query_row([key], |row| row.get(0)).optional()?)
    }

    pub(crate) fn keep_number(&self, key: &str, value: i64) -> Result<(), Error> {
        self.db.execute(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
            params![key, value],
        )?;
        Ok(())
    }

    /// Up to where a consumer has read its stream: a sequence number, empty at the start.
    pub(crate) fn cursor(&self, consumer: &str) -> Result<String, Error> {
        let mut statement =
            self.db.prepare_cached("SELECT position FROM cursors WHERE consumer = ?1")?;
        let position = statement.query_row([consumer], |row| row.get(0));
        Ok(position.optional()?.unwrap_or_default())
    }

    pub(crate) fn keep_cursor(&self, consumer: &str, position: &str) -> Result<(), Error> {
        let mut statement = self.db.prepare_cached(
            "INSERT INTO cursors (consumer, position) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET position = ?2",
        )?;
        statement.execute([consumer, position])?;
        Ok(())
    }
}

/// An identifier in the shape of a UUID, made from a number that is never given twice, so that runs can be repeated.
pub(crate) fn id(kind: u16, seq: i64) -> String {
    format!("{kind:08x}-0000-4000-8000-{seq:012x}")
}

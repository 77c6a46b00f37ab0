//! `DynamoDB`: dynoxide, and the care that its stream needs.

use std::{
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use dynoxide::{Database, DynoxideError};
use rusqlite::{Connection, Row, params};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Error,
    answer::{Answer, Protocol, Refusal},
};

/// What dynoxide adds to the sequence numbers that it stores.
const SEQUENCE_OFFSET: i128 = 100_000_000_000_000_000_000;

/// Dynoxide keeps every stream record for ever, and at each write it goes through all of them for the last number.
/// So each record is moved, in the transaction that writes it, to a table of ours, and dynoxide is left with the last.
const STREAM: &str = "
    CREATE TABLE IF NOT EXISTS masa_box_records (
        table_name TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        event_id TEXT NOT NULL,
        event_name TEXT NOT NULL,
        keys TEXT NOT NULL,
        new_image TEXT,
        old_image TEXT,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (table_name, sequence)
    );
    CREATE TRIGGER IF NOT EXISTS masa_box_moves AFTER INSERT ON _stream_records BEGIN
        INSERT INTO masa_box_records VALUES (
            NEW.table_name, CAST(NEW.sequence_number AS INTEGER), NEW.event_id, NEW.event_name,
            NEW.keys_json, NEW.new_image, NEW.old_image, NEW.created_at
        );
        DELETE FROM _stream_records WHERE table_name = NEW.table_name AND id < NEW.id;
    END;
";

/// Under this name a record is kept that the time to live made a `REMOVE`.
const EXPIRE: &str = "EXPIRE";

/// Numbers the databases in memory, which live in the process under a name.
static IN_MEMORY: AtomicU64 = AtomicU64::new(0);

/// The tables of a box.
pub(crate) struct Dynamo(Mutex<Tables>);

pub(crate) struct Tables {
    pub(crate) db: Database,
    /// A second connection to the same database, for the stream.
    side: Connection,
    /// Whether stream records stay when everybody has had them.
    keeps_records: bool,
}

impl std::fmt::Debug for Dynamo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Dynamo")
    }
}

impl Dynamo {
    /// Opens the tables in a file, or in memory.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Error> {
        let name = match path {
            Some(path) => path.to_string_lossy().into_owned(),
            None => {
                let number = IN_MEMORY.fetch_add(1, Ordering::Relaxed);
                format!("file:masa-box-{number}?mode=memory&cache=shared")
            }
        };
        let db = Database::new(&name)?;
        // Sets `synchronous = NORMAL` and nothing else that is not the default: a commit outlives the process
        // without a sync of the disk.
        db.disable_bulk_loading()?;
        let side = Connection::open(&name)?;
        side.busy_timeout(std::time::Duration::from_secs(5))?;
        side.pragma_update(None, "synchronous", "NORMAL")?;
        side.execute_batch(STREAM)?;
        Ok(Self(Mutex::new(Tables { db, side, keeps_records: false })))
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers one call.
    pub(crate) fn answer(&self, operation: &str, body: &[u8]) -> Answer {
        match dispatch(&self.tables().db, operation, body) {
            Ok(body) => Answer::json(body),
            Err(DynoxideError::UnsupportedCapability(_)) => {
                Answer::refusal(Protocol::Json, Refusal::unknown("dynamodb", operation))
            }
            Err(error) => Answer::raw(error.status_code(), error.to_json()),
        }
    }

    /// Up to `limit` stream records after a sequence number, which is empty at the start of the stream.
    pub(crate) fn records(
        &self,
        table: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let tables = self.tables();
        let mut statement = tables.side.prepare_cached(
            "SELECT sequence, event_id, event_name, keys, new_image, old_image, created_at FROM masa_box_records
             WHERE table_name = ?1 AND sequence > ?2 ORDER BY sequence LIMIT ?3",
        )?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let records = statement.query_map(params![table, stored(after)?, limit], Record::read)?;
        Ok(records.collect::<Result<_, _>>()?)
    }

    /// The sequence number of the newest record that was ever written; empty at the start of the stream.
    pub(crate) fn stream_head(&self, table: &str) -> Result<String, Error> {
        self.tables().stream_head(table)
    }

    /// From now on stream records stay.
    pub(crate) fn keep_records(&self) {
        self.tables().keeps_records = true;
    }

    /// Removes the stream records up to a sequence number, unless they are to stay.
    pub(crate) fn prune(&self, table: &str, upto: &str) -> Result<(), Error> {
        let tables = self.tables();
        if tables.keeps_records {
            return Ok(());
        }
        let mut statement = tables.side.prepare_cached(
            "DELETE FROM masa_box_records WHERE table_name = ?1 AND sequence <= ?2",
        )?;
        statement.execute(params![table, stored(upto)?])?;
        Ok(())
    }
}

impl Tables {
    /// As [`Dynamo::stream_head`].
    pub(crate) fn stream_head(&self, table: &str) -> Result<String, Error> {
        // Dynoxide is left with the last record, whatever was pruned.
        let mut statement = self.side.prepare_cached(
            "SELECT max(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1",
        )?;
        let last: Option<i64> = statement.query_row([table], |row| row.get(0))?;
        Ok(last.map(shown).unwrap_or_default())
    }

    /// Tells what was removed after a sequence number as removed by the time to live.
    pub(crate) fn mark_expired(&self, table: &str, after: &str) -> Result<(), Error> {
        let mut statement = self.side.prepare_cached(
            "UPDATE masa_box_records SET event_name = ?3
             WHERE table_name = ?1 AND sequence > ?2 AND event_name = 'REMOVE'",
        )?;
        statement.execute(params![table, stored(after)?, EXPIRE])?;
        Ok(())
    }
}

/// A record of a table's stream.
#[derive(Debug)]
pub(crate) struct Record {
    /// 21 digits, so that texts are in the order of the numbers.
    pub(crate) sequence: String,
    event_id: String,
    event_name: String,
    keys: String,
    new_image: Option<String>,
    old_image: Option<String>,
    /// Seconds since 1970, by the system's clock.
    pub(crate) created_at: i64,
}

impl Record {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            sequence: shown(row.get(0)?),
            event_id: row.get(1)?,
            event_name: row.get(2)?,
            keys: row.get(3)?,
            new_image: row.get(4)?,
            old_image: row.get(5)?,
            created_at: row.get(6)?,
        })
    }

    /// The record as Lambda hands it to a function. `created_s` is in seconds since 1970.
    pub(crate) fn event(&self, table: &str, created_s: i64) -> Result<Value, Error> {
        let keys: Value = serde_json::from_str(&self.keys)?;
        let mut size = self.keys.len();
        let mut change = json!({
            "ApproximateCreationDateTime": created_s,
            "Keys": keys,
            "SequenceNumber": self.sequence,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        });
        if let Some(members) = change.as_object_mut() {
            for (name, image) in [("NewImage", &self.new_image), ("OldImage", &self.old_image)] {
                if let Some(image) = image {
                    size += image.len();
                    members.insert(name.to_owned(), serde_json::from_str(image)?);
                }
            }
            members.insert("SizeBytes".to_owned(), json!(size));
        }
        let expired = self.event_name == EXPIRE;
        let mut event = json!({
            "eventID": self.event_id,
            "eventName": if expired { "REMOVE" } else { &self.event_name },
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": crate::REGION,
            "dynamodb": change,
            "eventSourceARN": stream_arn(table),
        });
        if let Some(members) = event.as_object_mut().filter(|_| expired) {
            let service = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
            members.insert("userIdentity".to_owned(), service);
        }
        Ok(event)
    }
}

/// The sequence number for what dynoxide stores.
fn shown(stored: i64) -> String {
    (SEQUENCE_OFFSET + i128::from(stored)).to_string()
}

/// The number that dynoxide stores for a sequence number.
fn stored(sequence: &str) -> Result<i64, Error> {
    if sequence.is_empty() {
        return Ok(0);
    }
    let number: Option<i128> = sequence.parse().ok();
    number
        .and_then(|number| i64::try_from(number - SEQUENCE_OFFSET).ok())
        .ok_or_else(|| Error::Broken(format!("{sequence:?} is no sequence number")))
}

/// Does one operation in its JSON.
pub(crate) fn dispatch(db: &Database, operation: &str, body: &[u8]) -> dynoxide::Result<String> {
    match operation {
        "CreateTable" => run(body, |request| db.create_table(request)),
        "DeleteTable" => run(body, |request| db.delete_table(request)),
        "DescribeTable" => run(body, |request| db.describe_table(request)),
        "ListTables" => run(body, |request| db.list_tables(request)),
        "UpdateTable" => run(body, |request| db.update_table(request)),
        "UpdateTimeToLive" => run(body, |request| db.update_time_to_live(request)),
        "DescribeTimeToLive" => run(body, |request| db.describe_time_to_live(request)),
        "PutItem" => run(body, |request| db.put_item(request)),
        "GetItem" => run(body, |request| db.get_item(request)),
        "UpdateItem" => run(body, |request| db.update_item(request)),
        "DeleteItem" => run(body, |request| db.delete_item(request)),
        "Query" => run(body, |request| db.query(request)),
        "Scan" => run(body, |request| db.scan(request)),
        "BatchGetItem" => run(body, |request| db.batch_get_item(request)),
        "BatchWriteItem" => run(body, |request| db.batch_write_item(request)),
        "TransactWriteItems" => run(body, |request| db.transact_write_items(request)),
        "TransactGetItems" => run(body, |request| db.transact_get_items(request)),
        other => Err(DynoxideError::UnsupportedCapability(other.to_owned())),
    }
}

fn run<Q: DeserializeOwned, R: Serialize>(
    body: &[u8],
    operation: impl FnOnce(Q) -> dynoxide::Result<R>,
) -> dynoxide::Result<String> {
    let request = serde_json::from_slice(body).map_err(|error| unreadable(&error.to_string()))?;
    let response = operation(request)?;
    serde_json::to_string(&response)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Dynoxide's own server tells the two kinds apart by marks in the message; so do we.
fn unreadable(message: &str) -> DynoxideError {
    let (message, _position) = message.rsplit_once(" at line ").unwrap_or((message, ""));
    for mark in ["VALIDATION:", "VALIDATION_REQUEST:", "VALIDATION_AS_READ:"] {
        if let Some(message) = message.strip_prefix(mark) {
            return DynoxideError::ValidationException(message.to_owned());
        }
    }
    let marked = message.strip_prefix("SERIALIZATION:");
    let marked = marked.or_else(|| message.strip_prefix("SERIALIZATION_AS_READ:"));
    match marked {
        Some(message) => DynoxideError::SerializationException(message.to_owned()),
        None => DynoxideError::ValidationException(message.to_owned()),
    }
}

/// The ARN of a table's stream, as events carry it.
pub(crate) fn stream_arn(table: &str) -> String {
    let (region, account) = (crate::REGION, crate::ACCOUNT);
    format!("arn:aws:dynamodb:{region}:{account}:table/{table}/stream/2026-01-01T00:00:00.000")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(dynamo: &Dynamo, sk: &str) {
        let item = json!({"TableName": "masa", "Item": {"pk": {"S": "p"}, "sk": {"S": sk}}});
        dispatch(&dynamo.tables().db, "PutItem", item.to_string().as_bytes()).unwrap();
    }

    fn sequences(dynamo: &Dynamo, after: &str) -> Vec<String> {
        let records = dynamo.records("masa", after, 100).unwrap();
        records.into_iter().map(|record| record.sequence).collect()
    }

    #[test]
    fn removing_stream_records_loses_no_later_one() {
        let dynamo = Dynamo::open(None).unwrap();
        dynamo.ensure_table("masa").unwrap();
        dynamo.ensure_table("masa").unwrap();
        for sk in ["1", "2", "3", "4", "5"] {
            put(&dynamo, sk);
        }
        let all = sequences(&dynamo, "");
        assert_eq!(all.len(), 5);
        dynamo.prune("masa", &all[2]).unwrap();
        assert_eq!(sequences(&dynamo, ""), all[3..]);
        dynamo.prune("masa", &all[4]).unwrap();
        assert_eq!(sequences(&dynamo, ""), Vec::<String>::new());
        put(&dynamo, "6");
        let later = sequences(&dynamo, &all[4]);
        assert_eq!(later.len(), 1);
        assert!(later[0] > all[4]);
    }

    #[test]
    fn dynoxide_is_left_with_one_stream_record_a_table() {
        let dynamo = Dynamo::open(None).unwrap();
        for table in ["masa", "other"] {
            dynamo.ensure_table(table).unwrap();
        }
        for sk in ["1", "2", "3"] {
            put(&dynamo, sk);
        }
        let count = "SELECT count(*) FROM _stream_records";
        let left: i64 = dynamo.tables().side.query_row(count, [], |row| row.get(0)).unwrap();
        assert_eq!((left, sequences(&dynamo, "").len()), (1, 3));
    }
}

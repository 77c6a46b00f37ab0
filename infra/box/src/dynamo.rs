//! `DynamoDB`: dynoxide, and the care that its stream needs.

use std::{
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use dynoxide::{
    Database, DynoxideError,
    actions::{
        get_records::{GetRecordsRequest, Record},
        get_shard_iterator::encode_shard_iterator,
    },
    streams::shard_id,
};
use rusqlite::{Connection, params};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    Error,
    answer::{Answer, Protocol, Refusal},
};

/// What dynoxide adds to the sequence numbers that it stores.
const SEQUENCE_OFFSET: i128 = 100_000_000_000_000_000_000;

/// Numbers the databases in memory, which live in the process under a name.
static IN_MEMORY: AtomicU64 = AtomicU64::new(0);

/// The tables of a box.
pub(crate) struct Dynamo(Mutex<Tables>);

struct Tables {
    db: Database,
    /// A second connection to the same database. Dynoxide keeps every stream record for ever and searches them all
    /// at each write; this one gives them an index and removes what every consumer has had.
    side: Connection,
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
        side.execute_batch(
            "CREATE INDEX IF NOT EXISTS masa_box_stream
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
        )?;
        Ok(Self(Mutex::new(Tables { db, side })))
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
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

    /// Makes Masa's table when it is missing: keys `pk` and `sk`, TTL on `expires`, a stream with both images.
    pub(crate) fn ensure_table(&self, name: &str) -> Result<(), Error> {
        let table = json!({
            "TableName": name,
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        });
        let ttl = json!({
            "TableName": name,
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true},
        });
        let tables = self.tables();
        match dispatch(&tables.db, "CreateTable", table.to_string().as_bytes()) {
            Ok(_) | Err(DynoxideError::ResourceInUseException(_)) => {}
            Err(error) => return Err(error.into()),
        }
        match dispatch(&tables.db, "UpdateTimeToLive", ttl.to_string().as_bytes()) {
            // It is enabled already.
            Ok(_) | Err(DynoxideError::ValidationException(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Up to `limit` stream records after a sequence number, which is empty at the start of the stream.
    pub(crate) fn records(
        &self,
        table: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        let request = GetRecordsRequest {
            shard_iterator: encode_shard_iterator(table, &shard_id(table), stored(after)?),
            limit: Some(limit),
        };
        match self.tables().db.get_records(request) {
            Ok(response) => Ok(response.records),
            Err(DynoxideError::ResourceNotFoundException(_)) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes the stream records up to a sequence number, but never the last: the next number is counted from it.
    pub(crate) fn prune(&self, table: &str, upto: &str) -> Result<(), Error> {
        let tables = self.tables();
        let mut statement = tables.side.prepare_cached(
            "DELETE FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2
             AND CAST(sequence_number AS INTEGER) <
                 (SELECT max(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1)",
        )?;
        statement.execute(params![table, stored(upto)?])?;
        Ok(())
    }
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

fn dispatch(db: &Database, operation: &str, body: &[u8]) -> dynoxide::Result<String> {
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

/// A stream record as Lambda hands it to a function. `created_s` is in seconds since 1970.
pub(crate) fn event_record(record: &Record, table: &str, created_s: f64) -> Result<Value, Error> {
    let mut event = serde_json::to_value(record)?;
    if let Some(members) = event.as_object_mut() {
        members.insert("awsRegion".to_owned(), json!(crate::REGION));
        members.insert("eventSourceARN".to_owned(), json!(stream_arn(table)));
    }
    if let Some(created) = event.pointer_mut("/dynamodb/ApproximateCreationDateTime") {
        *created = json!(created_s);
    }
    Ok(event)
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
        records.into_iter().map(|record| record.dynamodb.sequence_number).collect()
    }

    #[test]
    fn removing_stream_records_leaves_the_last_and_loses_no_later_one() {
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
        assert_eq!(sequences(&dynamo, ""), all[4..]);
        put(&dynamo, "6");
        let later = sequences(&dynamo, &all[4]);
        assert_eq!(later.len(), 1);
        assert!(later[0] > all[4]);
    }

    #[test]
    fn dynoxide_finds_the_last_stream_record_by_our_index() {
        let dynamo = Dynamo::open(None).unwrap();
        let tables = dynamo.tables();
        // What dynoxide asks at every write and at every read of the stream.
        for question in [
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 'masa'",
            "SELECT new_image FROM _stream_records WHERE table_name = 'masa' AND shard_id = 's'
             AND CAST(sequence_number AS INTEGER) > 1 ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 10",
        ] {
            let mut plan = tables.side.prepare(&format!("EXPLAIN QUERY PLAN {question}")).unwrap();
            let steps = plan.query_map([], |row| row.get::<_, String>(3)).unwrap();
            let steps: Vec<String> = steps.collect::<Result<_, _>>().unwrap();
            assert_eq!(steps.len(), 1, "{steps:?}");
            assert!(steps[0].contains(" INDEX masa_box_stream "), "{steps:?}");
        }
    }
}

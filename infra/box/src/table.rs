//! Masa's table: its shape, its stream for a witness, and what expires.

use dynoxide::{Database, DynoxideError};
use serde_json::{Value, json};

use crate::{
    AwsBox, Error,
    dynamo::{Dynamo, dispatch},
};

/// The indexes: name, partition key, sort key. Only items with both attributes are in them.
const INDEXES: [[&str; 3]; 2] = [["overdue", "watch", "due"], ["dates", "shard", "look"]];

impl AwsBox {
    /// Makes a table like the template's when it is missing: keys `pk` and `sk` (strings), the indexes `overdue` by
    /// `watch` (string) and `due` (number) and `dates` by `shard` and `look` with the keys only, TTL on `expires`, a stream with both images. A table of
    /// an older data folder gets the indexes.
    ///
    /// # Errors
    /// When the table's database fails.
    pub fn ensure_table(&self, name: &str) -> Result<(), Error> {
        self.0.dynamo.ensure_table(name)
    }

    /// Deletes what expired before the box's time, as the time to live does; returns how many items that were.
    ///
    /// # Errors
    /// When the table's database fails.
    pub fn expire(&self, table: &str) -> Result<usize, Error> {
        let expired = self.0.dynamo.expire(table, self.0.clock.micros() / 1_000_000)?;
        self.0.changed.notify_one();
        Ok(expired)
    }

    /// The sequence number of the newest record in a table's stream; empty when none was written yet.
    ///
    /// # Errors
    /// When the table's database fails.
    pub fn stream_head(&self, table: &str) -> Result<String, Error> {
        self.0.dynamo.stream_head(table)
    }

    /// The records of a table's stream after a sequence number, which is empty for the start, as Lambda hands them to
    /// a function: for a witness, who misses none when [`AwsBox::keep_records`] was called first.
    ///
    /// # Errors
    /// When the table's database fails, or for what is no sequence number.
    pub fn records(&self, table: &str, after: &str) -> Result<Vec<Value>, Error> {
        let records = self.0.dynamo.records(table, after, usize::MAX)?;
        records.iter().map(|record| record.event(table, self.0.created_s(record))).collect()
    }

    /// From now on this box removes no stream record, though all its functions have had it.
    pub fn keep_records(&self) {
        self.0.dynamo.keep_records();
    }
}

impl Dynamo {
    pub(crate) fn ensure_table(&self, name: &str) -> Result<(), Error> {
        let table = json!({
            "TableName": name,
            "AttributeDefinitions": definitions(&["pk", "sk", "watch", "due", "shard", "look"]),
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "GlobalSecondaryIndexes": INDEXES.map(index),
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        });
        let ttl = json!({
            "TableName": name,
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": true},
        });
        let tables = self.tables();
        match call(&tables.db, "CreateTable", &table) {
            Ok(_) => {}
            Err(DynoxideError::ResourceInUseException(_)) => ensure_indexes(&tables.db, name)?,
            Err(error) => return Err(error.into()),
        }
        match call(&tables.db, "UpdateTimeToLive", &ttl) {
            // It is enabled already.
            Ok(_) | Err(DynoxideError::ValidationException(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn expire(&self, table: &str, now_s: i64) -> Result<usize, Error> {
        let tables = self.tables();
        let before = tables.stream_head(table)?;
        let mut expired = 0;
        let mut scan = json!({
            "TableName": table,
            "FilterExpression": "#expires < :now",
            "ProjectionExpression": "pk, sk",
            "ExpressionAttributeNames": {"#expires": "expires"},
            "ExpressionAttributeValues": {":now": {"N": now_s.to_string()}},
        });
        loop {
            let mut page = call(&tables.db, "Scan", &scan)?;
            for key in page.get("Items").and_then(Value::as_array).into_iter().flatten() {
                call(&tables.db, "DeleteItem", &json!({"TableName": table, "Key": key}))?;
                expired += 1;
            }
            let next = page.get_mut("LastEvaluatedKey").map(Value::take);
            let Some((next, members)) = next.zip(scan.as_object_mut()) else {
                break;
            };
            members.insert("ExclusiveStartKey".to_owned(), next);
        }
        tables.mark_expired(table, &before)?;
        Ok(expired)
    }
}

fn call(db: &Database, operation: &str, input: &Value) -> dynoxide::Result<Value> {
    let output = dispatch(db, operation, input.to_string().as_bytes())?;
    serde_json::from_str(&output)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn index([name, hash, range]: [&str; 3]) -> Value {
    json!({
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": hash, "KeyType": "HASH"},
            {"AttributeName": range, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    })
}

fn definitions(names: &[&str]) -> Value {
    let kind = |name: &str| if matches!(name, "due" | "look") { "N" } else { "S" };
    let all = names.iter().map(|name| json!({"AttributeName": name, "AttributeType": kind(name)}));
    all.collect()
}

/// Adds the indexes to a table that was made without them, with the items that are there.
fn ensure_indexes(db: &Database, table: &str) -> Result<(), Error> {
    let described = call(db, "DescribeTable", &json!({"TableName": table}))?;
    let indexes = described.pointer("/Table/GlobalSecondaryIndexes").and_then(Value::as_array);
    for [name, hash, range] in INDEXES {
        let named = |index: &Value| index.get("IndexName").and_then(Value::as_str) == Some(name);
        if !indexes.into_iter().flatten().any(named) {
            let update = json!({
                "TableName": table,
                "AttributeDefinitions": definitions(&[hash, range]),
                "GlobalSecondaryIndexUpdates": [{"Create": index([name, hash, range])}],
            });
            call(db, "UpdateTable", &update)?;
        }
    }
    Ok(())
}

//! Keys, and values as items.

use std::collections::HashMap;

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement,
        KeyType, Projection, ProjectionType, ScalarAttributeType, StreamSpecification,
        StreamViewType, TimeToLiveSpecification,
    },
};
use jiff::{SignedDuration, Timestamp};
use masa_domain::{ContactId, FactId, MessageId, RunId};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, unavailable};

pub(crate) type Item = HashMap<String, AttributeValue>;

/// The sort key of a contact's state.
pub const STATE: &str = "@";
/// The sort key of a contact's refusals. It and the next begin with [`STATE`], so that one query
/// reads all three.
pub const REFUSALS: &str = "@C";
/// The sort key of a contact's suppressions.
pub const SUPPRESSIONS: &str = "@S";

/// The sparse index of contacts that somebody should look after from some moment on.
pub(crate) const OVERDUE: &str = "overdue";
/// Its partition key: one of [`WATCHES`].
pub(crate) const WATCH: &str = "watch";
/// Its sort key: that moment, seconds since 1970.
pub(crate) const DUE: &str = "due";
/// The index's partitions: several, so that one partition's thousand writes a second are no limit.
pub const WATCHES: [&str; 8] = ["0", "1", "2", "3", "4", "5", "6", "7"];

/// The index of all contacts by when they are to be looked at for their dates.
pub(crate) const DATES: &str = "dates";
/// Its partition key: one of [`WATCHES`].
pub(crate) const SHARD: &str = "shard";
/// Its sort key: that moment, seconds since 1970, or [`NEVER`].
pub(crate) const LOOK: &str = "look";
/// No moment is known: the last second of the year 9999.
pub(crate) const NEVER: i64 = 253_402_300_799;

/// The index's partition of a contact.
pub(crate) fn watch(contact: ContactId) -> &'static str {
    let [first, ..] = contact.0.bytes();
    WATCHES.get(usize::from(first % 8)).copied().unwrap_or_default()
}

/// How long facts and messages are kept: thirteen months, so that last year's season can still be
/// compared.
const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// The table's keys.
pub mod key {
    use super::{ContactId, FactId, MessageId, RunId};

    /// The partition of a contact.
    pub fn contact(id: ContactId) -> String {
        format!("C#{id}")
    }

    /// A fact in its contact's partition.
    pub fn fact(id: FactId) -> String {
        format!("F#{id}")
    }

    /// What the messages of a run begin with.
    pub fn messages(run: RunId) -> String {
        format!("M#{run}#")
    }

    /// A message in its contact's partition, in the order of the run's generations.
    pub fn message(id: MessageId) -> String {
        format!("{}{:010}", messages(id.run), id.generation)
    }

    /// The contact whose partition this is, if it is one's.
    pub fn contact_of(pk: &str) -> Option<ContactId> {
        pk.strip_prefix("C#")?.parse().ok()
    }

    /// The fact under this sort key, if it is one's.
    pub fn fact_of(sk: &str) -> Option<FactId> {
        sk.strip_prefix("F#")?.parse().ok()
    }

    /// The message under this sort key, if it is one's.
    pub fn message_of(sk: &str) -> Option<MessageId> {
        let (run, generation) = sk.strip_prefix("M#")?.split_once('#')?;
        Some(MessageId { run: run.parse().ok()?, generation: generation.parse().ok()? })
    }

    /// The partition of a flow.
    pub fn flow(name: &str) -> String {
        format!("FLOW#{name}")
    }

    /// A version in its flow's partition.
    pub fn version(version: u32) -> String {
        format!("V#{version:06}")
    }
}

pub(crate) fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(crate) fn at(at: Timestamp) -> AttributeValue {
    text(at.to_string())
}

/// The time to live of something that happened at `at`: epoch seconds.
pub(crate) fn expires(at: Timestamp) -> AttributeValue {
    let end = at.checked_add(KEPT).unwrap_or(Timestamp::MAX);
    AttributeValue::N(end.as_second().to_string())
}

/// `value` as an item under its key.
pub(crate) fn to_item(pk: &str, sk: &str, value: &impl Serialize) -> Result<Item, Error> {
    let mut item: Item = serde_dynamo::to_item(value).map_err(|error| corrupt(pk, sk, &error))?;
    item.insert("pk".to_owned(), text(pk));
    item.insert("sk".to_owned(), text(sk));
    Ok(item)
}

pub(crate) fn from_item<T: DeserializeOwned>(mut item: Item) -> Result<T, Error> {
    // Taken out, for they are no part of a value that is a map of names.
    let mut part = |name| item.remove(name).and_then(|value| value.as_s().ok().cloned());
    let (pk, sk) = (part("pk").unwrap_or_default(), part("sk").unwrap_or_default());
    serde_dynamo::from_item(item).map_err(|error| corrupt(&pk, &sk, &error))
}

/// Reads an image of a stream record.
///
/// # Errors
/// [`Error::Corrupt`] when it is not what is expected under such a key.
pub fn from_image<T: DeserializeOwned>(sk: &str, image: serde_dynamo::Item) -> Result<T, Error> {
    serde_dynamo::from_item(image).map_err(|error| corrupt("(stream)", sk, &error))
}

pub(crate) fn corrupt(pk: &str, sk: &str, error: &dyn std::error::Error) -> Error {
    Error::Corrupt { key: format!("{pk} {sk}"), cause: without_values(&error.to_string()) }
}

/// What did not fit, without what stood there: serde quotes values, and a value may be a person.
fn without_values(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut within = None;
    for c in text.chars() {
        match (within, c) {
            (None, '"' | '`') => {
                within = Some(c);
                kept.push('…');
            }
            (None, _) => kept.push(c),
            (Some(quote), _) if c == quote => within = None,
            (Some(_), _) => {}
        }
    }
    kept
}

/// Creating the table where SAM's template does not: in the box and in tests.
#[derive(Debug, Clone, Copy)]
pub struct Table;

impl Table {
    /// Creates the table as `infra/template.yaml` describes it.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when DynamoDB refuses.
    pub async fn create(client: &Client, name: &str) -> Result<(), Error> {
        let refused = |error| unavailable("CreateTable", error);
        let key = |name: &str, kind: KeyType| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build()
        };
        let attribute = |name: &str, kind: ScalarAttributeType| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()
        };
        let built = |error: aws_sdk_dynamodb::error::BuildError| Error::Unavailable {
            operation: "CreateTable",
            cause: error.to_string(),
            permanent: true,
        };
        let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
        let index = |name, hash, range| {
            GlobalSecondaryIndex::builder()
                .index_name(name)
                .key_schema(key(hash, KeyType::Hash)?)
                .key_schema(key(range, KeyType::Range)?)
                .projection(keys_only.clone())
                .build()
        };
        client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .key_schema(key("pk", KeyType::Hash).map_err(built)?)
            .key_schema(key("sk", KeyType::Range).map_err(built)?)
            .attribute_definitions(attribute("pk", ScalarAttributeType::S).map_err(built)?)
            .attribute_definitions(attribute("sk", ScalarAttributeType::S).map_err(built)?)
            .attribute_definitions(attribute(WATCH, ScalarAttributeType::S).map_err(built)?)
            .attribute_definitions(attribute(DUE, ScalarAttributeType::N).map_err(built)?)
            .attribute_definitions(attribute(SHARD, ScalarAttributeType::S).map_err(built)?)
            .attribute_definitions(attribute(LOOK, ScalarAttributeType::N).map_err(built)?)
            .global_secondary_indexes(index(OVERDUE, WATCH, DUE).map_err(built)?)
            .global_secondary_indexes(index(DATES, SHARD, LOOK).map_err(built)?)
            .stream_specification(
                StreamSpecification::builder()
                    .stream_enabled(true)
                    .stream_view_type(StreamViewType::NewAndOldImages)
                    .build()
                    .map_err(built)?,
            )
            .send()
            .await
            .map_err(refused)?;
        let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires");
        client
            .update_time_to_live()
            .table_name(name)
            .time_to_live_specification(ttl.build().map_err(built)?)
            .send()
            .await
            .map_err(|error| unavailable("UpdateTimeToLive", error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::without_values;

    #[test]
    fn an_error_tells_no_value() {
        let text = "invalid type: string \"noa@example.com\", expected u32";
        assert_eq!(without_values(text), "invalid type: string …, expected u32");
        assert_eq!(without_values("unknown variant `noa@example.com`"), "unknown variant …");
        assert_eq!(without_values("an end that is missing \"noa@exam"), "an end that is missing …");
    }
}

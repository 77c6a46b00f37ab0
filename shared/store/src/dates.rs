//! The index of when contacts are to be looked at for their dates, and the walk through all of them that a
//! newly published date asks for.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use masa_domain::ContactId;
use serde::{Deserialize, Serialize};

use crate::{
    Store,
    contacts::indexed,
    error::{Error, unavailable},
    item::{DATES, Item, LOOK, SHARD, STATE, WATCHES, corrupt, key, text},
};

const WALK: &str = "WALK";

/// Which dates all contacts were told of, and how far those have come that they are being told of now.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// The dates and silences of the flows, in words.
    pub dates: BTreeSet<String>,
    /// Where the walk stands; none when it is over.
    pub at: Option<Place>,
}

/// A place in the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The part: an index of [`crate::WATCHES`].
    pub shard: usize,
    /// The contact behind which it goes on, and when that one is to be looked at; none at the beginning.
    pub after: Option<(ContactId, i64)>,
}

impl Place {
    /// The beginning of the next part; none after the last.
    pub fn next_shard(self) -> Option<Self> {
        let shard = self.shard.checked_add(1)?;
        (shard < WATCHES.len()).then_some(Self { shard, after: None })
    }
}

impl Store {
    /// Contacts that were to be looked at for their dates up to `until`, the earliest first: one page of the
    /// index, of one of [`crate::WATCHES`].
    ///
    /// # Errors
    /// [`Error`] when the index can't be read.
    pub async fn looks(
        &self,
        shard: &str,
        until: Timestamp,
        limit: i32,
    ) -> Result<Vec<ContactId>, Error> {
        let page = self
            .dates(shard, limit)
            .key_condition_expression("#shard = :shard AND #look <= :until");
        let page = page
            .expression_attribute_names("#look", LOOK)
            .expression_attribute_values(":until", number(until.as_second()))
            .send()
            .await
            .map_err(|error| unavailable("Query", error))?;
        page.items.unwrap_or_default().iter().map(indexed).collect()
    }

    /// One page of all contacts, and the place behind it; none at the end of the part. A contact that moves
    /// meanwhile may be met twice, or not at all: then it was decided upon since.
    ///
    /// # Errors
    /// [`Error`] when the index can't be read.
    pub async fn everybody(
        &self,
        from: Place,
        limit: i32,
    ) -> Result<(Vec<ContactId>, Option<Place>), Error> {
        let shard = WATCHES.get(from.shard).copied().unwrap_or_default();
        let start = from.after.map(|(contact, look)| {
            Item::from([
                ("pk".to_owned(), text(key::contact(contact))),
                ("sk".to_owned(), text(STATE)),
                (SHARD.to_owned(), text(shard)),
                (LOOK.to_owned(), number(look)),
            ])
        });
        let page = self
            .dates(shard, limit)
            .key_condition_expression("#shard = :shard")
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| unavailable("Query", error))?;
        let met = page.items.unwrap_or_default().iter().map(indexed).collect::<Result<_, _>>()?;
        let Some(last) = page.last_evaluated_key else { return Ok((met, None)) };
        let look = last.get(LOOK).and_then(|look| look.as_n().ok()?.parse().ok());
        let after = Some((indexed(&last)?, look.unwrap_or_default()));
        Ok((met, Some(Place { after, ..from })))
    }

    fn dates(
        &self,
        shard: &str,
        limit: i32,
    ) -> aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder {
        self.client
            .query()
            .table_name(&self.table)
            .index_name(DATES)
            .expression_attribute_names("#shard", SHARD)
            .expression_attribute_values(":shard", text(shard))
            .limit(limit)
    }

    /// How far the last walk came; the beginning of none when there was none.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn walk(&self) -> Result<Walk, Error> {
        Ok(self.body(DATES, WALK).await?.unwrap_or_default())
    }

    /// Keeps how far a walk came. Two that walk at once look at some contacts twice, and miss none.
    ///
    /// # Errors
    /// [`Error`]; it is then where it was.
    pub async fn keep_walk(&self, walk: &Walk) -> Result<(), Error> {
        let body = serde_json::to_string(walk).map_err(|error| corrupt(DATES, WALK, &error))?;
        self.client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(DATES))
            .item("sk", text(WALK))
            .item("body", text(body))
            .send()
            .await
            .map_err(|error| unavailable("PutItem", error))?;
        Ok(())
    }
}

fn number(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

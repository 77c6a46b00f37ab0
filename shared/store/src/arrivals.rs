//! When facts came in: for who looks for those that got lost.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use masa_domain::{ContactId, FactId};

use crate::{
    Store,
    error::{Error, unavailable},
    item::{Item, at, key, text},
};

/// Instants are compared as text, and that has an order to the second only: a fraction sorts before
/// the second that it follows.
const SLACK: SignedDuration = SignedDuration::from_secs(1);

/// That a fact came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Whom it concerns.
    pub contact: ContactId,
    /// Which.
    pub fact: FactId,
    /// When.
    pub received_at: Timestamp,
}

impl Store {
    /// The facts that came in from `first` to `last`: a scan, whose cost grows with the table. Items
    /// that can't be read are left out.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read.
    pub async fn arrivals(&self, first: Timestamp, last: Timestamp) -> Result<Vec<Arrival>, Error> {
        let from = first.checked_sub(SLACK).unwrap_or(Timestamp::MIN);
        let to = last.checked_add(SLACK).unwrap_or(Timestamp::MAX);
        let mut items = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("begins_with(sk, :fact) AND received_at BETWEEN :from AND :to")
            .projection_expression("pk, sk, received_at")
            .expression_attribute_values(":fact", text("F#"))
            .expression_attribute_values(":from", at(from))
            .expression_attribute_values(":to", at(to))
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = items.next().await {
            let item = item.map_err(|error| unavailable("Scan", error))?;
            found.extend(arrival(&item).filter(|it| (first..=last).contains(&it.received_at)));
        }
        Ok(found)
    }
}

fn arrival(item: &Item) -> Option<Arrival> {
    let part = |name| match item.get(name) {
        Some(AttributeValue::S(text)) => Some(text.as_str()),
        _ => None,
    };
    Some(Arrival {
        contact: key::contact_of(part("pk")?)?,
        fact: key::fact_of(part("sk")?)?,
        received_at: part("received_at")?.parse().ok()?,
    })
}

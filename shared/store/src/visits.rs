//! What comes from one network address, so that nobody floods a form.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::{SignedDuration, Timestamp};
use masa_domain::Id;

use crate::{Error, Settle, Store, item::text, messages::write};

/// How many submissions of one form from one address count in [`SLOT_SECONDS`]: a family and an office share
/// one, a program sends thousands.
const MOST: u32 = 20;

/// How long a slot lasts.
const SLOT_SECONDS: i64 = 600;

/// How long a count is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Store {
    /// Counts a submission of a form by `visitor`: one conditional write. False when there were twenty in these
    /// ten minutes already.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: counted or not.
    pub async fn admit(&self, visitor: Id, form: &str, now: Timestamp) -> Result<bool, Error> {
        let slot = now.as_second().div_euclid(SLOT_SECONDS);
        let expires = now.checked_add(KEPT).unwrap_or(Timestamp::MAX).as_second();
        let number = |number: i64| AttributeValue::N(number.to_string());
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(format!("V#{visitor}")))
            .key("sk", text(format!("{form}#{slot}")))
            .update_expression("SET expires = :expires ADD visits :one")
            .condition_expression("attribute_not_exists(visits) OR visits < :most")
            .expression_attribute_values(":expires", number(expires))
            .expression_attribute_values(":one", number(1))
            .expression_attribute_values(":most", number(MOST.into()));
        Ok(write(update).await? == Settle::Done)
    }
}

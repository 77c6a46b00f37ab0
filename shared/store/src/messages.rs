//! Messages: claimed before they are sent, settled after, marked when read.

use aws_sdk_dynamodb::{
    operation::{
        put_item::PutItemError,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure},
};
use jiff::Timestamp;
use masa_domain::{ContactId, Message, MessageId, RunId, Status};

use crate::{
    Store,
    error::{Error, unavailable},
    item::{at, corrupt, expires, from_item, key, text, to_item},
};

/// The answer to a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// The message is the caller's to send.
    Won,
    /// Somebody claimed it before: as it stands now.
    Held(Box<Message>),
}

/// The answer to an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    /// It is recorded.
    Done,
    /// The claim is not the caller's any more; what stands, stands.
    Lost,
}

impl Store {
    /// Claims a message: one conditional write. A claim whose answer was lost is recognised by its
    /// owner when it is made again.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: claimed or not; the lease will tell.
    pub async fn claim(&self, message: &Message, now: Timestamp) -> Result<Claim, Error> {
        let mut item = to_item(&key::contact(message.contact), &key::message(message.id), message)?;
        item.insert("expires".to_owned(), expires(now));
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR #status.#status = :released")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":released", text("released"))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(Claim::Won),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(lost)) => {
                let held: Message = from_item(lost.item.clone().unwrap_or_default())?;
                let own = matches!(
                    (&held.status, &message.status),
                    (Status::Claimed { owner: held, .. }, Status::Claimed { owner: mine, .. })
                        if held == mine
                );
                Ok(if own { Claim::Won } else { Claim::Held(Box::new(held)) })
            }
            _ => Err(unavailable("PutItem", error)),
        }
    }

    /// Records a message's outcome, if the claim is still that of `owner`: one conditional write.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: recorded or not; it may be done again.
    pub async fn settle(
        &self,
        contact: ContactId,
        id: MessageId,
        owner: &str,
        outcome: &Status,
    ) -> Result<Settle, Error> {
        let (pk, sk) = (key::contact(contact), key::message(id));
        let status: AttributeValue =
            serde_dynamo::to_attribute_value(outcome).map_err(|error| corrupt(&pk, &sk, &error))?;
        let update = self
            .update(contact, id)
            .update_expression("SET #status = :outcome")
            .condition_expression("#status.#owner = :owner")
            .expression_attribute_names("#status", "status")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner))
            .expression_attribute_values(":outcome", status);
        write(update).await
    }

    /// Records a fetch of a message's pixel: one write. A message that is gone stays gone.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn opened(
        &self,
        contact: ContactId,
        id: MessageId,
        now: Timestamp,
    ) -> Result<(), Error> {
        let update = self
            .update(contact, id)
            .update_expression("SET opened_at = if_not_exists(opened_at, :at) ADD opens :one")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":at", at(now))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        // Lost is gone: there is nothing to mark any more.
        write(update).await.map(|_| ())
    }

    /// Records a follow of a message's link: one write. A message that is gone stays gone.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn clicked(
        &self,
        contact: ContactId,
        id: MessageId,
        link: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let update = self
            .update(contact, id)
            .update_expression(
                "SET clicked_at = if_not_exists(clicked_at, :at), \
                 links.#link = if_not_exists(links.#link, :at) ADD clicks :one",
            )
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#link", link)
            .expression_attribute_values(":at", at(now))
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
        // Lost is gone: there is nothing to mark any more.
        write(update).await.map(|_| ())
    }

    fn update(&self, contact: ContactId, id: MessageId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::contact(contact)))
            .key("sk", text(key::message(id)))
    }

    /// The messages of all contacts, for the console: a scan, whose cost grows with the table.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn all_messages(&self) -> Result<Vec<Message>, Error> {
        self.scan("begins_with(sk, :kind)", "M#").await
    }

    /// Reads the messages of a run: one strongly consistent query.
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn messages(&self, contact: ContactId, run: RunId) -> Result<Vec<Message>, Error> {
        let items = self.query(contact, &key::messages(run)).await?;
        items.into_iter().map(from_item).collect()
    }
}

/// Makes a conditional update.
async fn write(update: UpdateItemFluentBuilder) -> Result<Settle, Error> {
    match update.send().await {
        Ok(_) => Ok(Settle::Done),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(UpdateItemError::is_conditional_check_failed_exception) =>
        {
            Ok(Settle::Lost)
        }
        Err(error) => Err(unavailable("UpdateItem", error)),
    }
}

//! Messages: claimed before they are sent, settled after, marked when read.

use aws_sdk_dynamodb::{
    operation::{
        put_item::PutItemError,
        update_item::{UpdateItemError, builders::UpdateItemFluentBuilder},
    },
    types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use jiff::Timestamp;
use masa_domain::{
    ContactId, MARKS_MAX, Message, MessageId, RunId, Status,
    planted::{self, Bug},
};

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
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match put.send().await {
            Ok(_) => return Ok(Claim::Won),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(lost)) => {
                let held: Message = from_item(lost.item.clone().unwrap_or_default())?;
                Ok(own_or_held(held, &message.status))
            }
            _ => Err(unavailable("PutItem", error)),
        }
    }

    /// Claims a message that was claimed before, and was released, or whose claim has run out: one
    /// conditional write, on `held` as it was read.
    ///
    /// # Errors
    /// [`Error::Unavailable`]: claimed or not; the lease will tell.
    pub async fn take_over(&self, held: &Message, claim: &Status) -> Result<Claim, Error> {
        let update = self.set_status(held.contact, held.id, claim)?;
        let update = match &held.status {
            Status::Claimed { owner, .. } => update
                .condition_expression("#status.#owner = :owner")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", text(owner)),
            Status::Released { at: released, .. } => update
                .condition_expression("#status.#status = :released AND #status.#at = :at")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":released", text("released"))
                .expression_attribute_values(":at", at(*released)),
            // What is settled stays.
            _ => return Ok(Claim::Held(Box::new(held.clone()))),
        };
        let update = update
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(_) => return Ok(Claim::Won),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(lost)) => {
                let Some(item) = lost.item.clone() else {
                    // It is gone; there is nothing to send for.
                    return Ok(Claim::Held(Box::new(held.clone())));
                };
                Ok(own_or_held(from_item(item)?, claim))
            }
            _ => Err(unavailable("UpdateItem", error)),
        }
    }

    fn set_status(
        &self,
        contact: ContactId,
        id: MessageId,
        status: &Status,
    ) -> Result<UpdateItemFluentBuilder, Error> {
        let (pk, sk) = (key::contact(contact), key::message(id));
        let status: AttributeValue =
            serde_dynamo::to_attribute_value(status).map_err(|error| corrupt(&pk, &sk, &error))?;
        Ok(self
            .update(contact, id)
            .update_expression("SET #status = :status")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":status", status))
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
        let update = self.set_status(contact, id, outcome)?;
        if planted::on(Bug::SettleWithoutOwner) {
            return write(update).await;
        }
        let update = update
            .condition_expression("#status.#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", text(owner));
        write(update).await
    }

    /// Records that SES took a message, by its own word and whatever was recorded before: one
    /// conditional write.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; it may be done again.
    pub async fn taken(
        &self,
        contact: ContactId,
        id: MessageId,
        provider_id: &str,
        sent_at: Timestamp,
    ) -> Result<Settle, Error> {
        let sent = Status::Sent { at: sent_at, provider_id: provider_id.to_owned() };
        let update = self
            .set_status(contact, id, &sent)?
            .condition_expression("attribute_exists(pk) AND #status.#status <> :sent")
            .expression_attribute_values(":sent", text("sent"));
        write(update).await
    }

    /// Records what SES tells of a message's way after it took it: one write. Returns the message;
    /// `None` when it is gone.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; it may be done again.
    pub async fn mark(
        &self,
        contact: ContactId,
        id: MessageId,
        mark: Mark,
        marked_at: Timestamp,
    ) -> Result<Option<Message>, Error> {
        let update = self
            .update(contact, id)
            .update_expression("SET #mark = if_not_exists(#mark, :at)")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#mark", mark.attribute())
            .expression_attribute_values(":at", at(marked_at))
            .return_values(ReturnValue::AllNew);
        match update.send().await {
            Ok(marked) => marked.attributes.map(from_item).transpose(),
            Err(error) if lost(error.as_service_error()) => Ok(None),
            Err(error) => Err(unavailable("UpdateItem", error)),
        }
    }

    /// Records a fetch of a message's pixel: one write, counted once under its `request`. A message
    /// that is gone stays gone.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn opened(
        &self,
        contact: ContactId,
        id: MessageId,
        request: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let update = self
            .update(contact, id)
            .update_expression("SET opened_at = if_not_exists(opened_at, :at) ADD opens :request")
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(opens) OR size(opens) < :most)",
            )
            .expression_attribute_values(":at", at(now))
            .expression_attribute_values(":request", AttributeValue::Ss(vec![request.to_owned()]))
            .expression_attribute_values(":most", number(MARKS_MAX));
        // Lost is gone, or full: there is nothing to mark any more.
        write(update).await.map(|_| ())
    }

    /// Records a follow of a message's link: one write, counted once under its `request`. A message
    /// that is gone stays gone.
    ///
    /// # Errors
    /// [`Error::Unavailable`].
    pub async fn clicked(
        &self,
        contact: ContactId,
        id: MessageId,
        link: &str,
        request: &str,
        now: Timestamp,
    ) -> Result<(), Error> {
        let set = "SET clicked_at = if_not_exists(clicked_at, :at), \
                   links.#link = if_not_exists(links.#link, :at)";
        let update = |expression: String| {
            self.update(contact, id)
                .update_expression(expression)
                .expression_attribute_names("#link", link)
                .expression_attribute_values(":at", at(now))
        };
        let counted = update(format!("{set} ADD clicks :request"))
            .condition_expression(
                "attribute_exists(pk) AND (attribute_not_exists(clicks) OR size(clicks) < :most)",
            )
            .expression_attribute_values(":request", AttributeValue::Ss(vec![request.to_owned()]))
            .expression_attribute_values(":most", number(MARKS_MAX));
        if write(counted).await? == Settle::Done {
            return Ok(());
        }
        // It is gone, or has been followed so often that only another link is worth a note.
        write(update(set.to_owned()).condition_expression("attribute_exists(pk)")).await.map(|_| ())
    }

    fn update(&self, contact: ContactId, id: MessageId) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(key::contact(contact)))
            .key("sk", text(key::message(id)))
    }

    /// Reads one message; `None` when it is not there (any more).
    ///
    /// # Errors
    /// [`Error`] when the table can't be read, or holds something else.
    pub async fn message(
        &self,
        contact: ContactId,
        id: MessageId,
    ) -> Result<Option<Message>, Error> {
        let item = self.item(&key::contact(contact), &key::message(id)).await?;
        item.map(from_item).transpose()
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

/// What SES tells of a message's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// The recipient's server took it.
    Delivered,
    /// It came back.
    Bounced,
    /// The reader called it spam.
    Complained,
}

impl Mark {
    fn attribute(self) -> &'static str {
        match self {
            Self::Delivered => "delivered_at",
            Self::Bounced => "bounced_at",
            Self::Complained => "complained_at",
        }
    }
}

fn number(number: usize) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// A claim that met another: perhaps its own, whose answer was lost.
fn own_or_held(held: Message, claim: &Status) -> Claim {
    match (&held.status, claim) {
        (Status::Claimed { owner, .. }, Status::Claimed { owner: mine, .. }) if owner == mine => {
            Claim::Won
        }
        _ => Claim::Held(Box::new(held)),
    }
}

fn lost(error: Option<&UpdateItemError>) -> bool {
    error.is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

/// Makes a conditional update.
pub(crate) async fn write(update: UpdateItemFluentBuilder) -> Result<Settle, Error> {
    match update.send().await {
        Ok(_) => Ok(Settle::Done),
        Err(error) if lost(error.as_service_error()) => Ok(Settle::Lost),
        Err(error) => Err(unavailable("UpdateItem", error)),
    }
}

//! Batches: each record succeeds or fails alone, so that one bad record holds up no other.

use std::future::Future;

use aws_lambda_events::event::{
    dynamodb::{Event as DynamoDbEvent, EventRecord},
    sqs::{SqsEvent, SqsMessage},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};
use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse};

use crate::Error;

/// Handles each message of a queue batch and names those to be delivered again.
///
/// # Errors
/// When a message has no id: it could not be named, so the whole batch has to come again.
pub async fn queue_batch<F, R>(event: SqsEvent, handle: F) -> Result<SqsBatchResponse, Error>
where
    F: Fn(SqsMessage) -> R,
    R: Future<Output = Result<(), Error>>,
{
    let mut failures = Vec::new();
    for message in event.records {
        let id = message.message_id.clone().ok_or("a queue message without an id")?;
        if let Err(error) = handle(message).await {
            tracing::warn!(message = %id, error = %chain(&*error), "will be delivered again");
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            failures.push(failure);
        }
    }
    let mut response = SqsBatchResponse::default();
    response.batch_item_failures = failures;
    Ok(response)
}

/// Handles the records of a stream batch in order. After a failure the later records of the same
/// partition fail too, so that a contact's records keep their order, and all others are handled:
/// Lambda goes on from the first failed one, and whoever comes again was handled already.
///
/// # Errors
/// When the failed record has no sequence number.
pub async fn stream_batch<F, R>(
    event: DynamoDbEvent,
    handle: F,
) -> Result<DynamoDbEventResponse, Error>
where
    F: Fn(EventRecord) -> R,
    R: Future<Output = Result<(), Error>>,
{
    let mut response = DynamoDbEventResponse::default();
    let mut failed = Vec::new();
    for record in event.records {
        let partition = record.change.keys.get("pk").cloned();
        let sequence = record.change.sequence_number.clone();
        let outcome = if failed.contains(&partition) {
            Err("an earlier record of the same contact failed".into())
        } else {
            handle(record).await
        };
        if let Err(error) = outcome {
            let sequence = sequence.ok_or("a stream record without a sequence number")?;
            tracing::warn!(%sequence, error = %chain(&*error), "will be delivered again");
            let mut failure = DynamoDbBatchItemFailure::default();
            failure.item_identifier = Some(sequence);
            response.batch_item_failures.push(failure);
            failed.push(partition);
        }
    }
    Ok(response)
}

/// An error with all its causes, on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

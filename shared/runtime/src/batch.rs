//! Stream batches: each record succeeds or fails alone, so that one bad record holds up no other.

use std::future::Future;

use aws_lambda_events::event::{
    dynamodb::{Event as DynamoDbEvent, EventRecord},
    streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse},
};

use crate::Error;

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
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

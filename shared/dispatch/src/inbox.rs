//! Working off a batch of queue messages: each succeeds or fails alone.

use std::future::Future;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use masa_domain::planted::{self, Bug};
use masa_runtime::{Config, Missing, call_error};

use crate::{
    Letters, Setback,
    backoff::{again, hidden_for},
};

/// How many messages one call can hide (SQS).
const ENTRIES_MAX: usize = 10;

/// Names: of a function, and of the settings that hold the URLs of its queues.
#[derive(Debug, Clone, Copy)]
pub struct InboxNames {
    /// The function.
    pub function: &'static str,
    /// The setting that names the queue which feeds it.
    pub queue: &'static str,
    /// The setting that names the queue of its dead letters.
    pub dead_letters: &'static str,
}

/// The queue that feeds a function, and the one that takes what it gives up.
#[derive(Debug, Clone)]
pub struct Inbox {
    queues: aws_sdk_sqs::Client,
    queue: String,
    letters: Letters,
    function: &'static str,
}

/// A message that comes back.
struct Comeback {
    receipt: Option<String>,
    seconds: i32,
}

impl Inbox {
    /// The inbox of a function.
    ///
    /// # Errors
    /// [`Missing`] when a setting is absent.
    pub fn new(
        sdk: &aws_types::SdkConfig,
        config: &Config,
        names: InboxNames,
    ) -> Result<Self, Missing> {
        let InboxNames { function, queue, dead_letters } = names;
        Ok(Self {
            queues: aws_sdk_sqs::Client::new(sdk),
            queue: config.require(queue)?.to_owned(),
            letters: Letters::new(sdk, config, dead_letters, function)?,
            function,
        })
    }

    /// Handles each message in turn, and names those that come again. They wait longer with each
    /// failure; what can never be worked off, or failed too often, becomes a dead letter and counts
    /// as handled.
    pub async fn work_off<F, R>(&self, event: SqsEvent, handle: F) -> SqsBatchResponse
    where
        F: Fn(SqsMessage) -> R,
        R: Future<Output = Result<(), Setback>>,
    {
        let (mut failures, mut comebacks) = (Vec::new(), Vec::new());
        for message in event.records {
            let Err(setback) = handle(message.clone()).await else { continue };
            if planted::on(Bug::SwallowFailures) {
                continue;
            }
            let Some(seconds) = self.settle(&message, &setback).await else { continue };
            let mut failure = BatchItemFailure::default();
            // A failure without a name makes Lambda deliver the whole batch again: what has no id
            // can't come back in another way.
            failure.item_identifier = message.message_id.unwrap_or_default();
            failures.push(failure);
            comebacks.push(Comeback { receipt: message.receipt_handle, seconds });
        }
        for some in comebacks.chunks(ENTRIES_MAX) {
            self.hide(some).await;
        }
        let mut response = SqsBatchResponse::default();
        response.batch_item_failures = failures;
        response
    }

    /// Gives a failed message up, or says for how many seconds it is to be hidden.
    async fn settle(&self, message: &SqsMessage, setback: &Setback) -> Option<i32> {
        let id = message.message_id.as_deref().unwrap_or_default();
        let receives = message.attributes.get("ApproximateReceiveCount");
        let receives: u32 = receives.and_then(|count| count.parse().ok()).unwrap_or(1);
        let (function, cause) = (self.function, &setback.cause);
        if let Some(seconds) = hidden_for(setback.fate, receives, id) {
            tracing::warn!(function, id, receives, seconds, %cause, "comes again");
            return Some(seconds);
        }
        let body = message.body.as_deref().unwrap_or_default();
        match self.letters.write(body, cause, Some(receives)).await {
            Ok(()) => None,
            Err(error) => {
                tracing::warn!(function, id, receives, %cause, %error, "can't be given up");
                Some(again(receives, id))
            }
        }
    }

    /// Hides messages until they are to be tried again. If that fails they come when the queue's own
    /// time is over, which is as good.
    async fn hide(&self, comebacks: &[Comeback]) {
        let entries = comebacks.iter().enumerate().filter_map(|(number, comeback)| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(number.to_string())
                .receipt_handle(comeback.receipt.as_ref()?)
                .visibility_timeout(comeback.seconds)
                .build()
                .ok()
        });
        let entries: Vec<_> = entries.collect();
        if entries.is_empty() {
            return;
        }
        let hide = self.queues.change_message_visibility_batch().queue_url(&self.queue);
        let (function, causes) = match hide.set_entries(Some(entries)).send().await {
            Ok(hidden) if hidden.failed.is_empty() => return,
            Ok(hidden) => {
                let codes = hidden.failed.iter().map(|failed| failed.code.as_str());
                (self.function, codes.collect::<Vec<_>>().join(", "))
            }
            Err(error) => (self.function, call_error(&error)),
        };
        tracing::warn!(function, %causes, "messages come again by the queue's own time-out");
    }
}

//! Putting many jobs on the wake queue at once.

use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use masa_runtime::{Config, Missing};

use crate::{Error, WakeJob, failed, to_json};

/// How many messages one call can put (SQS).
const ENTRIES_MAX: usize = 10;

/// The wake queue, for who only wants to have contacts looked after.
#[derive(Debug, Clone)]
pub struct WakeQueue {
    queues: aws_sdk_sqs::Client,
    queue: String,
}

impl WakeQueue {
    /// The queue that `MASA_WAKE_QUEUE` names.
    ///
    /// # Errors
    /// [`Missing`] when it names none.
    pub fn new(sdk: &aws_types::SdkConfig, config: &Config) -> Result<Self, Missing> {
        let queue = config.require("MASA_WAKE_QUEUE")?.to_owned();
        Ok(Self { queues: aws_sdk_sqs::Client::new(sdk), queue })
    }

    /// About how many jobs wait to be taken: one call.
    ///
    /// # Errors
    /// [`Error`] when the queue does not tell.
    pub async fn backlog(&self) -> Result<u64, Error> {
        const ASK: &str = "GetQueueAttributes";
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let ask = self.queues.get_queue_attributes().queue_url(&self.queue);
        let told = ask.attribute_names(name.clone()).send().await;
        let told = told.map_err(|error| failed(ASK, &error))?;
        let number = told.attributes.as_ref().and_then(|all| all.get(&name)?.parse().ok());
        number.ok_or_else(|| Error {
            operation: ASK,
            cause: "no number".to_owned(),
            permanent: false,
        })
    }

    /// Puts these jobs, to be delivered in so many seconds (at most 900): one call for each ten. What one call
    /// fails to put does not hold up the others.
    ///
    /// # Errors
    /// [`Error`] when some were not put; all may be put again.
    pub async fn put(&self, jobs: &[WakeJob], delay: i32) -> Result<(), Error> {
        let mut result = Ok(());
        for some in jobs.chunks(ENTRIES_MAX) {
            let put = self.put_some(some, delay).await;
            result = result.and(put);
        }
        result
    }

    async fn put_some(&self, jobs: &[WakeJob], delay: i32) -> Result<(), Error> {
        const PUT: &str = "SendMessageBatch";
        let mut batch = self.queues.send_message_batch().queue_url(&self.queue);
        for (number, job) in jobs.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder()
                .id(number.to_string())
                .message_body(to_json(PUT, job)?)
                .delay_seconds(delay)
                .build();
            batch = batch.entries(entry.map_err(|error| Error::unmakeable(PUT, &error))?);
        }
        let put = batch.send().await.map_err(|error| failed(PUT, &error))?;
        let codes: Vec<_> = put.failed.iter().map(|failed| failed.code.as_str()).collect();
        if codes.is_empty() {
            return Ok(());
        }
        Err(Error { operation: PUT, cause: codes.join(", "), permanent: false })
    }
}

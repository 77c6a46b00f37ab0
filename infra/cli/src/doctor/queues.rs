//! A deployed stack's queues, and their letters.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use aws_sdk_sqs::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{ChangeMessageVisibilityBatchRequestEntry, Message, MessageSystemAttributeName},
};
use masa_runtime::call_error;

use super::letter::Letter;

/// How many letters of a queue one run of the command looks at, and how many bytes of them.
pub(crate) const LETTERS_MAX: usize = 5_000;
const BYTES_MAX: usize = 32 * 1024 * 1024;
/// For how many seconds a letter is hidden from others while the command looks at it. Should it be
/// killed, they come back by themselves.
const HIDDEN_S: i32 = 300;
/// How long a receive waits for letters: with a wait SQS asks all its servers, without one only some.
const WAIT_S: i32 = 1;
/// How many messages one call takes (SQS).
const BATCH: usize = 10;

/// The queues of a stack, by their names in its template.
#[derive(Debug)]
pub(crate) struct Queues {
    client: Client,
    urls: BTreeMap<String, String>,
}

impl Queues {
    /// Finds the queues of a stack by the names that `CloudFormation` gave them.
    pub(crate) async fn find(sdk: &aws_types::SdkConfig, stack: &str) -> Result<Self> {
        let client = Client::new(sdk);
        let mut urls = BTreeMap::new();
        let listed = client.list_queues().queue_name_prefix(format!("{stack}-")).max_results(1000);
        let mut pages = listed.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| failed("ListQueues", &error))?;
            for url in page.queue_urls.unwrap_or_default() {
                if let Some(name) = logical(stack, &url) {
                    urls.insert(name.to_owned(), url);
                }
            }
        }
        if urls.is_empty() {
            bail!(
                "no queue of a stack named {stack} here: check the name, AWS_REGION and the account"
            );
        }
        Ok(Self { client, urls })
    }

    /// The URL of the queue with this name in the template, if the stack has it.
    pub(crate) fn url(&self, name: &str) -> Option<&str> {
        self.urls.get(name).map(String::as_str)
    }

    /// Reads and hides the letters of a queue, and whether there are more than one run looks at.
    pub(crate) async fn read(&self, url: &str) -> Result<(Vec<Letter>, bool)> {
        let (mut letters, mut bytes) = (Vec::new(), 0);
        while letters.len() < LETTERS_MAX && bytes < BYTES_MAX {
            let received = self
                .client
                .receive_message()
                .queue_url(url)
                .max_number_of_messages(10)
                .visibility_timeout(HIDDEN_S)
                .wait_time_seconds(WAIT_S)
                .message_attribute_names("All")
                .message_system_attribute_names(MessageSystemAttributeName::All)
                .send()
                .await
                .map_err(|error| failed("ReceiveMessage", &error))?;
            let messages = received.messages.unwrap_or_default();
            if messages.is_empty() {
                return Ok((letters, false));
            }
            for message in messages {
                let letter = read(message);
                bytes += letter.body.len();
                letters.push(letter);
            }
        }
        Ok((letters, true))
    }

    /// Sends a job.
    pub(crate) async fn send(&self, url: &str, body: &str) -> Result<()> {
        let sent = self.client.send_message().queue_url(url).message_body(body).send().await;
        sent.map_err(|error| failed("SendMessage", &error)).map(drop)
    }

    /// Deletes a letter.
    pub(crate) async fn delete(&self, url: &str, letter: &Letter) -> Result<()> {
        let delete = self.client.delete_message().queue_url(url).receipt_handle(&letter.receipt);
        delete.send().await.map_err(|error| failed("DeleteMessage", &error)).map(drop)
    }

    /// Shows letters again at once. What can't be shown comes back by itself.
    pub(crate) async fn show(&self, url: &str, letters: &[&Letter]) -> Result<()> {
        for some in letters.chunks(BATCH) {
            let mut entries = Vec::new();
            for (number, letter) in some.iter().enumerate() {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                    .id(number.to_string())
                    .receipt_handle(&letter.receipt)
                    .visibility_timeout(0);
                entries.push(entry.build()?);
            }
            let show = self.client.change_message_visibility_batch().queue_url(url);
            let shown = show.set_entries(Some(entries)).send().await;
            shown.map_err(|error| failed("ChangeMessageVisibilityBatch", &error))?;
        }
        Ok(())
    }
}

/// The name in the template of the queue that `CloudFormation` called `<stack>-<name>-<random>`.
/// Another stack's name may begin with this one's and a hyphen.
fn logical<'u>(stack: &str, url: &'u str) -> Option<&'u str> {
    let rest = url.rsplit('/').next()?.strip_prefix(stack)?.strip_prefix('-')?;
    let (name, random) = rest.split_once('-')?;
    let is_random = !random.is_empty() && random.chars().all(|c| c.is_ascii_alphanumeric());
    is_random.then_some(name)
}

fn read(message: Message) -> Letter {
    let system = message.attributes.unwrap_or_default();
    let given = message.message_attributes.unwrap_or_default().into_iter();
    Letter {
        receipt: message.receipt_handle.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        attributes: given.filter_map(|(name, value)| Some((name, value.string_value?))).collect(),
        moved: system.contains_key(&MessageSystemAttributeName::DeadLetterQueueSourceArn),
    }
}

fn failed<E: ProvideErrorMetadata, R>(operation: &str, error: &SdkError<E, R>) -> anyhow::Error {
    anyhow!("{operation} did not succeed: {}", call_error(error))
}

#[cfg(test)]
mod tests {
    use super::logical;

    #[test]
    fn queues_are_known_by_the_names_that_cloudformation_makes() {
        for (name, expected) in [
            ("shop-SendDeadLetters-1VX0A2B3C4D5E", Some("SendDeadLetters")),
            ("shop-WakeQueue-abcDEF123", Some("WakeQueue")),
            ("shop-test-WakeQueue-abcDEF123", None),
            ("shopping-WakeQueue-abcDEF123", None),
            ("shop-WakeQueue", None),
            ("shop-WakeQueue-", None),
            ("shop", None),
        ] {
            let url = format!("https://sqs.eu-west-1.amazonaws.com/000000000000/{name}");
            assert_eq!(logical("shop", &url), expected, "{name}");
        }
        let url = "https://sqs.eu-west-1.amazonaws.com/000000000000/shop-test-WakeQueue-abcDEF123";
        assert_eq!(logical("shop-test", url), Some("WakeQueue"));
    }
}

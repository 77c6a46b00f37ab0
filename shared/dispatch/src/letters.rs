//! Dead letters: what can't be worked off is kept, with its cause, until someone looks.

use aws_sdk_sqs::types::MessageAttributeValue;
use masa_runtime::{Config, Missing};
use serde::{Deserialize, Serialize};

use crate::{Error, WakeJob, failed, to_json};

/// The message attribute that says why it is a dead letter.
pub const CAUSE: &str = "cause";
/// The message attribute that names the function which gave it up.
pub const FUNCTION: &str = "function";
/// The message attribute that says how often it was tried.
pub const RECEIVES: &str = "receives";

/// How long a cause may be, in characters.
const CAUSE_CHARS_MAX: usize = 256;

/// A stream record that can't be worked off, as the dead letters of `advance` carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Parked {
    /// What has to be done once the cause is mended.
    Job(WakeJob),
    /// The keys of a record that is neither a contact's fact nor a contact's message.
    Keys {
        /// The partition key.
        pk: String,
        /// The sort key.
        sk: String,
    },
}

/// A queue of dead letters.
#[derive(Debug, Clone)]
pub struct Letters {
    queues: aws_sdk_sqs::Client,
    queue: String,
    function: &'static str,
}

impl Letters {
    /// The queue that the setting `queue` names, for letters of `function`.
    ///
    /// # Errors
    /// [`Missing`] when it names none.
    pub fn new(
        sdk: &aws_types::SdkConfig,
        config: &Config,
        queue: &str,
        function: &'static str,
    ) -> Result<Self, Missing> {
        let queue = config.require(queue)?.to_owned();
        Ok(Self { queues: aws_sdk_sqs::Client::new(sdk), queue, function })
    }

    /// Parks a stream record. The log says it too.
    ///
    /// # Errors
    /// [`Error`]; it may be parked again.
    pub async fn park(&self, record: &Parked, cause: &str) -> Result<(), Error> {
        self.write(&to_json("SendMessage", record)?, cause, None).await
    }

    /// Writes a letter: one call.
    pub(crate) async fn write(
        &self,
        body: &str,
        cause: &str,
        receives: Option<u32>,
    ) -> Result<(), Error> {
        const SEND: &str = "SendMessage";
        let function = self.function;
        let receives = receives.map(|receives| receives.to_string());
        let mut letter = self.queues.send_message().queue_url(&self.queue).message_body(body);
        for (name, value) in [
            (CAUSE, Some(legible(cause))),
            (FUNCTION, Some(function.to_owned())),
            (RECEIVES, receives),
        ] {
            let Some(value) = value else { continue };
            let attribute =
                MessageAttributeValue::builder().data_type("String").string_value(value).build();
            let attribute = attribute.map_err(|error| Error::unmakeable(SEND, &error))?;
            letter = letter.message_attributes(name, attribute);
        }
        letter.send().await.map_err(|error| failed(SEND, &error))?;
        tracing::error!(function, cause, "given up: it is among the dead letters");
        Ok(())
    }
}

/// A cause as SQS takes it: not empty, not endless, no control characters.
fn legible(cause: &str) -> String {
    let legal = |c: char| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    let text: String =
        cause.chars().take(CAUSE_CHARS_MAX).map(|c| if legal(c) { c } else { ' ' }).collect();
    if text.trim().is_empty() { "unknown".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use masa_domain::{ContactId, FactId, Id};

    use super::{Parked, WakeJob, legible};

    #[test]
    fn causes_are_what_sqs_takes() {
        assert_eq!(legible("the table\ndid not\u{0}answer\u{FFFF}"), "the table did not answer ");
        assert_eq!(legible(&"א".repeat(300)), "א".repeat(256));
        assert_eq!(legible(" \t"), "unknown");
    }

    #[test]
    fn a_parked_record_is_a_job_or_its_keys() {
        let id = Id::derive(&["it"]);
        let job = WakeJob::Fact { contact: ContactId(id), fact: FactId(id) };
        let keys = Parked::Keys { pk: "LIST#x".to_owned(), sk: "F#1".to_owned() };
        for (parked, body) in [
            (Parked::Job(job), format!(r#"{{"contact":"{id}","fact":"{id}"}}"#)),
            (keys, r#"{"pk":"LIST#x","sk":"F#1"}"#.to_owned()),
        ] {
            assert_eq!(serde_json::to_string(&parked).expect("JSON"), body);
            assert_eq!(serde_json::from_str::<Parked>(&body).expect(&body), parked);
        }
    }
}

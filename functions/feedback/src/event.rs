//! SES's events as a configuration set publishes them, read as far as Masa needs them: what they tell
//! of people (recipients, headers, the words of mail servers) is not.

use std::collections::BTreeMap;

use jiff::Timestamp;
use masa_domain::{ContactId, MessageId};
use serde::Deserialize;

/// What SES says first, once, to see whether it can reach the topic.
const GREETING: &str = "Successfully validated SNS topic for Amazon SES event publishing.";

/// What a body turned out to be.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    /// News of a message of ours.
    Of(Event),
    /// News of a mail that does not carry our tags: somebody else uses the configuration set.
    OfAnother,
    /// Nothing follows from it, or from its kind.
    Nothing,
}

/// News of a message.
#[derive(Debug, PartialEq)]
pub(crate) struct Event {
    /// To whom it went.
    pub(crate) contact: ContactId,
    /// Which.
    pub(crate) message: MessageId,
    /// The contact whom the address means to which it went; none when somebody of the shop was told.
    pub(crate) addressee: Option<ContactId>,
    /// SES's own id of it.
    pub(crate) provider_id: String,
    /// When SES took it, which every event proves.
    pub(crate) accepted_at: Timestamp,
    /// What is new.
    pub(crate) news: News,
}

/// What is new of a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum News {
    /// SES took it, and no more is known.
    Accepted,
    /// The recipient's server took it.
    Delivered(Timestamp),
    /// It came back.
    Bounced {
        /// When.
        at: Timestamp,
        /// Nothing will ever arrive there.
        for_good: bool,
    },
    /// The reader called it spam.
    Complained(Timestamp),
}

#[derive(Deserialize)]
struct Body {
    #[serde(flatten)]
    kind: Kind,
    mail: Mail,
}

#[derive(Deserialize)]
#[serde(tag = "eventType")]
enum Kind {
    Send,
    Delivery {
        delivery: Moment,
    },
    Bounce {
        bounce: Bounce,
    },
    Complaint {
        complaint: Complaint,
    },
    /// It was late, and may still arrive.
    DeliveryDelay,
    /// It was found to hold a virus after it was taken.
    Reject,
    /// What Masa does not ask for, or SES did not yet tell of.
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    timestamp: Timestamp,
    message_id: String,
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Moment {
    timestamp: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    timestamp: Timestamp,
    bounce_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    timestamp: Timestamp,
    #[serde(default)]
    complaint_feedback_type: Option<String>,
}

/// Reads a message of the queue.
///
/// # Errors
/// When it is no event of SES.
pub(crate) fn read(body: &str) -> Result<Said, serde_json::Error> {
    if body.trim() == GREETING {
        return Ok(Said::Nothing);
    }
    let Body { kind, mail } = serde_json::from_str(body)?;
    let news = match kind {
        Kind::Send | Kind::DeliveryDelay | Kind::Reject => News::Accepted,
        Kind::Delivery { delivery } => News::Delivered(delivery.timestamp),
        Kind::Bounce { bounce } => {
            News::Bounced { at: bounce.timestamp, for_good: bounce.bounce_type == "Permanent" }
        }
        // The reader takes an earlier complaint back.
        Kind::Complaint { complaint }
            if complaint.complaint_feedback_type.as_deref() == Some("not-spam") =>
        {
            News::Accepted
        }
        Kind::Complaint { complaint } => News::Complained(complaint.timestamp),
        Kind::Other => return Ok(Said::Nothing),
    };
    Ok(match named(&mail.tags) {
        Some((contact, message)) => {
            let (provider_id, accepted_at) = (mail.message_id, mail.timestamp);
            let told = mail.tags.get("medium").is_some_and(|medium| medium == &["tell"]);
            let addressee = tag(&mail.tags, "addressee").and_then(|id| id.parse().ok());
            let addressee = (!told).then_some(addressee.unwrap_or(contact));
            Said::Of(Event { contact, message, addressee, provider_id, accepted_at, news })
        }
        None => Said::OfAnother,
    })
}

/// The message that the tags name.
fn named(tags: &BTreeMap<String, Vec<String>>) -> Option<(ContactId, MessageId)> {
    let tag = |name| tag(tags, name);
    let (run, generation) = (tag("run")?.parse().ok()?, tag("generation")?.parse().ok()?);
    Some((tag("contact")?.parse().ok()?, MessageId { run, generation }))
}

fn tag<'a>(tags: &'a BTreeMap<String, Vec<String>>, name: &str) -> Option<&'a str> {
    match tags.get(name).map(Vec::as_slice) {
        Some([value]) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

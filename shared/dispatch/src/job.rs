//! What the queues carry.

use masa_domain::{ContactId, FactId, MessageId, RunId};
use serde::{Deserialize, Serialize};

/// A message to be sent, as the send queue carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendJob {
    /// To whom.
    pub contact: ContactId,
    /// Which message.
    #[serde(flatten)]
    pub message: MessageId,
    /// The flow that decided it.
    pub flow: String,
    /// Its version.
    pub version: u32,
    /// The step that sends.
    pub step: String,
}

/// A reason to look at a contact's journeys, as the wake queue and the schedules carry it. The
/// form of [`WakeJob::Wake`] never changes: schedules that stand for a year carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum WakeJob {
    /// A wait is over.
    Wake {
        /// Whose.
        contact: ContactId,
        /// Which run's.
        run: RunId,
        /// The generation for which it was armed.
        generation: u32,
    },
    /// A stored fact has to be applied, if it never was.
    Fact {
        /// Of whom.
        contact: ContactId,
        /// Which.
        fact: FactId,
    },
    /// A settled message has to be told to its run, if it never was.
    Message {
        /// To whom it went.
        contact: ContactId,
        /// Which.
        message: MessageId,
    },
    /// Runs that should have moved long ago.
    #[serde(with = "overdue")]
    Overdue {
        /// Whose.
        contact: ContactId,
    },
    /// A date or a silence may be due. Schedules that stand for a year carry it, too.
    #[serde(with = "look")]
    Look {
        /// Whose.
        contact: ContactId,
    },
}

/// `{"contact":"…","<name>":true}`.
macro_rules! flagged {
    ($name:ident) => {
        mod $name {
            use super::ContactId;
            use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

            #[derive(Serialize, Deserialize)]
            #[serde(deny_unknown_fields)]
            struct Body {
                contact: ContactId,
                $name: bool,
            }

            pub(super) fn serialize<S: Serializer>(
                contact: &ContactId,
                to: S,
            ) -> Result<S::Ok, S::Error> {
                Body { contact: *contact, $name: true }.serialize(to)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                from: D,
            ) -> Result<ContactId, D::Error> {
                match Body::deserialize(from)? {
                    Body { contact, $name: true } => Ok(contact),
                    Body { $name: false, .. } => Err(D::Error::custom("what is not so is no job")),
                }
            }
        }
    };
}
flagged!(overdue);
flagged!(look);

#[cfg(test)]
mod tests {
    use masa_domain::{ContactId, FactId, Id, MessageId, RunId};

    use super::WakeJob;

    const ID: &str = "vzxyolgcxgyq2d7qyvzdptlgxi";

    fn forms() -> [(WakeJob, String); 5] {
        let id: Id = ID.parse().expect("an id");
        let (contact, run, fact) = (ContactId(id), RunId(id), FactId(id));
        let message = MessageId { run, generation: 7 };
        [
            (
                WakeJob::Wake { contact, run, generation: 3 },
                format!(r#"{{"contact":"{ID}","run":"{ID}","generation":3}}"#),
            ),
            (WakeJob::Fact { contact, fact }, format!(r#"{{"contact":"{ID}","fact":"{ID}"}}"#)),
            (
                WakeJob::Message { contact, message },
                format!(r#"{{"contact":"{ID}","message":{{"run":"{ID}","generation":7}}}}"#),
            ),
            (WakeJob::Overdue { contact }, format!(r#"{{"contact":"{ID}","overdue":true}}"#)),
            (WakeJob::Look { contact }, format!(r#"{{"contact":"{ID}","look":true}}"#)),
        ]
    }

    #[test]
    fn each_job_has_one_form() {
        for (job, body) in forms() {
            assert_eq!(serde_json::to_string(&job).expect("JSON"), body);
            assert_eq!(serde_json::from_str::<WakeJob>(&body).expect(&body), job);
        }
    }

    /// Schedules that stand were written with spaces, or in another order, by nobody; but JSON
    /// allows both.
    #[test]
    fn the_order_of_members_does_not_matter() {
        let [(wake, _), ..] = forms();
        let body = format!(r#"{{ "generation": 3, "run": "{ID}", "contact": "{ID}" }}"#);
        assert_eq!(serde_json::from_str::<WakeJob>(&body).expect(&body), wake);
    }

    #[test]
    fn what_is_none_of_the_forms_or_two_at_once_is_refused() {
        for body in [
            String::new(),
            "{".to_owned(),
            "{}".to_owned(),
            "null".to_owned(),
            format!(r#""{ID}""#),
            r#"{"contact":"x","overdue":true}"#.to_owned(),
            format!(r#"{{"contact":"{ID}"}}"#),
            format!(r#"{{"contact":"{ID}","overdue":false}}"#),
            format!(r#"{{"contact":"{ID}","overdue":1}}"#),
            format!(r#"{{"contact":"{ID}","look":false}}"#),
            format!(r#"{{"contact":"{ID}","look":true,"overdue":true}}"#),
            format!(r#"{{"contact":"{ID}","run":"{ID}"}}"#),
            format!(r#"{{"contact":"{ID}","run":"{ID}","generation":-1}}"#),
            format!(r#"{{"contact":"{ID}","run":"{ID}","generation":3,"overdue":true}}"#),
            format!(r#"{{"contact":"{ID}","fact":"{ID}","overdue":true}}"#),
            format!(r#"{{"contact":"{ID}","message":"{ID}"}}"#),
            format!(r#"{{"run":"{ID}","generation":3}}"#),
        ] {
            assert!(serde_json::from_str::<WakeJob>(&body).is_err(), "{body}");
        }
    }
}

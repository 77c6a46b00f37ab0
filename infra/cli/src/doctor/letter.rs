//! What a dead letter says, and what can be done about it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use masa_dispatch::{CAUSE, Parked};
use serde_json::Value;

/// How long before its record a fact may have come in, by the clock of its door, or after it.
const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// A queue of dead letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ward {
    /// Messages.
    Send,
    /// Waits and replays, and what Scheduler could not deliver.
    Wake,
    /// What SES told.
    Feedback,
    /// Stream records.
    Advance,
}

impl Ward {
    pub(crate) const ALL: [Self; 4] = [Self::Send, Self::Wake, Self::Feedback, Self::Advance];

    /// Its name in the template.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Send => "SendDeadLetters",
            Self::Wake => "WakeDeadLetters",
            Self::Feedback => "FeedbackDeadLetters",
            Self::Advance => "AdvanceDeadLetters",
        }
    }

    /// The name of the queue that takes its letters back.
    pub(crate) fn back(self) -> &'static str {
        match self {
            Self::Send => "SendQueue",
            Self::Wake | Self::Advance => "WakeQueue",
            Self::Feedback => "FeedbackQueue",
        }
    }
}

/// A letter as it was read.
#[derive(Debug, Default)]
pub(crate) struct Letter {
    /// What deletes it.
    pub(crate) receipt: String,
    pub(crate) body: String,
    /// Its message attributes that are text.
    pub(crate) attributes: BTreeMap<String, String>,
    /// Whether a queue moved it by itself.
    pub(crate) moved: bool,
}

/// What helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Remedy {
    /// To put this back.
    PutBack(String),
    /// To look for facts that came in at this time and were never applied.
    Search(Window),
    /// Nothing that this command can do.
    Leave(&'static str),
}

/// A time, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

impl Window {
    pub(crate) fn contains(&self, at: Timestamp) -> bool {
        (self.first..=self.last).contains(&at)
    }
}

/// Why it is one, as far as it says.
pub(crate) fn cause(letter: &Letter) -> String {
    let attribute = |name: &str| letter.attributes.get(name).map(String::as_str);
    if let Some(cause) = attribute(CAUSE) {
        return cause.to_owned();
    }
    // Scheduler's.
    if let Some(code) = attribute("ERROR_CODE") {
        let message = attribute("ERROR_MESSAGE").unwrap_or_default();
        return format!("the schedule could not reach its queue: {code}: {message}");
    }
    // Lambda's.
    let body: Value = serde_json::from_str(&letter.body).unwrap_or_default();
    if let Some(condition) = body.pointer("/requestContext/condition").and_then(Value::as_str) {
        return format!("the stream gave up: {condition}");
    }
    if letter.moved {
        return "received too often, and never answered: out of time, or crashed".to_owned();
    }
    "unknown".to_owned()
}

/// What helps.
pub(crate) fn remedy(ward: Ward, body: &str) -> Remedy {
    match ward {
        Ward::Send | Ward::Feedback => Remedy::PutBack(body.to_owned()),
        Ward::Wake => Remedy::PutBack(unwrapped(body)),
        Ward::Advance => record(body),
    }
}

/// Scheduler may keep the whole call that failed, in place of the body that it was to send.
fn unwrapped(body: &str) -> String {
    let call: Option<Value> = serde_json::from_str(body).ok();
    let inner = call.as_ref().and_then(|call| call.get("MessageBody")).and_then(Value::as_str);
    inner.unwrap_or(body).to_owned()
}

fn record(body: &str) -> Remedy {
    match serde_json::from_str(body) {
        Ok(Parked::Job(_)) => return Remedy::PutBack(body.to_owned()),
        Ok(Parked::Keys { .. }) => {
            return Remedy::Leave("the record was no fact and no message: look at its keys");
        }
        Err(_) => {}
    }
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let instant = |name: &str| -> Option<Timestamp> {
        let at = body.get("DDBStreamBatchInfo")?.get(name)?.as_str()?;
        at.parse().ok()
    };
    let first = instant("approximateArrivalOfFirstRecord");
    match first.zip(instant("approximateArrivalOfLastRecord")) {
        Some((first, last)) => Remedy::Search(Window {
            first: first.checked_sub(SLACK).unwrap_or(first),
            last: last.checked_add(SLACK).unwrap_or(last),
        }),
        None => Remedy::Leave("it names no record and no time"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Letter, Remedy, Ward, Window, cause, remedy};

    const ID: &str = "vzxyolgcxgyq2d7qyvzdptlgxi";

    /// As Lambda writes it (the developer guide's example).
    fn position() -> String {
        json!({
            "requestContext": {
                "requestId": "316aa6d0-8154-0000-9af7-85d5f4a6bc81",
                "functionArn": "arn:aws:lambda:us-east-2:000000000000:function:advance",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 51,
            },
            "responseContext": {
                "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": "2026-11-14T00:13:49.717Z",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001573689847184-864758bb",
                "startSequenceNumber": "800000000003126276362",
                "endSequenceNumber": "800000000003126276362",
                "approximateArrivalOfFirstRecord": "2026-11-14T00:13:19Z",
                "approximateArrivalOfLastRecord": "2026-11-14T00:14:19Z",
                "batchSize": 2,
                "streamArn": "arn:aws:dynamodb:us-east-2:000000000000:table/t/stream/2026",
            },
        })
        .to_string()
    }

    #[test]
    fn each_letter_goes_where_it_came_from() {
        let wake = format!(r#"{{"contact":"{ID}","run":"{ID}","generation":3}}"#);
        let fact = format!(r#"{{"contact":"{ID}","fact":"{ID}"}}"#);
        let call = json!({"MessageBody": wake, "QueueUrl": "https://sqs.example.com/0/w"});
        let put_back = |body: &str| Remedy::PutBack(body.to_owned());
        for (ward, body, expected) in [
            (Ward::Send, "{}", put_back("{}")),
            (Ward::Send, "what nobody can read", put_back("what nobody can read")),
            (Ward::Feedback, "{}", put_back("{}")),
            (Ward::Wake, wake.as_str(), put_back(&wake)),
            (Ward::Wake, &call.to_string(), put_back(&wake)),
            (Ward::Wake, "what nobody can read", put_back("what nobody can read")),
            (Ward::Advance, &fact, put_back(&fact)),
        ] {
            assert_eq!(remedy(ward, body), expected, "{ward:?} {body}");
        }
        for body in
            [r#"{"pk":"LIST#x","sk":"F#1"}"#, "{", "{}", "[]", "{\"DDBStreamBatchInfo\":{}}"]
        {
            assert!(matches!(remedy(Ward::Advance, body), Remedy::Leave(_)), "{body}");
        }
    }

    #[test]
    fn a_position_of_the_stream_is_a_time_to_search() {
        let window = Window {
            first: "2026-11-14T00:08:19Z".parse().expect("an instant"),
            last: "2026-11-14T00:19:19Z".parse().expect("an instant"),
        };
        assert_eq!(remedy(Ward::Advance, &position()), Remedy::Search(window));
    }

    #[test]
    fn a_letter_says_why_it_is_one() {
        let with = |attributes: &[(&str, &str)]| Letter {
            body: "{}".to_owned(),
            attributes: attributes
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            ..Letter::default()
        };
        let moved = Letter { moved: true, ..with(&[]) };
        let lambda = Letter { body: position(), ..Letter::default() };
        for (letter, expected) in [
            (with(&[("cause", "no such step"), ("function", "deliver")]), "no such step"),
            (
                with(&[("ERROR_CODE", "AccessDenied"), ("ERROR_MESSAGE", "not allowed")]),
                "the schedule could not reach its queue: AccessDenied: not allowed",
            ),
            (lambda, "the stream gave up: RetryAttemptsExhausted"),
            (moved, "received too often, and never answered: out of time, or crashed"),
            (with(&[]), "unknown"),
        ] {
            assert_eq!(cause(&letter), expected);
        }
    }
}

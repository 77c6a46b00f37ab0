//! The events that SES publishes of a mail, as a queue gets them through an SNS topic that delivers the raw message.

use serde_json::{Map, Value, json};

use crate::{AwsBox, Error, clock::timestamp, queues::NewMessage, ses::bare, state::State};

/// What becomes of a mail: AWS's mailbox simulator has addresses for it, to all others mails are delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Delivered,
    Bounced,
    Complained,
    Suppressed,
}

impl Fate {
    fn of(address: &str) -> Self {
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        if !domain.eq_ignore_ascii_case("simulator.amazonses.com") {
            return Self::Delivered;
        }
        let mailbox = local.split('+').next().unwrap_or_default().to_ascii_lowercase();
        match mailbox.as_str() {
            "bounce" => Self::Bounced,
            "complaint" => Self::Complained,
            "suppressionlist" => Self::Suppressed,
            _ => Self::Delivered,
        }
    }

    /// The events after `Send`, in their order.
    fn events(self) -> &'static [&'static str] {
        match self {
            Self::Delivered => &["Delivery"],
            Self::Bounced | Self::Suppressed => &["Bounce"],
            Self::Complained => &["Delivery", "Complaint"],
        }
    }
}

impl AwsBox {
    /// Puts SES's events into a queue, as a configuration set with an SNS topic and a queue that gets the topic's raw
    /// messages does. Only of mails that were sent with a configuration set: `Send` and `Delivery`, and for the
    /// addresses of AWS's mailbox simulator `Bounce` and `Complaint` as those are meant for. All are in the queue
    /// before the sender has its answer, once and in order (AWS: later, at least once, in any order).
    ///
    /// # Errors
    /// [`Error::Registration`] when the queue is not added yet.
    pub fn publish_ses_events(&self, queue: &str) -> Result<(), Error> {
        self.0.register(|registry| registry.add_ses_events(queue))
    }
}

/// Publishes the events of a mail that was accepted. `entry` is what the outbox keeps of it.
pub(crate) fn publish(
    state: &State,
    queue: &str,
    message_id: &str,
    entry: &Value,
    now: i64,
) -> Result<(), Error> {
    let text = |member: &str| entry.get(member).and_then(Value::as_str).unwrap_or_default();
    let configuration_set = text("configuration_set");
    if configuration_set.is_empty() {
        return Ok(());
    }
    let time = timestamp(now)?.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string();
    let mail = mail(message_id, entry, configuration_set, &time);
    let to = bare(text("to"));
    let fate = Fate::of(to);
    for kind in [&["Send"][..], fate.events()].concat() {
        let detail = match kind {
            "Bounce" => bounce(fate, to, message_id, &time),
            "Complaint" => complaint(to, message_id, &time),
            "Delivery" => delivery(to, &time),
            _ => json!({}),
        };
        let mut event = json!({"eventType": kind, "mail": mail});
        if let Some(members) = event.as_object_mut() {
            members.insert(kind.to_ascii_lowercase(), detail);
        }
        state.enqueue(&NewMessage {
            queue,
            body: &event.to_string(),
            attributes: "{}",
            now,
            delay_s: 0,
        })?;
    }
    Ok(())
}

fn mail(message_id: &str, entry: &Value, configuration_set: &str, time: &str) -> Value {
    let text = |member: &str| entry.get(member).and_then(Value::as_str).unwrap_or_default();
    let (from, to, subject) = (text("from"), text("to"), text("subject"));
    let own = [("From", from), ("To", to), ("Subject", subject)];
    let own = own.into_iter().map(|(name, value)| json!({"name": name, "value": value}));
    let extra = entry.get("headers").and_then(Value::as_object).into_iter().flatten();
    let extra = extra.map(|(name, value)| json!({"name": name, "value": value}));
    let domain = bare(from).rsplit('@').next().unwrap_or_default();
    let mut tags = Map::from_iter([
        ("ses:configuration-set".to_owned(), json!([configuration_set])),
        ("ses:from-domain".to_owned(), json!([domain])),
    ]);
    for (name, value) in entry.get("tags").and_then(Value::as_object).into_iter().flatten() {
        tags.insert(name.clone(), json!([value]));
    }
    json!({
        "timestamp": time,
        "source": from,
        "sourceArn": format!("arn:aws:ses:{}:{}:identity/{domain}", crate::REGION, crate::ACCOUNT),
        "sendingAccountId": crate::ACCOUNT,
        "messageId": message_id,
        "destination": [to],
        "headersTruncated": false,
        "headers": own.chain(extra).collect::<Vec<_>>(),
        "commonHeaders": {"from": [from], "to": [to], "messageId": message_id, "subject": subject},
        "tags": tags,
    })
}

fn delivery(to: &str, time: &str) -> Value {
    json!({
        "timestamp": time,
        "processingTimeMillis": 500,
        "recipients": [to],
        "smtpResponse": "250 2.6.0 Message received",
        "reportingMTA": "box.smtp-out.amazonses.com",
    })
}

fn bounce(fate: Fate, to: &str, message_id: &str, time: &str) -> Value {
    let (subtype, why) = match fate {
        Fate::Suppressed => (
            "OnAccountSuppressionList",
            "Amazon SES did not send the message to this address because it is on the suppression list for your \
             account.",
        ),
        _ => ("General", "smtp; 550 5.1.1 user unknown"),
    };
    json!({
        "feedbackId": feedback_id(message_id),
        "bounceType": "Permanent",
        "bounceSubType": subtype,
        "bouncedRecipients": [
            {"emailAddress": to, "action": "failed", "status": "5.1.1", "diagnosticCode": why},
        ],
        "timestamp": time,
        "reportingMTA": "dns; box.smtp-out.amazonses.com",
    })
}

fn complaint(to: &str, message_id: &str, time: &str) -> Value {
    json!({
        "feedbackId": feedback_id(message_id),
        "complaintSubType": null,
        "complainedRecipients": [{"emailAddress": to}],
        "timestamp": time,
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": time,
    })
}

/// A mail has one feedback at most, so its id is made from the mail's.
fn feedback_id(message_id: &str) -> String {
    format!("feedback-{message_id}")
}

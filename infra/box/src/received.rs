//! SQS: receiving messages, and what their receipt handles are for.

use serde_json::{Map, Value, json};

use crate::{
    answer::Refusal,
    queues::{Message, Queue, Receipt},
    sqs::{invalid, md5_hex, names, text},
    state::State,
};

/// The longest visibility timeout, seconds.
const LONGEST_HIDDEN_S: i64 = 43_200;
/// The most messages of a receive.
const MOST_MESSAGES: i64 = 10;

/// `ReceiveMessage`, which answers at once: a wait for messages to come is not modelled. Messages that were received
/// too often move to the queue for dead letters here too.
pub(crate) fn receive(
    state: &mut State,
    queue: &Queue,
    now: i64,
    input: &Value,
) -> Result<Value, Refusal> {
    let most = number(input, "MaxNumberOfMessages", 1, MOST_MESSAGES)?.unwrap_or(1);
    let hidden_s = number(input, "VisibilityTimeout", 0, LONGEST_HIDDEN_S)?;
    let visibility_timeout_s = hidden_s.unwrap_or(queue.visibility_timeout_s);
    let queue = Queue { visibility_timeout_s, ..queue.clone() };
    let received = state.receive(&queue, now, usize::try_from(most).unwrap_or(usize::MAX))?;
    let messages = received.messages.iter().map(|message| spelt(message, input));
    Ok(json!({"Messages": messages.collect::<Result<Vec<_>, _>>()?}))
}

/// A message as the answer spells it, with the attributes that were asked for.
fn spelt(message: &Message, input: &Value) -> Result<Value, Refusal> {
    let given: Map<String, Value> =
        serde_json::from_str(&message.attributes).map_err(crate::Error::from)?;
    let system = [names(input, "AttributeNames"), names(input, "MessageSystemAttributeNames")];
    Ok(json!({
        "MessageId": message.id(),
        "ReceiptHandle": message.receipt().to_string(),
        "Body": message.body,
        "MD5OfBody": md5_hex(&message.body),
        "Attributes": chosen(message.system_attributes(), &system.concat()),
        "MessageAttributes": chosen(given, &names(input, "MessageAttributeNames")),
    }))
}

/// What of the attributes was asked for: `All` or `.*`, a name, or `prefix.*`.
fn chosen(mut attributes: Map<String, Value>, wanted: &[&str]) -> Map<String, Value> {
    attributes.retain(|name, _| {
        wanted.iter().any(|wanted| {
            let prefix = wanted.strip_suffix(".*");
            *wanted == "All"
                || wanted == name
                || prefix.is_some_and(|prefix| name.starts_with(prefix))
        })
    });
    attributes
}

/// A number within bounds.
fn number(input: &Value, member: &str, least: i64, most: i64) -> Result<Option<u32>, Refusal> {
    let Some(value) = input.get(member).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let number = value.as_i64().filter(|number| (least..=most).contains(number));
    match number.and_then(|number| u32::try_from(number).ok()) {
        Some(number) => Ok(Some(number)),
        None => {
            let reason = format!("Must be between {least} and {most}, if provided.");
            Err(invalid(value, member, &reason))
        }
    }
}

/// `ChangeMessageVisibility`, or an entry of its batch: counts from now, in place of what is left.
pub(crate) fn change_visibility(
    state: &State,
    queue: &Queue,
    now: i64,
    input: &Value,
) -> Result<Value, Refusal> {
    let receipt = receipt(input)?;
    let hidden_s = number(input, "VisibilityTimeout", 0, LONGEST_HIDDEN_S)?
        .ok_or_else(|| missing("VisibilityTimeout"))?;
    let message = state.message(&queue.name, receipt.seq)?.ok_or_else(|| {
        stale(
            "the message does not exist or is not available for a change of its visibility timeout",
        )
    })?;
    if message.receives != receipt.receives {
        return Err(stale("the message was received again since"));
    }
    if message.visible_at <= now {
        return Err(Refusal::new(
            400,
            "AWS.SimpleQueueService.MessageNotInflight",
            "The specified message isn't in flight.",
        ));
    }
    state.hide_until(message.seq, now + i64::from(hidden_s) * 1_000_000)?;
    Ok(json!({}))
}

/// `DeleteMessage`, or an entry of its batch. A message that is gone is deleted; the handle of an older receive
/// deletes nothing, which SQS allows itself and does not tell either.
pub(crate) fn delete(state: &State, queue: &Queue, input: &Value) -> Result<Value, Refusal> {
    let receipt = receipt(input)?;
    let message = state.message(&queue.name, receipt.seq)?;
    if let Some(message) = message.filter(|message| message.receipt() == receipt) {
        state.delete(message.seq)?;
    }
    Ok(json!({}))
}

fn receipt(input: &Value) -> Result<Receipt, Refusal> {
    let handle = text(input, "ReceiptHandle").ok_or_else(|| missing("ReceiptHandle"))?;
    Receipt::read(handle).ok_or_else(|| stale("it is no receipt handle of the box"))
}

fn stale(reason: &str) -> Refusal {
    let message = format!("The specified receipt handle isn't valid: {reason}.");
    Refusal::new(400, "ReceiptHandleIsInvalid", message)
}

fn missing(parameter: &str) -> Refusal {
    let message = format!("The request must contain the parameter {parameter}.");
    Refusal::new(400, "MissingParameter", message)
}

//! SQS: queues, and putting messages into them. What is done with messages that were received stands in
//! [`received`].

use serde_json::{Map, Value, json};

use crate::{
    answer::Refusal,
    queues::{NewMessage, Queue, message_id},
    received,
    registry::Registry,
    state::State,
};

/// The largest message, and the largest batch, in bytes.
const LARGEST: usize = 1_048_576;
/// The longest delay, seconds.
const LONGEST_DELAY_S: i64 = 900;
/// The most entries of a batch.
const MOST_ENTRIES: usize = 10;

/// Answers one call.
pub(crate) fn answer(
    state: &mut State,
    registry: &Registry,
    now: i64,
    operation: &str,
    input: &Value,
) -> Result<Value, Refusal> {
    let queue = || queue_of(registry, input);
    match operation {
        "SendMessage" => send(state, queue()?, now, input),
        "SendMessageBatch" => send_batch(state, queue()?, now, input),
        "ReceiveMessage" => received::receive(state, queue()?, now, input),
        "ChangeMessageVisibility" => received::change_visibility(state, queue()?, now, input),
        "ChangeMessageVisibilityBatch" => {
            let queue = queue()?;
            batch(operation, input, |entry| received::change_visibility(state, queue, now, entry))
        }
        "DeleteMessage" => received::delete(state, queue()?, input),
        "DeleteMessageBatch" => {
            let queue = queue()?;
            batch(operation, input, |entry| received::delete(state, queue, entry))
        }
        "GetQueueAttributes" => attributes(state, queue()?, now, input),
        "GetQueueUrl" => {
            let name = text(input, "QueueName").unwrap_or_default();
            let queue = registry.queue(name).ok_or_else(no_queue)?;
            Ok(json!({"QueueUrl": queue_url(&queue.name)}))
        }
        "ListQueues" => {
            let prefix = text(input, "QueueNamePrefix").unwrap_or_default();
            let named = registry.queues().filter(|queue| queue.name.starts_with(prefix));
            Ok(json!({"QueueUrls": named.map(|queue| queue_url(&queue.name)).collect::<Vec<_>>()}))
        }
        other => Err(Refusal::unknown("sqs", other)),
    }
}

/// The URL of a queue of the box.
pub(crate) fn queue_url(name: &str) -> String {
    format!("https://sqs.{}.amazonaws.com/{}/{name}", crate::REGION, crate::ACCOUNT)
}

/// The ARN of a queue of the box.
pub(crate) fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:{}:{}:{name}", crate::REGION, crate::ACCOUNT)
}

fn queue_of<'a>(registry: &'a Registry, input: &Value) -> Result<&'a Queue, Refusal> {
    let url = text(input, "QueueUrl").unwrap_or_default();
    let name = url.rsplit('/').next().unwrap_or_default();
    registry.queue(name).filter(|queue| queue_url(&queue.name) == url).ok_or_else(no_queue)
}

fn no_queue() -> Refusal {
    Refusal::new(
        400,
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
    )
}

pub(crate) fn text<'a>(input: &'a Value, member: &str) -> Option<&'a str> {
    input.get(member).and_then(Value::as_str)
}

/// The names in a list; none when it is missing.
pub(crate) fn names<'a>(input: &'a Value, member: &str) -> Vec<&'a str> {
    let names = input.get(member).and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// A parameter with a value that SQS does not take.
pub(crate) fn invalid(value: impl std::fmt::Display, parameter: &str, reason: &str) -> Refusal {
    let message = format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}");
    Refusal::new(400, "InvalidParameterValue", message)
}

fn attributes(state: &State, queue: &Queue, now: i64, input: &Value) -> Result<Value, Refusal> {
    let counts = state.counts(&queue.name, now)?;
    let mut all = Map::from_iter([
        ("QueueArn".to_owned(), json!(queue_arn(&queue.name))),
        ("ApproximateNumberOfMessages".to_owned(), json!(counts.visible.to_string())),
        ("ApproximateNumberOfMessagesNotVisible".to_owned(), json!(counts.hidden.to_string())),
        ("ApproximateNumberOfMessagesDelayed".to_owned(), json!(counts.delayed.to_string())),
        ("VisibilityTimeout".to_owned(), json!(queue.visibility_timeout_s.to_string())),
    ]);
    if let Some(redrive) = &queue.redrive {
        let policy = json!({
            "deadLetterTargetArn": queue_arn(&redrive.dead_letter_queue),
            "maxReceiveCount": redrive.max_receive_count,
        });
        all.insert("RedrivePolicy".to_owned(), json!(policy.to_string()));
    }
    let wanted = names(input, "AttributeNames");
    let known = |name: &str| matches!(name, "All" | "RedrivePolicy") || all.contains_key(name);
    if let Some(unknown) = wanted.iter().find(|name| !known(name)) {
        let message = format!("the box does not model the attribute {unknown}");
        return Err(Refusal::new(400, "InvalidAttributeName", message));
    }
    all.retain(|name, _| wanted.contains(&"All") || wanted.contains(&name.as_str()));
    Ok(json!({"Attributes": all}))
}

fn send(state: &State, queue: &Queue, now: i64, input: &Value) -> Result<Value, Refusal> {
    let body = text(input, "MessageBody").unwrap_or_default();
    check_body(body)?;
    let delay_s = input.get("DelaySeconds").and_then(Value::as_i64).unwrap_or(0);
    if !(0..=LONGEST_DELAY_S).contains(&delay_s) {
        return Err(invalid(delay_s, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."));
    }
    let attributes = input.get("MessageAttributes").cloned();
    let attributes = attributes.unwrap_or_else(|| Value::Object(Map::new()));
    let seq = state.enqueue(&NewMessage {
        queue: &queue.name,
        body,
        attributes: &attributes.to_string(),
        now,
        delay_s,
    })?;
    Ok(json!({"MessageId": message_id(seq), "MD5OfMessageBody": md5_hex(body)}))
}

fn check_body(body: &str) -> Result<(), Refusal> {
    if body.is_empty() {
        return Err(Refusal::new(
            400,
            "MissingParameter",
            "The request must contain the parameter MessageBody.",
        ));
    }
    if body.len() > LARGEST {
        return Err(Refusal::new(
            400,
            "InvalidParameterValue",
            format!(
                "One or more parameters are invalid. Reason: Message must be shorter than {LARGEST} bytes."
            ),
        ));
    }
    let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    if body.chars().all(legal) {
        Ok(())
    } else {
        Err(Refusal::new(
            400,
            "InvalidMessageContents",
            "Message body contains characters outside of the allowed set.",
        ))
    }
}

fn send_batch(state: &State, queue: &Queue, now: i64, input: &Value) -> Result<Value, Refusal> {
    let entries = input.get("Entries").and_then(Value::as_array).into_iter().flatten();
    let bytes: usize = entries.filter_map(|entry| text(entry, "MessageBody")).map(str::len).sum();
    if bytes > LARGEST {
        return Err(Refusal::new(
            400,
            "AWS.SimpleQueueService.BatchRequestTooLong",
            format!("Batch requests cannot be longer than {LARGEST} bytes."),
        ));
    }
    batch("SendMessageBatch", input, |entry| send(state, queue, now, entry))
}

/// Does `one` with each entry; an entry that is refused fails alone.
fn batch(
    operation: &str,
    input: &Value,
    mut one: impl FnMut(&Value) -> Result<Value, Refusal>,
) -> Result<Value, Refusal> {
    let none = Vec::new();
    let entries = input.get("Entries").and_then(Value::as_array).unwrap_or(&none);
    check_batch(operation, entries)?;
    let mut successful = Vec::new();
    let mut failed = Vec::new();
    for entry in entries {
        match one(entry) {
            Ok(mut done) => {
                if let Some(members) = done.as_object_mut() {
                    members.insert("Id".to_owned(), json!(text(entry, "Id")));
                }
                successful.push(done);
            }
            Err(refusal) if refusal.status < 500 => failed.push(json!({
                "Id": text(entry, "Id"), "SenderFault": true, "Code": refusal.code, "Message": refusal.message,
            })),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(json!({"Successful": successful, "Failed": failed}))
}

fn check_batch(operation: &str, entries: &[Value]) -> Result<(), Refusal> {
    let refuse = |code: &str, message: String| {
        Err(Refusal::new(400, format!("AWS.SimpleQueueService.{code}"), message))
    };
    if entries.is_empty() {
        return refuse(
            "EmptyBatchRequest",
            format!("There should be at least one {operation}RequestEntry in the request."),
        );
    }
    if entries.len() > MOST_ENTRIES {
        return refuse(
            "TooManyEntriesInBatchRequest",
            format!("Maximum number of entries per request are {MOST_ENTRIES}."),
        );
    }
    let mut ids: Vec<_> =
        entries.iter().map(|entry| text(entry, "Id").unwrap_or_default()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != entries.len() {
        return refuse(
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.".to_owned(),
        );
    }
    Ok(())
}

/// The checksum SQS gives back for a body.
pub(crate) fn md5_hex(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

//! SQS: what a function asks of it.

use serde_json::{Map, Value, json};

use crate::{
    answer::Refusal,
    queues::{NewMessage, Queue, message_id},
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
    state: &State,
    registry: &Registry,
    now: i64,
    operation: &str,
    input: &Value,
) -> Result<Value, Refusal> {
    match operation {
        "SendMessage" => send(state, queue_of(registry, input)?, now, input),
        "SendMessageBatch" => send_batch(state, queue_of(registry, input)?, now, input),
        "GetQueueUrl" => {
            let name = text(input, "QueueName").unwrap_or_default();
            let queue = registry.queue(name).ok_or_else(no_queue)?;
            Ok(json!({"QueueUrl": queue_url(&queue.name)}))
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

fn text<'a>(input: &'a Value, member: &str) -> Option<&'a str> {
    input.get(member).and_then(Value::as_str)
}

fn send(state: &State, queue: &Queue, now: i64, input: &Value) -> Result<Value, Refusal> {
    let body = text(input, "MessageBody").unwrap_or_default();
    check_body(body)?;
    let delay_s = input.get("DelaySeconds").and_then(Value::as_i64).unwrap_or(0);
    if !(0..=LONGEST_DELAY_S).contains(&delay_s) {
        return Err(Refusal::new(
            400,
            "InvalidParameterValue",
            format!(
                "Value {delay_s} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."
            ),
        ));
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
    let none = Vec::new();
    let entries = input.get("Entries").and_then(Value::as_array).unwrap_or(&none);
    check_batch(entries)?;
    let mut successful = Vec::new();
    let mut failed = Vec::new();
    for entry in entries {
        match send(state, queue, now, entry) {
            Ok(mut sent) => {
                if let Some(members) = sent.as_object_mut() {
                    members.insert("Id".to_owned(), json!(text(entry, "Id")));
                }
                successful.push(sent);
            }
            Err(refusal) if refusal.status < 500 => failed.push(json!({
                "Id": text(entry, "Id"), "SenderFault": true, "Code": refusal.code, "Message": refusal.message,
            })),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(json!({"Successful": successful, "Failed": failed}))
}

fn check_batch(entries: &[Value]) -> Result<(), Refusal> {
    let refuse = |code: &str, message: &str| {
        Err(Refusal::new(400, format!("AWS.SimpleQueueService.{code}"), message))
    };
    if entries.is_empty() {
        return refuse(
            "EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        );
    }
    if entries.len() > MOST_ENTRIES {
        return refuse(
            "TooManyEntriesInBatchRequest",
            "Maximum number of entries per request are 10.",
        );
    }
    let mut ids: Vec<_> =
        entries.iter().map(|entry| text(entry, "Id").unwrap_or_default()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() != entries.len() {
        return refuse(
            "BatchEntryIdsNotDistinct",
            "Two or more batch entries in the request have the same Id.",
        );
    }
    let bytes: usize =
        entries.iter().filter_map(|entry| text(entry, "MessageBody")).map(str::len).sum();
    if bytes > LARGEST {
        return refuse(
            "BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes.",
        );
    }
    Ok(())
}

/// The checksum SQS gives back for a body.
pub(crate) fn md5_hex(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

//! What a call is about, in a few words for who reads a trace.

use serde_json::Value;

/// The keys of a call to `DynamoDB`, or the index and partition that it queries; empty for operations of other kinds.
pub(crate) fn items(operation: &str, input: &Value) -> String {
    match operation {
        "PutItem" => input.get("Item").map(key).unwrap_or_default(),
        "GetItem" | "UpdateItem" | "DeleteItem" => input.get("Key").map(key).unwrap_or_default(),
        "Query" => query(input),
        "TransactWriteItems" | "TransactGetItems" => {
            let entries = input.get("TransactItems").and_then(Value::as_array);
            // Each has one member, named by what is done to the item.
            let done = entries.into_iter().flatten().filter_map(Value::as_object);
            let keys = done
                .flat_map(|entry| entry.values())
                .filter_map(|done| done.get("Item").or_else(|| done.get("Key")).map(key));
            keys.collect::<Vec<_>>().join(", ")
        }
        _ => String::new(),
    }
}

fn key(attributes: &Value) -> String {
    let parts = ["pk", "sk"].into_iter().filter_map(|name| attributes.get(name));
    parts.filter_map(scalar).collect::<Vec<_>>().join(" ")
}

/// The text of a string or a number.
fn scalar(attribute: &Value) -> Option<&str> {
    attribute.get("S").or_else(|| attribute.get("N")).and_then(Value::as_str)
}

/// A key condition begins with its partition, as `pk = :pk`.
fn query(input: &Value) -> String {
    let condition = input.get("KeyConditionExpression").and_then(Value::as_str).unwrap_or_default();
    let name = condition.split_whitespace().find(|word| word.starts_with(':'));
    let partition = name.and_then(|name| input.get("ExpressionAttributeValues")?.get(name));
    let index = input.get("IndexName").and_then(Value::as_str);
    let parts = index.into_iter().chain(partition.and_then(scalar));
    parts.collect::<Vec<_>>().join(" ")
}

/// The name of the queue that a call to SQS is for.
pub(crate) fn queue(input: &Value) -> String {
    let url = input.get("QueueUrl").or_else(|| input.get("QueueName")).and_then(Value::as_str);
    url.and_then(|url| url.rsplit('/').next()).unwrap_or_default().to_owned()
}

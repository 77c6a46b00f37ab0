//! What tells whether a flow was changed.

use data_encoding::HEXLOWER;
use masa_domain::Flow;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The SHA-256 (hexadecimal) of a flow's canonical JSON: keys sorted, no white space. Two files that
/// say the same have the same digest, whatever the order of their keys.
pub fn digest(flow: &Flow) -> String {
    let json = serde_json::to_value(flow).unwrap_or_else(|_| {
        unreachable!("all keys of a flow are texts, and all its numbers are JSON's");
    });
    HEXLOWER.encode(&Sha256::digest(sorted(json).to_string()))
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(entries) => {
            let mut entries: Vec<_> =
                entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(members) => Value::Array(members.into_iter().map(sorted).collect()),
        other => other,
    }
}

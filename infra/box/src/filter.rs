//! Lambda's event filters, as far as Masa's template uses them.

use serde_json::Value;

/// The operators that the box knows.
const OPERATORS: [&str; 5] = ["prefix", "suffix", "exists", "anything-but", "equals-ignore-case"];

/// Says what in a pattern the box would not understand.
pub(crate) fn check(pattern: &Value) -> Result<(), String> {
    let Value::Object(members) = pattern else {
        return Err(format!("a filter pattern must be an object, not {pattern}"));
    };
    for (name, value) in members {
        let Value::Array(rules) = value else {
            check(value)?;
            continue;
        };
        for rule in rules {
            let operators = rule.as_object().into_iter().flat_map(|rule| rule.keys());
            if let Some(unknown) =
                operators.into_iter().find(|name| !OPERATORS.contains(&name.as_str()))
            {
                return Err(format!(
                    "the box does not know the filter operator {unknown} of {name}"
                ));
            }
        }
    }
    Ok(())
}

/// Whether an event fits a pattern.
pub(crate) fn matches(pattern: &Value, event: &Value) -> bool {
    let members = pattern.as_object().into_iter().flatten();
    members.into_iter().all(|(name, value)| {
        let found = event.get(name);
        match value {
            Value::Array(rules) => rules.iter().any(|rule| fits(rule, found)),
            inner => found.is_some_and(|found| matches(inner, found)),
        }
    })
}

fn fits(rule: &Value, found: Option<&Value>) -> bool {
    let Value::Object(operators) = rule else {
        return found == Some(rule);
    };
    let text = found.and_then(Value::as_str);
    operators.iter().all(|(operator, argument)| {
        let with = argument.as_str();
        match operator.as_str() {
            "prefix" => text.zip(with).is_some_and(|(text, with)| text.starts_with(with)),
            "suffix" => text.zip(with).is_some_and(|(text, with)| text.ends_with(with)),
            "equals-ignore-case" => {
                text.zip(with).is_some_and(|(text, with)| text.eq_ignore_ascii_case(with))
            }
            "exists" => argument.as_bool() == Some(found.is_some()),
            "anything-but" => {
                let listed = argument.as_array().map(Vec::as_slice);
                found.is_some_and(|found| {
                    !listed.unwrap_or(std::slice::from_ref(argument)).contains(found)
                })
            }
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check, matches};

    #[test]
    fn a_pattern_lets_through_what_lambda_would() {
        let pattern = json!({
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "F#"}, "@C"]}}, "OldImage": [{"exists": false}]},
        });
        assert_eq!(check(&pattern), Ok(()));
        let event = |name: &str, sk: &str| json!({"eventName": name, "dynamodb": {"Keys": {"sk": {"S": sk}}}});
        assert!(matches(&pattern, &event("INSERT", "F#1")));
        assert!(matches(&pattern, &event("MODIFY", "@C")));
        assert!(!matches(&pattern, &event("REMOVE", "F#1")));
        assert!(!matches(&pattern, &event("INSERT", "@")));
        let mut replaced = event("INSERT", "F#1");
        replaced["dynamodb"]["OldImage"] = json!({});
        assert!(!matches(&pattern, &replaced));
        assert!(check(&json!({"a": [{"numeric": ["=", 1]}]})).is_err());
    }
}

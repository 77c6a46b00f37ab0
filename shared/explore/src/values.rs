//! Values that pass a test, and values that don't.

use masa_domain::FieldTest;
use serde_json::{Number, Value, json};

/// One value that passes, and one that doesn't; `None` is no value at all.
pub(crate) fn either_way(test: &FieldTest) -> (Option<Value>, Option<Value>) {
    match test {
        FieldTest::Is(value) => (Some(value.clone()), Some(other(value))),
        FieldTest::OneOf(values) => {
            let other = values.iter().fold(json!("something else"), |unlike, value| {
                if unlike == *value { self::other(value) } else { unlike }
            });
            (values.first().cloned(), Some(other))
        }
        FieldTest::Contains(value @ Value::String(_)) => {
            (Some(value.clone()), Some(json!("something else")))
        }
        FieldTest::Contains(value) => (Some(json!([value])), Some(json!([other(value)]))),
        FieldTest::Over(limit) => (Some(moved(limit, 1)), Some(json!(limit))),
        FieldTest::Under(limit) => (Some(moved(limit, -1)), Some(json!(limit))),
        FieldTest::Empty(true) => (None, Some(json!("something"))),
        FieldTest::Empty(false) => (Some(json!("something")), None),
    }
}

/// All values that may tell a test's answers apart, or those of several tests of one name.
pub(crate) fn candidates(test: &FieldTest) -> Vec<Option<Value>> {
    let (pass, fail) = either_way(test);
    let mut all = vec![pass, fail];
    if let FieldTest::OneOf(values) = test {
        all.extend(values.iter().cloned().map(Some));
    }
    all
}

/// A number that is so much more.
pub(crate) fn moved(number: &Number, by: i64) -> Value {
    match (number.as_i64(), number.as_f64()) {
        (Some(whole), _) => json!(whole.saturating_add(by)),
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        (None, Some(number)) => json!(number + by as f64),
        (None, None) => Value::Null,
    }
}

/// A value of the same type that is another one.
pub(crate) fn other(value: &Value) -> Value {
    match value {
        Value::String(text) => json!(format!("not {text}")),
        Value::Number(number) => moved(number, 1),
        Value::Bool(yes) => json!(!yes),
        Value::Null | Value::Array(_) | Value::Object(_) => json!("something else"),
    }
}

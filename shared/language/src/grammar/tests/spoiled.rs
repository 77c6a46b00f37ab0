//! Every example of the tables, spoiled in every way: both refuse it.

use serde_json::{Map, Value, json};

use super::{Example, document, examples, reader_says, schema_says, words_of};
use crate::grammar::{Head, Key, Need, Takes};

impl Example {
    /// The example, changed.
    fn with(&self, change: impl FnOnce(&mut Map<String, Value>)) -> Map<String, Value> {
        let mut mapping = self.mapping.clone();
        change(&mut mapping);
        mapping
    }

    #[track_caller]
    fn is_refused(&self, mapping: Map<String, Value>) {
        let what = format!("{}: {}", self.node.name, Value::Object(mapping.clone()));
        let (file, document) = document(self.node, Value::Object(mapping));
        assert_ne!(schema_says(file, &document), [""; 0], "the schema takes {what}");
        assert_ne!(reader_says(file, &document), [], "the reader takes {what}");
    }

    fn needs(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known.name == key && known.need == Need::Must)
    }

    fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known.name == key)
    }
}

/// Whether a head stands in a mapping, with a word of its own where it tells by words.
fn tells(head: &Head, mapping: &Map<String, Value>) -> bool {
    match (mapping.get(head.key.name), &head.key.takes) {
        (Some(Value::String(word)), Takes::Words(words)) => words.contains(&word.as_str()),
        (value, _) => value.is_some(),
    }
}

fn set(mapping: &mut Map<String, Value>, key: &str, value: Value) {
    mapping.insert(key.to_owned(), value);
}

#[test]
fn a_key_that_is_not_known() {
    for example in examples() {
        example.is_refused(example.with(|mapping| set(mapping, "nonsense", json!("x"))));
    }
}

/// Also keys that are known elsewhere, and those that tell what another mapping is.
#[test]
fn a_key_of_another_mapping_of_the_kind() {
    for example in examples() {
        for other in examples().iter().filter(|other| other.node.name == example.node.name) {
            for (key, value) in other.mapping.iter().filter(|(key, _)| !example.has(key)) {
                let both = example.with(|mapping| set(mapping, key, value.clone()));
                // `{ days: [sun], at: "09:00" }` is another mapping of the kind, and a good one.
                let is_good = example.node.branches().iter().any(|(head, beside)| {
                    let known = |key: &String| {
                        head.key.name == key || beside.iter().any(|beside| beside.name == key)
                    };
                    tells(head, &both) && both.keys().all(known)
                });
                if !is_good {
                    example.is_refused(both);
                }
            }
        }
    }
}

#[test]
fn a_key_that_is_missing() {
    for example in examples() {
        for key in example.keys.iter().filter(|key| matches!(key.need, Need::Must | Need::One)) {
            let rest = example.with(|mapping| drop(mapping.shift_remove(key.name)));
            // `{ at: "09:00", days: [sun] }` waits for days when `at` is missing.
            let other_head = example.head.is_some_and(|head| head.key.name == key.name)
                && example.node.heads().iter().any(|other| rest.contains_key(*other));
            if rest.len() < example.mapping.len() && !other_head {
                example.is_refused(rest);
            }
        }
    }
}

#[test]
fn two_tests_of_one_field() {
    let test = |key: &&&Key| matches!(key.need, Need::One | Need::OneOrNone);
    for example in examples() {
        let tests: Vec<_> = example.keys.iter().filter(test).collect();
        let has_one = tests.iter().any(|key| example.mapping.contains_key(key.name));
        for other in tests.iter().filter(|key| !example.mapping.contains_key(key.name)) {
            let value = match other.name {
                "one_of" => json!([1]),
                "empty" => json!(true),
                _ => json!(1),
            };
            if has_one {
                example.is_refused(example.with(|mapping| set(mapping, other.name, value)));
            }
        }
    }
}

/// A key that the reader passes over would be taken.
#[test]
fn a_value_of_the_wrong_type() {
    for example in examples() {
        for key in example.keys.iter().filter(|key| !matches!(key.takes, Takes::Json)) {
            example.is_refused(example.with(|mapping| set(mapping, key.name, json!([[]]))));
        }
    }
}

#[test]
fn a_word_that_is_not_known() {
    for example in examples() {
        for key in &example.keys {
            let same = |(head, _): &(&'static Head, _)| {
                head.key.name == key.name
                    && example.head.is_some_and(|own| own.key.name == key.name)
            };
            // A head that tells by its word stands in the tables more than once.
            let heads = example.node.branches().into_iter().filter(same);
            let mut words: Vec<_> =
                heads.filter_map(|(head, _)| words_of(&head.key.takes)).flatten().collect();
            if words.is_empty() {
                words.extend(words_of(&key.takes).into_iter().flatten());
            }
            if words.is_empty() {
                continue;
            }
            let spoiled = example.with(|mapping| set(mapping, key.name, json!("zzzzzzzzzzzz")));
            example.is_refused(spoiled.clone());
            // The reader's hint names all words that it knows.
            let (file, document) = document(example.node, Value::Object(spoiled));
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            let hint = format!("there are: {}", words.join(", "));
            let hints: Vec<_> = reader_says(file, &document)
                .into_iter()
                .filter_map(|problem| problem.hint)
                .collect();
            assert!(
                hints.contains(&hint),
                "{}: {}: {hint}: {hints:?}",
                example.node.name,
                key.name
            );
        }
    }
}

#[test]
fn every_word_is_taken() {
    for one in examples() {
        for key in &one.keys {
            let words = match &key.takes {
                Takes::Words(words) | Takes::Either([Takes::Words(words), ..]) => words,
                _ => continue,
            };
            for word in *words {
                // Alone with what is needed: what else stands beside it may ask for another word.
                let taken = examples().into_iter().any(|other| {
                    let head = |example: &Example| example.head.map(|head| head.key.name);
                    let same = other.node.name == one.node.name && head(&other) == head(&one);
                    let mapping = other.with(|mapping| {
                        mapping.retain(|name, _| other.needs(name));
                        set(mapping, key.name, json!(word));
                    });
                    let (file, document) = document(other.node, Value::Object(mapping));
                    same && schema_says(file, &document).is_empty()
                        && reader_says(file, &document).is_empty()
                });
                assert!(taken, "{}: {}: {word}", one.node.name, key.name);
            }
        }
    }
}

//! The tables of the language as JSON Schema, for completion and hover texts in editors.
//!
//! Of draft 7: every YAML server of an editor understands it, and nothing here needs a later one. A
//! schema knows one file. What compares files or parts of one, such as whether a step exists, the
//! check tells alone.

use serde_json::{Map as Object, Value, json};

use crate::grammar::{FLOW, Head, Key, Need, Node, Plain, SHOP, TEST_FILE, Takes};

/// A file that has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaOf {
    /// `flow.yaml`.
    Flow,
    /// `shop.yaml`.
    Shop,
    /// `tests.yaml`.
    Tests,
}

impl SchemaOf {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Flow, Self::Shop, Self::Tests];

    /// The name of the file without its ending: `flow`, `shop` or `tests`.
    pub fn name(self) -> &'static str {
        self.root().name.strip_suffix(".yaml").unwrap_or_default()
    }

    fn root(self) -> &'static Node {
        match self {
            Self::Flow => &FLOW,
            Self::Shop => &SHOP,
            Self::Tests => &TEST_FILE,
        }
    }
}

/// The JSON Schema (draft 7) of a file.
pub fn schema(file: SchemaOf) -> Value {
    let mut printer = Printer { wanted: Vec::new() };
    let mut schema = Object::new();
    schema.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    schema.insert("title".to_owned(), json!(file.root().name));
    schema.extend(printer.node(file.root()));
    let mut definitions = Object::new();
    let mut printed = 0;
    while let Some(node) = printer.wanted.get(printed).copied() {
        printed += 1;
        let node_schema = printer.node(node);
        definitions.insert(definition(node), Value::Object(node_schema));
    }
    schema.insert("definitions".to_owned(), Value::Object(definitions));
    Value::Object(schema)
}

/// A node's name among the definitions.
fn definition(node: &Node) -> String {
    node.name.replace(' ', "_")
}

struct Printer {
    /// Nodes that are referred to.
    wanted: Vec<&'static Node>,
}

impl Printer {
    fn node(&mut self, node: &'static Node) -> Object<String, Value> {
        let mut schema = described(node.says, node.example);
        if node.branches().is_empty() {
            schema.extend(self.mapping(&node.keys.iter().collect::<Vec<_>>(), ""));
            return schema;
        }
        let mut branches = Vec::new();
        // What takes nothing may stand alone, as a word. Editors complete what comes first.
        let mut words = Vec::new();
        for (head, beside) in node.branches() {
            if matches!(head.key.takes, Takes::Nothing) {
                let mut word = described(head.key.says, "");
                word.insert("const".to_owned(), json!(head.key.name));
                words.push(Value::Object(word));
            }
            branches.push(Value::Object(self.branch(head, beside)));
        }
        branches.append(&mut words);
        schema.insert("anyOf".to_owned(), Value::Array(branches));
        schema
    }

    fn branch(&mut self, head: &'static Head, beside: Vec<&'static Key>) -> Object<String, Value> {
        let keys: Vec<&'static Key> = std::iter::once(&head.key).chain(beside).collect();
        let mut schema = Object::new();
        schema.insert("title".to_owned(), json!(head.key.name));
        schema.extend(self.mapping(&keys, &head.examples.join("\n")));
        schema
    }

    /// A mapping with these keys; the example is told with the first of them.
    fn mapping(&mut self, keys: &[&'static Key], example: &str) -> Object<String, Value> {
        let mut properties = Object::new();
        for (position, key) in keys.iter().enumerate() {
            let example = if position == 0 { example } else { "" };
            properties.insert(key.name.to_owned(), self.key(key, example));
        }
        let marked = |need: Need| keys.iter().filter(move |key| key.need == need);
        let required: Vec<&str> = marked(Need::Must).map(|key| key.name).collect();
        let mut schema = Object::new();
        schema.insert("type".to_owned(), json!("object"));
        schema.insert("properties".to_owned(), Value::Object(properties));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        let one: Vec<Value> =
            marked(Need::One).map(|key| json!({ "required": [key.name] })).collect();
        if !one.is_empty() {
            schema.insert("oneOf".to_owned(), Value::Array(one));
        }
        if marked(Need::OneOrNone).next().is_some() {
            let others = keys.iter().filter(|key| key.need != Need::OneOrNone).count();
            schema.insert("maxProperties".to_owned(), json!(others + 1));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        schema
    }

    fn key(&mut self, key: &'static Key, example: &str) -> Value {
        let says = match key.need {
            Need::May(value) if !value.is_empty() => {
                format!("{} When left out: `{value}`.", key.says)
            }
            _ => key.says.to_owned(),
        };
        let mut schema = Object::new();
        schema.insert("title".to_owned(), json!(key.name));
        schema.extend(described(&says, example));
        // Beside `$ref` validators pass over the rest, which is for people; editors show it.
        schema.extend(self.takes(&key.takes));
        Value::Object(schema)
    }

    fn takes(&mut self, takes: &'static Takes) -> Object<String, Value> {
        let schema = match takes {
            Takes::Plain(plain) => return plain_schema(plain),
            Takes::Words(words) => json!({ "enum": words }),
            Takes::Holiday => {
                json!({ "enum": masa_domain::holidays::names().collect::<Vec<_>>() })
            }
            Takes::True => json!({ "enum": [true] }),
            Takes::Nothing => json!({ "type": "null" }),
            Takes::Json => json!({}),
            Takes::Either(several) => {
                json!({ "anyOf": several.iter().map(|one| self.takes(one)).collect::<Vec<_>>() })
            }
            Takes::List(of, least) => {
                json!({ "type": "array", "items": self.takes(of), "minItems": least })
            }
            Takes::Map(map) => {
                let mut schema = json!({
                    "type": "object",
                    "propertyNames": { "pattern": map.names.pattern },
                    "additionalProperties": self.takes(&map.of),
                    "minProperties": map.count.0,
                });
                if let (Some(schema), Some(most)) = (schema.as_object_mut(), map.count.1) {
                    schema.insert("maxProperties".to_owned(), json!(most));
                }
                schema
            }
            Takes::Node(node) => {
                if !self.wanted.iter().any(|wanted| wanted.name == node.name) {
                    self.wanted.push(node);
                }
                json!({ "$ref": format!("#/definitions/{}", definition(node)) })
            }
        };
        match schema {
            Value::Object(schema) => schema,
            _ => Object::new(),
        }
    }
}

fn plain_schema(plain: &Plain) -> Object<String, Value> {
    let mut schema = Object::new();
    let types = match plain.types {
        [one] => json!(one),
        several => json!(several),
    };
    schema.insert("type".to_owned(), types);
    if !plain.pattern.is_empty() {
        schema.insert("pattern".to_owned(), json!(plain.pattern));
        // What some editors tell instead of the pattern.
        schema.insert("patternErrorMessage".to_owned(), json!(plain.says));
    }
    if let Some((least, greatest)) = plain.range {
        schema.insert("minimum".to_owned(), json!(least));
        schema.insert("maximum".to_owned(), json!(greatest));
    }
    schema
}

/// What it says as plain text and, with the example, for editors that show Markdown.
fn described(says: &str, example: &str) -> Object<String, Value> {
    let mut schema = Object::new();
    schema.insert("description".to_owned(), json!(says));
    let markdown = match example {
        "" => says.to_owned(),
        example => format!("{says}\n\n```yaml\n{}\n```", example.trim_end()),
    };
    if markdown.contains('`') {
        schema.insert("markdownDescription".to_owned(), json!(markdown));
    }
    schema
}

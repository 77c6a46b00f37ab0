//! The tables against the reader and the schemas, in both directions.

mod bad;
mod spoiled;

use std::{collections::BTreeMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{Head, Key, Need, Node, Takes};
use crate::{
    Files, Library, Problem, SchemaOf, Severity, Test, problem::Report, read_tests,
    reference::CHAPTERS, schema, yaml,
};

const SHOP: &str = "\
name: Tea
url: https://shop.example
address: 1 Garden Road
language: en
forms: { spring: { lists: [news] } }
questions: { nps: { type: nps, text: How likely? }, taste: { type: text, text: What taste? } }
people: { sales: sales@shop.example }
systems: { crm: https://crm.example.com/hooks }
";
/// With steps of all names that tests use in the examples.
const FLOW: &str = "\
flow: one
trigger: { joined: news }
steps:
  - email: hello
  - { id: later, wait: 1d }
  - { id: nudge, wait: 1d }
  - { id: to-sales, wait: 1d }
  - { id: to-crm, wait: 1d }
  - { id: story, wait: 1d }
  - wait: 2d
";
const WELCOME: &str = "{ flow: welcome, trigger: { joined: news }, steps: [ { email: hello } ] }";
const TESTS: &str = "tests: [ { name: it, steps: [ { email: hello } ] } ]";
const HELLO: &str = "---\nsubject: Hello\n---\n<p>Hello</p>\n";

static VALIDATORS: LazyLock<[Validator; 3]> = LazyLock::new(|| {
    SchemaOf::ALL.map(|file| {
        let schema = schema(file);
        assert!(jsonschema::draft7::meta::is_valid(&schema), "{file:?}");
        jsonschema::draft7::new(&schema).unwrap()
    })
});

/// What a YAML text says.
fn parse(text: &str) -> Value {
    let mut report = Report::new("example");
    let read = yaml::parse(text, 0, &mut report).and_then(|node| node.to_json());
    read.unwrap_or_else(|| panic!("{text}\n{:?}", report.into_problems()))
}

/// What the schema has against a document.
fn schema_says(file: SchemaOf, document: &Value) -> Vec<String> {
    let errors = VALIDATORS[file as usize].iter_errors(document);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// What the reader makes of a document, among others that it may name.
fn read(file: SchemaOf, document: &Value) -> Result<(Library, Vec<Test>), Vec<Problem>> {
    let mut texts: BTreeMap<&str, String> = [
        ("shop.yaml", SHOP),
        ("one/flow.yaml", FLOW),
        ("one/templates/hello.en.html", HELLO),
        ("one/templates/hello.he.html", HELLO),
        ("welcome/flow.yaml", WELCOME),
        ("welcome/templates/hello.en.html", HELLO),
        ("welcome/templates/hello.he.html", HELLO),
        ("one/tests.yaml", TESTS),
    ]
    .map(|(path, text)| (path, text.to_owned()))
    .into();
    let path = match file {
        SchemaOf::Flow => "one/flow.yaml",
        SchemaOf::Shop => "shop.yaml",
        SchemaOf::Tests => "one/tests.yaml",
    };
    // JSON is YAML.
    texts.insert(path, document.to_string());
    let files = Files::from_texts(texts);
    let tests = read_tests(&files)?;
    Ok((crate::read(&files)?, tests))
}

/// What the reader has against a document.
fn reader_says(file: SchemaOf, document: &Value) -> Vec<Problem> {
    let mut problems = read(file, document).err().unwrap_or_default();
    problems.retain(|problem| problem.severity == Severity::Error);
    problems
}

/// A whole file in which a mapping of this kind stands.
fn document(node: &Node, mapping: Value) -> (SchemaOf, Value) {
    let in_flow = |key: &str| {
        let mut flow = parse(FLOW);
        flow[key] = mapping.clone();
        (SchemaOf::Flow, flow)
    };
    // In a branch, so that a step which ends the run makes no other unreachable.
    let in_step = |step: Value| {
        let mut flow = parse(FLOW);
        let step = json!({ "if": { "list": "staff" }, "then": [step] });
        flow["steps"].as_array_mut().unwrap().insert(1, step);
        (SchemaOf::Flow, flow)
    };
    let in_shop = |key: &str| {
        let mut shop = parse(SHOP);
        shop[key] = json!({ "spring": mapping.clone() });
        (SchemaOf::Shop, shop)
    };
    let in_test =
        |line: Value| (SchemaOf::Tests, json!({ "tests": [ { "name": "it", "steps": [line] } ] }));
    let ways = json!({ "a": { "share": 1 }, "b": { "share": 1 } });
    match node.name {
        "flow.yaml" => (SchemaOf::Flow, mapping),
        "entry" | "goal" | "send" => in_flow(node.name),
        "happening" => in_flow("exit"),
        "condition" | "test of a field" => in_step(json!({ "if": mapping, "then": [] })),
        "step" => in_step(mapping),
        "wait_until" => in_step(json!({ "wait_until": mapping })),
        "way" => in_step(json!({ "split": { "a": mapping, "b": { "share": 1 } } })),
        "winner" => in_step(json!({ "split": ways, "winner": mapping })),
        "shop.yaml" => (SchemaOf::Shop, mapping),
        "form" => in_shop("forms"),
        "product" => in_shop("products"),
        "question" => in_shop("questions"),
        "person" => in_shop("people"),
        "cap" => {
            let mut shop = parse(SHOP);
            shop["cap"] = mapping;
            (SchemaOf::Shop, shop)
        }
        "tests.yaml" => (SchemaOf::Tests, mapping),
        "test" => (SchemaOf::Tests, json!({ "tests": [mapping] })),
        "line" => in_test(mapping),
        "filled form" => in_test(json!({ "form": mapping })),
        "purchase" => in_test(json!({ "buy": mapping })),
        "sent event" => in_test(json!({ "event": mapping })),
        "answer of a system" => in_test(json!({ "system": mapping })),
        "click" => in_test(json!({ "click": mapping })),
        other => panic!("say where {other} stands"),
    }
}

/// An example of the tables.
struct Example {
    node: &'static Node,
    head: Option<&'static Head>,
    /// All that may stand in it.
    keys: Vec<&'static Key>,
    mapping: Map<String, Value>,
}

impl Example {
    fn document(&self) -> (SchemaOf, Value) {
        document(self.node, Value::Object(self.mapping.clone()))
    }
}

fn mapping(text: &str) -> Map<String, Value> {
    parse(text).as_object().unwrap().clone()
}

/// All examples of the tables.
fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for node in CHAPTERS {
        if node.branches().is_empty() {
            let (keys, mapping) = (node.keys.iter().collect(), mapping(node.example));
            examples.push(Example { node, head: None, keys, mapping });
        }
        for (head, beside) in node.branches() {
            let keys: Vec<&Key> = std::iter::once(&head.key).chain(beside).collect();
            let is_own = node.heads().contains(&head.key.name);
            for example in head.examples {
                let (keys, mut mapping) = (keys.clone(), mapping(example));
                // Another node's example has not what stands beside it here.
                if let (false, Some(also)) = (is_own, &node.also) {
                    let here = self::mapping(node.example);
                    mapping.extend(
                        also.beside.iter().map(|key| (key.name.to_owned(), here[key.name].clone())),
                    );
                }
                examples.push(Example { node, head: Some(head), keys, mapping });
            }
        }
    }
    examples
}

#[test]
fn both_accept_every_example_of_the_tables() {
    for example in examples() {
        let (file, document) = example.document();
        let what = format!("{}: {}", example.node.name, Value::Object(example.mapping));
        assert_eq!(schema_says(file, &document), [""; 0], "{what}");
        assert_eq!(reader_says(file, &document), [], "{what}");
    }
}

#[test]
fn every_key_stands_in_an_example() {
    for one in examples() {
        for key in &one.keys {
            let same_head = |other: &&Example| {
                let of = |example: &Example| example.head.map(|head| head.key.name);
                other.node.name == one.node.name && of(other) == of(&one)
            };
            let all = examples();
            let shown =
                all.iter().filter(same_head).any(|other| other.mapping.contains_key(key.name));
            // A step's id is shown with some.
            let any = all.iter().any(|other| {
                other.node.name == one.node.name && other.mapping.contains_key(key.name)
            });
            let general = one.node.keys.iter().any(|general| general.name == key.name);
            assert!(
                shown || (general && any),
                "{}: {} in {:?}",
                one.node.name,
                key.name,
                one.mapping
            );
        }
    }
}

#[test]
fn both_accept_the_library_that_ships() {
    let files = masa_flows::FILES;
    let (mut flows, mut tests) = (0, 0);
    for (path, text) in files {
        let file = match path.rsplit('/').next() {
            Some("flow.yaml") => SchemaOf::Flow,
            Some("tests.yaml") => SchemaOf::Tests,
            Some("shop.yaml") => SchemaOf::Shop,
            _ => continue,
        };
        assert_eq!(schema_says(file, &parse(text)), [""; 0], "{path}");
        flows += usize::from(file == SchemaOf::Flow);
        tests += usize::from(file == SchemaOf::Tests);
    }
    let files = Files::from_texts(files.iter().copied());
    read_tests(&files).unwrap();
    let known = crate::read(&files).unwrap().flows.len();
    assert!(known > 0 && (flows, tests) == (known, known), "{flows} flows, {tests} tests");
}

/// What is said to hold when a key is left out is what the reader makes of it.
#[test]
fn what_is_left_out_is_as_the_tables_say() {
    let mut seen = 0;
    for example in examples() {
        for key in &example.keys {
            let Need::May(value) = key.need else { continue };
            if value.is_empty() {
                continue;
            }
            let with = |value: Option<Value>| {
                let mut mapping = example.mapping.clone();
                mapping.shift_remove(key.name);
                mapping.extend(value.map(|value| (key.name.to_owned(), value)));
                document(example.node, Value::Object(mapping))
            };
            let ((file, without), (_, said)) = (with(None), with(Some(parse(value))));
            if !schema_says(file, &without).is_empty() || !reader_says(file, &without).is_empty() {
                continue;
            }
            seen += 1;
            let what = format!("{}: {} {value}", example.node.name, key.name);
            assert_eq!(schema_says(file, &said), [""; 0], "{what}");
            let (without, said) = (read(file, &without).unwrap(), read(file, &said).unwrap());
            assert_eq!(without, said, "{what}");
        }
    }
    assert!(seen > 20, "{seen}");
}

/// The words of a key, when it takes one of some or several of them.
fn words_of(takes: &Takes) -> Option<&'static [&'static str]> {
    match takes {
        Takes::Words(words) => Some(words),
        Takes::Either([Takes::Words(words), Takes::List(..)]) => Some(words),
        _ => None,
    }
}

#[test]
fn every_node_has_a_chapter_and_every_row_says_something() {
    let names: Vec<&str> = CHAPTERS.iter().map(|node| node.name).collect();
    for file in SchemaOf::ALL {
        for name in schema(file)["definitions"].as_object().unwrap().keys() {
            assert!(
                names.contains(&name.replace('_', " ").as_str()) || names.contains(&name.as_str())
            );
        }
    }
    for node in CHAPTERS {
        assert!(node.says.ends_with('.'), "{}", node.name);
        let keys = node.heads.iter().flat_map(|head| std::iter::once(&head.key).chain(head.beside));
        for key in keys.chain(node.keys) {
            assert!(key.says.ends_with('.'), "{}: {}", node.name, key.name);
        }
    }
}

#[test]
fn the_values_are_as_they_are_told() {
    for plain in super::VALUES {
        assert!(plain.says.ends_with('.'), "{}", plain.name);
        assert!(
            jsonschema::draft7::new(&json!({ "pattern": plain.pattern })).is_ok(),
            "{}",
            plain.name
        );
    }
}

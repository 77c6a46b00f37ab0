//! `infra/template.yaml` as JSON: a tag becomes what the long form of its function is.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};
use serde_json::{Map, Value, json};

pub(crate) fn read() -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
    parse(&std::fs::read_to_string(path).unwrap())
}

fn parse(text: &str) -> Value {
    let mut events = Parser::new_from_str(text).map(|event| event.unwrap().0);
    let start = events.by_ref().find(|event| {
        !matches!(event, Event::StreamStart | Event::DocumentStart(_) | Event::Nothing)
    });
    value(start.unwrap(), &mut events)
}

fn value<'t>(event: Event<'t>, events: &mut impl Iterator<Item = Event<'t>>) -> Value {
    match event {
        Event::Scalar(text, style, _, tag) => {
            let plain = style == ScalarStyle::Plain && tag.is_none();
            tagged(tag.as_deref(), if plain { scalar(&text) } else { json!(text) })
        }
        Event::SequenceStart(_, tag) => {
            let mut members = Vec::new();
            loop {
                match events.next().unwrap() {
                    Event::SequenceEnd => break,
                    event => members.push(value(event, events)),
                }
            }
            tagged(tag.as_deref(), Value::Array(members))
        }
        Event::MappingStart(_, tag) => {
            let mut members = Map::new();
            loop {
                match events.next().unwrap() {
                    Event::MappingEnd => break,
                    Event::Scalar(name, ..) => {
                        let event = events.next().unwrap();
                        let before = members.insert(name.to_string(), value(event, events));
                        assert_eq!(before, None, "{name} stands twice");
                    }
                    other => panic!("a key that is no text: {other:?}"),
                }
            }
            tagged(tag.as_deref(), Value::Object(members))
        }
        other => panic!("not for a template: {other:?}"),
    }
}

fn scalar(text: &str) -> Value {
    match text {
        "true" => json!(true),
        "false" => json!(false),
        _ => text.parse::<i64>().map_or_else(|_| json!(text), |number| json!(number)),
    }
}

fn tagged(tag: Option<&Tag>, value: Value) -> Value {
    match tag.map(|tag| tag.suffix.as_str()) {
        None => value,
        Some("Ref") => json!({ "Ref": value }),
        Some("Condition") => json!({ "Condition": value }),
        Some(function) => json!({ format!("Fn::{function}"): value }),
    }
}

#[test]
fn short_forms_read_as_long_ones() {
    let text = "a: !Ref B\nb: [!GetAtt C.Arn, !If [D, !Sub '${E}/*', '7']]\nc: 7\n";
    let long = json!({
        "a": {"Ref": "B"},
        "b": [{"Fn::GetAtt": "C.Arn"}, {"Fn::If": ["D", {"Fn::Sub": "${E}/*"}, "7"]}],
        "c": 7,
    });
    assert_eq!(parse(text), long);
}

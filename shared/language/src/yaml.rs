//! YAML with a position at every node.
//!
//! Built on the parser's events instead of its loader, so that the limits hold before anything is
//! built, a key that stands twice is seen, and nothing is expanded: anchors and aliases are refused.

use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use serde_json::{Number, Value};

use crate::{
    problem::{Mark, Report},
    words::quote,
};

/// How deep lists and mappings may stand in each other. Steps and conditions have their own,
/// lower limits; this one keeps the reader's own recursion small.
const DEPTH_MAX: usize = 200;

/// A value and where it stands.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it begins.
    pub at: Mark,
    /// What it is.
    pub yaml: Yaml,
}

#[derive(Debug)]
pub(crate) enum Yaml {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// What could not be read, and was reported.
    Broken,
}

/// A key of a mapping.
#[derive(Debug)]
pub(crate) struct Key {
    pub at: Mark,
    pub text: String,
}

/// A single value as it was written.
#[derive(Debug)]
pub(crate) struct Scalar {
    pub text: String,
    pub style: Style,
    /// Where it ends.
    pub end: Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes: it may be a number, true, false or nothing.
    Plain,
    /// Between quotes, or folded: a text whose lines are not those of the file.
    Text,
    /// After `|`: a text whose lines are those of the file, all indented alike.
    Literal,
}

impl Node {
    /// Whether nothing was written.
    pub(crate) fn is_null(&self) -> bool {
        matches!(&self.yaml, Yaml::Scalar(scalar) if scalar.is_null())
    }

    /// The single value that it is.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.yaml {
            Yaml::Scalar(scalar) => Some(scalar),
            Yaml::List(_) | Yaml::Map(_) | Yaml::Broken => None,
        }
    }

    /// What it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.yaml {
            Yaml::Broken => "what can't be read",
            Yaml::List(_) => "a list",
            Yaml::Map(_) => "a mapping",
            Yaml::Scalar(scalar) => match scalar.value() {
                Some(Value::Null) => "nothing",
                Some(Value::Bool(_)) => "true or false",
                Some(Value::Number(_)) => "a number",
                _ => "a text",
            },
        }
    }

    /// The value as JSON; `None` when it holds a number that JSON has not.
    pub(crate) fn to_json(&self) -> Option<Value> {
        Some(match &self.yaml {
            Yaml::Broken => return None,
            Yaml::Scalar(scalar) => scalar.value()?,
            Yaml::List(members) => {
                Value::Array(members.iter().map(Self::to_json).collect::<Option<_>>()?)
            }
            Yaml::Map(entries) => {
                let entries =
                    entries.iter().map(|(key, node)| Some((key.text.clone(), node.to_json()?)));
                Value::Object(entries.collect::<Option<_>>()?)
            }
        })
    }
}

impl Scalar {
    pub(crate) fn is_null(&self) -> bool {
        self.style == Style::Plain
            && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The value by YAML's core schema, except that digits after a leading zero are a text: they
    /// are a code or a phone number, not a quantity. `None` for a number that JSON has not.
    pub(crate) fn value(&self) -> Option<Value> {
        if self.style != Style::Plain {
            return Some(Value::String(self.text.clone()));
        }
        if self.is_null() {
            return Some(Value::Null);
        }
        Some(match self.text.as_str() {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "-.inf" => return None,
            text if is_number(text) => Value::Number(number(text)?),
            text => Value::String(text.to_owned()),
        })
    }
}

fn is_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let leading_zero = matches!(digits.as_bytes(), [b'0', second, ..] if second.is_ascii_digit());
    digits.starts_with(|c: char| c.is_ascii_digit())
        && text.len() <= digits.len() + 1
        && !leading_zero
        && !digits.ends_with('.')
        && digits
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.parse::<f64>().is_ok()
}

fn number(text: &str) -> Option<Number> {
    let text = text.trim_start_matches('+');
    if let Ok(whole) = text.parse::<i64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    Number::from_f64(text.parse().ok()?)
}

/// A list or mapping that is still being read.
enum Open {
    List(Mark, Vec<Node>),
    Map(Mark, Vec<(Key, Node)>, Next),
    /// A mapping with a key that is none, and all that stands in it: read over.
    Broken(Mark),
}

/// What comes next in a mapping.
enum Next {
    Key,
    ValueOf(Key),
}

/// Reads the one document of a file that begins `lines_before` lines into it. `None` when it can't
/// be read, which is then reported.
pub(crate) fn parse(text: &str, lines_before: usize, report: &mut Report<'_>) -> Option<Node> {
    let lines = text.split('\n').count() + 1;
    let mut reader = Reader { open: Vec::new(), root: None, lines, lines_before };
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = match event {
            Ok(read) => read,
            Err(error) => {
                let at = reader.mark(*error.marker());
                let message = format!("this is not YAML: {}", error.info());
                report.add(at, "yaml-syntax", message).maybe_hint(syntax_hint(
                    text,
                    error.marker().line(),
                    error.info(),
                ));
                return None;
            }
        };
        if matches!(event, Event::DocumentStart(_)) {
            documents += 1;
            if documents > 1 {
                let at = reader.mark(span.start);
                report.add(
                    at,
                    "two-documents",
                    "a file holds one document: nothing may follow this `---`",
                );
                return None;
            }
        }
        reader.take(event, span, report)?;
    }
    if reader.root.is_none() {
        report.add(reader.mark_of(1, 0), "empty-file", "nothing is written here");
    }
    reader.root
}

/// What the writer of a broken line probably overlooked. `what` is what the parser says of it.
fn syntax_hint(text: &str, line: usize, what: &str) -> Option<String> {
    let broken = text.lines().nth(line.saturating_sub(1))?;
    let indent: String = broken.chars().take_while(|c| c.is_whitespace()).collect();
    if indent.contains('\t') || what.ends_with("found a tab") {
        return Some("indent with spaces, not with tabs".to_owned());
    }
    if broken.contains("{{") || broken.contains("{%") || broken.matches(": ").count() > 1 {
        return Some(
            "put a text that begins with `{` or holds `: ` between quotes, or below `|`".to_owned(),
        );
    }
    None
}

struct Reader {
    open: Vec<Open>,
    root: Option<Node>,
    /// The last line that there may be.
    lines: usize,
    lines_before: usize,
}

impl Reader {
    fn mark(&self, marker: saphyr_parser::Marker) -> Mark {
        self.mark_of(marker.line(), marker.col())
    }

    /// A mark from the parser's line (from 1) and column (from 0). The parser counts past the end of a file that
    /// is broken, or has carriage returns alone, which are lines to YAML.
    fn mark_of(&self, line: usize, column: usize) -> Mark {
        Mark { line: line.clamp(1, self.lines) + self.lines_before, column: column + 1 }
    }

    /// Takes one event; `None` when reading must stop.
    fn take(&mut self, event: Event<'_>, span: Span, report: &mut Report<'_>) -> Option<()> {
        let at = self.mark(span.start);
        match event {
            Event::Alias(_) => return refuse_anchor(at, report),
            Event::Scalar(text, style, anchor, tag) => {
                plain(at, anchor, tag.as_deref(), report)?;
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::Literal => Style::Literal,
                    _ => Style::Text,
                };
                let end = self.mark(span.end);
                self.scalar(at, Scalar { text: text.into_owned(), style, end });
            }
            Event::SequenceStart(anchor, tag) => {
                plain(at, anchor, tag.as_deref(), report)?;
                self.begin(at, Open::List(at, Vec::new()), report)?;
            }
            Event::MappingStart(anchor, tag) => {
                plain(at, anchor, tag.as_deref(), report)?;
                self.begin(at, Open::Map(at, Vec::new(), Next::Key), report)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(),
            _ => {}
        }
        Some(())
    }

    fn begin(&mut self, at: Mark, open: Open, report: &mut Report<'_>) -> Option<()> {
        if self.open.len() >= DEPTH_MAX {
            let message =
                format!("more than {DEPTH_MAX} lists and mappings stand in each other here");
            report.add(at, "too-deep", message);
            return None;
        }
        match self.open.last_mut() {
            Some(map @ Open::Map(_, _, Next::Key)) => {
                report
                    .add(at, "bad-key", "a key must be a word")
                    .hint("put a text that begins with `{` or `[` between quotes");
                if let Open::Map(begin, ..) = map {
                    *map = Open::Broken(*begin);
                }
                self.open.push(Open::Broken(at));
            }
            Some(Open::Broken(_)) => self.open.push(Open::Broken(at)),
            _ => self.open.push(open),
        }
        Some(())
    }

    fn end(&mut self) {
        match self.open.pop() {
            Some(Open::List(at, members)) => self.node(Node { at, yaml: Yaml::List(members) }),
            Some(Open::Map(at, entries, _)) => self.node(Node { at, yaml: Yaml::Map(entries) }),
            Some(Open::Broken(at)) => self.node(Node { at, yaml: Yaml::Broken }),
            None => {}
        }
    }

    fn scalar(&mut self, at: Mark, scalar: Scalar) {
        if let Some(Open::Map(_, _, next @ Next::Key)) = self.open.last_mut() {
            *next = Next::ValueOf(Key { at, text: scalar.text });
            return;
        }
        self.node(Node { at, yaml: Yaml::Scalar(scalar) });
    }

    fn node(&mut self, mut node: Node) {
        match self.open.last_mut() {
            Some(Open::List(_, members)) => members.push(node),
            Some(Open::Map(_, entries, next)) => {
                let Next::ValueOf(key) = std::mem::replace(next, Next::Key) else { return };
                // A value that was left out has no place of its own but that of its key.
                if node.is_null() {
                    node.at = key.at;
                }
                entries.push((key, node));
            }
            Some(Open::Broken(_)) => {}
            None => self.root = Some(node),
        }
    }
}

/// Refuses what makes a file more than it seems to be: anchors and tags.
fn plain(at: Mark, anchor: usize, tag: Option<&Tag>, report: &mut Report<'_>) -> Option<()> {
    if anchor != 0 {
        return refuse_anchor(at, report);
    }
    if let Some(tag) = tag {
        let message = format!("tags such as {} are not used here", quote(&tag.to_string()));
        report.add(at, "no-tags", message);
        return None;
    }
    Some(())
}

fn refuse_anchor(at: Mark, report: &mut Report<'_>) -> Option<()> {
    report
        .add(at, "no-anchors", "anchors and aliases (`&` and `*`) are not used here")
        .hint("write it out, or put a text that begins with `&` or `*` between quotes");
    None
}

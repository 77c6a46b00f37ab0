//! `tests.yaml` beside a flow: what is done to a contact, and what has to follow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use masa_domain::{Referral, Span, Trigger};
use serde_json::Value;

use crate::{
    fields::{Fields, Heads, label, list, positive, text, whole, word, wrong_type},
    files::Files,
    grammar::{
        BUY, CLICK, EVENT_SENT, FORM_FILLED, HAPPENING, LINE, SYSTEM_ANSWERS, TEST, TEST_FILE,
    },
    happening::{At, Happenings, duration},
    played::Flows,
    problem::{Problem, Report},
    words::quote,
    yaml::{self, Node, Yaml},
};

/// When tests begin that say nothing else: a Sunday, 10:00 in Jerusalem.
const START: i64 = 1_772_352_000;

/// A test of a journey.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The flow's folder.
    pub folder: String,
    /// What holds.
    pub name: String,
    /// The line of the test, from 1.
    pub line: usize,
    /// When it begins.
    pub start: Timestamp,
    /// What is known of the contact before, as a signup would tell it.
    pub contact: BTreeMap<String, Value>,
    /// What is done and what has to follow, in order.
    pub steps: Vec<TestStep>,
}

/// A line of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestStep {
    /// The line, from 1.
    pub line: usize,
    /// What it says.
    pub what: Line,
}

/// What a line of a test says.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// The contact signs up; the value is merged into a signup's body.
    Signup(Value),
    /// It fills a form.
    Form {
        /// Which.
        name: String,
        /// With these answers.
        fields: BTreeMap<String, Value>,
    },
    /// It buys: product, quantity and total.
    Buy {
        /// The product's id; nothing in particular when absent.
        product: Option<String>,
        /// How many.
        quantity: u32,
        /// What is paid.
        total: Value,
    },
    /// An event comes.
    Event {
        /// Its name.
        name: String,
        /// Its data.
        data: Value,
    },
    /// It opens the last mail of a step.
    Open(String),
    /// It follows a link of the last mail of a step.
    Click {
        /// The step.
        step: String,
        /// The link's name; the first link when absent.
        link: Option<String>,
    },
    /// It answers a question.
    Answer {
        /// Which.
        question: String,
        /// How.
        answer: Value,
    },
    /// From now on a system answers its calls so.
    System {
        /// Which.
        name: String,
        /// The HTTP status.
        status: u16,
        /// The JSON body.
        answers: Value,
    },
    /// This date or silence comes now.
    Due(Trigger),
    /// It reads so many mails of other journeys.
    Reads(u32),
    /// A friend does something.
    Referred(Referral),
    /// It unsubscribes by the last mail of a step.
    Unsubscribe(String),
    /// Time passes.
    Advance(Span),
    /// Time passes up to a moment.
    AdvanceTo(Timestamp),
    /// The next message is this step's mail.
    Email(String),
    /// The next message is this step's text.
    Sms(String),
    /// The next message is this step's mail to a person of the shop.
    Tell(String),
    /// The next message is this step's call of a system.
    Call(String),
    /// The subject of the last expected mail contains this.
    Subject(String),
    /// The body of the last expected message contains this.
    Body(String),
    /// No message is left.
    Nothing,
    /// The run stands at this step.
    At(String),
    /// The run ended: `finished` or `left`.
    Ended(String),
    /// The contact is not inside.
    Outside,
    /// It is on a list.
    OnList(String),
    /// It is not on a list.
    NotOnList(String),
    /// Its fields hold this; `null` for one that is missing.
    Field(BTreeMap<String, Value>),
}

const NAMES: Heads = Heads {
    what: "line of a test",
    unknown: "unknown-test-line",
    two: "two-test-lines",
    apart: "each line begins with its own `-`",
    node: &LINE,
};

/// Reads the tests of a flows folder.
///
/// # Errors
/// All problems of all files.
pub fn read_tests(files: &Files) -> Result<Vec<Test>, Vec<Problem>> {
    let mut tests = Vec::new();
    let mut problems = Vec::new();
    let flows = Flows::of(files);
    for (path, source) in files.iter() {
        let Some(folder) = path.strip_suffix("/tests.yaml") else { continue };
        let mut report = Report::new(path);
        if let Some(root) = yaml::parse(source, 0, &mut report) {
            tests.extend(file(&root, folder, &mut report).unwrap_or_default());
            flows.check(&root, folder, &mut report);
        }
        problems.extend(report.into_problems());
    }
    problems.sort();
    if problems.is_empty() { Ok(tests) } else { Err(problems) }
}

/// The tests that can be read, whatever is wrong with others.
pub(crate) fn readable(files: &Files) -> Vec<Test> {
    let mut tests = Vec::new();
    for (path, source) in files.iter() {
        let Some(folder) = path.strip_suffix("/tests.yaml") else { continue };
        let mut report = Report::new(path);
        let root = yaml::parse(source, 0, &mut report);
        tests.extend(root.and_then(|root| file(&root, folder, &mut report)).unwrap_or_default());
    }
    tests
}

fn file(root: &Node, folder: &str, report: &mut Report<'_>) -> Option<Vec<Test>> {
    let fields = Fields::of(root, "the tests of a flow: `tests`,", report)?;
    fields.only(&TEST_FILE.keys(), report);
    let start = match fields.get("start") {
        Some(node) => timestamp(node, report)?,
        None => Timestamp::from_second(START).unwrap_or_default(),
    };
    let members = list(fields.must("tests", report)?, "a list of tests", report)?;
    let tests = members.iter().map(|node| test(node, folder, start, report));
    tests.collect::<Vec<_>>().into_iter().collect()
}

fn test(node: &Node, folder: &str, start: Timestamp, report: &mut Report<'_>) -> Option<Test> {
    let fields = Fields::of(node, "a test: `name` and `steps`,", report)?;
    fields.only(&TEST.keys(), report);
    let name = fields.must("name", report).and_then(|node| text(node, "what holds", report));
    let start = match fields.get("start") {
        Some(node) => timestamp(node, report)?,
        None => start,
    };
    let contact = fields.get("contact").map_or(Some(BTreeMap::new()), |node| map(node, report));
    let steps = fields.must("steps", report);
    let steps = steps.and_then(|node| list(node, "a list of what is done and follows", report))?;
    let steps: Vec<_> = steps.iter().map(|node| line(node, report)).collect();
    Some(Test {
        folder: folder.to_owned(),
        name: name?,
        line: node.at.line,
        start,
        contact: contact?,
        steps: steps.into_iter().collect::<Option<_>>()?,
    })
}

fn timestamp(node: &Node, report: &mut Report<'_>) -> Option<Timestamp> {
    let written = text(node, "a moment such as `2026-03-01T08:00:00Z`", report)?;
    let read = written.parse().ok();
    if read.is_none() {
        let message = format!("{} is not a moment", quote(&written));
        report.add(node.at, "bad-time", message).hint("write such as `2026-03-01T08:00:00Z`");
    }
    read
}

/// A mapping of names to values.
fn map(node: &Node, report: &mut Report<'_>) -> Option<BTreeMap<String, Value>> {
    let fields = Fields::of(node, "names and values", report)?;
    let mut values = BTreeMap::new();
    for (key, node) in fields.iter() {
        values.insert(key.text.clone(), json(node, report)?);
    }
    Some(values)
}

fn json(node: &Node, report: &mut Report<'_>) -> Option<Value> {
    let value = node.to_json();
    if value.is_none() {
        wrong_type(node, "a value that can be written in JSON", report);
    }
    value
}

fn line(node: &Node, report: &mut Report<'_>) -> Option<TestStep> {
    let fields = Fields::of(node, "a line such as `email: hello`", report)?;
    let (head, _, value) = fields.head(&NAMES, report)?;
    fields.only(&LINE.known(head), report);
    let name = |what: &str, report: &mut Report<'_>| label(value, what, report);
    let what = match head {
        "signup" => Line::Signup(if value.is_null() { Value::Null } else { json(value, report)? }),
        "form" => {
            let of = Fields::of(value, "a form such as `{ name: spring }`", report)?;
            of.only(&FORM_FILLED.keys(), report);
            let name = of.must("name", report).and_then(|node| label(node, "a form", report));
            let fields = of.get("fields").map_or(Some(BTreeMap::new()), |node| map(node, report));
            Line::Form { name: name?, fields: fields? }
        }
        "buy" => buy(value, report)?,
        "event" => {
            let of = Fields::of(value, "an event such as `{ type: visit }`", report)?;
            of.only(&EVENT_SENT.keys(), report);
            let name = of.must("type", report).and_then(|node| label(node, "an event", report));
            let data = of.get("data").map_or(Some(Value::Null), |node| json(node, report));
            Line::Event { name: name?, data: data? }
        }
        "open" => Line::Open(name("a step", report)?),
        "click" => click(value, report)?,
        "answer" => {
            let mut answers = map(value, report)?.into_iter();
            let (Some((question, answer)), None) = (answers.next(), answers.next()) else {
                wrong_type(value, "one question and its answer, such as `{ nps: 9 }`,", report);
                return None;
            };
            Line::Answer { question, answer }
        }
        "system" => system(value, report)?,
        "due" => {
            let mut flows = Vec::new();
            let mut happenings = Happenings { report, names: None, flows: &mut flows };
            let due = Fields::of(value, "a trigger", happenings.report)?;
            Line::Due(happenings.of(&due, At::Trigger, &HAPPENING)?)
        }
        "reads" => Line::Reads(positive(value, report)?),
        "referred" => {
            let words = [("signup", Referral::Signup), ("purchase", Referral::Purchase)];
            Line::Referred(word(value, &words, report)?)
        }
        "unsubscribe" => Line::Unsubscribe(name("a step", report)?),
        "advance" => Line::Advance(duration(value, report)?),
        "advance_to" => Line::AdvanceTo(timestamp(value, report)?),
        "email" => Line::Email(name("a step", report)?),
        "sms" => Line::Sms(name("a step", report)?),
        "tell" => Line::Tell(name("a step", report)?),
        "call" => Line::Call(name("a step", report)?),
        "subject" => Line::Subject(text(value, "a part of the subject", report)?),
        "body" => Line::Body(text(value, "a part of the message", report)?),
        "nothing" => truly(value, report).then_some(Line::Nothing)?,
        "at" => Line::At(name("a step", report)?),
        "ended" => {
            let words = [("finished", "finished"), ("left", "left")];
            Line::Ended(word(value, &words, report)?.to_owned())
        }
        "outside" => truly(value, report).then_some(Line::Outside)?,
        "list" => Line::OnList(name("a list", report)?),
        "no_list" => Line::NotOnList(name("a list", report)?),
        _ => Line::Field(map(value, report)?),
    };
    Some(TestStep { line: node.at.line, what })
}

fn system(value: &Node, report: &mut Report<'_>) -> Option<Line> {
    let of = Fields::of(value, "such as `{ name: crm, answers: { stage: lead } }`", report)?;
    of.only(&SYSTEM_ANSWERS.keys(), report);
    let name = of.must("name", report).and_then(|node| label(node, "a system", report));
    let status = of.get("status").map_or(Some(200), |node| whole(node, "an HTTP status", report));
    let answers = of.get("answers").map_or(Some(Value::Null), |node| json(node, report));
    let status = status.and_then(|status| u16::try_from(status).ok());
    let status = status.filter(|status| (200..600).contains(status));
    if let (Some(node), None) = (of.get("status"), status) {
        report.add(node.at, "bad-number", "an HTTP status is a number from 200 to 599");
    }
    Some(Line::System { name: name?, status: status?, answers: answers? })
}

/// `true`, which says nothing more.
fn truly(value: &Node, report: &mut Report<'_>) -> bool {
    word(value, &[("true", ())], report).is_some()
}

fn buy(value: &Node, report: &mut Report<'_>) -> Option<Line> {
    if !matches!(value.yaml, Yaml::Map(_)) {
        let product = label(value, "`any` or a product", report)?;
        let product = (product != "any").then_some(product);
        return Some(Line::Buy { product, quantity: 1, total: Value::from(100) });
    }
    let of = Fields::of(value, "a purchase such as `{ product: mint, total: 120 }`", report)?;
    of.only(&BUY.keys(), report);
    let product = match of.get("product") {
        Some(node) => Some(label(node, "a product", report)?).filter(|product| product != "any"),
        None => None,
    };
    let quantity =
        of.get("quantity").map_or(Some(1), |node| crate::fields::positive(node, report))?;
    let total = of.get("total").map_or(Some(Value::from(100)), |node| json(node, report))?;
    Some(Line::Buy { product, quantity, total })
}

fn click(value: &Node, report: &mut Report<'_>) -> Option<Line> {
    if !matches!(value.yaml, Yaml::Map(_)) {
        return Some(Line::Click { step: label(value, "a step", report)?, link: None });
    }
    let of = Fields::of(value, "a click such as `{ step: hello, link: spring }`", report)?;
    of.only(&CLICK.keys(), report);
    let step = of.must("step", report).and_then(|node| label(node, "a step", report));
    let link = match of.get("link") {
        Some(node) => Some(label(node, "a link's name", report)?),
        None => None,
    };
    Some(Line::Click { step: step?, link })
}

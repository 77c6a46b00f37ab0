//! Steps as they are written: a tree, with lists of steps in the branches of an `if`.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Condition, Kind};
use serde_json::Value;

use crate::{
    condition::{Conditions, Mention},
    fields::{Fields, Heads, by_language, label, list, text, whole, word, wrong_type},
    flow::KINDS,
    jinja::{self, Calls, Place},
    problem::{Mark, Report},
    words::{did_you_mean, is_name, quote},
    yaml::{Node, Yaml},
};

/// The most steps of a flow.
const STEPS_MAX: usize = 5_000;
/// How deep an `if` may stand in the branches of others.
const DEPTH_MAX: usize = 40;
/// The longest id of a step.
const ID_CHARS_MAX: usize = 60;

const HEADS: [&str; 9] = ["email", "sms", "wait", "if", "set", "count", "join", "leave", "exit"];

const NAMES: Heads = Heads {
    what: "step",
    unknown: "unknown-step-kind",
    two: "two-actions",
    apart: "each step begins with its own `-`",
    beside: &["id", "kind", "then", "else"],
};

/// Profile entries. They come from the hooks; a field of the same name would never be seen.
const PROFILE: [&str; 7] =
    ["email", "phone", "first_name", "last_name", "language", "timezone", "country"];

/// A step as it was written.
#[derive(Debug)]
pub(crate) struct Written {
    pub at: Mark,
    /// The id that its writer gave it.
    pub id: Option<(String, Mark)>,
    pub what: What,
}

#[derive(Debug)]
pub(crate) enum What {
    Plain(Action),
    If { when: Condition, then: Vec<Written>, otherwise: Vec<Written> },
}

/// Reads steps, and remembers what has to be compared with the rest of the flow.
pub(crate) struct Steps<'r, 'f> {
    pub report: &'r mut Report<'f>,
    pub mentions: &'r mut Vec<Mention>,
    /// The templates that steps name.
    pub templates: Vec<(String, Mark)>,
    /// Ids of steps that could not be read: conditions may name them all the same.
    pub broken_ids: BTreeSet<String>,
    /// Whether every step was understood.
    pub complete: bool,
    count: usize,
}

impl<'r, 'f> Steps<'r, 'f> {
    pub(crate) fn new(report: &'r mut Report<'f>, mentions: &'r mut Vec<Mention>) -> Self {
        Self {
            report,
            mentions,
            templates: Vec::new(),
            broken_ids: BTreeSet::new(),
            complete: true,
            count: 0,
        }
    }

    /// The steps of the flow.
    pub(crate) fn read(&mut self, node: &Node) -> Vec<Written> {
        match list(node, "a list of steps", self.report) {
            Some(members) => self.several(members, 0),
            None => {
                self.complete = false;
                Vec::new()
            }
        }
    }

    fn several(&mut self, members: &[Node], depth: usize) -> Vec<Written> {
        let mut steps = Vec::new();
        let mut ended = false;
        for member in members {
            self.count += 1;
            if self.count == STEPS_MAX + 1 {
                let message = format!("a flow has at most {STEPS_MAX} steps");
                self.report.add(member.at, "too-many-steps", message);
            }
            if self.count > STEPS_MAX {
                self.complete = false;
                return steps;
            }
            if ended {
                self.report
                    .add(member.at, "unreachable-step", "no contact ever comes to this step")
                    .hint("every way ends with `exit` before it");
                ended = false;
            }
            match self.step(member, depth) {
                Some(step) => {
                    ended |= ends(&step);
                    steps.push(step);
                }
                None => {
                    self.complete = false;
                    self.remember_broken(member);
                }
            }
        }
        steps
    }

    /// Takes what can be known of a step that could not be read, so that one mistake is told once.
    fn remember_broken(&mut self, node: &Node) {
        let Yaml::Map(entries) = &node.yaml else { return };
        for (key, value) in entries {
            if let (true, Yaml::Scalar(scalar)) =
                (matches!(key.text.as_str(), "id" | "email"), &value.yaml)
            {
                self.broken_ids.insert(scalar.text.clone());
            }
            if key.text == "sms" {
                self.broken_ids.insert("sms".to_owned());
            }
        }
    }

    fn step(&mut self, node: &Node, depth: usize) -> Option<Written> {
        if let Yaml::Scalar(scalar) = &node.yaml {
            if scalar.text == "exit" {
                return Some(Written { at: node.at, id: None, what: What::Plain(Action::Exit) });
            }
            let message = match scalar.is_null() {
                true => "a step is missing here".to_owned(),
                false => format!("{} is not a step", quote(&scalar.text)),
            };
            self.report
                .add(node.at, "unknown-step-kind", message)
                .hint("write such as `- email: hello`, `- wait: 2d` or `- exit`");
            return None;
        }
        let fields = Fields::of(node, "a step such as `email: hello`", self.report)?;
        let id = self.id(&fields);
        let (head, _, value) = fields.head(&HEADS, &NAMES, self.report)?;
        let beside: &[&str] = match head {
            "email" | "sms" => &["kind"],
            "if" => &["then", "else"],
            _ => &[],
        };
        fields.only(&[&[head, "id"], beside].concat(), self.report);
        let what = match head {
            "if" => self.branch(&fields, value, depth),
            _ => self.action(head, &fields, value).map(What::Plain),
        };
        Some(Written { at: node.at, id: id?, what: what? })
    }

    /// The id that was given; `None` for a bad one.
    fn id(&mut self, fields: &Fields<'_>) -> Option<Option<(String, Mark)>> {
        let Some(node) = fields.get("id") else { return Some(None) };
        let id = text(node, "an id", self.report)?;
        if !is_name(&id, ID_CHARS_MAX) {
            let message = format!("{} is not an id", quote(&id));
            self.report
                .add(node.at, "bad-id", message)
                .hint(format!("an id is 1 to {ID_CHARS_MAX} characters a-z, 0-9 and -"));
            return None;
        }
        Some(Some((id, node.at)))
    }

    fn action(&mut self, head: &str, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        match head {
            "email" => self.email(fields, value),
            "sms" => self.sms(fields, value),
            "wait" => self.wait(value),
            "set" => self.set(value),
            "count" => self.count(value),
            "join" => label(value, "a list to join", self.report).map(Action::Join),
            "leave" => label(value, "a list to leave", self.report).map(Action::Leave),
            _ => {
                if value.is_null() {
                    return Some(Action::Exit);
                }
                self.report
                    .add(value.at, "wrong-type", "`exit` takes no value")
                    .hint("write `- exit`, or with an id `- { exit, id: bye }`");
                None
            }
        }
    }

    fn kind(&mut self, fields: &Fields<'_>) -> Option<Option<Kind>> {
        match fields.get("kind") {
            Some(node) => word(node, &KINDS, self.report).map(Some),
            None => Some(None),
        }
    }

    fn email(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let kind = self.kind(fields);
        let template = label(value, "the name of a template", self.report)?;
        self.templates.push((template.clone(), value.at));
        Some(Action::Email { template, kind: kind? })
    }

    fn sms(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let kind = self.kind(fields);
        let texts = by_language(value, "the text of the SMS, or texts by language", self.report)?;
        let mut text = BTreeMap::new();
        for (language, node, template) in texts {
            jinja::check(&template, Place::of(node), Calls::Link, self.report);
            text.insert(language.unwrap_or_default().to_owned(), template);
        }
        Some(Action::Sms { text, kind: kind? })
    }

    fn wait(&mut self, value: &Node) -> Option<Action> {
        span(value, &text(value, "a duration such as `2d`", self.report)?, self.report)
            .map(Action::Wait)
    }

    fn set(&mut self, value: &Node) -> Option<Action> {
        let fields = Fields::of(value, "fields to set, such as `{ status: vip }`,", self.report)?;
        let mut set = BTreeMap::new();
        let mut complete = true;
        for (key, node) in fields.iter() {
            complete &= self.writable(&key.text, key.at);
            match node.to_json() {
                Some(value) if !is_storable(&value) => {
                    let what = "a field holds a text, a number below 1e100, true, false or a list \
                                of these, of at most 4096 bytes";
                    self.report.add(node.at, "bad-value", what);
                    complete = false;
                }
                Some(value) => {
                    set.insert(key.text.clone(), value);
                }
                None => {
                    wrong_type(
                        node,
                        "a text, or a number that can be written in JSON,",
                        self.report,
                    );
                    complete = false;
                }
            }
        }
        if set.is_empty() && complete {
            self.report.add(value.at, "empty-list", "this step sets nothing");
            return None;
        }
        complete.then_some(Action::Set(set))
    }

    fn count(&mut self, value: &Node) -> Option<Action> {
        if !matches!(value.yaml, Yaml::Map(_)) {
            let field = label(value, "a field to count", self.report)?;
            return self.writable(&field, value.at).then_some(Action::Count { field, by: 1 });
        }
        let fields = Fields::of(value, "a field to count", self.report)?;
        let mut entries = fields.iter();
        let Some((key, by)) = entries.next() else {
            self.report.add(value.at, "empty-list", "this step counts nothing");
            return None;
        };
        if let Some((second, _)) = entries.next() {
            self.report
                .add(second.at, "two-actions", "a step counts one field")
                .hint("write a step of its own for each");
            return None;
        }
        let writable = self.writable(&key.text, key.at);
        let by = whole(by, "a whole number", self.report)?;
        writable.then(|| Action::Count { field: key.text.clone(), by })
    }

    /// Whether a field may be changed by a step.
    fn writable(&mut self, field: &str, at: Mark) -> bool {
        if PROFILE.contains(&field) {
            let message = format!("{} belongs to the contact's profile", quote(field));
            self.report
                .add(at, "profile-field", message)
                .hint("steps change the store's own fields; the profile comes from signups");
            return false;
        }
        if field.trim().is_empty() {
            self.report.add(at, "bad-name", "a field needs a name");
            return false;
        }
        true
    }

    fn branch(&mut self, fields: &Fields<'_>, value: &Node, depth: usize) -> Option<What> {
        if depth >= DEPTH_MAX {
            let message = format!("steps stand more than {DEPTH_MAX} deep in each other");
            self.report.add(fields.at, "too-deep", message);
            return None;
        }
        let mut conditions =
            Conditions { report: self.report, mentions: self.mentions, before_entry: false };
        let when = conditions.read(value);
        if fields.get("then").is_none() {
            self.report.add(fields.at, "missing-key", "`then` is missing").maybe_hint(
                fields.get("else").map(|_| "turn the condition around with `not`".to_owned()),
            );
            self.complete = false;
        }
        let then = self.branch_steps(fields.get("then"), depth);
        let otherwise = self.branch_steps(fields.get("else"), depth);
        Some(What::If { when: when?, then, otherwise })
    }

    fn branch_steps(&mut self, node: Option<&Node>, depth: usize) -> Vec<Written> {
        let Some(node) = node else { return Vec::new() };
        match &node.yaml {
            Yaml::List(members) => self.several(members, depth + 1),
            Yaml::Scalar(_) | Yaml::Map(_) | Yaml::Broken => {
                wrong_type(node, "a list of steps", self.report);
                self.complete = false;
                Vec::new()
            }
        }
    }
}

/// Whether no contact comes past a step.
fn ends(step: &Written) -> bool {
    match &step.what {
        What::Plain(action) => matches!(action, Action::Exit),
        What::If { then, otherwise, .. } => then.iter().any(ends) && otherwise.iter().any(ends),
    }
}

/// A duration.
pub(crate) fn span(
    node: &Node,
    written: &str,
    report: &mut Report<'_>,
) -> Option<masa_domain::Span> {
    match written.parse() {
        Ok(span) => Some(span),
        Err(_) => {
            let message = format!("{} is not a duration", quote(written));
            report.add(node.at, "bad-duration", message).hint(
                "write a whole number and s, m, h, d or w, such as 90m, 4h, 2d, 3w (at most 10 years)",
            );
            None
        }
    }
}

/// Reports the templates that do not exist; the answer is their likely right names.
pub(crate) fn check_templates(
    named: &[(String, Mark)],
    files: &BTreeMap<String, String>,
    report: &mut Report<'_>,
) -> BTreeSet<String> {
    let mut meant = BTreeSet::new();
    let names = || files.keys().map(String::as_str);
    for (template, at) in named {
        if files.contains_key(template) {
            continue;
        }
        let message = format!("there is no template {}", quote(template));
        let hint = did_you_mean(template, names()).unwrap_or_else(|| {
            format!("its file would be {}", quote(&format!("templates/{template}.en.html")))
        });
        report.add(*at, "unknown-template", message).hint(hint);
        meant.extend(crate::words::nearest(template, names()).map(str::to_owned));
    }
    meant
}

/// Whether a field may hold `value`: what forms and webhooks may set too, and the table can store.
fn is_storable(value: &Value) -> bool {
    let plain = |value: &Value| match value {
        Value::Number(number) => number
            .as_f64()
            .is_some_and(|number| number == 0.0 || (1e-100..=1e100).contains(&number.abs())),
        Value::Array(_) | Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    };
    let plain = match value {
        Value::Array(members) => members.iter().all(plain),
        value => plain(value),
    };
    plain && value.to_string().len() <= 4096
}

//! Steps as they are written: a tree, with lists of steps in the branches of an `if`.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Condition, Kind, Moment, Span, Trigger, Way, Winner, WonBy};
use serde_json::Value;

use crate::{
    condition::{Conditions, Mention, single, weekdays},
    fields::{Fields, Heads, by_language, label, list, positive, text, whole, word, wrong_type},
    flow::KINDS,
    happening::{self, At, Happenings, Named, anchor, clock, duration, flag, optional, place},
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

const HEADS: [&str; 16] = [
    "email",
    "sms",
    "wait",
    "wait_until",
    "if",
    "split",
    "set",
    "count",
    "append",
    "stamp",
    "coupon",
    "join",
    "leave",
    "start",
    "jump",
    "exit",
];

const NAMES: Heads = Heads {
    what: "step",
    unknown: "unknown-step-kind",
    two: "two-actions",
    apart: "each step begins with its own `-`",
    beside: &["id", "kind", "subject", "since_last", "then", "else", "winner", "prefix"],
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
    pub inner: Inner,
}

/// Where the parts of a step stand.
#[derive(Debug, Default)]
pub(crate) struct Inner {
    /// Its condition: an outer one before those in it.
    pub condition: Vec<Mark>,
    /// Its texts, by language.
    pub texts: BTreeMap<String, Place>,
}

#[derive(Debug)]
pub(crate) enum What {
    Plain(Action),
    If { when: Condition, then: Vec<Written>, otherwise: Vec<Written> },
    Await { until: Vec<Trigger>, span: Span, then: Vec<Written>, otherwise: Vec<Written> },
    Split { ways: Vec<(Way, Vec<Written>)>, winner: Option<Winner> },
}

impl What {
    /// The steps that stand in this one, by branch.
    pub(crate) fn inner(&self) -> Vec<&[Written]> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::If { then, otherwise, .. } | Self::Await { then, otherwise, .. } => {
                vec![then, otherwise]
            }
            Self::Split { ways, .. } => ways.iter().map(|(_, steps)| steps.as_slice()).collect(),
        }
    }
}

/// Reads steps, and remembers what has to be compared with the rest of the flow.
pub(crate) struct Steps<'r, 'f> {
    pub report: &'r mut Report<'f>,
    pub mentions: &'r mut Vec<Mention>,
    pub forms: Option<&'r BTreeSet<String>>,
    /// Flows that are named.
    pub flows: &'r mut Vec<Named>,
    /// Steps that are jumped to.
    pub jumps: Vec<Mention>,
    /// The templates that steps name.
    pub templates: Vec<(String, Mark)>,
    /// Ids of steps that could not be read: conditions may name them all the same.
    pub broken_ids: BTreeSet<String>,
    /// Whether every step was understood.
    pub complete: bool,
    count: usize,
    /// Of the step that is read.
    inner: Inner,
}

impl<'r, 'f> Steps<'r, 'f> {
    pub(crate) fn new(
        report: &'r mut Report<'f>,
        mentions: &'r mut Vec<Mention>,
        forms: Option<&'r BTreeSet<String>>,
        flows: &'r mut Vec<Named>,
    ) -> Self {
        Self {
            report,
            mentions,
            forms,
            flows,
            jumps: Vec::new(),
            templates: Vec::new(),
            broken_ids: BTreeSet::new(),
            complete: true,
            count: 0,
            inner: Inner::default(),
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
            match self.step(member, depth) {
                Some(step) => steps.push(step),
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
                let (what, inner) = (What::Plain(Action::Exit), Inner::default());
                return Some(Written { at: node.at, id: None, what, inner });
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
            "email" => &["kind", "subject"],
            "sms" => &["kind"],
            "wait" => &["since_last"],
            "if" | "wait_until" => &["then", "else"],
            "split" => &["winner"],
            "coupon" => &["prefix"],
            _ => &[],
        };
        fields.only(&[&[head, "id"], beside].concat(), self.report);
        let what = match head {
            "if" => self.branch(&fields, value, depth),
            "wait_until" => self.wait_until(&fields, value, depth),
            "split" => self.split(&fields, value, depth),
            _ => self.action(head, &fields, value).map(What::Plain),
        };
        let inner = std::mem::take(&mut self.inner);
        Some(Written { at: node.at, id: id?, what: what?, inner })
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
            "wait" => self.wait(fields, value),
            "set" => self.set(value),
            "count" => self.count(value),
            "append" => self.append(value),
            "stamp" => self.field_of(value).map(Action::Stamp),
            "coupon" => self.coupon(fields, value),
            "start" => {
                let flow = label(value, "the name of a flow", self.report)?;
                self.flows.push(Named { flow: flow.clone(), at: value.at });
                Some(Action::Start(flow))
            }
            "jump" => {
                let step = label(value, "the id of a step", self.report)?;
                self.jumps.push(Mention { step: step.clone(), at: value.at });
                Some(Action::Jump(step))
            }
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
        let mut subject = BTreeMap::new();
        if let Some(node) = fields.get("subject") {
            let texts = by_language(node, "a subject, or subjects by language,", self.report)?;
            for (language, node, text) in texts {
                jinja::check(&text, Place::of(node), Calls::Nothing, self.report);
                let language = language.unwrap_or_default().to_owned();
                self.inner.texts.insert(language.clone(), Place::of(node));
                subject.insert(language, text);
            }
        }
        Some(Action::Email { template, kind: kind?, subject })
    }

    fn sms(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let kind = self.kind(fields);
        let texts = by_language(value, "the text of the SMS, or texts by language", self.report)?;
        let mut text = BTreeMap::new();
        for (language, node, template) in texts {
            jinja::check(&template, Place::of(node), Calls::Link, self.report);
            let language = language.unwrap_or_default().to_owned();
            self.inner.texts.insert(language.clone(), Place::of(node));
            text.insert(language, template);
        }
        Some(Action::Sms { text, kind: kind? })
    }

    fn wait(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let span = duration(value, self.report);
        match fields.get("since_last") {
            None => span.map(Action::Wait),
            Some(node) => {
                let event = label(node, "the name of an event", self.report)?;
                Some(Action::Quiet { event, span: span? })
            }
        }
    }

    /// Until a moment, or until something happens.
    fn wait_until(&mut self, fields: &Fields<'_>, value: &Node, depth: usize) -> Option<What> {
        let what = "a moment or a happening, such as `{ at: \"09:00\" }`,";
        let until = Fields::of(value, what, self.report)?;
        let head = ["date", "holiday"].into_iter().find(|head| until.get(head).is_some());
        let happens =
            happening::HEADS.iter().chain(&["ended"]).any(|head| until.get(head).is_some());
        if happens && head.is_none() {
            let (forms, flows) = (self.forms, &mut *self.flows);
            let mut happenings = Happenings { report: self.report, forms, flows };
            let trigger = happenings.of(&until, At::Run, &["for"]);
            let span = until.must("for", self.report).and_then(|node| duration(node, self.report));
            let (then, otherwise) = self.branches(fields, depth)?;
            return Some(What::Await { until: vec![trigger?], span: span?, then, otherwise });
        }
        for name in ["then", "else"] {
            if let Some(node) = fields.get(name) {
                self.report
                    .add(node.at, "unknown-key", format!("`{name}` is not known here"))
                    .hint("only a wait for something that may not happen has two ways");
            }
        }
        let moment = match head {
            Some(head) => {
                until.only(&[head, "offset", "at"], self.report);
                let anchor = anchor(head, until.get(head)?, self.report);
                let (offset, at) = place(&until, self.report)?;
                Moment::Date { anchor: anchor?, offset, at }
            }
            None => {
                until.only(&["at", "days"], self.report);
                let at = optional(until.get("at"), |node| clock(node, self.report))?;
                let days = optional(until.get("days"), |node| weekdays(node, self.report))?;
                let days = days.unwrap_or_default();
                if at.is_none() && days.is_empty() {
                    self.report
                        .add(value.at, "missing-key", "this waits for nothing")
                        .hint("such as `{ at: \"09:00\" }`, `{ date: renewal, offset: -3d }` or `{ purchased: any, for: 3d }`");
                    return None;
                }
                Moment::Clock { at, days }
            }
        };
        Some(What::Plain(Action::Until { moment, late: None }))
    }

    fn split(&mut self, fields: &Fields<'_>, value: &Node, depth: usize) -> Option<What> {
        if !self.may_nest(fields.at, depth) {
            return None;
        }
        let what = "ways by their names, such as `{ a: { share: 50, steps: […] }, b: … }`,";
        let mut ways = Vec::new();
        for (key, node) in Fields::of(value, what, self.report)?.iter() {
            let what = "a way such as `{ share: 50, steps: […] }`";
            let Some(way) = Fields::of(node, what, self.report) else { continue };
            way.only(&["share", "steps", "hold_out"], self.report);
            if !is_name(&key.text, ID_CHARS_MAX) {
                let message = format!("{} is not a way's name", quote(&key.text));
                self.report.add(key.at, "bad-id", message).hint("it is made of a-z, 0-9 and -");
            }
            let share = way.must("share", self.report).and_then(|node| positive(node, self.report));
            let hold_out = flag(&way, "hold_out", self.report);
            let steps = self.branch_steps(way.get("steps"), depth);
            let (Some(share), Some(hold_out)) = (share, hold_out) else {
                self.complete = false;
                continue;
            };
            let way = Way { name: key.text.clone(), share, hold_out, first: None };
            ways.push((way, steps));
        }
        if ways.len() < 2 {
            self.report.add(value.at, "one-way", "a split needs two ways at least");
            return None;
        }
        let winner = match fields.get("winner") {
            None => None,
            Some(node) => {
                let what = "how a way wins, such as `{ by: clicked, sample: 1000 }`,";
                let winner = Fields::of(node, what, self.report)?;
                winner.only(&["by", "sample"], self.report);
                let words =
                    [("opened", WonBy::Opened), ("clicked", WonBy::Clicked), ("goal", WonBy::Goal)];
                let by =
                    winner.must("by", self.report).and_then(|node| word(node, &words, self.report));
                let sample =
                    winner.must("sample", self.report).and_then(|node| positive(node, self.report));
                Some(Winner { by: by?, sample: sample? })
            }
        };
        Some(What::Split { ways, winner })
    }

    fn append(&mut self, value: &Node) -> Option<Action> {
        let fields =
            Fields::of(value, "a field and a value, such as `{ topics: tea }`,", self.report)?;
        let mut entries = fields.iter();
        let (Some((key, node)), None) = (entries.next(), entries.next()) else {
            self.report
                .add(value.at, "two-actions", "a step appends to one field")
                .hint("write a step of its own for each");
            return None;
        };
        let value = single(node, self.report);
        self.writable(&key.text, key.at)
            .then_some(())
            .and(value)
            .map(|value| Action::Append { field: key.text.clone(), value })
    }

    fn field_of(&mut self, value: &Node) -> Option<String> {
        let field = label(value, "a field's name", self.report)?;
        self.writable(&field, value.at).then_some(field)
    }

    fn coupon(&mut self, fields: &Fields<'_>, value: &Node) -> Option<Action> {
        let field = self.field_of(value);
        let prefix = optional(fields.get("prefix"), |node| {
            let prefix = text(node, "what the code begins with", self.report)?;
            let good = prefix.len() <= 20
                && prefix.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            if !good {
                self.report.add(
                    node.at,
                    "bad-prefix",
                    "a code begins with at most 20 characters A-Z and 0-9",
                );
            }
            good.then_some(prefix)
        })?;
        Some(Action::Coupon { field: field?, prefix: prefix.unwrap_or_default() })
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

    fn may_nest(&mut self, at: Mark, depth: usize) -> bool {
        if depth >= DEPTH_MAX {
            let message = format!("steps stand more than {DEPTH_MAX} deep in each other");
            self.report.add(at, "too-deep", message);
        }
        depth < DEPTH_MAX
    }

    fn branches(
        &mut self,
        fields: &Fields<'_>,
        depth: usize,
    ) -> Option<(Vec<Written>, Vec<Written>)> {
        if !self.may_nest(fields.at, depth) {
            return None;
        }
        let then = self.branch_steps(fields.get("then"), depth);
        Some((then, self.branch_steps(fields.get("else"), depth)))
    }

    fn branch(&mut self, fields: &Fields<'_>, value: &Node, depth: usize) -> Option<What> {
        if !self.may_nest(fields.at, depth) {
            return None;
        }
        let mut inner = Inner::default();
        let mut conditions = Conditions {
            report: self.report,
            mentions: self.mentions,
            marks: &mut inner.condition,
            flows: self.flows,
            before_entry: false,
        };
        let when = conditions.read(value);
        if fields.get("then").is_none() {
            self.report.add(fields.at, "missing-key", "`then` is missing").maybe_hint(
                fields.get("else").map(|_| "turn the condition around with `not`".to_owned()),
            );
            self.complete = false;
        }
        let then = self.branch_steps(fields.get("then"), depth);
        let otherwise = self.branch_steps(fields.get("else"), depth);
        // The steps of the branches have left their own.
        self.inner = inner;
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

//! Steps as they are written: a tree, with lists of steps in the branches of an `if`.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Condition, Kind, Span, Trigger, Way, Winner};

use crate::{
    condition::Mention,
    directory::Names,
    fields::{Fields, Heads, by_language, label, list, text, word},
    flow::KINDS,
    grammar::STEP,
    happening::Named,
    jinja::{self, Calls, Place},
    problem::{Mark, Report},
    slips,
    words::{did_you_mean, is_name, quote},
    yaml::{Node, Yaml},
};

/// The most steps of a flow.
const STEPS_MAX: usize = 5_000;
/// The longest id of a step.
pub(crate) const ID_CHARS_MAX: usize = 60;

const NAMES: Heads = Heads {
    what: "step",
    unknown: "unknown-step-kind",
    two: "two-actions",
    apart: "each step begins with its own `-`",
    node: &STEP,
};

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
    pub names: Option<&'r Names>,
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
    pub inner: Inner,
}

impl<'r, 'f> Steps<'r, 'f> {
    pub(crate) fn new(
        report: &'r mut Report<'f>,
        mentions: &'r mut Vec<Mention>,
        names: Option<&'r Names>,
        flows: &'r mut Vec<Named>,
    ) -> Self {
        Self {
            report,
            mentions,
            names,
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

    pub(crate) fn several(&mut self, members: &[Node], depth: usize) -> Vec<Written> {
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

    /// Takes what can be known of a step that could not be read, and of those in it, so that one mistake is
    /// told once.
    fn remember_broken(&mut self, node: &Node) {
        match &node.yaml {
            Yaml::List(members) => members.iter().for_each(|member| self.remember_broken(member)),
            Yaml::Map(entries) => {
                for (key, value) in entries {
                    if let (true, Yaml::Scalar(scalar)) =
                        (matches!(key.text.as_str(), "id" | "email"), &value.yaml)
                    {
                        self.broken_ids.insert(scalar.text.clone());
                    }
                    if key.text == "sms" {
                        self.broken_ids.insert("sms".to_owned());
                    }
                    self.remember_broken(value);
                }
            }
            Yaml::Scalar(_) | Yaml::Broken => {}
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
                .hint(slips::step(&scalar.text, &STEP.heads()));
            return None;
        }
        let fields = Fields::of(node, "a step such as `email: hello`", self.report)?;
        let id = self.id(&fields);
        let Some((head, _, value)) = fields.head(&NAMES, self.report) else {
            // What stands in it is told of all the same.
            self.branches(&fields, depth);
            return None;
        };
        fields.only(&STEP.known(head), self.report);
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
            "tell" => self.tell(fields, value),
            "call" => self.call(fields, value),
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
            report.add(node.at, "bad-duration", message).hint(slips::duration(written));
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

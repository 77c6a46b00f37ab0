//! A flow file.

use std::collections::BTreeSet;

use masa_domain::{Action, Again, Condition, Flow, Kind, OnUnknown, Trigger};

use crate::{
    condition::{Conditions, Mention, check_mentions, product},
    fields::{Fields, Heads, label, list, text, word},
    files::Files,
    flatten::{Flat, flatten},
    problem::{Mark, Problem, Report},
    steps::{Steps, Written, check_templates, span},
    template::{self, Templates},
    words::{did_you_mean, is_name, quote},
    yaml::{self, Node, Yaml},
};

/// The longest name of a flow.
const NAME_CHARS_MAX: usize = 40;

const KEYS: [&str; 6] = ["flow", "trigger", "entry", "exit", "send", "steps"];
const TRIGGERS: [&str; 4] = ["joined", "form", "purchased", "event"];

const TRIGGER_NAMES: Heads = Heads {
    what: "trigger",
    unknown: "unknown-trigger",
    two: "two-triggers",
    apart: "write a list, each trigger in braces of its own: `[ { joined: a }, { form: b } ]`",
    beside: &[],
};

/// The kinds of messages.
pub(crate) const KINDS: [(&str, Kind); 2] =
    [("marketing", Kind::Marketing), ("transactional", Kind::Transactional)];

/// What becomes of a message of which nobody knows whether it was sent.
const ON_UNKNOWN: [(&str, OnUnknown); 2] =
    [("skip", OnUnknown::Skip), ("resend", OnUnknown::Resend)];

/// A flow's name, and where it stands.
pub(crate) struct Name {
    pub text: String,
    pub file: String,
    pub at: Mark,
}

/// What was read of a flow file.
pub(crate) struct Outcome {
    pub name: Option<Name>,
    /// The flow, unless something essential is missing.
    pub flow: Option<Flow>,
    pub problems: Vec<Problem>,
}

/// Reads `<folder>flow.yaml` and the templates beside it. `forms` are the shop's, when they are
/// known.
pub(crate) fn read(
    files: &Files,
    folder: &str,
    source: &str,
    forms: Option<&BTreeSet<String>>,
) -> Outcome {
    let path = format!("{folder}flow.yaml");
    let mut problems = Vec::new();
    let templates = template::read(files, &format!("{folder}templates/"), &mut problems);
    let mut report = Report::new(&path);
    let mut outcome = Outcome { name: None, flow: None, problems: Vec::new() };
    if let Some(root) = yaml::parse(source, 0, &mut report) {
        let mut reader = Reader { report: &mut report, forms, mentions: Vec::new() };
        if let Some((name, flow)) = reader.file(&root, templates, &mut problems) {
            outcome.name = name;
            outcome.flow = flow;
        }
    }
    problems.extend(report.into_problems());
    outcome.problems = problems;
    outcome
}

struct Reader<'r, 'f> {
    report: &'r mut Report<'f>,
    forms: Option<&'r BTreeSet<String>>,
    mentions: Vec<Mention>,
}

impl Reader<'_, '_> {
    fn file(
        &mut self,
        root: &Node,
        templates: Templates,
        problems: &mut Vec<Problem>,
    ) -> Option<(Option<Name>, Option<Flow>)> {
        let fields = Fields::of(root, "a flow: `flow`, `trigger` and `steps`", self.report)?;
        fields.only(&KEYS, self.report);
        let name = fields.must("flow", self.report).and_then(|node| self.name(node));
        let triggers = fields.must("trigger", self.report).and_then(|node| self.triggers(node));
        let (entry_if, again) =
            fields.get("entry").map(|node| self.entry(node)).unwrap_or_default();
        let exits = fields.get("exit").and_then(|node| self.triggers(node)).unwrap_or_default();
        let (kind, on_unknown) = fields.get("send").map(|node| self.send(node)).unwrap_or_default();
        let flat = match fields.must("steps", self.report) {
            Some(node) => self.steps(node, &templates, problems),
            None => Flat::default(),
        };
        let flow = name.as_ref().zip(triggers).map(|(name, triggers)| {
            let mut by_name = templates.by_name;
            let used = used_templates(&flat);
            by_name.retain(|template, _| used.contains(template));
            Flow {
                name: name.text.clone(),
                kind,
                on_unknown,
                triggers,
                entry_if,
                again,
                exits,
                first: flat.first,
                steps: flat.steps,
                templates: by_name,
            }
        });
        Some((name, flow))
    }

    fn name(&mut self, node: &Node) -> Option<Name> {
        let name = text(node, "the name of the flow", self.report)?;
        if !is_name(&name, NAME_CHARS_MAX) {
            let message = format!("{} is not a flow's name", quote(&name));
            self.report
                .add(node.at, "bad-flow-name", message)
                .hint(format!("a name is 1 to {NAME_CHARS_MAX} characters a-z, 0-9 and -"));
            return None;
        }
        Some(Name { text: name, file: self.report.file().to_owned(), at: node.at })
    }

    /// One trigger or several.
    fn triggers(&mut self, node: &Node) -> Option<Vec<Trigger>> {
        if matches!(node.yaml, Yaml::Map(_)) {
            return self.trigger(node).map(|one| vec![one]);
        }
        let members = list(
            node,
            "a trigger such as `{ joined: newsletter }`, or a list of them,",
            self.report,
        )?;
        let read: Vec<_> = members.iter().map(|member| self.trigger(member)).collect();
        read.into_iter().collect()
    }

    fn trigger(&mut self, node: &Node) -> Option<Trigger> {
        let fields = Fields::of(node, "a trigger such as `{ joined: newsletter }`", self.report)?;
        let (head, _, value) = fields.head(&TRIGGERS, &TRIGGER_NAMES, self.report)?;
        fields.only(&[head], self.report);
        match head {
            "joined" => label(value, "a list", self.report).map(Trigger::Joined),
            "form" => self.form(value).map(Trigger::Form),
            "purchased" => product(value, self.report).map(Trigger::Purchased),
            _ => label(value, "the name of an event", self.report).map(Trigger::Event),
        }
    }

    fn form(&mut self, node: &Node) -> Option<String> {
        let form = label(node, "the name of a form", self.report)?;
        if let Some(forms) = self.forms
            && !forms.contains(&form)
        {
            let message = format!("shop.yaml has no form {}", quote(&form));
            let hint = did_you_mean(&form, forms.iter().map(String::as_str));
            let hint = hint.unwrap_or_else(|| "describe it under `forms:` in shop.yaml".to_owned());
            self.report.add(node.at, "unknown-form", message).hint(hint);
        }
        Some(form)
    }

    fn entry(&mut self, node: &Node) -> (Option<Condition>, Again) {
        let what = "`if` and `again`, such as `{ again: after 90d }`,";
        let Some(fields) = Fields::of(node, what, self.report) else { return Default::default() };
        fields.only(&["if", "again"], self.report);
        let condition = fields.get("if").and_then(|node| {
            let mut conditions = Conditions {
                report: self.report,
                mentions: &mut self.mentions,
                before_entry: true,
            };
            conditions.read(node)
        });
        let again = fields.get("again").and_then(|node| self.again(node));
        (condition, again.unwrap_or_default())
    }

    fn again(&mut self, node: &Node) -> Option<Again> {
        let written = text(node, "`never`, `always` or such as `after 90d`", self.report)?;
        match written.as_str() {
            "never" => Some(Again::Never),
            "always" => Some(Again::Always),
            other => match other.strip_prefix("after ") {
                Some(pause) => span(node, pause.trim(), self.report).map(Again::After),
                None => {
                    let message = format!("{} is not known here", quote(other));
                    self.report
                        .add(node.at, "unknown-word", message)
                        .hint("write `never`, `always` or such as `after 90d`");
                    None
                }
            },
        }
    }

    fn send(&mut self, node: &Node) -> (Kind, Option<OnUnknown>) {
        let what = "a mapping such as `{ kind: marketing }`";
        let Some(fields) = Fields::of(node, what, self.report) else { return Default::default() };
        fields.only(&["kind", "on_unknown"], self.report);
        let kind = fields.get("kind").and_then(|node| word(node, &KINDS, self.report));
        let on_unknown =
            fields.get("on_unknown").and_then(|node| word(node, &ON_UNKNOWN, self.report));
        (kind.unwrap_or_default(), on_unknown)
    }

    fn steps(&mut self, node: &Node, templates: &Templates, problems: &mut Vec<Problem>) -> Flat {
        let mut steps = Steps::new(self.report, &mut self.mentions);
        let written: Vec<Written> = steps.read(node);
        let (named, complete) = (steps.templates, steps.complete);
        let mut sending = steps.broken_ids;
        let meant = check_templates(&named, &templates.files, self.report);
        let flat = flatten(written, self.report);
        let mut others = BTreeSet::new();
        for (id, step) in &flat.steps {
            let sends = matches!(step.action, Action::Email { .. } | Action::Sms { .. });
            if sends { &mut sending } else { &mut others }.insert(id.clone());
        }
        check_mentions(&self.mentions, &sending, &others, self.report);
        if complete {
            let used: BTreeSet<&str> = named.iter().map(|(name, _)| name.as_str()).collect();
            for (name, file) in &templates.files {
                if !used.contains(name.as_str()) && !meant.contains(name) {
                    problems.extend(unused(name, file));
                }
            }
        }
        flat
    }
}

fn unused(name: &str, file: &str) -> Vec<Problem> {
    let mut report = Report::new(file);
    report
        .add(Mark::START, "unused-template", format!("no step sends the template {}", quote(name)))
        .hint(format!("add the step `- email: {name}`, or remove the file"));
    report.into_problems()
}

fn used_templates(flat: &Flat) -> BTreeSet<String> {
    let actions = flat.steps.values().map(|step| &step.action);
    actions
        .filter_map(|action| match action {
            Action::Email { template, .. } => Some(template.clone()),
            _ => None,
        })
        .collect()
}

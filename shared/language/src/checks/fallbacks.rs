//! Texts that print what may be missing.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use masa_domain::{Action, Flow, Trigger};
use serde_json::Value;

use crate::{
    checks::{
        Checked,
        graph::{Graph, holds},
        implied::{field_is_there, trigger_tells, untold as onward},
        uses::{PROFILE, printed},
    },
    jinja::{Lines, Place},
    problem::{Problem, Report},
    words::quote,
};

/// How many fields of a flow are followed through its steps; of others it is not known whether they
/// are missing, and nothing is told.
const FIELDS_MAX: usize = 200;

/// What templates see, and what is never missing.
const SURE: [&str; 10] = [
    "email",
    "language",
    "shop",
    "unsubscribe_url",
    "refer_url",
    "form",
    "answer",
    "mail",
    "due",
    "referred",
];
/// What an order may lack.
const OF_ORDER: [&str; 4] = ["total", "currency", "coupon", "runs_out"];

/// What begins each run of a flow.
#[derive(Clone, Copy)]
pub(super) struct Begun {
    /// An order.
    order: bool,
    /// An event.
    event: bool,
}

impl Begun {
    fn by(flow: &Flow) -> Self {
        Self {
            order: flow.triggers.iter().all(|by| matches!(by, Trigger::Purchased(_))),
            event: flow.triggers.iter().all(|by| matches!(by, Trigger::Event { .. })),
        }
    }
}

/// What begins the runs of flows that others start, by the flow's name: what starts one hands on what
/// began it itself.
pub(super) fn begun<'s>(flows: &[Checked<'s>]) -> BTreeMap<&'s str, Begun> {
    let mut begun: BTreeMap<&str, Begun> = BTreeMap::new();
    for flow in flows.iter().map(|checked| &checked.source.flow) {
        let by = Begun::by(flow);
        for step in flow.steps.values() {
            if let Action::Start(started) = &step.action {
                let all = begun.entry(started).or_insert(by);
                *all = Begun { order: all.order && by.order, event: all.event && by.event };
            }
        }
    }
    begun
}

/// Reports the tags that print nothing for some contacts. `begun` is that of [`begun`].
pub(super) fn check<'s>(
    checked: &Checked<'s>,
    begun: &BTreeMap<&'s str, Begun>,
    report: &mut Report<'_>,
) -> Vec<Problem> {
    let missing = Missing::of(checked, begun);
    let mut sent_by: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (step, node) in checked.graph.nodes.iter().enumerate() {
        let (texts, places) = match &node.step.action {
            Action::Sms { text, .. } | Action::Tell { text, .. } => {
                (text, checked.source.places.steps.get(node.id))
            }
            Action::Email { template, subject, .. } => {
                sent_by.entry(template).or_default().push(step);
                (subject, checked.source.places.steps.get(node.id))
            }
            _ => continue,
        };
        for (language, text) in texts {
            let place = places.and_then(|places| places.inner.texts.get(language)).copied();
            missing.of_text(text, place.unwrap_or(Place::At(node.at)), &[step], report);
        }
    }
    let mut problems = Vec::new();
    for (template, languages) in &checked.source.places.templates {
        let texts = checked.source.flow.templates.get(template);
        let Some(steps) = sent_by.get(template.as_str()) else { continue };
        for (language, places) in languages {
            let Some(text) = texts.and_then(|texts| texts.get(language)) else { continue };
            let mut report = Report::new(&places.html);
            missing.of_text(&text.subject, places.subject, steps, &mut report);
            if let Some((preheader, place)) = text.preheader.as_ref().zip(places.preheader) {
                missing.of_text(preheader, place, steps, &mut report);
            }
            missing.of_text(&text.html, places.body, steps, &mut report);
            problems.extend(report.into_problems());
            if let Some((text, file)) = text.text.as_ref().zip(places.text.as_ref()) {
                let mut report = Report::new(file);
                missing.of_text(text, Place::Lines(1), steps, &mut report);
                problems.extend(report.into_problems());
            }
        }
    }
    problems
}

/// What may be missing when a message of a flow is made.
struct Missing<'g, 's> {
    graph: &'g Graph<'s>,
    begun: Begun,
    /// By field: the steps that a run may come to before anything tells that the field holds
    /// something.
    untold: RefCell<BTreeMap<String, Vec<bool>>>,
}

impl<'g, 's> Missing<'g, 's> {
    fn of(checked: &'g Checked<'s>, begun: &BTreeMap<&'s str, Begun>) -> Self {
        let flow = &checked.source.flow;
        let (own, started) = (Begun::by(flow), begun.get(flow.name.as_str()));
        let begun = Begun {
            order: own.order && started.is_none_or(|by| by.order),
            event: own.event && started.is_none_or(|by| by.event),
        };
        Self { graph: &checked.graph, begun, untold: RefCell::default() }
    }

    /// Reports what a text that `steps` send prints without a fallback.
    fn of_text(&self, text: &str, place: Place, steps: &[usize], report: &mut Report<'_>) {
        let mut told = BTreeSet::new();
        let mut lines = None;
        for name in printed(text) {
            if told.contains(&name.path) || !self.may_miss(&name.path, steps) {
                continue;
            }
            let lines = lines.get_or_insert_with(|| Lines::of(text));
            let (line, column) = lines.position(name.offset);
            let (path, shown) = (&name.path, quote(&name.path));
            report
                .add(
                    place.mark(line, column),
                    "no-fallback",
                    format!("{shown} may be missing: then nothing is printed here"),
                )
                .hint(format!(
                    "write `{{{{ {path} | default('…') }}}}`, or put it into `{{% if {path} %}}`"
                ));
            told.insert(name.path);
        }
    }

    /// Whether a value may be missing at one of these steps.
    fn may_miss(&self, path: &str, steps: &[usize]) -> bool {
        let (root, rest) = path.split_once('.').unwrap_or((path, ""));
        match root {
            _ if SURE.contains(&root) => false,
            _ if PROFILE.contains(&root) => self.untold(root, steps),
            "event" => match rest.strip_prefix("data.") {
                Some(member) => self.untold(&format!("event.{}", head(member)), steps),
                None => rest == "name" && !self.begun.event,
            },
            "order" if rest.is_empty() => false,
            "order" => {
                (!self.begun.order || OF_ORDER.contains(&head(rest)))
                    && self.untold(&format!("order.{}", head(rest)), steps)
            }
            _ => self.untold(root, steps),
        }
    }

    /// Whether a run may come to one of these steps when nothing tells that a field holds something.
    fn untold(&self, field: &str, steps: &[usize]) -> bool {
        let flow = self.graph.flow;
        let tells = |by: &Trigger| trigger_tells(by, field);
        if flow.triggers.iter().all(tells)
            || flow.entry_if.as_ref().is_some_and(|when| field_is_there(when, true, field))
        {
            return false;
        }
        let mut untold = self.untold.borrow_mut();
        if !untold.contains_key(field) {
            if untold.len() >= FIELDS_MAX {
                return false;
            }
            let found = self.graph.walk(|node| match fills(&node.step.action, field) {
                true => Vec::new(),
                false => {
                    let asked = |when: &_, answer| field_is_there(when, answer, field);
                    onward(self.graph, node, &asked, &tells)
                }
            });
            untold.insert(field.to_owned(), found);
        }
        let found = untold.get(field);
        found.is_some_and(|untold| steps.iter().any(|step| holds(untold, *step)))
    }
}

/// Whether a field holds something after a step.
fn fills(action: &Action, field: &str) -> bool {
    match action {
        Action::Set(fields) => fields.get(field).is_some_and(|value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(members) => !members.is_empty(),
            _ => true,
        }),
        Action::Stamp(name)
        | Action::Count { field: name, .. }
        | Action::Append { field: name, .. }
        | Action::Coupon { field: name, .. } => name == field,
        _ => false,
    }
}

fn head(path: &str) -> &str {
    path.split('.').next().unwrap_or_default()
}

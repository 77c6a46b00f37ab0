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
        calls::{after_calls, called},
        graph::{Graph, holds},
        implied::{field_is_there, trigger_tells, untold as onward},
        texts::{self, Text},
        uses::{PROFILE, printed},
    },
    jinja::Lines,
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
    texts::each(checked, report, |text, report| missing.of_text(&text, report))
}

/// What may be missing when a message of a flow is made.
struct Missing<'g, 's> {
    graph: &'g Graph<'s>,
    begun: Begun,
    /// Whether an order may have begun a run.
    may_have_order: bool,
    /// Whether another flow starts this one, and hands on what it knows.
    is_started: bool,
    /// The steps before which a system may have been called.
    called: Vec<bool>,
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
        Self {
            graph: &checked.graph,
            begun,
            may_have_order: started.is_some()
                || flow.triggers.iter().any(|by| matches!(by, Trigger::Purchased(_))),
            is_started: started.is_some(),
            called: called(&checked.graph),
            untold: RefCell::default(),
        }
    }

    /// Reports what a text prints without a fallback.
    fn of_text(&self, text: &Text<'_>, report: &mut Report<'_>) {
        let mut told = BTreeSet::new();
        let mut lines = None;
        for name in printed(text.text) {
            if told.contains(&name.path) || !self.may_miss(&name.path, text.steps) {
                continue;
            }
            let lines = lines.get_or_insert_with(|| Lines::of(text.text));
            let (line, column) = lines.position(name.offset);
            let (path, shown) = (&name.path, quote(&name.path));
            report
                .add(
                    text.place.mark(line, column),
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
            // That nobody is called at all is told elsewhere.
            "call" if !rest.is_empty() => {
                (self.is_started || steps.iter().any(|step| holds(&self.called, *step)))
                    && self.untold(&format!("call.{}", head(rest)), steps)
            }
            // That there is never an order is told elsewhere.
            "order" if rest.is_empty() || !self.may_have_order => false,
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
            // Each call takes the place of what was answered before.
            let anew = match field.starts_with("call.") {
                true => after_calls(self.graph),
                false => Vec::new(),
            };
            let from = self.graph.first.into_iter().chain(anew);
            let found = self.graph.walk_from(from, |node| match fills(&node.step.action, field) {
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

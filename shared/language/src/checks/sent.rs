//! Conditions about messages that were not sent.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Condition};

use crate::{
    checks::{Checked, graph::holds, implied::with_inner},
    problem::{Mark, Problem, Report},
    words::{did_you_mean, quote},
};

/// A message that a condition asks about.
struct Asked<'s> {
    step: &'s str,
    flow: Option<&'s str>,
    at: Mark,
}

/// Reports the conditions about a message of the same flow that no way to them sends.
pub(super) fn check(checked: &Checked<'_>, report: &mut Report<'_>) {
    let graph = &checked.graph;
    let mut asked = Vec::new();
    for (index, node) in graph.nodes.iter().enumerate() {
        if let Action::If { when, .. } = &node.step.action {
            let own = in_condition(when, node.condition).into_iter();
            asked.extend(own.filter(|asked| asked.flow.is_none()).map(|asked| (index, asked)));
        }
    }
    let sent: BTreeSet<usize> =
        asked.iter().filter_map(|(_, asked)| graph.find(asked.step)).collect();
    let sent: Vec<usize> = sent.into_iter().collect();
    let passed = graph.passed(&sent);
    let reached = graph.walk(|node| node.next.clone());
    for (index, asked) in asked {
        let bit = graph.find(asked.step).and_then(|step| sent.binary_search(&step).ok());
        let may = bit.zip(passed.before(index)).is_some_and(|(bit, passed)| passed.has(bit));
        if may || !holds(&reached, index) {
            continue;
        }
        let message = format!("{} is never sent before this is asked", quote(asked.step));
        report
            .add(asked.at, "not-sent-yet", message)
            .hint("ask about a message that stands before this step, on a way that leads here");
    }
}

/// Reports the conditions about messages of other flows that those do not send.
pub(super) fn of_other_flows(flows: &[Checked<'_>]) -> Vec<Problem> {
    let by_name: BTreeMap<&str, &Checked<'_>> =
        flows.iter().map(|checked| (checked.source.flow.name.as_str(), checked)).collect();
    let mut problems = Vec::new();
    for checked in flows {
        let mut report = Report::new(&checked.source.path);
        let entry = checked.source.flow.entry_if.as_ref();
        let entry = entry.map(|when| (when, checked.source.places.entry.as_slice()));
        let steps = checked.graph.nodes.iter().filter_map(|node| match &node.step.action {
            Action::If { when, .. } => Some((when, node.condition)),
            _ => None,
        });
        for asked in entry.into_iter().chain(steps).flat_map(|(when, at)| in_condition(when, at)) {
            let Some(other) = asked.flow.and_then(|flow| by_name.get(flow)) else { continue };
            let flow = &other.source.flow;
            if flow.sends(asked.step).is_some() {
                continue;
            }
            let sending = flow.steps.keys().map(String::as_str);
            let sending: Vec<&str> = sending.filter(|step| flow.sends(step).is_some()).collect();
            let message = format!(
                "the flow {} sends nothing called {}",
                quote(&flow.name),
                quote(asked.step)
            );
            report
                .add(asked.at, "unknown-message", message)
                .maybe_hint(did_you_mean(asked.step, sending));
        }
        problems.extend(report.into_problems());
    }
    problems
}

/// The messages that a condition asks about. `marks` are its own and those of the conditions in it.
fn in_condition<'s>(when: &'s Condition, marks: &[Mark]) -> Vec<Asked<'s>> {
    let asked = with_inner(when, marks).into_iter().filter_map(|(condition, at)| match condition {
        Condition::Email { step, flow, .. } => Some(Asked { step, flow: flow.as_deref(), at }),
        _ => None,
    });
    asked.collect()
}

//! Answers of systems that nobody has called.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Anchor, Condition, Flow, Moment};
use serde_json::Value;

use crate::{
    checks::{
        Checked,
        graph::{Graph, holds},
        implied::with_inner,
        texts,
        uses::used,
    },
    jinja::Lines,
    problem::{Mark, Problem, Report},
    words::quote,
};

/// How conditions and templates name an answer.
const ANSWER: &str = "call.";

/// Reports the uses of an answer to which no way leads that calls a system.
pub(super) fn check(flows: &[Checked<'_>]) -> Vec<Problem> {
    let handed = handed(flows);
    let mut problems = Vec::new();
    for checked in flows {
        if handed.contains(checked.source.flow.name.as_str()) {
            continue;
        }
        let mut report = Report::new(&checked.source.path);
        problems.extend(of_flow(checked, &mut report));
        problems.extend(report.into_problems());
    }
    problems
}

/// The flows that others start, which hand on an answer with what began them.
fn handed<'s>(flows: &[Checked<'s>]) -> BTreeSet<&'s str> {
    let flows = || flows.iter().map(|checked| &checked.source.flow);
    let by_name: BTreeMap<&str, &Flow> = flows().map(|flow| (flow.name.as_str(), flow)).collect();
    let calls =
        |flow: &&Flow| flow.steps.values().any(|step| matches!(step.action, Action::Call { .. }));
    let mut handed = BTreeSet::new();
    let mut open: Vec<&Flow> = flows().filter(calls).collect();
    while let Some(flow) = open.pop() {
        for step in flow.steps.values() {
            let Action::Start(started) = &step.action else { continue };
            if handed.insert(started.as_str()) {
                open.extend(by_name.get(started.as_str()));
            }
        }
    }
    handed
}

/// The steps to which a way leads on which a system is called before.
pub(super) fn called(graph: &Graph<'_>) -> Vec<bool> {
    graph.walk_from(after_calls(graph), |node| node.next.clone())
}

/// The steps that come next after a call.
pub(super) fn after_calls(graph: &Graph<'_>) -> Vec<usize> {
    let reached = graph.walk(|node| node.next.clone());
    let nodes = graph.nodes.iter().enumerate().filter(|(step, _)| holds(&reached, *step));
    let calls = nodes.filter(|(_, node)| matches!(node.step.action, Action::Call { .. }));
    calls.flat_map(|(_, node)| node.next.iter().copied()).collect()
}

fn of_flow(checked: &Checked<'_>, report: &mut Report<'_>) -> Vec<Problem> {
    let (flow, graph) = (&checked.source.flow, &checked.graph);
    let called = called(graph);
    for (when, at) in
        flow.entry_if.iter().flat_map(|when| with_inner(when, &checked.source.places.entry))
    {
        asked(when).into_iter().for_each(|name| tell(name, at, report));
    }
    for (_, node) in graph.nodes.iter().enumerate().filter(|(step, _)| !holds(&called, *step)) {
        match &node.step.action {
            Action::If { when, .. } => {
                for (when, at) in with_inner(when, node.condition) {
                    asked(when).into_iter().for_each(|name| tell(name, at, report));
                }
            }
            Action::Until { moment: Moment::Date { anchor: Anchor::Field(name), .. }, .. }
                if name.starts_with(ANSWER) =>
            {
                tell(name, node.at, report);
            }
            Action::Call { send, .. } => {
                let texts = send.values().filter_map(Value::as_str);
                for name in texts.flat_map(|text| used(text, ANSWER)) {
                    tell(&name.path, node.at, report);
                }
            }
            _ => {}
        }
    }
    texts::each(checked, report, |text, report| {
        if text.steps.iter().any(|step| holds(&called, *step)) {
            return;
        }
        let names = used(text.text, ANSWER);
        let lines = (!names.is_empty()).then(|| Lines::of(text.text));
        for (name, lines) in names.iter().zip(lines.iter().cycle()) {
            let (line, column) = lines.position(name.offset);
            tell(&name.path, text.place.mark(line, column), report);
        }
    })
}

/// The answer that a condition without others in it asks about.
fn asked(when: &Condition) -> Option<&str> {
    match when {
        Condition::Field { name, .. } | Condition::DaysTo { field: name, .. } => {
            name.starts_with(ANSWER).then_some(name)
        }
        _ => None,
    }
}

fn tell(name: &str, at: Mark, report: &mut Report<'_>) {
    let message = format!("{} is the answer of a system, and none is called before", quote(name));
    report
        .add(at, "not-called-yet", message)
        .hint("put a `call` step before this, on a way that leads here");
}

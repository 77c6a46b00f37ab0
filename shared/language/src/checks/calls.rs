//! Answers of systems that nobody has called.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Flow};

use crate::{
    checks::{
        Checked,
        graph::{Graph, holds},
        said::{Does, conditions, date_of, field_of, happenings, values},
        texts,
    },
    problem::{Mark, Problem, Report},
    words::quote,
};

/// How conditions and templates name an answer.
const ANSWER: &str = "call.";

/// Reports the uses of an answer to which no way leads that calls a system. `broken` are the flows that
/// one which is not understood names, and may start.
pub(super) fn check(flows: &[Checked<'_>], broken: &BTreeSet<&str>) -> Vec<Problem> {
    let calls =
        |flow: &Flow| flow.steps.values().any(|step| matches!(step.action, Action::Call { .. }));
    let handed = handed(flows, broken, calls);
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

/// The flows that others start to whose runs `brings` applies, with those that these start: they are
/// handed on what is brought. So are those that are `broken`, as far as anybody knows.
pub(super) fn handed<'s>(
    flows: &[Checked<'s>],
    broken: &BTreeSet<&'s str>,
    brings: impl Fn(&Flow) -> bool,
) -> BTreeSet<&'s str> {
    let flows = || flows.iter().map(|checked| &checked.source.flow);
    let by_name: BTreeMap<&str, &Flow> = flows().map(|flow| (flow.name.as_str(), flow)).collect();
    let mut handed = broken.clone();
    let begun = broken.iter().filter_map(|flow| by_name.get(flow).copied());
    let mut open: Vec<&Flow> = flows().filter(|flow| brings(flow)).chain(begun).collect();
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
    let graph = &checked.graph;
    let called = called(graph);
    let before = |step: Option<usize>| !step.is_some_and(|step| holds(&called, step));
    for asked in conditions(checked).into_iter().filter(|asked| before(asked.step)) {
        field_of(asked.when)
            .filter(|name| name.starts_with(ANSWER))
            .into_iter()
            .for_each(|name| tell(name, asked.at, report));
    }
    let ever = called.contains(&true);
    for said in happenings(checked) {
        let known = match said.does {
            Does::LetIn => false,
            Does::End => ever,
            Does::Wake(step) => holds(&called, step),
        };
        let name = date_of(said.trigger).filter(|name| !known && name.starts_with(ANSWER));
        name.into_iter().for_each(|name| tell(name, said.at, report));
    }
    for (_, node) in graph.nodes.iter().enumerate().filter(|(step, _)| !holds(&called, *step)) {
        for name in values(&node.step.action, ANSWER) {
            tell(&name, node.at, report);
        }
    }
    texts::each(checked, report, |text, report| {
        if text.steps.iter().any(|step| holds(&called, *step)) {
            return;
        }
        for (name, at) in text.names(ANSWER) {
            tell(&name, at, report);
        }
    })
}

fn tell(name: &str, at: Mark, report: &mut Report<'_>) {
    let message = format!("{} is the answer of a system, and none is called before", quote(name));
    report
        .add(at, "not-called-yet", message)
        .hint("put a `call` step before this, on a way that leads here");
}

//! Flows that write to the same contact at the same moment.

use std::collections::BTreeMap;

use masa_domain::{Condition, Kind, Trigger};

use crate::{
    checks::{Checked, branches::possible, graph::holds},
    problem::{Mark, Problem, Report},
    words::quote,
};

/// With how many flows of the same trigger a flow is compared.
const COMPARED_MAX: usize = 20;

/// Reports the flows that send advertising at once on what another one does that for too.
pub(super) fn check(flows: &[Checked<'_>]) -> Vec<Problem> {
    let mut by_key: BTreeMap<String, Vec<(&Checked<'_>, &Trigger)>> = BTreeMap::new();
    let mut problems = Vec::new();
    for checked in flows.iter().filter(|checked| writes_at_once(checked)) {
        let flow = &checked.source.flow;
        let other = flow.triggers.iter().find_map(|trigger| {
            let others = by_key.get(&trigger.key())?.iter().take(COMPARED_MAX);
            let mut others =
                others.filter(|(other, by)| at_once(trigger, by) && meet(checked, other));
            others.next()
        });
        if let Some((other, _)) = other {
            let mut report = Report::new(&checked.source.path);
            let other = quote(&other.source.flow.name);
            let message =
                format!("what begins this flow begins {other} too, and both send at once");
            let at = checked.source.places.trigger.unwrap_or(Mark::START);
            report.add(at, "same-moment", message).hint(
                "begin one of them with a `wait`, or keep them apart with `entry: { if: … }`",
            );
            problems.extend(report.into_problems());
        }
        for trigger in &flow.triggers {
            by_key.entry(trigger.key()).or_default().push((checked, trigger));
        }
    }
    problems
}

/// Whether one happening may be both of these, which have the same key.
fn at_once(one: &Trigger, other: &Trigger) -> bool {
    match (one, other) {
        (Trigger::Purchased(one), Trigger::Purchased(other)) => match (one.nth, other.nth) {
            (Some(one), Some(other)) => one == other,
            (Some(nth), None) => other.every.is_none_or(|every| nth % every == 0),
            (None, Some(nth)) => one.every.is_none_or(|every| nth % every == 0),
            (None, None) => true,
        },
        (Trigger::Event { matching: one, .. }, Trigger::Event { matching: other, .. }) => {
            one.iter().all(|(key, value)| other.get(key).is_none_or(|other| other == value))
        }
        (
            Trigger::Opened { times: one, since_purchase: of_one, .. },
            Trigger::Opened { times: other, since_purchase: of_other, .. },
        ) => one == other || of_one != of_other,
        (Trigger::Field { test: one, .. }, Trigger::Field { test: other, .. })
        | (Trigger::Answered { test: one, .. }, Trigger::Answered { test: other, .. }) => {
            let tests = [one, other].into_iter().filter_map(Clone::clone);
            let asked = tests.map(|test| Condition::Field { name: String::new(), test });
            possible(&Condition::All(asked.collect()), true)
        }
        _ => true,
    }
}

/// Whether a flow may send advertising before it ever waits.
fn writes_at_once(checked: &Checked<'_>) -> bool {
    let graph = &checked.graph;
    let reached = graph.walk(|node| if node.waits() { Vec::new() } else { node.next.clone() });
    let marketing =
        |id: &str| graph.flow.sends(id).is_some_and(|(_, kind)| kind == Kind::Marketing);
    let mut nodes = graph.nodes.iter().enumerate();
    nodes.any(|(step, node)| holds(&reached, step) && marketing(node.id))
}

/// Whether one contact may enter both.
fn meet(one: &Checked<'_>, other: &Checked<'_>) -> bool {
    let conditions = [one, other].into_iter().filter_map(|it| it.source.flow.entry_if.clone());
    possible(&Condition::All(conditions.collect()), true)
}

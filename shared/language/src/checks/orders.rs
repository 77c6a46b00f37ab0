//! Orders in runs that no order began.

use std::collections::BTreeSet;

use masa_domain::{Condition, Flow, Product, Trigger};

use crate::{
    checks::{
        Checked,
        calls::handed,
        said::{conditions, date_of, field_of, happenings, values},
        texts,
    },
    problem::{Mark, Problem, Report},
    words::quote,
};

/// How conditions and templates name the order.
const ORDER: &str = "order.";
/// The order as a whole.
const ROOT: &str = "order";
/// How a flow names what its order has.
const SAME: &str = "purchased: same";

/// Reports what asks for the order that began a run, in flows that none begins. `broken` is as in
/// [`handed`].
pub(super) fn check(flows: &[Checked<'_>], broken: &BTreeSet<&str>) -> Vec<Problem> {
    let bought = |flow: &Flow| flow.triggers.iter().any(|by| matches!(by, Trigger::Purchased(_)));
    let handed = handed(flows, broken, bought);
    let mut problems = Vec::new();
    for checked in flows {
        let flow = &checked.source.flow;
        if bought(flow) || handed.contains(flow.name.as_str()) {
            continue;
        }
        let mut report = Report::new(&checked.source.path);
        problems.extend(of_flow(checked, &mut report));
        problems.extend(report.into_problems());
    }
    problems
}

fn of_flow(checked: &Checked<'_>, report: &mut Report<'_>) -> Vec<Problem> {
    for asked in conditions(checked) {
        let name = match asked.when {
            Condition::Purchased(test) => (test.what == Product::Same).then_some(SAME),
            other => field_of(other).filter(|name| name.starts_with(ORDER)),
        };
        name.into_iter().for_each(|name| tell(name, asked.at, report));
    }
    for said in happenings(checked) {
        let name = match said.trigger {
            Trigger::Purchased(bought) => (bought.product == Product::Same).then_some(SAME),
            other => date_of(other).filter(|name| name.starts_with(ORDER)),
        };
        name.into_iter().for_each(|name| tell(name, said.at, report));
    }
    for node in &checked.graph.nodes {
        for name in values(&node.step.action, ORDER) {
            tell(&name, node.at, report);
        }
    }
    texts::each(checked, report, |text, report| {
        // A text that asks whether there is an order may be another flow's, too.
        let names = text.names(ROOT);
        if names.iter().any(|(name, _)| name == ROOT) {
            return;
        }
        for (name, at) in names.into_iter().filter(|(name, _)| name.starts_with(ORDER)) {
            tell(&name, at, report);
        }
    })
}

fn tell(name: &str, at: Mark, report: &mut Report<'_>) {
    let message = format!("what begins this flow is no order, and {} is of one", quote(name));
    report.add(at, "no-order", message).hint(
        "begin the flow with `purchased`; what an event brought is `event.…`, in templates `event.data.…`",
    );
}

//! Checks of what a journey would do: of whole flows, after all that stands in them was understood.
//!
//! Each is a walk over the graph of a flow's steps, near linear in their number: a flow may have
//! thousands of steps and jump back and forth between them.

mod asked;
mod branches;
mod calls;
mod consent;
mod dates;
mod effects;
mod entry;
mod fallbacks;
mod graph;
mod implied;
mod languages;
mod loops;
mod rests;
mod sent;
mod sms;
mod texts;
mod together;
mod uses;

use jiff::Timestamp;
use masa_domain::Setup;

use crate::{
    flow::Source,
    problem::{Problem, Report},
};
use graph::Graph;
pub(crate) use implied::with_inner;

/// What the checks of a flow look at.
struct Checked<'s> {
    source: &'s Source,
    graph: Graph<'s>,
}

/// Checks flows in which everything is understood. `setup` is absent when `shop.yaml` is not
/// understood, and `whole` says whether these are all the flows of the folder: what is asked of the shop
/// or of other flows is then not checked. `now` is the time of the check, if that is to matter.
pub(crate) fn check(
    sources: &[Source],
    setup: Option<&Setup>,
    whole: bool,
    now: Option<Timestamp>,
) -> Vec<Problem> {
    let flows: Vec<Checked<'_>> =
        sources.iter().map(|source| Checked { source, graph: Graph::of(source) }).collect();
    let begun = fallbacks::begun(&flows);
    let mut problems = Vec::new();
    for checked in &flows {
        let mut report = Report::new(&checked.source.path);
        loops::unreachable(&checked.graph, &mut report);
        loops::check(&checked.graph, &mut report);
        let shop = setup.map(|setup| &setup.shop);
        branches::check(checked, shop, &mut report);
        rests::check(checked, shop, &mut report);
        entry::check(checked, shop, now, &mut report);
        sent::check(checked, &mut report);
        dates::check(&checked.graph, &mut report);
        if let Some(setup) = setup {
            problems.extend(languages::check(checked, setup, &mut report));
        }
        sms::check(checked, &mut report);
        problems.extend(fallbacks::check(checked, &begun, &mut report));
        problems.extend(report.into_problems());
    }
    if let (true, Some(setup)) = (whole, setup) {
        problems.extend(consent::check(&flows, &setup.forms));
        problems.extend(asked::check(&flows));
        problems.extend(calls::check(&flows));
        problems.extend(sent::of_other_flows(&flows));
        problems.extend(together::check(&flows, &setup.forms));
    }
    problems
}

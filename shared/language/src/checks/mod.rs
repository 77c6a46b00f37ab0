//! Checks of what a journey would do: of whole flows, after all that stands in them was understood.
//!
//! Each is a walk over the graph of a flow's steps, near linear in their number: a flow may have
//! thousands of steps and jump back and forth between them.

mod answers;
mod asked;
mod branches;
mod calls;
mod consent;
mod dates;
mod decided;
mod effects;
mod entry;
mod fallbacks;
mod graph;
mod implied;
mod languages;
mod links;
mod loops;
mod names;
mod orders;
mod rests;
mod said;
mod sent;
mod sms;
mod texts;
mod together;
mod uses;

use std::collections::BTreeSet;

use jiff::Timestamp;
use masa_domain::Setup;

use crate::{
    files::Files,
    flow::Source,
    problem::{Problem, Report},
    tests,
};
use graph::Graph;
pub(crate) use implied::with_inner;
pub(crate) use names::form;

/// What the checks of a flow look at.
struct Checked<'s> {
    source: &'s Source,
    graph: Graph<'s>,
}

/// What flows are checked with.
pub(crate) struct Beside<'f> {
    pub files: &'f Files,
    /// Absent when `shop.yaml` is not understood: what is asked of the shop is then not checked.
    pub setup: Option<&'f Setup>,
    /// The flows that those name which are not understood themselves; absent when all flows are
    /// understood.
    pub broken: Option<BTreeSet<&'f str>>,
    /// The time of the check, if that is to matter.
    pub now: Option<Timestamp>,
}

/// Checks flows in which everything is understood.
pub(crate) fn check(sources: &[Source], beside: &Beside<'_>) -> Vec<Problem> {
    let flows: Vec<Checked<'_>> =
        sources.iter().map(|source| Checked { source, graph: Graph::of(source) }).collect();
    let begun = fallbacks::begun(&flows);
    let filled = answers::filled(&flows);
    let mut problems = Vec::new();
    for checked in &flows {
        let mut report = Report::new(&checked.source.path);
        let name = checked.source.flow.name.as_str();
        loops::unreachable(&checked.graph, &mut report);
        loops::check(&checked.graph, &mut report);
        let shop = beside.setup.map(|setup| &setup.shop);
        branches::check(checked, shop, &mut report);
        rests::check(checked, shop, &mut report);
        entry::check(checked, shop, beside.now, &mut report);
        sent::check(checked, &mut report);
        let broken = beside.broken.as_ref();
        let is_started =
            begun.contains_key(name) || broken.is_some_and(|broken| broken.contains(name));
        dates::check(&checked.graph, is_started, &mut report);
        if let Some(setup) = beside.setup {
            names::forms(checked, setup, &mut report);
            answers::check(checked, setup, &filled, &mut report);
            problems.extend(languages::check(checked, setup, &mut report));
        }
        sms::check(checked, &mut report);
        if checked.source.has_sound_templates {
            problems.extend(fallbacks::check(checked, &begun, &mut report));
        }
        problems.extend(report.into_problems());
    }
    problems.extend(of_all(&flows, beside));
    problems
}

/// Checks what flows ask of one another. Where some are not understood, it is left what these may bring.
fn of_all(flows: &[Checked<'_>], beside: &Beside<'_>) -> Vec<Problem> {
    let broken = beside.broken.clone().unwrap_or_default();
    let mut problems = Vec::new();
    if beside.files.unreadable().is_empty() {
        problems.extend(asked::check(flows, beside.files));
    }
    problems.extend(calls::check(flows, &broken));
    problems.extend(orders::check(flows, &broken));
    problems.extend(sent::of_other_flows(flows));
    let Some(setup) = beside.setup else { return problems };
    let is_whole = beside.broken.is_none();
    problems.extend(consent::check(flows, setup, is_whole));
    problems.extend(together::check(flows, &setup.forms));
    if is_whole {
        problems.extend(links::check(flows));
        problems.extend(names::check(flows, setup, &tests::readable(beside.files)));
    }
    problems
}

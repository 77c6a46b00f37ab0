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
mod joined;
mod languages;
pub(crate) mod links;
mod loops;
mod members;
mod names;
mod near;
mod orders;
mod rests;
mod said;
mod segments;
mod sent;
mod sms;
mod texts;
mod together;
mod uses;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use masa_domain::Setup;

use crate::{
    files::Files,
    flow::Source,
    problem::{Problem, Report},
    shop, tests,
};
use fallbacks::Begun;
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
    /// What was read of `shop.yaml`: where it is not understood, what is asked of it is not checked.
    pub shop: &'f shop::Outcome,
    /// The flows that those name which are not understood themselves; absent when all flows are
    /// understood.
    pub broken: Option<BTreeSet<&'f str>>,
    /// The time of the check, if that is to matter.
    pub now: Option<Timestamp>,
}

impl<'f> Beside<'f> {
    /// The forms, questions, segments and products of the shop.
    fn names(&self) -> Option<&'f Setup> {
        self.shop.has_sound_names.then_some(&self.shop.setup)
    }

    /// The shop itself, and its people.
    fn people(&self) -> Option<&'f Setup> {
        self.shop.has_sound_people.then_some(&self.shop.setup)
    }
}

/// Checks flows. Of those in which not everything is understood, what is understood by itself is checked.
pub(crate) fn check(sources: &[Source], beside: &Beside<'_>) -> Vec<Problem> {
    let mut all: Vec<Checked<'_>> =
        sources.iter().map(|source| Checked { source, graph: Graph::of(source) }).collect();
    all.sort_by_key(|checked| !checked.source.is_whole);
    let (flows, _) = all.split_at(all.partition_point(|checked| checked.source.is_whole));
    let begun = fallbacks::begun(flows);
    let filled = answers::filled(&all);
    let mut problems = Vec::new();
    for checked in &all {
        let mut report = Report::new(&checked.source.path);
        problems.extend(by_itself(checked, beside, &filled, &mut report));
        if checked.source.is_whole {
            problems.extend(of_graph(checked, beside, &begun, &mut report));
        }
        problems.extend(report.into_problems());
    }
    problems.extend(of_all(flows, beside));
    if let Some(setup) = beside.names() {
        problems.extend(segments::check(setup, &beside.shop.segments, &filled));
    }
    without_slips(problems)
}

/// Checks parts of a flow of which nothing else tells whether they are right.
fn by_itself(
    checked: &Checked<'_>,
    beside: &Beside<'_>,
    filled: &BTreeSet<&str>,
    report: &mut Report<'_>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let shop = beside.people().map(|setup| &setup.shop);
    branches::check(checked, shop, report);
    rests::check(checked, shop, report);
    entry::check(checked, shop, beside.now, report);
    if let Some(setup) = beside.names() {
        names::forms(checked, setup, report);
        answers::check(checked, setup, filled, report);
    }
    if let Some(setup) = beside.people() {
        problems.extend(languages::check(checked, setup, report));
    }
    if checked.source.has_sound_templates {
        problems.extend(members::check(checked, report));
    }
    problems
}

/// Checks what the steps of a flow do one after another, and as messages of its kind.
fn of_graph<'s>(
    checked: &Checked<'s>,
    beside: &Beside<'_>,
    begun: &BTreeMap<&'s str, Begun>,
    report: &mut Report<'_>,
) -> Vec<Problem> {
    let graph = &checked.graph;
    loops::unreachable(graph, report);
    loops::check(graph, report);
    branches::decided(graph, report);
    sent::check(checked, report);
    let name = graph.flow.name.as_str();
    let is_broken = |broken: &BTreeSet<&str>| broken.contains(name);
    let is_started = begun.contains_key(name) || beside.broken.as_ref().is_some_and(is_broken);
    dates::check(graph, is_started, report);
    sms::check(checked, report);
    match checked.source.has_sound_templates {
        true => fallbacks::check(checked, begun, report),
        false => Vec::new(),
    }
}

/// The problems without what is told of the values of mistyped names.
fn without_slips(mut problems: Vec<Problem>) -> Vec<Problem> {
    let place = |problem: &Problem| (problem.file.clone(), problem.line, problem.column);
    let slips: BTreeSet<_> =
        problems.iter().filter(|told| told.code == "unknown-name").map(place).collect();
    problems.retain(|told| told.code != "no-fallback" || !slips.contains(&place(told)));
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
    let Some(setup) = beside.names() else { return problems };
    let is_whole = beside.broken.is_none();
    problems.extend(consent::check(flows, setup, is_whole));
    problems.extend(together::check(flows, setup));
    if is_whole {
        problems.extend(links::check(flows));
        let segments = segments::conditions(setup, &beside.shop.segments);
        problems.extend(names::check(flows, &segments, setup, &tests::readable(beside.files)));
    }
    problems
}

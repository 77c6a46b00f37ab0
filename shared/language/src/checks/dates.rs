//! Dated waits whose date has passed when a run comes to them.

use std::collections::BTreeSet;

use masa_domain::{Action, Anchor, ClockTime, DAYTIME, Moment, Offset, Trigger};

use crate::{
    checks::graph::{Graph, Node, holds},
    problem::Report,
    words::quote,
};

const DAY: i64 = 86_400;

/// A dated wait.
struct Dated<'s> {
    step: usize,
    anchor: &'s Anchor,
    offset: Offset,
    at: Option<ClockTime>,
}

/// Reports the dated waits that a run comes to, or may come to, when their time has passed for sure:
/// after one of the same date that lasts longer, or in a flow that a later time of that date alone begins.
/// `is_started` says whether another flow starts this one.
pub(super) fn check(graph: &Graph<'_>, is_started: bool, report: &mut Report<'_>) {
    let reached = graph.walk(|node| node.next.clone());
    let moving = moving(graph);
    let waits: Vec<Dated<'_>> = (0..graph.nodes.len())
        .filter(|step| holds(&reached, *step))
        .filter_map(|step| dated(graph.node(step)?, step))
        .filter(|wait| match wait.anchor {
            Anchor::Field(field) => !moving.contains(field.as_str()),
            Anchor::Day(_) | Anchor::Holiday(_) => true,
        })
        .collect();
    let members: Vec<usize> = waits.iter().map(|wait| wait.step).collect();
    let passed = graph.passed(&members);
    let knot = |wait: &Dated<'_>| passed.knots.of.get(wait.step).copied().flatten();
    let begun: Option<Vec<Dated<'_>>> = graph.flow.triggers.iter().map(of_trigger).collect();
    let begun = begun.filter(|_| !is_started).unwrap_or_default();
    for wait in &waits {
        if let (Some(first), Some(node)) = (begun.first(), graph.node(wait.step))
            && begun.iter().all(|begun| wait.is_before(begun))
        {
            let message = format!(
                "this date has passed when a run comes here: it began at {}",
                quote(&first.in_words())
            );
            report.add(node.at, "dates-out-of-order", message).hint(
                "begin the flow with an earlier offset of that date, or wait for a later one",
            );
            continue;
        }
        let (Some(before), Some(node)) = (passed.before(wait.step), graph.node(wait.step)) else {
            continue;
        };
        let longer = waits.iter().enumerate().filter(|(bit, other)| {
            before.has(*bit) && knot(other) != knot(wait) && wait.is_before(other)
        });
        let nodes = longer.filter_map(|(_, other)| Some((graph.node(other.step)?, other)));
        let Some((longer, other)) = nodes.min_by_key(|(node, _)| node.at) else { continue };
        let message = format!(
            "this date has passed when a run comes here: it may have waited for {} in line {} before",
            quote(&other.in_words()),
            longer.at.line
        );
        report
            .add(node.at, "dates-out-of-order", message)
            .hint("put the earlier date first, such as `-3d` before `-1d`");
    }
}

fn dated<'s>(node: &Node<'s>, step: usize) -> Option<Dated<'s>> {
    match &node.step.action {
        Action::Until { moment: Moment::Date { anchor, offset, at }, .. } => {
            Some(Dated { step, anchor, offset: *offset, at: *at })
        }
        _ => None,
    }
}

/// The date that lets in, as if it was waited for.
fn of_trigger(trigger: &Trigger) -> Option<Dated<'_>> {
    match trigger {
        Trigger::Date { anchor, offset, at, .. } => {
            Some(Dated { step: 0, anchor, offset: *offset, at: *at })
        }
        _ => None,
    }
}

/// The fields in which a flow may see more than one date: it writes them, or waits for their change.
fn moving<'s>(graph: &Graph<'s>) -> BTreeSet<&'s str> {
    let mut moving = BTreeSet::new();
    for node in &graph.nodes {
        match &node.step.action {
            Action::Set(fields) => moving.extend(fields.keys().map(String::as_str)),
            Action::Stamp(field)
            | Action::Count { field, .. }
            | Action::Append { field, .. }
            | Action::Coupon { field, .. } => {
                moving.insert(field.as_str());
            }
            Action::Await { until, .. } => {
                moving.extend(until.iter().filter_map(|until| match until {
                    Trigger::Field { name, .. } => Some(name.as_str()),
                    _ => None,
                }))
            }
            _ => {}
        }
    }
    moving
}

impl Dated<'_> {
    /// Whether its time comes before another's of the same date, whatever time of day that has.
    fn is_before(&self, other: &Self) -> bool {
        // After a holiday, its next coming is a year away.
        let comes_again = matches!(self.anchor, Anchor::Holiday(_)) && other.range().1 >= 0;
        self.anchor == other.anchor
            && !comes_again
            && match (self.at, other.at) {
                (None, None) => self.length() < other.length(),
                _ => self.range().1 < other.range().0,
            }
    }

    fn length(&self) -> i64 {
        i64::from(self.offset.days) * DAY + i64::from(self.offset.seconds)
    }

    /// The first and the last second at which it may end, counted from the day's beginning.
    fn range(&self) -> (i64, i64) {
        let own_time = match self.anchor {
            Anchor::Field(_) => (0, DAY - 1),
            Anchor::Day(_) | Anchor::Holiday(_) => {
                let daytime = i64::from(self.at.unwrap_or(DAYTIME).minutes()) * 60;
                (daytime, daytime)
            }
        };
        let ends = (own_time.0 + self.length(), own_time.1 + self.length());
        match self.at {
            None => ends,
            Some(at) => {
                let on_its_day =
                    |end: i64| end.div_euclid(DAY) * DAY + i64::from(at.minutes()) * 60;
                (on_its_day(ends.0), on_its_day(ends.1))
            }
        }
    }

    fn in_words(&self) -> String {
        let at = self.at.map(|at| format!(", at: {at}")).unwrap_or_default();
        format!("{}, offset: {}{at}", self.anchor.in_words(), self.offset)
    }
}

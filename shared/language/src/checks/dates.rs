//! Dated waits whose date has passed when a run comes to them.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

use jiff::civil::Date;
use masa_domain::{Action, Anchor, ClockTime, DAYTIME, Moment, Offset, Span, Trigger};

use crate::{
    checks::graph::{Graph, Node, holds},
    problem::Report,
    words::quote,
};

const DAY: i64 = 86_400;
/// By how much days on which clocks are changed are shorter or longer, at most and with some more, in
/// seconds.
const CHANGE: i64 = 2 * 3_600;
/// After how many dated waits it is counted for how long runs wait until they come to others.
const FOLLOWED_MAX: usize = 50;

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
    let between = Between::of(graph, &waits);
    for (bit, wait) in waits.iter().enumerate() {
        let since = between.begin(wait);
        if let (Some(first), Some(node)) = (begun.first(), graph.node(wait.step))
            && begun.iter().all(|begun| wait.is_before(begun, since))
        {
            let message = format!(
                "this date has passed when a run comes here: it began at {}{}",
                quote(&first.in_words()),
                waited(wait, first, since)
            );
            report.add(node.at, "dates-out-of-order", message).hint(
                "begin the flow with an earlier offset of that date, or wait for a later one",
            );
            continue;
        }
        let (Some(before), Some(node)) = (passed.before(wait.step), graph.node(wait.step)) else {
            continue;
        };
        let passed =
            waits.iter().enumerate().filter(|(other, _)| *other != bit && before.has(*other));
        let passed = passed.map(|(bit, other)| (other, between.two(bit, wait)));
        let longer = passed
            .filter(|(other, since)| knot(other) != knot(wait) && wait.is_before(other, *since));
        let nodes =
            longer.filter_map(|(other, since)| Some((graph.node(other.step)?, other, since)));
        let Some((longer, other, since)) = nodes.min_by_key(|(node, ..)| node.at) else { continue };
        let message = format!(
            "this date has passed when a run comes here: it may have waited for {} in line {} before{}",
            quote(&other.in_words()),
            longer.at.line,
            waited(wait, other, since)
        );
        report
            .add(node.at, "dates-out-of-order", message)
            .hint("put the earlier date first, such as `-3d` before `-1d`");
    }
}

/// What is told of the time that passed between two dates, when it matters.
fn waited(wait: &Dated<'_>, other: &Dated<'_>, since: i64) -> String {
    match u32::try_from(since) {
        Ok(since) if !wait.is_before(other, 0) => format!(", and {} since", Span::seconds(since)),
        _ => String::new(),
    }
}

/// For how long runs wait at least on their way from one step to another, in seconds: by plain lengths of
/// time alone.
struct Between {
    /// From the first step to each.
    begin: Vec<Option<i64>>,
    /// From each dated wait.
    from: Vec<Vec<Option<i64>>>,
}

impl Between {
    fn of(graph: &Graph<'_>, waits: &[Dated<'_>]) -> Self {
        let plain = |node: &Node<'_>| matches!(node.step.action, Action::Wait(_));
        if !graph.nodes.iter().any(plain) {
            return Self { begin: Vec::new(), from: Vec::new() };
        }
        let next = |wait: &Dated<'_>| graph.find(graph.node(wait.step)?.step.next.as_deref()?);
        let from = waits.iter().take(FOLLOWED_MAX).map(|wait| least(graph, next(wait)));
        Self { begin: least(graph, graph.first), from: from.collect() }
    }

    fn begin(&self, wait: &Dated<'_>) -> i64 {
        self.begin.get(wait.step).copied().flatten().unwrap_or_default()
    }

    fn two(&self, bit: usize, wait: &Dated<'_>) -> i64 {
        let from = self.from.get(bit).and_then(|from| from.get(wait.step));
        from.copied().flatten().unwrap_or_default()
    }
}

/// For how long a run waits at least until it comes to each step.
fn least(graph: &Graph<'_>, first: Option<usize>) -> Vec<Option<i64>> {
    let mut least = vec![None; graph.nodes.len()];
    let mut open: BinaryHeap<_> = first.into_iter().map(|step| Reverse((0, step))).collect();
    while let Some(Reverse((seconds, step))) = open.pop() {
        let (Some(known), Some(node)) = (least.get_mut(step), graph.node(step)) else { continue };
        if known.is_some() {
            continue;
        }
        *known = Some(seconds);
        let own = match &node.step.action {
            Action::Wait(span) => i64::from(span.as_seconds()),
            _ => 0,
        };
        open.extend(node.next.iter().map(|next| Reverse((seconds + own, *next))));
    }
    least
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
    /// Whether its time comes before another's of the same date and so many seconds after that, whatever
    /// time of day that has.
    fn is_before(&self, other: &Self, since: i64) -> bool {
        let holiday = matches!(self.anchor, Anchor::Holiday(_));
        // After a holiday, its next coming is a year away.
        let comes_again = holiday && other.range().1 >= 0;
        let certain = if since > CHANGE && !holiday { since - CHANGE } else { 0 };
        self.is_of(other)
            && !comes_again
            && match (self.at, other.at) {
                (None, None) => self.length() < other.length() + certain,
                _ => self.range().1 < other.range().0 + certain,
            }
    }

    /// Whether both count from one date, or from two of which it is known how far they stand apart.
    fn is_of(&self, other: &Self) -> bool {
        self.anchor == other.anchor
            || matches!((self.anchor, other.anchor), (Anchor::Day(_), Anchor::Day(_)))
    }

    /// How long after its date it is; of a day, after the first of all days.
    fn length(&self) -> i64 {
        let day = match self.anchor {
            Anchor::Day(day) => day.duration_since(Date::MIN).as_secs(),
            Anchor::Field(_) | Anchor::Holiday(_) => 0,
        };
        day + i64::from(self.offset.days) * DAY + i64::from(self.offset.seconds)
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

//! What a flow says: the happenings that it names, and the conditions that it asks.

use masa_domain::{Action, Anchor, Condition, Moment, Trigger};
use serde_json::Value;

use crate::{
    checks::{Checked, implied::with_inner, uses::used},
    problem::Mark,
};

/// What a happening does in a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// It lets in.
    LetIn,
    /// It ends a run, or is what the flow is for.
    End,
    /// It ends the wait at this step.
    Wake(usize),
}

/// A happening that a flow names.
pub(super) struct Said<'s> {
    pub trigger: &'s Trigger,
    pub does: Does,
    pub at: Mark,
}

/// The happenings that a flow names.
pub(super) fn happenings<'s>(checked: &Checked<'s>) -> Vec<Said<'s>> {
    let (flow, places) = (&checked.source.flow, &checked.source.places);
    let mut said = Vec::new();
    let mut add = |triggers: &'s [Trigger], does, marks: &[Mark]| {
        let last = marks.last().copied().unwrap_or(Mark::START);
        let marks = marks.iter().copied().chain(std::iter::repeat(last));
        said.extend(triggers.iter().zip(marks).map(|(trigger, at)| Said { trigger, does, at }));
    };
    add(&flow.triggers, Does::LetIn, &places.triggers);
    add(&flow.exits, Does::End, &places.exits);
    let goal = flow.goal.as_ref().map(|goal| goal.reached_by.as_slice());
    add(goal.unwrap_or_default(), Does::End, places.goal.as_slice());
    for (step, node) in checked.graph.nodes.iter().enumerate() {
        if let Action::Await { until, .. } = &node.step.action {
            add(until, Does::Wake(step), &[node.at]);
        }
    }
    said
}

/// A condition of a flow, also one that stands in another.
pub(super) struct Asked<'s> {
    pub when: &'s Condition,
    /// The step that asks it; none asks that of entry, or of a segment.
    pub step: Option<usize>,
    pub at: Mark,
}

/// The conditions that a flow asks.
pub(super) fn conditions<'s>(checked: &Checked<'s>) -> Vec<Asked<'s>> {
    let entry = checked.source.flow.entry_if.as_ref();
    let entry = entry.map(|when| (None, when, checked.source.places.entry.as_slice()));
    let steps =
        checked.graph.nodes.iter().enumerate().filter_map(|(step, node)| match &node.step.action {
            Action::If { when, .. } => Some((Some(step), when, node.condition)),
            _ => None,
        });
    let all = entry.into_iter().chain(steps);
    all.flat_map(|(step, when, marks)| asked(step, when, marks)).collect()
}

/// A condition that a step asks, and those in it.
pub(super) fn asked<'s>(
    step: Option<usize>,
    when: &'s Condition,
    marks: &[Mark],
) -> impl Iterator<Item = Asked<'s>> {
    with_inner(when, marks).into_iter().map(move |(when, at)| Asked { when, step, at })
}

/// The field that a condition without others in it asks about.
pub(super) fn field_of(when: &Condition) -> Option<&str> {
    match when {
        Condition::Field { name, .. } | Condition::DaysTo { field: name, .. } => Some(name),
        _ => None,
    }
}

/// The field whose date a happening is.
pub(super) fn date_of(trigger: &Trigger) -> Option<&str> {
    match trigger {
        Trigger::Date { anchor: Anchor::Field(name), .. } => Some(name),
        _ => None,
    }
}

/// The values that begin with `prefix` and that a step names by itself: the date for which it waits, or
/// what it sends to a system.
pub(super) fn values(action: &Action, prefix: &str) -> Vec<String> {
    match action {
        Action::Until { moment: Moment::Date { anchor: Anchor::Field(name), .. }, .. }
            if name.starts_with(prefix) =>
        {
            vec![name.clone()]
        }
        Action::Call { send, .. } => {
            let texts = send.values().filter_map(Value::as_str);
            texts.flat_map(|text| used(text, prefix)).map(|name| name.path).collect()
        }
        _ => Vec::new(),
    }
}

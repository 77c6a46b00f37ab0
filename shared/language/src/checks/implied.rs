//! What a condition tells of a contact by its answer alone.

use masa_domain::{Action, Anchor, Condition, FieldTest, Trigger};

use crate::{
    checks::graph::{Graph, Node},
    problem::Mark,
};

/// A condition and those in it, each with where it stands: an outer one before those in it, as in `marks`.
pub(crate) fn with_inner<'s>(when: &'s Condition, marks: &[Mark]) -> Vec<(&'s Condition, Mark)> {
    let mut all = Vec::new();
    let mut open = vec![when];
    let mut marks = marks.iter();
    while let Some(condition) = open.pop() {
        all.push((condition, marks.next().copied().unwrap_or(Mark::START)));
        match condition {
            Condition::All(members) | Condition::Any(members) => open.extend(members.iter().rev()),
            Condition::Not(one) => open.push(one),
            _ => {}
        }
    }
    all
}

/// Whether a condition that answers `answer` tells something, which a condition without others in it
/// tells as `tells` says.
pub(super) fn implied(
    when: &Condition,
    answer: bool,
    tells: &dyn Fn(&Condition, bool) -> bool,
) -> bool {
    match (when, answer) {
        (Condition::Not(one), _) => implied(one, !answer, tells),
        (Condition::All(members), true) | (Condition::Any(members), false) => {
            members.iter().any(|member| implied(member, answer, tells))
        }
        (Condition::All(members), false) | (Condition::Any(members), true) => {
            !members.is_empty() && members.iter().all(|member| implied(member, answer, tells))
        }
        _ => tells(when, answer),
    }
}

/// Whether a condition that answers `answer` tells that a field of this name, such as `city` or
/// `order.total`, holds something.
pub(super) fn field_is_there(when: &Condition, answer: bool, field: &str) -> bool {
    implied(when, answer, &|one, answer| match one {
        Condition::Field { name, test } => name == field && test_is_there(test) == Some(answer),
        Condition::DaysTo { field: name, .. } => name == field && answer,
        _ => false,
    })
}

/// The answer of a test by which the field holds something, if one tells.
fn test_is_there(test: &FieldTest) -> Option<bool> {
    match test {
        FieldTest::Empty(empty) => Some(!empty),
        _ => Some(true),
    }
}

/// Whether a trigger tells that a field holds something.
pub(super) fn trigger_tells(trigger: &Trigger, field: &str) -> bool {
    let by_test = |test: &Option<FieldTest>| {
        test.as_ref().is_some_and(|test| test_is_there(test) == Some(true))
    };
    match trigger {
        Trigger::Field { name, test } => name == field && by_test(test),
        Trigger::Answered { question, .. } => question == field,
        Trigger::Date { anchor: Anchor::Field(name), .. } => name == field,
        Trigger::Event { matching, .. } => {
            field.strip_prefix("event.").is_some_and(|member| matching.contains_key(member))
        }
        _ => false,
    }
}

/// The steps to which a run goes on from one without having been told something: by a condition, as
/// `asked` says of it and its answer, or by what came.
pub(super) fn untold(
    graph: &Graph<'_>,
    node: &Node<'_>,
    asked: &dyn Fn(&Condition, bool) -> bool,
    came: &dyn Fn(&Trigger) -> bool,
) -> Vec<usize> {
    let told = |way: &str| match &node.step.action {
        Action::If { when, .. } => asked(when, way == "yes"),
        Action::Await { until, .. } => way == "happened" && until.iter().all(came),
        _ => false,
    };
    if !matches!(node.step.action, Action::If { .. } | Action::Await { .. }) {
        return node.next.clone();
    }
    let ways = graph.flow.ways(node.step).into_iter().filter(|(way, _)| !told(way));
    ways.filter_map(|(_, next)| graph.find(next?)).collect()
}

//! What steps lead to at once, beside what they do.

use masa_domain::{Action, Condition, FieldTest, Trigger};
use serde_json::Value;

use crate::checks::{
    branches::passes,
    graph::{Graph, Node, holds},
};

/// What a step leads to.
pub(super) enum Led<'s> {
    /// A list was joined.
    Joined(&'s str),
    /// A list was left.
    Left(&'s str),
    /// A field changed; to this, when that is known.
    Changed(&'s str, Option<&'s Value>),
    /// A flow was started.
    Started(&'s str),
    /// The run came to its end.
    Ended(&'s str),
}

/// What a step leads to.
pub(super) fn of<'s>(graph: &Graph<'s>, node: &Node<'s>) -> Vec<Led<'s>> {
    let mut led = match &node.step.action {
        Action::Join(list) => vec![Led::Joined(list)],
        Action::Leave(list) => vec![Led::Left(list)],
        Action::Set(fields) => {
            fields.iter().map(|(name, value)| Led::Changed(name, Some(value))).collect()
        }
        Action::Stamp(field)
        | Action::Count { field, .. }
        | Action::Append { field, .. }
        | Action::Coupon { field, .. } => vec![Led::Changed(field, None)],
        Action::Start(flow) => vec![Led::Started(flow)],
        _ => Vec::new(),
    };
    let ways = graph.flow.ways(node.step);
    if ways.is_empty() || ways.iter().any(|(_, next)| next.is_none()) {
        led.push(Led::Ended(&graph.flow.name));
    }
    led
}

/// The steps between which and advertising of the same run nobody waits, before or after it.
pub(super) fn at_sending(graph: &Graph<'_>) -> Vec<bool> {
    let reached = graph.walk(|node| node.next.clone());
    let sends =
        |(step, node): &(usize, &Node<'_>)| holds(&reached, *step) && graph.advertises(node);
    let sends = || graph.nodes.iter().enumerate().filter(sends).map(|(step, _)| step);
    let after =
        graph.walk_from(sends(), |node| if node.waits() { Vec::new() } else { node.next.clone() });
    let until = graph.walk_back(sends(), |step, node| holds(&reached, step) && !node.waits());
    let at_once = after.into_iter().zip(until).zip(&graph.nodes);
    // What a wait leads to comes when it is over.
    at_once.map(|((after, until), node)| (after && !node.waits()) || until).collect()
}

impl Led<'_> {
    /// The key of the triggers that it may be; none when none is.
    pub(super) fn key(&self) -> Option<String> {
        let trigger = match self {
            Self::Joined(list) => Trigger::Joined((*list).to_owned()),
            Self::Left(list) => Trigger::Left((*list).to_owned()),
            Self::Changed(field, _) => Trigger::Field { name: (*field).to_owned(), test: None },
            Self::Ended(flow) => Trigger::Ended((*flow).to_owned()),
            Self::Started(_) => return None,
        };
        Some(trigger.key())
    }

    /// Whether it may be what a trigger of its key names.
    pub(super) fn is(&self, trigger: &Trigger) -> bool {
        match (self, trigger) {
            (Self::Changed(_, value), Trigger::Field { test: Some(test), .. }) => match value {
                Some(Value::Null) => *test == FieldTest::Empty(true),
                Some(value) if !value.is_array() => passes(test, value),
                _ => *test != FieldTest::Empty(true),
            },
            _ => true,
        }
    }

    /// What is so afterwards, for sure.
    pub(super) fn is_then(&self) -> Option<Condition> {
        let on = |list: &str| Condition::List(list.to_owned());
        match self {
            Self::Joined(list) => Some(on(list)),
            Self::Left(list) => Some(Condition::Not(Box::new(on(list)))),
            Self::Changed(field, Some(value)) if !value.is_null() && !value.is_array() => {
                let test = FieldTest::Is((*value).clone());
                Some(Condition::Field { name: (*field).to_owned(), test })
            }
            _ => None,
        }
    }
}

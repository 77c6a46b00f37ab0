//! Where runs never come, and where they never rest.

use masa_domain::{Action, Moment};

use crate::{
    checks::graph::{Graph, Node, holds},
    problem::Report,
    words::quote,
};

/// Reports the steps that no run comes to: of those that lead on to one another, the first.
pub(super) fn unreachable(graph: &Graph<'_>, report: &mut Report<'_>) {
    let mut told = graph.walk(|node| node.next.clone());
    let mut lost: Vec<usize> = (0..graph.nodes.len()).filter(|step| !holds(&told, *step)).collect();
    lost.sort_by_key(|step| graph.node(*step).map(|node| node.at));
    for step in lost {
        let Some(node) = graph.node(step) else { continue };
        if holds(&told, step) {
            continue;
        }
        report
            .add(node.at, "unreachable-step", "no contact ever comes to this step")
            .hint("every way ends with `exit` or `jump` before it: remove it, or jump to its id");
        let mut open = vec![step];
        while let Some(step) = open.pop() {
            let (Some(seen), Some(node)) = (told.get_mut(step), graph.node(step)) else { continue };
            if !std::mem::replace(seen, true) {
                open.extend(&node.next);
            }
        }
    }
}

/// Reports loops in which nobody waits. What is reported of a loop is not reported of a longer one that
/// holds it.
pub(super) fn check(graph: &Graph<'_>, report: &mut Report<'_>) {
    let reached = graph.walk(|node| node.next.clone());
    let mut told = vec![false; graph.nodes.len()];
    let reached = |node: &Node<'_>| graph.find(node.id).is_some_and(|step| holds(&reached, step));
    let busy = |node: &Node<'_>| reached(node) && !node.waits() && !node.sends();
    let sending = |node: &Node<'_>| reached(node) && !node.waits();
    let dated = |node: &Node<'_>| reached(node) && (!node.waits() || passes(node));
    for (within, kind) in [
        (&busy as &dyn Fn(&Node<'_>) -> bool, Kind::Endless),
        (&sending, Kind::Sends),
        (&dated, Kind::Dated),
    ] {
        for members in graph.knots(within).members {
            if !graph.loops(&members) || members.iter().any(|step| holds(&told, *step)) {
                continue;
            }
            for step in &members {
                told.get_mut(*step).into_iter().for_each(|told| *told = true);
            }
            kind.tell(graph, &members, report);
        }
    }
}

/// Whether a run may pass a wait at once, each time that it comes: a date that has passed stays so, a weekday
/// is one all day long, the last event stays the last, and no time is none.
fn passes(node: &Node<'_>) -> bool {
    match &node.step.action {
        Action::Until { moment: Moment::Date { .. }, .. } | Action::Quiet { .. } => true,
        Action::Until { moment: Moment::Clock { at, .. }, .. } => at.is_none(),
        Action::Wait(span) | Action::Await { span, .. } => span.as_seconds() == 0,
        _ => false,
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Endless,
    Sends,
    Dated,
}

impl Kind {
    fn tell(self, graph: &Graph<'_>, members: &[usize], report: &mut Report<'_>) {
        let nodes = || members.iter().filter_map(|step| graph.node(*step));
        // All links lead forward but those of jumps: one of them closes the loop.
        let jumps = nodes().filter(|node| matches!(node.step.action, Action::Jump(_)));
        let Some(jump) = jumps.min_by_key(|node| node.at) else { return };
        let of = |what: fn(&Node<'_>) -> bool| {
            let first = nodes().filter(|node| what(node)).min_by_key(|node| node.at);
            quote(first.map(|node| node.id).unwrap_or_default())
        };
        let (code, message, hint) = match self {
            Self::Endless => (
                "endless-loop",
                "in this loop nobody ever waits: a run that comes to a step twice in one go fails"
                    .to_owned(),
                "put a `wait` into the loop",
            ),
            Self::Sends => (
                "loop-sends",
                format!(
                    "in this loop {} is sent again and again, as fast as messages go",
                    of(|node| node.sends())
                ),
                "put a `wait` into the loop",
            ),
            Self::Dated => (
                "loop-by-date",
                format!(
                    "this loop waits at {} alone, which may let through at once each time: then what it sends goes \
                     again and again",
                    of(passes)
                ),
                "put a `wait` of some length into the loop too",
            ),
        };
        report.add(jump.at, code, message).hint(hint);
    }
}

//! What is decided already when a condition is asked.

use std::collections::BTreeSet;

use masa_domain::{Action, Condition, Moment, OrderStatus, Since};

use crate::checks::{
    branches::{possible, size, together},
    graph::{Graph, holds},
};

/// How far back is looked, in steps.
const STEPS_MAX: usize = 200;
/// How many conditions, with those in them, are compared with one.
const CONDITIONS_MAX: usize = 50;
/// From which minute of a day on the next may have begun when a run goes on after a wait.
const LATE_MINUTES: u16 = 23 * 60;

/// The ways of a flow, backwards.
pub(super) struct Before<'g, 's> {
    graph: &'g Graph<'s>,
    /// For each step the steps that lead to it, of those that runs come to.
    before: Vec<BTreeSet<usize>>,
}

impl<'g, 's> Before<'g, 's> {
    pub(super) fn of(graph: &'g Graph<'s>) -> Self {
        let reached = graph.walk(|node| node.next.clone());
        let mut before = vec![BTreeSet::new(); graph.nodes.len()];
        for (step, node) in
            graph.nodes.iter().enumerate().filter(|(step, _)| holds(&reached, *step))
        {
            for next in &node.next {
                before.get_mut(*next).into_iter().for_each(|before: &mut BTreeSet<_>| {
                    before.insert(step);
                });
            }
        }
        Self { graph, before }
    }

    /// Whether the condition of a step may still answer `answer`, after all that was answered on the one
    /// way to it and can't have changed since.
    pub(super) fn leave_open(&self, step: usize, when: &Condition, answer: bool) -> bool {
        let decided = self.decided(step);
        let own = if answer { when.clone() } else { Condition::Not(Box::new(when.clone())) };
        let before = Condition::All(decided);
        // Where nobody comes, nothing is decided; that is told elsewhere.
        !possible(&before, true) || possible(&Condition::All(vec![before, own]), true)
    }

    /// What is so when a run comes to a step.
    fn decided(&self, mut step: usize) -> Vec<Condition> {
        let mut decided = Decided::default();
        for _ in 0..STEPS_MAX {
            let Some(before) = self.before.get(step) else { break };
            if self.graph.first == Some(step) {
                let entry = self.graph.flow.entry_if.iter().filter(|_| before.is_empty());
                entry.for_each(|when| decided.add(when, true));
                break;
            }
            let mut before = before.iter().copied();
            let (Some(last), None) = (before.next(), before.next()) else { break };
            let Some(node) = self.graph.node(last) else { break };
            match &node.step.action {
                Action::If { when, then, otherwise } => {
                    let leads = |way: &Option<String>| {
                        way.as_deref().and_then(|id| self.graph.find(id)) == Some(step)
                    };
                    let (yes, no) = (leads(then), leads(otherwise));
                    if yes != no {
                        decided.add(when, yes);
                    }
                }
                Action::Jump(_) | Action::Split { .. } => {}
                step => {
                    if let Some(today) = today(step).filter(|_| !decided.is_changed) {
                        decided.add(&today, true);
                    }
                    decided.is_changed = true;
                    decided.passed.insert(node.id);
                }
            }
            step = last;
        }
        decided.all
    }
}

/// The days on one of which a wait ends, when so much of the day is left that what follows at once stands on
/// it too.
fn today(action: &Action) -> Option<Condition> {
    match action {
        Action::Until { moment: Moment::Clock { at, days }, .. }
            if !days.is_empty() && at.is_none_or(|at| at.minutes() < LATE_MINUTES) =>
        {
            Some(Condition::Weekday(days.clone()))
        }
        _ => None,
    }
}

/// What was answered on the way to a step, looked at from there.
#[derive(Default)]
struct Decided<'s> {
    all: Vec<Condition>,
    size: usize,
    /// Whether something may have changed since.
    is_changed: bool,
    /// The steps since, but those that only choose a way.
    passed: BTreeSet<&'s str>,
}

impl Decided<'_> {
    fn add(&mut self, when: &Condition, answer: bool) {
        self.size += size(when);
        if self.size > CONDITIONS_MAX {
            return;
        }
        let not = |when: &Condition| Condition::Not(Box::new(when.clone()));
        if !self.is_changed {
            self.all.push(if answer { when.clone() } else { not(when) });
            return;
        }
        let lasting = together(when, answer).sure.into_iter();
        let lasting = lasting.filter(|(one, answer)| *answer && self.lasts(one));
        let lasting: Vec<Condition> = lasting.map(|(one, _)| one.clone()).collect();
        self.all.extend(lasting);
    }

    /// Whether a condition without others in it that is so once stays so.
    fn lasts(&self, when: &Condition) -> bool {
        let for_good = |since: &Since| matches!(since, Since::Ever | Since::Entry);
        let orders = [OrderStatus::Placed, OrderStatus::Refunded, OrderStatus::Cancelled];
        match when {
            Condition::Form { since, .. } => for_good(since),
            // Orders are asked how they stand now.
            Condition::Event { name, since, .. } => {
                for_good(since) && !orders.iter().any(|order| order.event() == Some(name.as_str()))
            }
            // A step that sends again is asked about its last message.
            Condition::Email { step, flow: None, .. } => !self.passed.contains(step.as_str()),
            _ => false,
        }
    }
}

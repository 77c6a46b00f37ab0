//! The steps of a flow as a graph.

use std::collections::BTreeMap;

use masa_domain::{Action, Anchor, Flow, Kind, Moment, Step};

use crate::{flow::Source, problem::Mark};

/// The steps of a flow; each is named by its place in [`Graph::nodes`].
pub(super) struct Graph<'s> {
    pub flow: &'s Flow,
    pub nodes: Vec<Node<'s>>,
    pub first: Option<usize>,
    by_id: BTreeMap<&'s str, usize>,
}

/// A step.
pub(super) struct Node<'s> {
    pub id: &'s str,
    pub step: &'s Step,
    /// Where it begins.
    pub at: Mark,
    /// Where its condition stands: an outer one before those in it.
    pub condition: &'s [Mark],
    /// The steps that may follow.
    pub next: Vec<usize>,
}

impl Node<'_> {
    pub(super) fn sends(&self) -> bool {
        matches!(
            self.step.action,
            Action::Email { .. } | Action::Sms { .. } | Action::Tell { .. } | Action::Call { .. }
        )
    }

    /// Whether a run stands here until time passes or something happens. At a dated wait it may not.
    pub(super) fn waits(&self) -> bool {
        matches!(
            self.step.action,
            Action::Wait(_) | Action::Quiet { .. } | Action::Until { .. } | Action::Await { .. }
        )
    }
}

impl<'s> Graph<'s> {
    pub(super) fn of(source: &'s Source) -> Self {
        let flow = &source.flow;
        let by_id: BTreeMap<&str, usize> =
            flow.steps.keys().enumerate().map(|(index, id)| (id.as_str(), index)).collect();
        let nodes = flow.steps.iter().map(|(id, step)| {
            let places = source.places.steps.get(id);
            Node {
                id,
                step,
                at: places.map_or(Mark::START, |places| places.at),
                condition: places.map(|places| places.inner.condition.as_slice()).unwrap_or(&[]),
                next: follow(flow, step).filter_map(|id| by_id.get(id).copied()).collect(),
            }
        });
        let nodes = nodes.collect();
        let first = flow.first.as_deref().and_then(|first| by_id.get(first).copied());
        Self { flow, nodes, first, by_id }
    }

    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Whether a step sends advertising.
    pub(super) fn advertises(&self, node: &Node<'_>) -> bool {
        self.flow.sends(node.id).is_some_and(|(_, kind)| kind == Kind::Marketing)
    }

    pub(super) fn node(&self, index: usize) -> Option<&Node<'s>> {
        self.nodes.get(index)
    }

    /// The steps that a walk from the first comes to. `onward` gives the steps to which it goes on.
    pub(super) fn walk<'g>(&'g self, onward: impl Fn(&'g Node<'s>) -> Vec<usize>) -> Vec<bool> {
        self.walk_from(self.first, onward)
    }

    /// The steps that a walk from some comes to, with these.
    pub(super) fn walk_from<'g>(
        &'g self,
        first: impl IntoIterator<Item = usize>,
        onward: impl Fn(&'g Node<'s>) -> Vec<usize>,
    ) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        let mut open: Vec<usize> = first.into_iter().collect();
        while let Some(index) = open.pop() {
            let (Some(seen), Some(node)) = (reached.get_mut(index), self.nodes.get(index)) else {
                continue;
            };
            if !std::mem::replace(seen, true) {
                open.extend(onward(node));
            }
        }
        reached
    }

    /// The steps from which a walk leads to some, with these. `through` says which steps lead on.
    pub(super) fn walk_back(
        &self,
        to: impl IntoIterator<Item = usize>,
        through: impl Fn(usize, &Node<'s>) -> bool,
    ) -> Vec<bool> {
        let mut before: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for (step, node) in
            self.nodes.iter().enumerate().filter(|(step, node)| through(*step, node))
        {
            for next in &node.next {
                before.get_mut(*next).into_iter().for_each(|before| before.push(step));
            }
        }
        self.walk_from(to, |node| {
            let before = self.find(node.id).and_then(|step| before.get(step));
            before.cloned().unwrap_or_default()
        })
    }

    /// The steps that are `within`, in knots of which each step leads to each other one. A knot comes
    /// after all those to which it leads (Tarjan's algorithm, without recursion).
    pub(super) fn knots(&self, within: impl Fn(&Node<'s>) -> bool) -> Knots {
        let inside: Vec<bool> = self.nodes.iter().map(within).collect();
        let mut search = Search {
            graph: self,
            inside: &inside,
            number: vec![0; self.nodes.len()],
            low: vec![0; self.nodes.len()],
            count: 0,
            stack: Vec::new(),
            knots: Knots { of: vec![None; self.nodes.len()], members: Vec::new() },
        };
        for index in 0..self.nodes.len() {
            if holds(&inside, index) && get(&search.number, index) == 0 {
                search.run(index);
            }
        }
        search.knots
    }

    /// Whether a knot of [`Graph::knots`] is a loop.
    pub(super) fn loops(&self, members: &[usize]) -> bool {
        let own = |index: &usize| self.node(*index).is_some_and(|node| node.next.contains(index));
        members.len() > 1 || members.iter().any(own)
    }

    /// For each step, which of `members` (a list of steps) a run may have passed before it comes there.
    pub(super) fn passed(&self, members: &[usize]) -> Passed {
        let knots = self.knots(|_| true);
        let bits: BTreeMap<usize, usize> =
            members.iter().enumerate().map(|(bit, step)| (*step, bit)).collect();
        let reached = self.walk(|node| node.next.clone());
        let mut before = vec![Bits::new(members.len()); knots.members.len()];
        for (index, steps) in knots.members.iter().enumerate().rev() {
            let mut after = before.get(index).cloned().unwrap_or_default();
            for step in steps.iter().filter(|step| holds(&reached, **step)) {
                bits.get(step).into_iter().for_each(|bit| after.set(*bit));
            }
            if self.loops(steps)
                && let Some(own) = before.get_mut(index)
            {
                own.join(&after);
            }
            let next = steps.iter().filter(|step| holds(&reached, **step));
            for next in next.filter_map(|step| self.node(*step)).flat_map(|node| &node.next) {
                let knot = knots.of.get(*next).copied().flatten().filter(|knot| *knot != index);
                if let Some(next) = knot.and_then(|knot| before.get_mut(knot)) {
                    next.join(&after);
                }
            }
        }
        Passed { knots, before }
    }
}

/// The steps that may follow one. A date that is missing is passed over, also where a flow does what
/// is late.
fn follow<'f>(flow: &'f Flow, step: &'f Step) -> impl Iterator<Item = &'f str> {
    let missing = match &step.action {
        Action::Until { moment: Moment::Date { anchor: Anchor::Field(_), .. }, late } => {
            late.as_deref()
        }
        _ => None,
    };
    flow.ways(step).into_iter().filter_map(|(_, next)| next).chain(missing)
}

/// Steps in knots.
pub(super) struct Knots {
    /// The knot of each step.
    pub of: Vec<Option<usize>>,
    /// The steps of each knot.
    pub members: Vec<Vec<usize>>,
}

/// What may have been passed before each step.
pub(super) struct Passed {
    pub knots: Knots,
    before: Vec<Bits>,
}

impl Passed {
    /// What may have been passed before a step, by the places in the list of members.
    pub(super) fn before(&self, step: usize) -> Option<&Bits> {
        self.before.get(self.knots.of.get(step).copied().flatten()?)
    }
}

struct Search<'g, 's> {
    graph: &'g Graph<'s>,
    inside: &'g [bool],
    /// In which order the steps were come to, from 1; 0 for those that were not yet.
    number: Vec<usize>,
    low: Vec<usize>,
    count: usize,
    /// Steps that have no knot yet.
    stack: Vec<usize>,
    knots: Knots,
}

impl Search<'_, '_> {
    fn run(&mut self, root: usize) {
        // The steps on the way here, each with how many of its next ones were looked at.
        let mut way = vec![(root, 0)];
        self.come(root);
        while let Some((step, looked)) = way.pop() {
            let next = self.graph.node(step).and_then(|node| node.next.get(looked)).copied();
            let Some(next) = next else {
                self.leave(step);
                if let Some((above, _)) = way.last() {
                    self.lower(*above, get(&self.low, step));
                }
                continue;
            };
            way.push((step, looked + 1));
            if !holds(self.inside, next) {
                continue;
            }
            if get(&self.number, next) == 0 {
                self.come(next);
                way.push((next, 0));
            } else if self.knots.of.get(next).copied().flatten().is_none() {
                self.lower(step, get(&self.number, next));
            }
        }
    }

    fn come(&mut self, step: usize) {
        self.count += 1;
        put(&mut self.number, step, self.count);
        put(&mut self.low, step, self.count);
        self.stack.push(step);
    }

    fn lower(&mut self, step: usize, to: usize) {
        let low = get(&self.low, step).min(to);
        put(&mut self.low, step, low);
    }

    /// Makes the knot of which `step` was the first to be come to.
    fn leave(&mut self, step: usize) {
        if get(&self.low, step) != get(&self.number, step) {
            return;
        }
        let mut members = Vec::new();
        while let Some(member) = self.stack.pop() {
            members.push(member);
            put(&mut self.knots.of, member, Some(self.knots.members.len()));
            if member == step {
                break;
            }
        }
        self.knots.members.push(members);
    }
}

/// Whether a list of answers says yes.
pub(super) fn holds(answers: &[bool], index: usize) -> bool {
    answers.get(index).copied().unwrap_or_default()
}

fn get(numbers: &[usize], index: usize) -> usize {
    numbers.get(index).copied().unwrap_or_default()
}

fn put<T>(values: &mut [T], index: usize, value: T) {
    if let Some(old) = values.get_mut(index) {
        *old = value;
    }
}

/// A set of small numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    fn new(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn set(&mut self, bit: usize) {
        if let Some(word) = self.0.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    pub(super) fn has(&self, bit: usize) -> bool {
        self.0.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    fn join(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }
}

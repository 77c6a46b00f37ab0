//! A journey's steps and ways as nodes and edges without a circle.

use std::collections::BTreeMap;

use masa_domain::{Action, Flow, Step};

use crate::{action::Look, table::Table, text::shorten, words::Tongue};

/// The most letters of the word of a way.
const WORD_CHARS: usize = 40;

/// A node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Node<'f> {
    pub look: Look,
    /// The step's id; of what is no step, the id that it names.
    pub id: &'f str,
    /// The step, when it is one.
    pub step: Option<&'f Step>,
}

impl Node<'_> {
    /// Whether the ways of the main line pass it by: it is an end of some kind.
    pub(crate) fn is_aside(&self) -> bool {
        use Look::{Elsewhere, End, Exit, Jump, Missing};
        matches!(self.look, Elsewhere | End | Exit | Jump | Missing)
    }
}

/// An edge.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    pub from: usize,
    pub to: usize,
    /// What stands beside it; empty for the only way.
    pub word: String,
    /// Whether it leads back up to a step that comes before.
    pub back: bool,
}

/// Nodes and edges. The first node is what lets in.
#[derive(Debug)]
pub(crate) struct Graph<'f> {
    pub nodes: Vec<Node<'f>>,
    pub edges: Vec<Edge>,
    /// The edges of each node, in the order of the flow's ways.
    pub out: Vec<Vec<usize>>,
    /// The nodes such that edges lead from earlier to later ones, but for those that lead back.
    pub order: Vec<usize>,
    /// The node from which each was first come to; most often the first node. Others are steps that
    /// no way leads to.
    pub roots: Table<usize>,
}

impl<'f> Graph<'f> {
    pub(crate) fn new(flow: &'f Flow, tongue: Tongue) -> Self {
        let start = Node { look: Look::Trigger, id: "", step: None };
        let mut graph = Self {
            nodes: vec![start],
            edges: Vec::new(),
            out: vec![Vec::new()],
            order: Vec::new(),
            roots: Table::default(),
        };
        let mut numbers = BTreeMap::new();
        for (id, step) in &flow.steps {
            let node = Node { look: Look::of(&step.action), id, step: Some(step) };
            numbers.insert(id.as_str(), graph.node(node));
        }
        graph.way(0, String::new(), flow.first.as_deref(), &numbers);
        for (id, step) in &flow.steps {
            let Some(from) = numbers.get(id.as_str()) else { continue };
            for (word, to) in ways(flow, step, tongue) {
                graph.way(*from, word, to, &numbers);
            }
        }
        graph.search();
        graph.cut_between_roots();
        graph
    }

    fn node(&mut self, node: Node<'f>) -> usize {
        self.nodes.push(node);
        self.out.push(Vec::new());
        self.nodes.len() - 1
    }

    fn way(
        &mut self,
        from: usize,
        word: String,
        to: Option<&'f str>,
        numbers: &BTreeMap<&'f str, usize>,
    ) {
        let to = match to {
            None => self.node(Node { look: Look::End, id: "", step: None }),
            Some(id) => match numbers.get(id) {
                Some(number) => *number,
                None => self.node(Node { look: Look::Missing, id, step: None }),
            },
        };
        let edge = self.edges.len();
        self.edges.push(Edge { from, to, word, back: false });
        if let Some(out) = self.out.get_mut(from) {
            out.push(edge);
        }
    }

    /// Lets an edge lead to a node of its own that only names where it goes on.
    pub(crate) fn lead_elsewhere(&mut self, edge: usize) {
        let Some(to) = self.edges.get(edge).map(|edge| edge.to) else { return };
        let Some(id) = self.nodes.get(to).map(|node| node.id) else { return };
        let named = self.node(Node { look: Look::Elsewhere, id, step: None });
        if let Some(edge) = self.edges.get_mut(edge) {
            edge.to = named;
            edge.back = false;
        }
    }

    /// Goes all ways, depth first: finds the order, and which edges lead back.
    fn search(&mut self) {
        let count = self.nodes.len();
        let mut entered = vec![0_usize; count];
        for edge in &self.edges {
            if let Some(entered) = entered.get_mut(edge.to) {
                *entered += 1;
            }
        }
        // Steps that nothing leads to come before those that are only in circles of their own.
        let lost = (1..count).filter(|node| entered.get(*node) == Some(&0));
        let starts: Vec<usize> = [0].into_iter().chain(lost).chain(1..count).collect();
        let mut search = Search {
            state: Table::new(count),
            roots: Table::new(count),
            done: Vec::with_capacity(count),
        };
        let mut order = Vec::with_capacity(count);
        for start in starts {
            search.from(start, &mut self.edges, &self.out);
            // Each start comes after all of the ones before it.
            order.extend(search.done.drain(..).rev());
        }
        self.order = order;
        self.roots = search.roots;
    }

    /// What leads from lost steps into the journey would tear it apart: it is named instead.
    fn cut_between_roots(&mut self) {
        let strange = |edge: &Edge| self.roots.get(edge.from) != self.roots.get(edge.to);
        let cut: Vec<usize> = self
            .edges
            .iter()
            .enumerate()
            .filter(|(_, edge)| strange(edge))
            .map(|(at, _)| at)
            .collect();
        for edge in cut {
            self.lead_elsewhere(edge);
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    New,
    Open,
    Done,
}

struct Search {
    state: Table<State>,
    roots: Table<usize>,
    done: Vec<usize>,
}

impl Search {
    fn from(&mut self, start: usize, edges: &mut [Edge], out: &[Vec<usize>]) {
        if self.state.get(start) != State::New {
            return;
        }
        // Nodes on the way, each with the number of the edge that is to be gone next.
        let mut path = vec![(start, 0)];
        self.state.set(start, State::Open);
        self.roots.set(start, start);
        while let Some((node, next)) = path.last_mut() {
            let edge = out.get(*node).and_then(|out| out.get(*next));
            *next += 1;
            let Some(edge) = edge.and_then(|edge| edges.get_mut(*edge)) else {
                self.state.set(*node, State::Done);
                self.done.push(*node);
                path.pop();
                continue;
            };
            match self.state.get(edge.to) {
                State::New => {
                    self.state.set(edge.to, State::Open);
                    self.roots.set(edge.to, start);
                    path.push((edge.to, 0));
                }
                State::Open => edge.back = true,
                State::Done => {}
            }
        }
    }
}

/// The ways of a step with the words that stand beside them.
fn ways<'f>(flow: &'f Flow, step: &'f Step, tongue: Tongue) -> Vec<(String, Option<&'f str>)> {
    let ways = flow.ways(step);
    match (&step.action, ways.as_slice()) {
        // Where it goes on is the same whether it is late or not.
        (Action::Until { .. }, [(_, next), (_, late)]) if next == late => {
            vec![(String::new(), *next)]
        }
        (Action::Until { .. }, [(_, next), (late, to)]) => {
            let in_time = tongue.pick("in time", "בזמן");
            vec![(in_time.to_owned(), *next), (tongue.way(late).to_owned(), *to)]
        }
        (Action::Split { ways: shares, .. }, _) => {
            let all: u64 = shares.iter().map(|way| u64::from(way.share)).sum();
            let word = |way: &masa_domain::Way| {
                let percent = u64::from(way.share) * 100 / all.max(1);
                let held = if way.hold_out {
                    tongue.pick(" · hold-out", " · קבוצת ביקורת")
                } else {
                    ""
                };
                format!("{percent}% {}{held}", shorten(&way.name, WORD_CHARS))
            };
            shares.iter().map(word).zip(ways).map(|(word, (_, to))| (word, to)).collect()
        }
        // Ways have words in the one language only; those of a split are its writer's.
        _ => ways.into_iter().map(|(word, to)| (tongue.way(word).to_owned(), to)).collect(),
    }
}

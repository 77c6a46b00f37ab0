//! The order of the picture: what stands in whose branch, and where branches meet again.
//!
//! A node stands below the last node that all ways to it pass (its dominator). What is come to by one
//! way alone is a branch; what several ways lead to is a meeting, and stands below all branches.

use masa_domain::Action;

use crate::{graph::Graph, table::Table};

/// On which side a loop goes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Left,
    Right,
}

/// A way that leads back up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Loop {
    pub edge: usize,
    pub from: usize,
    pub to: usize,
    pub side: Side,
}

/// The tree of branches and meetings.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Parents before their children.
    pub order: Vec<usize>,
    /// The edges to the branches of a node, and those that leave it otherwise, from left to right.
    pub columns: Table<Vec<usize>>,
    /// The meetings below the branches of a node, in the order in which they are come to.
    pub meetings: Table<Vec<usize>>,
    /// Whether the only way to a node is the one from the node above it.
    pub is_branch: Table<bool>,
    /// For each node, how many nodes stand within its block, itself included; they follow it in
    /// [`Tree::order`].
    pub size: Table<usize>,
    /// The node above; roots are their own.
    pub above: Table<usize>,
    pub loops: Vec<Loop>,
}

impl Tree {
    /// Orders a graph. Ways back that cannot be drawn beside everything else are named instead.
    pub(crate) fn new(graph: &mut Graph<'_>) -> Self {
        name_odd_ways_back(graph);
        let above = dominators(graph);
        // A way back to what does not stand above has no place.
        let depth = depths(&graph.order, &above);
        let is_above = |to: usize, from: usize| {
            let mut node = from;
            while depth.get(node) > depth.get(to) {
                node = above.get(node);
            }
            node == to
        };
        let back: Vec<(usize, usize, usize)> = back_edges(graph);
        let (fit, odd): (Vec<_>, Vec<_>) =
            back.into_iter().partition(|(_, from, to)| from != to && is_above(*to, *from));
        for (edge, ..) in odd {
            graph.lead_elsewhere(edge);
        }
        let open = open_loops(graph, &above, &fit);
        let mut tree = Self::build(graph, &open, &fit);
        let mut loops = Vec::new();
        let reach = tree.reach(graph, &depth);
        for (edge, from, to) in fit {
            let (left, right) = reach.get(from);
            let side = match depth.get(to) {
                depth if left <= depth => Side::Left,
                depth if right <= depth => Side::Right,
                _ => {
                    graph.lead_elsewhere(edge);
                    continue;
                }
            };
            loops.push(Loop { edge, from, to, side });
        }
        let drawn: Vec<_> = loops.iter().map(|one| (one.edge, one.from, one.to)).collect();
        tree = Self::build(graph, &open, &drawn);
        tree.loops = loops;
        tree
    }

    fn build(graph: &Graph<'_>, open: &Table<i64>, loops: &[(usize, usize, usize)]) -> Self {
        let count = graph.nodes.len();
        let mut is_loop = Table::new(graph.edges.len());
        for (edge, ..) in loops {
            is_loop.set(*edge, true);
        }
        let (order, above) = complete(graph);
        let mut entered: Table<usize> = Table::new(count);
        for edge in graph.edges.iter().filter(|edge| !edge.back) {
            entered.set(edge.to, entered.get(edge.to) + 1);
        }
        let mut tree = Self {
            order: Vec::with_capacity(count),
            columns: Table::new(count),
            meetings: Table::new(count),
            is_branch: Table::new(count),
            size: Table::filled(count, 1),
            above,
            loops: Vec::new(),
        };
        let mut roots = Vec::new();
        for node in &order {
            let above = tree.above.get(*node);
            match (above == *node, entered.get(*node)) {
                (true, _) => roots.push(*node),
                (false, 1) => tree.is_branch.set(*node, true),
                (false, _) => tree.meetings.push(above, *node),
            }
        }
        for node in &order {
            let edges = graph.out.get(*node).map(Vec::as_slice).unwrap_or_default();
            let edges = edges.iter().copied().filter(|edge| !is_loop.get(*edge)).collect();
            tree.columns.set(*node, arranged(edges, graph, &tree.is_branch, open));
        }
        tree.line_up(graph, roots);
        tree
    }

    /// Finds the order in which parents stand before their children, from left to right.
    fn line_up(&mut self, graph: &Graph<'_>, roots: Vec<usize>) {
        let mut left: Vec<usize> = roots.into_iter().rev().collect();
        while let Some(node) = left.pop() {
            self.order.push(node);
            left.extend(self.meetings.list(node).iter().rev());
            left.extend(self.branches(graph, node).into_iter().rev());
        }
        for node in self.order.iter().rev() {
            let above = self.above.get(*node);
            if above != *node {
                self.size.set(above, self.size.get(above) + self.size.get(*node));
            }
        }
    }

    /// The nodes that stand in the branches of a node.
    fn branches(&self, graph: &Graph<'_>, node: usize) -> Vec<usize> {
        let to = |edge: &usize| graph.edges.get(*edge).map(|edge| edge.to);
        let nodes = self.columns.list(node).iter().filter_map(to);
        nodes.filter(|to| self.is_branch.get(*to)).collect()
    }

    /// For each node, up to which depth nothing stands beside it, to the left and to the right.
    fn reach(&self, graph: &Graph<'_>, depth: &Table<usize>) -> Table<(usize, usize)> {
        let mut reach: Table<(usize, usize)> = Table::new(graph.nodes.len());
        for node in &self.order {
            let own = reach.get(*node);
            for meeting in self.meetings.list(*node) {
                reach.set(*meeting, own);
            }
            let branches = self.branches(graph, *node);
            for (at, branch) in branches.iter().enumerate() {
                let alone = depth.get(*branch);
                let left = if at == 0 { own.0 } else { alone };
                let right = if at + 1 == branches.len() { own.1 } else { alone };
                reach.set(*branch, (left, right));
            }
        }
        reach
    }
}

/// Of what leads back, jumps alone are drawn as lines; other steps name where they lead, below their
/// words.
fn name_odd_ways_back(graph: &mut Graph<'_>) {
    let jumps = |from: usize| {
        let step = graph.nodes.get(from).and_then(|node| node.step);
        step.is_some_and(|step| matches!(step.action, Action::Jump(_)))
    };
    let back = back_edges(graph);
    let odd: Vec<usize> =
        back.into_iter().filter(|(_, from, _)| !jumps(*from)).map(|(edge, ..)| edge).collect();
    for edge in odd {
        graph.lead_elsewhere(edge);
    }
}

fn back_edges(graph: &Graph<'_>) -> Vec<(usize, usize, usize)> {
    let edges = graph.edges.iter().enumerate();
    edges.filter(|(_, edge)| edge.back).map(|(at, edge)| (at, edge.from, edge.to)).collect()
}

/// The last node that all ways to a node pass, for the nodes of the graph's order. (Cooper, Harvey and
/// Kennedy, "A Simple, Fast Dominance Algorithm"; without circles one pass is enough.)
fn dominators(graph: &Graph<'_>) -> Table<usize> {
    let count = graph.nodes.len();
    let mut place: Table<usize> = Table::new(count);
    let mut before: Table<Vec<usize>> = Table::new(count);
    for (at, node) in graph.order.iter().enumerate() {
        place.set(*node, at);
    }
    for edge in graph.edges.iter().filter(|edge| !edge.back) {
        before.push(edge.to, edge.from);
    }
    let mut above: Table<usize> = Table::new(count);
    for node in &graph.order {
        let common = before.list(*node).iter().copied().reduce(|mut a, mut b| {
            while a != b {
                match place.get(a) > place.get(b) {
                    true => a = above.get(a),
                    false => b = above.get(b),
                }
            }
            a
        });
        above.set(*node, common.unwrap_or(*node));
    }
    above
}

/// The order and the dominators of all nodes, with those that were added to name others.
fn complete(graph: &Graph<'_>) -> (Vec<usize>, Table<usize>) {
    let mut above = dominators(graph);
    let mut known = Table::new(graph.nodes.len());
    for node in &graph.order {
        known.set(*node, true);
    }
    let mut order = graph.order.clone();
    for edge in graph.edges.iter().filter(|edge| !known.get(edge.to)) {
        above.set(edge.to, edge.from);
        order.push(edge.to);
    }
    (order, above)
}

fn depths(order: &[usize], above: &Table<usize>) -> Table<usize> {
    let mut depth: Table<usize> = Table::new(order.len());
    for node in order {
        let above = above.get(*node);
        if above != *node {
            depth.set(*node, depth.get(above) + 1);
        }
    }
    depth
}

/// How many loops lead out of each node's block.
fn open_loops(
    graph: &Graph<'_>,
    above: &Table<usize>,
    loops: &[(usize, usize, usize)],
) -> Table<i64> {
    let mut open: Table<i64> = Table::new(graph.nodes.len());
    for (_, from, to) in loops {
        open.set(*from, open.get(*from) + 1);
        open.set(*to, open.get(*to) - 1);
    }
    for node in graph.order.iter().rev() {
        let above = above.get(*node);
        if above != *node {
            open.set(above, open.get(above) + open.get(*node));
        }
    }
    open
}

/// The columns below a node: in the order of its ways, but what leads back up stands outside.
fn arranged(
    mut edges: Vec<usize>,
    graph: &Graph<'_>,
    is_branch: &Table<bool>,
    open: &Table<i64>,
) -> Vec<usize> {
    let looping = |edge: &usize| {
        let to = graph.edges.get(*edge).map(|edge| edge.to);
        to.filter(|to| is_branch.get(*to)).map_or(0, |to| open.get(to).max(0))
    };
    let mut by_loops: Vec<(i64, usize)> =
        edges.iter().enumerate().map(|(at, edge)| (looping(edge), at)).collect();
    by_loops.retain(|(loops, _)| *loops > 0);
    by_loops.sort_by_key(|(loops, at)| (-*loops, *at));
    let last = edges.len().saturating_sub(1);
    match by_loops.as_slice() {
        [] => {}
        [(_, at)] if *at == last => {}
        [(_, at)] => {
            let edge = edges.remove(*at);
            edges.insert(0, edge);
        }
        [(_, one), (_, other), ..] => {
            let (first, second) = (*one.min(other), *one.max(other));
            let right = edges.remove(second);
            let left = edges.remove(first);
            edges.insert(0, left);
            edges.push(right);
        }
    }
    edges
}

//! Where everything stands: blocks of branches side by side, and meetings below them.
//!
//! A block is a node with all that stands below it. Its place is told by its axis, on which the way
//! into it comes down, and by how far it reaches to the left and to the right of the axis. Blocks never
//! overlap, and ways run between them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    boxes::Sheet,
    graph::Graph,
    order::{Side, Tree},
    table::Table,
    text::{Font, fit},
};

/// Between two columns, in pixels.
const COLUMN_GAP: i32 = 28;
/// Between a node and the only one below it.
const STEP_GAP: i32 = 30;
/// From a node down to the bar from which its ways part.
const BAR_GAP: i32 = 14;
/// From a bar down to the words of the ways, and from the words to the nodes below.
const WORD_GAP: i32 = 8;
/// The height of a word of a way.
pub(crate) const WORD_HEIGHT: i32 = 18;
/// The room beside a word.
pub(crate) const WORD_PAD: i32 = 6;
/// The widest word of a way.
const WORD_ROOM: i32 = 190;
/// From the last branch down to the bar on which ways meet, and from there to where they lead.
const MEET_GAP: i32 = 16;
/// Between ways that run beside one another.
pub(crate) const LANE: i32 = 14;
/// A way that would turn more often than any picture can show turns no more.
const POINTS_MAX: usize = 200;

pub(crate) const WORD_FONT: Font = Font { size: 12, bold: false };

/// A point of a way. It moves with the block of a node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub block: usize,
    /// From the block's axis; the same as that of the point before when absent.
    pub x: Option<i32>,
    /// From the block's top.
    pub y: i32,
}

/// The word of a way and its middle at the top, by the block of the node that it leaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    pub text: String,
    pub x: i32,
    pub y: i32,
    pub width: i32,
}

/// Blocks and ways, by the blocks that they stand in.
#[derive(Debug)]
pub(crate) struct Places {
    /// From the axis of the block above to this one's, and from its top to this one's.
    pub offset: Table<(i32, i32)>,
    pub blocks: Table<Block>,
    /// The points of each edge.
    pub ways: Table<Vec<Point>>,
    /// The word of each edge.
    pub words: Table<Word>,
}

/// How far a block reaches from its axis, and how high it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Block {
    pub left: i32,
    pub right: i32,
    pub height: i32,
}

impl Block {
    fn cover(&mut self, other: Self, x: i32) {
        self.left = self.left.max(other.left - x);
        self.right = self.right.max(other.right + x);
    }
}

/// A way that has not come to its end.
#[derive(Debug, Clone, Copy)]
struct Open {
    edge: usize,
    to: usize,
    /// Where it has come to, from the axis of the block that is being put together.
    x: i32,
    /// Whether it runs beside the meetings of the block that is being put together.
    aside: bool,
}

struct Placing<'a, 'f> {
    graph: &'a Graph<'f>,
    tree: &'a Tree,
    sheets: &'a [Sheet],
    /// How much room the first node has; those beside it may be higher.
    first_height: i32,
    places: Places,
    /// The ways that lead out of each block.
    open: Table<Vec<Open>>,
    /// How many loops lead up at each side of a block: one or none.
    loops: Table<(i32, i32)>,
}

/// Finds the places.
pub(crate) fn place(graph: &Graph<'_>, tree: &Tree, sheets: &[Sheet], first_height: i32) -> Places {
    let count = graph.nodes.len();
    let mut loops: Table<(i32, i32)> = Table::new(count);
    for one in &tree.loops {
        let (left, right) = loops.get(one.to);
        let with = if one.side == Side::Left { (1, right) } else { (left, 1) };
        loops.set(one.to, with);
    }
    let places = Places {
        offset: Table::new(count),
        blocks: Table::new(count),
        ways: Table::new(graph.edges.len()),
        words: Table::new(graph.edges.len()),
    };
    let open = Table::new(count);
    let mut placing = Placing { graph, tree, sheets, first_height, places, open, loops };
    for node in tree.order.iter().rev() {
        placing.block(*node);
    }
    placing.places
}

/// A column below a node.
struct Column {
    edge: usize,
    to: usize,
    /// The block in it, unless it is only a way that goes on.
    inline: bool,
    /// Whether the axis of the node passes it by.
    aside: bool,
    word: String,
    reach: Block,
    x: i32,
}

impl Placing<'_, '_> {
    fn block(&mut self, node: usize) {
        let Some(sheet) = self.sheets.get(node) else { return };
        let half = (sheet.width + 1) / 2;
        let mut block = Block { left: half, right: half, height: sheet.height };
        let room = if node == 0 { self.first_height.max(sheet.height) } else { sheet.height };
        let mut columns = self.columns(node);
        let mut open = match columns.as_mut_slice() {
            [] => Vec::new(),
            [only] if only.word.is_empty() => self.only(node, sheet.height, room, only, &mut block),
            several => self.row(node, sheet.height, room, several, &mut block),
        };
        self.meetings(node, &mut open, &mut block);
        let (left, right) = self.loops.get(node);
        block.left += left * LANE;
        block.right += right * LANE;
        self.places.blocks.set(node, block);
        self.open.set(node, open);
    }

    fn columns(&self, node: usize) -> Vec<Column> {
        let edges = self.tree.columns.list(node).iter();
        let columns = edges.filter_map(|edge| {
            let way = self.graph.edges.get(*edge)?;
            let inline = self.tree.is_branch.get(way.to) && self.tree.above.get(way.to) == node;
            let below = self.graph.nodes.get(way.to)?;
            let aside = !inline || (below.is_aside() && self.tree.size.get(way.to) == 1);
            let word = fit(&way.word, WORD_FONT, WORD_ROOM);
            let mut reach = if inline { self.places.blocks.get(way.to) } else { Block::default() };
            let half = match word.is_empty() {
                true => LANE / 2,
                false => WORD_FONT.width(&word) / 2 + WORD_PAD + 1,
            };
            reach.left = reach.left.max(half);
            reach.right = reach.right.max(half);
            Some(Column { edge: *edge, to: way.to, inline, aside, word, reach, x: 0 })
        });
        columns.collect()
    }

    /// One node below the other.
    fn only(
        &mut self,
        node: usize,
        bottom: i32,
        room: i32,
        column: &Column,
        block: &mut Block,
    ) -> Vec<Open> {
        self.point(column.edge, node, Some(0), bottom);
        if !column.inline {
            block.height = room;
            return vec![Open { edge: column.edge, to: column.to, x: 0, aside: false }];
        }
        let top = room + STEP_GAP;
        self.point(column.edge, node, Some(0), top);
        self.places.offset.set(column.to, (0, top));
        block.cover(column.reach, 0);
        block.height = top + column.reach.height;
        self.open.take(column.to)
    }

    /// Branches side by side.
    fn row(
        &mut self,
        node: usize,
        bottom: i32,
        room: i32,
        columns: &mut [Column],
        block: &mut Block,
    ) -> Vec<Open> {
        spread(columns);
        let bar = room + BAR_GAP;
        let word_top = bar + WORD_GAP;
        let top = word_top + WORD_HEIGHT + WORD_GAP + 6;
        let mut open = Vec::new();
        block.height = word_top + WORD_HEIGHT + 4;
        for column in columns {
            self.point(column.edge, node, Some(0), bottom);
            self.point(column.edge, node, Some(0), bar);
            self.point(column.edge, node, Some(column.x), bar);
            let width = WORD_FONT.width(&column.word) + 2 * WORD_PAD;
            let text = std::mem::take(&mut column.word);
            self.places.words.set(column.edge, Word { text, x: column.x, y: word_top, width });
            block.cover(column.reach, column.x);
            let mut leaving = match column.inline {
                true => {
                    self.point(column.edge, node, Some(column.x), top);
                    self.places.offset.set(column.to, (column.x, top));
                    block.height = block.height.max(top + column.reach.height);
                    let mut leaving = self.open.take(column.to);
                    for way in leaving.iter_mut().filter(|_| column.x != 0) {
                        way.x += column.x;
                    }
                    leaving
                }
                false => vec![Open { edge: column.edge, to: column.to, x: column.x, aside: false }],
            };
            // The longer list is kept: thousands of ways may lead out of thousands of blocks.
            if leaving.len() > open.len() {
                std::mem::swap(&mut leaving, &mut open);
            }
            open.append(&mut leaving);
        }
        open
    }

    /// Where branches meet, below them.
    fn meetings(&mut self, node: usize, open: &mut Vec<Open>, block: &mut Block) {
        let meetings = self.tree.meetings.list(node);
        if meetings.is_empty() {
            return;
        }
        for way in open.iter_mut() {
            way.aside = false;
        }
        let reach = meetings.iter().map(|meeting| self.places.blocks.get(*meeting));
        let mut beside = reach.map(|reach| reach.right).max().unwrap_or_default();
        for meeting in meetings {
            let (here, others): (Vec<_>, Vec<_>) =
                open.drain(..).partition(|way| way.to == *meeting);
            *open = others;
            let mut y = block.height;
            self.step_aside(node, open, &here, &mut beside, &mut y);
            let bar = y + MEET_GAP;
            let top = bar + MEET_GAP + 4;
            for way in here {
                for (x, y) in [(None, bar), (Some(0), bar), (Some(0), top)] {
                    self.places.ways.push(way.edge, Point { block: node, x, y });
                }
            }
            let reach = self.places.blocks.get(*meeting);
            self.places.offset.set(*meeting, (0, top));
            block.cover(reach, 0);
            block.height = top + reach.height;
            let leaving = self.open.take(*meeting).into_iter();
            open.extend(leaving.map(|way| Open { aside: false, ..way }));
        }
        block.right = block.right.max(beside);
    }

    /// Leads the ways that go on past the next meeting to the right, in one lane for each place that
    /// they lead to. No lane is where a way comes down to the meeting.
    fn step_aside(
        &mut self,
        node: usize,
        open: &mut [Open],
        here: &[Open],
        beside: &mut i32,
        y: &mut i32,
    ) {
        if open.iter().all(|way| way.aside) {
            return;
        }
        let taken: BTreeSet<i32> = open.iter().chain(here).map(|way| way.x).collect();
        let mut lanes: BTreeMap<usize, (i32, i32)> = BTreeMap::new();
        for way in open.iter_mut().filter(|way| !way.aside) {
            let (x, turn) = *lanes.entry(way.to).or_insert_with(|| {
                *beside += LANE;
                while taken.range(*beside - LANE / 2..=*beside + LANE / 2).next().is_some() {
                    *beside += LANE;
                }
                *y += LANE / 2;
                (*beside, *y)
            });
            self.point(way.edge, node, None, turn);
            self.point(way.edge, node, Some(x), turn);
            (way.aside, way.x) = (true, x);
        }
    }

    fn point(&mut self, edge: usize, block: usize, x: Option<i32>, y: i32) {
        if self.places.ways.list(edge).len() < POINTS_MAX {
            self.places.ways.push(edge, Point { block, x, y });
        }
    }
}

/// Puts columns side by side, so that the axis is in the middle of those that go on.
fn spread(columns: &mut [Column]) {
    let mut x = 0;
    let mut before: Option<i32> = None;
    for column in columns.iter_mut() {
        x += before.map_or(0, |right| right + COLUMN_GAP + column.reach.left);
        column.x = x;
        before = Some(column.reach.right);
    }
    let main = columns.iter().filter(|column| !column.aside).map(|column| column.x);
    let all = columns.iter().map(|column| column.x);
    let (first, last) = match (main.clone().min(), main.max()) {
        (Some(first), Some(last)) => (first, last),
        _ => (all.clone().min().unwrap_or_default(), all.max().unwrap_or_default()),
    };
    let axis = first + (last - first) / 2;
    for column in columns {
        column.x -= axis;
    }
}

//! The finished layout: every box, text and line with its place on the sheet.

use masa_domain::Flow;

use crate::{
    action::Look,
    boxes::{self, ICON_ROOM, Line, PAD, Part, Sheet},
    graph::Graph,
    order::Tree,
    place::{self, Block, Places, WORD_HEIGHT},
    rise,
    table::Table,
    text::{self, Direction, Font, fit},
    words::Tongue,
};

/// The free room around the picture, in pixels.
const MARGIN: i32 = 24;
/// The height of the journey's name and of the line below it.
const HEADER: i32 = 64;
/// Between the boxes of the first row, and between parts that no way connects.
const GAP: i32 = 28;
/// The most letters of the journey's name.
const NAME_CHARS: usize = 200;

/// A picture before it is written down. All lengths are pixels; `y` grows downwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The picture's width.
    pub width: i32,
    /// The picture's height.
    pub height: i32,
    /// The language of the fixed words: `en` or `he`.
    pub language: &'static str,
    /// The journey's name and what it is, at the top.
    pub header: Vec<Text>,
    /// The boxes. The first one is what lets in.
    pub nodes: Vec<Node>,
    /// The ways between them.
    pub edges: Vec<Edge>,
}

/// A place on the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rect {
    /// Of its left edge.
    pub x: i32,
    /// Of its top.
    pub y: i32,
    /// Its width.
    pub width: i32,
    /// Its height.
    pub height: i32,
}

impl Rect {
    /// Whether two places have a point in common, edges aside.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub look: Look,
    /// The id of the step that it shows, when it is one.
    pub step: Option<String>,
    /// Where it stands.
    pub place: Rect,
    /// The middle of its icon; a small box has none.
    pub icon: Option<(i32, i32)>,
    /// What stands in it.
    pub texts: Vec<Text>,
    /// All that it says, in one line.
    pub tip: String,
    /// Whether no way leads to it from what lets in.
    pub lost: bool,
}

/// A line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The words.
    pub text: String,
    /// Which part of a box it is; the header's name is an id, too.
    pub part: Part,
    /// The left end, the middle or the right end of its room, as `align` says.
    pub x: i32,
    /// Its base line.
    pub y: i32,
    /// How much room it has.
    pub room: i32,
    /// The font's size.
    pub size: i32,
    /// Whether the font is bold.
    pub bold: bool,
    /// Which way it runs.
    pub direction: Direction,
    /// Where in its room it stands.
    pub align: Align,
}

/// Where in its room a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left end.
    Left,
    /// In the middle.
    Middle,
    /// At the right end.
    Right,
}

/// A way from one box to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The number of the box that it leaves.
    pub from: usize,
    /// The number of the box that it leads to.
    pub to: usize,
    /// The word beside it, with its place.
    pub word: Option<(String, Rect)>,
    /// Its corners; each is straight below or beside the one before.
    pub points: Vec<(i32, i32)>,
    /// Whether it leads back up.
    pub back: bool,
}

impl Layout {
    /// Lays a journey out. The fixed words are Hebrew for `he`, else English.
    pub fn new(flow: &Flow, language: &str) -> Self {
        let tongue = Tongue::of(language);
        let mut graph = Graph::new(flow, tongue);
        let tree = Tree::new(&mut graph);
        let sheets: Vec<Sheet> =
            graph.nodes.iter().map(|node| Sheet::of(flow, node, tongue)).collect();
        let notes: Vec<Sheet> =
            [boxes::goal(flow, tongue), boxes::exits(flow, tongue)].into_iter().flatten().collect();
        let first_height = notes.iter().map(|note| note.height).max().unwrap_or_default();
        let places = place::place(&graph, &tree, &sheets, first_height);
        let tops = settle(&tree, &places);
        let mut layout = Self {
            width: 0,
            height: 0,
            language: tongue.code(),
            header: Vec::new(),
            nodes: Vec::with_capacity(sheets.len() + notes.len()),
            edges: Vec::new(),
        };
        for (at, sheet) in sheets.into_iter().enumerate() {
            let lost = graph.roots.get(at) != 0;
            layout.nodes.push(boxed(sheet, tops.get(at), lost, tongue));
        }
        layout.draw_ways(&graph, &tree, &places, &tops);
        layout.add_notes(notes, tongue);
        layout.add_header(flow, tongue);
        layout.frame();
        layout
    }

    fn draw_ways(&mut self, graph: &Graph<'_>, tree: &Tree, places: &Places, tops: &Tops) {
        for (at, edge) in graph.edges.iter().enumerate() {
            let mut points: Vec<(i32, i32)> = Vec::new();
            for point in places.ways.list(at) {
                let (axis, top) = tops.get(point.block);
                let before = points.last().map_or(axis, |(x, _)| *x);
                points.push((point.x.map_or(before, |x| axis + x), top + point.y));
            }
            let word = places.words.at(at).filter(|word| !word.text.is_empty()).map(|word| {
                let (axis, top) = tops.get(edge.from);
                let place = Rect {
                    x: axis + word.x - word.width / 2,
                    y: top + word.y,
                    width: word.width,
                    height: WORD_HEIGHT,
                };
                (word.text.clone(), place)
            });
            let back = edge.back;
            self.edges.push(Edge { from: edge.from, to: edge.to, word, points, back });
        }
        rise::draw(self, tree);
    }

    /// What ends a run and what the journey is for stand beside what lets in.
    fn add_notes(&mut self, notes: Vec<Sheet>, tongue: Tongue) {
        let Some(first) = self.nodes.first().map(|node| node.place) else { return };
        for note in notes {
            let half = note.width / 2;
            let axis = match note.look == Look::Goal {
                true => first.x - GAP - note.width + half,
                false => first.x + first.width + GAP + half,
            };
            self.nodes.push(boxed(note, (axis, first.y), false, tongue));
        }
    }

    fn add_header(&mut self, flow: &Flow, tongue: Tongue) {
        let (left, right) = self.sides();
        let name = text::clean(&text::shorten(&flow.name, NAME_CHARS));
        let lines = [
            (name, Part::Id, Font { size: 20, bold: true }, 6 - HEADER + 18),
            (
                boxes::about(flow, tongue),
                Part::Does,
                Font { size: 13, bold: false },
                6 - HEADER + 40,
            ),
        ];
        for (text, part, font, y) in lines {
            let text = fit(&text, font, right - left);
            let line = Line { part, direction: tongue.direction(&text), text };
            self.header.push(written(line, font, (left, right), y, tongue));
        }
    }

    fn sides(&self) -> (i32, i32) {
        let words = self.edges.iter().filter_map(|edge| edge.word.as_ref()).map(|(_, place)| place);
        let boxes = self.nodes.iter().map(|node| &node.place).chain(words);
        let (mut left, mut right) = (0, 0);
        for place in boxes {
            left = left.min(place.x);
            right = right.max(place.x + place.width);
        }
        for (x, _) in self.edges.iter().flat_map(|edge| &edge.points) {
            left = left.min(*x);
            right = right.max(*x);
        }
        (left, right)
    }

    /// Moves everything to where the sheet is, and sizes the sheet.
    fn frame(&mut self) {
        let (left, right) = self.sides();
        let (by_x, by_y) = (MARGIN - left, MARGIN + HEADER);
        let mut bottom = 0;
        let move_text = |text: &mut Text| {
            text.x += by_x;
            text.y += by_y;
        };
        self.header.iter_mut().for_each(move_text);
        for node in &mut self.nodes {
            node.place.x += by_x;
            node.place.y += by_y;
            node.icon = node.icon.map(|(x, y)| (x + by_x, y + by_y));
            node.texts.iter_mut().for_each(move_text);
            bottom = bottom.max(node.place.y + node.place.height);
        }
        for edge in &mut self.edges {
            for (x, y) in &mut edge.points {
                *x += by_x;
                *y += by_y;
                bottom = bottom.max(*y);
            }
            if let Some((_, place)) = &mut edge.word {
                place.x += by_x;
                place.y += by_y;
                bottom = bottom.max(place.y + place.height);
            }
        }
        self.width = right - left + 2 * MARGIN;
        self.height = bottom + MARGIN;
    }
}

/// The axis and the top of each block, on one sheet.
type Tops = Table<(i32, i32)>;

fn settle(tree: &Tree, places: &Places) -> Tops {
    let mut tops = Tops::new(tree.order.len());
    let mut bottom = 0;
    for node in &tree.order {
        let above = tree.above.get(*node);
        let place = match above == *node {
            true => {
                // Parts that no way connects stand below one another.
                let Block { height, .. } = places.blocks.get(*node);
                let top = bottom;
                bottom += height + 2 * GAP;
                (0, top)
            }
            false => {
                let (x, y) = tops.get(above);
                let (by_x, by_y) = places.offset.get(*node);
                (x + by_x, y + by_y)
            }
        };
        tops.set(*node, place);
    }
    tops
}

/// A sheet in its place, with its texts in theirs.
fn boxed(sheet: Sheet, (axis, top): (i32, i32), lost: bool, tongue: Tongue) -> Node {
    let place =
        Rect { x: axis - sheet.width / 2, y: top, width: sheet.width, height: sheet.height };
    let small = sheet.lines.len() == 1 && sheet.width != boxes::STEP_WIDTH;
    let (left, right) = match (small, tongue.is_hebrew()) {
        (true, _) => (PAD, PAD),
        (false, false) => (PAD + ICON_ROOM, PAD),
        (false, true) => (PAD, PAD + ICON_ROOM),
    };
    let ends = (place.x + left, place.x + place.width - right);
    let mut y = place.y + if small { 17 - Part::Does.leading() } else { 8 };
    let mut texts = Vec::with_capacity(sheet.lines.len());
    for line in sheet.lines {
        y += line.part.leading();
        let font = line.part.font();
        let mut text = written(line, font, ends, y, tongue);
        if small {
            (text.align, text.x) = (Align::Middle, axis);
        }
        texts.push(text);
    }
    let from_edge = PAD + 10;
    let icon_x = if tongue.is_hebrew() { place.width - from_edge } else { from_edge };
    let icon = (!small).then_some((place.x + icon_x, place.y + place.height.min(64) / 2));
    Node { look: sheet.look, step: sheet.step, place, icon, texts, tip: sheet.tip, lost }
}

/// A line between two ends. Hebrew pictures are written from their right end.
fn written(line: Line, font: Font, (left, right): (i32, i32), y: i32, tongue: Tongue) -> Text {
    let (align, x) = match tongue.is_hebrew() || line.direction == Direction::Right {
        true => (Align::Right, right),
        false => (Align::Left, left),
    };
    let Line { part, text, direction } = line;
    let (size, bold) = (font.size, font.bold);
    Text { text, part, x, y, room: right - left, size, bold, direction, align }
}

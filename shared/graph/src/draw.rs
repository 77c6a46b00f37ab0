//! A layout as SVG.

use std::fmt::Write as _;

use masa_domain::Flow;

use crate::{
    action::Look,
    boxes::Part,
    layout::{Align, Edge, Layout, Node, Rect, Text},
    place::WORD_FONT,
    style,
    text::{self, Direction, escape, is_right_to_left},
    words::Tongue,
};

/// How far before a corner a way begins to turn, in pixels.
const TURN: i32 = 8;
/// The most letters of the journey's name.
const NAME_CHARS: usize = 200;

/// Writes a layout.
pub(crate) fn draw(layout: &Layout, flow: &Flow, tongue: Tongue) -> String {
    let Layout { width, height, language, .. } = layout;
    let direction = tongue.pick("ltr", "rtl");
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" class="masa-graph" role="img" lang="{language}" direction="{direction}" width="{width}" height="{height}" viewBox="0 0 {width} {height}">"#
    );
    let name = text::clean(&text::shorten(&flow.name, NAME_CHARS));
    let steps = flow.steps.len();
    let (title, desc) = match tongue {
        Tongue::English => (format!("Journey {name}"), about(layout, &format!("{steps} steps"))),
        Tongue::Hebrew => (format!("המסע {name}"), about(layout, &format!("{steps} צעדים"))),
    };
    for (element, text) in [("title", title), ("desc", desc)] {
        let _ = write!(svg, "<{element}>");
        escape(&text, &mut svg);
        let _ = write!(svg, "</{element}>");
    }
    let _ = write!(svg, "<style>{}</style>", style::sheet());
    let _ = write!(svg, r#"<rect class="paper" width="{width}" height="{height}"/>"#);
    for line in &layout.header {
        let class = if line.part == Part::Id { "name" } else { "about" };
        write_text(&mut svg, line, class);
    }
    for edge in &layout.edges {
        way(&mut svg, edge);
    }
    for edge in &layout.edges {
        word(&mut svg, edge);
    }
    for one in &layout.nodes {
        node(&mut svg, one);
    }
    svg.push_str("</svg>\n");
    svg
}

/// What the picture shows, for those who do not see it.
fn about(layout: &Layout, steps: &str) -> String {
    let notes = |node: &&Node| matches!(node.look, Look::Trigger | Look::Exits | Look::Goal);
    let notes = layout.nodes.iter().filter(notes).map(|node| node.tip.as_str());
    [steps].into_iter().chain(notes).collect::<Vec<_>>().join(". ")
}

fn node(svg: &mut String, node: &Node) {
    let class = node.look.class();
    let lost = if node.lost { " lost" } else { "" };
    let _ = write!(svg, r#"<g class="node {class}{lost}""#);
    if let Some(step) = &node.step {
        svg.push_str(r#" data-step=""#);
        escape(step, svg);
        svg.push('"');
    }
    svg.push_str("><title>");
    escape(&node.tip, svg);
    svg.push_str("</title>");
    frame(svg, node.look, node.place);
    if let Some((x, y)) = node.icon {
        let (x, y) = (x - 12, y - 12);
        let path = style::icon(node.look);
        let _ = write!(svg, r#"<path class="icon" transform="translate({x} {y})" d="{path}"/>"#);
    }
    for line in &node.texts {
        let class = match line.part {
            Part::Kind => "kind",
            Part::Id => "id",
            Part::Does => "does",
        };
        write_text(svg, line, class);
    }
    svg.push_str("</g>");
}

/// The frame of a box: each kind has its shape.
fn frame(svg: &mut String, look: Look, place: Rect) {
    let Rect { x, y, width, height } = place;
    let (right, bottom, middle) = (x + width, y + height, y + height / 2);
    let _ = match look {
        // Pointed at both sides.
        Look::Condition | Look::Split => write!(
            svg,
            r#"<path class="box" d="M{} {y}H{}L{right} {middle}L{} {bottom}H{}L{x} {middle}Z"/>"#,
            x + 11,
            right - 11,
            right - 11,
            x + 11
        ),
        // Pointed at one.
        Look::Jump => write!(
            svg,
            r#"<path class="box" d="M{x} {y}H{}L{right} {middle}L{} {bottom}H{x}Z"/>"#,
            right - 11,
            right - 11
        ),
        _ => {
            let round = match look {
                Look::Trigger | Look::Wait | Look::Exit => 24.min(height / 2),
                Look::End | Look::Elsewhere | Look::Missing => height / 2,
                Look::Mail | Look::Text => 6,
                _ => 1,
            };
            write!(
                svg,
                r#"<rect class="box" x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}"/>"#
            )
        }
    };
}

fn write_text(svg: &mut String, line: &Text, class: &str) {
    let Text { x, y, size, .. } = line;
    let weight = if line.bold { r#" font-weight="700""# } else { "" };
    // What runs from right to left starts at its right end.
    let anchor = match (line.align, line.direction) {
        (Align::Middle, _) => "middle",
        (Align::Left, Direction::Left) | (Align::Right, Direction::Right) => "start",
        (Align::Left, Direction::Right) | (Align::Right, Direction::Left) => "end",
    };
    let _ = write!(svg, r#"<text class="{class}" x="{x}" y="{y}" font-size="{size}"{weight}"#);
    directed(svg, &line.text, line.direction, anchor);
}

/// The rest of a text's element: its direction and its words. No part has a direction of its own: a text is
/// anchored by that of the element in which its first letter stands (SVG 2, 11.5), and which letters run from
/// right to left the reader's program knows.
fn directed(svg: &mut String, text: &str, direction: Direction, anchor: &str) {
    let name = match direction {
        Direction::Left => "ltr",
        Direction::Right => "rtl",
    };
    let _ = write!(svg, r#" text-anchor="{anchor}" direction="{name}" unicode-bidi="embed">"#);
    escape(text, svg);
    svg.push_str("</text>");
}

fn word(svg: &mut String, edge: &Edge) {
    let Some((word, place)) = &edge.word else { return };
    let Rect { x, y, width, height } = place;
    let _ = write!(
        svg,
        r#"<g class="word"><rect x="{x}" y="{y}" width="{width}" height="{height}" rx="4"/>"#
    );
    let (middle, base, size) = (x + width / 2, y + 13, WORD_FONT.size);
    let _ = write!(svg, r#"<text x="{middle}" y="{base}" font-size="{size}""#);
    let direction = match word.chars().any(is_right_to_left) {
        true => Direction::Right,
        false => Direction::Left,
    };
    directed(svg, word, direction, "middle");
    svg.push_str("</g>");
}

fn way(svg: &mut String, edge: &Edge) {
    let points = corners(&edge.points);
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return };
    let (from, to) = (edge.from, edge.to);
    let back = if edge.back { " back" } else { "" };
    let _ = write!(
        svg,
        r#"<g class="way{back}" data-from="{from}" data-to="{to}"><path d="M{} {}"#,
        first.0, first.1
    );
    let mut before = *first;
    for (at, after) in points.iter().skip(1).zip(points.iter().skip(2)) {
        turn(svg, before, *at, *after);
        before = *at;
    }
    let _ = write!(svg, r#"L{} {}"/>"#, last.0, last.1);
    head(svg, before, *last);
    svg.push_str("</g>");
}

/// The points without those that stand between others on one line.
fn corners(points: &[(i32, i32)]) -> Vec<(i32, i32)> {
    let mut corners: Vec<(i32, i32)> = Vec::with_capacity(points.len());
    for point in points {
        if corners.last() == Some(point) {
            continue;
        }
        if let [.., before, last] = corners.as_slice() {
            let upright = before.0 == last.0 && last.0 == point.0;
            let level = before.1 == last.1 && last.1 == point.1;
            if upright || level {
                corners.pop();
            }
        }
        corners.push(*point);
    }
    corners
}

/// A rounded corner at `at`.
fn turn(svg: &mut String, before: (i32, i32), at: (i32, i32), after: (i32, i32)) {
    let towards = |other: (i32, i32)| {
        let (x, y) = (other.0 - at.0, other.1 - at.1);
        let far = TURN.min(x.abs().max(y.abs()) / 2);
        (at.0 + x.signum() * far, at.1 + y.signum() * far)
    };
    let (start, end) = (towards(before), towards(after));
    let _ = write!(svg, "L{} {}Q{} {} {} {}", start.0, start.1, at.0, at.1, end.0, end.1);
}

/// The head of an arrow that comes from `before` to `tip`.
fn head(svg: &mut String, before: (i32, i32), (x, y): (i32, i32)) {
    let (by_x, by_y) = ((x - before.0).signum(), (y - before.1).signum());
    let (back_x, back_y) = (x - 8 * by_x, y - 8 * by_y);
    let (side_x, side_y) = (4 * by_y, 4 * by_x);
    let _ = write!(
        svg,
        r#"<path class="head" d="M{x} {y}L{} {}L{} {}Z"/>"#,
        back_x + side_x,
        back_y + side_y,
        back_x - side_x,
        back_y - side_y
    );
}

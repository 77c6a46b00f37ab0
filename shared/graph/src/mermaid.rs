//! A journey as text for Mermaid.

use std::fmt::Write as _;

use masa_domain::Flow;

use crate::{
    action::Look,
    boxes::{self, Sheet},
    graph::Graph,
    style,
    text::{clean, shorten},
    words::Tongue,
};

/// The most letters of a line in a box.
const LINE_CHARS: usize = 60;

/// Writes a journey. Boxes are named by numbers: a step may have an id that is a word of Mermaid's own,
/// such as `end`.
pub(crate) fn write(flow: &Flow, tongue: Tongue) -> String {
    let graph = Graph::new(flow, tongue);
    let mut text = String::from("flowchart TD\n");
    let order = numbered(&graph);
    for at in &order {
        if let Some(node) = graph.nodes.get(*at) {
            shape(&mut text, &format!("n{at}"), &Sheet::of(flow, node, tongue));
        }
    }
    for (name, note) in [("goal", boxes::goal(flow, tongue)), ("exits", boxes::exits(flow, tongue))]
    {
        if let Some(note) = note {
            shape(&mut text, name, &note);
        }
    }
    for edge in order.iter().flat_map(|at| graph.out.get(*at).into_iter().flatten()) {
        let Some(edge) = graph.edges.get(*edge) else { continue };
        let (from, to) = (edge.from, edge.to);
        let arrow = if edge.back { "-.->" } else { "-->" };
        let _ = write!(text, "  n{from} {arrow}");
        if !edge.word.is_empty() {
            text.push_str("|\"");
            escape(&edge.word, &mut text);
            text.push_str("\"|");
        }
        let _ = writeln!(text, " n{to}");
    }
    let mut looks: Vec<Look> = graph.nodes.iter().map(|node| node.look).collect();
    looks.extend([Look::Goal, Look::Exits]);
    looks.sort_unstable();
    looks.dedup();
    for look in looks {
        let ((fill, line), _) = style::colours(look);
        let class = class(look);
        let _ = writeln!(text, "  classDef {class} fill:{fill},stroke:{line},color:#1c2430");
    }
    text
}

/// All nodes in the order of the journey; those that only name others stand at the end.
fn numbered(graph: &Graph<'_>) -> Vec<usize> {
    let mut order = graph.order.clone();
    order.extend(graph.order.len()..graph.nodes.len());
    order
}

/// The class of a kind: such as `end` would be a word of Mermaid's own.
fn class(look: Look) -> String {
    format!("is-{}", look.class())
}

fn shape(text: &mut String, name: &str, sheet: &Sheet) {
    let (open, close) = match sheet.look {
        Look::Condition | Look::Split => ("{{", "}}"),
        Look::Wait | Look::Trigger | Look::Exit => ("([", "])"),
        Look::End | Look::Elsewhere | Look::Missing => ("(", ")"),
        Look::Jump => (">", "]"),
        Look::Set | Look::Coupon | Look::List => ("[[", "]]"),
        _ => ("[", "]"),
    };
    let _ = write!(text, "  {name}{open}\"");
    for (at, line) in sheet.lines.iter().enumerate() {
        text.push_str(if at > 0 { "<br/>" } else { "" });
        escape(&line.text, text);
    }
    let _ = writeln!(text, "\"{close}:::{}", class(sheet.look));
}

/// Adds a label. What would end it or mean something in it is written as Mermaid's entities.
fn escape(label: &str, text: &mut String) {
    for letter in clean(&shorten(label, LINE_CHARS)).chars() {
        match letter {
            '"' => text.push_str("#quot;"),
            '<' => text.push_str("#lt;"),
            '>' => text.push_str("#gt;"),
            '&' => text.push_str("#amp;"),
            '#' | ';' | '`' | '\\' | '*' | '_' | '%' | '$' | '{' | '}' | '[' | ']' | '|' => {
                let _ = write!(text, "#{};", u32::from(letter));
            }
            letter => text.push(letter),
        }
    }
}

//! Journeys as pictures, drawn without a browser.
//!
//! [`svg`] draws a journey from top to bottom: what lets in and what ends it, every step with its id and
//! what it does, and the ways between them with their words. [`mermaid`] writes the same for tools that
//! draw Mermaid. Both are functions of the journey and the language alone.
//!
//! Where a way cannot be drawn without crossing steps (back into another branch, say), it ends at a
//! small box that names the step where it goes on.

mod action;
mod boxes;
mod condition;
mod draw;
mod graph;
mod happening;
mod layout;
mod mermaid;
mod order;
mod place;
mod rise;
mod style;
mod table;
mod text;
mod words;

use masa_domain::Flow;

pub use action::Look;
pub use boxes::Part;
pub use layout::{Align, Edge, Layout, Node, Rect, Text};
pub use text::{Direction, width};

/// Draws a journey as an SVG document that needs neither fonts nor scripts from elsewhere, and follows
/// the reader's preference for light or dark. The fixed words are Hebrew when `language` is `he`, else
/// English.
pub fn svg(flow: &Flow, language: &str) -> String {
    let layout = Layout::new(flow, language);
    draw::draw(&layout, flow, words::Tongue::of(language))
}

/// Writes a journey as a Mermaid flow chart. Mermaid itself refuses charts of more than 500 ways or
/// 50,000 letters unless `maxEdges` and `maxTextSize` say otherwise.
pub fn mermaid(flow: &Flow, language: &str) -> String {
    mermaid::write(flow, words::Tongue::of(language))
}

//! `masa test --explore`: all paths of a journey up to a bound, and what they come to.

use anyhow::Result;
use jiff::Timestamp;
use masa_domain::Span;
use masa_language::Library;

use super::Arguments;
use crate::{Found, check};

/// How far is explored.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Bounds of --explore")]
pub(crate) struct Bounds {
    /// Different points at most.
    #[arg(long, default_value_t = 20_000, value_name = "N")]
    states: usize,
    /// Events in a path at most.
    #[arg(long, default_value_t = 60, value_name = "N")]
    depth: u32,
    /// Time from the entry at most.
    #[arg(long, default_value = "400d", value_name = "SPAN")]
    span: Span,
    /// Happenings from outside in a path at most.
    #[arg(long, default_value_t = 3, value_name = "N")]
    happenings: u32,
    /// Starting contacts times triggers at most.
    #[arg(long, default_value_t = 400, value_name = "N")]
    contacts: usize,
    /// When the first contact enters.
    #[arg(long, default_value = "2026-03-01T08:00:00Z", value_name = "TIME")]
    start: Timestamp,
}

pub(crate) fn run(library: &Library, arguments: &Arguments) -> Result<Found> {
    let Bounds { states, depth, span, happenings, contacts, start } = arguments.bounds;
    let bounds = masa_explore::Bounds { states, depth, span, happenings, contacts, start };
    let mut sound = true;
    for flow in check::meant(library, arguments.flow.as_deref())? {
        let told = masa_explore::explore(library, &flow.name, &bounds)?;
        if arguments.json {
            println!("{}", serde_json::to_string(&told)?);
        } else {
            println!("{told}");
        }
        sound &= told.is_sound();
    }
    Ok(if sound { Found::Nothing } else { Found::Something })
}

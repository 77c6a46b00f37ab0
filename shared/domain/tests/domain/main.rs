//! The decision core: properties over arbitrary journeys and histories, and tables of examples.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test assertions")]

mod conditions;
mod consent;
mod endings;
mod generate;
mod happenings;
mod history;
mod journeys;
mod pace;
mod properties;
mod reentry;
mod round_trip;
mod steps;
mod totality;
mod triggers;
mod world;

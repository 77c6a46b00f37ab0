//! The decision core: properties over arbitrary journeys and histories, and tables of examples.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "test assertions")]

mod asked;
mod bought;
mod bounds;
mod catalogue;
mod clock;
mod conditions;
mod consent;
mod coupons;
mod dates;
mod deliveries;
mod effects;
mod endings;
mod flat;
mod generate;
mod happenings;
mod history;
mod journeys;
mod load;
mod orders;
mod pace;
mod person;
mod priority;
mod profile;
mod properties;
mod questions;
mod reentry;
mod round_trip;
mod segments;
mod steps;
mod totality;
mod triggers;
mod versions;
mod world;

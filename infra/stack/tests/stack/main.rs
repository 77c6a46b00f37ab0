//! All functions on the box, on virtual time: what each path costs, what readers get, what is
//! refused, and that the template wires the same.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "test assertions")]
// The SDK's futures nest deeply.
#![recursion_limit = "256"]

mod calls;
mod cost;
mod dates;
mod doors;
mod dose;
mod entry;
mod feedback;
mod forms;
mod message;
mod outward;
mod person;
mod refusals;
mod segments;
mod setbacks;
mod stale;
mod sweep;
mod template;
mod tokens;
mod trust;
mod walk;
mod watching;
mod wiring;
mod world;

//! The simulation: Masa's functions on the box, on virtual time, with faults at any AWS call, deliveries
//! that come twice, late or in another order, and invocations that run at the same time.
//!
//! The unit is one AWS call of one invocation of one real handler. [`Sim`] lets invocations go on call by
//! call, a [`Plan`] says which calls go wrong and how, [`Mirror`] checks every change of the table and
//! every message that a provider takes, and [`Sim::check_at_rest`] what must be true in the end.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a simulation is a test")]
// The SDK's futures nest deeply.
#![recursion_limit = "256"]

pub mod chance;
mod check;
mod container;
mod fault;
mod hub;
mod log;
mod mirror;
mod race;
mod scenario;
mod shop;
mod sim;

pub use fault::{Fault, Plan};
pub use hub::Made;
pub use log::marks;
pub use mirror::{Mirror, Violation};
pub use race::{Before, Orders, Race, Racer, races};
pub use scenario::{Scenario, scenarios};
pub use shop::{Act, journeys};
pub use sim::{Echo, Sim};

//! `masa cost`: what a journey's runs cost on AWS, from the journey's own paths and the table of access
//! patterns.
//!
//! [`cost`] tells the expected dollars of a thousand runs by service, the steps that cost most, and the
//! cheapest and dearest path; what it does not know it assumes, and says so ([`Assumptions`]). [`calls`]
//! predicts the AWS calls of one path that was walked, so that a meter can hold the table to its word.
//!
//! Counted is what a run causes: the hook that begins it, its decisions, messages, waits, and what readers
//! do with its mails. Not counted: cold starts (two reads more), empty polls of queues, the looks through
//! the indexes each quarter of an hour (`sweep`, `dates`), what is kept (tables, logs, backups), traffic,
//! retries, other journeys that a run starts, and events that only end it.

mod access;
mod assumptions;
mod model;
mod prices;
mod print;
mod step;
mod usage;
mod walked;

pub use access::{PATTERNS, Pattern, Row};
pub use assumptions::{Assumptions, MailPlan, Wrong};
pub use model::{CallLine, Cost, Line, PathCost, StepCost, cost};
pub use prices::{NoPrices, Price, Prices, Unit};
pub use usage::{Calls, Usage};
pub use walked::{Decided, Door, Fate, Then, Walked, calls, calls_of};

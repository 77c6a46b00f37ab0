//! Files as people have them, and as nobody should.
#![expect(clippy::unwrap_used, clippy::panic, reason = "test assertions")]

mod common;
mod hostile;
mod reading;
mod round_trip;

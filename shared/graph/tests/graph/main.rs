//! Pictures of journeys: those of the library, and hostile, long, deep and circular ones.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "test assertions")]

mod check;
mod library;
mod shapes;

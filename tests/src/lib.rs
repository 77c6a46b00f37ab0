//! Tests across crates, and what they share: tools of others, servers, and plain HTTP.

pub mod http;
pub mod tools;

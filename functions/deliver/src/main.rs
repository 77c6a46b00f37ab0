//! Send queue: compose, claim, send, record.
fn main() {}

//! Hook of named events.
fn main() {}

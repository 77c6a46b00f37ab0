//! Unsubscribe page and one-click unsubscribe.
fn main() {}

//! Due waits: the scheduled condition check.
fn main() {}

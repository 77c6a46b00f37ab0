//! Table stream: facts and message outcomes drive journeys.
fn main() {}

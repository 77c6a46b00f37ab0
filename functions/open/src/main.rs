//! The pixel of a mail.
fn main() {}

//! Followed links of a mail.
fn main() {}

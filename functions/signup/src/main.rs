//! Signup hook and browser forms.
fn main() {}

//! Purchase hook and Shopify orders.
fn main() {}

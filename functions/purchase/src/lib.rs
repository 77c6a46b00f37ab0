//! Purchase hook and Shopify orders.

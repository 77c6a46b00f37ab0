//! The doors: verify what comes in and turn it into facts.
//!
//! Pure: no AWS, no clock and no environment. The same bytes, secrets and moment give the same
//! answer, in a Lambda function, in `masa dev` and in a test. A door never panics on what a caller
//! sends: it answers with [`Malformed`], which names the field and says what to do, and never
//! repeats the caller's data, so that no address reaches a log by way of an error.

pub mod address;
mod amount;
mod answers;
mod details;
pub mod event;
pub mod form;
mod json;
mod malformed;
mod platform;
pub mod purchase;
pub mod shopify;
pub mod signature;
pub mod signup;
pub mod stripe;
pub mod tally;
pub mod typeform;
pub mod value;
pub mod woocommerce;

pub use answers::field_name;
pub use details::{FIELDS_MAX, PROFILE};
pub use malformed::Malformed;

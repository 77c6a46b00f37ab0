//! Composing and sending: a message is claimed, checked, composed, sent once, and settled.
//!
//! SES and SNS have no idempotency token, so a send has three outcomes: taken, refused, unknown.
//! The claim is written before the send and only its holder may settle it; what is unknown stays
//! claimed until SES tells of it, or its lease and a grace period end: then the flow's policy decides
//! whether it is left as unknown or sent once more.

mod ask;
mod compose;
mod courier;
mod gate;
mod html;
mod page;
mod provider;
mod sender;
mod story;
mod systems;

pub use compose::{CannotCompose, Composer, Mail, Occasion, Text};
pub use courier::{Courier, Error};
pub use sender::{NotASender, Sender};

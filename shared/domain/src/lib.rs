//! The pure heart of Masa: what a contact is, what can happen, what a journey says, and what follows.
//!
//! Nothing here knows AWS, reads a clock, draws a random number or looks at the environment: time
//! and ids are inputs. The same [`decide()`] therefore runs in a Lambda function, in `masa dev` and in
//! the simulation, and gives the same answer.

mod condition;
mod consent;
mod contact;
mod decide;
mod fact;
mod flow;
mod id;
pub mod link;
mod message;
mod occurrence;
pub mod planted;
mod run;
mod span;
pub mod story;
mod walk;

pub use condition::{Condition, FieldTest, MailStatus, Since};
pub use consent::{Answer, Channel, Consent, Refusals, Suppressed, Suppressions, WhySuppressed};
pub use contact::{Contact, FlowLedger, Profile, Purchases};
pub use decide::{Decision, Effect, Known, Need, Stimulus, Verdict, decide};
pub use fact::{ConsentGiven, ContactDetails, Fact, Happening, Item, Order};
pub use flow::{
    Action, Again, Catalogue, Flow, Form, Kind, LiveFlow, OnUnknown, Product, Shop, Step, Template,
    Trigger, catalogue_key,
};
pub use id::{ContactId, ContactKey, FactId, Id, MessageId, RunId};
pub use message::{MARKS_MAX, Message, Skip, Status};
pub use run::{End, Run, State};
pub use span::Span;
pub use story::{Entry, What};

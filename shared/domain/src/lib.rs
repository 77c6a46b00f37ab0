//! The pure heart of Masa: what a contact is, what can happen, what a journey says, and what follows.
//!
//! Nothing here knows AWS, reads a clock, draws a random number or looks at the environment: time
//! and ids are inputs. The same [`decide()`] therefore runs in a Lambda function, in `masa dev` and in
//! the simulation, and gives the same answer.

mod calendar;
mod catalogue;
mod condition;
mod consent;
mod contact;
mod dates;
mod decide;
#[cfg(test)]
mod every_zone;
mod fact;
mod flow;
mod follow;
pub mod holidays;
mod id;
pub mod link;
mod live;
mod message;
mod occurrence;
mod person;
pub mod planted;
mod profile;
mod purchases;
mod quiet;
mod run;
mod segments;
mod sending;
mod setup;
mod span;
mod steps;
pub mod story;
mod timetable;
mod trigger;
mod versions;
mod walk;

pub use calendar::{ClockTime, DAYTIME, NotATime, NotAnOffset, Offset, Weekday, anchored, zone};
pub use catalogue::Catalogue;
pub use condition::{Condition, FieldTest, Hours, MailStatus, Since};
pub use consent::{Answer, Channel, Consent, Refusals, Suppressed, Suppressions, WhySuppressed};
pub use contact::{Contact, FlowLedger, Paced, Profile, Seen};
pub use decide::{Decision, Effect, Known, Need, Stimulus, Verdict, decide};
pub use fact::{ConsentGiven, ContactDetails, Fact, Happening, Item, Order, OrderStatus, Platform};
pub use flow::{
    Action, Again, Flow, Goal, Kind, Late, Moment, OnUnknown, PRIORITY, Step, Template, Way,
    Winner, WonBy,
};
pub use id::{ContactId, ContactKey, FactId, Id, MessageId, RunId};
pub use live::{Dated, LiveFlow, LiveFlows, Standing};
pub use message::{MARKS_MAX, Medium, Message, Skip, Status};
pub use person::{ALSO_KNOWN_MAX, Also, Gone, Moved};
pub use purchases::{PurchaseTest, Purchases, Recent};
pub use quiet::{Rest, Windows};
pub use run::{End, Held, Run, State};
pub use segments::{Membership, Segment};
pub use setup::{
    Cap, Form, Person, ProductFacts, Question, QuestionKind, Setup, Shop, System, in_language,
    is_hosted_elsewhere, pick,
};
pub use span::Span;
pub use story::{Entry, What};
pub use trigger::{Activity, Anchor, Bought, Product, Referral, Trigger};

//! The one table: keys, items and conditions over DynamoDB.
//!
//! | pk | sk | holds |
//! | --- | --- | --- |
//! | `C#<contact>` | `@` | the contact's state with its runs, committed on condition of its version |
//! | `C#<contact>` | `@C` | refusals by channel |
//! | `C#<contact>` | `@S` | suppressions by channel |
//! | `C#<contact>` | `F#<fact>` | a fact, written once |
//! | `C#<contact>` | `M#<run>#<generation>` | a message: claim, outcome, opens, clicks |
//! | `FLOWS` | `LIVE` | the catalogue: live versions, forms, shop |
//! | `dates` | `WALK` | how far all contacts were told of new dates |
//! | `FLOW#<name>` | `V#<version>` | an immutable version of a flow |
//!
//! The sparse index `overdue` (`watch`, `due`) holds the states with live runs, by when somebody should
//! look after them. The index `dates` (`shard`, `look`) holds all states, by when they are to be looked at for
//! a date or a silence.
//!
//! Every write is conditional where a second writer could exist. What each path costs stands in
//! `ARCHITECTURE.md`, and a test counts the calls.

mod arrivals;
mod contacts;
mod dates;
mod error;
mod flows;
mod item;
mod memory;
mod messages;
mod visits;

use aws_sdk_dynamodb::Client;
use masa_runtime::{Config, Missing};

pub use arrivals::Arrival;
pub use contacts::{Commit, Found, Loaded, Person, Recorded};
pub use dates::{Place, Walk};
pub use error::Error;
pub use flows::{Publish, Published};
pub use item::{REFUSALS, STATE, SUPPRESSIONS, Table, WATCHES, from_image, key};
pub use memory::Flows;
pub use messages::{Claim, Mark, Settle};

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The table that `MASA_TABLE` names.
    ///
    /// # Errors
    /// [`Missing`] when it names none.
    pub fn new(sdk: &aws_types::SdkConfig, config: &Config) -> Result<Self, Missing> {
        Ok(Self { client: Client::new(sdk), table: config.require("MASA_TABLE")?.to_owned() })
    }
}

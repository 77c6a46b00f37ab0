//! Dates and silence (T5, T12). Each contact wakes by itself when its next date comes; here those are found
//! whose wake was lost, and all contacts are looked at when journeys go live that wait for a new date.

use jiff::{SignedDuration, Timestamp};
use masa_dispatch::{WakeJob, WakeQueue};
use masa_domain::ContactId;
use masa_runtime::{Clock, Config, Error, Missing};
use masa_store::{Place, Store, WATCHES, Walk};
use serde::{Deserialize, Serialize};

/// How long after its time a look is lost: longer than a queue or a schedule takes to deliver it again.
const LOST_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// How many contacts one read of the index takes.
const PAGE: i32 = 250;
/// How many pages of a walk one tick takes: 25,000 contacts.
const PAGES: usize = 100;
/// With more than that to do, `wake` is behind, and nothing is added.
const BACKLOG_MAX: u64 = 1_000;
/// Seconds after which `wake` surely knows the catalogue that asked for the walk: it believes an older one for
/// half a minute.
const KNOWN_AFTER: i32 = 60;

/// What the clock sends: nothing.
#[derive(Debug, Deserialize)]
pub struct Tick {}

/// What a tick found.
#[derive(Debug, Serialize)]
pub struct Found {
    /// How many contacts were to be looked at long ago.
    pub lost: usize,
    /// How many are looked at because of new dates.
    pub walked: usize,
}

/// The function.
pub struct Function {
    store: Store,
    wake_queue: WakeQueue,
    clock: Clock,
}

impl masa_runtime::Function for Function {
    type Event = Tick;
    type Answer = Found;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let wake_queue = WakeQueue::new(sdk, config)?;
        Ok(Self { store: Store::new(sdk, config)?, wake_queue, clock })
    }

    async fn handle(&self, _: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let lost = self.lost().await?;
        let before = self.store.walk().await?;
        let mut walk = self.walk_to_do(&before).await?;
        let mut found = Found { lost: lost.len(), walked: 0 };
        if !lost.is_empty() || walk.at.is_some() {
            let backlog = self.wake_queue.backlog().await?;
            if backlog > BACKLOG_MAX {
                tracing::warn!(backlog, "the wake queue is long: nothing is added");
                return Ok(found);
            }
            self.wake_queue.put(&lost, 0).await?;
            found.walked = self.go_on(&mut walk).await?;
        }
        if walk != before {
            self.store.keep_walk(&walk).await?;
        }
        tracing::info!(lost = found.lost, walked = found.walked, "dates were looked through");
        Ok(found)
    }
}

impl Function {
    /// Contacts whose wake did not come.
    async fn lost(&self) -> Result<Vec<WakeJob>, Error> {
        let until = self.clock.now().checked_sub(LOST_AFTER).unwrap_or(Timestamp::MIN);
        let mut jobs = Vec::new();
        for shard in WATCHES {
            jobs.extend(looks(self.store.looks(shard, until, PAGE).await?));
        }
        Ok(jobs)
    }

    /// The walk that was begun, or a new one when there are dates that no walk told of.
    async fn walk_to_do(&self, before: &Walk) -> Result<Walk, Error> {
        let catalogue = self.store.catalogue().await?;
        let dates = catalogue.looked_for();
        let at = if dates.is_subset(&before.dates) { before.at } else { Some(Place::default()) };
        Ok(Walk { dates, at })
    }

    /// Has the next contacts of a walk looked at.
    async fn go_on(&self, walk: &mut Walk) -> Result<usize, Error> {
        let mut walked = 0;
        for _ in 0..PAGES {
            let Some(place) = walk.at else { break };
            let (contacts, next) = self.store.everybody(place, PAGE).await?;
            walked += contacts.len();
            self.wake_queue.put(&looks(contacts).collect::<Vec<_>>(), KNOWN_AFTER).await?;
            walk.at = next.or_else(|| place.next_shard());
        }
        Ok(walked)
    }
}

fn looks(contacts: Vec<ContactId>) -> impl Iterator<Item = WakeJob> {
    contacts.into_iter().map(|contact| WakeJob::Look { contact })
}

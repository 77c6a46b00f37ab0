//! Looks for journeys that nothing moves any more (a schedule that was lost, a message without an
//! outcome), and has `wake` look after them.

use masa_dispatch::{WakeJob, WakeQueue};
use masa_runtime::{Clock, Config, Error, Missing};
use masa_store::{Store, WATCHES};
use serde::{Deserialize, Serialize};

/// How many contacts of each of [`WATCHES`] one sweep takes. Those that are left come with the next
/// one: `wake` moves what it takes out of the way.
const PAGE: i32 = 250;
/// With more than that to do, `wake` is behind, and what is overdue is probably what it will do next.
const BACKLOG_MAX: u64 = 1_000;

/// What the clock sends: nothing.
#[derive(Debug, Deserialize)]
pub struct Tick {}

/// What a sweep found.
#[derive(Debug, Serialize)]
pub struct Swept {
    /// How many contacts have a journey that should have moved before.
    pub overdue: usize,
}

/// The function.
pub struct Function {
    store: Store,
    wake_queue: WakeQueue,
    clock: Clock,
}

impl masa_runtime::Function for Function {
    type Event = Tick;
    type Answer = Swept;

    fn new(sdk: &aws_types::SdkConfig, config: &Config, clock: Clock) -> Result<Self, Missing> {
        let wake_queue = WakeQueue::new(sdk, config)?;
        Ok(Self { store: Store::new(sdk, config)?, wake_queue, clock })
    }

    async fn handle(&self, _: Self::Event, _: &str) -> Result<Self::Answer, Error> {
        let now = self.clock.now();
        let mut jobs = Vec::new();
        for watch in WATCHES {
            let contacts = self.store.overdue(watch, now, PAGE).await?;
            jobs.extend(contacts.into_iter().map(|contact| WakeJob::Overdue { contact }));
        }
        let overdue = jobs.len();
        // The alarm counts both lines by their field; no line at all alarms too.
        if overdue == 0 {
            tracing::info!(overdue, "no journey is overdue");
            return Ok(Swept { overdue });
        }
        tracing::error!(overdue, "journeys were overdue");
        let backlog = self.wake_queue.backlog().await?;
        if backlog > BACKLOG_MAX {
            tracing::warn!(backlog, "the wake queue is long: nothing is added");
        } else {
            self.wake_queue.put(&jobs, 0).await?;
        }
        Ok(Swept { overdue })
    }
}

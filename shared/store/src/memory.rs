//! What a warm function remembers of the published flows.

use std::{collections::BTreeMap, fmt, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use masa_domain::{Catalogue, Flow};
use masa_runtime::Clock;
use tokio::sync::Mutex;

use crate::{Store, error::Error};

/// How long a catalogue is believed: a newly published flow takes at most this long to be seen.
const CATALOGUE_LIFE: SignedDuration = SignedDuration::from_secs(30);
/// How many flow versions are remembered.
const VERSIONS_KEPT: usize = 200;

/// The published flows, read through a memory.
#[derive(Clone)]
pub struct Flows {
    store: Store,
    clock: Clock,
    memory: Arc<Mutex<Memory>>,
}

#[derive(Default)]
struct Memory {
    catalogue: Option<(Timestamp, Arc<Catalogue>)>,
    /// Versions never change; `None` is not remembered, for it may appear.
    versions: BTreeMap<(String, u32), Arc<Flow>>,
}

impl Flows {
    /// Reads from `store`.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, memory: Arc::default() }
    }

    /// What is live, as it was at most half a minute ago.
    ///
    /// # Errors
    /// When the table can't be read.
    pub async fn catalogue(&self) -> Result<Arc<Catalogue>, Error> {
        let now = self.clock.now();
        let mut memory = self.memory.lock().await;
        if let Some((read_at, catalogue)) = &memory.catalogue
            && now.duration_since(*read_at).abs() < CATALOGUE_LIFE
        {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = Arc::new(self.store.catalogue().await?);
        // An empty one is not remembered: the first publication shows at once.
        if catalogue.revision > 0 {
            memory.catalogue = Some((now, Arc::clone(&catalogue)));
        }
        Ok(catalogue)
    }

    /// A version of a flow.
    ///
    /// # Errors
    /// When the table can't be read.
    pub async fn flow(&self, name: &str, version: u32) -> Result<Option<Arc<Flow>>, Error> {
        let key = (name.to_owned(), version);
        let mut memory = self.memory.lock().await;
        if let Some(flow) = memory.versions.get(&key) {
            return Ok(Some(Arc::clone(flow)));
        }
        let Some(flow) = self.store.flow(name, version).await?.map(Arc::new) else {
            return Ok(None);
        };
        if memory.versions.len() >= VERSIONS_KEPT {
            memory.versions.pop_first();
        }
        memory.versions.insert(key, Arc::clone(&flow));
        Ok(Some(flow))
    }
}

impl fmt::Debug for Flows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flows")
    }
}

//! What is live: journeys, and what the shop says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{id::Id, live::LiveFlows, setup::Setup};

/// What is live: the flows' newest versions, and what the shop says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// How often it was changed; a change is conditioned on it.
    pub revision: u64,
    /// The live version of each flow, and what lets a contact in.
    pub flows: LiveFlows,
    /// What `shop.yaml` says.
    #[serde(flatten)]
    pub setup: Setup,
    /// The ways that won, by `<flow>/<step>`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub winners: BTreeMap<String, String>,
    /// The hour of the day at which the audience reads most, where each contact lives (D4). Whoever
    /// counts puts it here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best_hour: Option<u8>,
}

impl Catalogue {
    /// What makes that contacts are to be looked at although nothing happened to them: the dates and silences
    /// that let into live flows, and the segments, each with all that it depends on.
    pub fn looked_for(&self) -> BTreeSet<String> {
        // What conditions ask beside themselves.
        let beside = (&self.setup.shop.timezone, &self.setup.products);
        let beside = serde_json::to_string(&beside).unwrap_or_default();
        let segments = self.setup.segments.iter().map(|(name, segment)| {
            format!("segment {name}: {}", Id::derive(&[segment.digest(), &beside]))
        });
        self.flows.dates().cloned().chain(segments).collect()
    }
}

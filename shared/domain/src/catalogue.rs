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
    /// that let into live flows, and the segments, each with what it asks for.
    pub fn looked_for(&self) -> BTreeSet<String> {
        let segments = self.setup.segments.iter().map(|(name, condition)| {
            let asks = serde_json::to_string(condition).unwrap_or_default();
            format!("segment {name}: {}", Id::derive(&[&asks]))
        });
        self.flows.dates().cloned().chain(segments).collect()
    }
}

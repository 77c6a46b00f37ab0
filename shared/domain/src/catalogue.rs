//! What is live: journeys, and what the shop says.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    flow::{Flow, PRIORITY},
    setup::Setup,
    trigger::Trigger,
};

/// What is live: the flows' newest versions, and what the shop says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// How often it was changed; a change is conditioned on it.
    pub revision: u64,
    /// The live version of each flow, and what lets a contact in.
    pub flows: BTreeMap<String, LiveFlow>,
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

/// A live flow in the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveFlow {
    /// The live version.
    pub version: u32,
    /// A digest of the flow's text, so that publishing the same again changes nothing.
    pub digest: String,
    /// What lets a contact in, as keys of [`Trigger::key`], so that a fact finds the flows that
    /// it may start without reading them.
    pub triggers: Vec<String>,
    /// What reaches its goal, likewise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goals: Vec<String>,
    /// Its priority (D3): of flows that one fact starts, the higher begins first.
    #[serde(default = "usual", skip_serializing_if = "is_usual")]
    pub priority: u8,
}

fn usual() -> u8 {
    PRIORITY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_usual(priority: &u8) -> bool {
    *priority == PRIORITY
}

impl LiveFlow {
    /// A version of a flow that goes live.
    pub fn new(flow: &Flow, version: u32, digest: String) -> Self {
        let keys = |triggers: &[Trigger]| {
            let keys: BTreeSet<String> = triggers.iter().map(Trigger::key).collect();
            keys.into_iter().collect()
        };
        let goals = flow.goal.as_ref().map(|goal| keys(&goal.reached_by)).unwrap_or_default();
        let (triggers, priority) = (keys(&flow.triggers), flow.priority);
        Self { version, digest, triggers, goals, priority }
    }
}

//! Live flows, and how they stand.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{
    contact::Contact,
    flow::{Action, Flow, Late, is_default, is_usual, usual},
    timetable::Timetable,
    trigger::Trigger,
};

/// The live flows by name: a map that is read as any other, and that keeps an index of what lets in,
/// so that what happens costs the same whether ten flows are live or a thousand.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(from = "BTreeMap<String, LiveFlow>")]
pub struct LiveFlows {
    by_name: BTreeMap<String, LiveFlow>,
    /// The names of the flows that each key of [`Trigger::key`] may start.
    by_key: BTreeMap<String, BTreeSet<String>>,
    /// The dates and silences that let in.
    timetable: Timetable,
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
    /// The dates and silences that let in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dated: Vec<Dated>,
    /// Its priority (D3): of flows that one fact starts, the higher begins first.
    #[serde(default = "usual", skip_serializing_if = "is_usual")]
    pub priority: u8,
    /// Whether contacts move through it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub standing: Standing,
}

/// A date or a silence for which a flow waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dated {
    /// It.
    pub trigger: Trigger,
    /// Whether it lets in who comes late.
    #[serde(default, skip_serializing_if = "is_default")]
    pub late: Late,
}

impl Dated {
    fn of(triggers: &[Trigger], late: Late) -> impl Iterator<Item = Self> {
        let dates = triggers
            .iter()
            .filter(|one| matches!(one, Trigger::Date { .. } | Trigger::Silent { .. }));
        dates.map(move |trigger| Self { trigger: trigger.clone(), late })
    }

    /// What ends runs of a flow, or their waits, or is their goal.
    pub(crate) fn inside(flow: &Flow) -> impl Iterator<Item = Self> {
        let goals = flow.goal.iter().map(|goal| &goal.reached_by);
        let awaited = flow.steps.values().filter_map(|step| match &step.action {
            Action::Await { until, .. } => Some(until),
            _ => None,
        });
        let all = std::iter::once(&flow.exits).chain(goals).chain(awaited);
        all.flat_map(|triggers| Self::of(triggers, flow.late))
    }
}

/// Whether contacts move through a flow. Exits work in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// They enter and move.
    #[default]
    Live,
    /// Nobody enters, and who is inside stands before the next step until it is resumed.
    Paused,
    /// Nobody enters, and who is inside leaves.
    Ending,
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
        let dated = Dated::of(&flow.triggers, flow.late).collect();
        Self { version, digest, triggers, goals, dated, priority, standing: Standing::Live }
    }
}

impl LiveFlows {
    /// Makes a flow live, in place of another of its name.
    pub fn insert(&mut self, name: String, live: LiveFlow) {
        self.remove(&name);
        for key in &live.triggers {
            self.by_key.entry(key.clone()).or_default().insert(name.clone());
        }
        if live.standing == Standing::Live {
            live.dated.iter().for_each(|dated| self.timetable.insert(&name, dated));
        }
        self.by_name.insert(name, live);
    }

    /// Keeps the flows for which `kept` says so.
    pub fn retain(&mut self, mut kept: impl FnMut(&String, &LiveFlow) -> bool) {
        let gone = self.by_name.iter().filter(|(name, live)| !kept(name, live));
        let gone: Vec<String> = gone.map(|(name, _)| name.clone()).collect();
        for name in gone {
            self.remove(&name);
        }
    }

    /// The dates and silences that let into flows, in words ([`Trigger::in_words`]).
    pub fn dates(&self) -> impl Iterator<Item = &String> {
        self.timetable.words()
    }

    /// Of these what may come to a contact; `today` may be a day off.
    pub(crate) fn coming<'a>(
        &'a self,
        contact: &'a Contact,
        today: Date,
    ) -> impl Iterator<Item = (&'a String, &'a Dated)> {
        self.timetable.of(contact, today)
    }

    /// The flows that any of `keys` may start, in the order of their names.
    pub(crate) fn started_by(&self, keys: &[String]) -> impl Iterator<Item = (&String, &LiveFlow)> {
        let names = keys.iter().filter_map(|key| self.by_key.get(key)).flatten();
        // One flow may have several of the keys.
        let names: BTreeSet<&String> = names.collect();
        names.into_iter().filter_map(|name| self.by_name.get_key_value(name))
    }

    /// Takes a flow out; false when it was not live.
    pub fn remove(&mut self, name: &str) -> bool {
        let Some(gone) = self.by_name.remove(name) else { return false };
        gone.dated.iter().for_each(|dated| self.timetable.remove(name, dated));
        for key in gone.triggers {
            let names = self.by_key.entry(key.clone()).or_default();
            names.remove(name);
            // The same flows make the same index, whatever was live before.
            if names.is_empty() {
                self.by_key.remove(&key);
            }
        }
        true
    }
}

impl Deref for LiveFlows {
    type Target = BTreeMap<String, LiveFlow>;

    fn deref(&self) -> &Self::Target {
        &self.by_name
    }
}

impl FromIterator<(String, LiveFlow)> for LiveFlows {
    fn from_iter<I: IntoIterator<Item = (String, LiveFlow)>>(flows: I) -> Self {
        let mut live = Self::default();
        flows.into_iter().for_each(|(name, flow)| live.insert(name, flow));
        live
    }
}

impl From<BTreeMap<String, LiveFlow>> for LiveFlows {
    fn from(flows: BTreeMap<String, LiveFlow>) -> Self {
        flows.into_iter().collect()
    }
}

impl<const N: usize> From<[(String, LiveFlow); N]> for LiveFlows {
    fn from(flows: [(String, LiveFlow); N]) -> Self {
        flows.into_iter().collect()
    }
}

impl IntoIterator for LiveFlows {
    type Item = (String, LiveFlow);
    type IntoIter = std::collections::btree_map::IntoIter<String, LiveFlow>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_name.into_iter()
    }
}

impl<'a> IntoIterator for &'a LiveFlows {
    type Item = (&'a String, &'a LiveFlow);
    type IntoIter = std::collections::btree_map::Iter<'a, String, LiveFlow>;

    fn into_iter(self) -> Self::IntoIter {
        self.by_name.iter()
    }
}

impl Serialize for LiveFlows {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.by_name.serialize(s)
    }
}

//! What has to be known of a journey before it is walked: what is live beside it, and what events bring.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Flow, Trigger};
use masa_language::Library;
use serde_json::json;

use crate::{
    act::Brought,
    stage::{double, leaver},
};

/// What an entry brings: what it is told to, and the members that later events have to have in common
/// with it. What the trigger itself asks of a member stays as it is.
pub(crate) fn brings(flow: &Flow, trigger: &Trigger, told: &Brought) -> Brought {
    let mut brought = told.clone();
    for key in same(flow) {
        let asked = |trigger: &Trigger| match trigger {
            Trigger::Event { matching, .. } => matching.contains_key(key),
            _ => false,
        };
        if !asked(trigger) {
            let member = brought.members.entry(format!("event.{key}"));
            member.or_insert_with(|| Some(json!("the same")));
        }
    }
    brought
}

/// The members of an event that have to be the same as those of what began the run.
fn same(flow: &Flow) -> BTreeSet<&String> {
    let goals = flow.goal.iter().flat_map(|goal| &goal.reached_by);
    let waits = flow.steps.values().filter_map(|step| match &step.action {
        Action::Await { until, .. } => Some(until),
        _ => None,
    });
    let all = flow.exits.iter().chain(goals).chain(waits.flatten());
    let same = all.filter_map(|trigger| match trigger {
        Trigger::Event { same, .. } => same.as_ref(),
        _ => None,
    });
    same.collect()
}

/// The journey and what is live beside it: doubles of journeys that it starts or waits for, and helpers
/// that make the contact leave lists.
pub(crate) fn beside(library: &Library, flow: &Flow) -> Vec<Flow> {
    let mut named = BTreeMap::new();
    let mut lists = BTreeSet::new();
    let mut name = |trigger: &Trigger| match trigger {
        Trigger::Ended(other) => {
            named.entry(other.clone()).or_insert(false);
        }
        Trigger::Left(list) => {
            lists.insert(list.clone());
        }
        _ => {}
    };
    let goals = flow.goal.iter().flat_map(|goal| &goal.reached_by);
    flow.triggers.iter().chain(&flow.exits).chain(goals).for_each(&mut name);
    for step in flow.steps.values() {
        if let Action::Await { until, .. } = &step.action {
            until.iter().for_each(&mut name);
        }
    }
    for step in flow.steps.values() {
        if let Action::Start(other) = &step.action {
            named.insert(other.clone(), true);
        }
    }
    named.remove(&flow.name);
    let doubles = named.into_iter().map(|(name, started)| {
        let real = library.flows.iter().find(|flow| flow.name == name);
        // Nobody knows what lets into one that is only waited for.
        double(&name, real.filter(|_| started))
    });
    let live = doubles.chain(lists.iter().map(|list| leaver(list)));
    live.chain([flow.clone()]).collect()
}

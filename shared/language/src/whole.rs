//! Which flows of a library belong together.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Condition, Flow, Trigger};

use crate::{Library, checks::links, jinja};

/// What a flow looks for in mails, of whatever flow.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Sought<'f> {
    /// A link of this name.
    Link(&'f str),
    /// A question.
    Question(&'f str),
}

impl Library {
    /// A flow, those that it names, and those that they name, in the order of their names.
    pub fn with_named(&self, flow: &str) -> Vec<Flow> {
        self.flows_of(self.closed([flow])).cloned().collect()
    }

    /// The flows without which one is not whole: those of [`Library::with_named`], its parts, whose names
    /// begin with its own (`referral-reward` of `referral`), and for each link and each answer for which
    /// these wait the smallest flow whose mails have it, where none of these does.
    pub fn belonging(&self, flow: &str) -> BTreeSet<&str> {
        let part = format!("{flow}-");
        let names = self.flows.iter().map(|flow| flow.name.as_str());
        let mut found = self.closed(names.filter(|name| *name == flow || name.starts_with(&part)));
        while let Some(missing) = self.missing(&found) {
            let more = self.closed([missing]);
            found.extend(more);
        }
        found.remove(flow);
        found
    }

    /// The smallest flow that has what one of these seeks and none of them has.
    fn missing(&self, found: &BTreeSet<&str>) -> Option<&str> {
        let sought: BTreeSet<Sought<'_>> =
            self.flows_of(found.iter().copied()).flat_map(sought).collect();
        let lost = sought
            .into_iter()
            .filter(|sought| !self.flows_of(found.iter().copied()).any(|flow| has(flow, sought)));
        let having = |sought| {
            let flows = self.flows.iter().filter(|flow| has(flow, &sought));
            flows.min_by_key(|flow| (flow.steps.len(), &flow.name))
        };
        lost.filter_map(having).map(|flow| flow.name.as_str()).next()
    }

    /// These flows, as far as they are there, and all that they name.
    fn closed<'s>(&'s self, flows: impl IntoIterator<Item = &'s str>) -> BTreeSet<&'s str> {
        let by_name: BTreeMap<&str, &Flow> =
            self.flows.iter().map(|flow| (flow.name.as_str(), flow)).collect();
        let mut wanted: Vec<&str> = flows.into_iter().collect();
        let mut found = BTreeSet::new();
        while let Some(name) = wanted.pop() {
            let Some(flow) = by_name.get(name) else { continue };
            if found.insert(name) {
                wanted.extend(named(flow));
            }
        }
        found
    }

    fn flows_of<'s>(
        &'s self,
        names: impl IntoIterator<Item = &'s str>,
    ) -> impl Iterator<Item = &'s Flow> {
        let names: BTreeSet<&str> = names.into_iter().collect();
        self.flows.iter().filter(move |flow| names.contains(flow.name.as_str()))
    }
}

/// The happenings that a flow names.
fn happenings(flow: &Flow) -> impl Iterator<Item = &Trigger> {
    let goals = flow.goal.iter().flat_map(|goal| &goal.reached_by);
    let awaited = flow.steps.values().flat_map(|step| match &step.action {
        Action::Await { until, .. } => until.as_slice(),
        _ => &[],
    });
    flow.triggers.iter().chain(&flow.exits).chain(goals).chain(awaited)
}

/// The flows that a flow names.
fn named(flow: &Flow) -> Vec<&str> {
    let mut names: Vec<&str> = happenings(flow)
        .filter_map(|happening| match happening {
            Trigger::Opened { of, .. } => of.as_deref(),
            Trigger::Ended(flow) => Some(flow),
            _ => None,
        })
        .collect();
    names.extend(flow.entry_if.iter().flat_map(of_condition));
    for step in flow.steps.values() {
        match &step.action {
            Action::Start(flow) => names.push(flow),
            Action::If { when, .. } => names.extend(of_condition(when)),
            _ => {}
        }
    }
    names
}

fn of_condition(condition: &Condition) -> Vec<&str> {
    match condition {
        Condition::Email { flow, .. } => flow.as_deref().into_iter().collect(),
        Condition::All(some) | Condition::Any(some) => some.iter().flat_map(of_condition).collect(),
        Condition::Not(one) => of_condition(one),
        _ => Vec::new(),
    }
}

fn sought(flow: &Flow) -> impl Iterator<Item = Sought<'_>> {
    happenings(flow).filter_map(|happening| match happening {
        Trigger::Clicked(link) => Some(Sought::Link(link)),
        Trigger::Answered { question, .. } => Some(Sought::Question(question)),
        _ => None,
    })
}

fn has(flow: &Flow, sought: &Sought<'_>) -> bool {
    let mut mails = flow.templates.values().flat_map(BTreeMap::values);
    mails.any(|mail| match sought {
        Sought::Link(link) => links::names(&mail.html).any(|name| name == *link),
        Sought::Question(question) => {
            jinja::asked(&mail.html).iter().any(|(asked, _)| asked.as_deref() == Some(*question))
        }
    })
}

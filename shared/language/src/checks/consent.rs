//! Advertising to contacts of whom nobody asked whether they agreed.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Channel, Condition, Flow, Form, Kind, Trigger};

use crate::{
    checks::{
        Checked,
        graph::{Graph, holds},
        implied::{implied, untold},
    },
    problem::{Problem, Report},
};

/// Reports the flows that do nothing but advertise, and don't ask for consent. Their messages are
/// skipped one by one, and nobody is told why.
pub(super) fn check(flows: &[Checked<'_>], forms: &BTreeMap<String, Form>) -> Vec<Problem> {
    let known = Known::of(flows, forms);
    let mut problems = Vec::new();
    for checked in flows {
        let mut report = Report::new(&checked.source.path);
        if !checked.source.flow.triggers.iter().any(|trigger| known.implies(trigger)) {
            of_flow(&checked.graph, &mut report);
        }
        problems.extend(report.into_problems());
    }
    problems
}

fn of_flow(graph: &Graph<'_>, report: &mut Report<'_>) {
    let flow = graph.flow;
    let reached = graph.walk(|node| node.next.clone());
    let nodes = || graph.nodes.iter().enumerate().filter(|(step, _)| holds(&reached, *step));
    let marketing = |id: &str| flow.sends(id).filter(|(_, kind)| *kind == Kind::Marketing);
    // Who has not agreed passes the advertising, and the rest is done all the same.
    let does_more = |action: &Action| {
        matches!(
            action,
            Action::Set(_)
                | Action::Count { .. }
                | Action::Append { .. }
                | Action::Join(_)
                | Action::Leave(_)
                | Action::Start(_)
        )
    };
    let serves = |id: &str| flow.sends(id).is_some_and(|(_, kind)| kind == Kind::Transactional);
    if nodes().any(|(_, node)| does_more(&node.step.action) || serves(node.id)) {
        return;
    }
    // One who agreed to one channel may be asked by another too, which is skipped when it must be.
    let media = nodes().filter_map(|(_, node)| marketing(node.id));
    let channels: BTreeSet<Channel> = media.filter_map(|(medium, _)| medium.channel()).collect();
    let agreed = |when: &Condition, answer: bool| {
        implied(when, answer, &|one, answer| match one {
            Condition::Consent(channel) => answer && channels.contains(channel),
            _ => false,
        })
    };
    if flow.entry_if.as_ref().is_some_and(|when| agreed(when, true)) {
        return;
    }
    let unasked = graph.walk(|node| untold(graph, node, &agreed, &|_| false));
    let sends =
        nodes().filter(|(step, node)| holds(&unasked, *step) && marketing(node.id).is_some());
    let Some((_, first)) = sends.min_by_key(|(_, node)| node.at) else { return };
    report
        .add(
            first.at,
            "no-consent-asked",
            "nothing in this flow tells that its contacts agreed to advertising: for who did not, \
             its messages are skipped",
        )
        .hint("let in who agreed: `entry: { if: { consent: email } }`");
}

/// What tells that a contact agreed.
struct Known<'s> {
    /// Forms that ask for consent.
    forms: BTreeSet<&'s str>,
    /// Lists that they join.
    lists: BTreeSet<&'s str>,
    /// The flows all of whose mails are advertising.
    flows: BTreeSet<&'s str>,
    /// Whether all mails with a link of this name are.
    links: BTreeMap<&'s str, bool>,
}

impl<'s> Known<'s> {
    fn of(checked: &[Checked<'s>], forms: &'s BTreeMap<String, Form>) -> Self {
        let asking = || forms.iter().filter(|(_, form)| form.consent.is_some());
        let mut known = Self {
            forms: asking().map(|(name, _)| name.as_str()).collect(),
            lists: asking().flat_map(|(_, form)| &form.lists).map(String::as_str).collect(),
            flows: BTreeSet::new(),
            links: BTreeMap::new(),
        };
        for flow in checked.iter().map(|checked| &checked.source.flow) {
            known.add(flow);
        }
        known
    }

    fn add(&mut self, flow: &'s Flow) {
        let mut all = true;
        let mut of_templates: BTreeMap<&str, bool> = BTreeMap::new();
        for step in flow.steps.values() {
            let Action::Email { template, kind, .. } = &step.action else { continue };
            let marketing = kind.unwrap_or(flow.kind) == Kind::Marketing;
            all &= marketing;
            *of_templates.entry(template).or_insert(true) &= marketing;
        }
        if all && !of_templates.is_empty() {
            self.flows.insert(&flow.name);
        }
        for (template, languages) in &flow.templates {
            let marketing = of_templates.get(template.as_str()).copied().unwrap_or_default();
            for link in languages.values().flat_map(|template| links(&template.html)) {
                *self.links.entry(link).or_insert(true) &= marketing;
            }
        }
    }

    /// Whether it happens to those who agreed alone.
    fn implies(&self, trigger: &Trigger) -> bool {
        match trigger {
            Trigger::Form(form) => self.forms.contains(form.as_str()),
            Trigger::Joined(list) => self.lists.contains(list.as_str()),
            Trigger::Opened { of: Some(flow), .. } => self.flows.contains(flow.as_str()),
            Trigger::Clicked(link) => self.links.get(link.as_str()).copied().unwrap_or_default(),
            _ => false,
        }
    }
}

/// The names of links in HTML.
fn links(html: &str) -> impl Iterator<Item = &str> {
    html.split("data-link=").skip(1).filter_map(|rest| {
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        rest.get(1..)?.split(quote).next()
    })
}

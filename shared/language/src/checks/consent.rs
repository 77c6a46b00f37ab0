//! Advertising to contacts of whom nobody asked whether they agreed.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Channel, Condition, Flow, Form, Kind, Trigger};

use crate::{
    checks::{
        Checked,
        graph::{Graph, Node, holds},
        implied::{implied, untold},
    },
    problem::{Problem, Report},
};

/// Reports the advertising to which a way leads that asks nobody whether they agreed, and for whose sake
/// alone a run goes that way: for who did not agree it is skipped, and nobody is told why.
pub(super) fn check(flows: &[Checked<'_>], forms: &BTreeMap<String, Form>) -> Vec<Problem> {
    let known = Known::of(flows, forms);
    let mut problems = Vec::new();
    for checked in flows {
        let mut report = Report::new(&checked.source.path);
        if !checked.source.flow.triggers.iter().all(|trigger| known.implies(trigger)) {
            of_flow(&checked.graph, &known, &mut report);
        }
        problems.extend(report.into_problems());
    }
    problems
}

fn of_flow(graph: &Graph<'_>, known: &Known<'_>, report: &mut Report<'_>) {
    let flow = graph.flow;
    let reached = graph.walk(|node| node.next.clone());
    // One who agreed to one channel may be asked by another too, which is skipped when it must be.
    let nodes = graph.nodes.iter().enumerate();
    let advertising = nodes.filter(|(step, node)| holds(&reached, *step) && graph.advertises(node));
    let media = advertising.filter_map(|(_, node)| flow.sends(node.id));
    let channels: BTreeSet<Channel> = media.filter_map(|(medium, _)| medium.channel()).collect();
    let agreed = |when: &Condition, answer: bool| {
        implied(when, answer, &|one, answer| answer && known.tells(one, &channels))
    };
    if flow.entry_if.as_ref().is_some_and(|when| agreed(when, true)) {
        return;
    }
    // What stands after a message that is told of is mended with it.
    let unasked = graph.walk(|node| match graph.advertises(node) {
        true => Vec::new(),
        false => untold(graph, node, &agreed, &|came| known.implies(came)),
    });
    let served = served(graph, &reached);
    for (step, node) in graph.nodes.iter().enumerate() {
        if !holds(&unasked, step) || !graph.advertises(node) || holds(&served, step) {
            continue;
        }
        report
            .add(
                node.at,
                "no-consent-asked",
                "nothing on a way to this message tells that the contact agreed to advertising: for \
                 who did not, it is skipped",
            )
            .hint(
                "let in who agreed, by `entry: { if: { consent: email } }`, or put it into an `if` \
                 that asks for it",
            );
    }
}

/// The steps on whose ways, before or after them, something is sent that is no advertising. That is for
/// who did not agree too, and the advertising beside it is left out for them.
fn served(graph: &Graph<'_>, reached: &[bool]) -> Vec<bool> {
    let serves = |(step, node): &(usize, &Node<'_>)| {
        holds(reached, *step) && node.sends() && !graph.advertises(node)
    };
    let serves = || graph.nodes.iter().enumerate().filter(serves).map(|(step, _)| step);
    let after = graph.walk_from(serves(), |node| node.next.clone());
    let before = graph.walk_back(serves(), |step, _| holds(reached, step));
    after.into_iter().zip(before).map(|(after, before)| after || before).collect()
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
        let asking = || forms.iter().filter(|(_, form)| form.asks_consent());
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

    /// Whether a condition without others in it, which is so, is so for those who agreed alone.
    fn tells(&self, when: &Condition, channels: &BTreeSet<Channel>) -> bool {
        match when {
            Condition::Consent(channel) => channels.contains(channel),
            Condition::Form { name, .. } => self.forms.contains(name.as_str()),
            Condition::List(list) => self.lists.contains(list.as_str()),
            _ => false,
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

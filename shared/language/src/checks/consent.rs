//! Advertising to contacts of whom nobody asked whether they agreed.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Channel, Condition, Flow, Kind, Segment, Setup, Trigger};

use crate::{
    checks::{
        Checked,
        graph::{Graph, Node, holds},
        implied::{implied, untold},
        links,
        said::happenings,
    },
    problem::{Problem, Report},
};

const CHANNELS: [Channel; 2] = [Channel::Email, Channel::Sms];

/// Reports the advertising to which a way leads that asks nobody whether they agreed: for who did not, it
/// is skipped, and nobody is told why.
/// `is_whole` says whether these are all the flows: of what others do it is else not known who agreed.
pub(super) fn check(flows: &[Checked<'_>], setup: &Setup, is_whole: bool) -> Vec<Problem> {
    let known = Known::of(flows, setup, is_whole);
    let mut problems = Vec::new();
    for checked in flows {
        let mut report = Report::new(&checked.source.path);
        of_flow(&checked.graph, &known, &mut report);
        problems.extend(report.into_problems());
    }
    problems
}

fn of_flow(graph: &Graph<'_>, known: &Known<'_>, report: &mut Report<'_>) {
    let flow = graph.flow;
    let reached = graph.walk(|node| node.next.clone());
    if serves_all(graph, &reached) {
        return;
    }
    // One who agreed to one channel may be asked by another too, which is skipped when it must be.
    let nodes = graph.nodes.iter().enumerate();
    let advertising = nodes.filter(|(step, node)| holds(&reached, *step) && graph.advertises(node));
    let media = advertising.filter_map(|(_, node)| flow.sends(node.id));
    let channels: BTreeSet<Channel> = media.filter_map(|(medium, _)| medium.channel()).collect();
    // What stands after a message that is told of is mended with it.
    let unasked = known.unasked(graph, &channels, |node| graph.advertises(node));
    for (step, node) in graph.nodes.iter().enumerate() {
        if !holds(&unasked, step) || !graph.advertises(node) {
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

/// Whether a flow is a service to everybody, with advertising that says so itself: that is meant to be left
/// out for who did not agree.
fn serves_all(graph: &Graph<'_>, reached: &[bool]) -> bool {
    let serves = |(step, node): (usize, &Node<'_>)| {
        let sends = graph.flow.sends(node.id).filter(|_| holds(reached, step));
        sends
            .is_some_and(|(medium, kind)| kind == Kind::Transactional && medium.channel().is_some())
    };
    graph.flow.kind == Kind::Transactional && graph.nodes.iter().enumerate().any(serves)
}

/// Whether all whose run of a flow ends have agreed, when those who come to these steps have not.
fn ends_agreed(graph: &Graph<'_>, unasked: &[bool]) -> bool {
    let ends = |node: &Node<'_>| {
        let ways = graph.flow.ways(node.step);
        // An exit may end it at any step.
        !graph.flow.exits.is_empty()
            || ways.is_empty()
            || ways.iter().any(|(_, next)| next.is_none())
    };
    !graph.nodes.iter().zip(unasked).any(|(node, unasked)| *unasked && ends(node))
}

/// What tells that a contact agreed.
struct Known<'s> {
    /// Forms that ask for consent.
    forms: BTreeSet<&'s str>,
    /// The lists all of whose members, as far as this folder puts them there, agreed to a channel.
    lists: BTreeSet<(Channel, &'s str)>,
    /// Who is in which segment.
    segments: &'s BTreeMap<String, Segment>,
    /// The flows all of whose mails are advertising.
    flows: BTreeSet<&'s str>,
    /// Whether all mails with a link of this name are.
    links: BTreeMap<&'s str, bool>,
    /// The flows whose runs all agreed to a channel when they end.
    ended: BTreeSet<(Channel, &'s str)>,
    /// Whether all flows are known.
    is_whole: bool,
}

impl<'s> Known<'s> {
    fn of(checked: &[Checked<'s>], setup: &'s Setup, is_whole: bool) -> Self {
        let asking = || setup.forms.iter().filter(|(_, form)| form.asks_consent());
        let mut known = Self {
            forms: asking().map(|(name, _)| name.as_str()).collect(),
            lists: BTreeSet::new(),
            segments: &setup.segments,
            flows: BTreeSet::new(),
            links: BTreeMap::new(),
            ended: BTreeSet::new(),
            is_whole,
        };
        for flow in checked.iter().map(|checked| &checked.source.flow) {
            known.add(flow);
        }
        let joined = |asks: bool| {
            let forms = setup.forms.values().filter(move |form| form.asks_consent() == asks);
            forms.flat_map(|form| &form.lists).map(String::as_str).collect::<BTreeSet<_>>()
        };
        let lists: Vec<&str> = joined(true).difference(&joined(false)).copied().collect();
        known.lists =
            lists.iter().flat_map(|list| CHANNELS.map(|channel| (channel, *list))).collect();
        known.follow(checked);
        known
    }

    /// Finds the flows that end for those who agreed alone, and the lists that these alone join. One may
    /// begin with another, so that all are taken for such until somebody else is found to come to one.
    fn follow(&mut self, checked: &[Checked<'s>]) {
        let said = checked.iter().flat_map(happenings);
        let named: BTreeSet<&str> = said
            .filter_map(|said| match said.trigger {
                Trigger::Ended(flow) => Some(flow.as_str()),
                _ => None,
            })
            .collect();
        let names = checked.iter().map(|checked| checked.source.flow.name.as_str());
        let names = names.filter(|name| named.contains(name));
        self.ended = names.flat_map(|name| CHANNELS.map(|channel| (channel, name))).collect();
        let graphs = || checked.iter().map(|checked| &checked.graph);
        loop {
            let before = self.ended.len() + self.lists.len();
            for (channel, graph) in graphs().flat_map(|graph| CHANNELS.map(|one| (one, graph))) {
                self.without(graph, channel);
            }
            if self.ended.len() + self.lists.len() == before {
                return;
            }
        }
    }

    /// Leaves out the lists that others than those who agreed to a channel join in a flow, and the flow
    /// when it ends for them.
    fn without(&mut self, graph: &Graph<'s>, channel: Channel) {
        let ended = (channel, graph.flow.name.as_str());
        let joins: Vec<(usize, (Channel, &str))> = graph
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(step, node)| match &node.step.action {
                Action::Join(list) => Some((step, (channel, list.as_str()))),
                _ => None,
            })
            .filter(|(_, list)| self.lists.contains(list))
            .collect();
        if joins.is_empty() && !self.ended.contains(&ended) {
            return;
        }
        let unasked = self.unasked(graph, &BTreeSet::from([channel]), |_| false);
        for (_, list) in joins.iter().filter(|(step, _)| holds(&unasked, *step)) {
            self.lists.remove(list);
        }
        if !ends_agreed(graph, &unasked) {
            self.ended.remove(&ended);
        }
    }

    /// The steps that a run may come to of whose contact nothing tells that it agreed to one of these
    /// channels. No way leads on from the steps at which it stops.
    fn unasked<'g>(
        &self,
        graph: &'g Graph<'s>,
        channels: &BTreeSet<Channel>,
        stops: impl Fn(&Node<'s>) -> bool,
    ) -> Vec<bool> {
        let flow = graph.flow;
        let agreed = |when: &Condition, answer: bool| {
            implied(when, answer, &|one, answer| answer && self.tells(one, channels))
        };
        if flow.triggers.iter().all(|by| self.implies(by, channels))
            || flow.entry_if.as_ref().is_some_and(|when| agreed(when, true))
        {
            return vec![false; graph.nodes.len()];
        }
        graph.walk(|node| match stops(node) {
            true => Vec::new(),
            false => untold(graph, node, &agreed, &|came| self.implies(came, channels)),
        })
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
            for link in languages.values().flat_map(|template| links::names(&template.html)) {
                *self.links.entry(link).or_insert(true) &= marketing;
            }
        }
    }

    /// Whether all on a list agreed.
    fn agreed(&self, list: &str, channels: &BTreeSet<Channel>) -> bool {
        let agreed = |segment: &Segment| {
            implied(&segment.when, true, &|one, answer| answer && self.tells(one, channels))
        };
        let joined = || channels.iter().any(|channel| self.lists.contains(&(*channel, list)));
        self.segments.get(list).map_or_else(joined, agreed)
    }

    /// Whether a condition without others in it, which is so, is so for those who agreed alone.
    fn tells(&self, when: &Condition, channels: &BTreeSet<Channel>) -> bool {
        match when {
            Condition::Consent(channel) => channels.contains(channel),
            Condition::Form { name, .. } => self.forms.contains(name.as_str()),
            Condition::List(list) => self.agreed(list, channels),
            _ => false,
        }
    }

    /// Whether it happens to those who agreed alone.
    fn implies(&self, trigger: &Trigger, channels: &BTreeSet<Channel>) -> bool {
        match trigger {
            Trigger::Opened { .. } | Trigger::Clicked(_) | Trigger::Ended(_) if !self.is_whole => {
                true
            }
            Trigger::Ended(flow) => {
                channels.iter().any(|channel| self.ended.contains(&(*channel, flow.as_str())))
            }
            Trigger::Form(form) => self.forms.contains(form.as_str()),
            Trigger::Joined(list) => self.agreed(list, channels),
            Trigger::Opened { of: Some(flow), .. } => self.flows.contains(flow.as_str()),
            Trigger::Clicked(link) => self.links.get(link.as_str()).copied().unwrap_or_default(),
            _ => false,
        }
    }
}

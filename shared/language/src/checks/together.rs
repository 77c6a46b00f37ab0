//! Flows that write to the same contact at the same moment.

use std::collections::BTreeMap;

use masa_domain::{Activity, Condition, DAYTIME, Form, Trigger};

use crate::{
    checks::{
        Checked,
        branches::possible,
        effects::{self, Led},
        graph::{Graph, holds},
    },
    problem::{Mark, Problem, Report},
    words::quote,
};

/// With how many flows of the same trigger a flow is compared.
const COMPARED_MAX: usize = 20;

/// Flows that send advertising before they ever wait.
#[derive(Default)]
struct Prompt<'f, 's> {
    by_name: BTreeMap<&'f str, &'f Checked<'s>>,
    by_key: BTreeMap<String, Vec<(&'f Checked<'s>, &'f Trigger)>>,
}

/// Reports the flows that send advertising at once on what another one does that for too, and the steps
/// that begin such a flow just when their own one sends.
pub(super) fn check(flows: &[Checked<'_>], forms: &BTreeMap<String, Form>) -> Vec<Problem> {
    let mut prompt = Prompt::default();
    let mut problems = Vec::new();
    for checked in flows.iter().filter(|checked| writes_at_once(&checked.graph)) {
        let flow = &checked.source.flow;
        if let Some(other) = prompt.beside(checked, forms) {
            let mut report = Report::new(&checked.source.path);
            let message = format!(
                "what begins this flow begins {} too, and both send at once",
                quote(&other.source.flow.name)
            );
            let at = checked.source.places.trigger.unwrap_or(Mark::START);
            report.add(at, "same-moment", message).hint(
                "begin one of them with a `wait`, or keep them apart with `entry: { if: … }`",
            );
            problems.extend(report.into_problems());
        }
        for trigger in &flow.triggers {
            prompt.by_key.entry(moment(trigger)).or_default().push((checked, trigger));
        }
        prompt.by_name.insert(&flow.name, checked);
    }
    for checked in flows {
        problems.extend(prompt.begun_by(checked));
    }
    problems
}

impl<'f, 's> Prompt<'f, 's> {
    /// A flow that begins by what begins `checked`.
    fn beside(
        &self,
        checked: &Checked<'_>,
        forms: &BTreeMap<String, Form>,
    ) -> Option<&'f Checked<'s>> {
        checked.source.flow.triggers.iter().find_map(|trigger| {
            let keys = std::iter::once(moment(trigger)).chain(also(trigger, forms));
            let others = keys.filter_map(|key| self.by_key.get(&key)).flatten().take(COMPARED_MAX);
            let mut others =
                others.filter(|(other, by)| at_once(trigger, by) && meet(checked, other, None));
            others.next().map(|(other, _)| *other)
        })
    }

    /// Reports the steps of a flow that begin another one in the moment in which it sends itself.
    fn begun_by(&self, checked: &Checked<'_>) -> Vec<Problem> {
        let mut report = Report::new(&checked.source.path);
        let graph = &checked.graph;
        let mut at_sending = None;
        for (step, node) in graph.nodes.iter().enumerate() {
            let Some(other) = effects::of(graph, node).iter().find_map(|led| self.by(checked, led))
            else {
                continue;
            };
            if !holds(at_sending.get_or_insert_with(|| effects::at_sending(graph)), step) {
                continue;
            }
            let other = quote(&other.source.flow.name);
            report
                .add(
                    node.at,
                    "same-moment",
                    format!("this begins {other}, which sends at once, and so does this flow"),
                )
                .hint(format!(
                    "put a `wait` between this step and the message, or begin {other} with one"
                ));
        }
        report.into_problems()
    }

    /// A flow that begins by what a step of `checked` led to.
    fn by(&self, checked: &Checked<'_>, led: &Led<'_>) -> Option<&'f Checked<'s>> {
        let may = |other: &Checked<'_>| {
            other.source.flow.name != checked.source.flow.name
                && meet(checked, other, led.is_then().as_ref())
        };
        if let Led::Started(flow) = led {
            return self.by_name.get(flow).copied().filter(|other| may(other));
        }
        let others = self.by_key.get(&led.key()?)?.iter().take(COMPARED_MAX);
        let mut others = others.filter(|(other, by)| led.is(by) && may(other));
        others.next().map(|(other, _)| *other)
    }
}

/// A key that triggers have in common which may come at the same moment.
fn moment(trigger: &Trigger) -> String {
    match trigger {
        Trigger::Date { anchor, offset, at, .. } => {
            // A date that says no time of day comes at that time, too.
            format!("due:{} {offset} {}", anchor.in_words(), at.unwrap_or(DAYTIME))
        }
        Trigger::Silent { span, .. } => format!("due:{span}"),
        _ => trigger.key(),
    }
}

/// The keys of other triggers that one happening may be too.
fn also<'t>(
    trigger: &'t Trigger,
    forms: &'t BTreeMap<String, Form>,
) -> Box<dyn Iterator<Item = String> + 't> {
    let joined = |form: &'t Form| {
        form.lists.iter().take(COMPARED_MAX).map(|list| Trigger::Joined(list.clone()).key())
    };
    match trigger {
        Trigger::Form(form) => Box::new(forms.get(form).into_iter().flat_map(joined)),
        Trigger::Joined(list) => {
            let joining = forms.iter().filter(|(_, form)| form.lists.contains(list));
            let keys = joining.flat_map(move |(name, form)| {
                std::iter::once(Trigger::Form(name.clone()).key()).chain(joined(form))
            });
            let own = trigger.key();
            Box::new(keys.filter(move |key| *key != own))
        }
        // An answer is the field of its question's name, too.
        Trigger::Field { name: question, test } => Box::new(std::iter::once(
            Trigger::Answered { question: question.clone(), test: test.clone() }.key(),
        )),
        Trigger::Answered { question: name, test } => Box::new(std::iter::once(
            Trigger::Field { name: name.clone(), test: test.clone() }.key(),
        )),
        _ => Box::new(std::iter::empty()),
    }
}

/// Whether one happening may be both of these, whose keys it has.
fn at_once(one: &Trigger, other: &Trigger) -> bool {
    match (one, other) {
        (Trigger::Purchased(one), Trigger::Purchased(other)) => match (one.nth, other.nth) {
            (Some(one), Some(other)) => one == other,
            (Some(nth), None) => other.every.is_none_or(|every| nth % every == 0),
            (None, Some(nth)) => one.every.is_none_or(|every| nth % every == 0),
            (None, None) => true,
        },
        (Trigger::Event { matching: one, .. }, Trigger::Event { matching: other, .. }) => {
            one.iter().all(|(key, value)| other.get(key).is_none_or(|other| other == value))
        }
        (
            Trigger::Opened { times: one, since_purchase: of_one, .. },
            Trigger::Opened { times: other, since_purchase: of_other, .. },
        ) => one == other || of_one != of_other,
        (Trigger::Silent { of: one, .. }, Trigger::Silent { of: other, .. }) => {
            one == other || [one, other].contains(&&Activity::Any)
        }
        (
            Trigger::Field { test: one, .. } | Trigger::Answered { test: one, .. },
            Trigger::Field { test: other, .. } | Trigger::Answered { test: other, .. },
        ) => {
            let tests = [one, other].into_iter().filter_map(Clone::clone);
            let asked = tests.map(|test| Condition::Field { name: String::new(), test });
            possible(&Condition::All(asked.collect()), true)
        }
        _ => true,
    }
}

/// Whether a flow may send advertising before it ever waits.
fn writes_at_once(graph: &Graph<'_>) -> bool {
    let reached = graph.walk(|node| if node.waits() { Vec::new() } else { node.next.clone() });
    let mut nodes = graph.nodes.iter().enumerate();
    nodes.any(|(step, node)| holds(&reached, step) && graph.advertises(node))
}

/// Whether one contact may enter both. `then` is so when `other` begins.
fn meet(one: &Checked<'_>, other: &Checked<'_>, then: Option<&Condition>) -> bool {
    let all = |conditions: [Option<&Condition>; 2]| {
        let conditions = conditions.into_iter().flatten().cloned().collect();
        possible(&Condition::All(conditions), true)
    };
    let entry = |of: &'_ Checked<'_>| of.source.flow.entry_if.clone();
    let (one, other) = (entry(one), entry(other));
    all([one.as_ref(), other.as_ref()]) && (then.is_none() || all([other.as_ref(), then]))
}

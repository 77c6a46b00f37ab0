//! Flows that write to the same contact at the same moment.

use std::collections::{BTreeMap, BTreeSet};

use masa_domain::{Action, Activity, Condition, DAYTIME, Form, Setup, Span, Trigger};

use crate::{
    checks::{
        Checked,
        branches::possible,
        effects::{self, Led},
        graph::{Graph, holds},
        joined::Turning,
    },
    problem::{Mark, Problem, Report},
    words::quote,
};

/// With how many flows of the same trigger a flow is compared.
const COMPARED_MAX: usize = 20;
/// How many lengths of time after its beginning a flow is looked at.
const DELAYS_MAX: usize = 10;
/// How many steps are looked at for them, each time that a way leads to one.
const LOOKS_MAX: usize = 10_000;

/// Flows that send advertising before they wait for anything but the end of a length of time.
struct Prompt<'f, 's> {
    /// Those that send at once.
    by_name: BTreeMap<&'f str, &'f Checked<'s>>,
    /// By how long after its beginning one sends, in seconds, and by what may begin it.
    by_key: BTreeMap<(u64, String), Vec<(&'f Checked<'s>, &'f Trigger)>>,
    forms: &'f BTreeMap<String, Form>,
    turning: Turning<'f>,
}

/// Reports the flows that send advertising in the same moment as another one which the same begins, and
/// the steps that begin a flow that sends at once just when their own one sends.
pub(super) fn check(flows: &[Checked<'_>], setup: &Setup) -> Vec<Problem> {
    let mut prompt = Prompt {
        by_name: BTreeMap::new(),
        by_key: BTreeMap::new(),
        forms: &setup.forms,
        turning: Turning::of(setup),
    };
    let mut problems = Vec::new();
    for checked in flows {
        let flow = &checked.source.flow;
        let delays = delays(&checked.graph);
        let beside =
            delays.iter().find_map(|after| Some((*after, prompt.beside(checked, *after)?)));
        if let Some((after, other)) = beside {
            let mut report = Report::new(&checked.source.path);
            let when = match u32::try_from(after) {
                Ok(seconds) if seconds > 0 => format!("after {}", Span::seconds(seconds)),
                _ => "at once".to_owned(),
            };
            let message = format!(
                "what begins this flow begins {} too, and both send {when}",
                quote(&other.source.flow.name)
            );
            let at = checked.source.places.trigger.unwrap_or(Mark::START);
            report.add(at, "same-moment", message).hint(match after {
                0 => "begin one of them with a `wait`, or keep them apart with `entry: { if: … }`",
                _ => "have one of them wait longer, or keep them apart with `entry: { if: … }`",
            });
            problems.extend(report.into_problems());
        }
        for (after, trigger) in
            delays.iter().flat_map(|after| flow.triggers.iter().map(|by| (*after, by)))
        {
            prompt.by_key.entry((after, moment(trigger))).or_default().push((checked, trigger));
        }
        if delays.contains(&0) {
            prompt.by_name.insert(&flow.name, checked);
        }
    }
    for checked in flows {
        problems.extend(prompt.begun_by(checked));
    }
    problems
}

impl<'f, 's> Prompt<'f, 's> {
    /// A flow that begins by what begins `checked`, and sends so many seconds later.
    fn beside(&self, checked: &Checked<'_>, after: u64) -> Option<&'f Checked<'s>> {
        checked.source.flow.triggers.iter().find_map(|trigger| {
            let keys: Vec<String> =
                std::iter::once(moment(trigger)).chain(also(trigger, self.forms)).collect();
            let others = keys.iter().flat_map(|key| self.soon(after, key));
            let mut others =
                others.filter(|(other, by)| at_once(trigger, by) && meet(checked, other, None));
            let direct = others.next().map(|(other, _)| *other);
            direct.or_else(|| self.by_segment(checked, trigger, &keys, after))
        })
    }

    /// A flow that begins by a segment into which one of these keys leads, or by what leads into the segment
    /// by which `checked` begins.
    fn by_segment(
        &self,
        checked: &Checked<'_>,
        trigger: &Trigger,
        keys: &[String],
        after: u64,
    ) -> Option<&'f Checked<'s>> {
        let joining = match trigger {
            Trigger::Joined(segment) => Some(self.turning.leading_into(segment)),
            _ => None,
        };
        let joining = joining.into_iter().flatten().find_map(|(key, turn)| {
            let mut others = self.soon(after, key).iter();
            others.find(|(other, by)| turn.may_be_by(by) && meet_in(checked, other, turn.when))
        });
        let joined = || {
            let turns = keys.iter().flat_map(|key| self.turning.by(key));
            let mut turns = turns.filter(|turn| turn.may_be_by(trigger));
            turns.find_map(|turn| {
                let key = Trigger::Joined(turn.segment.to_owned()).key();
                self.soon(after, &key).iter().find(|(other, _)| meet_in(checked, other, turn.when))
            })
        };
        joining.or_else(joined).map(|(other, _)| *other)
    }

    /// The flows that something with this key begins, as far as others are compared with them.
    fn soon(&self, after: u64, key: &str) -> &[(&'f Checked<'s>, &'f Trigger)] {
        let others =
            self.by_key.get(&(after, key.to_owned())).map(Vec::as_slice).unwrap_or_default();
        others.get(..COMPARED_MAX).unwrap_or(others)
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
        let mut others =
            self.soon(0, &led.key()?).iter().filter(|(other, by)| led.is(by) && may(other));
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

/// How many seconds after its beginning a flow may send its first advertising, when nothing but lengths of
/// time are waited for.
fn delays(graph: &Graph<'_>) -> BTreeSet<u64> {
    let mut delays = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut open: BTreeSet<(u64, usize)> = graph.first.into_iter().map(|step| (0, step)).collect();
    while let Some((after, step)) = open.pop_first() {
        let Some(node) = graph.node(step).filter(|_| seen.insert((after, step))) else { continue };
        if delays.len() >= DELAYS_MAX || seen.len() >= LOOKS_MAX {
            break;
        }
        let wait = match &node.step.action {
            Action::Wait(span) => u64::from(span.as_seconds()),
            _ => 0,
        };
        if graph.advertises(node) {
            delays.insert(after);
        } else if wait > 0 || !node.waits() {
            open.extend(node.next.iter().map(|next| (after + wait, *next)));
        }
    }
    delays
}

/// Whether one contact may enter both in a segment with this condition.
fn meet_in(one: &Checked<'_>, other: &Checked<'_>, segment: &Condition) -> bool {
    let entries = [one, other].map(|checked| checked.source.flow.entry_if.clone());
    let all = entries.into_iter().flatten().chain([segment.clone()]);
    one.source.flow.name != other.source.flow.name && possible(&Condition::All(all.collect()), true)
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

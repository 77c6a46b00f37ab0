//! Conditions whose answer is always the same, and hours in which nothing may go.

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use masa_domain::{Action, ClockTime, Condition, FieldTest, Hours, PurchaseTest, Shop, Weekday};
use serde_json::{Value, json};

use crate::{
    checks::{Checked, decided::Before, graph::Graph},
    problem::{Mark, Report},
};

/// How many tests of one field are compared with each other.
const TESTS_MAX: usize = 100;
/// How many values that a field may have are compared with its other tests.
const VALUES_MAX: usize = 200;
/// How many conditions are compared with those of which one must be so.
const COMPARED_MAX: usize = 2_000;
/// When it is asked whether messages may ever go: in each season.
const ASKED_AT: [&str; 4] = [
    "2027-01-12T12:00:00Z",
    "2027-04-13T12:00:00Z",
    "2027-07-13T12:00:00Z",
    "2027-10-12T12:00:00Z",
];

pub(super) fn check(checked: &Checked<'_>, shop: Option<&Shop>, report: &mut Report<'_>) {
    let (flow, places) = (&checked.source.flow, &checked.source.places);
    if let Some(when) = flow.entry_if.as_ref().filter(|when| !possible(when, true)) {
        let at = culprit(when, true, &places.entry);
        report
            .add(at, "one-way-branch", "nobody ever enters: this is never so")
            .hint("mend what is asked, or remove it");
    }
    one_way(&checked.graph, report);
    let zone = shop.and_then(|shop| masa_domain::zone(&shop.timezone)).unwrap_or(TimeZone::UTC);
    let asked = ASKED_AT.iter().filter_map(|at| at.parse::<Timestamp>().ok());
    if let Some(at) = places.windows
        && asked.into_iter().all(|at| flow.windows.next(at, &zone).is_none())
    {
        report.add(at, "never-open", "no message of this flow may ever go").hint(
            "leave some time that is within `hours`, on one of the `days` and outside the `rest`",
        );
    }
}

const TAKEN: &str = "mend what is asked, or write the steps without the `if`";

/// Reports the branches that nobody ever takes, whatever is asked before.
fn one_way(graph: &Graph<'_>, report: &mut Report<'_>) {
    for node in &graph.nodes {
        let Action::If { when, .. } = &node.step.action else { continue };
        let (answer, message) = if !possible(when, true) {
            (true, "nobody ever goes the way of `then`: this is never so")
        } else if !possible(when, false) {
            (false, "nobody ever goes the way of `else`: this is always so")
        } else {
            continue;
        };
        let at = culprit(when, answer, node.condition);
        report.add(at, "one-way-branch", message).hint(TAKEN);
    }
}

/// Reports the branches that nobody takes after what was asked before.
pub(super) fn decided(graph: &Graph<'_>, report: &mut Report<'_>) {
    let before = Before::of(graph);
    for (step, node) in graph.nodes.iter().enumerate() {
        let Action::If { when, .. } = &node.step.action else { continue };
        if !possible(when, true) || !possible(when, false) {
            continue;
        }
        let message = if !before.leave_open(step, when, true) {
            "nobody ever goes the way of `then`: what was asked before says that this is not so"
        } else if !before.leave_open(step, when, false) {
            "nobody ever goes the way of `else`: what was asked before says that this is so"
        } else {
            continue;
        };
        let at = node.condition.first().copied().unwrap_or(node.at);
        report.add(at, "one-way-branch", message).hint(TAKEN);
    }
}

/// Whether a condition may ever answer `answer`. What it can't tell is possible.
pub(super) fn possible(when: &Condition, answer: bool) -> bool {
    match (when, answer) {
        (Condition::Not(one), _) => possible(one, !answer),
        (Condition::All(members), true) | (Condition::Any(members), false) => {
            members.iter().all(|member| possible(member, answer)) && together(when, answer).may_be()
        }
        (Condition::All(members), false) | (Condition::Any(members), true) => {
            members.iter().any(|member| possible(member, answer))
        }
        _ => !contradictory(&[(when, answer)]),
    }
}

/// Where the innermost condition stands because of which one can't answer `answer`.
pub(super) fn culprit(when: &Condition, answer: bool, marks: &[Mark]) -> Mark {
    let (mut when, mut answer, mut index) = (when, answer, 0);
    loop {
        let members = match (when, answer) {
            (Condition::Not(one), _) => {
                (when, answer, index) = (one, !answer, index + 1);
                continue;
            }
            (Condition::All(members), true) | (Condition::Any(members), false) => members,
            _ => break,
        };
        let mut at = index + 1;
        let inner = members.iter().find(|member| {
            let found = !possible(member, answer);
            at += if found { 0 } else { size(member) };
            found
        });
        let Some(inner) = inner else { break };
        (when, index) = (inner, at);
    }
    marks.get(index).or(marks.first()).copied().unwrap_or(Mark::START)
}

/// How many conditions one is, with those in it.
pub(super) fn size(when: &Condition) -> usize {
    match when {
        Condition::Not(one) => 1 + size(one),
        Condition::All(members) | Condition::Any(members) => {
            1 + members.iter().map(size).sum::<usize>()
        }
        _ => 1,
    }
}

/// What must be so together.
pub(super) struct Together<'c> {
    /// Conditions without others in them, each with its answer.
    pub sure: Vec<(&'c Condition, bool)>,
    /// Conditions of which one at least answers so.
    ways: Vec<(&'c [Condition], bool)>,
}

/// What must be so for `when` to answer `answer`.
pub(super) fn together(when: &Condition, answer: bool) -> Together<'_> {
    let mut found = Together { sure: Vec::new(), ways: Vec::new() };
    let mut open = vec![(when, answer)];
    while let Some((when, answer)) = open.pop() {
        match (when, answer) {
            (Condition::Not(one), _) => open.push((one, !answer)),
            (Condition::All(members), true) | (Condition::Any(members), false) => {
                open.extend(members.iter().map(|member| (member, answer)));
            }
            (Condition::All(members), false) | (Condition::Any(members), true) => {
                match members.as_slice() {
                    [one] => open.push((one, answer)),
                    members => found.ways.push((members, answer)),
                }
            }
            _ => found.sure.push((when, answer)),
        }
    }
    found
}

impl Together<'_> {
    /// Whether all of it may be so.
    fn may_be(&self) -> bool {
        !contradictory(&self.sure)
            && self.ways.iter().all(|(members, answer)| {
                let mut one = members.iter().map(|member| together(member, *answer).sure);
                members.len().saturating_mul(self.sure.len()) > COMPARED_MAX
                    || one.any(|one| !contradictory(&[&*self.sure, &*one].concat()))
            })
    }
}

/// Whether these can't all be so.
fn contradictory(asked: &[(&Condition, bool)]) -> bool {
    let mut tests: BTreeMap<(bool, &str), Vec<(&FieldTest, bool)>> = BTreeMap::new();
    let mut days: Vec<Weekday> = Weekday::ALL.iter().map(|(_, day)| *day).collect();
    let mut hours = Vec::new();
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for (when, answer) in asked {
        match when {
            Condition::Field { name, test } => {
                tests.entry((false, name)).or_default().push((test, *answer));
            }
            Condition::DaysTo { field, test } => {
                tests.entry((true, field)).or_default().push((test, *answer));
            }
            Condition::Weekday(some) => days.retain(|day| some.contains(day) == *answer),
            Condition::Hour(some) => hours.push((*some, *answer)),
            other => {
                let (what, times) = counted(other);
                let (least, below) = counts.entry(what).or_insert((0, u32::MAX));
                match answer {
                    true => *least = times.max(*least),
                    false => *below = times.min(*below),
                }
                if least >= below {
                    return true;
                }
            }
        }
    }
    days.is_empty() || never(&hours) || tests.iter().any(|((whole, _), tests)| apart(tests, *whole))
}

/// What a condition counts, and how often that must be at least: what counts nothing is once, or not.
fn counted(when: &Condition) -> (String, u32) {
    let mut what = when.clone();
    let times = match &mut what {
        // How much was paid is of all orders together, and no matter of how many.
        Condition::Purchased(PurchaseTest { times, total: None, .. })
        | Condition::Event { times, .. } => std::mem::take(times),
        _ => 1,
    };
    (json!(what).to_string(), times)
}

/// Whether no time of day is in these parts of the day, and outside those that are denied.
fn never(hours: &[(Hours, bool)]) -> bool {
    // Whatever is left begins where a part begins, or where one that is denied ends.
    let starts = hours.iter().flat_map(|(hours, _)| [hours.from, hours.until]);
    let mut starts: Vec<ClockTime> = starts.chain([ClockTime::minute(0)]).collect();
    starts.sort_unstable();
    starts.dedup();
    !starts.iter().any(|at| hours.iter().all(|(hours, answer)| hours.contains(*at) == *answer))
}

/// Whether no value of a field passes these tests. `whole`: it is a whole number, or missing.
fn apart(tests: &[(&FieldTest, bool)], whole: bool) -> bool {
    let tests: Vec<(&FieldTest, bool)> = tests.iter().copied().take(TESTS_MAX).collect();
    let values = tests.iter().filter_map(|(test, answer)| match (test, answer) {
        (FieldTest::Is(value), true) => Some(std::slice::from_ref(value)),
        (FieldTest::OneOf(values), true) => Some(values.as_slice()),
        _ => None,
    });
    if let Some(values) = values.min_by_key(|values| values.len()) {
        let fits = |value: &Value| {
            (!whole || value.as_f64().is_some_and(|number| number.fract() == 0.0))
                && tests.iter().all(|(test, answer)| passes(test, value) == *answer)
        };
        return values.len() <= VALUES_MAX && !values.iter().any(fits);
    }
    let mut seen = BTreeMap::new();
    let both = tests.iter().any(|(test, answer)| {
        // `empty: false` denies `empty: true`.
        let (test, answer) = match test {
            FieldTest::Empty(false) => (&FieldTest::Empty(true), !answer),
            test => (*test, *answer),
        };
        seen.insert(json!(test).to_string(), answer).is_some_and(|old| old != answer)
    });
    let has = |kind: fn(&FieldTest) -> bool| tests.iter().any(|(test, yes)| *yes && kind(test));
    let number = has(|test| matches!(test, FieldTest::Over(_) | FieldTest::Under(_)));
    let part = has(|test| matches!(test, FieldTest::Contains(part) if !is_empty(part)));
    let empty = tests.iter().any(|(test, yes)| matches!(test, FieldTest::Empty(e) if e == yes));
    both || (number && part) || (empty && (number || part)) || (number && outside(&tests, whole))
}

/// Whether no number passes the tests of numbers.
fn outside(tests: &[(&FieldTest, bool)], whole: bool) -> bool {
    // Each bound with whether it is itself outside.
    let (mut low, mut high) = ((f64::NEG_INFINITY, false), (f64::INFINITY, false));
    for (test, answer) in tests {
        let (limit, above) = match test {
            FieldTest::Over(limit) => (limit.as_f64(), *answer),
            FieldTest::Under(limit) => (limit.as_f64(), !answer),
            _ => continue,
        };
        let Some(limit) = limit else { continue };
        let stricter = |old: f64, open: bool| limit == old && *answer && !open;
        if above && (limit > low.0 || stricter(low.0, low.1)) {
            low = (limit, *answer);
        }
        if !above && (limit < high.0 || stricter(high.0, high.1)) {
            high = (limit, *answer);
        }
    }
    if whole {
        let first = if low.1 { low.0.floor() + 1.0 } else { low.0.ceil() };
        let last = if high.1 { high.0.ceil() - 1.0 } else { high.0.floor() };
        return first > last;
    }
    low.0 > high.0 || (low.0 == high.0 && (low.1 || high.1))
}

/// Whether a text, number or truth value passes a test.
pub(super) fn passes(test: &FieldTest, value: &Value) -> bool {
    let compared = |limit: &serde_json::Number, over: bool| {
        let (Some(value), Some(limit)) = (value.as_f64(), limit.as_f64()) else { return false };
        if over { value > limit } else { value < limit }
    };
    match test {
        FieldTest::Is(wanted) => equal(value, wanted),
        FieldTest::OneOf(wanted) => wanted.iter().any(|wanted| equal(value, wanted)),
        FieldTest::Contains(part) => {
            value.as_str().zip(part.as_str()).is_some_and(|(text, part)| text.contains(part))
        }
        FieldTest::Over(limit) => compared(limit, true),
        FieldTest::Under(limit) => compared(limit, false),
        FieldTest::Empty(empty) => *empty == is_empty(value),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty)
}

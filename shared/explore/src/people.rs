//! Starting contacts: a small product of what a journey's conditions ask.
//!
//! When the product is larger than the bound, one contact is made for each way of each condition, by
//! walking to it and setting on the way what every condition before it asks; then those who differ in
//! one thing from any other contact.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;
use masa_domain::{Action, Condition, Flow, Happening, Trigger};
use masa_language::Library;
use serde_json::Value;

use crate::{
    act::Source,
    beside::brings,
    clock::later,
    setting::{Person, Setting},
    stage,
};

mod dimensions;

pub(crate) use dimensions::Dimension;

/// Who starts.
pub(crate) struct People<'a> {
    library: &'a Library,
    flow: &'a Flow,
    start: Timestamp,
    dimensions: Vec<Dimension>,
}

/// One value of each dimension, by its number.
type Choice = Vec<u16>;

/// A condition that a choice has to answer.
#[derive(Clone)]
struct Constraint<'a> {
    condition: &'a Condition,
    holds: bool,
    /// Seconds from the entry to where it is asked, at least.
    elapsed: i64,
    /// The dimensions that may answer it.
    about: BTreeSet<usize>,
}

impl<'a> People<'a> {
    pub(crate) fn new(library: &'a Library, flow: &'a Flow, start: Timestamp) -> Self {
        let dimensions = dimensions::of(library, flow, start);
        Self { library, flow, start, dimensions }
    }

    /// Contacts for one trigger, at most so many; and whether that is all of them.
    pub(crate) fn all(&self, trigger: &Trigger, most: usize) -> (Vec<Person>, bool) {
        let own: Vec<usize> = self.own(trigger);
        let sizes = own.iter().filter_map(|index| self.dimensions.get(*index));
        let product = sizes.fold(1_usize, |product, one| product.saturating_mul(one.values.len()));
        let base = self.base(trigger, &own);
        let mut choices = Vec::new();
        if product <= most {
            self.product(&own, &base, &mut choices);
        } else {
            choices.push(base.clone());
            self.directed(trigger, &own, &base, most, &mut choices);
            for index in &own {
                let values = self.dimensions.get(*index).map_or(0, |one| one.values.len());
                for value in 0..values {
                    let mut choice = base.clone();
                    set(&mut choice, *index, value);
                    choices.push(choice);
                }
            }
        }
        let mut seen = BTreeSet::new();
        choices.retain(|choice| seen.insert(choice.clone()));
        choices.truncate(most.max(1));
        (choices.iter().map(|choice| self.person(trigger, choice)).collect(), product <= most)
    }

    /// The dimensions that matter for a trigger: what it brings differs by it.
    fn own(&self, trigger: &Trigger) -> Vec<usize> {
        let fits = |dimension: &Dimension| match &dimension.needs {
            dimensions::Needs::Nothing => true,
            dimensions::Needs::Event => matches!(trigger, Trigger::Event { .. }),
            dimensions::Needs::Order => matches!(trigger, Trigger::Purchased(_)),
        };
        // A date trigger comes at its field's own date, and an event has the members that are asked.
        let anchor = |field: &str| match trigger {
            Trigger::Date { anchor: masa_domain::Anchor::Field(name), .. }
            | Trigger::Field { name, .. } => name == field,
            Trigger::Event { matching, .. } => {
                field.strip_prefix("event.").is_some_and(|key| matching.contains_key(key))
            }
            _ => false,
        };
        let free =
            |dimension: &Dimension| !dimension.about.strip_prefix("field ").is_some_and(anchor);
        let indexed = self.dimensions.iter().enumerate();
        indexed.filter(|(_, one)| fits(one) && free(one)).map(|(index, _)| index).collect()
    }

    fn product(&self, own: &[usize], base: &Choice, choices: &mut Vec<Choice>) {
        choices.push(base.clone());
        for index in own {
            let values = self.dimensions.get(*index).map_or(0, |one| one.values.len());
            let before = std::mem::take(choices);
            for choice in before {
                for value in 0..values {
                    let mut choice = choice.clone();
                    set(&mut choice, *index, value);
                    choices.push(choice);
                }
            }
        }
    }

    /// The contact who is like any other, and may enter.
    fn base(&self, trigger: &Trigger, own: &[usize]) -> Choice {
        let mut choice = vec![0; self.dimensions.len()];
        if let Some(condition) = &self.flow.entry_if {
            let constraint = self.constraint(own, condition, true, 0);
            self.mend(trigger, &mut choice, &[], &constraint);
        }
        choice
    }

    fn constraint<'c>(
        &self,
        own: &[usize],
        condition: &'c Condition,
        holds: bool,
        elapsed: i64,
    ) -> Constraint<'c> {
        let mut subjects = BTreeSet::new();
        dimensions::subjects(condition, &mut subjects);
        let about = own.iter().copied().filter(|index| {
            self.dimensions.get(*index).is_some_and(|one| subjects.contains(&one.about))
        });
        Constraint { condition, holds, elapsed, about: about.collect() }
    }

    /// One contact for each way of each condition, in the order of the ways from the first step.
    fn directed(
        &self,
        trigger: &Trigger,
        own: &[usize],
        base: &Choice,
        most: usize,
        choices: &mut Vec<Choice>,
    ) {
        let mut seen = BTreeSet::new();
        let entry = self.flow.entry_if.iter();
        let entry = entry.map(|one| self.constraint(own, one, true, 0)).collect();
        let first = self.flow.first.as_deref();
        let mut queue: VecDeque<(&str, Choice, Vec<Constraint<'_>>, i64)> = VecDeque::new();
        queue.extend(first.map(|first| (first, base.clone(), entry, 0)));
        while let Some((id, choice, path, elapsed)) = queue.pop_front() {
            if choices.len() >= most || !seen.insert(id) {
                continue;
            }
            let Some(step) = self.flow.steps.get(id) else { continue };
            let after = elapsed.saturating_add(dimensions::lasts(&step.action));
            for (word, next) in self.flow.ways(step) {
                let (mut choice, mut path) = (choice.clone(), path.clone());
                match &step.action {
                    Action::If { when, .. } => {
                        let constraint = self.constraint(own, when, word == "yes", elapsed);
                        self.mend(trigger, &mut choice, &path, &constraint);
                        path.push(constraint);
                        choices.push(choice.clone());
                    }
                    Action::Split { .. } => {
                        let goes = own.iter().find_map(|index| self.goes(*index, id, word));
                        if let Some((index, value)) = goes {
                            set(&mut choice, index, value);
                            choices.push(choice.clone());
                        }
                    }
                    _ => {}
                }
                queue.extend(next.map(|next| (next, choice, path, after)));
            }
        }
    }

    /// The value of a dimension by which a contact goes this way.
    fn goes(&self, index: usize, step: &str, way: &str) -> Option<(usize, usize)> {
        let values = &self.dimensions.get(index)?.values;
        let wanted = format!("{way} at {step}");
        let value = values.iter().position(|value| match value {
            Setting::Goes(_, words) => words.split(" and ").any(|word| word == wanted),
            _ => false,
        })?;
        Some((index, value))
    }

    /// Changes one or two values so that a condition is answered as it has to be, and those before it
    /// still are. Leaves them when there are none: something that happens on the way may do it.
    fn mend(
        &self,
        trigger: &Trigger,
        choice: &mut Choice,
        before: &[Constraint<'_>],
        wanted: &Constraint<'_>,
    ) {
        if self.answers(trigger, choice, wanted) {
            return;
        }
        let good = |choice: &Choice| {
            let touched = before.iter().filter(|one| !one.about.is_disjoint(&wanted.about));
            self.answers(trigger, choice, wanted)
                && touched.into_iter().all(|one| self.answers(trigger, choice, one))
        };
        let mut tried = vec![choice.clone()];
        // In two rounds two things are changed.
        for _ in 0..2 {
            let mut next = Vec::new();
            for from in &tried {
                for index in wanted.about.iter().take(8) {
                    let values = self.dimensions.get(*index).map_or(0, |one| one.values.len());
                    for value in 0..values {
                        let mut other = from.clone();
                        set(&mut other, *index, value);
                        if good(&other) {
                            *choice = other;
                            return;
                        }
                        next.push(other);
                    }
                }
            }
            next.truncate(64);
            tried = next;
        }
    }

    fn answers(&self, trigger: &Trigger, choice: &Choice, constraint: &Constraint<'_>) -> bool {
        let person = self.person(trigger, choice);
        let began = self.begins(trigger, &person);
        let at = later(person.now, constraint.elapsed);
        let (contact, messages) = (&person.contact, &person.messages);
        let condition = constraint.condition;
        let holds = stage::holds(self.library, condition, contact, messages, began.as_ref(), at);
        holds == constraint.holds
    }

    /// What lets a contact in, where it brings what conditions may ask about.
    fn begins(&self, trigger: &Trigger, person: &Person) -> Option<Happening> {
        let (Trigger::Event { .. } | Trigger::Purchased(_)) = trigger else { return None };
        let (library, contact, now) = (self.library, &person.contact, person.now);
        let (data, values) = (&Value::Null, &BTreeMap::new());
        let source = Source { library, contact, data, values, now };
        let brought = brings(self.flow, trigger, &person.brought);
        source.acts(trigger, &brought).into_iter().next().map(|act| act.what)
    }

    fn person(&self, trigger: &Trigger, choice: &Choice) -> Person {
        let chosen = self.dimensions.iter().zip(choice);
        let settings = chosen.filter_map(|(one, value)| one.values.get(usize::from(*value)));
        let settings: Vec<&Setting> = settings.collect();
        Person::entering(self.library, trigger, self.start, &settings)
    }
}

fn set(choice: &mut Choice, index: usize, value: usize) {
    if let Some(place) = choice.get_mut(index) {
        *place = u16::try_from(value).unwrap_or(0);
    }
}

/// What the journey's conditions ask, each with the least time from the entry to it.
fn asked(flow: &Flow) -> Vec<(&Condition, i64)> {
    let mut all: Vec<(&Condition, i64)> = flow.entry_if.iter().map(|one| (one, 0)).collect();
    for (id, elapsed) in elapsed(flow) {
        if let Some(Action::If { when, .. }) = flow.steps.get(id).map(|step| &step.action) {
            all.push((when, elapsed));
        }
    }
    all
}

/// The least time from the entry to each step that the ways lead to, in seconds: lengths of waits
/// alone.
fn elapsed(flow: &Flow) -> BTreeMap<&str, i64> {
    let mut least: BTreeMap<&str, i64> = BTreeMap::new();
    let mut queue: BTreeSet<(i64, &str)> = flow.first.iter().map(|id| (0, id.as_str())).collect();
    while let Some((at, id)) = queue.pop_first() {
        if least.contains_key(id) {
            continue;
        }
        least.insert(id, at);
        let Some(step) = flow.steps.get(id) else { continue };
        for (word, next) in flow.ways(step) {
            // What happened may have come at once.
            let lasts = if word == "happened" { 0 } else { dimensions::lasts(&step.action) };
            queue.extend(next.map(|next| (at.saturating_add(lasts), next)));
        }
    }
    least
}

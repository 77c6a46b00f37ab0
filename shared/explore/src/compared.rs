//! What a journey compares fields, answers and the answers of systems with: of all values that could be
//! tried, one for each set of answers to its tests, for the others make no difference.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use masa_domain::{Action, Anchor, Condition, Contact, FieldTest, Flow, Moment, Trigger};
use masa_language::Library;
use serde_json::Value;

use crate::{
    act::set_field,
    stage::{self, somebody},
    values::candidates,
};

/// The field that stands for the one that is asked about.
const ASKED: &str = "explored";

/// The tests of a journey, by the names of what they are about.
pub(crate) struct Compared<'a> {
    library: &'a Library,
    tests: BTreeMap<String, Vec<FieldTest>>,
    /// Fields of which more matters than the answers to tests: they are counted, or hold days.
    whole: BTreeSet<String>,
}

impl<'a> Compared<'a> {
    pub(crate) fn new(library: &'a Library, flow: &Flow) -> Self {
        let mut own = Self { library, tests: BTreeMap::new(), whole: BTreeSet::new() };
        let goals = flow.goal.iter().flat_map(|goal| &goal.reached_by);
        let triggers = flow.triggers.iter().chain(&flow.exits).chain(goals);
        triggers.for_each(|trigger| own.trigger(trigger));
        flow.entry_if.iter().for_each(|condition| own.condition(condition));
        for step in flow.steps.values() {
            match &step.action {
                Action::If { when, .. } => own.condition(when),
                Action::Await { until, .. } => until.iter().for_each(|one| own.trigger(one)),
                Action::Count { field, .. } | Action::Append { field, .. } => {
                    own.whole.insert(field.clone());
                }
                Action::Until { moment: Moment::Date { anchor, .. }, .. } => own.anchor(anchor),
                _ => {}
            }
        }
        own
    }

    fn test(&mut self, name: &str, test: &FieldTest) {
        let tests = self.tests.entry(name.to_owned()).or_default();
        if !tests.contains(test) {
            tests.push(test.clone());
        }
    }

    fn trigger(&mut self, trigger: &Trigger) {
        match trigger {
            Trigger::Field { name, test: Some(test) }
            | Trigger::Answered { question: name, test: Some(test) } => self.test(name, test),
            Trigger::Date { anchor, .. } => self.anchor(anchor),
            _ => {}
        }
    }

    fn anchor(&mut self, anchor: &Anchor) {
        if let Anchor::Field(field) = anchor {
            self.whole.insert(field.clone());
        }
    }

    fn condition(&mut self, condition: &Condition) {
        leaves(condition, &mut |leaf| match leaf {
            Condition::Field { name, test } => self.test(name, test),
            Condition::DaysTo { field, .. } => {
                self.whole.insert(field.clone());
            }
            _ => {}
        });
    }

    /// How a value answers all tests of this name; `None` when more than that matters.
    pub(crate) fn kind(&self, name: &str, value: Option<&Value>) -> Option<Vec<bool>> {
        if self.whole.contains(name) {
            return None;
        }
        let now = Timestamp::UNIX_EPOCH;
        let mut contact = Contact::new(somebody(0), now);
        set_field(&mut contact, ASKED, value.cloned());
        let tests = self.tests.get(name).into_iter().flatten().map(|test| {
            let asked = Condition::Field { name: ASKED.to_owned(), test: test.clone() };
            stage::holds(self.library, &asked, &contact, &[], None, now)
        });
        Some(tests.collect())
    }

    /// One value for each set of answers to the tests of each name that some value gives; and no value
    /// at all, where a test asks for that.
    pub(crate) fn values(&self) -> BTreeMap<String, Vec<Option<Value>>> {
        let all = self.tests.iter().map(|(name, tests)| {
            let mut known = Vec::new();
            let mut values: Vec<Option<Value>> = tests.iter().flat_map(candidates).collect();
            values.retain(|value| {
                let kind = value.as_ref().and_then(|value| self.kind(name, Some(value)));
                let same = (kind.is_none().then(|| value.clone()), kind);
                let new = !known.contains(&same);
                known.push(same);
                new
            });
            (name.clone(), values)
        });
        all.collect()
    }
}

/// Does something with each question of a condition.
pub(crate) fn leaves(condition: &Condition, each: &mut impl FnMut(&Condition)) {
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().for_each(|one| leaves(one, each)),
        Condition::Not(one) => leaves(one, each),
        leaf => each(leaf),
    }
}

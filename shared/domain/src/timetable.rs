//! The dates and silences that let in, found by what a contact has.

use std::collections::BTreeMap;

use jiff::{ToSpan, civil::Date};

use crate::{
    calendar::Offset,
    contact::Contact,
    flow::Late,
    live::Dated,
    trigger::{Anchor, Trigger},
};

/// An index, so that a birthday's flows cost nobody anything who has no birthday, and days that are over
/// nobody at all.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Timetable {
    /// Silences and holidays, which come to everybody.
    always: Words,
    /// Days, by when they are over.
    days: BTreeMap<Date, Words>,
    /// Dates, by the field in which they stand.
    fields: BTreeMap<String, Words>,
}

/// What is waited for, in words, and the flows that wait for it, by name.
type Words = BTreeMap<String, BTreeMap<String, Dated>>;

/// The day itself, or the later one when what is meant comes after it: who is late is let in until then.
fn last_day(day: Date, offset: Offset) -> Date {
    let days = offset.days.saturating_add(offset.seconds / 86_400);
    day.checked_add(days.max(0).days()).unwrap_or(Date::MAX)
}

/// Who is late is let in if any of the flows lets them.
fn lenient(waiting: &BTreeMap<String, Dated>) -> Option<&Dated> {
    waiting.values().find(|dated| dated.late != Late::Skip).or_else(|| waiting.values().next())
}

impl Timetable {
    fn words_of(&mut self, trigger: &Trigger) -> &mut Words {
        match trigger {
            Trigger::Date { anchor: Anchor::Field(field), .. } => {
                self.fields.entry(field.clone()).or_default()
            }
            Trigger::Date { anchor: Anchor::Day(day), offset, .. } => {
                self.days.entry(last_day(*day, *offset)).or_default()
            }
            _ => &mut self.always,
        }
    }

    /// Adds what a flow waits for.
    pub(crate) fn insert(&mut self, flow: &str, dated: &Dated) {
        let waiting = self.words_of(&dated.trigger).entry(dated.trigger.in_words()).or_default();
        waiting.insert(flow.to_owned(), dated.clone());
    }

    /// Takes it out again. The same flows make the same index, whatever was live before.
    pub(crate) fn remove(&mut self, flow: &str, dated: &Dated) {
        self.words_of(&dated.trigger).retain(|_, waiting| {
            waiting.remove(flow);
            !waiting.is_empty()
        });
        self.days.retain(|_, words| !words.is_empty());
        self.fields.retain(|_, words| !words.is_empty());
    }

    /// All, in words.
    pub(crate) fn words(&self) -> impl Iterator<Item = &String> {
        let all = self.days.values().chain(self.fields.values());
        std::iter::once(&self.always).chain(all).flat_map(BTreeMap::keys)
    }

    /// What may come to a contact, by its words; `today` may be a day off.
    pub(crate) fn of<'a>(
        &'a self,
        contact: &'a Contact,
        today: Date,
    ) -> impl Iterator<Item = (&'a String, &'a Dated)> {
        let lately = today.checked_sub(2.days()).unwrap_or(Date::MIN);
        let days = self.days.range(lately..).map(|(_, words)| words);
        let fields = contact.fields.keys().filter_map(|field| self.fields.get(field));
        let all = std::iter::once(&self.always).chain(days).chain(fields).flatten();
        all.filter_map(|(words, waiting)| Some((words, lenient(waiting)?)))
    }
}

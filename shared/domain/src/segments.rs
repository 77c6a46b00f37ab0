//! Segments: lists whose members a condition decides (T2, C5).
//!
//! A contact's state says of each segment whether it is a member, so that entering and leaving are things
//! that happen. A decision asks again at its end; where time alone turns the answer, the contact is
//! looked at then ([`Walk::look_forward`]).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde_json::Value;

use crate::{
    calendar,
    condition::{Asked, Condition, FieldTest, Since},
    contact::Contact,
    decide::Need,
    fact::OrderStatus,
    follow::Followed,
    occurrence::Consequence,
    walk::Walk,
};

/// How often in a decision what follows from a segment may change segments again. Journeys that begin one
/// another end before.
pub(crate) const ROUNDS_MAX: usize = 100;

impl Walk<'_> {
    /// Whether a list is one whose members a condition decides.
    pub(crate) fn is_segment(&self, list: &str) -> bool {
        self.known.catalogue.setup.segments.contains_key(list)
    }

    fn is_meant(&self, segment: &Condition) -> Result<bool, Need> {
        let asked = Asked { contact: &self.contact, run: None, known: self.known, now: self.now };
        segment.holds(&asked).map_err(|needed| Need::Messages(needed.0))
    }

    /// Notes for segments that were published since the contact moved last whether it is a member, before
    /// anything happens: who was found there did not enter. Of a new contact nothing is noted, so that it
    /// enters. Returns whether something was noted.
    pub(crate) fn meet_segments(&mut self) -> Result<bool, Need> {
        let known = self.known;
        let segments = &known.catalogue.setup.segments;
        let before = self.contact.segments.len();
        self.contact.segments.retain(|name, _| segments.contains_key(name));
        let mut noted = self.contact.segments.len() < before;
        let new = |name: &&String| !self.contact.segments.contains_key(*name);
        let unmet: Vec<&String> = segments.keys().filter(new).collect();
        for name in unmet.into_iter().filter(|_| self.contact.version > 0) {
            let Some(condition) = segments.get(name) else { continue };
            let since = self.is_meant(condition)?.then_some(self.now);
            self.contact.segments.insert(name.clone(), since);
            noted = true;
        }
        Ok(noted)
    }

    /// Notes for all segments whether the contact is a member: it came in or fell out unnoticed.
    pub(crate) fn note_segments(&mut self) -> Result<(), Need> {
        for (name, condition) in &self.known.catalogue.setup.segments {
            let meant = self.is_meant(condition)?;
            if self.contact.is_in_segment(name) != meant {
                self.contact.segments.insert(name.clone(), meant.then_some(self.now));
            }
        }
        Ok(())
    }

    /// The segments in which the contact is and should not be, or the other way round, and which of both.
    pub(crate) fn astray(&self) -> Result<Vec<(&String, bool)>, Need> {
        let mut astray = Vec::new();
        for (name, condition) in &self.known.catalogue.setup.segments {
            let meant = self.is_meant(condition)?;
            if self.contact.is_in_segment(name) != meant {
                astray.push((name, meant));
            }
        }
        Ok(astray)
    }

    /// Puts the contact into the segments where it belongs; whether that changed something, which is then to
    /// be followed. From then on it is known of all of them.
    pub(crate) fn sort(&mut self) -> Result<bool, Need> {
        let astray: Vec<(String, bool)> =
            self.astray()?.into_iter().map(|(name, meant)| (name.clone(), meant)).collect();
        let changed = !astray.is_empty();
        for (name, meant) in astray {
            self.contact.segments.insert(name.clone(), meant.then_some(self.now));
            let what = if meant { Consequence::Joined(name) } else { Consequence::Left(name) };
            self.leads_to(Followed::Occurred(what));
        }
        for name in self.known.catalogue.setup.segments.keys() {
            if !self.contact.segments.contains_key(name) {
                self.contact.segments.insert(name.clone(), None);
            }
        }
        Ok(changed)
    }

    /// When time alone may change a segment next.
    pub(crate) fn turns(&self) -> Option<Timestamp> {
        let asked = Asked { contact: &self.contact, run: None, known: self.known, now: self.now };
        let segments = self.known.catalogue.setup.segments.values();
        segments.filter_map(|condition| condition.turns(&asked)).min()
    }
}

impl Contact {
    /// Whether the contact is in a segment, as of its last decision.
    pub fn is_in_segment(&self, name: &str) -> bool {
        self.segments.get(name).is_some_and(Option::is_some)
    }

    /// The lists that the contact is on, and the segments that it is in, as of its last decision.
    pub fn all_lists(&self) -> BTreeSet<&str> {
        let lists = self.lists.keys().filter(|list| !self.segments.contains_key(*list));
        let segments = self.segments.keys().filter(|name| self.is_in_segment(name));
        lists.chain(segments).map(String::as_str).collect()
    }
}

impl Condition {
    /// The first moment after now from which the answer may be another although nothing happens: none when
    /// there is none. It may be too early, never too late. Of hours and weekdays, which turn for all contacts
    /// each day and are refused in segments, nothing is said.
    fn turns(&self, asked: &Asked<'_>) -> Option<Timestamp> {
        let seen = |key: &str| asked.contact.seen.get(key).map(|seen| seen.last_at);
        match self {
            Self::Form { name, since } => asked.over(*since, seen(&format!("form:{name}"))),
            Self::Event { name, since, .. } => {
                let told = seen(&format!("event:{name}"));
                let orders = OrderStatus::told_by(name).is_some();
                let bought = orders.then(|| asked.contact.purchases.moments());
                asked.over(*since, told.into_iter().chain(bought.into_iter().flatten()))
            }
            Self::Purchased(test) => asked.over(test.since, asked.contact.purchases.moments()),
            Self::DaysTo { field, test } => asked.nears(field, test),
            Self::All(all) | Self::Any(all) => all.iter().filter_map(|one| one.turns(asked)).min(),
            Self::Not(one) => one.turns(asked),
            Self::Email { .. }
            | Self::Field { .. }
            | Self::List(_)
            | Self::Consent(_)
            | Self::Weekday(_)
            | Self::Hour(_) => None,
        }
    }
}

impl Asked<'_> {
    /// When the first of these moments is too long ago to count.
    fn over(
        &self,
        since: Since,
        moments: impl IntoIterator<Item = Timestamp>,
    ) -> Option<Timestamp> {
        let Since::Within(span) = since else { return None };
        // It counts until then, to the end of that very second.
        let ends = |at| span.after(at).checked_add(SignedDuration::from_secs(1)).ok();
        moments.into_iter().filter_map(ends).filter(|end| *end > self.now).min()
    }

    /// When the days to a date become, or are no longer, a number that a test names.
    fn nears(&self, field: &str, test: &FieldTest) -> Option<Timestamp> {
        let zone = self.zone();
        let (date, _) = calendar::date(&self.field(field)?, &zone)?;
        let begins = |days: i64| {
            let day = date.checked_sub(days.days()).ok()?;
            TimeZone::to_ambiguous_timestamp(&zone, day.at(0, 0, 0, 0)).compatible().ok()
        };
        let numbers: Vec<i64> = match test {
            FieldTest::Is(value) => whole(value).into_iter().collect(),
            FieldTest::OneOf(values) => values.iter().filter_map(whole).collect(),
            FieldTest::Over(limit) | FieldTest::Under(limit) => {
                whole(&Value::Number(limit.clone())).into_iter().collect()
            }
            FieldTest::Contains(_) | FieldTest::Empty(_) => Vec::new(),
        };
        let around = numbers.into_iter().flat_map(|days| [days, days.saturating_sub(1)]);
        around.filter_map(begins).filter(|at| *at > self.now).min()
    }
}

/// A number of days, rounded down.
fn whole(value: &Value) -> Option<i64> {
    let days = value.as_f64()?.floor();
    // Beyond it there are no dates.
    (days.abs() < 5_000_000.0).then_some(days as i64)
}

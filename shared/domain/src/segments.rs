//! Segments: lists whose members a condition decides (T2, C5).
//!
//! A contact's state says of each segment whether it is a member, so that entering and leaving are things
//! that happen. A decision asks again at its end; where time alone turns the answer, the contact is
//! looked at then ([`Walk::look_forward`]).

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    calendar,
    condition::{Asked, Condition, FieldTest, Since},
    contact::Contact,
    decide::Need,
    fact::OrderStatus,
    follow::Followed,
    id::Id,
    occurrence::Consequence,
    walk::Walk,
};

/// A list whose members a condition decides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Who is in it.
    pub when: Condition,
    digest: String,
}

impl Segment {
    /// Those for whom this holds.
    pub fn new(when: Condition) -> Self {
        let asks = serde_json::to_string(&when).unwrap_or_default();
        let digest =
            Id::derive(&["segment", &asks]).to_string().chars().take(DIGEST_CHARS).collect();
        Self { when, digest }
    }

    /// Names the condition: of another one it is another.
    pub fn digest(&self) -> &str {
        &self.digest
    }
}

/// Whether a contact is in a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Since when; absent when it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The condition by which that was found ([`Segment::digest`]).
    pub by: String,
}

/// As much of a digest as a shop's fifty segments need: it stands in each contact's state.
const DIGEST_CHARS: usize = 8;

/// How often in a decision what follows from a segment may change segments again. Journeys that begin one
/// another end before.
pub(crate) const ROUNDS_MAX: usize = 100;

impl<'a> Walk<'a> {
    /// Whether a list is one whose members a condition decides.
    pub(crate) fn is_segment(&self, list: &str) -> bool {
        self.known.catalogue.setup.segments.contains_key(list)
    }

    fn is_meant(&self, segment: &Segment) -> Result<bool, Need> {
        segment.when.holds(&self.asked_by_segment()).map_err(|needed| Need::Messages(needed.0))
    }

    fn asked_by_segment(&self) -> Asked<'_> {
        Asked { of_segment: true, ..self.asked_of_contact() }
    }

    /// Notes that the contact is in a segment from now on, or is not.
    fn note(&mut self, name: &str, segment: &Segment, meant: bool) {
        let since = meant.then_some(self.now);
        let membership = Membership { since, by: segment.digest.clone() };
        self.contact.segments.insert(name.to_owned(), membership);
    }

    /// Whether the state says of a segment, by its present condition, whether the contact is in it.
    fn knows(&self, name: &str, segment: &Segment) -> bool {
        self.contact.segments.get(name).is_some_and(|known| known.by == segment.digest)
    }

    /// Notes for segments that were published, or became others, since the contact moved last whether it is a
    /// member, before anything happens: who was found there did not enter. Of a new contact nothing is noted, so
    /// that it enters. Returns whether something was noted.
    pub(crate) fn meet_segments(&mut self) -> Result<bool, Need> {
        let known = self.known;
        let segments = &known.catalogue.setup.segments;
        let before = self.contact.segments.len();
        self.contact.segments.retain(|name, _| segments.contains_key(name));
        let mut noted = self.contact.segments.len() < before;
        if self.contact.is_new() {
            return Ok(noted);
        }
        for (name, segment) in segments {
            if !self.knows(name, segment) {
                let meant = self.is_meant(segment)?;
                self.note(name, segment, meant);
                noted = true;
            }
        }
        Ok(noted)
    }

    /// Notes for all segments whether the contact is a member: it came in or fell out unnoticed.
    pub(crate) fn note_segments(&mut self) -> Result<(), Need> {
        for (name, meant) in self.astray()? {
            if let Some(segment) = self.known.catalogue.setup.segments.get(name) {
                self.note(name, segment, meant);
            }
        }
        Ok(())
    }

    /// The segments in which the contact is and should not be, or the other way round, and which of both.
    pub(crate) fn astray(&self) -> Result<Vec<(&'a str, bool)>, Need> {
        let mut astray = Vec::new();
        for (name, segment) in &self.known.catalogue.setup.segments {
            let meant = self.is_meant(segment)?;
            if self.contact.is_in_segment(name) != meant {
                astray.push((name.as_str(), meant));
            }
        }
        Ok(astray)
    }

    /// Puts the contact into the segments where it belongs; whether that changed something, which is then to
    /// be followed. From then on it is known of all of them.
    pub(crate) fn sort(&mut self) -> Result<bool, Need> {
        let known = self.known;
        let astray = self.astray()?;
        for (name, segment) in &known.catalogue.setup.segments {
            let moved = astray.iter().find(|(astray, _)| astray == name);
            if let Some((_, meant)) = moved {
                self.note(name, segment, *meant);
                let of = name.clone();
                let what = if *meant { Consequence::Joined(of) } else { Consequence::Left(of) };
                self.leads_to(Followed::Occurred(what));
            } else if !self.knows(name, segment) {
                self.note(name, segment, false);
            }
        }
        Ok(!astray.is_empty())
    }

    /// When time alone may change a segment next.
    pub(crate) fn turns(&self) -> Option<Timestamp> {
        let asked = self.asked_by_segment();
        let segments = self.known.catalogue.setup.segments.values();
        segments.filter_map(|segment| segment.when.turns(&asked)).min()
    }
}

impl Contact {
    /// Whether the contact is in a segment, as of its last decision.
    pub fn is_in_segment(&self, name: &str) -> bool {
        self.segments.get(name).is_some_and(|membership| membership.since.is_some())
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

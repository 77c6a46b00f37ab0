//! What time alone brings: dates that come, and silence that lasts (T5, T12).
//!
//! A contact is looked at when the first of them comes. That moment stands in its state (`look_at`), so
//! that one schedule a contact is armed at a time, and it is moved forward lazily: a silence that was
//! broken meanwhile is found out when the moment comes.

use std::borrow::Cow;

use jiff::{
    RoundMode, SignedDuration, Timestamp, TimestampRound, ToSpan, Unit, civil::Date, tz::TimeZone,
};
use serde_json::{Value, json};

use crate::{
    calendar::{self, Offset},
    contact::{Contact, Seen},
    decide::{Effect, Need, Verdict},
    fact::{ContactDetails, Fact, Happening},
    flow::Late,
    holidays,
    id::{FactId, Id},
    live::Dated,
    trigger::{Anchor, Trigger},
    walk::Walk,
};

/// Until how long after it a date still lets in whoever was not looked at in time: the functions stood
/// still, the field was told on the very day, the journey was published at noon.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// A date that moved by less than this, by another zone or a correction, has come already.
const SAME: SignedDuration = SignedDuration::from_hours(26);

/// Something that is to come, or is due.
struct Pending {
    at: Timestamp,
    /// [`Trigger::in_words`].
    words: String,
}

/// When a date or silence comes next that did not come yet.
fn comes(
    dated: &Dated,
    before: Option<&Seen>,
    contact: &Contact,
    zone: &TimeZone,
    now: Timestamp,
) -> Option<Timestamp> {
    let begins = now.checked_sub(GRACE).unwrap_or(Timestamp::MIN);
    match &dated.trigger {
        Trigger::Silent { span, of } => {
            let at = span.after(contact.active_at(*of).unwrap_or(contact.created_at));
            let new = before.is_none_or(|before| before.last_at < at);
            // Silence lasts: one that was waited for is never missed.
            let awaited = contact.look_at.is_some_and(|look| look <= whole_second(at));
            let wanted = at > begins || awaited || dated.late != Late::Skip;
            (new && wanted).then_some(at)
        }
        Trigger::Date { anchor, yearly, offset, at } => {
            let last =
                before.map(|before| before.last_at.checked_add(SAME).unwrap_or(before.last_at));
            days(anchor, *yearly, *offset, contact, zone, now).into_iter().find_map(|day| {
                let comes = calendar::anchored(&day, *offset, *at, zone)?;
                // Whoever is late is let in as long as the day itself is not over.
                let ends = || calendar::date(&day, zone).and_then(|(day, _)| day.tomorrow().ok());
                let ahead = || ends().is_some_and(|end| calendar::local(now, zone).date() < end);
                let wanted = comes > begins || (dated.late != Late::Skip && ahead());
                (wanted && last.is_none_or(|last| comes > last)).then_some(comes)
            })
        }
        _ => None,
    }
}

/// The days that a date trigger means around `now`, in their order.
fn days(
    anchor: &Anchor,
    yearly: bool,
    offset: Offset,
    contact: &Contact,
    zone: &TimeZone,
    now: Timestamp,
) -> Vec<Value> {
    // The offset moves what comes now to a day that may lie in another year.
    let moved = offset.days.saturating_add(offset.seconds / 86_400).saturating_neg();
    let today = calendar::local(now, zone).date();
    let around = today.checked_add(moved.days()).unwrap_or(today);
    let years = (-1..=2_i32).filter_map(|years| around.checked_add(years.years()).ok());
    match anchor {
        Anchor::Day(day) => vec![json!(day)],
        Anchor::Holiday(name) => {
            let mut days: Vec<Date> =
                years.filter_map(|year| holidays::next(name, year.first_of_year())).collect();
            days.dedup();
            days.into_iter().map(|day| json!(day)).collect()
        }
        Anchor::Field(field) => {
            let Some(value) = contact.field(field) else { return Vec::new() };
            if !yearly {
                return vec![value];
            }
            let Some((first, timed)) = calendar::date(&value, zone) else { return Vec::new() };
            let comings = years.filter(|year| year.year() >= first.year());
            let comings = comings.map(|year| in_year(first, year.year()));
            match timed {
                None => comings.map(|day| json!(day)).collect(),
                Some(timed) => comings.map(|day| json!(day.to_datetime(timed.time()))).collect(),
            }
        }
    }
}

/// A day of the year in another year: of 29 February the day before, where there is none, so that nobody
/// is congratulated too late.
fn in_year(day: Date, year: i16) -> Date {
    let same = day.with().year(year).build();
    same.unwrap_or_else(|_| Date::new(year, 2, 28).unwrap_or(day))
}

/// The whole second from `at` on: schedules know no other, and none may come too early.
fn whole_second(at: Timestamp) -> Timestamp {
    let up = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
    at.round(up).unwrap_or(at)
}

impl Walk<'_> {
    /// What is to come, or is due: what lets into live flows, and what the flows wait for that the contact is
    /// in, whichever version it is and however it stands.
    fn pending(&self) -> Result<Vec<Pending>, Need> {
        let (contact, catalogue) = (&self.contact, &self.known.catalogue);
        let own = contact.profile.timezone.as_deref();
        let zone = calendar::zone_of(own, &catalogue.setup.shop.timezone);
        let pending = |words: Cow<'_, str>, dated: &Dated| {
            let before = contact.seen.get(&dated.trigger.key());
            let at = comes(dated, before, contact, &zone, self.now)?;
            Some(Pending { at, words: words.into_owned() })
        };
        let today = calendar::local(self.now, &zone).date();
        let entries = catalogue.flows.coming(contact, today);
        let mut all: Vec<Pending> =
            entries.filter_map(|(words, dated)| pending(words.into(), dated)).collect();
        for run in contact.runs.values().filter(|run| run.is_live()) {
            for dated in self.flow(&run.flow, run.version)?.into_iter().flat_map(Dated::inside) {
                let words = dated.trigger.in_words();
                if all.iter().all(|known| known.words != words) {
                    all.extend(pending(words.into(), &dated));
                }
            }
        }
        Ok(all)
    }

    /// When the first date or silence comes, or a segment turns; past when it is due.
    fn next_date(&self) -> Result<Option<Timestamp>, Need> {
        let first = self.pending()?.into_iter().map(|pending| pending.at).min();
        Ok(first.into_iter().chain(self.turns()).min())
    }

    /// The moment at which the contact was to be looked at has come: what is due happens.
    /// `changed`: there is something to commit already.
    pub(crate) fn look(&mut self, changed: bool) -> Result<Verdict, Need> {
        let mut due = self.pending()?;
        due.retain(|pending| pending.at <= self.now);
        due.sort_by(|a, b| (a.at, &a.words).cmp(&(b.at, &b.words)));
        let reached = self.contact.look_at.is_some_and(|at| at <= self.now);
        if reached {
            self.contact.look_at = None;
        }
        let changed = changed || reached || !self.astray()?.is_empty();
        let mut verdict = if changed { Verdict::Applied } else { Verdict::Nothing };
        for Pending { at, words } in due {
            let contact = self.contact.id;
            let id = Id::derive(&["due", &contact.to_string(), &words, &at.to_string()]);
            let fact = Fact {
                id: FactId(id),
                contact,
                received_at: self.now,
                at,
                details: ContactDetails::default(),
                what: Happening::Due { trigger: words },
            };
            self.cause = id;
            self.fact(&fact)?;
            self.follow()?;
            verdict = Verdict::Applied;
        }
        if self.contact.look_at.is_none() && self.next_date()?.is_some() {
            verdict = Verdict::Applied;
        }
        Ok(if verdict == Verdict::Applied { verdict } else { self.again() })
    }

    /// Asks to be woken for the first date to come, unless a wake that is not later stands already.
    pub(crate) fn look_forward(&mut self) -> Result<(), Need> {
        let Some(until) = self.next_date()?.map(whole_second) else { return Ok(()) };
        if self.contact.look_at.is_none_or(|at| until < at) {
            self.contact.look_at = Some(until);
            self.effects.push(Effect::Look { until });
        }
        Ok(())
    }
}

//! Times of day, weekdays and dates where a contact lives.
//!
//! Zones are those of the IANA database that is built in, never the machine's. A time of day that a
//! clock skips when summer time begins is taken as much later as the clock jumps (02:30 becomes
//! 03:30); one that comes twice when it ends is its first coming (RFC 5545, section 3.3.5). A zone that
//! is missing or unknown is the shop's; where that is, too, it is UTC.

use std::{fmt, str::FromStr, sync::LazyLock};

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::span::Span;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// At what time a dated thing happens that names none.
pub const DAYTIME: ClockTime = ClockTime(9 * 60);

/// The zone of this IANA name.
pub fn zone(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok()
}

/// A contact's zone: its own, else the shop's, else UTC.
pub(crate) fn zone_of(own: Option<&str>, shop: &str) -> TimeZone {
    own.and_then(zone).or_else(|| zone(shop)).unwrap_or(TimeZone::UTC)
}

/// The moment at which clocks of `zone` show `at`.
pub(crate) fn moment(at: DateTime, zone: &TimeZone) -> Timestamp {
    let ambiguous = zone.to_ambiguous_timestamp(at);
    let offset = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        // Before the gap its time is as much later; before the fold its time is the first.
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    };
    offset.to_timestamp(at).unwrap_or(Timestamp::MAX)
}

/// What clocks of `zone` show.
pub(crate) fn local(at: Timestamp, zone: &TimeZone) -> DateTime {
    zone.to_datetime(at)
}

/// A time of day, `09:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClockTime(u16);

impl ClockTime {
    /// This minute of the day; the last one when there is none.
    pub fn minute(minute: u16) -> Self {
        Self(minute.min(24 * 60 - 1))
    }

    /// How many minutes after midnight.
    pub fn minutes(self) -> u16 {
        self.0
    }

    pub(crate) fn of(time: Time) -> Self {
        let (hour, minute) = (i16::from(time.hour()), i16::from(time.minute()));
        Self(u16::try_from(hour * 60 + minute).unwrap_or_default())
    }

    pub(crate) fn on(self, date: Date) -> DateTime {
        let (hour, minute) = (self.0 / 60, self.0 % 60);
        let small = |number| i8::try_from(number).unwrap_or_default();
        date.at(small(hour), small(minute), 0, 0)
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for ClockTime {
    type Err = NotATime;

    fn from_str(text: &str) -> Result<Self, NotATime> {
        let number = |text: &str, below: u16| {
            let good = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|number| good && *number < below).ok_or(NotATime)
        };
        let (hour, minute) = text.split_once(':').ok_or(NotATime)?;
        Ok(Self(number(hour, 24)? * 60 + number(minute, 60)?))
    }
}

/// A text that is no time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a time of day: write such as 09:00")]
pub struct NotATime;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "they are the days of the week")]
pub enum Weekday {
    Sun,
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
}

impl Weekday {
    /// All of them, with the words of the flow file.
    pub const ALL: [(&'static str, Self); 7] = [
        ("sun", Self::Sun),
        ("mon", Self::Mon),
        ("tue", Self::Tue),
        ("wed", Self::Wed),
        ("thu", Self::Thu),
        ("fri", Self::Fri),
        ("sat", Self::Sat),
    ];

    pub(crate) fn of(date: Date) -> Self {
        let days = date.weekday().to_sunday_zero_offset();
        let index = usize::try_from(days).unwrap_or_default();
        Self::ALL.get(index).map_or(Self::Sun, |(_, day)| *day)
    }
}

/// So long before or after: whole days by the calendar, or an exact length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offset {
    /// Calendar days.
    pub days: i32,
    /// Seconds.
    pub seconds: i32,
}

impl Offset {
    /// None beyond the end of time.
    fn after(self, at: DateTime) -> Option<DateTime> {
        let day = at.checked_add(self.days.days()).ok()?;
        day.checked_add(self.seconds.seconds()).ok()
    }
}

/// A text that is no offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an offset: write such as -3d, +2h or 0d")]
pub struct NotAnOffset;

impl FromStr for Offset {
    type Err = NotAnOffset;

    fn from_str(text: &str) -> Result<Self, NotAnOffset> {
        let (sign, length) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some(length), _) => (-1, length),
            (_, Some(length)) => (1, length),
            (None, None) => (1, text),
        };
        let span: Span = length.parse().map_err(|_| NotAnOffset)?;
        let seconds = i32::try_from(span.as_seconds()).map_err(|_| NotAnOffset)?;
        Ok(match length.ends_with(['d', 'w']) {
            true => Self { days: sign * (seconds / 86_400), seconds: 0 },
            false => Self { days: 0, seconds: sign * seconds },
        })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.days < 0 || self.seconds < 0 { '-' } else { '+' };
        match self.seconds.unsigned_abs() {
            0 => write!(f, "{sign}{}d", self.days.unsigned_abs()),
            seconds => match (seconds.is_multiple_of(3_600), seconds.is_multiple_of(60)) {
                (true, _) => write!(f, "{sign}{}h", seconds / 3_600),
                (_, true) => write!(f, "{sign}{}m", seconds / 60),
                _ => write!(f, "{sign}{seconds}s"),
            },
        }
    }
}

macro_rules! as_text {
    ($($type:ty),*) => { $(
        impl Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )* };
}
as_text!(ClockTime, Offset);

/// What a value tells of a day: a date, with a time where it has one. `2026-12-24`,
/// `2026-12-24T20:00:00+02:00` and `2026-12-24T20:00` (where the contact lives) are dates.
pub(crate) fn date(value: &Value, zone: &TimeZone) -> Option<(Date, Option<DateTime>)> {
    let text = value.as_str()?.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        let at = local(at, zone);
        return Some((at.date(), Some(at)));
    }
    let at: DateTime = text.parse().ok()?;
    let timed = text.len() > "2026-12-24".len();
    Some((at.date(), timed.then_some(at)))
}

/// The moment that stands `offset` from a value that tells a day; at `at`, else at its own time, else
/// at [`DAYTIME`].
pub fn anchored(
    value: &Value,
    offset: Offset,
    at: Option<ClockTime>,
    zone: &TimeZone,
) -> Option<Timestamp> {
    let (day, timed) = date(value, zone)?;
    let start = timed.unwrap_or_else(|| at.unwrap_or(DAYTIME).on(day));
    let moved = offset.after(start)?;
    let moved = at.map_or(moved, |at| at.on(moved.date()));
    Some(moment(moved, zone))
}

/// The first moment after `now` that falls on one of `days` (any when empty) at `at`; without a time, `now`
/// itself on such a day, else the day's beginning. At the very moment it is the next one: a run that woke
/// for it has had it, and real clocks are never as exact.
pub(crate) fn next(
    now: Timestamp,
    at: Option<ClockTime>,
    days: &[Weekday],
    zone: &TimeZone,
) -> Timestamp {
    let here = local(now, zone);
    let mut day = here.date();
    for _ in 0..9 {
        if days.is_empty() || days.contains(&Weekday::of(day)) {
            let then = match at {
                Some(at) => moment(at.on(day), zone),
                None if day == here.date() => now,
                None => moment(day.at(0, 0, 0, 0), zone),
            };
            if then > now || at.is_none() {
                return then;
            }
        }
        let Ok(tomorrow) = day.tomorrow() else { break };
        day = tomorrow;
    }
    now
}

/// Whole days from `from` to `to`; negative when it has passed.
pub(crate) fn days_between(from: Date, to: Date) -> i64 {
    let from = from.at(0, 0, 0, 0);
    let to = to.at(0, 0, 0, 0);
    let between: SignedDuration = to.duration_since(from);
    between.as_hours() / 24
}

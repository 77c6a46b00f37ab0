//! Durations as journeys write them: `90m`, `4h`, `2d`, `3w`.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A text that is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a duration: write a whole number and s, m, h, d or w, such as 90m, 4h, 2d, 3w (at most 10 years)"
)]
pub struct NotASpan(String);

/// A length of time, in whole seconds. A day is 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u32);

impl Span {
    /// The longest: ten years, far beyond any journey and far below any overflow.
    pub const MAX: Self = Self(10 * 366 * 86_400);

    /// So many seconds, at most [`Span::MAX`].
    pub fn seconds(seconds: u32) -> Self {
        Self(seconds.min(Self::MAX.0))
    }

    /// The length in seconds.
    pub fn as_seconds(self) -> u32 {
        self.0
    }

    /// The moment this much after `start`; the end of time when it would be later than that.
    pub fn after(self, start: Timestamp) -> Timestamp {
        start.checked_add(SignedDuration::from_secs(i64::from(self.0))).unwrap_or(Timestamp::MAX)
    }
}

const UNITS: [(char, u32); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Self, NotASpan> {
        let wrong = || NotASpan(text.to_owned());
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let (_, factor) = UNITS.iter().find(|(u, _)| *u == unit).ok_or_else(wrong)?;
        let digits = text.strip_suffix(unit).ok_or_else(wrong)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let count: u32 = digits.parse().map_err(|_| wrong())?;
        let seconds = count.checked_mul(*factor).ok_or_else(wrong)?;
        if seconds > Self::MAX.0 {
            return Err(wrong());
        }
        Ok(Self(seconds))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = UNITS
            .into_iter()
            .find(|(_, factor)| self.0 >= *factor && self.0.is_multiple_of(*factor))
            .unwrap_or(('s', 1));
        write!(f, "{}{unit}", self.0 / factor)
    }
}

impl Serialize for Span {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn durations_read_and_write() {
        for text in ["45s", "90m", "4h", "2d", "3w", "0s"] {
            let span: Span = text.parse().expect("a duration");
            assert_eq!(span.to_string(), text, "writes back as it was read");
        }
        for text in ["", "2", "d", "2 d", "-2d", "1.5h", "2d4h", "999999w", "2ד"] {
            assert!(text.parse::<Span>().is_err(), "{text:?} is refused");
        }
    }
}

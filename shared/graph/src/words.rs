//! The fixed words of pictures, and lengths of time, in both languages.

use masa_domain::{Anchor, ClockTime, Moment, Offset, Span, Weekday};

use crate::text::{self, Direction};

/// The language of the fixed words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    Hebrew,
}

impl Tongue {
    /// Hebrew for `he` and its kin, else English.
    pub(crate) fn of(language: &str) -> Self {
        let primary = language.split(['-', '_']).next().unwrap_or_default();
        match primary.eq_ignore_ascii_case("he") || primary.eq_ignore_ascii_case("iw") {
            true => Self::Hebrew,
            false => Self::English,
        }
    }

    pub(crate) fn is_hebrew(self) -> bool {
        self == Self::Hebrew
    }

    pub(crate) fn code(self) -> &'static str {
        self.pick("en", "he")
    }

    pub(crate) fn pick<'t>(self, english: &'t str, hebrew: &'t str) -> &'t str {
        if self.is_hebrew() { hebrew } else { english }
    }

    /// The direction of a sentence. The fixed words of a Hebrew picture make it Hebrew, whatever it
    /// names first.
    pub(crate) fn direction(self, sentence: &str) -> Direction {
        match self.is_hebrew() && sentence.chars().any(text::is_right_to_left) {
            true => Direction::Right,
            false => text::direction(sentence),
        }
    }

    /// The word of a way that [`masa_domain::Flow::ways`] names.
    pub(crate) fn way(self, word: &str) -> &str {
        match word {
            "yes" => self.pick("yes", "כן"),
            "no" => self.pick("no", "לא"),
            "happened" => self.pick("happened", "קרה"),
            "timed out" => self.pick("timed out", "הזמן עבר"),
            "too late" => self.pick("too late", "מאוחר מדי"),
            other => other,
        }
    }

    /// A length of time, such as `3 days`.
    pub(crate) fn span(self, span: Span) -> String {
        let text = span.to_string();
        let (count, unit) = text.split_at(text.len().saturating_sub(1));
        let (english, one, two, many) = match unit {
            "w" => ("week", "שבוע", "שבועיים", "שבועות"),
            "d" => ("day", "יום", "יומיים", "ימים"),
            "h" => ("hour", "שעה", "שעתיים", "שעות"),
            "m" => ("minute", "דקה", "2 דקות", "דקות"),
            _ => ("second", "שנייה", "2 שניות", "שניות"),
        };
        match (self, count) {
            (Self::English, "1") => format!("1 {english}"),
            (Self::English, count) => format!("{count} {english}s"),
            (Self::Hebrew, "1") => one.to_owned(),
            (Self::Hebrew, "2") => two.to_owned(),
            (Self::Hebrew, count) => format!("{count} {many}"),
        }
    }

    pub(crate) fn weekday(self, day: Weekday) -> &'static str {
        match day {
            Weekday::Sun => self.pick("Sun", "א׳"),
            Weekday::Mon => self.pick("Mon", "ב׳"),
            Weekday::Tue => self.pick("Tue", "ג׳"),
            Weekday::Wed => self.pick("Wed", "ד׳"),
            Weekday::Thu => self.pick("Thu", "ה׳"),
            Weekday::Fri => self.pick("Fri", "ו׳"),
            Weekday::Sat => self.pick("Sat", "שבת"),
        }
    }

    pub(crate) fn weekdays(self, days: &[Weekday]) -> String {
        let days: Vec<&str> = days.iter().map(|day| self.weekday(*day)).collect();
        days.join(", ")
    }

    /// A day and what stands before or after it, such as `3 days before birthday at 09:00`.
    pub(crate) fn dated(self, anchor: &Anchor, offset: Offset, at: Option<ClockTime>) -> String {
        let day = match anchor {
            Anchor::Field(field) => field.clone(),
            Anchor::Day(day) => day.to_string(),
            Anchor::Holiday(name) => match self {
                Self::English => name.clone(),
                Self::Hebrew => format!("החג {name}"),
            },
        };
        let mut words = match self.offset(offset) {
            Some((length, true)) => format!("{length} {} {day}", self.pick("before", "לפני")),
            Some((length, false)) => format!("{length} {} {day}", self.pick("after", "אחרי")),
            None => format!("{} {day}", self.pick("on", "ביום")),
        };
        if let Some(at) = at {
            words.push_str(&format!(" {}{at}", self.pick("at ", "ב-")));
        }
        words
    }

    /// How long, and whether before; nothing when it is the very day.
    fn offset(self, offset: Offset) -> Option<(String, bool)> {
        let length = match offset.days.unsigned_abs() {
            0 => Span::seconds(offset.seconds.unsigned_abs()),
            days => Span::seconds(days.saturating_mul(86_400)),
        };
        let before = offset.days < 0 || offset.seconds < 0;
        (length.as_seconds() > 0).then(|| (self.span(length), before))
    }

    /// A moment that a step waits for.
    pub(crate) fn moment(self, moment: &Moment) -> String {
        match moment {
            Moment::Date { anchor, offset, at } => self.dated(anchor, *offset, *at),
            Moment::Clock { at, days } => {
                let at = at.map(|at| at.to_string());
                let days = (!days.is_empty())
                    .then(|| format!("{}{}", self.pick("on ", "ביום "), self.weekdays(days)));
                let words: Vec<String> = at.into_iter().chain(days).collect();
                words.join(" ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use masa_domain::{Anchor, Moment, Weekday};

    use super::Tongue::{self, English, Hebrew};

    #[test]
    fn lengths_of_time_are_words() {
        let of = |tongue: Tongue, text: &str| tongue.span(text.parse().unwrap());
        assert_eq!(of(English, "1d"), "1 day");
        assert_eq!(of(English, "14d"), "2 weeks");
        assert_eq!(of(English, "90m"), "90 minutes");
        assert_eq!(of(Hebrew, "2d"), "יומיים");
        assert_eq!(of(Hebrew, "3d"), "3 ימים");
    }

    #[test]
    fn moments_are_words() {
        let before = Moment::Date {
            anchor: Anchor::Field("renewal".to_owned()),
            offset: "-3d".parse().unwrap(),
            at: "10:00".parse().ok(),
        };
        assert_eq!(English.moment(&before), "3 days before renewal at 10:00");
        assert_eq!(Hebrew.moment(&before), "3 ימים לפני renewal ב-10:00");
        let day = Anchor::Holiday("passover".to_owned());
        let on = Moment::Date { anchor: day, offset: "0d".parse().unwrap(), at: None };
        assert_eq!(English.moment(&on), "on passover");
        let clock =
            Moment::Clock { at: "09:00".parse().ok(), days: vec![Weekday::Sun, Weekday::Thu] };
        assert_eq!(English.moment(&clock), "09:00 on Sun, Thu");
        assert_eq!(Hebrew.moment(&clock), "09:00 ביום א׳, ה׳");
    }

    #[test]
    fn languages_have_kin() {
        assert_eq!(Tongue::of("he-IL"), Hebrew);
        assert_eq!(Tongue::of("IW"), Hebrew);
        assert_eq!(Tongue::of("heb"), English);
        assert_eq!(Tongue::of(""), English);
    }
}

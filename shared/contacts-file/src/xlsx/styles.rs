//! Which cells are dates: a date is a number, and only its style tells.

use std::io::Read;

use jiff::{ToSpan, civil::date};
use quick_xml::events::Event;

use super::part::{Part, attribute};
use crate::error::Error;

/// By the number of a cell's style, whether it is a date.
pub(super) struct Styles {
    dates: Vec<bool>,
    epoch_1904: bool,
}

impl Styles {
    /// No style is a date.
    pub(super) fn none(epoch_1904: bool) -> Self {
        Self { dates: Vec::new(), epoch_1904 }
    }

    /// Reads the list of styles.
    pub(super) fn read(mut part: Part<impl Read>, epoch_1904: bool) -> Result<Self, Error> {
        let (mut own, mut dates, mut listed) = (Vec::new(), Vec::new(), false);
        loop {
            match part.next()? {
                Event::Start(start) => match start.local_name().as_ref() {
                    "numFmt" => {
                        let code = attribute(&start, "formatCode").unwrap_or_default();
                        let id = attribute(&start, "numFmtId").unwrap_or_default();
                        own.extend(shows_day(&code).then_some(id));
                    }
                    "cellXfs" => listed = true,
                    "xf" if listed => {
                        let id = attribute(&start, "numFmtId").unwrap_or_default();
                        dates.push(is_builtin(&id) || own.contains(&id));
                    }
                    _ => {}
                },
                Event::End(end) if end.local_name().as_ref() == "cellXfs" => listed = false,
                Event::Eof => return Ok(Self { dates, epoch_1904 }),
                _ => {}
            }
        }
    }

    /// A number as the text of a cell of this style.
    pub(super) fn text(&self, style: usize, number: f64) -> String {
        let dated = self.dates.get(style).copied().unwrap_or_default();
        dated.then(|| self.day(number)).flatten().unwrap_or_else(|| plain(number))
    }

    /// A count of days as ISO 8601 has it, with the time when it has one.
    fn day(&self, number: f64) -> Option<String> {
        // Excel believes that 1900 had a 29th of February.
        let epoch = match (self.epoch_1904, number < 60.0) {
            (true, _) => date(1904, 1, 1),
            (false, true) => date(1899, 12, 31),
            (false, false) => date(1899, 12, 30),
        };
        if !(0.0..3_000_000.0).contains(&number) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "three million days are 2.6e11 seconds"
        )]
        let seconds = (number * 86_400.0).round() as i64;
        let at = epoch.to_datetime(jiff::civil::Time::midnight());
        let at = at.checked_add(seconds.seconds()).ok()?;
        let midnight = at.time() == jiff::civil::Time::midnight();
        Some(if midnight { at.date().to_string() } else { at.to_string() })
    }
}

/// A number as people write it: whole ones without a point and a power.
pub(crate) fn plain(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        format!("{number:.0}")
    } else {
        serde_json::Number::from_f64(number).map_or_else(String::new, |number| number.to_string())
    }
}

/// The formats that every program knows (ECMA-376-1, 18.8.30).
fn is_builtin(id: &str) -> bool {
    id.parse().is_ok_and(|id: u32| matches!(id, 14..=17 | 22 | 27..=31 | 36 | 50..=54 | 57 | 58))
}

/// Whether a format shows a day or a year, outside of quotes, brackets and escapes.
fn shows_day(code: &str) -> bool {
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => drop(chars.by_ref().find(|c| *c == '"')),
            '[' => drop(chars.by_ref().find(|c| *c == ']')),
            '\\' | '_' | '*' => drop(chars.next()),
            'd' | 'D' | 'y' | 'Y' => return true,
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Styles, plain, shows_day};

    #[test]
    fn counted_days_are_dates() {
        let styles = |epoch_1904| Styles { dates: vec![false, true], epoch_1904 };
        for (number, text) in [
            (31_108.0, "1985-03-02"),
            (59.0, "1900-02-28"),
            (61.0, "1900-03-01"),
            (45_000.5, "2023-03-15T12:00:00"),
            (-1.0, "-1"),
            (1e12, "1000000000000"),
        ] {
            assert_eq!(styles(false).text(1, number), text);
        }
        assert_eq!(styles(true).text(1, 29_646.0), "1985-03-02");
        assert_eq!(styles(false).text(0, 31_108.0), "31108");
        assert_eq!(styles(false).text(9, 31_108.0), "31108", "an unknown style is none");
    }

    #[test]
    fn numbers_are_written_out() {
        for (number, text) in
            [(505_550_123.0, "505550123"), (9.72505550123e11, "972505550123"), (0.1, "0.1")]
        {
            assert_eq!(plain(number), text);
        }
    }

    #[test]
    fn formats_show_days_or_not() {
        for (code, shows) in [
            ("dd/mm/yyyy", true),
            ("[$-1000000]d.m.yy", true),
            ("0.00", false),
            ("\"day\" 0", false),
            ("[Red]0", false),
            ("\\d0", false),
            ("[h]:mm", false),
        ] {
            assert_eq!(shows_day(code), shows, "{code}");
        }
    }
}

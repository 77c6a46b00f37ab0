//! Dates as people and spreadsheets write them.
//!
//! - `1985-03-02` and `1985/03/02` are what they say, with or without a time behind.
//! - `2.3.1985`: with dots the day comes first.
//! - `02/03/1985`, `02-03-1985`: the whole column tells whether day or month comes first, by a number
//!   above 12 in one of the two places. When it doesn't, [`crate::Error::DateOrder`] asks.
//! - A number of five digits counts days as Excel does, from 1900.
//! - A year has four digits.
//!
//! A date without a time is its midnight, and a time without a zone is UTC.

use std::str::FromStr;

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time, date},
    tz::{Offset, TimeZone},
};

/// What to do about a date that can't be read.
const WRONG: &str = "write the date as 1985-03-02, 2.3.1985 or 02/03/1985";

/// Whether the day or the month comes first in `02/03/1985`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// The second of March.
    DayFirst,
    /// The third of February.
    MonthFirst,
}

impl FromStr for DateOrder {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dmy" => Ok(Self::DayFirst),
            "mdy" => Ok(Self::MonthFirst),
            _ => Err("say dmy (2 March is 02/03) or mdy (2 March is 03/02)"),
        }
    }
}

/// A date as it is written.
enum Written {
    Certain(Date),
    /// Two numbers of which one is the day, and the year.
    Either(i8, i8, i16),
}

/// What the dates of a column tell about their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// How many cells are dates.
    pub(crate) dates: u64,
    day_first: bool,
    month_first: bool,
    open: bool,
}

impl Evidence {
    /// Looks at a cell.
    pub(crate) fn take(&mut self, cell: &str) {
        let Ok((written, _)) = read(cell) else { return };
        self.dates += 1;
        if let Written::Either(first, second, _) = written {
            self.day_first |= first > 12;
            self.month_first |= second > 12;
            self.open = true;
        }
    }

    /// The order, unless it has to be asked for.
    pub(crate) fn order(self, told: Option<DateOrder>) -> Option<DateOrder> {
        match (told, self.day_first, self.month_first, self.open) {
            (Some(told), ..) => Some(told),
            (_, false, true, _) => Some(DateOrder::MonthFirst),
            (_, true, false, _) | (_, _, _, false) => Some(DateOrder::DayFirst),
            _ => None,
        }
    }
}

/// The day that a cell names.
///
/// # Errors
/// What to do.
pub(crate) fn day(cell: &str, order: DateOrder) -> Result<Date, &'static str> {
    read(cell).and_then(|(written, _)| settle(written, order))
}

/// The moment that a cell names.
///
/// # Errors
/// What to do.
pub(crate) fn moment(cell: &str, order: DateOrder) -> Result<Timestamp, &'static str> {
    if let Ok(moment) = cell.parse::<Timestamp>() {
        return Ok(moment);
    }
    let (written, rest) = read(cell)?;
    let day = settle(written, order)?;
    let (time, offset) = time(rest).ok_or("write the time as 14:05 or 14:05:30")?;
    let at = DateTime::from_parts(day, time).to_zoned(TimeZone::fixed(offset));
    at.map(|at| at.timestamp()).map_err(|_| WRONG)
}

fn settle(written: Written, order: DateOrder) -> Result<Date, &'static str> {
    match (written, order) {
        (Written::Certain(day), _) => Ok(day),
        (Written::Either(day, month, year), DateOrder::DayFirst)
        | (Written::Either(month, day, year), DateOrder::MonthFirst) => {
            Date::new(year, month, day).map_err(|_| "there is no such day")
        }
    }
}

/// A date and what follows it.
fn read(cell: &str) -> Result<(Written, &str), &'static str> {
    let cell = cell.trim();
    let end = cell.find([' ', 'T']).unwrap_or(cell.len());
    let (written, rest) = cell.split_at(end);
    let rest = rest.strip_prefix([' ', 'T']).unwrap_or(rest).trim();
    if let Some(days) = counted(written) {
        return date(1899, 12, 30)
            .checked_add(days.days())
            .map(|day| (Written::Certain(day), rest))
            .map_err(|_| WRONG);
    }
    let separator = written.chars().find(|c| !c.is_ascii_digit()).ok_or(WRONG)?;
    let parts: Vec<&str> = written.split(separator).collect();
    let [first, second, third] = parts.as_slice() else { return Err(WRONG) };
    let (Some(a), Some(b)) = (number(first), number(second)) else { return Err(WRONG) };
    let small = |n: i16| i8::try_from(n).map_err(|_| "there is no such day");
    let day = match (separator, first.len(), third.len()) {
        ('-' | '/', 4, 1..=2) => {
            let day = number(third).ok_or(WRONG)?;
            Date::new(a, small(b)?, small(day)?).map_err(|_| "there is no such day")?
        }
        ('.' | '-' | '/', 1..=2, 4) => {
            let year = number(third).ok_or(WRONG)?;
            if separator != '.' {
                return Ok((Written::Either(small(a)?, small(b)?, year), rest));
            }
            Date::new(year, small(b)?, small(a)?).map_err(|_| "there is no such day")?
        }
        ('.' | '-' | '/', 1..=2, 2) => return Err("write the year with four digits"),
        _ => return Err(WRONG),
    };
    Ok((Written::Certain(day), rest))
}

/// Excel's count of days: 10000 is in 1927, 99999 in 2173. A part of a day is a time.
fn counted(written: &str) -> Option<i32> {
    let (whole, part) = written.split_once('.').unwrap_or((written, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let whole = Some(whole).filter(|whole| whole.len() == 5 && digits(whole) && digits(part))?;
    whole.parse().ok().filter(|days| *days >= 10_000)
}

fn number(text: &str) -> Option<i16> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A time of day and its zone; midnight in UTC when nothing is told.
fn time(text: &str) -> Option<(Time, Offset)> {
    if text.is_empty() {
        return Some((Time::midnight(), Offset::UTC));
    }
    let end = text.find([' ', '+', '-', 'Z']).unwrap_or(text.len());
    let (clock, zone) = text.split_at(end);
    let padded = if clock.find(':') == Some(1) { format!("0{clock}") } else { clock.to_owned() };
    let time: Time = padded.parse().ok()?;
    match zone.trim() {
        "" | "Z" | "UTC" | "GMT" => Some((time, Offset::UTC)),
        "AM" | "am" if time.hour() == 12 => Some((time.with().hour(0).build().ok()?, Offset::UTC)),
        "AM" | "am" => Some((time, Offset::UTC)),
        "PM" | "pm" if time.hour() < 12 => {
            Some((time.with().hour(time.hour() + 12).build().ok()?, Offset::UTC))
        }
        "PM" | "pm" => Some((time, Offset::UTC)),
        zone => Some((time, offset(zone)?)),
    }
}

/// `+0300`, `-05:30`.
fn offset(zone: &str) -> Option<Offset> {
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.strip_prefix(['+', '-'])?.replacen(':', "", 1);
    let (hours, minutes) = digits.split_at_checked(2)?;
    let hours: i32 = number(hours)?.into();
    let minutes: i32 = number(minutes)?.into();
    let seconds = sign * (hours * 3_600 + minutes * 60);
    Offset::from_seconds(seconds).ok().filter(|_| minutes < 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{DateOrder, Evidence, day, moment};

    #[test]
    fn dates_are_read_as_they_are_written() {
        for (written, by_day, by_month) in [
            ("1985-03-02", "1985-03-02", "1985-03-02"),
            ("1985/3/2", "1985-03-02", "1985-03-02"),
            ("2.3.1985", "1985-03-02", "1985-03-02"),
            ("02/03/1985", "1985-03-02", "1985-02-03"),
            ("2-3-1985", "1985-03-02", "1985-02-03"),
            ("31108", "1985-03-02", "1985-03-02"),
            ("31108.5", "1985-03-02", "1985-03-02"),
            (" 1985-03-02T10:00:00 ", "1985-03-02", "1985-03-02"),
        ] {
            for (order, normal) in
                [(DateOrder::DayFirst, by_day), (DateOrder::MonthFirst, by_month)]
            {
                assert_eq!(day(written, order).map(|day| day.to_string()), Ok(normal.to_owned()));
            }
        }
    }

    #[test]
    fn what_is_no_date_says_what_to_do() {
        for (written, says) in [
            ("", "write the date"),
            ("soon", "write the date"),
            ("1.2.3.4", "write the date"),
            ("2/3/85", "four digits"),
            ("31/02/1985", "no such day"),
            ("31.02.1985", "no such day"),
            ("1985-99-02", "no such day"),
            ("999/1/1985", "write the date"),
            ("00001", "write the date"),
            ("123456", "write the date"),
            ("٠٢/٠٣/١٩٨٥", "write the date"),
        ] {
            let refused = day(written, DateOrder::DayFirst).expect_err("it is refused");
            assert!(refused.contains(says), "{written:?}: {refused}");
        }
    }

    #[test]
    fn moments_have_a_time_and_a_zone() {
        for (written, at) in [
            ("2023-05-01", "2023-05-01T00:00:00Z"),
            ("2023-05-01T10:00:00+03:00", "2023-05-01T07:00:00Z"),
            ("2023-05-01 10:00:00 +0300", "2023-05-01T07:00:00Z"),
            ("2023-05-01 10:00:00 UTC", "2023-05-01T10:00:00Z"),
            ("1/5/2023 9:05", "2023-05-01T09:05:00Z"),
            ("01/05/2023 9:05 PM", "2023-05-01T21:05:00Z"),
            ("01/05/2023 12:05 AM", "2023-05-01T00:05:00Z"),
        ] {
            let read = moment(written, DateOrder::DayFirst).map(|at| at.to_string());
            assert_eq!(read, Ok(at.to_owned()), "{written}");
        }
        for written in ["2023-05-01 noon", "2023-05-01 25:00", "2023-05-01 10:00 +99:99"] {
            assert!(moment(written, DateOrder::DayFirst).is_err(), "{written}");
        }
    }

    #[test]
    fn a_column_tells_its_order_or_asks() {
        let order = |cells: &[&str], told| {
            let mut evidence = Evidence::default();
            cells.iter().for_each(|cell| evidence.take(cell));
            evidence.order(told)
        };
        for (cells, settled) in [
            (&["02/03/1985", "13/03/1985"][..], Some(DateOrder::DayFirst)),
            (&["02/03/1985", "03/13/1985"], Some(DateOrder::MonthFirst)),
            (&["02/03/1985"], None),
            (&["13/03/1985", "03/13/1985"], None),
            (&["2.3.1985", "1985-03-02", "", "soon"], Some(DateOrder::DayFirst)),
        ] {
            assert_eq!(order(cells, None), settled, "{cells:?}");
        }
        let told = Some(DateOrder::MonthFirst);
        assert_eq!(order(&["13/03/1985"], told), told, "what was told counts");
    }

    proptest! {
        #[test]
        fn any_text_is_a_date_or_none(text in r"\PC*|[0-9]{1,4}[./-][0-9]{1,4}[./-][0-9]{1,5}( [0-9:]*[ +-]?[0-9:APM]*)?") {
            let mut evidence = Evidence::default();
            evidence.take(&text);
            if let Ok(day) = day(&text, DateOrder::DayFirst) {
                prop_assert_eq!(super::day(&day.to_string(), DateOrder::MonthFirst), Ok(day));
            }
            let _ = moment(&text, DateOrder::MonthFirst);
        }
    }
}

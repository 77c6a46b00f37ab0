//! What was probably meant by a value that is written otherwise than here.

use masa_domain::{ClockTime, Span};

/// The words of other languages and habits for the units of a length of time, in seconds.
const UNITS: [(&[&str], f64); 7] = [
    (&["s", "sec", "secs", "second", "seconds"], 1.0),
    (&["m", "min", "mins", "minute", "minutes"], 60.0),
    (&["h", "hr", "hrs", "hour", "hours"], 3_600.0),
    (&["d", "day", "days"], 86_400.0),
    (&["w", "wk", "wks", "week", "weeks"], 604_800.0),
    (&["mo", "month", "months"], 2_592_000.0),
    (&["y", "yr", "year", "years"], 31_536_000.0),
];

/// The longest text that is thought about.
const CHARS_MAX: usize = 60;

/// A hint for what should be a length of time.
pub(crate) fn duration(written: &str) -> String {
    let number = written.trim();
    if let Some(span) = span(written) {
        format!("did you mean `{span}`?")
    } else if (1..=CHARS_MAX).contains(&number.len())
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        format!("say of what: `{number}d` are days, `{number}h` hours and `{number}m` minutes")
    } else {
        "write a whole number and s, m, h, d or w, such as 90m, 4h, 2d, 3w (at most 10 years)"
            .to_owned()
    }
}

/// The length of time that `2 days`, `1h 30m` or `1.5h` mean.
pub(crate) fn span(written: &str) -> Option<Span> {
    if written.len() > CHARS_MAX {
        return None;
    }
    let mut rest = written.trim().to_ascii_lowercase();
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest.get(..end)?.parse().ok()?;
        let after = rest.get(end..)?.trim_start();
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let unit = after.get(..end)?;
        let (_, factor) = UNITS.iter().find(|(words, _)| words.contains(&unit))?;
        seconds += number * factor;
        let next = after.get(end..)?.trim_start_matches([' ', ',']);
        rest = next.strip_prefix("and ").unwrap_or(next).to_owned();
    }
    let is_whole = seconds > 0.0 && seconds.fract() == 0.0;
    let seconds = is_whole.then(|| format!("{seconds:.0}s"))?;
    seconds.parse().ok()
}

/// A hint for what should be an offset.
pub(crate) fn offset(written: &str) -> String {
    let written = written.trim();
    let (sign, length) = match (written.strip_suffix("before"), written.strip_suffix("after")) {
        (Some(length), _) => ("-", length),
        (_, Some(length)) => ("+", length),
        _ if written.starts_with('-') => ("-", written.trim_start_matches('-')),
        _ => ("+", written.trim_start_matches('+')),
    };
    match span(length) {
        Some(span) => format!("did you mean `{sign}{span}`?"),
        None => "such as `-3d` (before), `+2h` (after) or `0d`".to_owned(),
    }
}

/// A hint for what should be a time of day.
pub(crate) fn clock(written: &str) -> String {
    match time(written) {
        Some(time) => format!("did you mean `\"{time}\"`?"),
        None => "write such as `\"09:00\"`".to_owned(),
    }
}

/// A hint for what should be hours.
pub(crate) fn hours(written: &str) -> String {
    let ends = ["-", "–", "—", " to ", " until "].iter().find_map(|sign| written.split_once(sign));
    match ends.and_then(|(from, until)| Some((time(from)?, time(until)?))) {
        Some((from, until)) => format!("did you mean `\"{from}-{until}\"`?"),
        None => "write such as `\"09:00-20:00\"`".to_owned(),
    }
}

/// The time of day that `9:00`, `9`, `9.30` or `9pm` mean; `24:00` is midnight.
fn time(written: &str) -> Option<ClockTime> {
    let written = written.trim_matches([' ', '"', '\'', '“', '”', '„']).to_ascii_lowercase();
    let half = ["am", "pm"].into_iter().find(|half| written.ends_with(half));
    let clock = half.and_then(|half| written.strip_suffix(half)).unwrap_or(&written).trim();
    let (hour, minute) = clock.split_once([':', '.']).unwrap_or((clock, "0"));
    let number = |digits: &str| {
        let is_short = (1..=2).contains(&digits.len());
        digits.parse::<u16>().ok().filter(|_| is_short)
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some("am") => hour % 12,
        Some(_) => hour % 12 + 12,
        None if hour == 24 && minute == 0 => 0,
        None => hour,
    };
    (hour < 24 && minute < 60).then(|| ClockTime::minute(hour * 60 + minute))
}

/// Whether a text looks like a date, as no field's name does.
pub(crate) fn looks_like_a_date(written: &str) -> bool {
    let parts: Vec<&str> = written.split(['-', '/', '.']).collect();
    let is_number =
        |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number)
}

/// A hint for what should be a date.
pub(crate) fn date(written: &str) -> String {
    let parts: Vec<&str> = written.split(['-', '/', '.']).collect();
    let meant = match parts.as_slice() {
        [year, month, day] if year.len() == 4 => format!("{year}-{month:0>2}-{day:0>2}"),
        // Where dots stand, the day does first; between slashes nobody knows.
        [day, month, year] if year.len() == 4 && written.contains('.') => {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        _ => String::new(),
    };
    match meant.parse::<jiff::civil::Date>() {
        Ok(date) => format!("did you mean `{date}`?"),
        Err(_) => "write year, month and day, such as `2026-12-24`".to_owned(),
    }
}

/// A hint for a step that is written as one word or line; `heads` are what steps begin with.
pub(crate) fn step(written: &str, heads: &[&str]) -> String {
    let end = written.find([' ', ':']).unwrap_or(written.len());
    let (head, rest) = written.split_at(end);
    let rest = rest.trim_start_matches([' ', ':']);
    if heads.contains(&head) && !rest.is_empty() && !rest.contains('\n') {
        let shown: String = rest.chars().take(40).collect();
        return format!("write a colon and a space after the first word: `- {head}: {shown}`");
    }
    "write such as `- email: hello`, `- wait: 2d` or `- exit`".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (written, meant) in [
            ("2 days", "2d"),
            ("2 d", "2d"),
            ("2D", "2d"),
            ("1 day", "1d"),
            ("1h30m", "90m"),
            ("1 hour and 30 minutes", "90m"),
            ("1.5h", "90m"),
            ("90 min", "90m"),
            ("2 months", "60d"),
            ("14days", "2w"),
        ] {
            assert_eq!(duration(written), format!("did you mean `{meant}`?"), "{written}");
        }
        assert!(duration("2").starts_with("say of what: `2d`"));
        for written in
            ["", "d", "two days", "2 fortnights", "11000w", "0.3s", "2.2.2d", "-2d", "2d-"]
        {
            assert!(duration(written).starts_with("write a whole number"), "{written}");
        }
    }

    #[test]
    fn offsets() {
        for (written, meant) in [
            ("-3 days", "-3d"),
            ("3 days before", "-3d"),
            ("2 hours after", "+2h"),
            ("+ 2 h", "+2h"),
        ] {
            assert_eq!(offset(written), format!("did you mean `{meant}`?"), "{written}");
        }
        assert!(offset("3").starts_with("such as `-3d`"));
    }

    #[test]
    fn times_of_day() {
        for (written, meant) in [
            ("9:00", "09:00"),
            ("9", "09:00"),
            ("9.30", "09:30"),
            ("9am", "09:00"),
            ("12 AM", "00:00"),
            ("12pm", "12:00"),
            ("9:15 pm", "21:15"),
            ("24:00", "00:00"),
            ("“09:00”", "09:00"),
        ] {
            assert_eq!(clock(written), format!("did you mean `\"{meant}\"`?"), "{written}");
        }
        for written in ["", "25:00", "9:60", "13pm", "noon", "900", "9:00:00"] {
            assert_eq!(clock(written), "write such as `\"09:00\"`", "{written}");
        }
        for written in ["9:00-20:00", "9-20", "9 to 20", "09:00–20:00", "9am - 8pm"] {
            assert_eq!(hours(written), "did you mean `\"09:00-20:00\"`?", "{written}");
        }
        assert_eq!(hours("day"), "write such as `\"09:00-20:00\"`");
    }

    #[test]
    fn dates() {
        for (written, meant) in [
            ("24.12.2026", "did you mean `2026-12-24`?"),
            ("2026-6-18", "did you mean `2026-06-18`?"),
            ("2026/06/18", "did you mean `2026-06-18`?"),
            ("6/12/2026", "write year, month and day, such as `2026-12-24`"),
            ("2026-02-30", "write year, month and day, such as `2026-12-24`"),
        ] {
            assert!(looks_like_a_date(written), "{written}");
            assert_eq!(date(written), meant, "{written}");
        }
        for field in ["renewal", "event.starts_at", "12345", "v1.2.3", "1.5"] {
            assert!(!looks_like_a_date(field), "{field}");
        }
    }

    #[test]
    fn steps() {
        let heads = ["email", "wait"];
        assert!(step("email:hello", &heads).ends_with("`- email: hello`"));
        assert!(step("wait 2d", &heads).ends_with("`- wait: 2d`"));
        assert!(step("hello", &heads).starts_with("write such as"));
        assert!(step("wait", &heads).starts_with("write such as"));
    }
}

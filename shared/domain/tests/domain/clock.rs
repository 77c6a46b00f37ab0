//! Times of day and offsets as flow files write them.

use masa_domain::{ClockTime, Offset, State, What};
use serde_json::json;

use crate::{
    steps::{dated, go, world},
    world::{event, line, wait},
};

/// Goal: a time of day has two digits of hours and of minutes, and is written as it is read.
#[test]
fn times_of_day_read_and_write() {
    for (text, minutes) in [("00:00", 0), ("00:59", 59), ("09:05", 545), ("23:59", 1_439)] {
        let time: ClockTime = text.parse().unwrap();
        assert_eq!((time.minutes(), time.to_string().as_str()), (minutes, text));
        assert_eq!(ClockTime::minute(minutes), time);
        assert_eq!(serde_json::to_value(time).unwrap(), json!(text));
    }
    let wrong = ["", "9", "9:00", "09:0", "24:00", "12:60", "0a:00", "+9:00", "09:+5", "09:00:00"];
    for text in wrong {
        assert!(text.parse::<ClockTime>().is_err(), "{text}");
    }
    assert_eq!(ClockTime::minute(1_440).minutes(), 1_439, "the last one of a day");
}

/// Goal: an offset is days of the calendar, or an exact length.
#[test]
fn offsets_read_and_write() {
    for (text, days, seconds, written) in [
        ("0d", 0, 0, "+0d"),
        ("-3d", -3, 0, "-3d"),
        ("+3d", 3, 0, "+3d"),
        ("2w", 14, 0, "+14d"),
        ("-1w", -7, 0, "-7d"),
        ("+2h", 0, 7_200, "+2h"),
        ("-2h", 0, -7_200, "-2h"),
        ("90m", 0, 5_400, "+90m"),
        ("-45s", 0, -45, "-45s"),
        ("120m", 0, 7_200, "+2h"),
    ] {
        let offset: Offset = text.parse().unwrap();
        assert_eq!(offset, Offset { days, seconds }, "{text}");
        assert_eq!(offset.to_string(), written);
        assert_eq!(written.parse::<Offset>().unwrap(), offset, "it is read back");
    }
    for text in ["", "-", "3", "--3d", "+-3d", "3 d", "d"] {
        assert!(text.parse::<Offset>().is_err(), "{text}");
    }
}

/// Goal: a moment beyond the end of time is no date: it is passed over, and the run does not wait for it.
#[test]
fn a_date_beyond_the_end_of_time_is_none() {
    for (day, offset, passed_over) in [
        ("9999-12-30", "+3d", true),
        ("9999-12-31T23:00", "+2h", true),
        ("9999-12-20", "+3d", false),
        ("-009999-01-02", "-3d", true),
    ] {
        let flow = line("it", &go(), &[("until", dated("day", offset, None)), ("on", wait("1d"))]);
        let mut world = world("2026-03-01T06:00:00Z", [flow]);
        world.contact.fields.insert("day".to_owned(), json!(day));
        world.tell(event("go"));
        let run = world.run("it");
        assert_eq!(matches!(run.state, State::Ended { .. }), passed_over, "{offset} of {day}");
        let told = run.story.iter().any(|entry| {
            matches!(&entry.what, What::Note(words) if words.starts_with("there is no such date"))
        });
        assert_eq!(told, passed_over, "{:?}", run.story);
    }
}

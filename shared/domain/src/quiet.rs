//! Windows: when messages may go.

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use crate::{
    calendar::{self, Weekday},
    condition::Hours,
    holidays,
};

/// So far ahead is looked.
const HORIZON: SignedDuration = SignedDuration::from_hours(31 * 24);

/// When messages of a flow may go (D1): all of these must hold where the contact lives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Windows {
    /// At these hours; at any when there are none.
    pub hours: Option<Hours>,
    /// On these days, those that a calendar shows: of hours over midnight, what is after it is the
    /// next day's. Any when empty.
    pub days: Vec<Weekday>,
    /// Not during this rest.
    pub rest: Rest,
}

/// When messages rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rest {
    /// Never.
    #[default]
    None,
    /// From 15:00 of a Friday or a holiday's eve until 21:00 of the Sabbath or the holiday, and from
    /// 20:00 until 20:00 when Israel mourns its dead.
    Israel,
}

impl Windows {
    /// The first moment from `now` on at which a message may go. None when there is none within a
    /// month: there never is.
    pub fn next(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let last = now.checked_add(HORIZON).unwrap_or(Timestamp::MAX);
        let mut at = now;
        // Each round moves to a bound, of which there are few a day, until nothing forbids it.
        while at <= last {
            let then = self.rest.after(at, zone);
            let then = self.open(then, zone)?;
            let then = calendar::next(then, None, &self.days, zone);
            if then == at {
                return Some(at);
            }
            at = then;
        }
        None
    }

    /// The first moment from `at` on that is within the hours.
    fn open(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let Some(hours) = self.hours else { return Some(at) };
        let starts = days_around(at, zone).filter_map(|day| {
            let last = if hours.from <= hours.until { day } else { day.tomorrow().ok()? };
            let start = at.max(calendar::moment(hours.from.on(day), zone));
            (start < calendar::moment(hours.until.on(last), zone)).then_some(start)
        });
        starts.min()
    }
}

impl Rest {
    /// The end of the rest that there is at `at`, where another may begin; `at` when there is none.
    fn after(self, at: Timestamp, zone: &TimeZone) -> Timestamp {
        if self == Self::None {
            return at;
        }
        let ends = days_around(at, zone).flat_map(rests_from).filter_map(|(from, until)| {
            let until = calendar::moment(until, zone);
            (calendar::moment(from, zone) <= at && at < until).then_some(until)
        });
        ends.max().unwrap_or(at)
    }
}

/// The rests of Israel that begin on this day.
fn rests_from(day: Date) -> impl Iterator<Item = (DateTime, DateTime)> {
    let rest = Weekday::of(day) == Weekday::Fri || holidays::is_eve(day);
    let on = move |tomorrow: Date| {
        let rest = rest.then(|| (day.at(15, 0, 0, 0), tomorrow.at(21, 0, 0, 0)));
        let quiet = holidays::is_quiet(tomorrow);
        let quiet = quiet.then(|| (day.at(20, 0, 0, 0), tomorrow.at(20, 0, 0, 0)));
        rest.into_iter().chain(quiet)
    };
    day.tomorrow().into_iter().flat_map(on)
}

/// The days of whose windows one may hold `at` or be the next: two before, for those that go over
/// midnight and end in a gap, and two after, for those that a gap swallows.
fn days_around(at: Timestamp, zone: &TimeZone) -> impl Iterator<Item = Date> {
    let today = calendar::local(at, zone).date();
    (-2..=2).filter_map(move |days: i32| today.checked_add(days.days()).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::calendar::zone;

    fn hours(text: &str) -> Option<Hours> {
        let (from, until) = text.split_once('-').expect("two times");
        let time = |text: &str| text.parse().expect("a time");
        Some(Hours { from: time(from), until: time(until) })
    }

    fn days(of: &[Weekday]) -> Windows {
        Windows { days: of.to_vec(), ..Windows::default() }
    }

    fn israel() -> Windows {
        Windows { rest: Rest::Israel, ..Windows::default() }
    }

    /// What clocks of the zone show at the first moment from when they show `now`.
    fn next(windows: &Windows, place: &str, now: &str) -> Option<String> {
        let zone = zone(place).expect("a zone");
        let now = calendar::moment(now.parse().expect("a time"), &zone);
        let next = windows.next(now, &zone)?;
        Some(calendar::local(next, &zone).strftime("%a %F %R").to_string())
    }

    fn check(windows: &Windows, place: &str, cases: &[(&str, &str)]) {
        for (now, then) in cases {
            assert_eq!(next(windows, place, now).as_deref(), Some(*then), "{place}, from {now}");
        }
    }

    #[test]
    fn a_message_waits_for_the_hours() {
        let day = Windows { hours: hours("09:00-20:00"), ..Windows::default() };
        check(
            &day,
            "Asia/Jerusalem",
            &[
                ("2026-06-10T08:59:59", "Wed 2026-06-10 09:00"),
                ("2026-06-10T09:00", "Wed 2026-06-10 09:00"),
                ("2026-06-10T19:59", "Wed 2026-06-10 19:59"),
                ("2026-06-10T20:00", "Thu 2026-06-11 09:00"),
            ],
        );
        let night = Windows { hours: hours("22:00-02:00"), ..Windows::default() };
        check(
            &night,
            "Asia/Jerusalem",
            &[
                ("2026-06-10T01:59", "Wed 2026-06-10 01:59"),
                ("2026-06-10T02:00", "Wed 2026-06-10 22:00"),
                ("2026-06-10T23:30", "Wed 2026-06-10 23:30"),
            ],
        );
    }

    #[test]
    fn the_days_are_those_that_a_calendar_shows() {
        let weekend = [Weekday::Sat, Weekday::Sun];
        check(
            &days(&weekend),
            "Europe/Paris",
            &[
                ("2026-06-10T12:00", "Sat 2026-06-13 00:00"),
                ("2026-06-14T23:59", "Sun 2026-06-14 23:59"),
            ],
        );
        let friday_night = Windows { hours: hours("22:00-02:00"), ..days(&[Weekday::Fri]) };
        check(
            &friday_night,
            "Europe/Paris",
            &[
                ("2026-06-10T12:00", "Fri 2026-06-12 00:00"),
                ("2026-06-12T02:00", "Fri 2026-06-12 22:00"),
                ("2026-06-13T00:00", "Fri 2026-06-19 00:00"),
            ],
        );
    }

    #[test]
    fn bounds_in_a_gap_are_later_and_those_that_come_twice_are_the_first() {
        let early = Windows { hours: hours("02:30-05:00"), ..Windows::default() };
        let short = Windows { hours: hours("02:30-03:15"), ..Windows::default() };
        let twice = Windows { hours: hours("01:30-01:45"), ..Windows::default() };
        let place = "America/New_York";
        check(&early, place, &[("2026-03-08T00:00", "Sun 2026-03-08 03:30")]);
        // As it ends before its beginning, there is none on that day.
        check(&short, place, &[("2026-03-08T00:00", "Mon 2026-03-09 02:30")]);
        check(&short, place, &[("2026-03-07T12:00", "Mon 2026-03-09 02:30")]);
        check(&twice, place, &[("2026-11-01T00:00", "Sun 2026-11-01 01:30")]);
        check(&twice, place, &[("2026-11-01T01:45", "Mon 2026-11-02 01:30")]);
        // From 23:00 to midnight: the window of Friday ends on Sunday, at what would be 23:30 of Saturday.
        let long = Windows { hours: hours("23:50-23:30"), ..Windows::default() };
        check(
            &long,
            "America/Scoresbysund",
            &[
                ("2026-03-29T00:10", "Sun 2026-03-29 00:10"),
                ("2026-03-29T00:30", "Sun 2026-03-29 00:50"),
            ],
        );
    }

    #[test]
    fn israel_rests() {
        check(
            &israel(),
            "Asia/Jerusalem",
            &[
                ("2026-06-12T14:59", "Fri 2026-06-12 14:59"),
                ("2026-06-12T15:00", "Sat 2026-06-13 21:00"),
                ("2026-06-13T20:59", "Sat 2026-06-13 21:00"),
                // Rosh Hashana: the Sabbath and the day after it.
                ("2026-09-11T15:00", "Sun 2026-09-13 21:00"),
                ("2026-09-13T20:59", "Sun 2026-09-13 21:00"),
                // Shavuot on a Friday, then the Sabbath.
                ("2026-05-21T16:00", "Sat 2026-05-23 21:00"),
                // Between the first and the seventh day of Passover.
                ("2026-04-02T12:00", "Thu 2026-04-02 21:00"),
                ("2026-04-05T12:00", "Sun 2026-04-05 12:00"),
                ("2026-04-07T15:00", "Wed 2026-04-08 21:00"),
            ],
        );
        // The Sabbath is where the contact lives.
        check(&israel(), "America/New_York", &[("2026-06-12T14:59", "Fri 2026-06-12 14:59")]);
    }

    #[test]
    fn when_israel_mourns_messages_wait_for_the_evening() {
        check(
            &israel(),
            "Asia/Jerusalem",
            &[
                ("2026-04-20T19:59", "Mon 2026-04-20 19:59"),
                ("2026-04-20T20:00", "Tue 2026-04-21 20:00"),
                ("2026-04-22T12:00", "Wed 2026-04-22 12:00"),
                ("2026-04-13T20:00", "Tue 2026-04-14 20:00"),
            ],
        );
    }

    #[test]
    fn there_may_be_no_moment() {
        let never = [
            Windows { hours: hours("09:00-09:00"), ..Windows::default() },
            Windows { hours: hours("15:00-21:00"), ..days(&[Weekday::Fri]) },
            Windows { hours: hours("09:00-20:00"), ..days(&[Weekday::Sat]) },
        ];
        for never in never {
            let never = Windows { rest: Rest::Israel, ..never };
            assert_eq!(next(&never, "Asia/Jerusalem", "2026-06-10T12:00"), None, "{never:?}");
        }
        // Of 2024, the first day of Sukkot and Simchat Torah are Thursdays.
        let thursdays = Windows { hours: hours("09:00-12:00"), ..days(&[Weekday::Thu]) };
        let thursdays = Windows { rest: Rest::Israel, ..thursdays };
        check(&thursdays, "Asia/Jerusalem", &[("2024-10-16T12:00", "Thu 2024-10-31 09:00")]);
    }

    #[test]
    fn the_end_of_time_is_reached() {
        let zone = zone("Asia/Jerusalem").expect("a zone");
        let all = Windows { hours: hours("09:00-20:00"), ..israel() };
        for windows in [Windows::default(), israel(), all, days(&[Weekday::Mon])] {
            for edge in [Timestamp::MIN, Timestamp::MAX] {
                let next = windows.next(edge, &zone);
                assert!(next.is_none_or(|next| next >= edge), "{windows:?}");
            }
        }
    }

    #[test]
    fn windows_read_and_write() {
        let read: Windows = serde_json::from_value(json!({})).expect("windows");
        assert_eq!(read, Windows::default());
        let written = json!({
            "hours": { "from": "09:00", "until": "20:00" }, "days": ["sun"], "rest": "israel",
        });
        let read: Windows = serde_json::from_value(written.clone()).expect("windows");
        assert_eq!(serde_json::to_value(read).expect("JSON"), written);
    }
}

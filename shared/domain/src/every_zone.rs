//! What holds of moments in every zone of the database, at random instants of 2024 to 2040 and near
//! the changes of their clocks.
//!
//! The naive definitions here ask jiff itself, not the code that is tested.

use std::{fmt::Debug, ops::RangeInclusive};

use jiff::{
    SignedDuration, Span, Timestamp, ToSpan,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use proptest::{
    option,
    prelude::*,
    sample::subsequence,
    test_runner::{TestCaseResult, TestRunner},
};
use serde_json::{Value, json};

use crate::{
    calendar::{self, ClockTime, DAYTIME, Offset, Weekday},
    condition::Hours,
    holidays,
    quiet::{Rest, Windows},
};

/// The seconds of the years 2024 to 2040.
const YEARS: RangeInclusive<i64> = 1_704_067_200..=2_240_611_199;

/// The law for random cases in every zone.
fn in_every_zone<S: Strategy>(
    cases: u32,
    strategy: S,
    law: impl Fn(&TimeZone, S::Value) -> TestCaseResult,
) where
    S::Value: Debug + Clone,
{
    let bundled = TimeZoneDatabase::bundled();
    let names: Vec<_> = bundled.available().collect();
    assert!(names.len() > 400, "{} zones are all", names.len());
    for name in names {
        let zone = bundled.get(name.as_str()).expect("a zone");
        let config =
            ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
        let held = TestRunner::new(config).run(&strategy, |case| law(&zone, case));
        if let Err(error) = held {
            panic!("{name}: {error}");
        }
    }
}

/// An instant, and where one is asked for, how far it is from the next change of the clocks.
#[derive(Debug, Clone)]
struct Instant {
    second: i64,
    from_change: Option<i64>,
}

fn instants() -> impl Strategy<Value = Instant> {
    // Whole hours, too, as most bounds are.
    let near = prop_oneof![-130_000_i64..130_000, (-36_i64..36).prop_map(|hours| hours * 3_600)];
    (YEARS, option::of(near)).prop_map(|(second, from_change)| Instant { second, from_change })
}

impl Instant {
    fn of(&self, zone: &TimeZone) -> Timestamp {
        let at = Timestamp::from_second(self.second).expect("an instant");
        let change = self.from_change.and_then(|from| Some((from, zone.following(at).next()?)));
        match change {
            Some((from, change)) => change.timestamp() + SignedDuration::from_secs(from),
            None => at,
        }
    }
}

fn clock_times() -> impl Strategy<Value = ClockTime> {
    let minutes = prop_oneof![0..1_440_u16, (0..96_u16).prop_map(|quarters| quarters * 15)];
    // Where most clocks change.
    prop_oneof![2 => minutes, 1 => 0..240_u16, 1 => 1_260..1_440_u16].prop_map(ClockTime::minute)
}

fn weekdays() -> impl Strategy<Value = Vec<Weekday>> {
    subsequence(Weekday::ALL.to_vec(), 0..=7)
        .prop_map(|days| days.into_iter().map(|(_, day)| day).collect())
}

fn windows() -> impl Strategy<Value = Windows> {
    let hours = (clock_times(), clock_times()).prop_map(|(from, until)| Hours { from, until });
    let rest = prop_oneof![Just(Rest::None), Just(Rest::Israel)];
    (option::weighted(0.8, hours), weekdays(), rest).prop_map(|(hours, days, rest)| Windows {
        hours,
        days,
        rest,
    })
}

/// The moment at which clocks show it, by the rule of RFC 5545.
fn shown_at(at: DateTime, zone: &TimeZone) -> Timestamp {
    zone.to_ambiguous_zoned(at).compatible().expect("a moment").timestamp()
}

fn on(day: Date, time: ClockTime) -> DateTime {
    day.at(0, 0, 0, 0) + i64::from(time.minutes()).minutes()
}

fn is_one_of(days: &[Weekday], day: Date) -> bool {
    let shown = day.weekday().to_sunday_zero_offset();
    days.is_empty() || days.iter().any(|day| *day as i8 == shown)
}

/// Whether a message may go at a moment.
struct Naive<'a> {
    windows: &'a Windows,
    zone: &'a TimeZone,
    /// No clock changes in the time that is looked at: what a clock shows is then all there is to it.
    plain: bool,
}

impl Naive<'_> {
    fn allows(&self, at: Timestamp) -> bool {
        let shown = self.zone.to_datetime(at);
        is_one_of(&self.windows.days, shown.date())
            && self.windows.hours.is_none_or(|hours| self.is_within(hours, at, shown))
            && (self.windows.rest == Rest::None || !rests(shown))
    }

    fn is_within(&self, hours: Hours, at: Timestamp, shown: DateTime) -> bool {
        let (from, until) = (hours.from.minutes(), hours.until.minutes());
        if self.plain {
            let now = u16::from(shown.hour().unsigned_abs()) * 60
                + u16::from(shown.minute().unsigned_abs());
            return if from <= until {
                from <= now && now < until
            } else {
                now >= from || now < until
            };
        }
        (-3_i64..=3).any(|days| {
            let first = shown.date() + days.days();
            let last = first + i64::from(from > until).days();
            let (start, end) = (on(first, hours.from), on(last, hours.until));
            shown_at(start, self.zone) <= at && at < shown_at(end, self.zone)
        })
    }
}

/// Whether Israel rests when clocks show this.
fn rests(shown: DateTime) -> bool {
    let (today, hour) = (shown.date(), shown.hour());
    let tomorrow = today + 1.day();
    let rest = |day: Date| day.strftime("%a").to_string() == "Sat" || holidays::is_rest(day);
    let quiet = holidays::is_quiet;
    rest(today) && hour < 21
        || rest(tomorrow) && hour >= 15
        || quiet(today) && hour < 20
        || quiet(tomorrow) && hour >= 20
}

#[test]
fn the_next_window_is_the_first() {
    in_every_zone(60, (windows(), instants()), |zone, (windows, instant)| {
        let now = instant.of(zone);
        let last = now + SignedDuration::from_hours(31 * 24);
        let before = now - SignedDuration::from_hours(5 * 24);
        let change = zone.following(before).next();
        let changes = change
            .is_some_and(|change| change.timestamp() < last + SignedDuration::from_hours(5 * 24));
        let naive = Naive { windows: &windows, zone, plain: !changes };
        let next = windows.next(now, zone);
        if let Some(next) = next {
            prop_assert!(now <= next && next <= last, "{next} is not within the time");
            prop_assert!(naive.allows(next), "{next} is forbidden");
            prop_assert_eq!(windows.next(next, zone), Some(next), "it is its own next");
            let just_before = next - SignedDuration::from_nanos(1);
            prop_assert!(just_before < now || !naive.allows(just_before), "it comes too late");
        }
        let until = next.unwrap_or(last);
        let raster = now.series(15.minutes()).take_while(|at| *at < until);
        for at in raster {
            prop_assert!(!naive.allows(at), "{at} is allowed, before {next:?}");
        }
        Ok(())
    });
}

/// Clocks show `asked` for the first time at `at`; or skip it, and show as much more as they skip.
fn is_shown(at: Timestamp, asked: DateTime, zone: &TimeZone) -> TestCaseResult {
    let shown = zone.to_datetime(at);
    match zone.to_ambiguous_timestamp(asked).offset() {
        AmbiguousOffset::Unambiguous { .. } => prop_assert_eq!(shown, asked),
        AmbiguousOffset::Fold { .. } => {
            prop_assert_eq!(shown, asked);
            let earlier =
                [1_800_i64, 3_600, 7_200].map(|back| at - SignedDuration::from_secs(back));
            let again = earlier.into_iter().any(|earlier| zone.to_datetime(earlier) == asked);
            prop_assert!(!again, "{asked} was before {at}");
        }
        AmbiguousOffset::Gap { .. } => {
            let change = zone.preceding(at + SignedDuration::from_nanos(1)).next();
            let change = change.expect("a change of the clocks").timestamp();
            let before = zone.to_offset(change - SignedDuration::from_nanos(1));
            let gap = before.until(zone.to_offset(change));
            prop_assert!(before.to_datetime(at) == asked, "{shown}, not {asked} and {gap:?}");
            let since: Span = at - change;
            prop_assert!(since.compare(gap).expect("lengths").is_lt(), "long after the gap");
        }
    }
    Ok(())
}

#[test]
fn the_next_time_of_day_is_shown_on_one_of_the_days() {
    let strategy = (instants(), option::weighted(0.8, clock_times()), weekdays());
    in_every_zone(300, strategy, |zone, (instant, at, days)| {
        let now = instant.of(zone);
        let today = zone.to_datetime(now).date();
        let next = calendar::next(now, at, &days, zone);
        prop_assert!(next >= now, "{next} has passed");
        if at.is_none() && is_one_of(&days, today) {
            prop_assert_eq!(next, now, "at once");
            return Ok(());
        }
        let time = at.unwrap_or(ClockTime::minute(0));
        let asked =
            (0_i64..9).map(|after| today + after.days()).filter(|day| is_one_of(&days, *day));
        let asked = asked.map(|day| on(day, time)).find(|asked| {
            let shown = shown_at(*asked, zone);
            shown > now || at.is_none() && shown == now
        });
        let asked = asked.expect("a day in nine");
        is_shown(next, asked, zone)?;
        if zone.to_datetime(next) == asked {
            let after = calendar::next(next, at, &days, zone);
            prop_assert!(
                if at.is_none() { after == next } else { after > next },
                "{next}, {after}"
            );
        }
        Ok(())
    });
}

/// A day as a contact's field may tell it.
#[derive(Debug, Clone, Copy)]
enum Told {
    Day,
    Local,
    Moment,
}

#[test]
fn what_stands_beside_a_day_is_shown_at_its_time() {
    let told = prop_oneof![Just(Told::Day), Just(Told::Local), Just(Told::Moment)];
    let offset = prop_oneof![
        (-400..400_i32).prop_map(|days| Offset { days, seconds: 0 }),
        (-50..50_i32).prop_map(|hours| Offset { days: 0, seconds: hours * 1_800 }),
    ];
    let strategy = (instants(), told, offset, option::of(clock_times()));
    in_every_zone(300, strategy, |zone, (instant, told, offset, at)| {
        let moment = instant.of(zone);
        let shown = zone.to_datetime(moment);
        let value: Value = match told {
            Told::Day => json!(shown.date()),
            Told::Local => json!(shown),
            Told::Moment => json!(moment),
        };
        let start = match told {
            Told::Day => on(shown.date(), at.unwrap_or(DAYTIME)),
            Told::Local | Told::Moment => shown,
        };
        let moved = start + offset.days.days() + offset.seconds.seconds();
        let asked = at.map_or(moved, |at| on(moved.date(), at));
        let anchored = calendar::anchored(&value, offset, at, zone);
        let Some(anchored) = anchored else {
            return Err(TestCaseError::fail(format!("{value} tells no day")));
        };
        is_shown(anchored, asked, zone)
    });
}

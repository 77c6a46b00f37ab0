//! When holidays come, and on which days Israel rests or mourns.
//!
//! The days of 2024 to 2045 are in `data/holidays.csv`, which `data/holidays.py` writes; outside of
//! these years no holiday comes. A Hebrew day is the date of its daylight, not of the evening on which
//! it begins.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use jiff::civil::Date;

const DATA: &str = include_str!("../data/holidays.csv");

static DAYS: LazyLock<BTreeMap<&'static str, BTreeSet<Date>>> = LazyLock::new(|| {
    let mut days = BTreeMap::<_, BTreeSet<_>>::new();
    for (name, day) in DATA.lines().filter_map(|line| line.split_once(',')) {
        days.entry(name).or_default().extend(day.parse::<Date>());
    }
    days
});

/// Work is forbidden by law, as on a Sabbath.
static REST: LazyLock<BTreeSet<Date>> = LazyLock::new(|| {
    all(&[
        "rosh-hashana",
        "second-rosh-hashana",
        "yom-kippur",
        "sukkot",
        "simchat-torah",
        "passover",
        "seventh-passover",
        "shavuot",
    ])
});

/// People work, and mourn.
static QUIET: LazyLock<BTreeSet<Date>> = LazyLock::new(|| all(&["holocaust-day", "memorial-day"]));

fn all(names: &[&str]) -> BTreeSet<Date> {
    names.iter().filter_map(|name| DAYS.get(name)).flatten().copied().collect()
}

/// The names of the holidays, in the order of the alphabet.
pub fn names() -> impl Iterator<Item = &'static str> {
    DAYS.keys().copied()
}

/// The first day from `from` on that is this holiday.
pub(crate) fn next(name: &str, from: Date) -> Option<Date> {
    DAYS.get(name)?.range(from..).next().copied()
}

/// Whether it is a holiday on which Israel rests. Of a Sabbath as such nothing is said.
pub(crate) fn is_rest(day: Date) -> bool {
    REST.contains(&day)
}

/// Whether a holiday on which Israel rests is tomorrow.
pub(crate) fn is_eve(day: Date) -> bool {
    day.tomorrow().is_ok_and(is_rest)
}

/// Whether it is a day on which Israel mourns its dead.
pub(crate) fn is_quiet(day: Date) -> bool {
    QUIET.contains(&day)
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, civil::date};

    use super::*;

    #[test]
    fn holidays_come_when_they_are_known_to() {
        for (name, day) in [
            ("rosh-hashana", date(2024, 10, 3)),
            ("rosh-hashana", date(2026, 9, 12)),
            ("second-rosh-hashana", date(2026, 9, 13)),
            ("yom-kippur", date(2026, 9, 21)),
            ("sukkot", date(2026, 9, 26)),
            ("simchat-torah", date(2026, 10, 3)),
            // Of the week that may last into January, only the first day counts.
            ("hanukkah", date(2024, 12, 26)),
            ("hanukkah", date(2026, 12, 5)),
            ("tu-bishvat", date(2026, 2, 2)),
            // Of the two months Adar of a leap year, it is in the second.
            ("purim", date(2024, 3, 24)),
            ("purim", date(2026, 3, 3)),
            ("passover", date(2026, 4, 2)),
            ("passover", date(2027, 4, 22)),
            ("seventh-passover", date(2027, 4, 28)),
            ("holocaust-day", date(2026, 4, 14)),
            // From Friday to Thursday.
            ("holocaust-day", date(2025, 4, 24)),
            // From Sunday to Monday.
            ("holocaust-day", date(2024, 5, 6)),
            ("memorial-day", date(2026, 4, 21)),
            ("independence-day", date(2026, 4, 22)),
            // From Monday to Tuesday, from Saturday to Thursday, from Friday to Thursday.
            ("independence-day", date(2024, 5, 14)),
            ("independence-day", date(2025, 5, 1)),
            ("independence-day", date(2029, 4, 19)),
            ("shavuot", date(2026, 5, 22)),
            ("new-year", date(2045, 1, 1)),
            ("valentines", date(2026, 2, 14)),
            // The day after the fourth Thursday, not the fourth Friday (2024: the fifth).
            ("black-friday", date(2024, 11, 29)),
            ("black-friday", date(2026, 11, 27)),
            ("christmas", date(2045, 12, 25)),
        ] {
            let from = day.first_of_year();
            assert_eq!(next(name, from), Some(day), "{name} of {}", day.year());
            assert_eq!(next(name, day), Some(day), "{name} comes on its own day");
            let after = next(name, day.saturating_add(1.day()));
            assert_ne!(after, Some(day), "{name} has passed on the day after");
        }
    }

    #[test]
    fn each_line_is_a_day_and_each_name_has_one_a_year() {
        let kept: usize = DAYS.values().map(BTreeSet::len).sum();
        assert_eq!(kept, DATA.lines().count(), "a line is no day, or comes twice");
        let lines = DATA.lines().map(|line| line.split(',').rev().collect::<Vec<_>>());
        assert!(lines.is_sorted(), "the lines are in the order of their days");
        assert_eq!(names().count(), 18);
        for (name, days) in &*DAYS {
            let years: Vec<_> = days.iter().map(|day| day.year()).collect();
            assert_eq!(years, (2024..=2045).collect::<Vec<_>>(), "{name} is once a year");
            for (a, b) in days.iter().zip(days.iter().skip(1)) {
                let apart = (*b - *a).get_days();
                assert!((350..=390).contains(&apart), "{name}: {apart} days from {a} to {b}");
            }
        }
    }

    #[test]
    fn outside_of_the_table_nothing_comes() {
        assert_eq!(next("easter", date(2026, 1, 1)), None);
        assert_eq!(next("christmas", date(2045, 12, 26)), None);
        assert_eq!(next("new-year", date(2020, 1, 1)), Some(date(2024, 1, 1)));
        assert!(!is_rest(Date::MAX) && !is_eve(Date::MAX) && !is_quiet(Date::MAX));
    }

    #[test]
    fn israel_rests_on_eight_days_a_year_and_mourns_on_two() {
        let year = || date(2026, 1, 1).series(1.day()).take(365);
        assert_eq!(year().filter(|day| is_rest(*day)).count(), 8);
        assert_eq!(year().filter(|day| is_eve(*day)).count(), 8);
        assert_eq!(year().filter(|day| is_quiet(*day)).count(), 2);
        assert!(is_eve(date(2026, 9, 11)) && !is_rest(date(2026, 9, 11)), "a mere eve");
        assert!(is_eve(date(2026, 9, 12)) && is_rest(date(2026, 9, 12)), "two days of rest");
        for not in ["independence-day", "hanukkah", "purim", "tu-bishvat", "christmas"] {
            let day = next(not, date(2026, 1, 1)).expect("a day");
            assert!(
                !is_rest(day) && !is_quiet(day),
                "{not} is a working day for the law or for mail"
            );
        }
    }
}

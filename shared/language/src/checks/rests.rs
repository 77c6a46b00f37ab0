//! Deadlines that end before messages may go again.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use masa_domain::{ClockTime, Rest, Shop, Windows};

use crate::{checks::Checked, problem::Report, words::quote};

/// The first day of a week without a holiday and without a change of clocks.
const PLAIN_WEEK: Date = jiff::civil::date(2027, 2, 7);
/// When the rest of a Sabbath or holiday begins.
const REST_BEGINS: u16 = 15 * 60;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Reports a deadline that is shorter than the time for which hours, days or a Sabbath, and so a holiday
/// too, hold messages: whatever falls due at its beginning is dropped.
pub(super) fn check(checked: &Checked<'_>, shop: Option<&Shop>, report: &mut Report<'_>) {
    let (flow, places) = (&checked.source.flow, &checked.source.places);
    let (Some(deadline), Some(at)) = (flow.deadline, places.deadline) else { return };
    let zone = shop.and_then(|shop| masa_domain::zone(&shop.timezone)).unwrap_or(TimeZone::UTC);
    let Some((from, held)) = longest(&flow.windows, &zone) else { return };
    let held = held.as_secs();
    if held <= i64::from(deadline.as_seconds()) {
        return;
    }
    let rests = match flow.windows.rest {
        Rest::None => "",
        Rest::Israel => ": so it is each week, and at holidays",
    };
    let message = format!(
        "what falls due on {} may go {} later, and is dropped after {}{rests}",
        zone.to_datetime(from).strftime("%A, %H:%M"),
        match held.div_euclid(HOUR) {
            0 => format!("{} minutes", held.div_euclid(60)),
            hours => format!("{hours} hours"),
        },
        quote(&deadline.to_string()),
    );
    let long = if held < DAY { (HOUR, "h") } else { (DAY, "d") };
    let count = held.div_euclid(long.0) + i64::from(held.rem_euclid(long.0) > 0);
    report.add(at, "short-deadline", message).hint(format!("write `{count}{}` or more", long.1));
}

/// The longest time for which messages are held in a week without holidays, and when it begins.
fn longest(windows: &Windows, zone: &TimeZone) -> Option<(Timestamp, SignedDuration)> {
    let until = windows.hours.map(|hours| hours.until);
    let times = [Some(ClockTime::minute(0)), Some(ClockTime::minute(REST_BEGINS)), until];
    let minutes: Vec<u16> = times.into_iter().flatten().map(ClockTime::minutes).collect();
    let days = PLAIN_WEEK.series(jiff::Span::new().days(1)).take(7);
    let moments = days.flat_map(|day| {
        let times = minutes.iter().map(move |minutes| (i64::from(*minutes), day));
        times.filter_map(|(minutes, day)| {
            let midnight = zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
            midnight.checked_add(SignedDuration::from_mins(minutes)).ok()
        })
    });
    let held = moments.filter_map(|at| Some((at, windows.next(at, zone)?.duration_since(at))));
    held.max_by_key(|(_, held)| *held)
}

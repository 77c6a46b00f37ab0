//! Triggers that let in more often, or longer, than the flow does.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use masa_domain::{Again, Anchor, Shop, Trigger, anchored};
use serde_json::json;

use crate::{
    checks::Checked,
    problem::{Mark, Report},
    words::quote,
};

/// How much later than the shop the last of its contacts may come to a time of day, and some more.
const ELSEWHERE: SignedDuration = SignedDuration::from_hours(24);

/// Reports the triggers that come again where nobody enters again, and those whose day is over. `now` is
/// the time of the check; without it nobody knows which are.
pub(super) fn check(
    checked: &Checked<'_>,
    shop: Option<&Shop>,
    now: Option<Timestamp>,
    report: &mut Report<'_>,
) {
    let (flow, places) = (&checked.source.flow, &checked.source.places);
    let zone = shop.and_then(|shop| masa_domain::zone(&shop.timezone)).unwrap_or(TimeZone::UTC);
    for (index, trigger) in flow.triggers.iter().enumerate() {
        let at = places.triggers.get(index).copied().unwrap_or(Mark::START);
        if let (Some((comes, again)), Again::Never, None) =
            (comes_again(trigger), flow.again, places.again)
        {
            let message = format!("this comes {comes}, and without `again` a contact enters once");
            report.add(at, "never-again", message).hint(format!(
                "write `entry: {{ again: {again} }}`, or `again: never` if once is meant"
            ));
        }
        if let (Some(until), Some(now)) = (last_moment(trigger, &zone), now)
            && until.checked_add(ELSEWHERE).is_ok_and(|over| over < now)
        {
            let message =
                format!("{} is over: nobody enters by it any more", quote(&trigger.in_words()));
            report.add(at, "date-is-over", message).hint(
                "write the next date; a journey that has done its work may be retired with `masa flows`",
            );
        }
    }
}

/// How often a trigger comes again by its own words, and what lets in then.
fn comes_again(trigger: &Trigger) -> Option<(&'static str, &'static str)> {
    match trigger {
        Trigger::Date { yearly: true, .. } | Trigger::Date { anchor: Anchor::Holiday(_), .. } => {
            Some(("each year", "after 300d"))
        }
        Trigger::Purchased(bought) if bought.every.is_some() && bought.nth.is_none() => {
            Some(("with each so many orders", "always"))
        }
        _ => None,
    }
}

/// When a trigger of one day alone comes in a zone.
fn last_moment(trigger: &Trigger, zone: &TimeZone) -> Option<Timestamp> {
    match trigger {
        Trigger::Date { anchor: Anchor::Day(day), offset, at, .. } => {
            anchored(&json!(day), *offset, *at, zone)
        }
        _ => None,
    }
}

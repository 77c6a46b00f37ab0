//! Triggers that let in more often, or longer, than the flow does, and days that are over.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use masa_domain::{Action, Again, Anchor, ClockTime, Moment, Offset, Shop, Trigger, anchored};
use serde_json::json;

use crate::{
    checks::Checked,
    problem::{Mark, Report},
    words::quote,
};

/// How much later than the shop the last of its contacts may come to a time of day, and some more.
const ELSEWHERE: SignedDuration = SignedDuration::from_hours(24);

/// Reports the triggers that come again where nobody enters again, and those and the waits whose day is
/// over. `now` is the time of the check; without it nobody knows which are.
pub(super) fn check(
    checked: &Checked<'_>,
    shop: Option<&Shop>,
    now: Option<Timestamp>,
    report: &mut Report<'_>,
) {
    let (flow, places) = (&checked.source.flow, &checked.source.places);
    let zone = shop.and_then(|shop| masa_domain::zone(&shop.timezone)).unwrap_or(TimeZone::UTC);
    let is_over = |last: Option<Timestamp>| {
        let over = last.and_then(|last| last.checked_add(ELSEWHERE).ok());
        over.zip(now).is_some_and(|(over, now)| over < now)
    };
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
        if let Trigger::Date { anchor, offset, at: time, .. } = trigger
            && is_over(last_moment(anchor, *offset, *time, &zone))
        {
            let message =
                format!("{} is over: nobody enters by it any more", quote(&trigger.in_words()));
            report.add(at, "date-is-over", message).hint(
                "write the next date; a journey that has done its work may be retired with `masa flows`",
            );
        }
    }
    for node in &checked.graph.nodes {
        let Action::Until { moment: Moment::Date { anchor, offset, at }, .. } = &node.step.action
        else {
            continue;
        };
        if is_over(last_moment(anchor, *offset, *at, &zone)) {
            let message =
                format!("{} is over: nobody waits here any more", quote(&anchor.in_words()));
            report
                .add(node.at, "date-is-over", message)
                .hint("write the next date, or remove the wait");
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

/// When what belongs to one day alone comes in a zone.
fn last_moment(
    anchor: &Anchor,
    offset: Offset,
    at: Option<ClockTime>,
    zone: &TimeZone,
) -> Option<Timestamp> {
    match anchor {
        Anchor::Day(day) => anchored(&json!(day), offset, at, zone),
        _ => None,
    }
}

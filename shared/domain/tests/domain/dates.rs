//! Dates and silence: when they come, for whom, once (T5, T12).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Action, Activity, Again, Anchor, Catalogue, Contact, ContactDetails, Effect, Flow, Goal,
    Happening, Late, LiveFlow, Span, Standing, Stimulus, Trigger, Verdict,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{World, contact_id, line};

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A date trigger: `birthday yearly -3d 10:00`; a holiday is `holiday:passover`, a day `2026-06-17`.
fn date(words: &str) -> Trigger {
    let mut words = words.split(' ');
    let anchor = words.next().unwrap();
    let anchor = match (anchor.strip_prefix("holiday:"), anchor.parse()) {
        (Some(name), _) => Anchor::Holiday(name.to_owned()),
        (None, Ok(day)) => Anchor::Day(day),
        (None, Err(_)) => Anchor::Field(anchor.to_owned()),
    };
    let (mut yearly, mut offset, mut at) = (false, Default::default(), None);
    for word in words {
        match word {
            "yearly" => yearly = true,
            time if time.contains(':') => at = Some(time.parse().unwrap()),
            days => offset = days.parse().unwrap(),
        }
    }
    Trigger::Date { anchor, yearly, offset, at }
}

fn flow(trigger: Trigger, late: Late) -> Flow {
    Flow { again: Again::Always, late, ..line("it", &[trigger], &[]) }
}

/// A shop in Jerusalem at `now`, whose contact is new and has told a field.
fn world(now: &str, flow: Flow, field: &str, value: Value) -> World {
    let mut world = World::new([flow]);
    world.now = moment(now);
    world.contact = Contact::new(contact_id(), world.now);
    let mut catalogue = Catalogue::clone(&world.catalogue);
    catalogue.setup.shop.timezone = "Asia/Jerusalem".to_owned();
    world.catalogue = Arc::new(catalogue);
    set(&mut world, field, value);
    world
}

fn set(world: &mut World, field: &str, value: Value) {
    let fields = [(field.to_owned(), value)].into();
    let details = ContactDetails { fields, ..ContactDetails::default() };
    let fact = world.fact(Happening::Signup { form: None }, details);
    world.act(&Stimulus::Fact(Box::new(fact)));
}

fn entered(world: &World) -> u32 {
    world.contact.flows.get("it").map_or(0, |ledger| ledger.entered)
}

/// Lets every look come that was asked for, up to `until`, and tells when the contact entered.
fn entries(world: &mut World, until: &str) -> Vec<String> {
    let mut moments = Vec::new();
    while let Some(at) = world.look.filter(|at| *at <= moment(until)) {
        world.look = None;
        world.now = world.now.max(at);
        let before = entered(world);
        world.act(&Stimulus::Look);
        if entered(world) > before {
            moments.push(world.now.to_string());
        }
        assert_ne!(world.look, Some(at), "it is never asked for the same moment again");
    }
    world.now = moment(until);
    moments
}

/// Goal: T5: once and yearly, before and after, at its own time or at nine, where the contact lives; 29
/// February is kept on 28; holidays come as they fall.
#[test]
fn t5_dates_come_when_they_should() {
    for (trigger, value, expected) in [
        ("due", json!("2026-03-10"), &["2026-03-10T07:00:00Z"][..]),
        ("due", json!("2026-03-10T20:30"), &["2026-03-10T18:30:00Z"]),
        ("due", json!("2026-03-10T20:30:00Z"), &["2026-03-10T20:30:00Z"]),
        ("due -3d 10:00", json!("2026-03-10"), &["2026-03-07T08:00:00Z"]),
        // Israel's clocks go forward on 27 March 2026.
        ("due +30d 10:00", json!("2026-03-10"), &["2026-04-09T07:00:00Z"]),
        ("due", json!("2027-12-31"), &["2027-12-31T07:00:00Z"]),
        ("due", json!("2026-02-20"), &[]),
        ("due", json!("soon"), &[]),
        ("due", json!(20_260_310), &[]),
        (
            "birthday yearly",
            json!("1990-06-17"),
            &["2026-06-17T06:00:00Z", "2027-06-17T06:00:00Z", "2028-06-17T06:00:00Z"],
        ),
        // Not before its own year.
        ("birthday yearly", json!("2028-01-05"), &["2028-01-05T07:00:00Z"]),
        ("birthday yearly", json!("2000-02-29"), &["2027-02-28T07:00:00Z", "2028-02-29T07:00:00Z"]),
        // What comes a week before New Year's day comes the year before.
        (
            "birthday yearly -7d",
            json!("1990-01-02"),
            &["2026-12-26T07:00:00Z", "2027-12-26T07:00:00Z"],
        ),
        // Three years after it, and before it, in hours.
        (
            "birthday yearly +26280h",
            json!("1990-06-17"),
            &["2026-06-16T06:00:00Z", "2027-06-17T06:00:00Z", "2028-06-16T06:00:00Z"],
        ),
        (
            "birthday yearly -26280h",
            json!("1990-06-17"),
            &["2026-06-18T06:00:00Z", "2027-06-18T06:00:00Z", "2028-06-17T06:00:00Z"],
        ),
        (
            "holiday:passover -7d 10:00",
            json!(null),
            &["2026-03-26T08:00:00Z", "2027-04-15T07:00:00Z", "2028-04-04T07:00:00Z"],
        ),
        ("2026-06-17 18:00", json!(null), &["2026-06-17T15:00:00Z"]),
    ] {
        let field = trigger.split(' ').next().unwrap();
        let flow = flow(date(trigger), Late::Skip);
        let mut world = world("2026-03-01T12:00:00Z", flow, field, value.clone());
        let came = entries(&mut world, "2028-12-01T00:00:00Z");
        assert_eq!(came, expected, "{trigger} of {value}");
    }
}

/// Goal: T5: a field that changes moves the date; the same day told again does not come again, nor does one
/// that was moved by some hours.
#[test]
fn t5_a_date_that_moves_comes_once() {
    let renewal = || flow(date("renewal 10:00"), Late::Skip);
    let mut world = world("2026-03-01T12:00:00Z", renewal(), "renewal", json!("2026-05-01"));
    set(&mut world, "renewal", json!("2026-04-01"));
    assert_eq!(entries(&mut world, "2026-04-10T00:00:00Z"), ["2026-04-01T07:00:00Z"]);
    world.now = moment("2026-04-01T09:00:00Z");
    set(&mut world, "renewal", json!("2026-04-01"));
    set(&mut world, "renewal", json!("2026-04-02"));
    assert_eq!(entries(&mut world, "2026-05-10T00:00:00Z"), [] as [&str; 0], "the same, corrected");
    set(&mut world, "renewal", json!("2027-04-01"));
    set(&mut world, "renewal", json!("2027-06-01"));
    assert_eq!(entries(&mut world, "2027-12-01T00:00:00Z"), ["2027-06-01T07:00:00Z"]);
}

/// Goal: T5: what moved by 26 hours has come already; by a second more it comes anew.
#[test]
fn t5_what_moved_by_a_day_and_a_zone_has_come() {
    for (moved, expected) in
        [("2026-04-02T12:00:00Z", &[][..]), ("2026-04-02T12:00:01Z", &["2026-04-02T12:00:01Z"])]
    {
        let flow = flow(date("due"), Late::Skip);
        let mut world = world("2026-03-01T12:00:00Z", flow, "due", json!("2026-04-01T10:00:00Z"));
        assert_eq!(entries(&mut world, "2026-04-01T11:00:00Z"), ["2026-04-01T10:00:00Z"]);
        set(&mut world, "due", json!(moved));
        assert_eq!(entries(&mut world, "2026-05-01T00:00:00Z"), expected, "{moved}");
    }
}

/// Goal: T5, late: up to a day after it a date lets in whoever comes; later only by the policy, and only as
/// long as the day itself is not over.
#[test]
fn t5_late_joiners_come_by_the_policy() {
    for (now, late, expected) in [
        ("2026-03-17T07:59:00Z", Late::Skip, "2026-03-17T08:00:00Z"),
        ("2026-03-17T20:00:00Z", Late::Skip, "2026-03-17T20:00:00Z"),
        ("2026-03-18T07:59:59Z", Late::Skip, "2026-03-18T07:59:59Z"),
        ("2026-03-18T08:00:00Z", Late::Skip, ""),
        ("2026-03-18T08:01:00Z", Late::Latest, "2026-03-18T08:01:00Z"),
        ("2026-03-31T20:00:00Z", Late::All, "2026-03-31T20:00:00Z"),
        // In Jerusalem it is 1 April already.
        ("2026-03-31T21:30:00Z", Late::All, ""),
    ] {
        let flow = flow(date("renewal -14d 10:00"), late);
        let mut world = world(now, flow, "renewal", json!("2026-03-31"));
        let came = entries(&mut world, "2026-12-01T00:00:00Z");
        assert_eq!(came.join(" "), expected, "{late:?} at {now}");
        set(&mut world, "other", json!(1));
        assert_eq!(entries(&mut world, "2027-12-01T00:00:00Z"), [] as [&str; 0], "once is enough");
    }
}

/// Goal: of two flows with the same date the more lenient says who is late.
#[test]
fn t5_the_more_lenient_of_two_flows_says_who_is_late() {
    for (ours, other, expected) in
        [(Late::Skip, Late::Skip, 0), (Late::Skip, Late::Latest, 1), (Late::All, Late::Skip, 1)]
    {
        let renewal = || date("renewal -14d 10:00");
        let ours = flow(renewal(), ours);
        let other = Flow { name: "other".to_owned(), ..flow(renewal(), other) };
        let words = format!("{:?} and {:?}", ours.late, other.late);
        let mut world = world("2026-03-20T12:00:00Z", ours, "x", json!(1));
        world.publish(other);
        set(&mut world, "renewal", json!("2026-03-31"));
        let came = entries(&mut world, "2026-12-01T00:00:00Z");
        assert_eq!((came.len(), entered(&world)), (expected, expected as u32), "{words}");
    }
}

/// Goal: functions that stood still for less than a day miss nothing; after that the policy says.
#[test]
fn t5_a_day_that_was_missed_is_caught_up() {
    for (hours, late, expected) in
        [(23, Late::Skip, 1), (25, Late::Skip, 0), (25, Late::All, 0), (71, Late::All, 0)]
    {
        let flow = flow(date("due"), late);
        let mut world = world("2026-03-01T12:00:00Z", flow, "due", json!("2026-03-10"));
        world.now = world.look.take().unwrap() + SignedDuration::from_hours(hours);
        world.act(&Stimulus::Look);
        assert_eq!(entered(&world), expected, "{late:?} after {hours} hours");
    }
}

/// Goal: T12: silence counts from the last sign of life, comes once for each, and again after another; one
/// that was waited for is caught up however late.
#[test]
fn t12_silence_comes_once_each_time() {
    let silent = Trigger::Silent { span: "60d".parse().unwrap(), of: Activity::Visit };
    let mut world = world("2026-01-01T12:00:00.5Z", flow(silent, Late::Skip), "x", json!(1));
    assert_eq!(world.look, Some(moment("2026-03-02T12:00:01Z")), "whole seconds, never too early");
    world.now = moment("2026-02-01T12:00:00Z");
    let visit = Happening::Event { name: "visit".to_owned(), data: Value::Null };
    world.tell(visit.clone());
    assert_eq!(world.look, Some(moment("2026-03-02T12:00:01Z")), "it is found out then");
    assert_eq!(entries(&mut world, "2026-12-01T00:00:00Z"), ["2026-04-02T12:00:00Z"]);
    world.tell(visit);
    world.now = world.look.take().unwrap() + SignedDuration::from_hours(24 * 20);
    world.act(&Stimulus::Look);
    assert_eq!(entered(&world), 2, "three weeks late");
}

/// Goal: who was silent for a day longer before a flow went live is let in by a lenient policy alone.
#[test]
fn t12_an_old_silence_is_the_policys() {
    let (sixty_one_days, a_year) = (24 * 3_600 * 61, 24 * 3_600 * 365);
    for (seconds, late, expected) in [
        (sixty_one_days - 1, Late::Skip, 1),
        (sixty_one_days, Late::Skip, 0),
        (a_year, Late::Skip, 0),
        (a_year, Late::Latest, 1),
    ] {
        let mut world = World::new([]);
        let began = world.now;
        world.contact = Contact::new(contact_id(), began);
        set(&mut world, "x", json!(1));
        world.now = began + SignedDuration::from_secs(seconds);
        let silent = Trigger::Silent { span: "60d".parse().unwrap(), of: Activity::Any };
        world.publish(flow(silent, late));
        world.act(&Stimulus::Look);
        assert_eq!(entered(&world), expected, "{late:?} after {seconds} seconds");
    }
}

/// Goal: a look is asked for what lets into a live flow.
#[test]
fn a_look_is_asked_for_what_lets_in() {
    for (trigger, standing, expected) in [
        (date("due"), Standing::Live, true),
        (date("due"), Standing::Paused, false),
        (date("due"), Standing::Ending, false),
        (Trigger::event("go"), Standing::Live, false),
    ] {
        let flow = flow(trigger, Late::Skip);
        let mut world = World::new([flow.clone()]);
        let live = LiveFlow { standing, ..LiveFlow::new(&flow, 1, String::new()) };
        Arc::make_mut(&mut world.catalogue).flows.insert("it".to_owned(), live);
        set(&mut world, "due", json!("2040-01-01"));
        assert_eq!(world.look.is_some(), expected, "{standing:?} {flow:?}");
        Arc::make_mut(&mut world.catalogue).flows.remove("it");
        world.look = None;
        set(&mut world, "due", json!("2039-01-01"));
        assert_eq!(world.look, None, "it is live no more");
    }
}

/// Goal: what ends a run or its wait, and its goal, come to who is inside, also when the flow is paused, went
/// on to another version, or is live no more; and to nobody else.
#[test]
fn dates_of_exits_goals_and_waits_come_to_who_is_inside() {
    let (dates, day) = (|| vec![date("due")], Span::seconds(86_400 * 400));
    let until = |until| Action::Await { until, span: day, then: None, otherwise: None };
    let of = |action| line("it", &[Trigger::event("go")], &[("rest", action)]);
    let exits = Flow { exits: dates(), ..of(Action::Wait(day)) };
    let goal =
        Flow { goal: Some(Goal { reached_by: dates(), within: day }), ..of(Action::Wait(day)) };
    for (flow, ends) in [(exits, true), (goal, false), (of(until(dates())), true)] {
        for standing in [Some(Standing::Live), Some(Standing::Paused), None] {
            let mut world = World::new([flow.clone()]);
            world.now = moment("2026-03-01T12:00:00Z");
            world.contact = Contact::new(contact_id(), world.now);
            set(&mut world, "due", json!("2026-05-01"));
            assert_eq!(world.look, None, "nobody is inside");
            world.tell(Happening::Event { name: "go".to_owned(), data: Value::Null });
            assert_eq!(world.look, Some(moment("2026-05-01T09:00:00Z")));
            let live = &mut Arc::make_mut(&mut world.catalogue).flows;
            live.remove("it");
            if let Some(standing) = standing {
                // A newer version waits for no date.
                let newer = of(Action::Wait(day));
                live.insert(
                    "it".to_owned(),
                    LiveFlow { standing, ..LiveFlow::new(&newer, 2, String::new()) },
                );
            }
            world.now = world.look.take().unwrap();
            world.act(&Stimulus::Look);
            let run = world.run("it");
            assert_eq!(!run.is_live() || run.parked, ends, "{standing:?} {flow:?}");
        }
    }
}

/// Goal: of what lets in and what ends, each comes at its own time, whichever is first.
#[test]
fn dates_that_let_in_hide_none_that_end() {
    for (silence, first) in [("30d", "2026-03-31T12:00:00Z"), ("90d", "2026-05-01T09:00:00Z")] {
        let silent = Trigger::Silent { span: silence.parse().unwrap(), of: Activity::Any };
        let rest = [("rest", Action::Wait(Span::seconds(86_400 * 400)))];
        let inside = line("inside", &[Trigger::event("go")], &rest);
        let mut world =
            World::new([Flow { exits: vec![silent], ..inside }, flow(date("due"), Late::Skip)]);
        world.now = moment("2026-03-01T12:00:00Z");
        world.contact = Contact::new(contact_id(), world.now);
        set(&mut world, "due", json!("2026-05-01"));
        world.tell(Happening::Event { name: "go".to_owned(), data: Value::Null });
        assert_eq!(world.look, Some(moment(first)), "{silence}");
    }
}

/// Goal: a look is asked for once. One that comes too early, twice, or for nothing changes nothing, and
/// what it is to lead to is asked for again.
#[test]
fn a_needless_look_changes_nothing() {
    let mut world =
        world("2026-03-01T12:00:00Z", flow(date("due"), Late::Skip), "due", json!("2026-03-10"));
    let until = world.look.unwrap();
    let told = world.fact(Happening::Signup { form: None }, ContactDetails::default());
    let told = world.decide(&Stimulus::Fact(Box::new(told)));
    assert_eq!(told.effects, [], "the wake stands already");
    let early = world.decide(&Stimulus::Look);
    assert_eq!((early.contact, early.verdict), (None, Verdict::Repeated));
    assert_eq!(early.effects, [Effect::Look { until }], "the wake came too early");
    world.now = until;
    world.act(&Stimulus::Look);
    let again = world.decide(&Stimulus::Look);
    assert_eq!((again.contact, again.effects), (None, Vec::new()));
}

proptest! {
    /// Goal: whatever is told in whatever order, each coming of a date lets in once at most, never before its
    /// time and never more than a day after it; and looks come to an end.
    #[test]
    fn a_date_never_comes_twice(
        told in proptest::collection::vec((0..400_i64, 0..500_i64), 1..12),
        yearly: bool, offset in -20..20_i32,
    ) {
        let words = format!("due {}{offset:+}d", if yearly { "yearly " } else { "" });
        let start = moment("2026-01-01T00:00:00Z");
        let mut world = world("2026-01-01T00:00:00Z", flow(date(&words), Late::Skip), "x", json!(1));
        let mut told = told;
        told.sort_unstable();
        let mut comings: Vec<Timestamp> = Vec::new();
        for (day, due) in told {
            let at = start + SignedDuration::from_hours(24 * day);
            comings.extend(entries(&mut world, &at.to_string()).iter().map(|at| moment(at)));
            let before = entered(&world);
            let due = start + SignedDuration::from_hours(24 * due);
            set(&mut world, "due", json!(due.strftime("%Y-%m-%d").to_string()));
            prop_assert_eq!(entered(&world), before, "a fact itself lets nobody in");
        }
        comings.extend(entries(&mut world, "2028-01-01T00:00:00Z").iter().map(|at| moment(at)));
        for (one, next) in comings.iter().zip(comings.iter().skip(1)) {
            prop_assert!(next.duration_since(*one).as_hours() >= 2, "{one} and {next}");
        }
        prop_assert!(comings.len() <= 14, "{comings:?}");
    }
}

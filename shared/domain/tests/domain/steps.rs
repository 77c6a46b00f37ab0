//! Every kind of step that is not a message, and when messages may go.

use std::sync::Arc;

use jiff::Timestamp;
use masa_domain::{
    Action, Again, Anchor, Catalogue, ClockTime, Contact, ContactDetails, ContactKey, Effect, Flow,
    Happening, Hours, Item, Kind, Late, Moment, Order, ProductFacts, Rest, Run, Setup, State, Step,
    Stimulus, Trigger, Way, Weekday, What, Windows,
};
use serde_json::{Value, json};

use crate::world::{World, email, event, line, wait};

/// Where the contact of these tests lives: two hours before UTC in winter, three in summer.
const ZONE: &str = "Asia/Jerusalem";

pub(crate) fn go() -> [Trigger; 1] {
    [Trigger::event("go")]
}

/// A world at this moment, in which the contact lives in [`ZONE`].
pub(crate) fn world(now: &str, flows: impl IntoIterator<Item = Flow>) -> World {
    let mut world = World::new(flows);
    world.now = now.parse().unwrap();
    world.contact = Contact::new(world.contact.id, world.now);
    world.contact.profile.timezone = Some(ZONE.to_owned());
    world
}

fn until(run: &Run) -> Option<Timestamp> {
    match &run.state {
        State::Waiting { until, .. } => Some(*until),
        _ => None,
    }
}

pub(crate) fn notes(run: &Run) -> Vec<&str> {
    let notes = run.story.iter().filter_map(|entry| match &entry.what {
        What::Note(words) => Some(words.as_str()),
        _ => None,
    });
    notes.collect()
}

/// Goal: A3, until a time of day or a weekday where the contact lives; over the change to summer time
/// the clock shows the same. A zone that nobody knows is the shop's, else UTC.
#[test]
fn a3_until_a_time_of_day() {
    let clock = |at: &str| Some(at.parse::<ClockTime>().unwrap());
    let (sun, fri) = (Weekday::Sun, Weekday::Fri);
    for (now, zone, at, days, expected) in [
        ("2026-03-01T06:00:00Z", Some(ZONE), clock("09:00"), vec![], "2026-03-01T07:00:00Z"),
        // At the very moment it is the next one.
        ("2026-03-01T07:00:00Z", Some(ZONE), clock("09:00"), vec![], "2026-03-02T07:00:00Z"),
        ("2026-03-01T07:00:00Z", Some(ZONE), None, vec![sun], "2026-03-01T07:00:00Z"),
        ("2026-03-01T07:00:01Z", Some(ZONE), clock("09:00"), vec![], "2026-03-02T07:00:00Z"),
        ("2026-03-26T08:00:00Z", Some(ZONE), clock("09:00"), vec![], "2026-03-27T06:00:00Z"),
        ("2026-03-26T08:00:00Z", Some(ZONE), clock("02:30"), vec![], "2026-03-27T00:30:00Z"),
        (
            "2026-03-02T06:00:00Z",
            Some(ZONE),
            clock("09:00"),
            vec![sun, fri],
            "2026-03-06T07:00:00Z",
        ),
        ("2026-03-02T06:00:00Z", Some(ZONE), None, vec![fri], "2026-03-05T22:00:00Z"),
        (
            "2026-03-01T06:00:00Z",
            Some("Mars/Olympus"),
            clock("09:00"),
            vec![],
            "2026-03-01T08:00:00Z",
        ),
        ("2026-03-01T06:00:00Z", None, clock("09:00"), vec![], "2026-03-01T08:00:00Z"),
    ] {
        let moment = Moment::Clock { at, days };
        let action = Action::Until { moment, late: None };
        let mut world = world(now, [line("it", &go(), &[("until", action)])]);
        world.contact.profile.timezone = zone.map(str::to_owned);
        let mut catalogue = (*world.catalogue).clone();
        catalogue.setup.shop.timezone = "Europe/Berlin".to_owned();
        world.catalogue = Arc::new(catalogue);
        world.tell(event("go"));
        assert_eq!(until(world.run("it")), Some(expected.parse().unwrap()), "{now} in {zone:?}");
    }
}

pub(crate) fn dated(field: &str, offset: &str, at: Option<&str>) -> Action {
    let moment = Moment::Date {
        anchor: Anchor::Field(field.to_owned()),
        offset: offset.parse().unwrap(),
        at: at.map(|at| at.parse().unwrap()),
    };
    Action::Until { moment, late: None }
}

/// Goal: A3, so long before or after a date: a day is a day of the calendar, a date keeps its own
/// time, and what began the run has dates too.
#[test]
fn a3_until_a_date() {
    let now = "2026-03-01T06:00:00Z";
    for (value, offset, at, expected) in [
        (json!("2026-03-10"), "0d", None, "2026-03-10T07:00:00Z"),
        (json!("2026-03-10"), "-3d", Some("10:30"), "2026-03-07T08:30:00Z"),
        (json!("2026-03-28"), "-1w", None, "2026-03-21T07:00:00Z"),
        (json!("2026-03-26"), "+2d", None, "2026-03-28T06:00:00Z"),
        (json!("2026-03-10T18:00:00+02:00"), "-1h", None, "2026-03-10T15:00:00Z"),
        (json!("2026-03-10T18:00:00Z"), "-1d", Some("09:00"), "2026-03-09T07:00:00Z"),
        (json!("2026-03-10T18:00"), "0d", None, "2026-03-10T16:00:00Z"),
    ] {
        for path in ["renewal", "event.day"] {
            let flow = line("it", &go(), &[("until", dated(path, offset, at))]);
            let mut world = world(now, [flow]);
            world.contact.fields.insert("renewal".to_owned(), value.clone());
            let data = json!({ "day": value });
            world.tell(Happening::Event { name: "go".to_owned(), data });
            let expected = expected.parse().unwrap();
            assert_eq!(until(world.run("it")), Some(expected), "{offset} of {path} = {value}");
        }
    }
}

/// Goal: a date that is none is passed over, whatever the rule for late ones, and the story says so.
#[test]
fn a3_a_date_that_is_none_is_passed_over() {
    for value in [json!(null), json!(7), json!("soon"), json!("2026-02-30"), json!(["2026-03-10"])]
    {
        for late in [Late::Skip, Late::Latest, Late::All] {
            let mut flow =
                line("it", &go(), &[("until", dated("day", "0d", None)), ("on", wait("1d"))]);
            flow.late = late;
            let mut world = world("2026-03-01T06:00:00Z", [flow]);
            world.contact.fields.insert("day".to_owned(), value.clone());
            world.tell(event("go"));
            let run = world.run("it");
            assert!(!run.is_live(), "{value}: nothing follows that list of steps");
            assert_eq!(notes(run), ["there is no such date: passed over"]);
        }
    }
}

/// Goal: T7, who comes late to a series: nothing of what has passed, the last of it, or all.
#[test]
fn a3_who_comes_late() {
    let count = |field: &str| Action::Count { field: field.to_owned(), by: 1 };
    let step = |action, next: Option<&str>| Step { action, next: next.map(str::to_owned) };
    let until = |offset, late: Option<&str>| match dated("event.day", offset, Some("09:00")) {
        Action::Until { moment, .. } => Action::Until { moment, late: late.map(str::to_owned) },
        other => other,
    };
    for (late, expected) in [
        (Late::Skip, vec!["hour"]),
        (Late::Latest, vec!["hour", "one"]),
        (Late::All, vec!["hour", "one", "three"]),
    ] {
        let mut flow = Flow { late, ..line("it", &go(), &[("u3", wait("1d"))]) };
        flow.steps = [
            ("u3", step(until("-3d", Some("u1")), Some("three"))),
            ("three", step(count("three"), Some("u1"))),
            ("u1", step(until("-1d", Some("uh")), Some("one"))),
            ("one", step(count("one"), Some("uh"))),
            ("uh", step(until("0d", None), Some("hour"))),
            ("hour", step(count("hour"), None)),
        ]
        .into_iter()
        .map(|(id, step)| (id.to_owned(), step))
        .collect();
        let mut world = world("2026-03-09T12:00:00Z", [flow]);
        let data = json!({ "day": "2026-03-10" });
        world.tell(Happening::Event { name: "go".to_owned(), data });
        world.wake();
        let fields: Vec<&str> = world.contact.fields.keys().map(String::as_str).collect();
        assert_eq!(fields, expected, "{late:?}");
    }
}

/// Goal: T6, a cart is left when it has rested for a while: each touch begins the wait anew.
#[test]
fn t6_until_it_has_been_quiet() {
    let quiet = Action::Quiet { event: "cart".to_owned(), span: "4h".parse().unwrap() };
    let flow = line("it", &[Trigger::event("cart")], &[("rest", quiet)]);
    let mut world = world("2026-03-01T06:00:00Z", [flow]);
    world.tell(event("cart"));
    world.pass(3 * 3_600);
    world.tell(event("cart"));
    world.wake();
    let again = "2026-03-01T13:00:00Z".parse().unwrap();
    assert_eq!(until(world.run("it")), Some(again), "four hours after the last touch");
    world.wake();
    assert!(!world.run("it").is_live());
}

/// Goal: J6, the day on which the first of an order's products is used up.
#[test]
fn t3_when_an_order_runs_out() {
    let flow = line(
        "it",
        &[Trigger::Purchased(Default::default())],
        &[("until", dated("order.runs_out", "-7d", None))],
    );
    let mut world = world("2026-03-01T06:00:00Z", [flow]);
    let lasts = |days: &str| ProductFacts { category: None, lasts: days.parse().ok() };
    let products = [("mint".to_owned(), lasts("30d")), ("sage".to_owned(), lasts("20d"))].into();
    let setup = Setup { products, ..Setup::default() };
    world.catalogue = Arc::new(Catalogue { setup, ..(*world.catalogue).clone() });
    let item =
        |id: &str, quantity| Item { product_id: id.to_owned(), name: None, quantity, price: None };
    for (items, expected) in [
        (vec![item("mint", 1), item("sage", 2), item("cup", 1)], "2026-03-24T07:00:00Z"),
        // Each line by itself would end on the 21st.
        (vec![item("sage", 1), item("mint", 2), item("sage", 2)], "2026-04-23T06:00:00Z"),
    ] {
        world.tell(Happening::Purchase(Order { items, ..Order::default() }));
        world.contact.flows.clear();
        let run = world.contact.runs.pop_first().unwrap().1;
        assert_eq!(until(&run), Some(expected.parse().unwrap()));
    }
}

/// Goal: A5, a list that grows without doubles, today's date; what can't be done is told.
#[test]
fn a5_append_and_stamp() {
    let append = |value| Action::Append { field: "topics".to_owned(), value };
    let many: Vec<Value> = (0..200).map(|n| json!(n)).collect();
    for (before, value, after, told) in [
        (Value::Null, json!("tea"), json!(["tea"]), 0),
        (json!(["tea"]), json!("tea"), json!(["tea"]), 0),
        (json!([5]), json!(5.0), json!([5]), 0),
        (json!(["tea"]), json!("ware"), json!(["tea", "ware"]), 0),
        (json!("tea"), json!("ware"), json!("tea"), 1),
        (json!(many), json!("ware"), json!(many), 1),
    ] {
        let steps = [("topics", append(value)), ("today", Action::Stamp("seen_on".to_owned()))];
        // Still the first of March in UTC.
        let mut world = world("2026-03-01T22:30:00Z", [line("it", &go(), &steps)]);
        if !before.is_null() {
            world.contact.fields.insert("topics".to_owned(), before);
        }
        world.tell(event("go"));
        assert_eq!(world.contact.field("topics"), Some(after));
        assert_eq!(world.contact.field("seen_on"), Some(json!("2026-03-02")));
        assert_eq!(notes(world.run("it")).len(), told);
    }
}

pub(crate) fn split(ways: &[(&str, u32, bool)]) -> Flow {
    let ways = ways.iter().map(|(name, share, hold_out)| Way {
        name: (*name).to_owned(),
        share: *share,
        hold_out: *hold_out,
        first: None,
    });
    let action = Action::Split { ways: ways.collect(), winner: None };
    Flow { again: Again::Always, ..line("it", &go(), &[("split", action)]) }
}

pub(crate) fn ways(run: &Run) -> Vec<&str> {
    let ways = run.story.iter().filter_map(|entry| match &entry.what {
        What::Way(name) => Some(name.as_str()),
        _ => None,
    });
    ways.collect()
}

/// Goal: A6, a contact always goes the same way; of many, the shares are kept; who is held out stays
/// so when a way has won.
#[test]
fn a6_a_split_is_sticky_and_keeps_its_shares() {
    let key = ContactKey::new("a key of contact ids, 32 characters or more");
    let flow = || split(&[("red", 45, false), ("blue", 45, false), ("rest", 10, true)]);
    let (mut red, mut rest) = (0, 0);
    for number in 0..2_000 {
        let id = key.contact(Some(&format!("reader{number}@example.com")), None).unwrap();
        let mut world = world("2026-03-01T06:00:00Z", [flow()]);
        world.contact = Contact::new(id, world.now);
        world.tell(event("go"));
        let winners = [("it/split".to_owned(), "blue".to_owned())].into();
        world.catalogue = Arc::new(Catalogue { winners, ..(*world.catalogue).clone() });
        world.pass(1);
        world.tell(event("go"));
        let runs = world.runs("it");
        let (first, then) = (ways(runs[0]), ways(runs[1]));
        red += u32::from(first == ["red"]);
        rest += u32::from(first == ["rest"]);
        let expected = if first == ["rest"] { "rest" } else { "blue" };
        assert_eq!(then, [expected], "blue has won; before it was {first:?}");
    }
    assert!((820..980).contains(&red), "{red} of 2000 went red, at a share of 45 %");
    assert!((150..250).contains(&rest), "{rest} of 2000 are held out, at a share of 10 %");
}

/// Goal: a way that has won and is no more leaves all as it was.
#[test]
fn a6_a_winner_that_is_gone_changes_nothing() {
    let mut world = world("2026-03-01T06:00:00Z", [split(&[("a", 1, false)])]);
    let winners = [("it/split".to_owned(), "gone".to_owned())].into();
    world.catalogue = Arc::new(Catalogue { winners, ..(*world.catalogue).clone() });
    world.tell(event("go"));
    assert_eq!(ways(world.run("it")), ["a"]);
}

/// Goal: D1, a message is held until it may go, counts from its sending, and leaves with an exit.
#[test]
fn d1_a_message_is_held_until_it_may_go() {
    let hours = Hours { from: "09:00".parse().unwrap(), until: "20:00".parse().unwrap() };
    let windows = Windows { hours: Some(hours), rest: Rest::Israel, ..Windows::default() };
    let steps = [("hello", email("hello")), ("rest", wait("1h"))];
    let flow = |kind| Flow {
        windows: windows.clone(),
        exits: vec![Trigger::event("bought")],
        kind,
        ..line("it", &go(), &steps)
    };
    for kind in [Kind::Marketing, Kind::Transactional] {
        // A Friday, 15:00.
        let mut world = world("2026-03-06T13:00:00Z", [flow(kind)]);
        world.tell(event("go"));
        let sunday: Timestamp = "2026-03-08T07:00:00Z".parse().unwrap();
        assert_eq!(until(world.run("it")), Some(sunday));
        assert!(world.sends.is_empty());
        let mut leaves = World::new([flow(kind)]);
        (leaves.contact, leaves.now) = (world.contact.clone(), world.now);
        // The first fact of the other world has the id of this one's.
        leaves.tell(event("go"));
        leaves.tell(event("bought"));
        assert!(!leaves.run("it").is_live(), "an exit ends a run that holds a message");
        world.wake();
        world.send();
        let expected = "2026-03-08T08:00:00Z".parse().unwrap();
        assert_eq!(until(world.run("it")), Some(expected), "an hour after it was sent");
    }
    let mut at_once = flow(Kind::Marketing);
    let receipt = Action::Email {
        template: "hello".to_owned(),
        kind: Some(Kind::Transactional),
        subject: Default::default(),
    };
    at_once.steps.get_mut("hello").unwrap().action = receipt;
    let mut world = world("2026-03-06T13:00:00Z", [at_once]);
    world.tell(event("go"));
    assert_eq!(world.sends.len(), 1, "a receipt in a marketing journey is not held");
}

/// Goal: D2, what could not go by its deadline is dropped, is told, and the run goes on.
#[test]
fn d2_what_is_held_too_long_is_dropped() {
    let windows = Windows { rest: Rest::Israel, ..Windows::default() };
    let steps = [("hello", email("hello")), ("rest", wait("1h"))];
    for (deadline, dropped) in [("28h", true), ("29h", false)] {
        let deadline = Some(deadline.parse().unwrap());
        let flow = Flow { windows: windows.clone(), deadline, ..line("it", &go(), &steps) };
        let mut world = world("2026-03-06T14:00:00Z", [flow]);
        world.tell(event("go"));
        let run = world.run("it");
        let State::Waiting { step, .. } = &run.state else { panic!("{:?}", run.state) };
        assert_eq!(step == "rest", dropped, "after {deadline:?}");
        let told = notes(run).iter().any(|note| note.starts_with("dropped"));
        assert_eq!(told, dropped, "{:?}", notes(run));
    }
}

/// Goal: a jump goes back to a wait as often as it is told to, and fails where nobody waits.
#[test]
fn a11_a_jump() {
    let steps = [("rest", wait("1h")), ("back", Action::Jump("rest".to_owned()))];
    let mut world = world("2026-03-01T06:00:00Z", [line("it", &go(), &steps)]);
    world.tell(event("go"));
    for _ in 0..3 {
        world.wake();
    }
    assert_eq!(world.run("it").generation, 4);
    let circle =
        [("here", Action::Stamp("day".to_owned())), ("back", Action::Jump("here".to_owned()))];
    let mut world = World::new([line("it", &go(), &circle)]);
    world.tell(event("go"));
    assert!(!world.run("it").is_live(), "it has failed, and does not turn for ever");
}

/// Goal: a wake that comes for a run which another run's stimulus moved asks for its effects too.
#[test]
fn a_run_that_was_moved_by_anothers_wake_is_asked_for_again() {
    let waits = Action::Await {
        until: vec![Trigger::Joined("vip".to_owned())],
        span: "1d".parse().unwrap(),
        then: Some("hello".to_owned()),
        otherwise: None,
    };
    let mut one = line("one", &go(), &[("until", wait("1h"))]);
    one.steps.insert("until".to_owned(), Step { action: waits, next: None });
    one.steps.insert("hello".to_owned(), Step { action: email("hello"), next: None });
    let steps = [("rest", wait("1h")), ("join", Action::Join("vip".to_owned()))];
    let mut world = World::new([one, line("two", &go(), &steps)]);
    let fact = world.fact(event("go"), ContactDetails::default());
    world.act(&Stimulus::Fact(Box::new(fact)));
    let two = world.run("two").clone();
    world.now = until(&two).unwrap();
    let wake = Stimulus::Wake { run: two.id, generation: two.generation };
    world.act_and_crash(&wake);
    let again = world.decide(&wake);
    assert_eq!(again.contact, None);
    let sends = again.effects.iter().filter(|effect| matches!(effect, Effect::Send { .. })).count();
    assert_eq!(sends, 1, "the mail of the run that was moved");
}

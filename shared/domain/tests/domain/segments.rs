//! Segments: who is in them, when, and what that leads to (T2, C5).

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Action, Again, Condition, ContactDetails, FieldTest, Flow, Happening, Order, OrderStatus,
    Product, PurchaseTest, Segment, Since, Stimulus, Trigger, Verdict,
};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{World, event, joined, line};

fn bought(times: u32, since: &str) -> Condition {
    let since = match since {
        "ever" => Since::Ever,
        span => Since::Within(span.parse().unwrap()),
    };
    Condition::Purchased(PurchaseTest { times, ..PurchaseTest::once(Product::Any, since) })
}

fn happened(name: &str, span: &str) -> Condition {
    let since = Since::Within(span.parse().unwrap());
    Condition::Event { name: name.to_owned(), since, times: 1 }
}

fn days_to(field: &str, test: FieldTest) -> Condition {
    Condition::DaysTo { field: field.to_owned(), test }
}

fn under(days: i64) -> FieldTest {
    FieldTest::Under(days.into())
}

/// Counts how often the contact entered (`in`) and left (`out`) the segment `it`.
fn counting() -> [Flow; 2] {
    let flow = |name: &str, trigger: Trigger| {
        let steps = [("count", Action::Count { field: name.to_owned(), by: 1 })];
        Flow { again: Again::Always, ..line(name, &[trigger], &steps) }
    };
    [flow("in", joined("it")), flow("out", Trigger::Left("it".to_owned()))]
}

fn publish(world: &mut World, name: &str, condition: Condition) {
    let catalogue = Arc::make_mut(&mut world.catalogue);
    catalogue.setup.shop.timezone = "Asia/Jerusalem".to_owned();
    catalogue.setup.segments.insert(name.to_owned(), Segment::new(condition));
}

fn world(condition: Condition) -> World {
    let mut world = World::new(counting());
    publish(&mut world, "it", condition);
    world
}

/// How often it entered and left, and whether it is in.
fn story(world: &World) -> (i64, i64, bool) {
    let field = |name| world.contact.field(name).and_then(|times| times.as_i64()).unwrap_or(0);
    (field("in"), field("out"), world.contact.is_in_segment("it"))
}

fn set(world: &mut World, field: &str, value: serde_json::Value) {
    let fields = [(field.to_owned(), value)].into();
    let details = ContactDetails { fields, ..ContactDetails::default() };
    let fact = world.fact(Happening::Signup { form: None }, details);
    world.act(&Stimulus::Fact(Box::new(fact)));
}

fn buys(world: &mut World) {
    world.tell(Happening::Purchase(Order::default()));
}

/// Lets the looks come that were asked for, each at its time, up to `until`.
fn looks(world: &mut World, until: Timestamp) {
    while let Some(at) = world.look.filter(|at| *at <= until) {
        world.look = None;
        world.now = world.now.max(at);
        world.act(&Stimulus::Look);
        assert_ne!(world.look, Some(at), "it is never asked for the same moment again");
    }
    world.now = until;
}

fn after(world: &World, hours: i64) -> Timestamp {
    world.now + SignedDuration::from_hours(hours)
}

/// Goal: T2: facts let in and out, once each time, also the very first one of a contact.
#[test]
fn t2_facts_let_into_segments_and_out() {
    let mut world = world(Condition::Field {
        name: "country_of_birth".to_owned(),
        test: FieldTest::Is(json!("IL")),
    });
    set(&mut world, "country_of_birth", json!("IL"));
    assert_eq!(story(&world), (1, 0, true), "a new contact enters");
    set(&mut world, "shoe_size", json!(38));
    assert_eq!(story(&world), (1, 0, true));
    set(&mut world, "country_of_birth", json!("FR"));
    assert_eq!(story(&world), (1, 1, false));
    set(&mut world, "country_of_birth", json!("IL"));
    assert_eq!(story(&world), (2, 1, true));
}

/// Goal: T2: time alone lets out and in, to the second, and nobody is looked at in between.
#[test]
fn t2_time_alone_lets_out_and_in() {
    let mut world = world(bought(2, "90d"));
    buys(&mut world);
    assert_eq!(story(&world), (0, 0, false));
    world.now = after(&world, 24);
    let second = world.now;
    buys(&mut world);
    assert_eq!(story(&world), (1, 0, true));
    let first_is_over = after(&world, 89 * 24);
    looks(&mut world, first_is_over);
    assert_eq!(story(&world), (1, 0, true), "{second}");
    looks(&mut world, first_is_over + SignedDuration::from_secs(1));
    assert_eq!(story(&world), (1, 1, false));
    let before = world.log.len();
    let far = after(&world, 10_000);
    looks(&mut world, far);
    assert_eq!(world.log.len() - before, 1, "the second order's end, and no more");
}

/// Goal: C4 and T2: days to a date turn at midnight where the contact lives.
#[test]
fn t2_dates_let_into_segments() {
    let mut world = world(Condition::All(vec![
        days_to("renewal", under(8)),
        days_to("renewal", FieldTest::Over((-1).into())),
    ]));
    // DAWN is 2027-01-15T08:00:00Z, and Jerusalem is two hours ahead.
    set(&mut world, "renewal", json!("2027-02-01"));
    assert_eq!(story(&world), (0, 0, false));
    looks(&mut world, "2027-01-24T21:59:59Z".parse().unwrap());
    assert_eq!(story(&world), (0, 0, false));
    looks(&mut world, "2027-01-24T22:00:00Z".parse().unwrap());
    assert_eq!(story(&world), (1, 0, true));
    looks(&mut world, "2027-02-01T21:59:59Z".parse().unwrap());
    assert_eq!(story(&world), (1, 0, true));
    looks(&mut world, "2027-02-01T22:00:00Z".parse().unwrap());
    assert_eq!(story(&world), (1, 1, false));
    let before = world.log.len();
    let far = after(&world, 10_000);
    looks(&mut world, far);
    assert!(world.log.len() - before <= 1, "nothing turns any more");
}

/// Goal: who is found in a new segment did not enter; who comes in later does. A segment that was taken
/// back is forgotten.
#[test]
fn t2_who_was_there_when_the_segment_was_published_did_not_enter() {
    let mut world = World::new(counting());
    buys(&mut world);
    publish(&mut world, "it", bought(1, "ever"));
    publish(&mut world, "other", bought(2, "ever"));
    world.act(&Stimulus::Look);
    assert_eq!(world.log.last().unwrap().decision.verdict, Verdict::Applied);
    assert_eq!(story(&world), (0, 0, true));
    world.act(&Stimulus::Look);
    assert_eq!(world.log.last().unwrap().decision.contact, None, "it is known");
    // Another condition is another segment: nobody leaves it, and nobody enters.
    publish(&mut world, "it", bought(2, "ever"));
    Arc::make_mut(&mut world.catalogue).setup.segments.remove("other");
    world.act(&Stimulus::Look);
    assert_eq!(story(&world), (0, 0, false));
    // What happens before anybody looked counts.
    publish(&mut world, "it", bought(3, "ever"));
    buys(&mut world);
    assert_eq!(story(&world), (0, 0, false));
    buys(&mut world);
    assert_eq!(story(&world), (1, 0, true));
    assert_eq!(world.contact.segments.len(), 1);
    let mut fresh = World::new(counting());
    buys(&mut fresh);
    publish(&mut fresh, "it", bought(2, "ever"));
    buys(&mut fresh);
    assert_eq!(story(&fresh), (1, 0, true), "the second order came after it was published");
}

/// Goal: a segment's condition alone decides: no sender and no step puts anybody into it or out of it.
#[test]
fn t2_nobody_is_put_into_a_segment() {
    let steps =
        [("join", Action::Join("it".to_owned())), ("leave", Action::Leave("it".to_owned()))];
    let mut world = world(bought(1, "ever"));
    world.publish(line("puts", &[Trigger::event("go")], &steps[..1]));
    world.publish(line("takes", &[Trigger::event("stop")], &steps[1..]));
    world.join(&["it"]);
    world.tell(event("go"));
    assert_eq!(story(&world), (0, 0, false));
    buys(&mut world);
    world.tell(event("stop"));
    assert_eq!(story(&world), (1, 0, true));
}

/// Goal: C5: `list:` asks for segments too, and what enters one may lead to the next.
#[test]
fn c5_a_segment_is_a_list_to_conditions() {
    let list = Condition::List("it".to_owned());
    let asks = Action::If { when: list, then: Some("yes".to_owned()), otherwise: None };
    let yes = Action::Set([("asked".to_owned(), json!(true))].into());
    let mut world = world(bought(1, "ever"));
    publish(
        &mut world,
        "asked",
        Condition::Field { name: "asked".to_owned(), test: FieldTest::Empty(false) },
    );
    world.publish(line("asks", &[joined("it")], &[("if", asks), ("yes", yes)]));
    buys(&mut world);
    assert!(world.contact.is_in_segment("asked"), "{:?}", world.contact.segments);
}

/// Goal: C5: a condition asks for the segment as it is at that moment: at the entry, after a wait and after a
/// step, whatever the decision before found.
#[test]
fn c5_a_segment_is_asked_for_as_it_is_now() {
    let list = || Condition::List("it".to_owned());
    let ask = || Action::If { when: list(), then: Some("yes".to_owned()), otherwise: None };
    let yes = || Action::Set([("asked".to_owned(), json!(true))].into());
    let bought_now = || Trigger::Purchased(Product::Any.into());
    let entry =
        Flow { entry_if: Some(list()), ..line("entry", &[bought_now()], &[("yes", yes())]) };
    let not = Condition::Not(Box::new(list()));
    let refused = Flow { entry_if: Some(not), ..line("refused", &[bought_now()], &[]) };
    let waits = Action::Await {
        until: vec![bought_now()],
        span: "9d".parse().unwrap(),
        then: Some("if".to_owned()),
        otherwise: None,
    };
    let wait =
        line("wait", &[Trigger::event("go")], &[("await", waits), ("if", ask()), ("yes", yes())]);
    for (flow, asked) in [(entry, true), (refused, false), (wait, true)] {
        let mut world = world(bought(1, "ever"));
        let name = flow.name.clone();
        world.publish(flow);
        world.tell(event("go"));
        buys(&mut world);
        let entered = world.contact.field("asked").is_some();
        assert_eq!(entered, asked, "{name}");
        assert!(!world.contact.flows.contains_key("refused"));
    }
    let set = Action::Set([("gold".to_owned(), json!(true))].into());
    let steps = [("set", set), ("if", ask()), ("yes", yes())];
    let gold = Condition::Field { name: "gold".to_owned(), test: FieldTest::Is(json!(true)) };
    let mut world = world(gold);
    world.publish(line("sets", &[Trigger::event("go")], &steps));
    world.tell(event("go"));
    assert_eq!(world.contact.field("asked"), Some(json!(true)));
}

/// Goal: journeys and segments that undo one another come to an end.
#[test]
fn a_circle_of_segments_and_journeys_ends() {
    let flip = |name: &str, trigger: Trigger, value: bool| {
        let set = Action::Set([("on".to_owned(), json!(value))].into());
        Flow { again: Again::Always, ..line(name, &[trigger], &[("set", set)]) }
    };
    let on = Condition::Field { name: "on".to_owned(), test: FieldTest::Is(json!(true)) };
    let mut world = World::new([
        flip("off", joined("it"), false),
        flip("on", Trigger::Left("it".to_owned()), true),
    ]);
    publish(&mut world, "it", on);
    set(&mut world, "on", json!(true));
    let entered: u32 = world.contact.flows.values().map(|ledger| ledger.entered).sum();
    assert_eq!(entered, 2, "one cause lets into a journey once");
}

/// Goal: an order that was called off, and an event of an order, count in time too.
#[test]
fn what_becomes_of_orders_turns_segments() {
    let mut world = world(happened("order-cancelled", "7d"));
    let ordered = world.now;
    world.now = after(&world, 20 * 24);
    let changed_at = Some(world.now);
    let status = OrderStatus::Cancelled;
    let order_id = "long-ago".to_owned();
    let order = Order { status, changed_at, order_id, ..Order::default() };
    let mut cancelled = world.fact(Happening::Purchase(order), ContactDetails::default());
    cancelled.at = ordered;
    world.act(&Stimulus::Fact(Box::new(cancelled)));
    assert_eq!(story(&world), (1, 0, true), "it was called off today, whenever it was made");
    let over = after(&world, 8 * 24);
    looks(&mut world, over);
    assert_eq!(story(&world), (1, 1, false));
}

/// Goal: K2: who is imported is noted, and nothing begins, unless that is wished.
#[test]
fn k2_an_import_begins_nothing_unless_it_is_to() {
    for enters in [false, true] {
        let mut world = world(Condition::List("club".to_owned()));
        let tea = [("tea".to_owned(), json!("green"))].into();
        let lists = vec!["club".to_owned()];
        let details = ContactDetails { lists, fields: tea, ..ContactDetails::default() };
        let set = Action::Set([("met".to_owned(), json!(true))].into());
        for trigger in [joined("club"), Trigger::Field { name: "tea".to_owned(), test: None }] {
            let flow = line(&trigger.key().replace(':', "-"), &[trigger], &[("set", set.clone())]);
            world.publish(flow);
        }
        let fact = world.fact(Happening::Imported { enters }, details);
        world.act(&Stimulus::Fact(Box::new(fact)));
        assert_eq!(story(&world), (i64::from(enters), 0, true));
        assert_eq!(world.contact.flows.len(), if enters { 3 } else { 0 });
        assert_eq!(world.contact.field("tea"), Some(json!("green")));
        // What comes later is told as ever.
        world.contact.lists.clear();
        world.tell(event("hello"));
        assert_eq!(story(&world).1, 1);
    }
}

/// Goal: C5: segments that ask for one another, which no file may have, are answered as of the decision
/// before; a journey's order is not the contact's, whoever asks for the segment.
#[test]
fn a_segment_asks_neither_in_circles_nor_of_a_journey() {
    let list = |name: &str| Condition::List(name.to_owned());
    let of_order = FieldTest::Over(50.into());
    let of_order = Condition::Field { name: "order.total".to_owned(), test: of_order };
    for (when, holds) in [(list("it"), true), (of_order, false)] {
        let order = Order { total: Some("80".to_owned()), ..Order::default() };
        let bought = [Trigger::Purchased(Product::Any.into())];
        let mut world = crate::conditions::asking(&bought, &[], list("other"));
        publish(&mut world, "it", list("other"));
        publish(&mut world, "other", when);
        world.tell(event("hello"));
        if let Some(it) = world.contact.segments.get_mut("it") {
            it.since = Some(world.now).filter(|_| holds);
        }
        world.tell(Happening::Purchase(order));
        assert_eq!(crate::conditions::answer(&world), holds);
    }
}

fn conditions() -> impl Strategy<Value = Condition> {
    let spans = prop::sample::select(vec!["3h", "2d", "1w", "40d"]);
    let tests = prop_oneof![
        (-3..5_i64).prop_map(under),
        (-3..5_i64).prop_map(|days| FieldTest::Over(days.into())),
        (-3..5_i64).prop_map(|days| FieldTest::Is(json!(days))),
        prop::collection::vec(-3..5_i64, 0..3)
            .prop_map(|days| FieldTest::OneOf(days.into_iter().map(|days| json!(days)).collect())),
        prop::bool::ANY.prop_map(FieldTest::Empty),
        Just(FieldTest::Under(serde_json::Number::from_f64(2.5).unwrap())),
    ];
    let leaf = prop_oneof![
        (1..3_u32, spans.clone()).prop_map(|(times, span)| bought(times, span)),
        spans.clone().prop_map(|span| happened("visit", span)),
        spans.clone().prop_map(|span| happened("order-placed", span)),
        spans.prop_map(|span| Condition::Form {
            name: "spring".to_owned(),
            since: Since::Within(span.parse().unwrap()),
        }),
        tests.prop_map(|test| days_to("due", test)),
    ];
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Condition::Any),
            inner.prop_map(|one| Condition::Not(Box::new(one))),
        ]
    })
}

proptest! {
    /// Goal: whoever is looked at only when that was asked for is always where one who is looked at every
    /// hour would be.
    #[test]
    fn no_turn_is_missed(
        condition in conditions(),
        acts in prop::collection::vec((0..6_u8, 1..60_i64), 1..12),
    ) {
        let mut world = world(condition);
        world.tell(event("hello"));
        for (act, hours) in acts {
            match act {
                0 => buys(&mut world),
                1 => world.tell(event("visit")),
                2 => {
                    let placed = Order { status: OrderStatus::Placed, ..Order::default() };
                    world.tell(Happening::Purchase(placed));
                }
                3 => world.tell(Happening::Signup { form: Some("spring".to_owned()) }),
                4 => {
                    let day = world.now.to_zoned(jiff::tz::TimeZone::UTC).date();
                    let days = jiff::ToSpan::days(hours.rem_euclid(9) - 4);
                    set(&mut world, "due", json!(day + days));
                }
                _ => {}
            }
            for _ in 0..hours {
                let next = after(&world, 1);
                looks(&mut world, next);
                let decision = world.decide(&Stimulus::Look);
                prop_assert_eq!(decision.contact, None, "at {}", world.now);
            }
        }
    }
}

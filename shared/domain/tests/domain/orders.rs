//! Orders as stores tell of them: placed, paid, changed, paid back and called off, late, twice and in
//! any order.

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Again, Condition, ContactDetails, Fact, FactId, FieldTest, Flow, Goal, Happening, Order,
    OrderStatus, Platform, Product, PurchaseTest, Recent, Since, Span, State, Stimulus, Trigger,
};
use serde_json::json;

use crate::{
    conditions::{answer, asking, on},
    journeys::item,
    world::{DAWN, World, line, wait},
};

use OrderStatus::{Cancelled, Paid, Placed, Refunded};

/// A version of order `id`, which was made at dawn, as of so many seconds later.
pub(crate) fn version(id: &str, after: i64, status: OrderStatus, total: &str) -> Order {
    Order {
        order_id: id.to_owned(),
        shop: Some(Platform::Shopify),
        status,
        changed_at: Some(DAWN + SignedDuration::from_secs(after)),
        total: Some(total.to_owned()),
        items: vec![item("mint".to_owned())],
        ..Order::default()
    }
}

fn told(world: &mut World, order: Order) -> Fact {
    let fact = world.fact(Happening::Purchase(order), ContactDetails::default());
    Fact { at: DAWN, ..fact }
}

fn tell(world: &mut World, order: Order) {
    let fact = told(world, order);
    world.act(&Stimulus::Fact(Box::new(fact)));
}

/// A journey for each thing that an order can come to be.
fn each() -> World {
    let again = Again::Always;
    let on = |name: &str, trigger| Flow { again, ..line(name, &[trigger], &[]) };
    let event = |name: &str| on(name, Trigger::event(name));
    World::new([
        on("bought", Trigger::Purchased(Product::Any.into())),
        event("order-placed"),
        event("order-refunded"),
        event("order-cancelled"),
    ])
}

/// How often each of the journeys began: bought, placed, refunded, cancelled.
fn began(world: &World) -> [u32; 4] {
    ["bought", "order-placed", "order-refunded", "order-cancelled"]
        .map(|flow| world.contact.flows.get(flow).map_or(0, |ledger| ledger.entered))
}

/// Goal: what an order comes to be is told once, a purchase when it counts; and the sums are those of
/// how it stands.
#[test]
fn what_an_order_comes_to_be_is_told_once() {
    let order = |after, status, total: &str| version("1", after, status, total);
    for (versions, told, orders, spent) in [
        (vec![order(1, Paid, "10")], [1, 0, 0, 0], 1, 1_000),
        (vec![order(1, Placed, "10")], [0, 1, 0, 0], 0, 0),
        (vec![order(1, Placed, "10"), order(2, Placed, "12")], [0, 1, 0, 0], 0, 0),
        (vec![order(1, Placed, "10"), order(2, Paid, "10")], [1, 1, 0, 0], 1, 1_000),
        (vec![order(1, Paid, "10"), order(2, Paid, "12")], [1, 0, 0, 0], 1, 1_200),
        (vec![order(1, Paid, "10"), order(2, Paid, "4")], [1, 0, 1, 0], 1, 400),
        (
            vec![order(1, Paid, "10"), order(2, Paid, "4"), order(3, Refunded, "0")],
            [1, 0, 2, 0],
            0,
            0,
        ),
        (vec![order(1, Paid, "10"), order(2, Cancelled, "0")], [1, 0, 0, 1], 0, 0),
        (
            vec![order(1, Paid, "10"), order(2, Cancelled, "0"), order(3, Cancelled, "0")],
            [1, 0, 0, 1],
            0,
            0,
        ),
        (vec![order(1, Cancelled, "10")], [0, 0, 0, 1], 0, 0),
        (vec![order(1, Refunded, "10")], [0, 0, 1, 0], 0, 0),
        (
            vec![order(1, Paid, "10"), order(2, Cancelled, "0"), order(3, Paid, "10")],
            [2, 0, 0, 1],
            1,
            1_000,
        ),
        (vec![order(1, Paid, "10"), order(2, Placed, "10")], [1, 1, 0, 0], 0, 0),
        // Late and double ones.
        (vec![order(2, Paid, "10"), order(1, Placed, "10")], [1, 0, 0, 0], 1, 1_000),
        (vec![order(2, Cancelled, "0"), order(1, Paid, "10")], [0, 0, 0, 1], 0, 0),
        (vec![order(2, Paid, "4"), order(1, Paid, "10")], [1, 0, 0, 0], 1, 400),
        (vec![order(1, Paid, "10"), order(1, Paid, "10")], [1, 0, 0, 0], 1, 1_000),
        // Of the same second.
        (vec![order(1, Placed, "10"), order(1, Paid, "10")], [1, 1, 0, 0], 1, 1_000),
        (vec![order(1, Paid, "10"), order(1, Placed, "10")], [1, 0, 0, 0], 1, 1_000),
        (vec![order(1, Cancelled, "0"), order(1, Refunded, "0")], [0, 0, 0, 1], 0, 0),
        (vec![order(1, Paid, "4"), order(1, Paid, "10")], [1, 0, 0, 0], 1, 400),
        // Two orders, though their ids are one.
        (
            vec![order(1, Paid, "10"), Order { shop: None, ..order(1, Paid, "5") }],
            [2, 0, 0, 0],
            2,
            1_500,
        ),
        (
            vec![
                order(1, Paid, "10"),
                Order { shop: Some(Platform::Woocommerce), ..order(2, Cancelled, "5") },
            ],
            [1, 0, 0, 1],
            1,
            1_000,
        ),
    ] {
        let mut world = each();
        for version in &versions {
            world.pass(10);
            tell(&mut world, version.clone());
        }
        let purchases = &world.contact.purchases;
        assert_eq!(began(&world), told, "{versions:?}");
        assert_eq!((purchases.orders, purchases.spent), (orders, spent), "{versions:?}");
        let bought = u32::from(orders > 0);
        assert_eq!(purchases.last_at.is_some(), bought > 0, "{versions:?}");
        assert_eq!(purchases.products.len() as u32, bought, "{versions:?}");
    }
}

/// Goal: an order that is told without a version is one of the moment when it was made.
#[test]
fn a_version_without_a_time_is_the_first() {
    let mut world = each();
    for total in ["10", "4", "12"] {
        let order = Order { changed_at: None, ..version("1", 0, Paid, total) };
        tell(&mut world, order);
    }
    assert_eq!(began(&world), [1, 0, 1, 0]);
    assert_eq!(world.contact.purchases.spent, 400, "of the same moment the smaller one stands");
    tell(&mut world, version("1", 5, Paid, "7"));
    assert_eq!((world.contact.purchases.orders, world.contact.purchases.spent), (1, 700));
}

/// Goal: with an order go its products, and the last of both is the last that is left.
#[test]
fn a_cancelled_order_takes_its_products_along() {
    let mut world = World::new([]);
    let of = |products: &[&str], order| Order {
        items: products.iter().map(|product| item((*product).to_owned())).collect(),
        ..order
    };
    let first = told(&mut world, of(&["mint", "cup"], version("1", 0, Paid, "10")));
    world.act(&Stimulus::Fact(Box::new(first)));
    let made_at = DAWN + SignedDuration::from_secs(50);
    let late = |world: &mut World, order| Fact { at: made_at, ..told(world, order) };
    world.pass(100);
    let second = late(&mut world, of(&["mint", "sage"], version("2", 60, Paid, "7")));
    world.act(&Stimulus::Fact(Box::new(second)));
    let products = &world.contact.purchases.products;
    assert_eq!((products["mint"].times, products["mint"].last_at), (2, made_at));
    assert_eq!(world.contact.purchases.last_at, Some(made_at));

    // A line goes, then the order.
    let without = late(&mut world, of(&["sage"], version("2", 70, Paid, "3")));
    world.act(&Stimulus::Fact(Box::new(without)));
    let products = &world.contact.purchases.products;
    assert_eq!((products["mint"].times, products["mint"].last_at), (1, DAWN));
    assert_eq!((products["sage"].times, products["sage"].last_at), (1, made_at));
    let gone = late(&mut world, of(&["sage"], version("2", 80, Cancelled, "0")));
    world.act(&Stimulus::Fact(Box::new(gone)));
    let purchases = &world.contact.purchases;
    assert_eq!(purchases.products.keys().collect::<Vec<_>>(), ["cup", "mint"]);
    assert_eq!((purchases.orders, purchases.spent), (1, 1_000));
    assert_eq!(purchases.last_at, Some(DAWN));
    assert_eq!(purchases.recent.len(), 2, "it is remembered, not counted");
}

/// Goal: C3, an order that was called off, wholly paid back or never paid was not bought.
#[test]
fn c3_only_what_is_paid_was_bought() {
    for (status, bought) in [(Paid, true), (Placed, false), (Refunded, false), (Cancelled, false)] {
        for since in [Since::Ever, Since::Entry, Since::Within(Span::seconds(86_400))] {
            for what in [Product::Any, Product::One("mint".to_owned())] {
                let test = Condition::Purchased(PurchaseTest::once(what, since));
                let mut world = asking(&on("ask"), &[("rest", wait("2h"))], test);
                world.tell(crate::world::event("ask"));
                world.pass(60);
                let order = version("1", 60, Paid, "10");
                let fact = world.fact(Happening::Purchase(order), ContactDetails::default());
                world.act(&Stimulus::Fact(Box::new(fact)));
                let order = version("1", 70, status, "10");
                let fact = world.fact(Happening::Purchase(order), ContactDetails::default());
                world.act(&Stimulus::Fact(Box::new(fact)));
                world.wake();
                assert_eq!(answer(&world), bought, "{status:?} {since:?}");
            }
        }
    }
}

/// Goal: conditions on the events of orders ask how orders stand now.
#[test]
fn events_of_orders_are_asked_of_how_they_stand() {
    for (name, since, times, expected) in [
        ("order-cancelled", Since::Ever, 1, true),
        ("order-cancelled", Since::Ever, 2, false),
        ("order-placed", Since::Ever, 1, false),
        ("order-placed", Since::Ever, 0, true),
        ("order-refunded", Since::Ever, 1, false),
        ("order-cancelled", Since::Within(Span::seconds(60)), 1, true),
        ("order-cancelled", Since::Within(Span::seconds(10)), 1, false),
        ("order-paid", Since::Ever, 1, false),
    ] {
        let name = name.to_owned();
        let words = format!("{name} {since:?} {times}");
        let mut world = asking(&on("ask"), &[], Condition::Event { name, since, times });
        tell(&mut world, version("1", 1, Placed, "10"));
        tell(&mut world, version("1", 2, Cancelled, "10"));
        tell(&mut world, version("2", 2, Paid, "10"));
        world.pass(30);
        world.tell(crate::world::event("ask"));
        assert_eq!(answer(&world), expected, "{words}");
    }
}

/// Goal: the event of an order has the order for its data; its total is compared as a number.
#[test]
fn the_event_of_an_order_brings_the_order() {
    let asked =
        Condition::Field { name: "event.total".to_owned(), test: FieldTest::Over(10.into()) };
    for (total, over) in [("10.50", true), ("9.50", false), ("much", false)] {
        let mut world = asking(&[Trigger::event("order-placed")], &[], asked.clone());
        tell(&mut world, version("1", 1, Placed, total));
        assert_eq!(answer(&world), over, "{total}");
    }
    let placed = [Trigger::event("order-placed")];
    let mut world = World::new([line("it", &placed, &[("rest", wait("1d"))])]);
    tell(&mut world, version("1", 1, Placed, "10"));
    assert_eq!(
        world.run("it").data,
        json!({ "event": { "name": "order-placed", "data": {
            "order_id": "1", "shop": "shopify", "status": "placed", "total": "10",
            "changed_at": "2027-01-15T08:00:01Z",
            "items": [{ "product_id": "mint", "quantity": 2, "price": "60.25" }],
        } } })
    );
}

/// Goal: a journey that an order began, bought or placed, is left when that very order is called off.
#[test]
fn the_same_order_that_began_it() {
    let same = |key: &str| Trigger::Event {
        name: "order-cancelled".to_owned(),
        matching: [("shop".to_owned(), json!("shopify"))].into(),
        same: Some(key.to_owned()),
    };
    let bought = Trigger::Purchased(Product::Any.into());
    for (trigger, status, cancelled, key, left) in [
        (bought.clone(), Paid, "1", "order_id", true),
        (bought.clone(), Paid, "2", "order_id", false),
        (bought, Paid, "1", "coupon", false),
        (Trigger::event("order-placed"), Placed, "1", "order_id", true),
        (Trigger::event("order-placed"), Placed, "2", "order_id", false),
    ] {
        let words = format!("{} {cancelled} {key}", trigger.in_words());
        let steps = [("rest", wait("1d"))];
        let flow = Flow { exits: vec![same(key)], ..line("it", &[trigger], &steps) };
        let mut world = World::new([flow]);
        tell(&mut world, version("1", 1, status, "10"));
        tell(&mut world, version(cancelled, 2, Cancelled, "10"));
        assert_eq!(!world.run("it").is_live(), left, "{words}");
    }
}

/// Goal: whoever is reminded to pay and pays reaches the goal, though the order is older than the
/// reminder; an order that was paid before the journey, and is only now heard of, does not.
#[test]
fn a_goal_is_reached_when_the_order_is_paid() {
    let within = Span::seconds(86_400);
    let goal = Goal { reached_by: vec![Trigger::Purchased(Product::Any.into())], within };
    let placed = [Trigger::event("order-placed")];
    let flow = Flow { goal: Some(goal), ..line("remind", &placed, &[("rest", wait("2d"))]) };
    for (id, reached) in [("1", true), ("2", false)] {
        let mut world = World::new([flow.clone()]);
        world.pass(60);
        tell(&mut world, version("1", 1, Placed, "10"));
        world.pass(60);
        tell(&mut world, version(id, 100, Paid, "10"));
        assert_eq!(world.run("remind").goal_at.is_some(), reached, "order {id}");
    }
}

/// Goal: a wait ends by what an order comes to be, and not by a version that changes nothing.
#[test]
fn a_wait_ends_by_what_an_order_comes_to_be() {
    let until = masa_domain::Action::Await {
        until: vec![Trigger::event("order-refunded")],
        span: Span::seconds(86_400),
        then: None,
        otherwise: None,
    };
    let go = [Trigger::Purchased(Product::Any.into())];
    let mut world = World::new([line("it", &go, &[("rest", until)])]);
    tell(&mut world, version("1", 1, Paid, "10"));
    for quiet in [version("1", 2, Paid, "10"), version("1", 3, Paid, "11")] {
        tell(&mut world, quiet);
        assert!(matches!(world.run("it").state, State::Waiting { .. }));
    }
    tell(&mut world, version("1", 4, Paid, "5"));
    assert!(!world.run("it").is_live());
}

/// Goal: mails are counted since the last purchase, which no edit and no cancelled order is.
#[test]
fn only_a_purchase_begins_the_count_of_mails_anew() {
    for (status, after, counted) in
        [(Paid, 9, true), (Placed, 9, true), (Cancelled, 9, true), (Paid, 0, true)]
    {
        let mut world = World::new([]);
        tell(&mut world, version("1", 1, Paid, "10"));
        let (flow, step) = ("it".to_owned(), "hello".to_owned());
        world.tell(Happening::Opened { flow, step });
        tell(&mut world, version("1", after, status, "10"));
        let seen = world.contact.seen.contains_key("opened-since-purchase");
        assert_eq!(seen, counted, "{status:?} {after}");
        tell(&mut world, version("2", 10, Paid, "10"));
        assert!(!world.contact.seen.contains_key("opened-since-purchase"));
    }
}

fn made(world: &mut World, seconds: i64, order: Order) {
    let fact = told(world, order);
    let at = DAWN + SignedDuration::from_secs(seconds);
    world.act(&Stimulus::Fact(Box::new(Fact { at, ..fact })));
}

/// Goal: of orders that are older than the thirty that are known, versions are passed over, since they
/// may be counted already; what is told once and without a version is counted.
#[test]
fn what_is_older_than_the_register_stays_as_it_is() {
    let mut world = each();
    for n in 0..31 {
        made(&mut world, 100 + n, version(&n.to_string(), 200, Paid, "10"));
    }
    let sums = |world: &World| (world.contact.purchases.orders, world.contact.purchases.spent);
    assert_eq!(sums(&world), (31, 31_000));
    let made_at = DAWN + SignedDuration::from_secs(100);
    assert_eq!(world.contact.purchases.dropped_at, Some(made_at));
    for (id, at) in [("0", 100), ("new", 100), ("new", 50)] {
        made(&mut world, at, version(id, 300, Cancelled, "0"));
        made(&mut world, at, version(id, 301, Paid, "10"));
        assert_eq!(sums(&world), (31, 31_000), "{id}");
        assert_eq!(began(&world), [31, 0, 0, 0], "{id}");
    }
    let once = |status| Order { changed_at: None, ..version("once", 0, status, "5") };
    made(&mut world, 50, once(Cancelled));
    made(&mut world, 50, once(Paid));
    assert_eq!(sums(&world), (32, 31_500));
    assert_eq!(began(&world), [32, 0, 0, 0]);
    // The thirty that are known are changed as ever, and a younger one is taken in.
    made(&mut world, 130, version("30", 300, Cancelled, "0"));
    made(&mut world, 131, version("31", 300, Paid, "10"));
    assert_eq!(sums(&world), (32, 31_500));
    assert_eq!(world.contact.purchases.recent.len(), 30);
}

/// Goal: when none of the orders that are left is known one by one, the last purchase is no younger than
/// those that were dropped.
#[test]
fn the_last_purchase_is_told_beyond_the_register() {
    let mut world = World::new([]);
    for n in 0..31 {
        made(&mut world, n, version(&n.to_string(), 100, Paid, "10"));
    }
    for n in 1..31 {
        made(&mut world, n, version(&n.to_string(), 200, Cancelled, "0"));
    }
    let purchases = &world.contact.purchases;
    assert_eq!((purchases.orders, purchases.last_at), (1, Some(DAWN)));
    assert_eq!((purchases.products["mint"].times, purchases.products["mint"].last_at), (1, DAWN));
}

/// Goal: orders and facts that were stored without versions and standing are read.
#[test]
fn what_was_stored_before_is_read() {
    let order: Order = serde_json::from_value(json!({ "order_id": "1001" })).unwrap();
    assert_eq!((order.status, order.shop, order.changed_at), (Paid, None, None));
    assert_eq!(order.key(), ":1001");
    assert_eq!(version("1001", 1, Paid, "1").key(), "shopify:1001");
    let kept = json!({ "at": DAWN, "paid": 100, "products": ["mint"] });
    let recent: Recent = serde_json::from_value(kept.clone()).unwrap();
    assert_eq!(recent.status, Paid);
    assert_eq!(serde_json::to_value(recent).unwrap(), kept);
}

/// Goal: an older version of a person that comes late does not undo a younger one; what is told without
/// a time of its own is of the moment when it was let in.
#[test]
fn an_older_profile_does_not_undo_a_younger_one() {
    let named = |name: &str| ContactDetails {
        first_name: Some(name.to_owned()),
        ..ContactDetails::default()
    };
    // By when it is told, as of when (`None`: as of then).
    for (tellings, expected) in [
        (vec![(100, Some(50), "old"), (200, Some(150), "new")], "new"),
        (vec![(100, Some(90), "new"), (200, Some(50), "old")], "new"),
        (vec![(100, Some(90), "new"), (110, None, "signup")], "signup"),
        (vec![(100, Some(90), "new"), (110, None, "signup"), (200, Some(105), "old")], "signup"),
        (vec![(100, Some(90), "one"), (200, Some(90), "same moment")], "same moment"),
        (vec![(100, None, "signup"), (200, Some(150), "new")], "new"),
    ] {
        let mut world = World::new([]);
        let mut after = 0;
        for (received, as_of, name) in &tellings {
            world.pass(received - after);
            after = *received;
            let mut fact = world.fact(crate::world::event("told"), named(name));
            if let Some(as_of) = as_of {
                fact.at = DAWN + SignedDuration::from_secs(*as_of);
            }
            world.act(&Stimulus::Fact(Box::new(fact)));
        }
        assert_eq!(world.contact.profile.first_name.as_deref(), Some(expected), "{tellings:?}");
    }
}

/// A fact about an order with an id of its own.
pub(crate) fn fact_of(world: &mut World, at: Timestamp, order: Order) -> Fact {
    let of = format!("{order:?}");
    let fact = told(world, order);
    Fact { id: FactId::new("order", &of), at, ..fact }
}

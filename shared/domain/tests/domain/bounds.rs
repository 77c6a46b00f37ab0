//! What is remembered of a contact is bounded: the oldest goes first, and what is decided on stays.

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    Action, Again, Contact, ContactDetails, FactId, Happening, Order, Recent, Seen, Stimulus,
    Trigger,
};
use serde_json::{Value, json};

use crate::world::{DAWN, World, event, line, wait};

/// What a state may take, in bytes of JSON.
const STATE_MAX: usize = 300 * 1024;

fn at(second: i64) -> Timestamp {
    DAWN + SignedDuration::from_secs(second)
}

fn bytes(contact: &Contact) -> usize {
    serde_json::to_string(contact).unwrap().len()
}

fn keys<T>(map: &std::collections::BTreeMap<String, T>) -> Vec<&str> {
    map.keys().map(String::as_str).collect()
}

/// A contact inside a journey that it has gone round ten times, outside another, with a past of eight
/// kinds of happenings, products and orders.
fn full() -> World {
    let go = [Trigger::event("go")];
    let steps = [("rest", wait("1h")), ("back", Action::Jump("rest".to_owned()))];
    let mut world = World::new([line("inside", &go, &steps), line("outside", &go, &[])]);
    world.tell(event("go"));
    for _ in 0..10 {
        world.wake();
    }
    world.contact.applied.clear();
    world.contact.seen.clear();
    for n in 0..8 {
        let seen = Seen { times: 1, last_at: at(n) };
        world.contact.seen.insert(format!("event:{n}"), seen);
        world.contact.purchases.products.insert(format!("product-{n}"), seen);
        let products = vec![format!("product-{n}")];
        let order = Recent { at: at(n), paid: 100, products, ..Recent::default() };
        world.contact.purchases.recent.push(order);
        world.contact.applied.insert(FactId::new("past", &n.to_string()), world.now);
    }
    world
}

/// A fact that lengthens the contact's name by so many letters.
fn named(world: &mut World, letters: usize) -> Stimulus {
    let first_name = Some("x".repeat(letters));
    let details = ContactDetails { first_name, ..ContactDetails::default() };
    Stimulus::Fact(Box::new(world.fact(event("told"), details)))
}

/// Goal: a state that just fits is kept whole; of one that is a byte too large, half of what is only told
/// is forgotten, the oldest, and with it ended runs and all but the end of the live ones' stories.
#[test]
fn a_state_that_is_too_large_is_trimmed() {
    let mut world = full();
    world.flows.clear();
    let probe = named(&mut world, 1);
    let one = bytes(&world.decide(&probe).contact.unwrap());
    let room = STATE_MAX - one + 1;

    let fits = named(&mut world, room);
    let whole = world.decide(&fits).contact.unwrap();
    assert_eq!(bytes(&whole), STATE_MAX);
    assert_eq!((whole.seen.len(), whole.applied.len(), whole.runs.len()), (9, 9, 2));
    assert_eq!((whole.purchases.products.len(), whole.purchases.recent.len()), (8, 8));

    let too_large = named(&mut world, room + 1);
    let trimmed = world.decide(&too_large).contact.unwrap();
    assert!(bytes(&trimmed) <= STATE_MAX);
    assert_eq!(keys(&trimmed.seen), ["event:5", "event:6", "event:7", "event:told"]);
    let products = ["product-4", "product-5", "product-6", "product-7"];
    assert_eq!(keys(&trimmed.purchases.products), products);
    let recent: Vec<_> = trimmed.purchases.recent.iter().map(|order| order.at).collect();
    assert_eq!(recent, [at(4), at(5), at(6), at(7)]);
    assert_eq!(trimmed.applied.len(), 4);
    let [run] = trimmed.runs.values().collect::<Vec<_>>()[..] else {
        panic!("the live run alone stays: {:?}", trimmed.runs)
    };
    let before = &whole.runs[&run.id];
    assert_eq!((&run.state, run.generation), (&before.state, before.generation));
    assert_eq!(run.story[..], before.story[before.story.len() - 3..], "the end of its story");
    assert_eq!(run.forgotten as usize, before.story.len() - 3, "the rest is counted");
}

/// Goal: what is much too large is halved again, as often as it takes, and no more than that.
#[test]
fn a_state_that_is_much_too_large_is_trimmed_until_it_fits() {
    let mut world = World::new([]);
    for n in 0..7 {
        let seen = Seen { times: 1, last_at: at(n) };
        world.contact.seen.insert(format!("{n}{}", "x".repeat(110_000)), seen);
    }
    world.pass(60);
    world.tell(event("told"));
    let firsts: Vec<&str> = world.contact.seen.keys().map(|key| &key[..1]).collect();
    assert_eq!(firsts, ["6", "e"], "eight are halved twice");
}

/// Goal: a state that cannot be made to fit does not hang the decision.
#[test]
fn a_state_that_cannot_be_trimmed_is_decided_all_the_same() {
    let mut world = full();
    let stimulus = named(&mut world, 2 * STATE_MAX);
    let decision = world.decide(&stimulus);
    let contact = decision.contact.unwrap();
    assert!(contact.seen.is_empty() && contact.purchases.products.is_empty());
    assert_eq!(contact.runs.values().filter(|run| run.is_live()).count(), 1, "it goes on");
}

/// Goal: of happenings 200 kinds are remembered, the oldest goes first; those that came again are young.
#[test]
fn the_oldest_kind_of_happening_is_forgotten() {
    let mut world = World::new([]);
    for n in 0..200 {
        world.pass(60);
        world.tell(event(&format!("{n:03}")));
    }
    assert_eq!(world.contact.seen.len(), 200);
    world.pass(60);
    world.tell(event("000"));
    world.pass(60);
    world.tell(event("new"));
    assert_eq!(world.contact.seen.len(), 200);
    assert!(!world.contact.seen.contains_key("event:001"), "it was the oldest");
    assert_eq!(world.contact.seen["event:000"].times, 2);
}

/// Goal: a fact is known for 25 hours, to the second, and of more than 500 the oldest is forgotten.
#[test]
fn applied_facts_are_known_as_long_as_they_can_come_again() {
    for (hours, seconds, known) in [(25, 0, true), (25, 1, false)] {
        let mut world = World::new([]);
        let fact = world.fact(event("first"), ContactDetails::default());
        world.act(&Stimulus::Fact(Box::new(fact.clone())));
        world.pass(hours * 3_600 + seconds);
        world.tell(event("second"));
        assert_eq!(world.contact.has_applied(&fact), known, "after {hours} h and {seconds} s");
    }
    let mut world = World::new([]);
    let fact = world.fact(event("first"), ContactDetails::default());
    world.act(&Stimulus::Fact(Box::new(fact.clone())));
    for n in 1..=500 {
        assert!(world.contact.has_applied(&fact), "it is one of {n}");
        world.pass(1);
        world.tell(event("more"));
    }
    assert!(!world.contact.has_applied(&fact), "it was the oldest of 501");
    assert_eq!(world.contact.applied.len(), 500);
}

/// Goal: a contact is on 200 lists at most; what it does not join lets into nothing.
#[test]
fn a_contact_joins_so_many_lists() {
    let flow = line("late", &[Trigger::Joined("late".to_owned())], &[]);
    for (before, joins) in [(199, true), (200, false)] {
        let mut world = World::new([flow.clone()]);
        for n in 0..before {
            world.contact.lists.insert(format!("list-{n}"), DAWN);
        }
        world.join(&["late"]);
        assert_eq!(world.contact.lists.contains_key("late"), joins, "on {before} lists");
        assert_eq!(world.runs("late").len(), usize::from(joins));
    }
}

/// Goal: fields hold 48 KiB together, names and JSON; what goes beyond is not taken, and what the field
/// held before stays.
#[test]
fn fields_hold_so_much_together() {
    let set = |world: &mut World, name: &str, value: Value| {
        let fields = [(name.to_owned(), value)].into();
        let details = ContactDetails { fields, ..ContactDetails::default() };
        let fact = world.fact(event("told"), details);
        world.act(&Stimulus::Fact(Box::new(fact)));
    };
    let mut world = World::new([]);
    // A letter and its quotes beside it.
    let text = |bytes: usize| json!("x".repeat(bytes - 3));
    set(&mut world, "a", json!("old"));
    set(&mut world, "b", text(40 * 1024));
    set(&mut world, "a", text(8 * 1024 + 1));
    assert_eq!(world.contact.field("a"), Some(json!("old")), "a byte too much");
    set(&mut world, "c", text(8 * 1024));
    assert_eq!(world.contact.field("c"), None, "beside what is there");
    set(&mut world, "a", text(8 * 1024));
    assert_eq!(world.contact.field("a"), Some(text(8 * 1024)), "48 KiB together");
}

/// Goal: of ended runs the youngest ten are kept, beside the live ones.
#[test]
fn the_oldest_ended_run_is_forgotten() {
    let through = line("through", &[Trigger::event("go")], &[]);
    let stays = line("stays", &[Trigger::event("stay")], &[("rest", wait("3w"))]);
    let mut world = World::new([masa_domain::Flow { again: Again::Always, ..through }, stays]);
    world.tell(event("stay"));
    let mut entered = Vec::new();
    for _ in 0..12 {
        world.pass(60);
        world.tell(event("go"));
        entered.push(world.now);
    }
    let kept: Vec<Timestamp> = world.runs("through").iter().map(|run| run.entered_at).collect();
    assert_eq!(kept, entered[2..]);
    assert!(world.run("stays").is_live());
}

/// Goal: 30 orders and 200 products are remembered, the oldest goes first, in whichever order they are
/// told; and of one order 50 products.
#[test]
fn the_oldest_orders_and_products_are_forgotten() {
    let mut world = World::new([]);
    let order = |products: Vec<String>| {
        let items = products.into_iter().map(crate::journeys::item).collect();
        Happening::Purchase(Order { items, ..Order::default() })
    };
    for n in 0..40 {
        world.pass(60);
        let products = (0..6).map(|item| format!("{n:02}-{item}")).collect();
        let mut fact = world.fact(order(products), ContactDetails::default());
        // Each second one is told first.
        fact.at -= SignedDuration::from_secs(if n % 2 == 0 { 0 } else { 90 });
        world.act(&Stimulus::Fact(Box::new(fact)));
    }
    let purchases = &world.contact.purchases;
    assert_eq!((purchases.orders, purchases.recent.len()), (40, 30));
    assert!(purchases.recent.is_sorted_by_key(|order| order.at));
    assert_eq!(purchases.products.len(), 200);
    assert!(!purchases.products.contains_key("00-0") && purchases.products.contains_key("39-0"));
    world.pass(600);
    let products = (0..55).map(|item| format!("{:02}", item % 52)).collect();
    world.tell(order(products));
    let purchases = &world.contact.purchases;
    let last = &purchases.recent[29].products;
    assert_eq!((last.len(), last[49].as_str()), (50, "49"));
    assert_eq!(purchases.products["02"].times, 1, "one order of it, whatever its lines");
}

/// What a run keeps of an event with these members, by how much they weigh: their names and JSON.
fn kept(weights: &[usize]) -> Vec<String> {
    // A letter and two quotes are beside the text.
    let members = weights
        .iter()
        .zip('a'..)
        .map(|(weight, name)| (name.to_string(), json!("x".repeat(weight - 3))));
    let data = Value::Object(members.collect());
    let mut world = World::new([line("it", &[Trigger::event("go")], &[("rest", wait("1d"))])]);
    world.tell(Happening::Event { name: "go".to_owned(), data });
    let data = &world.run("it").data["event"]["data"];
    data.as_object().unwrap().keys().cloned().collect()
}

/// Goal: of what began a run the members that fit into 8 KiB are kept, one after the other.
#[test]
fn a_run_keeps_the_members_that_fit() {
    assert_eq!(kept(&[8 * 1024]), ["a"]);
    assert_eq!(kept(&[8 * 1024 + 1]), [""; 0]);
    assert_eq!(kept(&[5_000, 3_192]), ["a", "b"]);
    assert_eq!(kept(&[5_000, 3_193]), ["a"]);
    assert_eq!(kept(&[5_000, 5_000, 3_192]), ["a", "c"]);
}

/// Goal: of an order that is larger than 8 KiB half of the items are kept, the first, or half of these.
#[test]
fn a_run_keeps_the_items_that_fit() {
    let order = |letters: usize| Order {
        order_id: "x".repeat(letters),
        items: (0..5).map(|n| crate::journeys::item(n.to_string())).collect(),
        ..Order::default()
    };
    let room = 8 * 1024 - json!(order(0)).to_string().len();
    for (letters, kept) in [(room, 5), (room + 1, 2), (8 * 1024, 0)] {
        let bought = Trigger::Purchased(masa_domain::Product::Any.into());
        let mut world = World::new([line("it", &[bought], &[("rest", wait("1d"))])]);
        world.tell(Happening::Purchase(order(letters)));
        let items = world.run("it").data["order"]["items"].as_array().unwrap();
        let ids: Vec<_> = items.iter().map(|item| item["product_id"].clone()).collect();
        assert_eq!(ids, ["0", "1", "2", "3", "4"][..kept], "{letters} letters");
    }
}

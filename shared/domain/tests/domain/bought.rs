//! What was bought, for how much, and what is asked about it.

use std::sync::Arc;

use jiff::SignedDuration;
use masa_domain::{
    Again, Bought, Catalogue, Condition, ContactDetails, Flow, Happening, Order, Product,
    ProductFacts, PurchaseTest, Setup, Since, Span, Stimulus, Trigger,
};
use serde_json::{Number, json};

use crate::{
    conditions::{answer, asking, on},
    journeys::item,
    world::{World, event, line, wait},
};

fn order(products: &[&str], total: Option<&str>) -> Happening {
    Happening::Purchase(Order {
        total: total.map(str::to_owned),
        items: products.iter().map(|product| item((*product).to_owned())).collect(),
        ..Order::default()
    })
}

/// In this shop mint is a tea.
fn with_tea(mut world: World) -> World {
    let tea = ProductFacts { category: Some("tea".to_owned()), lasts: None };
    let products = [("mint".to_owned(), tea)].into();
    let setup = Setup { products, ..Setup::default() };
    world.catalogue = Arc::new(Catalogue { setup, ..(*world.catalogue).clone() });
    world
}

/// Goal: what was paid is a decimal number with two places that count; what is none is nothing.
#[test]
fn what_was_paid_is_read_to_the_hundredth() {
    for (total, spent) in [
        (Some("120.50"), 12_050),
        (Some("120"), 12_000),
        (Some("0.07"), 7),
        (Some("7.5"), 750),
        (Some("7."), 700),
        (Some("7.129"), 712),
        (Some(" 7.50 "), 750),
        (Some("-5.25"), -525),
        (Some("-0.50"), -50),
        (Some("a lot"), 0),
        (Some("1e3"), 0),
        (Some("1,000.00"), 0),
        (Some("+5"), 0),
        (Some("1.+5"), 0),
        (Some("1.x"), 0),
        (Some(".50"), 0),
        (Some("--5"), 0),
        (Some(""), 0),
        (None, 0),
    ] {
        let mut world = World::new([]);
        world.tell(order(&[], total));
        assert_eq!(world.contact.purchases.spent, spent, "{total:?}");
        assert_eq!(world.contact.purchases.recent[0].paid, spent, "{total:?}");
    }
}

/// Whether `test` holds two hours after entering, for who bought mint for 10.00 an hour before it, mint
/// and a cup for 20.50 a minute after it, and a cup for 30 another minute later.
fn holds(test: PurchaseTest) -> bool {
    let mut world =
        with_tea(asking(&on("ask"), &[("rest", wait("2h"))], Condition::Purchased(test)));
    world.tell(order(&["mint"], Some("10.00")));
    world.pass(3_600);
    world.tell(event("ask"));
    world.pass(60);
    world.tell(order(&["mint", "cup"], Some("20.50")));
    world.pass(60);
    world.tell(order(&["cup"], Some("30")));
    world.wake();
    answer(&world)
}

/// Goal: C3, how many orders and for how much, of anything, a product or a category, since when: each
/// holds for what there is, and not for one more or a hundredth more.
#[test]
fn c3_how_often_and_for_how_much() {
    use Since::{Entry, Ever, Within};
    let any = (Product::Any, None);
    let one = |product: &str| (Product::One(product.to_owned()), None);
    let tea = (Product::Any, Some("tea"));
    let mint_tea = (one("mint").0, Some("tea"));
    let (two_minutes_less, a_second_too_few) = (Span::seconds(7_140), Span::seconds(7_139));
    for ((what, category), since, times, total) in [
        (any.clone(), Ever, 3, "60.5"),
        (any.clone(), Entry, 2, "50.5"),
        (any.clone(), Within(two_minutes_less), 2, "50.5"),
        (any.clone(), Within(a_second_too_few), 1, "30"),
        (one("mint"), Ever, 2, "30.5"),
        (one("mint"), Entry, 1, "20.5"),
        (one("cup"), Entry, 2, "50.5"),
        (tea.clone(), Ever, 2, "30.5"),
        (tea, Entry, 1, "20.5"),
        (mint_tea.clone(), Ever, 2, "30.5"),
        (mint_tea, Entry, 1, "20.5"),
    ] {
        let number = |text: &str| text.parse::<Number>().unwrap();
        let asked = |times, total: Option<Number>| PurchaseTest {
            what: what.clone(),
            category: category.map(str::to_owned),
            since,
            times,
            total,
        };
        let more = Number::from_f64(total.parse::<f64>().unwrap() + 0.01);
        for (test, expected) in [
            (asked(times, None), true),
            (asked(times + 1, None), false),
            (asked(times, Some(number(total))), true),
            (asked(times, more), false),
            (asked(times + 1, Some(number(total))), false),
        ] {
            let words = format!("{test:?}");
            assert_eq!(holds(test), expected, "{words}");
        }
    }
}

/// Goal: C3, a product of another category, or of none, is not of this one.
#[test]
fn c3_a_category_is_the_products_own() {
    for (what, category) in [
        (Product::One("cup".to_owned()), "tea"),
        (Product::One("mint".to_owned()), "ware"),
        (Product::Any, "ware"),
    ] {
        for since in [Since::Ever, Since::Entry] {
            let category = Some(category.to_owned());
            let test = PurchaseTest { category, ..PurchaseTest::once(what.clone(), since) };
            let words = format!("{test:?}");
            assert!(!holds(test), "{words}");
        }
    }
}

/// Goal: C3, what is asked of all orders is counted beyond the thirty that are known one by one.
#[test]
fn c3_ever_goes_beyond_the_last_orders() {
    let once = PurchaseTest::once;
    let mint = || Product::One("mint".to_owned());
    let any = || PurchaseTest { times: 41, ..once(Product::Any, Since::Ever) };
    for (test, expected) in [
        (any(), true),
        (PurchaseTest { total: Some(410.into()), ..any() }, true),
        (PurchaseTest { total: Some(411.into()), ..any() }, false),
        (once(mint(), Since::Ever), true),
        (once(mint(), Since::Within(Span::seconds(86_400))), false),
    ] {
        let words = format!("{test:?}");
        let mut world = asking(&on("ask"), &[], Condition::Purchased(test));
        world.tell(order(&["mint"], Some("10")));
        for _ in 0..40 {
            world.pass(60);
            world.tell(order(&["cup"], Some("10")));
        }
        world.tell(event("ask"));
        assert_eq!(answer(&world), expected, "{words}");
    }
}

/// Goal: C3, a test that does not say how often asks for once.
#[test]
fn c3_once_is_what_is_not_said() {
    let read: PurchaseTest =
        serde_json::from_value(json!({ "what": "any", "since": "ever" })).unwrap();
    assert_eq!(read, PurchaseTest::once(Product::Any, Since::Ever));
}

/// Goal: T3, all that a trigger says of a purchase must be so of the same one.
#[test]
fn t3_all_that_is_said_of_a_purchase() {
    let mint = || order(&["mint"], Some("10"));
    let cup = || order(&["cup"], Some("200"));
    let any = Bought::default;
    let cups = || Bought::from(Product::One("cup".to_owned()));
    let tea = || Bought { category: Some("tea".to_owned()), ..any() };
    for (bought, orders, expected) in [
        (Bought { nth: Some(2), ..cups() }, vec![cup(), mint()], 0),
        (Bought { nth: Some(2), ..cups() }, vec![mint(), cup()], 1),
        (Bought { every: Some(2), ..cups() }, vec![cup(), mint()], 0),
        (Bought { every: Some(0), ..any() }, vec![cup(), cup()], 0),
        (Bought { nth: Some(3), every: Some(2), ..any() }, vec![cup(), cup(), cup()], 0),
        (Bought { nth: Some(2), over: Some(100.into()), ..any() }, vec![cup(), mint()], 0),
        (Bought { every: Some(2), over: Some(100.into()), ..any() }, vec![cup(), mint()], 0),
        (Bought { over: Some(5.into()), ..cups() }, vec![mint()], 0),
        (Bought { over: Some(100.into()), ..tea() }, vec![mint(), cup()], 0),
        (Bought { category: Some("ware".to_owned()), ..any() }, vec![mint(), cup()], 0),
        (Bought { product: Product::One("mint".to_owned()), ..tea() }, vec![mint(), cup()], 1),
        (tea(), vec![order(&["cup", "mint"], None), order(&[], None)], 1),
    ] {
        let trigger = Trigger::Purchased(bought);
        let words = trigger.in_words();
        let flow = Flow { again: Again::Always, ..line("it", &[trigger], &[]) };
        let mut world = with_tea(World::new([flow]));
        for what in &orders {
            world.pass(1);
            world.tell(what.clone());
        }
        let entered = world.contact.flows.get("it").map_or(0, |ledger| ledger.entered);
        assert_eq!(entered, expected, "{words} by {orders:?}");
    }
}

/// Goal: J6, an exit by what the run's own order has: another product ends nothing, and a run that no
/// order began has none. A category beside it is asked of the same product.
#[test]
fn t3_the_same_product_as_the_runs_own() {
    let same = || Bought::from(Product::Same);
    let tea = || Bought { category: Some("tea".to_owned()), ..same() };
    let began = || order(&["mint", "cup"], None);
    for (exit, began, then, expected) in [
        (same(), began(), order(&["mint"], None), true),
        (same(), began(), order(&["sage", "cup"], None), true),
        (same(), began(), order(&["sage"], None), false),
        (same(), began(), order(&[], None), false),
        (same(), event("go"), order(&["mint"], None), false),
        (tea(), began(), order(&["mint"], None), true),
        (tea(), began(), order(&["cup"], None), false),
        (tea(), order(&["cup"], None), order(&["mint"], None), false),
    ] {
        let words = format!("{exit:?} after {began:?} by {then:?}");
        let triggers = [Trigger::Purchased(Bought::default()), Trigger::event("go")];
        let exits = vec![Trigger::Purchased(exit)];
        let flow = Flow { exits, ..line("it", &triggers, &[("rest", wait("1h"))]) };
        let mut world = with_tea(World::new([flow]));
        world.tell(began);
        world.pass(60);
        world.tell(then);
        assert_eq!(!world.run("it").is_live(), expected, "{words}");
    }
}

/// Goal: C3, whether what the run's own order has was bought again.
#[test]
fn c3_the_same_product_as_the_runs_own() {
    for (since, times, then, expected) in [
        (Since::Entry, 1, "mint", true),
        (Since::Entry, 1, "cup", false),
        (Since::Ever, 2, "mint", true),
        (Since::Ever, 2, "cup", false),
    ] {
        let test = PurchaseTest { times, ..PurchaseTest::once(Product::Same, since) };
        let triggers = [Trigger::Purchased(Bought::default())];
        let steps = [("rest", wait("2h"))];
        let mut world = asking(&triggers, &steps, Condition::Purchased(test));
        world.tell(order(&["mint"], None));
        world.pass(60);
        world.tell(order(&[then], None));
        world.wake();
        assert_eq!(answer(&world), expected, "{since:?} {times} {then}");
    }
    assert!(!holds(PurchaseTest::once(Product::Same, Since::Ever)), "an event has no products");
}

/// Goal: what was bought is as old as the store says, whatever the order in which it is told.
#[test]
fn the_last_purchase_is_the_youngest() {
    let mut world = World::new([]);
    world.tell(order(&["mint"], None));
    let youngest = world.now;
    let mut late = world.fact(order(&["mint"], None), ContactDetails::default());
    late.at -= SignedDuration::from_hours(1);
    world.act(&Stimulus::Fact(Box::new(late)));
    let purchases = &world.contact.purchases;
    assert_eq!(purchases.last_at, Some(youngest));
    assert_eq!(purchases.products["mint"].last_at, youngest);
    assert_eq!(purchases.products["mint"].times, 2);
}

//! Properties of orders: whatever a store tells of them ends in the same state, in whichever order and
//! how often it comes.

use std::{cmp::Reverse, collections::BTreeMap};

use jiff::{SignedDuration, Timestamp};
use masa_domain::{
    ConsentGiven, Contact, Fact, FactId, Happening, Known, Order, OrderStatus, Platform, Stimulus,
    decide,
};
use proptest::{collection::vec, option, prelude::*, sample::Index, sample::select};

use crate::{
    journeys::item,
    orders::{fact_of, version},
    world::{DAWN, World, contact_id},
};

/// A version of an order: as of when, how it stands, for how much, of what.
type Version = (i64, OrderStatus, u32, Vec<usize>);

/// One order: when it was made, and its versions. Few moments, so that many agree.
fn history() -> impl Strategy<Value = (i64, Vec<Version>)> {
    use OrderStatus::{Cancelled, Paid, Placed, Refunded};
    let status = select(vec![Placed, Paid, Paid, Refunded, Cancelled]);
    let version = (0..8_i64, status, 0..4_u32, vec(0..4_usize, 0..3));
    (0..5_i64, vec(version, 1..5))
}

fn after(seconds: i64) -> Timestamp {
    DAWN + SignedDuration::from_secs(seconds)
}

fn facts(histories: &[(i64, Vec<Version>)]) -> Vec<Fact> {
    const PRODUCTS: [&str; 4] = ["mint", "sage", "cup", "pot"];
    let mut world = World::new([]);
    world.pass(3_600);
    let mut facts = Vec::new();
    for (n, (made, versions)) in histories.iter().enumerate() {
        // Orders of several platforms have the same ids.
        let shop = [None, Some(Platform::Shopify), Some(Platform::Woocommerce)][n % 3];
        let id = (n / 3).to_string();
        for (changed, status, total, products) in versions {
            let changed = made + changed;
            let order = Order {
                shop,
                items: products.iter().map(|n| item(PRODUCTS[*n].to_owned())).collect(),
                ..version(&id, changed, *status, &total.to_string())
            };
            let mut fact = fact_of(&mut world, after(*made), order);
            fact.details.first_name = Some(format!("as of {changed}"));
            if changed % 2 == 0 {
                fact.details.country = Some(format!("{changed}"));
                let at = Some(after(changed));
                fact.details.consent = Some(ConsentGiven {
                    email: Some(*status == OrderStatus::Paid),
                    at,
                    ..Default::default()
                });
            }
            facts.push(fact);
        }
    }
    facts
}

fn end(facts: &[Fact]) -> Contact {
    let known = Known::default();
    let mut contact = Contact::new(contact_id(), DAWN);
    for fact in facts {
        let stimulus = Stimulus::Fact(Box::new(fact.clone()));
        let decision = decide(&contact, &stimulus, &known, after(3_600)).unwrap();
        contact = decision.contact.unwrap_or(contact);
    }
    Contact { applied: BTreeMap::new(), ..contact }
}

/// What is bought and for how much, by nothing but the greatest version of each order.
fn sums(facts: &[Fact]) -> (u32, i64, Option<Timestamp>, BTreeMap<String, u32>) {
    let mut orders: BTreeMap<String, (_, Timestamp)> = BTreeMap::new();
    let mut lines: BTreeMap<String, (Option<Timestamp>, Vec<String>)> = BTreeMap::new();
    for fact in facts {
        let Happening::Purchase(order) = &fact.what else { continue };
        let total: i64 = order.total.as_ref().unwrap().parse().unwrap();
        let mut products = Vec::new();
        for item in &order.items {
            if !products.contains(&item.product_id) {
                products.push(item.product_id.clone());
            }
        }
        // The products are those of the youngest version that tells any.
        if !products.is_empty() {
            let known = lines.entry(order.key()).or_default();
            *known = known.clone().max((order.changed_at, products));
        }
        let rank = (order.changed_at, order.status, Reverse(total));
        let stands = orders.get(&order.key()).is_some_and(|(known, ..)| *known >= rank);
        if !stands {
            orders.insert(order.key(), (rank, fact.at));
        }
    }
    orders.retain(|_, (rank, ..)| rank.1 == OrderStatus::Paid);
    lines.retain(|order, _| orders.contains_key(order));
    let spent = orders.values().map(|(rank, ..)| rank.2.0 * 100).sum();
    let last = orders.values().map(|(_, at)| *at).max();
    let mut products = BTreeMap::new();
    for product in lines.values().flat_map(|(_, products)| products) {
        *products.entry(product.clone()).or_default() += 1;
    }
    (orders.len() as u32, spent, last, products)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Goal: for up to thirty orders of a contact, the end is that of each order's youngest version, in
    /// whichever order, how often and under whichever ids the versions are told.
    #[test]
    fn the_end_is_the_same_in_any_order(
        histories in vec(history(), 1..30),
        again in vec((any::<Index>(), option::of(0..3_u8)), 0..30),
        seed in any::<u64>(),
    ) {
        let facts = facts(&histories);
        let mut shuffled = facts.clone();
        for (which, other) in again {
            let mut fact = which.get(&facts).clone();
            if let Some(topic) = other {
                fact.id = FactId::new("another topic", &format!("{} {topic}", fact.id));
            }
            shuffled.push(fact);
        }
        // Fisher and Yates, by a generator of Knuth's.
        let mut state = seed;
        for n in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(n, (state >> 33) as usize % (n + 1));
        }
        let contact = end(&facts);
        prop_assert_eq!(&end(&shuffled), &contact);
        let bought = &contact.purchases;
        let products = bought.products.iter().map(|(name, seen)| (name.clone(), seen.times));
        let counted = (bought.orders, bought.spent, bought.last_at, products.collect());
        prop_assert_eq!(counted, sums(&facts));
    }
}

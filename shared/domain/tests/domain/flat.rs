//! The price of a decision, in bytes and allocations, which are exact. It does not grow with the
//! flows that are live, for what happens finds those that it concerns by an index; nor with the
//! contact's past, for that is summed up.

use allocation_counter::measure;

use crate::load::{Life, Load};

/// Bytes and allocations of one decision.
fn price(load: &Load) -> [u64; 2] {
    // What is made once in a process is no part of it.
    drop(load.decide());
    let used = measure(|| drop(load.decide()));
    [used.bytes_total, used.count_total]
}

/// What is the same for both costs at most a fifth more in the second.
fn costs_no_more(before: &Life, after: &Life) {
    for (before, after) in before.loads().iter().zip(after.loads()) {
        let (low, high) = (price(before), price(&after));
        for (low, high) in low.iter().zip(high) {
            assert!(*low > 0, "`{}` is measured", after.name);
            assert!(high * 10 <= low * 12, "`{}`: from {low} to {high}", after.name);
        }
    }
}

/// Goal: with a thousand live flows a decision costs what it costs with one.
#[test]
fn the_price_of_a_decision_does_not_grow_with_the_live_flows() {
    costs_no_more(&Life::new(1), &Life::new(1_000));
}

/// Goal: after ten thousand facts a decision costs what it costs after a thousand, when all that is
/// remembered of a past is full. Until then it grows with the past: each kind of happening, each
/// product, each of the last orders, facts that may be delivered again and ended runs are remembered one
/// by one, up to their bounds; the state is copied by a decision, and weighed.
#[test]
fn the_price_of_a_decision_does_not_grow_with_a_long_past() {
    let mut life = Life::new(1).with_tours();
    (0..1_000).for_each(|_| life.happens());
    let before = life.clone();
    (0..9_000).for_each(|_| life.happens());
    assert_eq!(before.remembered(), life.remembered(), "what is remembered was full");
    costs_no_more(&before, &life);
}

//! What a decision costs: its time, the bytes that it allocates and how often, and how these grow with
//! the flows that are live and with the contact's past. `cargo bench -p masa-domain`.
//!
//! Bytes and allocations are exact; that they stay flat is a test (`tests/domain/flat.rs`). Times are
//! those of this machine, with the counting allocator between.
#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use allocation_counter::measure;

#[path = "../tests/domain/load.rs"]
mod load;

use load::{Life, Load};

/// How long each decision is repeated.
const FOR: Duration = Duration::from_millis(400);

fn main() {
    println!("{:>32} {:>12} {:>10} {:>12}", "", "decisions/s", "bytes", "allocations");
    for flows in [1, 10, 100, 1_000] {
        println!("\n{flows} live flows, a contact without a past");
        Life::new(flows).loads().iter().for_each(told);
    }
    let mut life = Life::new(1).with_tours();
    let mut facts = 0;
    for past in [10, 100, 1_000, 10_000] {
        while facts < past {
            life.happens();
            facts += 1;
        }
        println!("\n{past} facts in the past; remembered: {}", remembered(&life));
        life.loads().iter().for_each(told);
    }
}

fn told(load: &Load) {
    let used = measure(|| drop(black_box(load.decide())));
    let start = Instant::now();
    let mut times = 0_u32;
    while start.elapsed() < FOR {
        for _ in 0..100 {
            drop(black_box(black_box(load).decide()));
        }
        times += 100;
    }
    let rate = f64::from(times) / start.elapsed().as_secs_f64();
    println!("{:>32} {rate:>12.0} {:>10} {:>12}", load.name, used.bytes_total, used.count_total);
}

fn remembered(life: &Life) -> String {
    let parts = life.remembered().map(|(what, number)| format!("{number} {what}"));
    parts.join(", ")
}

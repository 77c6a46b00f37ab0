//! Nothing twice, nothing lost, nothing stuck: shown by enumeration, and by chance.
//!
//! `cargo test -p masa-sim --test sim` runs it and prints what was run. `SIM_SECONDS=3600` runs random
//! histories alone, for an hour; `SIM_SEED=7` runs that one history.
#![expect(clippy::panic, clippy::unwrap_used, reason = "test assertions")]
// The SDK's futures nest deeply.
#![recursion_limit = "256"]

mod bugs;
mod exhaustive;
// The strategies of the decision's own tests.
#[path = "../../../../shared/domain/tests/domain/journeys.rs"]
#[expect(dead_code, reason = "not all of them are used here")]
mod journeys;
mod orders;
mod random;
mod runs;

use masa_sim::{Fault, marks};

use crate::runs::say;

/// Guards of the code that must have been hit, in the words that the functions log: a simulation that
/// never meets them shows nothing about them.
const GUARDS: [&str; 12] = [
    "decided: applied",
    "decided: repeated",
    "decided: stale",
    "another commit came first; deciding again",
    "the message was settled before",
    "the claim was settled by another",
    "left as unknown",
    "sent again, once",
    "unknown",
    "comes again",
    "the provider refuses for now",
    "journeys were overdue",
];

#[test]
fn nothing_twice_nothing_lost_nothing_stuck() {
    if let Some(seconds) = random::alone() {
        random::histories(seconds).hold();
        return;
    }
    exhaustive::everything_twice().hold();
    let mut fired = exhaustive::every_fault_everywhere().hold();
    orders::every_order_of_every_race().hold();
    for (fault, times) in random::histories(60).hold() {
        *fired.entry(fault).or_default() += times;
    }
    for fault in Fault::ALL {
        let times = fired.get(&fault).copied().unwrap_or_default();
        assert!(times > 0, "the fault {} never came", fault.as_str());
    }
    let marks = marks();
    for guard in GUARDS {
        let hit = marks.get(guard).copied().unwrap_or_default();
        say(&format!("guard `{guard}`: {hit} times"));
        assert!(hit > 0, "never hit: `{guard}`; hit were {:?}", marks.keys());
    }
}

//! Histories by chance, for a minute on every push and for as long as `SIM_SECONDS` says by hand.

#![expect(clippy::disallowed_methods, reason = "a test that runs for so many seconds")]

use std::{
    collections::BTreeMap,
    env,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use masa_sim::{Fault, Made, Plan, Sim, Violation, chance};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    journeys,
    runs::{Failure, Found, in_a_runtime, say, trace},
};

/// Seeds that once found something. They are played first, for ever.
const SEEDS: &str = include_str!("seeds.txt");

/// What all histories came to.
#[derive(Default)]
struct Total {
    histories: u64,
    journeys: u64,
    invocations: u64,
    calls: u64,
    sent: u64,
    tally: chance::Tally,
    fired: BTreeMap<Fault, u64>,
}

/// For how many seconds histories are to be played and nothing else, if that is asked for; a single
/// one takes no time.
pub(crate) fn alone() -> Option<u64> {
    number("SIM_SECONDS").or_else(|| number("SIM_SEED").map(|_| 0))
}

/// Plays the seeds that are kept, then others for so many seconds; stops at the first that does not
/// hold.
pub(crate) fn histories(seconds: u64) -> Found<BTreeMap<Fault, u64>> {
    let until = Instant::now() + Duration::from_secs(seconds);
    let one = number("SIM_SEED");
    let kept = SEEDS.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok());
    let kept: Vec<u64> = one.map_or_else(|| kept.collect(), |seed| vec![seed]);
    // Every run tries other histories; the number is printed with what it finds.
    let base = u64::from(std::process::id()) << 32;
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    let failed = Mutex::new(None);
    let workers = number("SIM_WORKERS").unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, |processors| processors.get() as u64)
    });
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while failed.lock().unwrap().is_none() {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let seed = match kept.get(usize::try_from(number).unwrap()) {
                        Some(seed) => *seed,
                        None if one.is_some() || Instant::now() >= until => return,
                        None => base.wrapping_add(number),
                    };
                    if let Err(failure) = play(seed, &total) {
                        failed.lock().unwrap().get_or_insert((seed, failure));
                    }
                }
            });
        }
    });
    let total = total.into_inner().unwrap();
    print(&total, seconds);
    match failed.into_inner().unwrap() {
        Some((seed, Failure { violation, trace: made })) => Found::Broken(format!(
            "SIM_SEED={seed}: {violation}\n{}\nkeep the seed in seeds.txt",
            trace(&made)
        )),
        None => Found::Nothing(total.fired),
    }
}

fn print(total: &Total, seconds: u64) {
    let Total { histories, journeys, invocations, calls, sent, tally, fired } = total;
    say(&format!(
        "{histories} random histories in {seconds} s: {journeys} journeys, {invocations} invocations, \
         {calls} AWS calls, {sent} messages sent; {} acts, {} delivered again, {} killed, {} strays, \
         {} expired, at most {} at once",
        tally.acts, tally.again, tally.killed, tally.strays, tally.expired, tally.at_once
    ));
    let fired = fired.iter().map(|(fault, times)| format!("{} {times}", fault.as_str()));
    say(&format!("faults: {}", fired.collect::<Vec<_>>().join(", ")));
}

fn play(seed: u64, total: &Mutex<Total>) -> Result<(), Failure> {
    let early = |violation: Violation| Failure { violation, trace: Vec::new() };
    in_a_runtime(async {
        let mut random = fastrand::Rng::with_seed(seed);
        let flows = chance::sendable(flows(seed), &mut random);
        let steps = random.u32(30..200);
        let mut sim = Sim::new(flows.clone(), Plan::default()).await.map_err(early)?;
        let held = chance::play(&mut sim, flows, random.u64(..), steps).await;
        let made: Vec<Made> = sim.made();
        let tally = match held {
            Ok(tally) => tally,
            Err(violation) => return Err(Failure { violation, trace: made }),
        };
        let entered = sim.mirror.contacts.values().flat_map(|contact| contact.flows.values());
        let mut total = total.lock().unwrap();
        total.histories += 1;
        total.journeys += entered.map(|ledger| u64::from(ledger.entered)).sum::<u64>();
        total.invocations += sim.invocations();
        total.calls += made.len() as u64;
        total.sent += sim.stack.aws.outbox_len().unwrap();
        for (fault, times) in sim.fired() {
            *total.fired.entry(fault).or_default() += times;
        }
        let sum = &mut total.tally;
        sum.acts += tally.acts;
        sum.again += tally.again;
        sum.killed += tally.killed;
        sum.strays += tally.strays;
        sum.expired += tally.expired;
        sum.at_once = sum.at_once.max(tally.at_once);
        Ok(())
    })
}

/// The journeys that a seed means.
fn flows(seed: u64) -> Vec<masa_domain::Flow> {
    let mut bytes = [0; 32];
    for (to, from) in bytes.iter_mut().zip(seed.to_le_bytes()) {
        *to = from;
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    journeys::flows(false).new_tree(&mut runner).unwrap().current()
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

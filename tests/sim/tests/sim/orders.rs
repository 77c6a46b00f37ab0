//! Every order of the calls of two invocations.

use std::time::Instant;

use masa_sim::{Orders, Plan, Race, Sim, Violation, races};

use crate::runs::{Found, REST, in_a_runtime, on_all_processors, say, trace};

/// Runs all races in all orders; stops at the first that does not hold.
#[expect(clippy::disallowed_methods, reason = "how long it took is told")]
pub(crate) fn every_order_of_every_race() -> Found<()> {
    let begun = Instant::now();
    let races = races();
    let results = on_all_processors(&races, all_orders);
    let mut runs = 0;
    for result in results {
        match result {
            Ok(more) => runs += more,
            Err(what) => return Found::Broken(what),
        }
    }
    say(&format!(
        "{} races of two invocations: {runs} orders of their calls, all hold ({} s)",
        races.len(),
        begun.elapsed().as_secs()
    ));
    Found::Nothing(())
}

fn all_orders(race: &Race) -> Result<u64, String> {
    let mut orders = Orders::default();
    let mut runs = 0;
    while orders.advance() {
        runs += 1;
        in_a_runtime(async {
            let flows = masa_sim::journeys(race.flows).map_err(|error| error.to_string())?;
            let mut sim =
                Sim::new(flows, Plan::default()).await.map_err(|error| error.to_string())?;
            let held = one(&mut sim, race, &mut orders).await;
            held.map_err(|violation| {
                format!("{}, order {runs}: {violation}\n{}", race.name, trace(&sim.made()))
            })
        })?;
    }
    Ok(runs)
}

async fn one(sim: &mut Sim, race: &Race, orders: &mut Orders) -> Result<(), Violation> {
    sim.race(race, orders).await?;
    let rest = sim.now() + REST;
    sim.run_until(rest).await?;
    sim.check_at_rest()
}

//! Every fault at every call of every function in every scenario.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use masa_sim::{Echo, Fault, Plan, Scenario, scenarios};

use crate::runs::{Found, on_all_processors, play, say, trace};

struct Job<'s> {
    scenario: &'s Scenario,
    clean: &'s [String],
    call: usize,
    fault: Fault,
}

/// Runs each scenario clean, then once for every fault at every call; stops at the first that does not
/// hold.
#[expect(clippy::disallowed_methods, reason = "how long it took is told")]
pub(crate) fn every_fault_everywhere() -> Found<BTreeMap<Fault, u64>> {
    let begun = Instant::now();
    let scenarios = scenarios();
    let mut clean = Vec::new();
    for scenario in &scenarios {
        match play(scenario, Plan::default(), Echo::Never) {
            Ok(report) => clean.push(report),
            Err(failure) => {
                let what = format!("{}: {}", scenario.name, failure.violation);
                return Found::Broken(format!("{what}\n{}", trace(&failure.trace)));
            }
        }
    }
    let mut jobs = Vec::new();
    let (mut calls, mut kinds) = (0, BTreeSet::new());
    // What comes every quarter of an hour and finds nothing is alike, whatever the scenario.
    let mut idle = BTreeMap::new();
    for (scenario, report) in scenarios.iter().zip(&clean) {
        for (call, made) in report.made.iter().enumerate() {
            let function = &made.call.function;
            let is_idle = matches!(function.as_str(), "sweep" | "dates") && !scenario.loses_wakes();
            let one = (scenario.name, made.invocation);
            if is_idle && *idle.entry(function.clone()).or_insert(one) != one {
                continue;
            }
            calls += 1;
            kinds.insert((
                made.call.function.clone(),
                made.call.service,
                made.call.operation.clone(),
            ));
            let faults = Fault::ALL.into_iter().filter(|fault| fault.fits(&made.call));
            let clean = report.summary.as_slice();
            jobs.extend(faults.map(|fault| Job { scenario, clean, call, fault }));
        }
    }
    let reached: BTreeSet<&String> = kinds.iter().map(|(function, ..)| function).collect();
    let all = clean.iter().flat_map(|report| &report.functions);
    if let Some(function) = all.into_iter().find(|function| !reached.contains(function)) {
        return Found::Broken(format!("no scenario reaches {function}"));
    }
    let results = on_all_processors(&jobs, run);
    let mut fired = BTreeMap::new();
    for result in results {
        match result {
            Ok(more) => more.into_iter().for_each(|(fault, times)| {
                *fired.entry(fault).or_default() += times;
            }),
            Err(what) => return Found::Broken(what),
        }
    }
    say(&format!(
        "{} scenarios with {calls} AWS calls of {} kinds; each of {} kinds of faults at each of them: {} \
         simulations, all hold ({} s)",
        scenarios.len(),
        kinds.len(),
        Fault::ALL.len(),
        jobs.len(),
        begun.elapsed().as_secs()
    ));
    Found::Nothing(fired)
}

/// Runs each scenario with everything delivered twice, at once or late: nothing may change.
pub(crate) fn everything_twice() -> Found<()> {
    let scenarios = scenarios();
    let results = on_all_processors(&scenarios, |scenario| {
        let play = |echo| {
            play(scenario, Plan::default(), echo).map_err(|failure| {
                let what = format!("{} with echoes {echo:?}: {}", scenario.name, failure.violation);
                format!("{what}\n{}", trace(&failure.trace))
            })
        };
        let clean = play(Echo::Never)?;
        for echo in [Echo::AtOnce, Echo::Late] {
            let twice = play(echo)?;
            if twice.summary != clean.summary {
                let (name, own, clean) = (scenario.name, twice.summary, clean.summary);
                return Err(format!("{name} with echoes {echo:?}: {own:#?}, not {clean:#?}"));
            }
        }
        Ok(())
    });
    match results.into_iter().find_map(Result::err) {
        Some(what) => Found::Broken(what),
        None => {
            say(&format!(
                "{} scenarios with every delivery twice, at once and late",
                scenarios.len()
            ));
            Found::Nothing(())
        }
    }
}

fn run(job: &Job<'_>) -> Result<BTreeMap<Fault, u64>, String> {
    let name = format!("{} with {}:{}", job.scenario.name, job.call, job.fault.as_str());
    let report = play(job.scenario, Plan::one(job.call, job.fault), Echo::Never)
        .map_err(|failure| format!("{name}: {}\n{}", failure.violation, trace(&failure.trace)))?;
    // A fault may cost time, and by the flow's policy a message; else everything ends as without it.
    // That somebody opened or clicked is told once, by a browser that does not ask again.
    let told_once = report
        .made
        .get(job.call)
        .is_some_and(|made| matches!(made.call.function.as_str(), "open" | "click"));
    // A provider that says no has not taken a message: nobody can be in doubt about it.
    let refused = matches!(job.fault, Fault::Throttled | Fault::ThrottledLong)
        && report.made.get(job.call).is_some_and(|made| matches!(made.call.service, "ses" | "sns"));
    if report.unknowns && refused {
        return Err(format!("{name} leaves a doubt\n{}", trace(&report.made)));
    }
    if !report.unknowns && !told_once && report.summary != job.clean {
        let (own, clean) = (&report.summary, job.clean);
        return Err(format!(
            "{name} ends otherwise than without: {own:#?}, not {clean:#?}\n{}",
            trace(&report.made)
        ));
    }
    Ok(report.fired)
}

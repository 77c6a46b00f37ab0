//! Running one simulation from its beginning to its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use jiff::SignedDuration;
use masa_sim::{Echo, Fault, Made, Plan, Scenario, Sim, Violation};

/// How long after the last act every journey of the scenarios is over, whatever went wrong.
pub(crate) const REST: SignedDuration = SignedDuration::from_hours(24 * 14);

/// What a simulation came to.
pub(crate) struct Report {
    pub(crate) made: Vec<Made>,
    /// All functions that there are.
    pub(crate) functions: BTreeSet<String>,
    pub(crate) summary: Vec<String>,
    pub(crate) unknowns: bool,
    pub(crate) fired: BTreeMap<Fault, u64>,
}

/// A simulation that did not hold.
pub(crate) struct Failure {
    pub(crate) violation: Violation,
    pub(crate) trace: Vec<Made>,
}

/// Plays a scenario under a plan, lets everything heal, and checks.
pub(crate) fn play(scenario: &Scenario, plan: Plan, echo: Echo) -> Result<Report, Failure> {
    in_a_runtime(async {
        let early = |violation| Failure { violation, trace: Vec::new() };
        let flows = scenario.journeys().map_err(early)?;
        let mut sim = Sim::new(flows, plan).await.map_err(early)?;
        sim.echo = echo;
        let held = acts(&mut sim, scenario).await;
        let made = sim.made();
        match held {
            Ok(()) => Ok(Report {
                made,
                functions: sim.stack.aws.functions(),
                summary: sim.summary(),
                unknowns: sim.has_unknowns(),
                fired: sim.fired(),
            }),
            Err(violation) => Err(Failure { violation, trace: made }),
        }
    })
}

async fn acts(sim: &mut Sim, scenario: &Scenario) -> Result<(), Violation> {
    for act in &scenario.acts {
        sim.act(act).await?;
    }
    let rest = sim.now() + REST;
    sim.run_until(rest).await?;
    sim.check_at_rest()
}

pub(crate) fn in_a_runtime<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// What a part of the simulation came to.
pub(crate) enum Found<T> {
    /// Everything held.
    Nothing(T),
    /// This did not, the trace of its calls behind it.
    Broken(String),
}

impl<T> Found<T> {
    /// What it came to, if everything held.
    pub(crate) fn hold(self) -> T {
        match self {
            Self::Nothing(what) => what,
            Self::Broken(what) => panic!("{what}"),
        }
    }
}

impl<T> Found<T> {
    /// What did not hold, if anything.
    #[cfg(debug_assertions)]
    pub(crate) fn broken(self) -> Option<String> {
        match self {
            Self::Nothing(_) => None,
            Self::Broken(what) => Some(what),
        }
    }
}

/// Tells something, also when the test's output is kept back.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Does jobs on all processors until one fails, and gathers what they return, in their order.
pub(crate) fn on_all_processors<J: Sync, R: Send>(
    jobs: &[J],
    work: impl Fn(&J) -> Result<R, String> + Sync,
) -> Vec<Result<R, String>> {
    let failed = AtomicBool::new(false);
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(number) else { return };
                    let result = work(job);
                    failed.fetch_or(result.is_err(), Ordering::Relaxed);
                    done.lock().unwrap().push((number, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// The calls of a failed simulation, for people.
pub(crate) fn trace(made: &[Made]) -> String {
    let lines = made.iter().enumerate().map(|(number, made)| {
        let fault = made.fault.map(|fault| format!("  <-- {}", fault.as_str())).unwrap_or_default();
        let call = &made.call;
        format!(
            "  {number:4} #{} {} {}.{} {}{fault}",
            made.invocation, call.function, call.service, call.operation, call.target
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

//! `masa test`: the tests beside the journeys, run through the functions themselves on virtual time.

mod coverage;
#[cfg(test)]
mod documents;
mod explore;
mod play;
mod world;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use masa_language::{Files, Library, Test, read_tests};
use serde_json::{Value, json};

use crate::{Found, check};
use coverage::Coverage;
use world::World;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of journeys; when absent this one if it holds a shop.yaml, else the library that comes
    /// with masa.
    flows: Option<PathBuf>,
    /// Only the tests of this folder of a flow.
    #[arg(long)]
    flow: Option<String>,
    /// Tell which steps and branches no test reaches; exit with 1 when there are any.
    #[arg(long)]
    coverage: bool,
    /// Walk all paths instead, up to the bounds, and print the distinct outcomes; exit with 1 when a run
    /// fails or is stuck.
    #[arg(long)]
    explore: bool,
    #[command(flatten)]
    bounds: explore::Bounds,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// What became of a test.
struct Outcome<'t> {
    test: &'t Test,
    /// The line and the problem of a test that failed, with the timeline.
    failure: Option<play::Failure>,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<Found> {
    let files = check::files(arguments.flows.as_deref())?;
    let read = masa_language::read(&files).and_then(|library| Ok((library, read_tests(&files)?)));
    let (library, tests) = match read {
        Ok(read) => read,
        Err(problems) => {
            check::tell(&problems, arguments.json);
            return Ok(Found::Something);
        }
    };
    if let Some(flow) = &arguments.flow
        && files.get(&format!("{flow}/flow.yaml")).is_none()
    {
        bail!("there is no folder {flow} with a flow.yaml");
    }
    if arguments.explore {
        return explore::run(&library, arguments);
    }
    let (outcomes, mut coverage) = play_all(&files, &library, &tests, arguments).await?;
    let missed = match arguments.coverage {
        true => coverage.missed(&library, arguments.flow.as_deref()),
        false => Vec::new(),
    };
    tell(&outcomes, &coverage, &missed, arguments);
    let failed = outcomes.iter().any(|outcome| outcome.failure.is_some());
    Ok(if failed || !missed.is_empty() { Found::Something } else { Found::Nothing })
}

/// Plays the tests that are meant.
async fn play_all<'t>(
    files: &Files,
    library: &Library,
    tests: &'t [Test],
    arguments: &Arguments,
) -> Result<(Vec<Outcome<'t>>, Coverage)> {
    let meant = |test: &&Test| arguments.flow.as_ref().is_none_or(|flow| test.folder == *flow);
    let mut coverage = Coverage::default();
    let mut outcomes = Vec::new();
    for test in tests.iter().filter(meant) {
        // A flow's folder and its name may differ.
        let flow = files.get(&format!("{}/flow.yaml", test.folder)).and_then(flow_name);
        let flow = flow.with_context(|| format!("{}/flow.yaml is missing", test.folder))?;
        // Those that it names are live beside it, all others are not.
        let flows = library.with_named(&flow);
        let world = match World::new(test, &flow, &flows, library).await {
            Ok(world) => world,
            // Its contact, as a rule: the other tests are none the worse for it.
            Err(error) => {
                let (line, problem) = (test.line, format!("it can't begin: {error:#}"));
                let failure = Some(play::Failure { line, problem, timeline: Vec::new() });
                outcomes.push(Outcome { test, failure });
                continue;
            }
        };
        let failure = play::play(&world, test).await?;
        coverage.add(&world).await?;
        outcomes.push(Outcome { test, failure });
    }
    Ok((outcomes, coverage))
}

fn flow_name(source: &str) -> Option<String> {
    let line = source.lines().find_map(|line| line.strip_prefix("flow:"))?;
    Some(line.split('#').next()?.trim().trim_matches(['"', '\'']).to_owned())
}

fn tell(outcomes: &[Outcome<'_>], coverage: &Coverage, missed: &[String], arguments: &Arguments) {
    let failed: Vec<_> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome.test, outcome.failure.as_ref()?)))
        .collect();
    if arguments.json {
        let failures: Vec<Value> = failed
            .iter()
            .map(|(test, failure)| {
                json!({
                    "flow": test.folder, "test": test.name, "line": failure.line,
                    "problem": failure.problem, "timeline": failure.timeline,
                })
            })
            .collect();
        let told = json!({ "tests": outcomes.len(), "failures": failures, "not_reached": missed });
        println!("{told}");
        return;
    }
    for (test, failure) in &failed {
        eprintln!("{}/tests.yaml:{}: {}", test.folder, failure.line, test.name);
        eprintln!("  {}", failure.problem);
        for line in &failure.timeline {
            eprintln!("    {line}");
        }
    }
    for missed in missed {
        eprintln!("not reached: {missed}");
    }
    if arguments.coverage {
        let (reached, all) = coverage.figures();
        println!("{reached} of {all} steps and branches are reached");
    }
    println!("{}, {} failed", check::many(outcomes.len(), "test"), failed.len());
}

#[cfg(test)]
mod tests {
    use super::{play::Failure, *};

    fn arguments() -> Arguments {
        Arguments::of(&["--coverage"])
    }

    impl Arguments {
        /// Those that a command line gives.
        pub(crate) fn of(line: &[&str]) -> Self {
            #[derive(clap::Parser)]
            struct Line {
                #[command(flatten)]
                arguments: Arguments,
            }
            let line = ["masa"].into_iter().chain(line.iter().copied());
            <Line as clap::Parser>::parse_from(line).arguments
        }
    }

    fn told(outcomes: &[Outcome<'_>]) -> Vec<String> {
        let failures = outcomes.iter().filter_map(|outcome| {
            let Failure { line, problem, timeline } = outcome.failure.as_ref()?;
            let Test { folder, name, .. } = outcome.test;
            Some(format!("{folder}/tests.yaml:{line}: {name}: {problem}\n{}", timeline.join("\n")))
        });
        failures.collect()
    }

    /// Every journey of the library does what its tests say, and no step or branch of it is untried.
    #[tokio::test]
    async fn the_librarys_tests_hold_and_reach_every_step_and_branch() {
        let files = check::files(None).unwrap();
        let library = masa_language::read(&files).unwrap();
        let tests = read_tests(&files).unwrap();
        let (outcomes, mut coverage) =
            play_all(&files, &library, &tests, &arguments()).await.unwrap();
        assert_eq!(told(&outcomes), Vec::<String>::new());
        assert_eq!(coverage.missed(&library, None), Vec::<String>::new());
        assert!(outcomes.len() > 150, "{} tests", outcomes.len());
    }

    const FLOW: &str = "flow: small\ntrigger: { joined: news }\nsteps:\n  - email: hello\n  \
                        - wait: 1d\n  - if: { email: hello, was: opened }\n    \
                        then: [ { join: readers } ]\n";
    const HELLO: &str = "---\nsubject: Hello\n---\n<p>Hello</p>\n";
    const SHOP: &str =
        "name: Shop\nurl: https://shop.example\naddress: 7 Garden Road\nlanguage: en\n";

    /// What a test of a small journey comes to: the problem, and what is not reached.
    async fn comes_to(steps: &str) -> (Option<String>, Vec<String>) {
        let test = format!("tests:\n  - name: it\n    steps: {steps}\n");
        let files = Files::from_texts([
            ("shop.yaml", SHOP.to_owned()),
            ("small/flow.yaml", FLOW.to_owned()),
            ("small/templates/hello.en.html", HELLO.to_owned()),
            ("small/tests.yaml", test),
        ]);
        let library = masa_language::read(&files).unwrap();
        let tests = read_tests(&files).unwrap();
        let (outcomes, mut coverage) =
            play_all(&files, &library, &tests, &arguments()).await.unwrap();
        let problem = outcomes[0].failure.as_ref().map(|failure| failure.problem.clone());
        (problem, coverage.missed(&library, None))
    }

    #[tokio::test]
    async fn what_does_not_hold_is_told() {
        let join = "{ signup: { lists: [news] } }";
        for (steps, expected) in [
            ("{ email: hello }", "nothing was sent"),
            ("{ email: hello }, { email: hello }", "nothing was sent"),
            ("{ email: hello }, { subject: Bye }", "the subject does not contain `Bye`: Hello"),
            ("{ email: hello }, { at: join-readers }", "at wait-1d, not at `join-readers`"),
            ("{ email: hello }, { ended: finished }", "no run has ended"),
            ("{ email: hello }, { outside: true }", "the contact stands at wait-1d"),
            ("{ advance: 2d }", "these were sent: hello"),
            ("{ nothing: true }", "these were sent: hello"),
            ("{ email: hello }, { list: readers }", "is not on `readers`"),
            ("{ email: hello }, { no_list: news }", "is on `news`"),
            ("{ email: hello }, { field: { city: Holon } }", "holds null, not \"Holon\""),
            ("{ email: hello }, { open: join-readers }", "has sent nothing yet"),
            ("{ sms: hello }", "`hello` was expected, and `hello` was sent (email)"),
        ] {
            let alone = expected == "nothing was sent" && steps == "{ email: hello }";
            let steps = if alone { format!("[ {steps} ]") } else { format!("[ {join}, {steps} ]") };
            let (problem, _) = comes_to(&steps).await;
            let problem = problem.unwrap_or_default();
            assert!(problem.contains(expected), "{steps}: {problem}");
        }
    }

    #[tokio::test]
    async fn what_no_test_reaches_is_told() {
        let start = "{ signup: { lists: [news] } }, { email: hello }";
        let (problem, missed) = comes_to(&format!("[ {start} ]")).await;
        assert_eq!(problem, None);
        let untried = [
            "small/if-hello-opened (yes)",
            "small/if-hello-opened (no)",
            "small/join-readers",
            "small/wait-1d",
        ];
        assert_eq!(missed, untried);
        let (problem, missed) = comes_to(&format!(
            "[ {start}, {{ open: hello }}, {{ advance: 1d }}, {{ list: readers }} ]"
        ))
        .await;
        assert_eq!(problem, None);
        assert_eq!(missed, ["small/if-hello-opened (no)"]);
    }
}

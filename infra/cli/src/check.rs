//! `masa check`: what is wrong with a folder of journeys.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use masa_domain::Flow;
use masa_language::{Files, Library, Problem, Severity, check_at};
use masa_runtime::Clock;
use serde_json::json;

use crate::Found;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of journeys; when absent this one if it holds a shop.yaml, else the library that comes
    /// with masa.
    flows: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Found> {
    let files = files(arguments.flows.as_deref())?;
    match check_at(&files, Clock::system().now()) {
        Ok(library) => {
            if arguments.json {
                let flows: Vec<&str> =
                    library.flows.iter().map(|flow| flow.name.as_str()).collect();
                println!("{}", json!({ "flows": flows, "problems": library.warnings }));
            } else {
                for flow in &library.flows {
                    println!("{}: {}", flow.name, many(flow.steps.len(), "step"));
                }
                warn(&library.warnings);
            }
            Ok(Found::Nothing)
        }
        Err(problems) => {
            tell(&problems, arguments.json);
            Ok(Found::Something)
        }
    }
}

/// The files of a folder; without one of this folder if it holds a shop, else of the library inside the
/// program.
pub(crate) fn files(folder: Option<&Path>) -> Result<Files> {
    match folder {
        Some(folder) => {
            Files::from_dir(folder).with_context(|| format!("the journeys in {}", folder.display()))
        }
        // Whoever stands in a folder of journeys means that one.
        None if Path::new("shop.yaml").exists() => files(Some(Path::new("."))),
        None => Ok(Files::from_texts(masa_flows::FILES.iter().copied())),
    }
}

/// Reads and checks a folder's journeys; none when it has errors, which are told.
pub(crate) fn library(folder: Option<&Path>, in_json: bool) -> Result<Option<Library>> {
    match masa_language::read(&files(folder)?) {
        Ok(library) => Ok(Some(library)),
        Err(problems) => {
            tell(&problems, in_json);
            Ok(None)
        }
    }
}

/// The journey of this name, or all.
pub(crate) fn meant<'l>(library: &'l Library, name: Option<&str>) -> Result<Vec<&'l Flow>> {
    let flows = library.flows.iter().filter(|flow| name.is_none_or(|name| flow.name == name));
    let flows: Vec<&Flow> = flows.collect();
    if flows.is_empty() {
        let names: Vec<&str> = library.flows.iter().map(|flow| flow.name.as_str()).collect();
        let name = name.unwrap_or_default();
        bail!("there is no journey `{name}`; there are: {}", names.join(", "));
    }
    Ok(flows)
}

/// Prints problems: to be read, or in JSON.
pub(crate) fn tell(problems: &[Problem], in_json: bool) {
    if in_json {
        println!("{}", json!({ "problems": problems }));
        return;
    }
    for problem in problems {
        eprintln!("{problem}");
    }
    eprintln!("{}", counted(problems));
}

/// Prints warnings, which stop nothing.
pub(crate) fn warn(warnings: &[Problem]) {
    for warning in warnings {
        eprintln!("{warning}");
    }
    if !warnings.is_empty() {
        eprintln!("{}", counted(warnings));
    }
}

/// So many of something.
pub(crate) fn many(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// How many problems of each kind there are.
pub(crate) fn counted(problems: &[Problem]) -> String {
    let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    let told = [(problems.len() - warnings, "problem"), (warnings, "warning")];
    let told = told.into_iter().filter(|(count, _)| *count > 0);
    told.map(|(count, what)| many(count, what)).collect::<Vec<_>>().join(", ")
}

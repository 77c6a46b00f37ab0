//! `masa check`: what is wrong with a folder of journeys.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use masa_language::{Files, Problem, Severity, read_tests};
use serde_json::json;

use crate::Found;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of journeys; the library that comes with masa when absent.
    flows: Option<PathBuf>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Found> {
    let files = files(arguments.flows.as_deref())?;
    let tested = |library| Ok((library, read_tests(&files)?));
    match masa_language::read(&files).and_then(tested) {
        Ok((library, _)) => {
            if arguments.json {
                let flows: Vec<&str> =
                    library.flows.iter().map(|flow| flow.name.as_str()).collect();
                println!("{}", json!({ "flows": flows, "problems": library.warnings }));
            } else {
                for flow in &library.flows {
                    println!("{}: {} steps", flow.name, flow.steps.len());
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

/// The files of a folder, or of the library inside the program.
pub(crate) fn files(folder: Option<&Path>) -> Result<Files> {
    match folder {
        Some(folder) => {
            Files::from_dir(folder).with_context(|| format!("the journeys in {}", folder.display()))
        }
        None => Ok(Files::from_texts(masa_flows::FILES.iter().copied())),
    }
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

/// How many problems of each kind there are.
fn counted(problems: &[Problem]) -> String {
    let warnings = problems.iter().filter(|problem| problem.severity == Severity::Warning).count();
    let many = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 {what}")),
        count => Some(format!("{count} {what}s")),
    };
    let told = [many(problems.len() - warnings, "problem"), many(warnings, "warning")];
    told.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

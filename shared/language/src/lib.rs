//! Journeys as people write them: reading, checking, flattening.
//!
//! [`Files`] holds the texts of a flows folder, [`read`] makes a [`Library`] of them or tells all
//! that is wrong, with file, line and column. What it returns is ready to be published: names are
//! resolved, every step has its id, and nothing in it needs to be checked again.

mod branches;
mod changes;
mod checks;
mod codes;
mod condition;
mod digest;
mod directory;
mod fields;
mod files;
mod flatten;
mod flow;
mod forms;
mod grammar;
mod happening;
mod jinja;
mod layout;
mod outward;
mod played;
mod problem;
mod reference;
mod schema;
mod segments;
mod shop;
mod slips;
mod steps;
mod tags;
mod template;
mod tests;
mod whole;
mod words;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use masa_domain::{Flow, Setup};

pub use codes::CODES;
pub use digest::digest;
pub use files::{Files, Refused};
pub use problem::{Problem, Severity};
pub use reference::reference;
pub use schema::{SchemaOf, schema};
pub use tests::{Line, Test, TestStep, read_tests};

/// All that a flows folder says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Library {
    /// The journeys, in the order of their names.
    pub flows: Vec<Flow>,
    /// What `shop.yaml` says.
    pub setup: Setup,
    /// What is probably not meant, in the order of files, lines and columns. It stops nothing.
    pub warnings: Vec<Problem>,
}

/// Reads and checks the files of a flows folder.
///
/// # Errors
/// All problems of all files, in the order of files, lines and columns, when one at least is an error;
/// the warnings stand among them.
pub fn read(files: &Files) -> Result<Library, Vec<Problem>> {
    read_and_check(files, None)
}

/// As [`read`], and warns also of what is over at `now`.
///
/// # Errors
/// Those of [`read`].
pub fn read_at(files: &Files, now: Timestamp) -> Result<Library, Vec<Problem>> {
    read_and_check(files, Some(now))
}

/// As [`read_at`], and reads the folder's tests too, so that all that is wrong is told at once.
///
/// # Errors
/// Those of [`read`] and of [`read_tests`], the warnings among them.
pub fn check_at(files: &Files, now: Timestamp) -> Result<Library, Vec<Problem>> {
    match (read_at(files, now), read_tests(files)) {
        (Ok(library), Ok(_)) => Ok(library),
        (library, tests) => {
            let mut problems = library.map_or_else(|problems| problems, |library| library.warnings);
            problems.extend(tests.err().unwrap_or_default());
            problems.sort();
            Err(problems)
        }
    }
}

fn read_and_check(files: &Files, now: Option<Timestamp>) -> Result<Library, Vec<Problem>> {
    let mut problems = files.unreadable().to_vec();
    layout::check(files, &mut problems);
    let mut shop = shop::read(files);
    problems.append(&mut shop.problems);
    let mut sources = Vec::new();
    let mut first = BTreeMap::new();
    let mut named = Vec::new();
    let mut understood = files.unreadable().is_empty();
    for (folder, source) in layout::flows(files) {
        let outcome = flow::read(files, folder, source, shop.names.as_ref());
        understood &= outcome.problems.is_empty();
        sources.extend(outcome.flow);
        problems.extend(outcome.problems);
        named.push((format!("{folder}flow.yaml"), outcome.named));
        if let Some(name) = outcome.name {
            problems.extend(layout::twice(&name, &mut first));
        }
    }
    for (file, named) in &named {
        problems.extend(happening::unknown_flows(file, named, &first));
    }
    for source in &sources {
        problems.extend(segments::moved_by_steps(source, &shop.setup.segments));
    }
    let broken = (!understood).then(|| {
        let whole = sources.iter().filter(|source| source.is_whole);
        let paths: BTreeSet<&str> = whole.map(|source| source.path.as_str()).collect();
        let broken = named.iter().filter(|(file, _)| !paths.contains(file.as_str()));
        broken.flat_map(|(_, named)| named).map(|named| named.flow.as_str()).collect()
    });
    let beside = checks::Beside { files, shop: &shop, broken, now };
    problems.extend(checks::check(&sources, &beside));
    problems.sort();
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(problems);
    }
    let mut flows: Vec<Flow> = sources.into_iter().map(|source| source.flow).collect();
    flows.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Library { flows, setup: shop.setup, warnings: problems })
}

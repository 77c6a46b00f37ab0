//! `masa contacts`: contacts from files, and into files (K2).

mod export;
mod import;
#[cfg(test)]
mod tests;

use std::{
    fs::{File, OpenOptions},
    path::Path,
};

use anyhow::{Context, Result};
use clap::Subcommand;
use masa_door::Door;
use masa_runtime::{Clock, Config, sdk_config};

use crate::Found;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    /// The stack's table, as `sam deploy` prints it. Region and credentials come from the usual
    /// AWS variables (`aws configure export-credentials --format env` sets them).
    #[arg(long, env = "MASA_TABLE", global = true, default_value = "")]
    table: String,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Take contacts from a CSV or XLSX file. The stack's own `MASA_CONTACT_KEY` must be set.
    Import(import::Arguments),
    /// Write all contacts into a file: `.csv`, `.xlsx` (keeps phones as they are in Excel) or `.jsonl`.
    Export(export::Arguments),
}

pub(crate) async fn run(arguments: &Arguments) -> Result<Found> {
    let table: Config = [("MASA_TABLE", arguments.table.as_str())].into_iter().collect();
    let config = Config::from_env().overridden_by(table);
    let json = arguments.json;
    match &arguments.what {
        What::Import(import) if import.dry_run => import::preview(import, json),
        What::Import(import) => {
            import::confirm(import)?;
            import::run(import, &door(&arguments.table, &config)?, json).await
        }
        What::Export(export) => export::run(export, &door(&arguments.table, &config)?, json).await,
    }
}

fn door(table: &str, config: &Config) -> Result<Door> {
    anyhow::ensure!(!table.is_empty(), "name the stack's table: --table, or MASA_TABLE");
    Door::new(&sdk_config(config)?, config, Clock::system())
        .context("set MASA_CONTACT_KEY to the stack's own: contacts are found by it")
}

/// A new file for people's data: others can't read it.
fn personal(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).with_context(|| format!("{} can't be written", path.display()))
}

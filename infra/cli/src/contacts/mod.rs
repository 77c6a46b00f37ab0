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
use masa_runtime::{Clock, sdk_config};
use masa_store::Store;

use crate::{Found, table::Table};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    table: Table,
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
    let (table, json) = (&arguments.table, arguments.json);
    match &arguments.what {
        What::Import(import) if import.dry_run => import::preview(import, json),
        What::Import(import) => {
            import::confirm(import)?;
            import::run(import, &door(table)?, json).await
        }
        What::Export(export) => {
            let config = table.config()?;
            export::run(export, &Store::new(&sdk_config(&config)?, &config)?, json).await
        }
    }
}

fn door(table: &Table) -> Result<Door> {
    let config = table.config()?;
    Door::new(&sdk_config(&config)?, &config, Clock::system())
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

//! `masa publish`: checked journeys become live in a deployed stack's table.

use std::path::PathBuf;

use anyhow::{Context, Result};
use masa_language::{Library, digest};
use masa_runtime::{Config, sdk_config};
use masa_store::{Publish, Published, Store};
use serde_json::json;

use crate::{Found, check};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of journeys.
    flows: PathBuf,
    /// The stack's table, as `sam deploy` prints it. Region and credentials come from the usual
    /// AWS variables (`aws configure export-credentials --format env` sets them).
    #[arg(long, env = "MASA_TABLE")]
    table: String,
    /// End what is live and not in the folder: nobody enters it any more, who is inside finishes.
    #[arg(long)]
    prune: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<Found> {
    let library = match masa_language::read(&check::files(Some(&arguments.flows))?) {
        Ok(library) => library,
        Err(problems) => {
            check::tell(&problems, arguments.json);
            return Ok(Found::Something);
        }
    };
    check::warn(&library.warnings);
    let table: Config = [("MASA_TABLE", arguments.table.as_str())].into_iter().collect();
    let config = Config::from_env().overridden_by(table);
    let store = Store::new(&sdk_config(&config)?, &config)?;
    let published = publish(&store, library, arguments.prune)
        .await
        .with_context(|| format!("nothing new is live in table {}", arguments.table))?;
    for Published { flow, version, new } in &published {
        if arguments.json {
            println!("{}", json!({ "flow": flow, "version": version, "new": new }));
        } else {
            println!("{flow}: version {version}{}", if *new { "" } else { ", as before" });
        }
    }
    Ok(Found::Nothing)
}

/// Makes a library live.
pub(crate) async fn publish(
    store: &Store,
    library: Library,
    prune: bool,
) -> Result<Vec<Published>, masa_store::Error> {
    let Library { flows, setup, .. } = library;
    let flows = flows.into_iter().map(|flow| {
        let digest = digest(&flow);
        (flow, digest)
    });
    store.publish(&Publish { flows: flows.collect(), setup, prune }).await
}

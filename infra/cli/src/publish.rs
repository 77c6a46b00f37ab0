//! `masa publish`: checked journeys become live in a deployed stack's table.

use std::path::PathBuf;

use anyhow::{Context, Result};
use masa_engine::Versions;
use masa_language::{Library, digest};
use masa_runtime::{Clock, Config, sdk_config};
use masa_store::{Publish, Published, Store};
use serde_json::json;

use crate::{
    Found, check,
    flows::{Desk, told},
};

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
    /// Only tell what would be published, and what becomes of who is inside.
    #[arg(long)]
    plan: bool,
    /// Move who is inside to the new versions, by the ids of the steps.
    #[arg(long = "move")]
    moves: bool,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<Found> {
    let Some(library) = check::library(Some(&arguments.flows), arguments.json)? else {
        return Ok(Found::Something);
    };
    check::warn(&library.warnings);
    let table: Config = [("MASA_TABLE", arguments.table.as_str())].into_iter().collect();
    let config = Config::from_env().overridden_by(table);
    let store = Store::new(&sdk_config(&config)?, &config)?;
    let desk = Desk { versions: Versions::new(store.clone(), Clock::system()), store };
    let plan = desk.plan(&library, arguments.moves).await?;
    if !arguments.json {
        plan.iter().for_each(|line| println!("{line}"));
    }
    if arguments.plan {
        if arguments.json {
            println!("{}", json!({ "plan": plan }));
        }
        return Ok(Found::Nothing);
    }
    let published = publish(&desk.store, library, arguments.prune)
        .await
        .with_context(|| format!("nothing new is live in table {}", arguments.table))?;
    for Published { flow, version, new } in &published {
        if arguments.json {
            println!("{}", json!({ "flow": flow, "version": version, "new": new }));
        } else {
            println!("{flow}: version {version}{}", if *new { "" } else { ", as before" });
        }
        if *new && arguments.moves {
            let told = desk.move_all(flow, false).await?;
            let moved = told.lines.last().map(String::as_str).unwrap_or_default();
            if !arguments.json {
                println!("{flow}: {moved}");
            }
        }
    }
    Ok(Found::Nothing)
}

impl Desk {
    /// What becomes of who is inside the journeys that change.
    async fn plan(&self, library: &Library, moves: bool) -> Result<Vec<String>> {
        let catalogue = self.store.catalogue().await?;
        let mut plan = Vec::new();
        for flow in &library.flows {
            let Some(live) = catalogue.flows.get(&flow.name) else { continue };
            if live.digest == digest(flow) {
                continue;
            }
            let inside = self.versions.inside(flow, None).await?;
            plan.extend(
                told(&inside, moves).into_iter().map(|line| format!("{}: {line}", flow.name)),
            );
        }
        Ok(plan)
    }
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

//! `masa flows`: what is live in a deployed stack, and how it stands: pausing, resuming, retiring, going
//! back, moving who is inside.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use masa_domain::{Flow, Standing};
use masa_engine::{Fit, Inside, Versions};
use masa_language::digest;
use masa_runtime::{Clock, sdk_config};
use masa_store::Store;
use serde_json::json;

use crate::{Found, doctor::Queues, table::Table};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    table: Table,
    /// The stack's name: who is inside goes on at once after `resume`, and leaves at once after `retire
    /// --end`; without it within a day, or at the next step.
    #[arg(long, global = true)]
    stack: Option<String>,
    /// Answer in JSON.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What is live: version, how it stands, and how many are inside, by version and step.
    List,
    /// Nobody enters, and who is inside stands before the next step. Exits work.
    Pause {
        /// The flow.
        flow: String,
    },
    /// Contacts enter, and who is inside goes on.
    Resume {
        /// The flow.
        flow: String,
    },
    /// Nobody enters any more; who is inside finishes.
    Retire {
        /// The flow.
        flow: String,
        /// Who is inside leaves, too.
        #[arg(long)]
        end: bool,
    },
    /// Makes an older version live again; who is inside stays on theirs.
    Back {
        /// The flow.
        flow: String,
        /// The version; the one before the live one when absent.
        #[arg(long)]
        to: Option<u32>,
    },
    /// Moves who is inside to the live version, by the ids of the steps.
    Move {
        /// The flow.
        flow: String,
        /// Only tell what would move.
        #[arg(long)]
        plan: bool,
    },
}

pub(crate) async fn run(arguments: &Arguments) -> Result<Found> {
    let config = arguments.table.config()?;
    let sdk = sdk_config(&config)?;
    let store = Store::new(&sdk, &config)?;
    let desk = Desk { versions: Versions::new(store.clone(), Clock::system()), store };
    let told = desk.act(&arguments.what).await?;
    if let (Some(stack), Some(flow)) = (&arguments.stack, told.wake.as_deref()) {
        let queues = Queues::find(&sdk, stack).await?;
        let url = queues.url("WakeQueue").context("the stack has no wake queue")?;
        for body in desk.wakes(flow).await? {
            queues.send(url, &body).await?;
        }
    }
    if arguments.json {
        println!("{}", json!({ "told": told.lines }));
    } else {
        told.lines.iter().for_each(|line| println!("{line}"));
    }
    Ok(Found::Nothing)
}

/// What was done.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) lines: Vec<String>,
    /// The flow whose contacts have something to do now.
    wake: Option<String>,
}

impl Told {
    fn line(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], wake: None }
    }
}

/// Where journeys are managed.
pub(crate) struct Desk {
    pub(crate) store: Store,
    pub(crate) versions: Versions,
}

impl Desk {
    async fn act(&self, what: &What) -> Result<Told> {
        match what {
            What::List => self.list().await,
            What::Pause { flow } => self.pause(flow).await,
            What::Resume { flow } => self.resume(flow).await,
            What::Retire { flow, end } => self.retire(flow, *end).await,
            What::Back { flow, to } => self.back(flow, *to).await,
            What::Move { flow, plan } => self.move_all(flow, *plan).await,
        }
    }

    async fn list(&self) -> Result<Told> {
        let mut told = Told::default();
        for (name, live) in self.store.catalogue().await?.flows {
            let standing = match live.standing {
                Standing::Live => "",
                Standing::Paused => ", paused",
                Standing::Ending => ", ending",
            };
            told.lines.push(format!("{name}: version {}{standing}", live.version));
            let flow = self.version(&name, live.version).await?;
            let mut places: BTreeMap<(u32, String), u32> = BTreeMap::new();
            for inside in self.versions.inside(&flow, None).await? {
                *places.entry((inside.version, inside.step)).or_default() += 1;
            }
            for ((version, step), count) in places {
                told.lines.push(format!("  {count} on version {version} at {step}"));
            }
        }
        if told.lines.is_empty() {
            told.lines.push("nothing is live".to_owned());
        }
        Ok(told)
    }

    pub(crate) async fn pause(&self, flow: &str) -> Result<Told> {
        self.stand(flow, Standing::Paused).await?;
        Ok(Told::line(format!(
            "{flow} is paused: nobody enters, and who is inside stands before the next step. What is on \
             its way is sent. Functions see it within half a minute."
        )))
    }

    pub(crate) async fn resume(&self, flow: &str) -> Result<Told> {
        self.stand(flow, Standing::Live).await?;
        let words = format!("{flow} goes on: who stands in it takes the next step");
        Ok(Told { lines: vec![words], wake: Some(flow.to_owned()) })
    }

    pub(crate) async fn retire(&self, flow: &str, end: bool) -> Result<Told> {
        if end {
            self.stand(flow, Standing::Ending).await?;
            let words = format!("{flow} ends: nobody enters, and who is inside leaves");
            return Ok(Told { lines: vec![words], wake: Some(flow.to_owned()) });
        }
        if !self.store.retire(flow).await? {
            bail!("no journey named {flow} is live");
        }
        Ok(Told::line(format!(
            "{flow} is retired: nobody enters, and who is inside finishes. `masa flows back {flow} --to \
             N` makes it live again."
        )))
    }

    pub(crate) async fn back(&self, name: &str, to: Option<u32>) -> Result<Told> {
        let live = self.store.catalogue().await?.flows.get(name).map(|live| live.version);
        let to = match (to, live) {
            (Some(to), _) => to,
            (None, Some(live)) if live > 1 => live.saturating_sub(1),
            _ => bail!("say which version of {name} with --to"),
        };
        let flow = self.version(name, to).await?;
        if !self.store.go_back(name, to, &digest(&flow)).await? {
            bail!("there is no version {to} of {name}");
        }
        Ok(Told::line(format!(
            "{name}: version {to} is live; who is inside stays on theirs (`masa flows move {name}`)"
        )))
    }

    pub(crate) async fn move_all(&self, name: &str, plan: bool) -> Result<Told> {
        let live = self.store.catalogue().await?.flows.get(name).map(|live| live.version);
        let version = live.with_context(|| format!("no journey named {name} is live"))?;
        let flow = self.version(name, version).await?;
        let inside = self.versions.inside(&flow, Some(version)).await?;
        let mut told = Told { lines: told(&inside, true), wake: None };
        if plan {
            return Ok(told);
        }
        let mut moved = 0_u32;
        for one in inside.iter().filter(|one| one.fit == Fit::Moves) {
            moved += u32::from(self.versions.move_to(one.contact, name, version).await?);
        }
        told.lines.push(format!("{moved} moved to version {version}"));
        Ok(told)
    }

    async fn stand(&self, flow: &str, standing: Standing) -> Result<()> {
        if !self.store.stand(flow, standing).await? {
            bail!("no journey named {flow} is live");
        }
        Ok(())
    }

    async fn version(&self, name: &str, version: u32) -> Result<Flow> {
        let flow = self.store.flow(name, version).await?;
        flow.with_context(|| format!("there is no version {version} of {name}"))
    }

    /// Jobs for the wake queue: each contact inside is looked after now.
    pub(crate) async fn wakes(&self, flow: &str) -> Result<Vec<String>> {
        let flow = Flow { name: flow.to_owned(), ..Flow::default() };
        let mut contacts: Vec<_> =
            self.versions.inside(&flow, None).await?.into_iter().map(|one| one.contact).collect();
        contacts.sort_unstable();
        contacts.dedup();
        let jobs = contacts.into_iter().map(|contact| masa_dispatch::WakeJob::Overdue { contact });
        jobs.map(|job| Ok(serde_json::to_string(&job)?)).collect()
    }
}

/// What becomes of who is inside: `move` when they are to be moved, else they all stay.
pub(crate) fn told(inside: &[Inside], moving: bool) -> Vec<String> {
    let mut stays: BTreeMap<u32, u32> = BTreeMap::new();
    let (mut moves, mut gone): (u32, BTreeMap<&str, u32>) = (0, BTreeMap::new());
    for one in inside {
        match one.fit {
            Fit::IsThere => {}
            Fit::Moves if moving => moves += 1,
            Fit::StepIsGone if moving => {
                *gone.entry(one.step.as_str()).or_default() += 1;
            }
            _ => *stays.entry(one.version).or_default() += 1,
        }
    }
    let mut lines: Vec<String> =
        stays.iter().map(|(version, count)| format!("{count} stay on version {version}")).collect();
    if moves > 0 {
        lines.push(format!("{moves} move"));
    }
    for (step, count) in gone {
        lines.push(format!(
            "{count} cannot move: the step `{step}` is gone, or does something else"
        ));
    }
    lines
}

#[cfg(test)]
mod tests;

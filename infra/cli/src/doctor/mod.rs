//! `masa doctor`: what a deployed stack gave up and why, and putting it back.

mod letter;
mod lost;
mod queues;
mod report;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use jiff::Timestamp;
use masa_runtime::{Clock, Config, sdk_config};
use masa_store::Store;
use serde_json::json;

pub(crate) use self::queues::Queues;
use self::{
    letter::{Letter, Remedy, Ward, Window, cause, remedy},
    report::Report,
};
use crate::Found;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The stack's name. Region and credentials come from the usual AWS variables
    /// (`aws configure export-credentials --format env` sets them).
    #[arg(long)]
    stack: String,
    /// Put back what was given up: do it when its cause is mended.
    #[arg(long)]
    redrive: bool,
    /// The stack's table, as `sam deploy` prints it; needed only where the stream itself gave up,
    /// to look for the facts that it held.
    #[arg(long, env = "MASA_TABLE")]
    table: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments) -> Result<Found> {
    let config = Config::from_env();
    let reports = examine(&sdk_config(&config)?, arguments, Clock::system().now()).await?;
    if arguments.json {
        let queues: Vec<_> = reports.iter().map(Report::json).collect();
        println!("{}", json!({ "queues": queues }));
    } else {
        for report in &reports {
            println!("{report}");
        }
    }
    Ok(if reports.iter().any(Report::is_ill) { Found::Something } else { Found::Nothing })
}

/// Looks into each queue of dead letters, and empties it if that is asked for.
async fn examine(
    sdk: &aws_types::SdkConfig,
    arguments: &Arguments,
    now: Timestamp,
) -> Result<Vec<Report>> {
    let store = match &arguments.table {
        Some(table) => {
            Some(Store::new(sdk, &[("MASA_TABLE", table.as_str())].into_iter().collect())?)
        }
        None => None,
    };
    let queues = Queues::find(sdk, &arguments.stack).await?;
    let doctor = Doctor { queues, store, redrive: arguments.redrive, now };
    let mut reports = Vec::new();
    for ward in Ward::ALL {
        let Some(url) = doctor.queues.url(ward.name()) else { continue };
        let report = doctor.visit(ward, url).await;
        reports.push(report.with_context(|| {
            format!("{}: what was not put back yet is there again in five minutes", ward.name())
        })?);
    }
    Ok(reports)
}

struct Doctor {
    queues: Queues,
    store: Option<Store>,
    redrive: bool,
    now: Timestamp,
}

impl Doctor {
    /// Reads all letters before the first is put back: one that fails again at once is not met twice.
    async fn visit(&self, ward: Ward, url: &str) -> Result<Report> {
        let (letters, more) = self.queues.read(url).await?;
        let mut report = Report { letters: letters.len(), more, ..Report::new(ward) };
        let (mut kept, mut searches) = (Vec::new(), Vec::new());
        for letter in &letters {
            *report.causes.entry(cause(letter)).or_default() += 1;
            match remedy(ward, &letter.body) {
                Remedy::PutBack(body) if self.redrive => match self.queues.url(ward.back()) {
                    Some(back) => {
                        self.queues.send(back, &body).await?;
                        self.queues.delete(url, letter).await?;
                        report.put_back += 1;
                    }
                    None => kept.push((letter, Some("the stack has no queue that takes it"))),
                },
                Remedy::PutBack(_) => kept.push((letter, None)),
                Remedy::Search(window) => searches.push((letter, window)),
                Remedy::Leave(why) => kept.push((letter, Some(why))),
            }
        }
        self.search(url, &searches, &mut report, &mut kept).await?;
        for why in kept.iter().filter_map(|(_, why)| *why) {
            *report.left.entry(why).or_default() += 1;
        }
        let kept: Vec<&Letter> = kept.into_iter().map(|(letter, _)| letter).collect();
        self.queues.show(url, &kept).await?;
        Ok(report)
    }

    /// Looks for the facts that the stream gave up, and puts them back: a letter of the stream holds
    /// none of them.
    async fn search<'l>(
        &self,
        url: &str,
        searches: &[(&'l Letter, Window)],
        report: &mut Report,
        kept: &mut Vec<(&'l Letter, Option<&'static str>)>,
    ) -> Result<()> {
        if searches.is_empty() {
            return Ok(());
        }
        let back = self.queues.url(Ward::Advance.back());
        let (Some(store), Some(back)) = (&self.store, back) else {
            let why = "give --table: its facts have to be looked for";
            kept.extend(searches.iter().map(|(letter, _)| (*letter, Some(why))));
            return Ok(());
        };
        let windows: Vec<Window> = searches.iter().map(|(_, window)| *window).collect();
        let jobs = lost::jobs(store, &windows, self.now).await?;
        report.lost_facts = Some(jobs.len());
        if self.redrive {
            for job in &jobs {
                self.queues.send(back, &serde_json::to_string(job)?).await?;
            }
        }
        for (letter, window) in searches {
            if window.first < lost::known_since(self.now) {
                let why = "older than a day: which of its facts were applied is not known any more";
                kept.push((letter, Some(why)));
            } else if self.redrive {
                self.queues.delete(url, letter).await?;
                report.put_back += 1;
            } else {
                kept.push((letter, None));
            }
        }
        Ok(())
    }
}

//! `masa cost`: what a thousand runs of a journey cost.

use std::path::PathBuf;

use anyhow::Result;
use masa_cost::{Assumptions, MailPlan, Prices, cost};

use crate::{Found, check};

/// Tells what each service bills, the steps that cost most, the cheapest and the dearest path, what was
/// assumed, and the date of the prices. Free tiers are not counted.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of journeys; when absent this one if it holds a shop.yaml, else the library that comes
    /// with masa.
    flows: Option<PathBuf>,
    /// One journey; all when absent.
    #[arg(long)]
    flow: Option<String>,
    /// Of sent mails, the share that is read.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().opened)]
    opened: f64,
    /// Of sent mails, the share in which a link is followed.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().clicked)]
    clicked: f64,
    /// Of other questions, the share that is answered with yes.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().yes)]
    yes: f64,
    /// Of waits for a happening, the share that it ends.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().happened)]
    happened: f64,
    /// Of messages, the share that is not sent: no consent, no address.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().skipped)]
    skipped: f64,
    /// Of sent mails, the share that comes back.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().bounced)]
    bounced: f64,
    /// Of messages, the share that is held, where hours, days or a rest are set.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().held)]
    held: f64,
    /// Of dated waits, the share that a run comes to too late.
    #[arg(long, value_name = "SHARE", default_value_t = Assumptions::default().late)]
    late: f64,
    /// How many parts a text has.
    #[arg(long, value_name = "N", default_value_t = Assumptions::default().text_parts)]
    text_parts: u32,
    /// Where texts go: US or JP.
    #[arg(long, default_value = "US")]
    country: String,
    /// What a part of a text costs in dollars, for any other country (SNS's price list has it).
    #[arg(long, value_name = "USD")]
    text_price: Option<f64>,
    /// SES by the piece, as accounts from before July 2026 have it.
    #[arg(long)]
    a_la_carte: bool,
    /// The AWS Region.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Found> {
    let Some(library) = check::library(arguments.flows.as_deref(), arguments.json)? else {
        return Ok(Found::Something);
    };
    let prices = Prices::of(&arguments.region, &arguments.country, arguments.text_price)?;
    let plan = if arguments.a_la_carte { MailPlan::ALaCarte } else { MailPlan::Essentials };
    let &Arguments { opened, clicked, yes, happened, skipped, bounced, held, late, .. } = arguments;
    let assumptions = Assumptions {
        opened,
        clicked,
        yes,
        happened,
        skipped,
        bounced,
        held,
        late,
        text_parts: arguments.text_parts,
        plan,
        ..Assumptions::default()
    };
    for flow in check::meant(&library, arguments.flow.as_deref())? {
        let told = cost(flow, &assumptions, &prices)?;
        if arguments.json {
            println!("{}", serde_json::to_string(&told)?);
        } else {
            println!("{told}");
        }
    }
    Ok(Found::Nothing)
}

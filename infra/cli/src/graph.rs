//! `masa graph`: a journey as a picture.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::{Found, check};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The journey's name.
    flow: String,
    /// The folder of journeys; when absent this one if it holds a shop.yaml, else the library that comes
    /// with masa.
    #[arg(long)]
    flows: Option<PathBuf>,
    /// Where to write it; to the standard output when absent.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Mermaid's text instead of SVG.
    #[arg(long)]
    mermaid: bool,
    /// The language of its words: `en` or `he`.
    #[arg(long, default_value = "en")]
    language: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Found> {
    let Some(library) = check::library(arguments.flows.as_deref(), false)? else {
        return Ok(Found::Something);
    };
    let [flow] = check::meant(&library, Some(&arguments.flow))?[..] else {
        bail!("two journeys are called `{}`", arguments.flow);
    };
    let draw = if arguments.mermaid { masa_graph::mermaid } else { masa_graph::svg };
    let picture = draw(flow, &arguments.language);
    match &arguments.out {
        Some(path) => {
            fs::write(path, picture).with_context(|| format!("cannot write {}", path.display()))?
        }
        None => print!("{picture}"),
    }
    Ok(Found::Nothing)
}

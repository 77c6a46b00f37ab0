//! `masa graph`: a journey as a picture.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail};

use crate::{Found, check};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The journey's name.
    flow: String,
    /// The folder of journeys; the library that comes with masa when absent.
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
    let files = check::files(arguments.flows.as_deref())?;
    let library = match masa_language::read(&files) {
        Ok(library) => library,
        Err(problems) => {
            check::tell(&problems, false);
            return Ok(Found::Something);
        }
    };
    let names: Vec<&str> = library.flows.iter().map(|flow| flow.name.as_str()).collect();
    let Some(flow) = library.flows.iter().find(|flow| flow.name == arguments.flow) else {
        bail!("there is no journey `{}`; there are: {}", arguments.flow, names.join(", "));
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

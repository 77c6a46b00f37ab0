//! `masa new`: a journey of the library as the beginning of one's own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::Found;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of your journeys; it is made when it is not there.
    flows: PathBuf,
    /// The journey of the library to copy; all are listed when it is absent.
    #[arg(long)]
    from: Option<String>,
    /// What the copy is called; like its original when absent.
    #[arg(long = "as")]
    name: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Found> {
    let Some(from) = &arguments.from else {
        for name in journeys() {
            println!("{name}");
        }
        return Ok(Found::Nothing);
    };
    let name = arguments.name.as_ref().unwrap_or(from);
    let written = copy(&arguments.flows, from, name)?;
    for path in &written {
        println!("{}", path.display());
    }
    println!("Read {}/{name}/README.md: what to change first.", arguments.flows.display());
    Ok(Found::Nothing)
}

/// The journeys of the library.
fn journeys() -> Vec<&'static str> {
    let files = masa_flows::FILES.iter();
    files.filter_map(|(path, _)| path.strip_suffix("/flow.yaml")).collect()
}

/// Copies a journey under a name, and the shop when there is none yet. Nothing is overwritten.
fn copy(flows: &Path, from: &str, name: &str) -> Result<Vec<PathBuf>> {
    if !journeys().contains(&from) {
        bail!("the library has no journey `{from}`; there are: {}", journeys().join(", "));
    }
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > 40 || !name.chars().all(good) {
        bail!("`{name}` is not a flow's name: 1 to 40 characters a-z, 0-9 and -");
    }
    let folder = flows.join(name);
    if folder.exists() {
        bail!("{} is there already; give another name with --as", folder.display());
    }
    let mut written = Vec::new();
    let prefix = format!("{from}/");
    for (path, text) in masa_flows::FILES.iter().chain(masa_flows::READMES) {
        let to = match path.strip_prefix(&prefix) {
            Some(rest) => folder.join(rest),
            None if *path == "shop.yaml" && !flows.join(path).exists() => flows.join(path),
            None => continue,
        };
        let text =
            if path.ends_with(".yaml") { renamed(text, from, name) } else { text.to_string() };
        write(&to, &text)?;
        written.push(to);
    }
    Ok(written)
}

/// A flow or its tests with another name, also where it names itself.
fn renamed(text: &str, from: &str, name: &str) -> String {
    let mut text = text.to_owned();
    for key in ["flow", "opened", "ended", "start"] {
        for end in ["\n", " ", ","] {
            text = text.replace(&format!("{key}: {from}{end}"), &format!("{key}: {name}{end}"));
        }
    }
    text
}

fn write(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use masa_language::{Files, read_tests};

    use super::*;

    /// A copy passes the checks under its new name, is not overwritten, and has its README.
    #[test]
    fn each_journey_of_the_library_can_be_copied() {
        let root = std::env::temp_dir().join(format!("masa-new-{}", std::process::id()));
        fs::remove_dir_all(&root).ok();
        for journey in journeys() {
            // What names other journeys has to have them beside it, under their own names.
            let flow =
                masa_flows::FILES.iter().find(|(path, _)| *path == format!("{journey}/flow.yaml"));
            let alone = !flow.unwrap().1.contains("opened: guides");
            let flows = root.join(journey);
            let name = format!("my-{journey}");
            let name = if name.len() > 40 { journey.to_owned() } else { name };
            copy(&flows, journey, &name).unwrap();
            assert!(flows.join(&name).join("README.md").exists(), "{journey}");
            assert!(copy(&flows, journey, &name).is_err(), "{journey} is not overwritten");
            let files = Files::from_dir(&flows).unwrap();
            let read = masa_language::read(&files);
            assert_eq!(read.is_ok(), alone, "{journey}: {:?}", read.err());
            assert!(!read_tests(&files).unwrap().is_empty(), "{journey}");
        }
        fs::remove_dir_all(&root).unwrap();
        assert!(copy(&root, "nothing", "nothing").is_err());
        assert!(copy(&root, "welcome", "../welcome").is_err());
        assert!(!root.exists(), "nothing was written");
    }
}

//! `masa new`: a journey of the library as the beginning of one's own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use masa_language::Files;

use crate::{Found, check};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The folder of your journeys; it is made when it is not there.
    flows: PathBuf,
    /// The journey of the library to copy, with those that belong to it; all are listed when it is
    /// absent.
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
    let Copied { written, beside } = copy(&arguments.flows, from, name)?;
    for path in &written {
        println!("{}", path.display());
    }
    let flows = arguments.flows.display();
    for other in beside {
        println!("{other} belongs to {name}, and was copied with it: {flows}/{other}/README.md");
    }
    println!("Read {flows}/{name}/README.md: what to change first.");
    Ok(Found::Nothing)
}

/// The journeys of the library.
fn journeys() -> Vec<&'static str> {
    let files = masa_flows::FILES.iter();
    files.filter_map(|(path, _)| path.strip_suffix("/flow.yaml")).collect()
}

/// The journeys without which one is not whole.
fn belonging(from: &str) -> Result<Vec<String>> {
    let files = Files::from_texts(masa_flows::FILES.iter().copied());
    let library = match masa_language::read(&files) {
        Ok(library) => library,
        Err(problems) => {
            check::tell(&problems, false);
            bail!("the library inside the program has errors");
        }
    };
    Ok(library.belonging(from).into_iter().map(str::to_owned).collect())
}

/// What a copy made.
struct Copied {
    written: Vec<PathBuf>,
    /// The journeys that were copied with it.
    beside: Vec<String>,
}

/// Copies a journey under a name, with those that belong to it under their own, and the shop when there
/// is none yet. Nothing is overwritten: what is there already is the shop's own.
fn copy(flows: &Path, from: &str, name: &str) -> Result<Copied> {
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
    let mut beside = belonging(from)?;
    beside.retain(|other| other != name && !flows.join(other).exists());
    let with_shop = !flows.join("shop.yaml").exists();
    let mut written = Vec::new();
    for (path, text) in masa_flows::FILES.iter().chain(masa_flows::READMES) {
        let to = match path.split_once('/') {
            Some((journey, rest)) if journey == from => folder.join(rest),
            Some((journey, _)) if beside.iter().any(|other| other == journey) => flows.join(path),
            None if *path == "shop.yaml" && with_shop => flows.join(path),
            _ => continue,
        };
        let text =
            if path.ends_with(".yaml") { renamed(text, from, name) } else { text.to_string() };
        write(&to, &text)?;
        written.push(to);
    }
    Ok(Copied { written, beside })
}

/// A flow or its tests with another name of the copied one, also where that is named.
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
    use masa_language::read_tests;

    use super::*;

    /// A copy passes the checks under its new name, is not overwritten, and has its README.
    #[test]
    fn each_journey_of_the_library_can_be_copied() {
        let root = std::env::temp_dir().join(format!("masa-new-{}", std::process::id()));
        fs::remove_dir_all(&root).ok();
        for journey in journeys() {
            let flows = root.join(journey);
            let name = format!("my-{journey}");
            let name = if name.len() > 40 { journey.to_owned() } else { name };
            copy(&flows, journey, &name).unwrap();
            assert!(flows.join(&name).join("README.md").exists(), "{journey}");
            assert!(copy(&flows, journey, &name).is_err(), "{journey} is not overwritten");
            let files = Files::from_dir(&flows).unwrap();
            let read = masa_language::read(&files);
            assert_eq!(read.map(|library| library.warnings), Ok(Vec::new()), "{journey}");
            assert!(!read_tests(&files).unwrap().is_empty(), "{journey}");
        }
        fs::remove_dir_all(&root).unwrap();
        assert!(copy(&root, "nothing", "nothing").is_err());
        assert!(copy(&root, "welcome", "../welcome").is_err());
        assert!(!root.exists(), "nothing was written");
    }

    /// What a journey names, and its parts, come with it; what is there already stays as it is.
    #[test]
    fn a_journey_comes_with_those_that_belong_to_it() {
        let root = std::env::temp_dir().join(format!("masa-new-beside-{}", std::process::id()));
        fs::remove_dir_all(&root).ok();
        for (from, beside) in [
            ("readers", &["guides"][..]),
            ("referral", &["referral-friend", "referral-reward", "survey"]),
            ("awake", &["win-back"]),
            ("referral-reward", &[]),
            ("remind", &[]),
        ] {
            let flows = root.join(from);
            let copied = copy(&flows, from, &format!("my-{from}")).unwrap();
            assert_eq!(copied.beside, beside, "{from}");
            for other in beside {
                assert!(flows.join(other).join("README.md").exists(), "{from} needs {other}");
            }
            assert_eq!(
                copied.written.iter().filter(|path| path.ends_with("flow.yaml")).count(),
                beside.len() + 1
            );
        }
        let flows = root.join("again");
        copy(&flows, "guides", "guides").unwrap();
        fs::write(flows.join("guides/README.md"), "mine").unwrap();
        assert!(copy(&flows, "readers", "readers").unwrap().beside.is_empty());
        assert_eq!(fs::read_to_string(flows.join("guides/README.md")).unwrap(), "mine");
        fs::remove_dir_all(&root).unwrap();
    }
}

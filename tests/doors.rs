//! The doors of `masa dev` as a process, under what the senders' own libraries sign.

#![expect(clippy::indexing_slicing, reason = "JSON that is missing reads as null")]

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use masa_tests::{
    http::{self, Answer},
    tools::{self, Server},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long `masa dev` may take to start.
const START: Duration = Duration::from_secs(60);

/// A running `masa dev` with an empty store.
struct Masa {
    server: Server,
    folder: PathBuf,
    /// The secrets that it printed, by the names of their variables.
    secrets: BTreeMap<String, String>,
}

impl Masa {
    fn start(name: &str) -> Result<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("doors-{name}"));
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        // Programs find their libraries beside them.
        symlink(tools::webhook_modules()?, folder.join("node_modules"))?;
        let command = |port: u16| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_masa"));
            command.args(["dev", "--port", &port.to_string(), "--data"]).arg(folder.join("data"));
            command
        };
        let ready = |port| http::get(port, "/dev/clock").is_ok();
        let server = Server::start(&folder.join("masa.log"), START, command, ready)?;
        let log = server.log();
        let secrets = log.lines().filter(|line| line.starts_with("MASA_SECRET_"));
        let secrets = secrets.filter_map(|line| line.split_once('='));
        let secrets = secrets.map(|(name, secret)| (name.to_owned(), secret.to_owned())).collect();
        Ok(Self { server, folder, secrets })
    }

    /// What is known to have happened to somebody.
    fn facts(&self, who: &str) -> Result<Vec<Value>> {
        let path = format!("/dev/contacts/{who}.json");
        let answer = http::get(self.server.port(), &path)?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.text());
        let known: Value = serde_json::from_slice(&answer.body)?;
        known["facts"].as_array().cloned().context("a list of facts")
    }

    fn post(&self, door: &str, headers: &BTreeMap<String, String>, body: &str) -> Result<Answer> {
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let path = format!("/hooks/{door}");
        http::request(self.server.port(), "POST", &path, &headers, body.as_bytes())
    }

    /// A program that finds the address and the secrets in its environment.
    fn program(&self, path: impl AsRef<OsStr>) -> Command {
        let mut program = Command::new(path);
        program.env("MASA_URL", format!("http://127.0.0.1:{}", self.server.port()));
        program.envs(&self.secrets);
        program
    }
}

/// What a sender tells, and what is to come of it.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Delivery {
    /// The last word of the hook's path.
    door: String,
    topic: String,
    body: String,
    /// Where the body stands, among the fixtures of the doors.
    file: String,
    /// Whom it concerns.
    of: String,
    /// Some of what the fact holds; null when there is to be none.
    fact: Value,
}

impl Default for Delivery {
    fn default() -> Self {
        let [door, topic, body, file] = Default::default();
        Self { door, topic, body, file, of: "noa.cohen@example.com".to_owned(), fact: Value::Null }
    }
}

fn deliveries() -> Result<Vec<Delivery>> {
    let fixtures = tools::workspace().join("shared/intake/tests/fixtures");
    let mut all: Vec<Delivery> = serde_json::from_str(include_str!("doors/told.json"))?;
    for told in all.iter_mut().filter(|told| told.body.is_empty()) {
        told.body = fs::read_to_string(fixtures.join(&told.file))?;
    }
    Ok(all)
}

/// Whether `all` holds what `some` does.
fn holds(all: &Value, some: &Value) -> bool {
    match some.as_object() {
        Some(some) => some.iter().all(|(name, value)| holds(&all[name], value)),
        None => all == some,
    }
}

/// Each topic leads to its fact, once; with another byte it is refused and tells nothing.
#[test]
fn what_the_senders_libraries_sign_is_understood() -> Result<()> {
    let masa = Masa::start("signed")?;
    tools::php()?;
    let deliveries = deliveries()?;
    let (list, script) = (masa.folder.join("deliveries.json"), masa.folder.join("sign.mjs"));
    fs::write(&list, json!(deliveries).to_string())?;
    fs::write(&script, include_str!("doors/sign.mjs"))?;
    let signed = tools::run(masa.program("node").arg(script).arg(list))?;
    let signed: Vec<BTreeMap<String, String>> = serde_json::from_str(&signed)?;
    ensure!(signed.len() == deliveries.len(), "{} are signed", signed.len());
    for (told, headers) in deliveries.iter().zip(&signed) {
        let Delivery { door, topic, body, file, of, fact } = told;
        let name = format!("{door} {topic} {file}");
        let known = masa.facts(of)?;
        let other = body.replacen('e', "f", 1);
        ensure!(other != *body, "{name}: there is an e to change");
        let answer = masa.post(door, headers, &other)?;
        ensure!(answer.status == 401, "{name}, changed: {} {}", answer.status, answer.text());
        ensure!(masa.facts(of)? == known, "{name}: what is refused tells nothing");

        let answer = masa.post(door, headers, body)?;
        ensure!(answer.status == 200, "{name}: {} {}", answer.status, answer.text());
        let now = masa.facts(of)?;
        let new: Vec<&Value> = now.iter().filter(|fact| !known.contains(fact)).collect();
        let right = match new.as_slice() {
            [] => fact.is_null(),
            [new] => !fact.is_null() && holds(new, fact),
            _ => false,
        };
        ensure!(right, "{name}: {} was to come, not {}", fact, json!(new));

        let again = masa.post(door, headers, body)?;
        ensure!(again.status == 200, "{name}, again: {} {}", again.status, again.text());
        ensure!(masa.facts(of)? == now, "{name}: what comes again tells nothing");
    }
    Ok(())
}

/// The snippets of the guide do as they stand there what it says, under the official libraries.
#[test]
fn the_guides_snippets_tell_what_happened() -> Result<()> {
    let masa = Masa::start("snippets")?;
    let guide = include_str!("../shared/intake/CONNECT.md");
    for (language, program, who, order) in [
        ("js", PathBuf::from("node"), "noa@example.com", "1001"),
        ("python", tools::python_with_standardwebhooks()?, "daniel@example.com", "1002"),
        ("php", tools::php()?, "tamar@example.com", "1003"),
    ] {
        let (_, rest) = guide.split_once(&format!("```{language}\n")).context(language)?;
        let (snippet, _) = rest.split_once("```\n").context(language)?;
        // By this ending, Node takes it for a module; the others don't look at it.
        let file = masa.folder.join(format!("{language}.mjs"));
        fs::write(&file, snippet)?;

        let strange = &masa.secrets["MASA_SECRET_CALLS"];
        let mut under_another = masa.program(&program);
        let refused = tools::run(under_another.arg(&file).env("MASA_SECRET_EVENTS", strange));
        let error = refused.err().with_context(|| format!("{language}: a refusal is an error"))?;
        ensure!(error.to_string().contains("401"), "{language}: {error}");
        ensure!(masa.facts(who)?.is_empty(), "{language}: what is refused tells nothing");
        for _ in 0..2 {
            tools::run(masa.program(&program).arg(&file))?;
            let facts = masa.facts(who)?;
            ensure!(facts.len() == 3, "{language}: three facts, once each: {}", json!(facts));
            for told in [
                json!({ "kind": "signup" }),
                json!({ "kind": "purchase", "order_id": order, "total": "59.90" }),
                json!({ "kind": "event", "name": "parcel-sent", "data": { "order_id": order } }),
            ] {
                let stands = facts.iter().any(|fact| holds(&fact["what"], &told));
                ensure!(stands, "{language}: {told} was to come, not {}", json!(facts));
            }
        }
    }
    Ok(())
}

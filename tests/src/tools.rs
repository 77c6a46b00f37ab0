//! Programs of others that tests need: each is installed by the test that asks first, at a pinned version, under
//! `target/tools/`, and kept. A test never skips when one is missing; it fails with the command that mends it.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail, ensure};

mod server;

pub use server::{Server, Started, free_port};

/// The emulator of DynamoDB that AWS itself makes, as the npm registry has it.
const DYNAMODB_LOCAL: (&str, &str) = ("amplify-dynamodb-simulator", "2.9.30");

/// All packages of the SAM CLI and cargo-lambda, at one version each. Without `ziglang`, which only builds for another
/// processor need.
const SAM: &str = include_str!("tools/sam.txt");

/// All packages of MiniStack. They live apart from SAM's: the two want different versions of `botocore`.
const MINISTACK: &str = include_str!("tools/ministack.txt");

/// The library of Standard Webhooks as the Python Package Index has it; it needs no other.
const STANDARDWEBHOOKS: &str = "standardwebhooks==1.1.0\n";

/// The senders' own libraries for Node, and all packages that they need, at one version each.
const WEBHOOKS: &str = include_str!("tools/webhooks/package.json");
const WEBHOOKS_LOCK: &str = include_str!("tools/webhooks/package-lock.json");

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_owned)
}

/// The folder of the SAM CLI's programs (`sam`, `cargo-lambda`); it goes to the front of `PATH`.
///
/// # Errors
/// When it can't be installed; the message names the command that mends it.
pub fn sam() -> Result<PathBuf> {
    python("aws-sam-cli", SAM, "sam")
}

/// The `ministack` program.
///
/// # Errors
/// When it can't be installed; the message names the command that mends it.
pub fn ministack() -> Result<PathBuf> {
    Ok(python("ministack", MINISTACK, "ministack")?.join("ministack"))
}

/// Starts DynamoDB Local, empty and in memory, logging to `log`.
///
/// # Errors
/// When it can't be installed or started; the message names the command that mends it.
pub fn dynamodb_local(log: &Path) -> Result<Server> {
    let emulator = dynamodb_local_files()?.join("package/emulator");
    let mend = "apt-get install --no-install-recommends openjdk-17-jre-headless";
    run_or(mend, Command::new("java").arg("-version"))?;
    let command = |port: u16| {
        let mut java = Command::new("java");
        java.arg(format!("-Djava.library.path={}", emulator.join("DynamoDBLocal_lib").display()))
            .arg("-jar")
            .arg(emulator.join("DynamoDBLocal.jar"))
            .args(["-inMemory", "-sharedDb", "-disableTelemetry", "-port", &port.to_string()])
            .current_dir(&emulator);
        java
    };
    // Unsigned, it answers 400 as soon as it listens.
    let ready = |port| crate::http::get(port, "/").is_ok_and(|answer| answer.status == 400);
    Server::start(log, std::time::Duration::from_secs(60), command, ready)
}

/// The Chromium browser: Debian's, installed with apt-get where this process may.
///
/// # Errors
/// When it is missing and can't be installed; the message names the command that mends it.
pub fn chromium() -> Result<PathBuf> {
    debian("chromium", "chromium")
}

/// PHP on the command line: Debian's, installed as [`chromium`] is.
///
/// # Errors
/// When it is missing and can't be installed; the message names the command that mends it.
pub fn php() -> Result<PathBuf> {
    debian("php", "php-cli")
}

/// A Python that has the library of Standard Webhooks.
///
/// # Errors
/// When it can't be installed; the message names the command that mends it.
pub fn python_with_standardwebhooks() -> Result<PathBuf> {
    Ok(python("standardwebhooks", STANDARDWEBHOOKS, "python")?.join("python"))
}

/// The `node_modules` that hold the libraries of Shopify, Stripe and Standard Webhooks.
///
/// # Errors
/// When they can't be installed; the message names the command that mends it.
pub fn webhook_modules() -> Result<PathBuf> {
    let folder = install("webhooks", "npm", WEBHOOKS_LOCK, |folder| {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("package.json"), WEBHOOKS)?;
        fs::write(folder.join("package-lock.json"), WEBHOOKS_LOCK)?;
        let mend = "apt-get install --no-install-recommends npm, of Node 20 or later";
        let exactly = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
        run_or(mend, Command::new("npm").args(exactly).current_dir(folder))?;
        Ok(())
    })?;
    Ok(folder.join("node_modules"))
}

/// The `masa` program of this workspace, built like the tests that ask for it.
///
/// # Errors
/// When it does not build; the message has what the compiler said.
pub fn masa() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder =
        own.ancestors().nth(2).context("the test's program is not in a folder of cargo")?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let mut cargo = Command::new("cargo");
    // As a part of the tests, with whose features all is compiled already: `cargo build` leaves out those of
    // dependencies of tests alone, and would compile most of the workspace once more.
    cargo.args([
        "test",
        "--quiet",
        "--workspace",
        "--no-run",
        "--test",
        "dev",
        "--profile",
        profile,
    ]);
    run(cargo.current_dir(workspace()))?;
    Ok(folder.join("masa"))
}

/// A program of Debian's `package`, installed with apt-get where this process may.
fn debian(program: &str, package: &str) -> Result<PathBuf> {
    let path = Path::new("/usr/bin").join(program);
    let mend =
        format!("sudo apt-get update && sudo apt-get install --no-install-recommends {package}");
    let _lock = lock(program)?;
    if path.exists() {
        return Ok(path);
    }
    let user = run_or(&mend, Command::new("id").arg("-u"))?;
    ensure!(user.trim() == "0", "{program} is missing; mend it with: {mend}");
    run_or(&mend, apt_get().arg("update"))?;
    run_or(&mend, apt_get().args(["install", "--yes", "--no-install-recommends", package]))?;
    ensure!(path.exists(), "{} is missing; mend it with: {mend}", path.display());
    Ok(path)
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=300"]);
    command
}

/// A virtual environment with exactly the packages of `pins`; returns its folder of programs.
fn python(name: &str, pins: &str, program: &str) -> Result<PathBuf> {
    let version = pins.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix("=="));
    let version = version.with_context(|| format!("{name} has no pin"))?;
    let folder = install(name, version, pins, |folder| {
        let mend = "apt-get install --no-install-recommends python3 python3-venv";
        run_or(mend, Command::new("python3").args(["-m", "venv"]).arg(folder))?;
        let list = folder.join("pins.txt");
        fs::write(&list, pins)?;
        let pip = folder.join("bin/pip");
        let mend = format!("{} install --no-deps -r {}", pip.display(), list.display());
        let install = ["install", "--quiet", "--no-deps", "-r"];
        run_or(&mend, Command::new(&pip).args(install).arg(&list))?;
        Ok(())
    })?;
    let programs = folder.join("bin");
    ensure!(
        programs.join(program).exists(),
        "{} lacks {program}; mend it with: rm -r {0}",
        folder.display()
    );
    Ok(programs)
}

fn dynamodb_local_files() -> Result<PathBuf> {
    let (name, version) = DYNAMODB_LOCAL;
    install(name, version, version, |folder| {
        fs::create_dir_all(folder)?;
        let mend = "apt-get install --no-install-recommends npm";
        let package = format!("{name}@{version}");
        run_or(mend, Command::new("npm").args(["pack", "--silent", &package]).current_dir(folder))?;
        let archive = format!("{name}-{version}.tgz");
        let mend = "apt-get install --no-install-recommends tar gzip";
        let extract = ["--extract", "--gzip", "--file", &archive];
        run_or(mend, Command::new("tar").args(extract).current_dir(folder))?;
        fs::remove_file(folder.join(archive))?;
        Ok(())
    })
}

/// The folder `target/tools/<name>-<version>`, filled by `fill` unless an earlier call completed it with the same
/// `content`. Test processes that run beside each other wait for the first.
fn install(
    name: &str,
    version: &str,
    content: &str,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let name = format!("{name}-{version}");
    let folder = folder()?.join(&name);
    let mark = folder.join("complete");
    let _lock = lock(&name)?;
    if fs::read_to_string(&mark).is_ok_and(|found| found == content) {
        return Ok(folder);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fill(&folder).with_context(|| format!("{name} can't be installed"))?;
    fs::write(&mark, content)?;
    Ok(folder)
}

fn folder() -> Result<PathBuf> {
    let folder = workspace().join("target/tools");
    fs::create_dir_all(&folder).with_context(|| format!("{} can't be made", folder.display()))?;
    Ok(folder)
}

/// Held until the file is dropped, against other processes and other threads of this one.
fn lock(name: &str) -> Result<File> {
    let file = File::create(folder()?.join(format!("{name}.lock")))?;
    file.lock()?;
    Ok(file)
}

/// Runs a command to its end and returns what it printed.
///
/// # Errors
/// When it can't be started or fails; the message has what it said.
pub fn run(command: &mut Command) -> Result<String> {
    let shown = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ");
    let done = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{shown}` can't be started"))?;
    let printed = String::from_utf8_lossy(&done.stdout);
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr);
        bail!("`{shown}` ended with {}:\n{printed}\n{said}", done.status);
    }
    Ok(printed.into_owned())
}

/// As [`run`], for a command that fails where something is missing that `mend` brings.
fn run_or(mend: &str, command: &mut Command) -> Result<String> {
    run(command).with_context(|| format!("mend it with: {mend}"))
}

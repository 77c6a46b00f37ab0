//! Servers of others, started for one test and ended with it.

#![expect(clippy::disallowed_methods, reason = "other programs live in the machine's time")]

use std::{
    fs::File,
    net::TcpListener,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A running server with the processes that it started; dropping it ends them all.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Server {
    /// Starts the command that `command` makes for a free port of this machine, and waits until `ready` says yes of
    /// that port. What the server prints goes to `log`.
    ///
    /// # Errors
    /// When it can't be started, ends at once, or is not ready `within` the time; the message has the end of its log.
    pub fn start(
        log: &Path,
        within: Duration,
        command: impl FnOnce(u16) -> Command,
        ready: impl Fn(u16) -> bool,
    ) -> Result<Self> {
        let port = free_port()?;
        let out =
            File::create(log).with_context(|| format!("{} can't be written", log.display()))?;
        let mut command = command(port);
        let child = command
            .stdin(Stdio::null())
            .stderr(out.try_clone()?)
            .stdout(out)
            // A group of its own, so that the processes that it starts end with it.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{} can't be started", command.get_program().display()))?;
        let mut server = Self { child, port, log: log.to_owned() };
        let start = Instant::now();
        while !ready(port) {
            if let Some(status) = server.child.try_wait()? {
                bail!("the server ended with {status}:\n{}", server.log_end());
            }
            if start.elapsed() > within {
                bail!("the server is not ready after {within:?}:\n{}", server.log_end());
            }
            sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The processes of the program `name` that it started and that run now.
    ///
    /// # Errors
    /// When the machine's table of processes can't be read.
    pub fn started(&self, name: &str) -> Result<Vec<Started>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").context("no table of processes")? {
            let folder = entry?.path();
            let pid = folder.file_name().and_then(|name| name.to_str()?.parse().ok());
            let Some(pid) = pid.and_then(Pid::from_raw) else { continue };
            // One that ends in between is not there.
            let stat = std::fs::read_to_string(folder.join("stat")).unwrap_or_default();
            if stat_of(&stat).is_some_and(|(program, state, group)| {
                program == name && state != "Z" && group == self.child.id()
            }) {
                found.push(Started { pid, folder });
            }
        }
        Ok(found)
    }

    /// All that it printed so far.
    pub fn log(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The last lines that it printed, for messages of failed tests.
    pub fn log_end(&self) -> String {
        let text = self.log();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
    }

    fn signal(&self, signal: Signal) {
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // It fails when nobody is left there, which is what is wanted.
            let _ = kill_process_group(group, signal);
        }
    }
}

/// A process that a server started.
#[derive(Debug)]
pub struct Started {
    pid: Pid,
    folder: PathBuf,
}

impl Started {
    /// A variable of the environment that it was started with.
    pub fn variable(&self, name: &str) -> Option<String> {
        let all = std::fs::read(self.folder.join("environ")).ok()?;
        let all = String::from_utf8_lossy(&all);
        all.split('\0').find_map(|one| one.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    }

    /// Ends it at once, in the middle of whatever it does. False when it ended before.
    pub fn kill(self) -> bool {
        kill_process(self.pid, Signal::KILL).is_ok()
    }
}

/// Program, state and process group in a line of `/proc/<pid>/stat`.
fn stat_of(line: &str) -> Option<(&str, &str, u32)> {
    let (program, rest) = line.split_once('(')?.1.rsplit_once(')')?;
    let mut rest = rest.split_whitespace();
    let state = rest.next()?;
    Some((program, state, rest.nth(1)?.parse().ok()?))
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        for _ in 0..50 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                break;
            }
            sleep(Duration::from_millis(100));
        }
        self.signal(Signal::KILL);
        let _ = self.child.wait();
    }
}

/// A port that nothing listens on at this moment.
///
/// # Errors
/// When the machine has none left.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0)).context("no free port")?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::{Command, Duration, Server};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn log(name: &str) -> std::path::PathBuf {
        std::env::temp_dir().join(format!("masa-{name}-{}", std::process::id()))
    }

    fn wait<T>(ask: impl Fn() -> Option<T>) -> T {
        for _ in 0..100 {
            if let Some(answer) = ask() {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("nothing came within ten seconds");
    }

    #[test]
    fn a_server_that_ends_at_once_tells_why() {
        let long = Duration::from_secs(30);
        let log = log("ends");
        let error = Server::start(&log, long, |_| shell("echo no licence; exit 3"), |_| false);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("exit status: 3") && text.contains("no licence"), "{text}");
        std::fs::remove_file(log).unwrap();
    }

    #[test]
    fn a_process_of_a_server_can_be_found_and_killed() {
        let log = log("kill");
        let pid = || std::fs::read_to_string(&log).is_ok_and(|text| !text.is_empty());
        let command = |_| shell("MASA_MARK=here sleep 600 & echo $!; wait; echo over; sleep 600");
        let server = Server::start(&log, Duration::from_secs(30), command, |_| pid()).unwrap();
        // It is called `sh` until it has become the program.
        let mut found = wait(|| server.started("sleep").ok().filter(|found| !found.is_empty()));
        let one = found.pop().unwrap();
        assert!(found.is_empty(), "the server's own processes alone");
        assert_eq!(one.variable("MASA_MARK").as_deref(), Some("here"));
        assert!(one.kill());
        wait(|| server.log().contains("over").then_some(()));
        std::fs::remove_file(log).unwrap();
    }

    #[test]
    fn what_a_server_started_ends_with_it() {
        let log = log("group");
        let pid = || std::fs::read_to_string(&log).unwrap().trim().parse::<u32>();
        let command = |_| shell("sleep 600 & echo $!; wait");
        let server =
            Server::start(&log, Duration::from_secs(30), command, |_| pid().is_ok()).unwrap();
        let stat = format!("/proc/{}/stat", pid().unwrap());
        // Ended, or ended and not yet buried by its foster parent.
        let runs = || std::fs::read_to_string(&stat).is_ok_and(|line| !line.contains(") Z "));
        assert!(runs());
        drop(server);
        // It went with its parent, as soon as the machine has got around to it.
        wait(|| (!runs()).then_some(()));
        std::fs::remove_file(log).unwrap();
    }
}

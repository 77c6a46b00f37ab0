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
use rustix::process::{Pid, Signal, kill_process_group};

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

    /// The last lines that it printed, for messages of failed tests.
    pub fn log_end(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
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
        assert!(!runs(), "it went with its parent");
        std::fs::remove_file(log).unwrap();
    }
}

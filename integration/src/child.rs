//! A process that a test started: its output is kept in a file, it is killed by its own id.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::wait::poll_until;

/// A started process. Dropping it kills it, and prints the end of its log if the test is failing.
#[derive(Debug)]
pub struct ChildProcess {
    name: String,
    child: Child,
    log: PathBuf,
    over: Option<ExitStatus>,
}

impl ChildProcess {
    /// Starts `command` with standard output and error appended to `log`.
    pub fn start(name: &str, command: &mut Command, log: &Path) -> io::Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn()?;
        Ok(Self { name: name.to_owned(), child, log: log.to_owned(), over: None })
    }

    /// The operating system's id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything the process has printed so far.
    pub fn output(&self) -> String {
        fs::read(&self.log).map(|b| String::from_utf8_lossy(&b).into_owned()).unwrap_or_default()
    }

    /// The exit status if the process has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.over.is_none() {
            self.over = self.child.try_wait().ok().flatten();
        }
        self.over
    }

    /// Sends `signal` unless the process has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none()
            && let Ok(raw) = i32::try_from(self.child.id())
            && let Some(pid) = Pid::from_raw(raw)
        {
            // a process that ended between the two calls is still ours to reap, so the id is not
            // reused
            let _ = kill_process(pid, signal);
        }
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        if self.over.is_none() {
            self.over = self.child.wait().ok();
        }
    }

    /// Waits for the end of the process.
    #[track_caller]
    pub fn wait_end(&mut self, limit: Duration) -> ExitStatus {
        match poll_until(limit, || self.ended()) {
            Some(status) => status,
            None => panic!("{} did not end within {limit:?}:\n{}", self.name, self.tail()),
        }
    }

    /// SIGTERM, and waits for the end.
    #[track_caller]
    pub fn stop(&mut self, limit: Duration) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait_end(limit)
    }

    /// Resident memory in bytes, from `/proc`.
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse().ok());
        kib.unwrap_or(0_u64) * 1024
    }

    /// The last lines of the log.
    pub fn tail(&self) -> String {
        let text = self.output();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(60)..].join("\n")
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- log of {} (pid {}):\n{}\n----", self.name, self.id(), self.tail());
        }
    }
}

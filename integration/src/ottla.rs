//! The broker under test, as a process of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::child::ChildProcess;
use crate::wait::poll_until;
use crate::{binary, broker};

/// The longest a start may take before the test gives up.
const START_LIMIT: Duration = Duration::from_secs(30);
/// The longest a stop may take before the test gives up.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// How the broker is started.
#[derive(Clone, Debug, Default)]
pub struct OttlaOptions {
    overrides: Vec<(String, String)>,
    data: Option<PathBuf>,
    wrapper: Vec<String>,
    environment: Vec<(String, String)>,
}

impl OttlaOptions {
    /// Sets a property as `--override key=value` does.
    pub fn set(mut self, key: &str, value: impl ToString) -> Self {
        self.overrides.push((key.to_owned(), value.to_string()));
        self
    }

    /// Keeps the data in `dir` instead of a temporary directory.
    pub fn data_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.data = Some(dir.into());
        self
    }

    /// Runs the broker under another program, such as `strace -f -o FILE`.
    pub fn under(mut self, command: &[&str]) -> Self {
        self.wrapper = command.iter().map(|&part| part.to_owned()).collect();
        self
    }

    /// Sets a variable of the broker's environment.
    pub fn env(mut self, key: &str, value: impl ToString) -> Self {
        self.environment.push((key.to_owned(), value.to_string()));
        self
    }

    /// Starts the broker and waits until it serves.
    #[track_caller]
    pub fn start(self) -> OttlaProcess {
        OttlaProcess::start(self)
    }
}

/// A running broker with its data directory; dropping it kills the process and removes the
/// directory.
#[derive(Debug)]
pub struct OttlaProcess {
    child: ChildProcess,
    options: OttlaOptions,
    port: u16,
    ready_after: Duration,
    dir: TempDir,
}

impl OttlaProcess {
    /// Starts a broker with default settings on a free port and an empty temporary directory.
    #[track_caller]
    pub fn with_defaults() -> Self {
        Self::start(OttlaOptions::default())
    }

    #[track_caller]
    fn start(options: OttlaOptions) -> Self {
        let dir =
            tempfile::Builder::new().prefix("ottla-").tempdir().expect("a temporary directory");
        let (child, port, ready_after) = launch(&options, dir.path(), 0);
        Self { child, options, port, ready_after, dir }
    }

    /// `127.0.0.1:port`, for clients.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The port of the listener.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Operating system's id of the process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// From the start of the process to the port file.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        self.child.resident_bytes()
    }

    /// The broker's `log.dirs`.
    pub fn data_dir(&self) -> PathBuf {
        self.options.data.clone().unwrap_or_else(|| self.dir.path().join("data"))
    }

    /// Everything the broker has logged, over all its starts.
    pub fn log(&self) -> String {
        self.child.output()
    }

    /// Whether the process still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.ended().is_none()
    }

    /// Sends a signal to the process.
    pub fn signal(&mut self, signal: Signal) {
        self.child.signal(signal);
    }

    /// SIGKILL: what a power cut leaves in the kernel's memory survives, nothing else.
    pub fn kill(&mut self) {
        self.child.kill();
    }

    /// SIGTERM; the broker must end by itself with exit code 0.
    #[track_caller]
    pub fn stop(&mut self) {
        let status = self.child.stop(STOP_LIMIT);
        assert!(status.success(), "the broker ended with {status}:\n{}", self.child.tail());
    }

    /// Starts again after [`kill`](Self::kill) or [`stop`](Self::stop), same data and same port.
    #[track_caller]
    pub fn start_again(&mut self) {
        assert!(!self.is_alive(), "stop or kill the broker first");
        let (child, port, ready_after) = launch(&self.options, self.dir.path(), self.port);
        assert_eq!(port, self.port, "the broker must come back on the port that was asked for");
        self.child = child;
        self.ready_after = ready_after;
    }

    /// Clean stop and start.
    #[track_caller]
    pub fn restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Kill and start.
    #[track_caller]
    pub fn crash(&mut self) {
        self.kill();
        self.start_again();
    }
}

#[track_caller]
fn launch(options: &OttlaOptions, dir: &Path, port: u16) -> (ChildProcess, u16, Duration) {
    let port_file = dir.join("port");
    let _ = fs::remove_file(&port_file);
    let mut command = match options.wrapper.split_first() {
        Some((program, rest)) => {
            let mut command = Command::new(program);
            command.args(rest).arg(binary::ottla());
            command
        }
        None => Command::new(binary::ottla()),
    };
    let data = options.data.clone().unwrap_or_else(|| dir.join("data"));
    command.arg("start").arg("--port-file").arg(&port_file);
    command.arg("--override").arg(format!("log.dirs={}", data.display()));
    command.arg("--override").arg(format!("listeners=PLAINTEXT://127.0.0.1:{port}"));
    for (key, value) in &options.overrides {
        command.arg("--override").arg(format!("{key}={value}"));
    }
    // what is meant for the tests is no setting of the broker
    for variable in ["RUST_LOG", binary::OVERRIDE, broker::VARIABLE] {
        command.env_remove(variable);
    }
    command.current_dir(dir);
    command.envs(options.environment.iter().map(|(key, value)| (key, value)));

    let started = Instant::now();
    let mut child = ChildProcess::start("ottla", &mut command, &dir.join("ottla.log"))
        .expect("the binary runs");
    let found = poll_until(START_LIMIT, || {
        if let Some(status) = child.ended() {
            panic!("the broker ended at start with {status}:\n{}", child.tail());
        }
        port_from(&fs::read_to_string(&port_file).ok()?)
    });
    match found {
        Some(port) => (child, port, started.elapsed()),
        None => panic!("the broker wrote no port file in {START_LIMIT:?}:\n{}", child.tail()),
    }
}

/// The number at the end of the first complete line: `PLAINTEXT 127.0.0.1:9092`.
fn port_from(text: &str) -> Option<u16> {
    let (line, _) = text.split_once('\n')?;
    line.trim().rsplit(':').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::port_from;

    #[test]
    fn a_port_is_read_only_from_a_whole_line() {
        assert_eq!(port_from("90"), None);
        assert_eq!(port_from("9092\n"), Some(9092));
        assert_eq!(port_from("PLAINTEXT 127.0.0.1:9092\n"), Some(9092));
    }
}

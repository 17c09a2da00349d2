//! A client program under `integration/clients/`: commands go in and results come out as JSON
//! lines.
//!
//! One process serves many commands, so that a JVM is started once. `{"do": "produce", …}` is
//! answered by any number of `{"event": …}` lines, the last of them `done` or `error`.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A running client program; dropping it kills the process.
#[derive(Debug)]
pub struct ClientProgram {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    log: std::path::PathBuf,
}

impl ClientProgram {
    /// Starts `command` with the bootstrap address as its last argument; errors go to a file in
    /// `dir`.
    #[track_caller]
    pub fn start(name: &str, mut command: Command, bootstrap: &str, dir: &Path) -> Self {
        let log = dir.join(format!("{name}.err"));
        let errors = File::options().create(true).append(true).open(&log).expect("a log file");
        command.arg(bootstrap).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().expect("the client program starts");
        let stdout = child.stdout.take().expect("its output is a pipe");
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // libraries may print lines of their own
                if let Ok(value) = serde_json::from_str(&line)
                    && sender.send(value).is_err()
                {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self { name: name.to_owned(), child, stdin, lines, log }
    }

    /// Sends one command and does not wait.
    #[track_caller]
    pub fn tell(&mut self, command: &Value) {
        let stdin = self.stdin.as_mut().expect("its input is a pipe");
        let sent = writeln!(stdin, "{command}").and_then(|()| stdin.flush());
        if let Err(error) = sent {
            panic!("{} takes no command: {error}\n{}", self.name, self.errors());
        }
    }

    /// The next event, or `None` if none came within `limit` or the program has ended.
    pub fn next_event(&mut self, limit: Duration) -> Option<Value> {
        self.lines.recv_timeout(limit).ok()
    }

    /// Sends one command and returns its events; the last is `done`.
    ///
    /// # Panics
    /// When the program reports an error, ends, or takes longer than `limit`.
    #[track_caller]
    pub fn ask_within(&mut self, command: &Value, limit: Duration) -> Vec<Value> {
        self.tell(command);
        let started = Instant::now();
        let mut events = Vec::new();
        while let Some(left) = limit.checked_sub(started.elapsed()) {
            let Some(event) = self.next_event(left) else { break };
            match event["event"].as_str() {
                Some("error") => panic!("{}: {command} failed: {event}", self.name),
                Some("done") => {
                    events.push(event);
                    return events;
                }
                _ => events.push(event),
            }
        }
        let after = started.elapsed();
        panic!(
            "{}: {command} not done after {after:?}: {events:.400?}\n{}",
            self.name,
            self.errors()
        )
    }

    /// [`ask_within`](Self::ask_within) two minutes.
    #[track_caller]
    pub fn ask(&mut self, command: &Value) -> Vec<Value> {
        self.ask_within(command, Duration::from_secs(120))
    }

    /// SIGKILL, and waits until the process is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn errors(&self) -> String {
        let text = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for ClientProgram {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("---- errors of {}:\n{}\n----", self.name, self.errors());
        }
    }
}

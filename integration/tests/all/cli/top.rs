//! `ottla top` on a terminal: whatever ends or stops it finds the terminal given back.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ottla_integration::{OttlaProcess, binary, poll_until, wait_for};
use rustix::process::{Pid, Signal, kill_process};

const LIMIT: Duration = Duration::from_secs(30);
/// What takes the other screen, and what gives it back.
const TAKEN: &str = "\x1b[?1049h";
const GIVEN: &str = "\x1b[?1049l";
/// What the end of the first picture is.
const HIDDEN: &str = "\x1b[?25l";

/// A shell on a terminal of its own, by `script`.
struct Terminal {
    script: Child,
    keys: ChildStdin,
    seen: Arc<Mutex<String>>,
}

impl Terminal {
    /// Runs `words` there; `None` after a line about it where `script` is missing.
    fn run(words: &str) -> Option<Self> {
        let mut command = Command::new("script");
        command.args(["-qefc", words, "/dev/null"]).env("TERM", "xterm").env("SHELL", "/bin/bash");
        command.env("XDG_CONFIG_HOME", "/nonexistent");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut script = match command.spawn() {
            Ok(script) => script,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                eprintln!("skipped: script is not installed: apt-get install bsdutils");
                return None;
            }
            Err(error) => panic!("script does not run: {error}"),
        };
        let keys = script.stdin.take().expect("a pipe");
        let mut from = script.stdout.take().expect("a pipe");
        let seen = Arc::new(Mutex::new(String::new()));
        let to = Arc::clone(&seen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                to.lock().expect("a text").push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        Some(Self { script, keys, seen })
    }

    fn seen(&self) -> String {
        self.seen.lock().expect("a text").clone()
    }

    /// Waits until `text` has been seen so many times.
    #[track_caller]
    fn wait(&self, text: &str, times: usize) {
        let there = || (self.seen().matches(text).count() >= times).then_some(());
        assert!(poll_until(LIMIT, there).is_some(), "no {text:?} in {:?}", self.seen());
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a terminal");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // with it goes the terminal, and with that all that runs there
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

fn top(broker: &OttlaProcess) -> String {
    format!("{} top --bootstrap-server {}", binary::ottla().display(), broker.bootstrap())
}

/// The line of a shell that leaves the process id of `command` in `file`.
fn noted(command: &str, file: &Path) -> String {
    format!("bash -c 'echo $$ > {file}; exec {command}'", file = file.display())
}

fn pid(file: &Path) -> Pid {
    let text = std::fs::read_to_string(file).expect("a process id");
    Pid::from_raw(text.trim().parse().expect("a process id")).expect("a process id")
}

/// That a text ends on the first screen, with a cursor, in the terminal's usual mode.
#[track_caller]
fn is_given_back(seen: &str) {
    let last = |what: &str| seen.rfind(what).unwrap_or_else(|| panic!("no {what:?}: {seen:?}"));
    assert!(last(TAKEN) < last(GIVEN), "{seen:?}");
    assert!(last(HIDDEN) < last("\x1b[?25h"), "{seen:?}");
    for mode in ["icanon", "echo", "isig"] {
        let said = seen.get(last(GIVEN)..).unwrap_or_default();
        assert!(said.split_whitespace().any(|word| word == mode), "{mode} is off: {seen:?}");
    }
}

#[test]
fn a_signal_ends_top_and_gives_the_terminal_back() {
    let broker = OttlaProcess::with_defaults();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("pid");
    for (signal, code) in [(Signal::HUP, 129), (Signal::TERM, 0), (Signal::INT, 0)] {
        let line = format!("{}; echo ENDED $?; stty -a; echo DONE", noted(&top(&broker), &file));
        let Some(terminal) = Terminal::run(&line) else { return };
        terminal.wait(HIDDEN, 1);
        kill_process(pid(&file), signal).expect("a signal");
        terminal.wait("DONE", 1);
        let seen = terminal.seen();
        is_given_back(&seen);
        let after = seen.rsplit_once(GIVEN).map_or("", |(_, after)| after);
        assert!(after.contains(&format!("ENDED {code}")), "{signal:?}: {seen:?}");
    }
}

#[test]
fn top_ends_with_its_terminal() {
    let broker = OttlaProcess::with_defaults();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("pid");
    let Some(terminal) = Terminal::run(&noted(&top(&broker), &file)) else { return };
    terminal.wait(TAKEN, 1);
    let pid = pid(&file);
    drop(terminal);
    // a process that nobody has waited for yet has no command line any more
    let command = format!("/proc/{}/cmdline", pid.as_raw_nonzero());
    let gone = || std::fs::read(&command).unwrap_or_default().is_empty().then_some(());
    wait_for("the end of top", LIMIT, gone);
}

#[test]
fn ctrl_z_stops_top_until_the_shell_lets_it_go_on() {
    let broker = OttlaProcess::with_defaults();
    let shell =
        "set -m; $TOP; echo STOPPED $?; stty -a; fg > /dev/null; echo ENDED $?; stty -a; echo DONE";
    let Some(mut terminal) = Terminal::run(&shell.replace("$TOP", &top(&broker))) else { return };
    terminal.wait(TAKEN, 1);
    terminal.press("\x1a");
    terminal.wait(TAKEN, 2);
    let seen = terminal.seen();
    let stopped = seen.rfind(TAKEN).and_then(|again| seen.get(..again)).unwrap_or_default();
    assert!(stopped.contains("STOPPED 148"), "{seen:?}");
    is_given_back(stopped);
    terminal.press("q");
    terminal.wait("DONE", 1);
    assert!(terminal.seen().contains("ENDED 0"), "{:?}", terminal.seen());
    is_given_back(&terminal.seen());
}

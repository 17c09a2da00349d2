//! `server-start` and `server-stop`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use ottla_integration::{binary, poll_until};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

/// A directory in which a broker runs, of an id that no other broker of this machine has.
struct Place {
    dir: TempDir,
    id: String,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let id = (1_000_000 + std::process::id()).to_string();
        let file = format!(
            "node.id={id}\nlisteners=PLAINTEXT://127.0.0.1:0\nlog.dirs={}\n",
            dir.path().join("data").display()
        );
        fs::write(dir.path().join("server.properties"), file).expect("a file");
        Self { dir, id }
    }

    fn run(&self, words: &[&str], signal: &str) -> Output {
        let mut command = Command::new(binary::ottla());
        command.args(words).current_dir(self.dir.path());
        command.env("LOG_DIR", self.dir.path().join("logs")).env("SIGNAL", signal);
        command.output().expect("the binary runs")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.dir.path().join("logs/kafkaServer.out")).unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.run(&["server-stop", &format!("--node-id={}", self.id)], "KILL");
    }
}

fn port(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    Some(text.split_once(' ')?.1.trim().to_owned())
}

#[test]
fn a_broker_in_the_background_is_stopped_by_its_id() {
    let place = Place::new();
    let words = ["server-start", "-daemon", "server.properties", "--port-file", "port"];
    let started = place.run(&words, "TERM");
    assert!(started.status.success(), "{started:?}");
    let file = place.dir.path().join("port");
    let address = poll_until(LIMIT, || port(&file)).unwrap_or_else(|| panic!("{}", place.said()));

    let list = place.run(&["topics", "--list", "--bootstrap-server", &address], "TERM");
    assert!(list.status.success(), "{list:?}");

    let other = place.run(&["server-stop", "--node-id=999999"], "TERM");
    assert!(other.status.success(), "{other:?}");
    let list = place.run(&["topics", "--list", "--bootstrap-server", &address], "TERM");
    assert!(list.status.success(), "another id's stop ended it: {list:?}");

    let stopped = place.run(&["server-stop", &format!("--node-id={}", place.id)], "TERM");
    assert!(stopped.status.success(), "{stopped:?}");
    let ended = poll_until(LIMIT, || place.said().contains("stopped").then_some(()));
    assert!(ended.is_some(), "{}", place.said());
}

#[test]
fn a_broker_that_cannot_start_says_why() {
    let place = Place::new();
    let bad = place.run(&["server-start", "nowhere.properties"], "TERM");
    assert_eq!(bad.status.code(), Some(1));
    let said = String::from_utf8_lossy(&bad.stderr).into_owned();
    assert!(said.contains("nowhere.properties"), "{said}");
    let empty = place.run(&["server-start"], "TERM");
    assert_eq!(empty.status.code(), Some(1));
}

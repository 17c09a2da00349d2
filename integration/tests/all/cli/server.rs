//! `server-start` and `server-stop`.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ottla_integration::{binary, poll_until};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);

/// `server-stop` looks at every broker of this user: the tests of this file go one after the other.
static ALONE: Mutex<()> = Mutex::new(());

/// A directory in which two brokers can run, of ids that no other broker of this machine has.
struct Place {
    dir: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// The property files.
const BOTH: [&str; 2] = ["server.properties", "second.properties"];

impl Place {
    fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let place =
            Self { dir: tempfile::tempdir().expect("a temporary directory"), _alone: alone };
        BOTH.iter().for_each(|file| place.write(file));
        place
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn id(file: &str) -> String {
        let base = if file == BOTH[0] { 1_000_000 } else { 500_000_000 };
        (base + std::process::id()).to_string()
    }

    fn write(&self, file: &str) {
        let (id, data) = (Self::id(file), self.file(&format!("data-{file}")));
        let listeners = "listeners=PLAINTEXT://127.0.0.1:0";
        let text = format!("node.id={id}\n{listeners}\nlog.dirs={}\n", data.display());
        fs::write(self.file(file), text).expect("a file");
    }

    /// Starts a broker in the background; the address when it serves.
    #[track_caller]
    fn start(&self, file: &str) -> String {
        let name = format!("port-{file}");
        let started = self.run(&["server-start", "-daemon", file, "--port-file", &name], "TERM");
        assert!(started.status.success(), "{started:?}");
        let name = self.file(&name);
        poll_until(LIMIT, || port(&name)).unwrap_or_else(|| panic!("{}", self.said()))
    }

    fn stop(&self, id: &str, signal: &str) -> Output {
        self.run(&["server-stop", &format!("--node-id={id}")], signal)
    }

    fn list(&self, address: &str) -> Output {
        self.run(&["topics", "--list", "--bootstrap-server", address], "TERM")
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
        // by these files it is known which broker is which
        BOTH.iter().for_each(|file| self.write(file));
        for file in BOTH {
            self.stop(&Self::id(file), "KILL");
        }
    }
}

fn port(file: &Path) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    Some(text.split_once(' ')?.1.trim().to_owned())
}

#[test]
fn a_broker_in_the_background_is_stopped_by_its_id() {
    let place = Place::new();
    let address = place.start(BOTH[0]);
    let list = place.list(&address);
    assert!(list.status.success(), "{list:?}");

    let other = place.stop("999999", "TERM");
    assert!(other.status.success(), "{other:?}");
    let list = place.list(&address);
    assert!(list.status.success(), "another id's stop ended it: {list:?}");

    let stopped = place.stop(&Place::id(BOTH[0]), "TERM");
    assert!(stopped.status.success(), "{stopped:?}");
    let ended = poll_until(LIMIT, || place.said().contains("stopped").then_some(()));
    assert!(ended.is_some(), "{}", place.said());
}

#[test]
fn a_broker_whose_file_is_gone_does_not_stand_before_another() {
    let place = Place::new();
    let left = place.start(BOTH[1]);
    let meant = place.start(BOTH[0]);
    fs::remove_file(place.file(BOTH[1])).expect("it was there");

    let stopped = place.stop(&Place::id(BOTH[0]), "TERM");
    assert!(stopped.status.success(), "{stopped:?}");
    let ended = poll_until(LIMIT, || TcpStream::connect(&meant).err());
    assert!(ended.is_some(), "{}", place.said());

    // whose it is cannot be told, and nobody else was stopped
    let unknown = place.stop(&Place::id(BOTH[1]), "TERM");
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(said.contains("cannot tell the settings of process"), "{said}");
    let list = place.list(&left);
    assert!(list.status.success(), "{list:?}");
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

//! `kafka-server-stop`: ends the brokers of this user that `kafka-server-start` started.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ottla_config::{Settings, Sources};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, geteuid, getpid, pidfd_open, pidfd_send_signal};

use super::kit::{Given, Kind, Out, Spec, Stop, Tool};

pub(super) const TOOL: Tool = Tool {
    name: "server-stop",
    about: "Ends this user's brokers that server-start started",
    spec,
    run,
};

fn spec() -> Spec {
    Spec::joptsimple("Ends this user's brokers that kafka-server-start started.")
        .without_words()
        .value("process-role", Kind::Text, "", "Only brokers with these process.roles.")
        .value("node-id", Kind::Text, "", "Only the broker with this node.id.")
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let (role, id) = (given.value("process-role")?, given.value("node-id")?);
    if role.is_some() && id.is_some() {
        out.line(
            "When both node-id and process-role are provided, the value for node-id will take \
             precedence",
        )?;
    }
    let signal = signal()?;
    let brokers: Vec<Broker> = processes().filter_map(Broker::of).collect();
    if brokers.is_empty() {
        out.line("No kafka server to stop")?;
        return Err(Stop::Exit(1));
    }
    let (mut stopped, mut untold) = (false, None);
    for broker in brokers {
        let meant = match (id, role) {
            (None, None) => Ok(true),
            (Some(id), _) => broker.has("node.id", id),
            (None, Some(role)) => broker.has("process.roles", role),
        };
        match meant {
            Ok(true) => {
                broker.send(signal)?;
                stopped = true;
            }
            Ok(false) => {}
            // it may not be the one that is meant, and does not stand before the others
            Err(error) => untold = Some(error),
        }
    }
    // there may be more of a role
    untold.filter(|_| !stopped || id.is_none()).map_or(Ok(()), Err)
}

/// The signal that the variable SIGNAL names, as for Kafka's script.
fn signal() -> Result<Signal, Stop> {
    let name = std::env::var("SIGNAL").unwrap_or_else(|_| "TERM".to_owned());
    match name.strip_prefix("SIG").unwrap_or(&name) {
        "TERM" | "15" => Ok(Signal::TERM),
        "INT" | "2" => Ok(Signal::INT),
        "KILL" | "9" => Ok(Signal::KILL),
        "HUP" | "1" => Ok(Signal::HUP),
        "QUIT" | "3" => Ok(Signal::QUIT),
        other => Err(Stop::error(format!("SIGNAL={other} is not a signal that ends a broker"))),
    }
}

/// The ids of all processes.
fn processes() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// A broker that was started by `server-start`. The handle means this very process, even when it
/// ends and its id is given to another.
#[derive(Debug)]
struct Broker {
    pid: i32,
    handle: OwnedFd,
    words: Vec<String>,
}

impl Broker {
    /// The process, if it is one. What it is gets looked at when the handle is there: from then on
    /// the id is not another's.
    fn of(pid: i32) -> Option<Self> {
        let id = Pid::from_raw(pid).filter(|id| *id != getpid())?;
        let handle = pidfd_open(id, PidfdFlags::empty()).ok()?;
        let dir = PathBuf::from(format!("/proc/{pid}"));
        if fs::metadata(&dir).ok()?.uid() != geteuid().as_raw() {
            return None;
        }
        let own = std::env::current_exe().ok()?;
        let program = fs::read_link(dir.join("exe")).ok()?;
        if file_name(&program)? != file_name(&own)? {
            return None;
        }
        let words = words(&fs::read(dir.join("cmdline")).ok()?);
        is_broker(&words).then_some(Self { pid, handle, words })
    }

    /// Ends it. One that has ended by itself in the meantime is stopped too.
    fn send(&self, signal: Signal) -> Result<(), Stop> {
        match pidfd_send_signal(&self.handle, signal) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
            Err(error) => Err(Stop::error(format!("cannot end process {}: {error}", self.pid))),
        }
    }

    /// Whether it was started with this value of a setting.
    fn has(&self, key: &str, value: &str) -> Result<bool, Stop> {
        Ok(self.setting(key)?.is_some_and(|found| found == value))
    }

    /// A setting that the broker was started with.
    fn setting(&self, key: &str) -> Result<Option<String>, Stop> {
        let dir = PathBuf::from(format!("/proc/{}", self.pid));
        let cwd = fs::read_link(dir.join("cwd")).unwrap_or_default();
        let (file, overrides) = sources(&self.words);
        let environment = fs::read(dir.join("environ")).unwrap_or_default();
        let environment = words(&environment);
        let pairs = environment.iter().filter_map(|pair| pair.split_once('='));
        let sources = Sources {
            file: file.map(|file| cwd.join(file)),
            environment: pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            overrides,
        };
        let loaded = Settings::load(&sources).map_err(|error| {
            Stop::error(format!("cannot tell the settings of process {}: {error}", self.pid))
        })?;
        Ok(loaded.settings.get(key).map(str::to_owned))
    }
}

/// The name of a program, also of one that was replaced while it runs.
fn file_name(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    Some(name.strip_suffix(" (deleted)").map_or(name.clone(), str::to_owned))
}

/// Words that end with a zero byte each.
fn words(bytes: &[u8]) -> Vec<String> {
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| OsStr::from_bytes(word).to_string_lossy().into_owned()).collect()
}

/// The words behind the command's name, if it is `server-start`.
fn behind(words: &[String]) -> Option<&[String]> {
    let (program, rest) = words.split_first()?;
    let base = Path::new(program).file_name()?.to_str()?;
    if base.strip_suffix(".sh").unwrap_or(base) == "kafka-server-start" {
        return Some(rest);
    }
    let (command, rest) = rest.split_first()?;
    (command == "server-start").then_some(rest)
}

/// Whether these words run a broker, rather than start one in the background.
fn is_broker(words: &[String]) -> bool {
    behind(words).is_some_and(|rest| !rest.iter().any(|word| word.ends_with("-daemon")))
}

/// The property file and the overrides among the words.
fn sources(words: &[String]) -> (Option<PathBuf>, Vec<String>) {
    let given = super::server_start::TOOL.given("server-start", behind(words).unwrap_or_default());
    match given {
        Ok(given) => (
            given.positional().first().map(PathBuf::from),
            given.values("override").into_iter().map(str::to_owned).collect(),
        ),
        Err(_) => (None, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn only_what_server_start_runs_is_a_broker() {
        assert!(is_broker(&line("/opt/bin/ottla server-start --detached s.properties")));
        assert!(is_broker(&line("bin/kafka-server-start.sh s.properties")));
        for other in [
            "ottla start s.properties",
            "ottla topics server-start",
            "vi kafka-server-start.sh",
            "ottla server-start -daemon s.properties",
            "ottla",
        ] {
            assert!(!is_broker(&line(other)), "{other}");
        }
    }

    #[test]
    fn the_settings_come_from_its_command_line() {
        let words = line("ottla server-start --override node.id=7 s.properties --override a=b");
        let (file, overrides) = sources(&words);
        assert_eq!(file, Some(PathBuf::from("s.properties")));
        assert_eq!(overrides, ["node.id=7", "a=b"]);
    }

    #[test]
    fn this_test_is_no_broker() {
        let own = i32::try_from(std::process::id()).expect("an id");
        assert!(Broker::of(own).is_none());
        assert!(Broker::of(1).is_none());
    }
}

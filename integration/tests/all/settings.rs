//! Settings from the outside: files, environment, `--override`, what is printed, and exit codes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use ottla_integration::{ChildProcess, binary, poll_until};
use rustix::process::Signal;

const LIMIT: Duration = Duration::from_secs(30);

fn ottla() -> Command {
    let mut command = Command::new(binary::ottla());
    let ours = |name: &str| name.starts_with("KAFKA_") || name.starts_with("OTTLA_");
    for (name, _) in std::env::vars().filter(|(name, _)| ours(name)) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG").env_remove("CLUSTER_ID");
    command
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = ottla();
    command.args(arguments).envs(environment.iter().copied());
    command.output().expect("the binary runs")
}

/// Standard error and the exit code of a command that must not succeed.
fn refused(arguments: &[&str], environment: &[(&str, &str)]) -> (String, i32) {
    let output = run(arguments, environment);
    assert!(!output.status.success());
    let error = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    (error, output.status.code().expect("an exit code"))
}

fn printed(arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let output = run(arguments, environment);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_wrong_setting_stops_the_start_with_one_line() {
    let start = ["start", "--override", "num.partitions=none"];
    let expected = "ottla: Invalid value none for configuration num.partitions: Not a number of \
                    type INT (set by --override)";
    assert_eq!(refused(&start, &[]), (expected.to_owned(), 2));
    let expected = "ottla: Invalid value yes for configuration delete.topic.enable: Expected value \
                    to be either true or false (set in the environment)";
    let environment = [("KAFKA_DELETE_TOPIC_ENABLE", "yes")];
    assert_eq!(refused(&["start"], &environment), (expected.to_owned(), 2));
    let (error, code) = refused(&["start", "--override", "listeners=SSL://:9093"], &[]);
    assert!(error.contains("only PLAINTEXT listeners can be opened"), "{error}");
    assert_eq!((error.lines().count(), code), (1, 2));
    assert_eq!(refused(&["start", "/no/such/file"], &[]).1, 2);
    assert_eq!(refused(&["start", "--no-such-flag"], &[]).1, 2);
}

#[test]
fn config_prints_what_is_in_force_and_from_where() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("server.properties");
    fs::write(&file, "num.partitions=2\nlog.retention.hours=3\nssl.key.password=hunter2\n")
        .expect("written");
    let file = file.to_str().expect("a plain path");
    let environment = [("KAFKA_NUM_PARTITIONS", "4"), ("OTTLA_LOG_LEVEL", "debug")];
    let text = printed(&["config", file, "--override", "message.max.bytes=9"], &environment);
    for line in [
        "num.partitions=4\t(environment)",
        "log.retention.hours=3\t(file)",
        "message.max.bytes=9\t(override)",
        "min.insync.replicas=1\t(default)",
        "ottla.log.level=debug\t(environment)",
        "ssl.key.password=[hidden]\t(file)",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert!(!text.contains("hunter2"));
    let json = printed(&["config", file, "--all", "--output", "json"], &[]);
    let rows: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let rows = rows.as_array().expect("an array");
    assert!(rows.len() > 300);
    assert!(rows.iter().all(|row| row["documentation"].is_string()));
}

/// Starts a broker on a property file, waits for its port file, stops it, and returns its log.
#[track_caller]
fn start_on(file: &Path, dir: &Path) -> String {
    let log = dir.join("log");
    let port_file = dir.join("port");
    let _ = (fs::remove_file(&log), fs::remove_file(&port_file));
    let mut command = ottla();
    command.arg("start").arg(file).arg("--port-file").arg(&port_file).current_dir(dir);
    command.env("KAFKA_LOG_DIRS", dir.join("data"));
    for address in ["listeners", "advertised.listeners"] {
        command.arg("--override").arg(format!("{address}=PLAINTEXT://127.0.0.1:0"));
    }
    let mut child = ChildProcess::start("ottla", &mut command, &log).expect("the binary runs");
    let ports = poll_until(LIMIT, || match child.ended() {
        Some(status) => panic!("ended with {status}: {}", child.output()),
        None => fs::read_to_string(&port_file).ok(),
    });
    let ports = ports.expect("a port file");
    assert!(ports.starts_with("PLAINTEXT 127.0.0.1:"), "{ports}");
    child.signal(Signal::TERM);
    let ended = poll_until(LIMIT, || child.ended());
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "{}", child.output());
    child.output()
}

#[test]
fn files_of_every_release_start_a_broker() {
    let fixtures = binary::workspace_dir().join("config/fixtures");
    for name in ["1.0", "2.3", "3.9-zookeeper", "3.9-kraft", "4.3"] {
        let dir = tempfile::tempdir().expect("a directory");
        let log = start_on(&fixtures.join(format!("kafka-{name}.properties")), dir.path());
        let zookeeper = log.lines().filter(|line| line.contains("ZooKeeper")).count();
        let old = matches!(name, "1.0" | "2.3" | "3.9-zookeeper");
        assert_eq!(zookeeper, usize::from(old), "{name}: {log}");
        let ready = log.lines().find(|line| line.contains("ready in")).expect("the start line");
        assert!(ready.contains("serves PLAINTEXT://127.0.0.1:"), "{ready}");
        assert!(ready.contains(dir.path().join("data").to_str().expect("a plain path")), "{ready}");
        assert!(!log.contains("no such key"), "{name}: {log}");
    }
}

#[test]
fn nothing_but_start_makes_a_data_directory_below_the_current_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let (log, port_file) = (dir.path().join("log"), dir.path().join("port"));
    let mut command = ottla();
    command.arg("start").arg("--port-file").arg(&port_file).current_dir(dir.path());
    command.arg("--override").arg("listeners=PLAINTEXT://127.0.0.1:0");
    let mut child = ChildProcess::start("ottla", &mut command, &log).expect("the binary runs");
    let ready = poll_until(LIMIT, || match child.ended() {
        Some(status) => panic!("ended with {status}: {}", child.output()),
        None => port_file.exists().then_some(()),
    });
    assert!(ready.is_some() && dir.path().join("data/meta.properties").exists());
    child.signal(Signal::TERM);
    let ended = poll_until(LIMIT, || child.ended());
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "{}", child.output());
}

//! `doctor` and `top`, which Kafka has not: on a broker, on what it left behind, on a terminal.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use ottla_integration::tools::{kcat, or_skip};
use ottla_integration::{Broker, binary, wait_for};

use super::ottla;

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[track_caller]
fn produce(bootstrap: &str, topic: &str) {
    let mut command = Command::new("kcat");
    command.args(["-b", bootstrap, "-P", "-t", topic, "-p", "0"]).stdin(Stdio::piped());
    let mut child = command.spawn().expect("kcat runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"one\ntwo\nthree\n").expect("kcat reads");
    drop(input);
    assert!(child.wait().expect("an end").success());
}

/// Every file below a directory with its content.
fn content(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(content(&path));
        } else {
            let bytes = std::fs::read(&path).expect("a file");
            all.push((path, bytes));
        }
    }
    all.sort();
    all
}

#[test]
fn doctor_finds_damage_and_changes_nothing() {
    let Some(_) = or_skip(kcat()) else { return };
    let mut broker = Broker::start(&[("auto.create.topics.enable", "true")]);
    produce(&broker.bootstrap(), "orders");
    let running = ottla("doctor", &words(&["--bootstrap-server", &broker.bootstrap()]), "");
    assert_eq!((running.exit, running.err.as_str()), (0, ""), "{running:?}");
    // the disk of this machine may be nearly full, which it says too
    assert!(running.out.contains("topics: 1 with 1 partitions\n"), "{running:?}");
    let data = broker.data_dir();
    let dirs = words(&["--log-dirs", &data.display().to_string()]);
    let in_use = ottla("doctor", &dirs, "");
    assert!(in_use.exit == 0 && in_use.out.contains("has the directory open"), "{in_use:?}");
    let bootstrap = broker.bootstrap();
    broker.stop();

    let sound = ottla("doctor", &dirs, "");
    assert!(sound.exit == 0 && sound.out.ends_with("nothing wrong\n"), "{sound:?}");
    let log = data.join("orders-0/00000000000000000000.log");
    let mut bytes = std::fs::read(&log).expect("a segment");
    // in the first record: there may be a batch or several
    bytes[62] ^= 0xff;
    std::fs::write(&log, bytes).expect("a segment");
    let before = content(&data);
    let damaged = ottla("doctor", &dirs, "");
    assert_eq!(damaged.exit, 1, "{damaged:?}");
    let line = format!("error    {}: checksum mismatch at byte 0", log.display());
    assert!(damaged.out.contains(&line), "{damaged:?}");
    let json = ottla("doctor", &[dirs, words(&["--output", "json"])].concat(), "");
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["errors"], 1);
    assert!(before == content(&data), "the directory was changed");

    let gone = ottla("doctor", &words(&["--bootstrap-server", &bootstrap]), "");
    assert!(gone.exit == 1 && gone.out.contains("cannot connect"), "{gone:?}");
}

#[test]
fn doctor_reads_settings_as_the_broker_does() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("server.properties");
    let check = |text: &str| {
        let data = dir.path().join("data");
        std::fs::write(&file, format!("log.dirs={}\n{text}", data.display())).expect("a file");
        ottla("doctor", &words(&[&file.display().to_string()]), "")
    };
    assert_eq!(check("").exit, 0);
    let wrong = check("num.partitions=many\nlog.segment.bytes=1\nno.such.key=1\n");
    assert_eq!(wrong.exit, 1);
    for key in ["num.partitions", "log.segment.bytes", "no.such.key"] {
        assert!(wrong.out.contains(key), "{wrong:?}");
    }
    let few = check("default.replication.factor=1\nmin.insync.replicas=2\n");
    assert!(few.exit == 1 && few.out.contains("min.insync.replicas"), "{few:?}");
}

#[test]
fn top_prints_for_scripts_and_wants_a_terminal_otherwise() {
    let Some(_) = or_skip(kcat()) else { return };
    let broker = Broker::start(&[("auto.create.topics.enable", "true")]);
    produce(&broker.bootstrap(), "orders");
    let bootstrap = words(&["--bootstrap-server", &broker.bootstrap()]);
    let args = |more: &[&str]| [bootstrap.clone(), words(more)].concat();
    let once = ottla("top", &args(&["--once", "--interval", "0.05"]), "");
    assert!(once.exit == 0 && once.out.contains("orders-0"), "{once:?}");
    let json = ottla("top", &args(&["--once", "--interval", "0.05", "--output", "json"]), "");
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["partitions"][0]["end"], 3);
    let piped = ottla("top", &args(&[]), "");
    assert!(piped.exit == 1 && piped.err.contains("is no terminal"), "{piped:?}");
    let dead = ottla("top", &words(&["--once", "--bootstrap-server", "127.0.0.1:1"]), "");
    assert!(dead.exit == 1 && dead.err.contains("127.0.0.1:1"), "{dead:?}");
}

/// Runs `top` on a pseudo terminal until it is on the screen, ends it with `end`, and returns all
/// that was written. After it, `stty` says how the terminal was left.
#[track_caller]
fn on_a_terminal(bootstrap: &str, end: &[u8]) -> String {
    let command = format!(
        "stty rows 30 cols 100; {} top --bootstrap-server {bootstrap} --interval 0.1; \
         echo rc=$?; stty -a",
        binary::ottla().display()
    );
    let mut child = Command::new("script")
        .args(["-qec", &command, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script runs");
    let mut screen = child.stdout.take().expect("a pipe");
    let mut seen = Vec::new();
    let mut piece = [0; 4_096];
    let shown = |seen: &[u8]| String::from_utf8_lossy(seen).contains("busiest");
    while !shown(&seen) {
        let count = screen.read(&mut piece).expect("the screen");
        assert!(count > 0, "it ended too early: {}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&piece[..count]);
    }
    let mut keys = child.stdin.take().expect("a pipe");
    keys.write_all(end).expect("a key");
    screen.read_to_end(&mut seen).expect("the rest");
    drop(keys);
    wait_for("the end", Duration::from_secs(30), || child.try_wait().expect("a child"));
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
fn top_gives_the_terminal_back() {
    if Command::new("script").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("skipped: script is not installed: apt-get install bsdutils");
        return;
    }
    let broker = Broker::start(&[]);
    for end in [&b"q"[..], &b"\x03"[..]] {
        let seen = on_a_terminal(&broker.bootstrap(), end);
        let (_, after) = seen.rsplit_once("\x1b[?1049l").expect("the screen was left");
        assert!(after.contains("\x1b[?25h"), "the cursor is hidden: {after:?}");
        assert!(after.contains("rc=0"), "{after:?}");
        for mode in ["icanon", "echo", "isig"] {
            let is_on = after.split_whitespace().any(|word| word == mode);
            assert!(is_on, "{mode} is off: {after:?}");
        }
    }
}

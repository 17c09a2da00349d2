//! Kafka's dump-log finds nothing wrong in any file of a run that rolled many segments, and ours
//! prints what Kafka's prints, for whole files and for broken ones.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use ottla_integration::tools::{Java, or_skip};
use ottla_integration::{Broker, ClientProgram, binary};
use serde_json::json;

use super::{Outcome, run_tool, start_tools};

const CLASS: &str = "org.apache.kafka.tools.DumpLogSegments";
/// What dump-log prints where something is wrong.
const COMPLAINTS: [&str; 6] =
    ["Mismatches", "out of order", "not found", "isvalid: false", "Exception", "is followed by"];
/// Printed for every segment that does not begin at offset 0, for Kafka's own files too.
const NO_COMPLAINT: &str = "-1 is followed by";

fn files(dir: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path.extension().is_some_and(|e| endings.iter().any(|&wanted| e == wanted)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Runs dump-log on one file and keeps what it complains about.
fn check(tools: &mut ClientProgram, file: &Path, how: &[&str], complaints: &mut Vec<String>) {
    let file = file.display().to_string();
    let args: Vec<String> =
        ["--files", &file].iter().chain(how).map(|&arg| arg.to_owned()).collect();
    let outcome = compare(tools, args, complaints);
    let lines = outcome.out.lines().chain(outcome.err.lines()).filter(|line| {
        COMPLAINTS.iter().any(|complaint| line.contains(complaint)) && !line.contains(NO_COMPLAINT)
    });
    complaints.extend(lines.map(|line| format!("{file} {how:?}: {line}")));
    if outcome.exit != 0 {
        complaints.push(format!("{file} {how:?}: exit {}", outcome.exit));
    }
}

/// Runs both, ours first: Kafka's cuts an index off behind its last whole entry.
fn compare(tools: &mut ClientProgram, args: Vec<String>, complaints: &mut Vec<String>) -> Outcome {
    let found = Command::new(binary::ottla()).arg("dump-log").args(&args).output();
    let wanted = run_tool(tools, CLASS, &args, "");
    complaints.extend(difference(&args, &wanted, &found.expect("ottla runs")));
    wanted
}

/// What our own dump-log does otherwise.
fn difference(args: &[String], wanted: &Outcome, found: &Output) -> Option<String> {
    let out = String::from_utf8_lossy(&found.stdout);
    let err = String::from_utf8_lossy(&found.stderr);
    let shown = |what: &str, wanted: &str, found: &str| {
        let pair = wanted.lines().zip(found.lines()).find(|(wanted, found)| wanted != found);
        Some(format!("{args:?}: {what} differs: {pair:?}, {} and {}", wanted.len(), found.len()))
    };
    if out != wanted.out {
        return shown("standard output", &wanted.out, &out);
    }
    // what ends a dump has words of its own
    if wanted.exit == 0 && err != wanted.err {
        return shown("standard error", &wanted.err, &err);
    }
    if i64::from(found.status.code().unwrap_or(-1)) != wanted.exit {
        return shown("exit code", &wanted.err, &err);
    }
    let trace = err.contains("\tat ") || err.contains("panicked");
    let bad = wanted.exit != 0 && (err.is_empty() || trace);
    bad.then(|| format!("{args:?}: no plain message: {err}"))
}

/// Every file of the data directory.
fn check_all(tools: &mut ClientProgram, data: &Path) {
    let mut complaints = Vec::new();
    for log in files(data, &["log"]) {
        check(tools, &log, &["--deep-iteration"], &mut complaints);
        if log.display().to_string().contains("__consumer_offsets") {
            check(tools, &log, &["--offsets-decoder"], &mut complaints);
            check(tools, &log, &["--offsets-decoder", "--skip-record-metadata"], &mut complaints);
        }
        // of an empty segment the tool cannot read the first batch
        if std::fs::metadata(&log).is_ok_and(|found| found.len() == 0) {
            continue;
        }
        for index in [log.with_extension("index"), log.with_extension("timeindex")] {
            if index.exists() {
                check(tools, &index, &["--index-sanity-check"], &mut complaints);
                check(tools, &index, &["--verify-index-only"], &mut complaints);
            }
        }
    }
    for snapshot in files(data, &["snapshot"]) {
        check(tools, &snapshot, &[], &mut complaints);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Fills topics of each codec until their segments have rolled, and commits offsets in a group.
fn fill(client: &mut ClientProgram) {
    for (codec, acks, idempotence) in [
        ("none", "all", true),
        ("gzip", "1", false),
        ("snappy", "all", true),
        ("lz4", "0", false),
        ("zstd", "all", true),
    ] {
        let topic = format!("rolled-{codec}");
        let config = json!({"segment.bytes": "1048576", "index.interval.bytes": "1024"});
        client.ask(&json!({"do": "create", "topic": topic, "partitions": 2, "config": config}));
        for first in [0, 10_000] {
            client.ask(&json!({
                "do": "produce", "topic": topic, "codec": codec, "acks": acks, "noise": 400,
                "idempotence": idempotence, "first": first, "count": 10_000,
            }));
        }
        client.ask(&json!({"do": "read", "topic": topic}));
    }
    client.tell(&json!({"do": "member", "topic": "rolled-none", "group": "g"}));
    while let Some(event) = client.next_event(Duration::from_secs(60)) {
        if event["event"] == "committed" {
            break;
        }
    }
    client.ask(&json!({"do": "stop"}));
}

/// Files that are broken in many ways, and calls that ask for what is not there.
fn check_broken(tools: &mut ClientProgram, data: &Path, dir: &Path) {
    let from = data.join("rolled-none-0");
    let log = files(&from, &["log"]).remove(0);
    let names = ["log", "index", "timeindex"].map(|ending| log.with_extension(ending));
    let copies = names.each_ref().map(|path| dir.join(path.file_name().unwrap_or_default()));
    let whole = names.each_ref().map(|path| std::fs::read(path).expect("read"));
    let mut calls: Vec<(usize, Vec<u8>, &[&str])> = Vec::new();
    for length in [0, 16, 40, 61, 70_000] {
        calls.push((0, whole[0][..length].to_vec(), &["--print-data-log"]));
    }
    calls.push((0, whole[0].clone(), &["--max-bytes", "40000", "--print-data-log"]));
    calls.push((0, whole[0].clone(), &["--value-decoder-class"]));
    let long = ["--value-decoder-class", "org.apache.kafka.tools.api.LongDecoder"];
    calls.push((0, whole[0][..70_000].to_vec(), &long));
    calls.push((0, whole[0][..70_000].to_vec(), &["--key-decoder-class", "no.such.Decoder"]));
    for at in [9, 30, 75] {
        let mut bad = whole[0][..70_000].to_vec();
        bad[at] ^= 0x11;
        calls.push((0, bad, &["--deep-iteration"]));
    }
    for which in [1, 2] {
        let mut bad = whole[which].clone();
        let at = bad.len() - 3;
        bad[at] ^= 0x01;
        for how in [&[][..], &["--verify-index-only"], &["--index-sanity-check"]] {
            calls.push((which, bad.clone(), how));
            calls.push((which, bad[..at].to_vec(), how));
            calls.push((which, Vec::new(), how));
        }
    }
    let mut complaints = Vec::new();
    for (which, bytes, how) in calls {
        for (copy, bytes) in copies.iter().zip(&whole) {
            std::fs::write(copy, bytes).expect("written");
        }
        std::fs::write(&copies[which], bytes).expect("written");
        let file = copies[which].display().to_string();
        call(tools, &["--files", &file], how, &mut complaints);
    }
    let none = dir.join("00000000000000000009.log").display().to_string();
    call(tools, &["--files", &none], &[], &mut complaints);
    call(tools, &["--files", "notes.txt,readme"], &[], &mut complaints);
    call(tools, &["--deep-iteration"], &[], &mut complaints);
    call(tools, &["--files", "a.log", "--no-such-option"], &[], &mut complaints);
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

fn call(
    tools: &mut ClientProgram,
    args: &[&str],
    how: &[&str],
    complaints: &mut Vec<String>,
) -> Outcome {
    let args = args.iter().chain(how).map(|&arg| arg.to_owned()).collect();
    compare(tools, args, complaints)
}

#[test]
fn dump_log_is_clean_after_rolled_segments() {
    let Some(java) = or_skip(Java::fetch()) else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut broker = Broker::start(&[
        ("group.initial.rebalance.delay.ms", "0"),
        ("offsets.topic.num.partitions", "2"),
    ]);
    let bootstrap = broker.bootstrap();
    let mut client = ClientProgram::start("java", java.program("Client"), &bootstrap, dir.path());
    fill(&mut client);

    let data = broker.data_dir();
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        let logs = files(&data.join(format!("rolled-{codec}-0")), &["log"]);
        assert!(logs.len() > 1, "no segment rolled: {logs:?}");
    }
    let mut tools = start_tools(java, dir.path());
    // Kafka fills its open indexes with zeroes, at which its own tool stumbles
    if matches!(broker, Broker::Ottla(_)) {
        check_all(&mut tools, &data);
    }
    broker.stop();
    check_all(&mut tools, &data);
    check_broken(&mut tools, &data, dir.path());
}

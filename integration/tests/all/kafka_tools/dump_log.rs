//! Kafka's dump-log finds nothing wrong in any file of a run that rolled many segments.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ottla_integration::tools::{Java, or_skip};
use ottla_integration::{Broker, ClientProgram};
use serde_json::json;

use super::{run_tool, start_tools};

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
    let outcome = run_tool(tools, CLASS, &args, "");
    let lines = outcome.out.lines().chain(outcome.err.lines()).filter(|line| {
        COMPLAINTS.iter().any(|complaint| line.contains(complaint)) && !line.contains(NO_COMPLAINT)
    });
    complaints.extend(lines.map(|line| format!("{file} {how:?}: {line}")));
    if outcome.exit != 0 {
        complaints.push(format!("{file} {how:?}: exit {}", outcome.exit));
    }
}

/// Every file of the data directory.
fn check_all(tools: &mut ClientProgram, data: &Path) {
    let mut complaints = Vec::new();
    for log in files(data, &["log"]) {
        check(tools, &log, &["--deep-iteration"], &mut complaints);
        if log.display().to_string().contains("__consumer_offsets") {
            check(tools, &log, &["--offsets-decoder"], &mut complaints);
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
}

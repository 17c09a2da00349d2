//! The bench actors against a broker: never how fast, always whether the records are there.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use ottla_integration::binary;
use ottla_integration::child::ChildProcess;
use ottla_integration::ottla::OttlaProcess;
use ottla_integration::wait::poll_until;
use rustix::process::Signal;
use serde_json::Value;

fn bench(arguments: &[&str], bootstrap: &str) -> Output {
    let mut command = Command::new(binary::ottla());
    command.arg("bench").args(arguments).args(["--bootstrap-server", bootstrap]);
    command.output().expect("the binary runs")
}

#[track_caller]
fn result(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    assert!(errors.is_empty(), "nothing is shown in a pipe: {errors}");
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.lines().count(), 1, "one line: {text}");
    serde_json::from_str(&text).expect("a line of JSON")
}

const SHORT: [&str; 5] = ["--seconds", "0.5", "--warmup", "0.1", "--json"];

#[test]
fn what_producers_were_promised_is_stored() {
    let broker = OttlaProcess::with_defaults();
    let pid = broker.id().to_string();
    for more in [
        &["--acks", "all", "--partitions", "3", "--pid", &pid][..],
        &["--acks", "0", "--compression-type", "lz4"],
        &["--rate", "2000", "--batch-records", "1", "--parts-per-request", "2", "--prime"],
    ] {
        let arguments = [&["produce"], &SHORT[..], more].concat();
        let result = result(&bench(&arguments, &broker.bootstrap()));
        assert_eq!(result["stored_ok"], true, "{result}");
        assert_eq!(result["errors"], 0, "{result}");
        assert!(result["acked_msgs"].is_u64(), "{result}");
        assert!(result["stored_msgs"].as_i64() > Some(0), "{result}");
    }
}

#[test]
fn every_path_leads_into_the_log() {
    let broker = OttlaProcess::with_defaults();
    for path in ["client", "engine", "engine-encoded", "engine-here", "engine-here-sealed"] {
        let more = ["--path", path, "--partitions", "2", "--connections", "3"];
        let arguments = [&["produce"], &SHORT[..], &more].concat();
        let result = result(&bench(&arguments, &broker.bootstrap()));
        assert_eq!(result["path"], path, "{result}");
        assert_eq!(result["stored_ok"], true, "{result}");
        assert_eq!(result["errors"], 0, "{result}");
        assert!(result["stored_msgs"].as_i64() > Some(0), "{result}");
    }
}

#[test]
fn fetchers_find_every_offset() {
    let broker = OttlaProcess::with_defaults();
    let more = ["--fill", "1e6", "--partitions", "3", "--connections", "2", "--verify"];
    let arguments = [&["consume"], &SHORT[..], &more].concat();
    let result = result(&bench(&arguments, &broker.bootstrap()));
    assert_eq!(result["offsets_contiguous"], true, "{result}");
    assert_eq!(result["errors"], 0, "{result}");
    // until everything was read, however long it takes
    let arguments = [&["consume"], &SHORT[..], &more, &["--once"]].concat();
    let result = self::result(&bench(&arguments, &broker.bootstrap()));
    assert_eq!(result["offsets_contiguous"], true, "{result}");
    assert!(result["mb_per_s"].as_f64() > Some(0.0), "{result}");
}

#[test]
fn what_was_produced_is_delivered() {
    let broker = OttlaProcess::with_defaults();
    let arguments = [&["e2e"], &SHORT[..], &["--rate", "200", "--pairs", "2"]].concat();
    let result = result(&bench(&arguments, &broker.bootstrap()));
    assert_eq!(result["delivered_ok"], true, "{result}");
    assert!(result["delivered"].as_i64() > Some(0), "{result}");
}

#[test]
fn cold_reads_are_taken_in_turns_and_leave_nothing() {
    let broker = OttlaProcess::with_defaults();
    let dir = broker.data_dir();
    let more = ["--fill", "1e6", "--rounds", "1", "--settle", "0", "--quiet", "0"];
    let place = ["--rate", "2000", "--log-dir", dir.to_str().expect("a name")];
    // the reader is to have connected before the producer's seconds are over
    let seconds = ["--seconds", "3", "--warmup", "0.1", "--json"];
    let arguments = [&["cold"], &seconds[..], &more, &place].concat();
    let output = bench(&arguments, &broker.bootstrap());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let result: Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
    assert_eq!(result["stored_ok"], true, "{result}");
    let turns = result["turns"].as_array().expect("turns");
    let names: Vec<_> = turns.iter().map(|turn| turn["turn"].as_str().unwrap_or("")).collect();
    assert_eq!(names, ["alone", "bare", "consumer"], "{result}");
    for turn in turns {
        assert!(turn["lat_us"]["n"].as_i64() > Some(0), "{turn}");
        assert!(turn["stall_gaps"].is_u64(), "{turn}");
        let read = turn["reader_mb_per_s"].as_f64();
        assert_eq!(read > Some(0.0), turn["turn"] != "alone", "{turn}");
    }
    let gone = poll_until(Duration::from_secs(30), || {
        let names = std::fs::read_dir(&dir).ok()?.filter_map(|entry| Some(entry.ok()?.file_name()));
        let mut names = names.filter_map(|name| name.into_string().ok());
        (!names.any(|name| name.starts_with("ottla-bench-") && !name.ends_with("-delete")))
            .then_some(())
    });
    assert!(gone.is_some(), "its topics are deleted");
    let wrong = ["cold", "--rounds", "1", "--log-dir", "/nowhere"];
    assert_eq!(bench(&wrong, &broker.bootstrap()).status.code(), Some(2));
}

#[test]
fn ctrl_c_ends_a_run_with_what_there_is() {
    let broker = OttlaProcess::with_defaults();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut command = Command::new(binary::ottla());
    command.args(["bench", "produce", "--warmup", "0", "--seconds", "600", "--json"]);
    command.args(["--bootstrap-server", &broker.bootstrap()]);
    let log = dir.path().join("log");
    let mut run = ChildProcess::start("bench", &mut command, &log).expect("the binary runs");
    // its topic is there: it listens to signals and is about to send
    let began = poll_until(Duration::from_secs(20), || {
        let topics = std::fs::read_dir(broker.data_dir()).ok()?;
        let mut names = topics.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.find(|name| name.starts_with("ottla-bench-") && name.ends_with("-0"))
    });
    let topic = began.expect("the run made its topic");
    let warm = Instant::now();
    assert!(
        poll_until(Duration::from_secs(5), || (warm.elapsed().as_millis() > 500).then_some(()))
            .is_some()
    );
    run.signal(Signal::INT);
    let status = run.wait_end(Duration::from_secs(30));
    assert_eq!(status.code(), Some(130), "{}", run.output());
    let result: Value = serde_json::from_str(run.output().trim()).expect("a line of JSON");
    assert_eq!(result["interrupted"], true, "{result}");
    assert_eq!(result["stored_ok"], true, "{result}");
    let gone = poll_until(Duration::from_secs(30), || {
        (!broker.data_dir().join(&topic).exists()).then_some(())
    });
    assert!(gone.is_some(), "its topic is deleted");
}

#[test]
fn a_broker_that_is_not_there_is_one_line_and_an_exit_code() {
    let output = bench(&["produce"], "127.0.0.1:1");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.starts_with("ottla: cannot connect to 127.0.0.1:1:"), "{text}");
    assert_eq!(text.lines().count(), 1);
    assert_eq!(bench(&["produce", "--seconds", "0"], "127.0.0.1:1").status.code(), Some(2));
}

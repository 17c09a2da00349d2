//! The bench actors against a broker: never how fast, always whether the records are there.

use std::process::{Command, Output};

use ottla_integration::binary;
use ottla_integration::ottla::OttlaProcess;
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
        assert!(result["lat_us"]["n"].as_u64() > Some(0), "{result}");
    }
}

#[test]
fn fetchers_find_every_offset() {
    let broker = OttlaProcess::with_defaults();
    let more = ["--fill", "1e6", "--partitions", "3", "--connections", "2", "--verify"];
    let arguments = [&["consume"], &SHORT[..], &more].concat();
    let result = result(&bench(&arguments, &broker.bootstrap()));
    assert_eq!(result["offsets_contiguous"], true, "{result}");
    assert!(result["msgs_per_s"].as_f64() > Some(0.0), "{result}");
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

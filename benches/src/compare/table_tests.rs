//! Which line counts, what is divided by what.

use serde_json::json;

use super::super::page::tests::{extent, lines};
use super::*;

#[test]
fn the_least_disturbed_round_counts_and_more_is_better() {
    let table = table(&extent(), &["a", "b"], &lines());
    let row = table.lines().nth(2).unwrap();
    assert!(row.contains("600 msg/s") && !row.contains("300 msg/s"), "{row}");
    assert!(row.ends_with("| 3 × | 4 × | 13.4 µs/request, 1.87 × that |"), "{row}");
    assert_eq!(table.lines().count(), 3, "rows without a result are left out");
}

#[test]
fn a_round_that_the_host_held_back_does_not_count() {
    let mut lines = lines();
    lines[2]["steal_pct"] = json!(40.0);
    lines[1]["other_cpu_pct"] = json!(10.0);
    let counts = line(&lines, "produce-1KBx16-p16-acks1", "a").unwrap();
    assert_eq!(counts["msgs_per_s"], 300.0);
}

#[test]
fn the_bare_server_says_what_a_row_must_cost() {
    let mut lines = lines();
    let mut bare = json!({"mode": "produce", "label": "produce-1KBx16-p16-acks1", "stored_ok": true,
                          "broker_name": BARE, "broker": {"cpu_us_per_req": 12.5}});
    lines.push(bare.clone());
    let table = |lines: &[Value]| table(&extent(), &["a", "b"], lines);
    let with = table(&lines);
    let row = with.lines().nth(2).unwrap();
    assert!(row.ends_with("| 3 × | 4 × | 12.5 µs/request (bare server), 2 × that |"), "{row}");
    assert_eq!(with.lines().next().unwrap().matches("bare").count(), 0, "no column of its own");
    let beside = beside_bare(&extent(), "a", &lines).unwrap();
    assert_eq!(beside.lines().count(), 3, "{beside}");
    assert!(beside.contains("**12.5 µs/request**") && beside.ends_with("| 2 × |\n"), "{beside}");
    bare["stored_ok"] = json!(false);
    *lines.last_mut().unwrap() = bare;
    assert!(table(&lines).contains("| 13.4 µs/request, 1.87 × that |"), "a failed row is no floor");
    lines.pop();
    assert_eq!(beside_bare(&extent(), "a", &lines), None);
}

#[test]
fn one_broker_alone_has_no_ratios() {
    let table = table(&extent(), &["a"], &lines());
    assert!(table.starts_with("| row | a | floor |\n|---|---|---|\n"), "{table}");
}

#[test]
fn every_line_has_the_same_columns() {
    let mut lines = lines();
    lines.push(json!({"label": "tail-1000-per-s", "broker_name": "c", "error": "a | b\nc"}));
    let table = table(&extent(), &["a", "b", "c"], &lines);
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let wanted = columns(table.lines().next().unwrap());
    assert_eq!(wanted, 1 + 1 + 3 + 2 * 2 + 1, "{table}");
    assert!(table.lines().all(|line| columns(line) == wanted), "{table}");
    assert!(table.contains("error: a \\| b c"), "{table}");
}

#[test]
fn a_server_without_batches_is_compared_by_message() {
    let batches = json!({"msgs_per_s": 150.0, "broker": {"cpu_us_per_req": 30.0,
                         "cpu_us_per_msg": 0.2}});
    let single = json!({"protocol": "nats", "msgs_per_s": 50.0,
                        "broker": {"cpu_us_per_req": 10.0, "cpu_us_per_msg": 10.0}});
    let (speed, thrift) = gains(&batches, &single);
    assert!((speed.unwrap() - 3.0).abs() < 1e-9);
    assert!((thrift.unwrap() - 50.0).abs() < 1e-9);
    let (_, thrift) = gains(&batches, &batches);
    assert!((thrift.unwrap() - 1.0).abs() < 1e-9);
}

#[test]
fn a_fixed_rate_is_judged_by_its_latency() {
    let at = |p99: u64| json!({"behind_reqs": 0, "msgs_per_s": 1.0, "lat_us": {"p99": p99}});
    assert!(speed(&at(500)).unwrap() > speed(&at(1000)).unwrap());
}

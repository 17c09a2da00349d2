//! What a page says, and what it must not leave out.

use clap::Parser;
use serde_json::json;

use super::super::matrix::Extent;
use super::*;

/// The lines of a small run of two brokers.
pub(crate) fn lines() -> Vec<Value> {
    let line = |broker: &str, rate: f64, others: f64, cost: f64| {
        json!({"mode": "produce", "label": "produce-1KBx16-p16-acks1", "broker_name": broker,
               "msgs_per_s": rate, "req_bytes": 16_000, "other_cpu_pct": others,
               "broker": {"cpu_us_per_req": cost, "cpu_us_per_msg": cost / 16.0}})
    };
    vec![
        json!({"mode": "floors", "receive_us_per_mb": 250.0, "append_16kb_us_per_mb": 500.0,
               "crc_16kb_us_per_mb": 85.0, "round_trip_us": {"p50": 10}}),
        line("a", 300.0, 90.0, 99.0),
        line("a", 600.0, 2.0, 25.0),
        line("b", 200.0, 2.0, 100.0),
    ]
}

/// That of the whole form.
pub(crate) fn extent() -> Extent {
    options(&[]).extent()
}

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    options: CompareOptions,
}

fn options(words: &[&str]) -> CompareOptions {
    let words = std::iter::once(&"compare").chain(words);
    Line::try_parse_from(words).unwrap().options
}

fn about(name: &str, protocol: Protocol) -> About {
    About { name: name.to_owned(), version: "1.2".to_owned(), protocol }
}

fn text(words: &[&str], brokers: &[About], lines: &[Value], interrupted: bool) -> String {
    let options = options(words);
    let (name, today) = ("today", "2026-03-01");
    Page { options: &options, name, today, brokers, lines, interrupted }.text("| table |\n", &[])
}

#[test]
fn a_page_says_how_it_was_made() {
    let brokers = [about("ottla", Protocol::Kafka), about("nats", Protocol::Nats)];
    let text = text(&["--nats", "x", "--short", "--rounds", "2"], &brokers, &lines(), false);
    assert!(text.starts_with("# Ottla beside NATS JetStream, today\n"), "{text}");
    let command = "`benches/compare --short --without-kafka --with-nats --rounds 2`";
    assert!(text.contains(command), "{text}");
    assert!(text.contains("Ottla 1.2; NATS JetStream 1.2."), "{text}");
    assert!(text.contains("No row failed"), "{text}");
    assert!(text.contains("while the rest stand idle, 2 times"), "{text}");
    assert!(text.contains("What differs with NATS"), "{text}");
    let typed = "ottla bench nats produce --seconds 1.5 --warmup 0.5 --streams 16 --connections 64";
    assert!(text.contains(typed), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 260), "lines can be read");
}

#[test]
fn the_bare_server_has_a_table_of_its_own() {
    let brokers = [about("a", Protocol::Kafka)];
    assert!(!text(&[], &brokers, &lines(), false).contains(BESIDE));
    let mut lines = lines();
    lines.push(json!({"label": "conns-2000", "broker_name": "bare", "mode": "conns"}));
    lines.push(json!({"label": "conns-2000", "broker_name": "a", "mode": "conns"}));
    let text = text(&[], &brokers, &lines, false);
    let table = text.split(BESIDE).nth(1).unwrap();
    assert!(table.starts_with("| row | bare server | a |"), "{table}");
}

#[test]
fn one_broker_alone_says_nothing_of_others() {
    let text = text(&[], &[about("ottla", Protocol::Kafka)], &lines(), false);
    assert!(!text.contains("NATS") && !text.contains("ratios"), "{text}");
}

#[test]
fn failures_and_losses_stand_at_the_top() {
    let mut lines = lines();
    lines.push(json!({"label": "x", "broker_name": "a", "error": "gone"}));
    lines.push(json!({"label": "y", "broker_name": "a", "stored_ok": false}));
    let text = text(&[], &[about("a", Protocol::Kafka)], &lines, true);
    let top = text.split("## The table").next().unwrap();
    assert!(top.contains("1 failed; 1 ended with errors or missing records"), "{top}");
    assert!(top.contains("Interrupted"), "{top}");
}

#[test]
fn everything_that_is_named_is_written() {
    let dir = std::env::temp_dir().join(format!("ottla-page-{}", std::process::id()));
    let out = dir.to_str().unwrap();
    let options = options(&["--out", out, "--name", "n", "--readme"]);
    let brokers = [about("a", Protocol::Kafka), about("b", Protocol::Kafka)];
    let made = write(&options, &brokers, &lines(), false).unwrap();
    assert!(made.sound && !made.interrupted);
    let page = std::fs::read_to_string(&made.page).unwrap();
    let links: Vec<&str> =
        page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert_eq!(links, ["n.jsonl", "n-throughput.svg", "n-cpu.svg"]);
    for file in links.iter().chain(&["readme-throughput.svg", "readme-cpu.svg"]) {
        assert!(dir.join(file).is_file(), "{file}");
    }
    let bad = [json!({"label": "x", "broker_name": "a", "error": "gone"})];
    assert!(!write(&options, &brokers, &bad, false).unwrap().sound);
    std::fs::remove_dir_all(&dir).unwrap();
}

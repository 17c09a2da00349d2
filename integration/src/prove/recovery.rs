//! From the start of the process to the first fetched record, with full logs, after a clean stop
//! and a kill.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Finding, Limit};
use crate::OttlaOptions;
use crate::ottla::OttlaProcess;
use crate::raw::{RawClient, batch};

const TOPIC: &str = "logs";
const PARTITIONS: i32 = 4;
/// Bytes of a record; a batch has sixteen.
const RECORD: usize = 60_000;

/// Writes `bytes` of logs, stops and starts, kills and starts.
pub fn recovery(bytes: u64) -> Vec<Finding> {
    let mut broker = OttlaOptions::default().start();
    let mut client = RawClient::connect(broker.port()).expect("a connection");
    assert_eq!(client.create_topic(TOPIC, PARTITIONS).expect("an answer"), 0);
    fill(&mut client, bytes);
    drop(client);
    let size = bytes / 1_000_000;
    broker.stop();
    let clean = first_fetch(&mut broker);
    // more of it, so that the kill finds logs that were written since the last start
    let mut client = RawClient::connect(broker.port()).expect("a connection");
    fill(&mut client, bytes / 10);
    drop(client);
    broker.kill();
    let killed = first_fetch(&mut broker);
    let figure = |how: &str, took: Duration, limit| {
        let what = format!("restart to first fetch, {size} MB of logs, {how}");
        Finding::new(what, took.as_secs_f64() * 1000.0, Limit::Below(limit), "ms")
    };
    vec![figure("stopped", clean, 1000.0), figure("killed", killed, 3000.0)]
}

/// Keeps four batches in flight until so many bytes are in the logs.
fn fill(client: &mut RawClient, bytes: u64) {
    let values: Vec<Bytes> = (0..16_u8).map(|at| vec![at; RECORD].into()).collect();
    let records = batch(None, &values);
    let one = u64::try_from(records.len()).expect("a batch is small");
    let mut open = 0;
    for (at, partition) in (0..bytes / one + 1).zip((0..PARTITIONS).cycle()) {
        client.send_batch(TOPIC, partition, 1, records.clone()).expect("it is sent");
        open += 1;
        if open == 4 || at == bytes / one {
            for _ in 0..std::mem::take(&mut open) {
                assert_eq!(client.produced().expect("an answer").error, 0);
            }
        }
    }
}

/// Starts the broker again and fetches from every partition.
fn first_fetch(broker: &mut OttlaProcess) -> Duration {
    let started = Instant::now();
    broker.start_again();
    let mut client = RawClient::connect(broker.port()).expect("a connection");
    for partition in 0..PARTITIONS {
        // a partition that is still being recovered says so
        while !client.fetch(TOPIC, partition, 0).is_ok_and(|records| !records.is_empty()) {
            assert!(started.elapsed() < Duration::from_secs(120), "no record after a restart");
            std::thread::park_timeout(Duration::from_millis(1));
        }
    }
    started.elapsed()
}

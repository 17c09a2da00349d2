//! Size of the binary, memory at rest and with many partitions and connections, time to ready.

use std::net::TcpStream;

use bytes::Bytes;
use kafka_protocol::messages::ApiVersionsRequest;
use kafka_protocol::protocol::StrBytes;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Finding, Limit, mebibytes};
use crate::ottla::OttlaProcess;
use crate::raw::{RawClient, batch};
use crate::{OttlaOptions, binary};

/// The size of the binary that is tested.
pub fn binary_size() -> Finding {
    let bytes = std::fs::metadata(binary::ottla()).map(|found| found.len()).unwrap_or(u64::MAX);
    Finding::new("size of the binary", mebibytes(bytes), Limit::Below(40.0), "MiB")
}

/// A broker that nobody uses: when it is ready (the median of five starts), and what it holds.
/// A debug build may hold twice as much, for its code is twice as large.
pub fn idle() -> Vec<Finding> {
    let mut ready: Vec<f64> = Vec::new();
    let mut resident = 0;
    for _ in 0..5 {
        let broker = OttlaProcess::with_defaults();
        ready.push(broker.ready_after().as_secs_f64() * 1000.0);
        resident = resident.max(broker.resident_bytes());
    }
    let most = if cfg!(debug_assertions) { 60.0 } else { 30.0 };
    ready.sort_by(f64::total_cmp);
    vec![
        Finding::new("ready after its start", ready[ready.len() / 2], Limit::Below(100.0), "ms"),
        Finding::new("resident, idle", mebibytes(resident), Limit::Below(most), "MiB"),
    ]
}

/// A broker with as many partitions, each with a record, and as many idle connections.
pub fn crowd(partitions: i32, connections: usize) -> Finding {
    raise_file_limit();
    let broker = OttlaOptions::default().start();
    let mut client = RawClient::connect(broker.port()).expect("a connection");
    assert_eq!(client.create_topic("crowd", partitions).expect("an answer"), 0);
    for partition in 0..partitions {
        let records = batch(None, &[Bytes::from_static(b"one record")]);
        client.send_batch("crowd", partition, 1, records).expect("it is sent");
        assert_eq!(client.produced().expect("an answer").error, 0, "partition {partition}");
    }
    let idle: Vec<TcpStream> = (0..connections).map(|_| greeted(broker.port())).collect();
    let what = format!("resident with {partitions} partitions, {} connections", idle.len());
    Finding::new(what, mebibytes(broker.resident_bytes()), Limit::Below(200.0), "MiB")
}

/// A connection that has introduced itself, as every client does, and then rests.
fn greeted(port: u16) -> TcpStream {
    let mut client = RawClient::connect(port).expect("a connection");
    let request = ApiVersionsRequest::default()
        .with_client_software_name(StrBytes::from_static_str("crowd"))
        .with_client_software_version(StrBytes::from_static_str("1"));
    assert_eq!(client.ask(3, &request).expect("an answer").error_code, 0);
    client.into_stream()
}

fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // where it cannot be raised the connections fail, and say so
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

//! Killed under load, a hundred times: no acknowledged record is missing, none is there twice.
//!
//! One idempotent producer for each partition, half of them with acks=1 and half with acks=all,
//! keeps several batches in flight. After each kill it sends again what was not acknowledged, with
//! the same sequence numbers, as a client library does. So the log must hold each record once, in
//! order.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use ottla_integration::raw::{self, Producer, RawClient};
use ottla_integration::{OttlaOptions, OttlaProcess, wait_for};

const KILLS: u64 = 100;
const PARTITIONS: i32 = 4;
/// Records of a batch, and their size: a segment of 1 MiB rolls every few kills.
const BATCH: u64 = 10;
const VALUE_BYTES: usize = 600;
/// Batches in flight, as `max.in.flight.requests.per.connection`.
const IN_FLIGHT: usize = 5;
/// Kafka's code for a batch that was appended already, where its offset is no longer known.
const DUPLICATE_SEQUENCE_NUMBER: i16 = 46;
const PATIENCE: Duration = Duration::from_secs(60);

/// What the producers share with the test.
struct Load {
    port: u16,
    over: AtomicBool,
    /// Batches acknowledged, over all producers.
    acknowledged: AtomicU64,
}

/// One producer, alone on its partition.
struct Writer {
    partition: i32,
    acks: i16,
    producer: Producer,
    /// Numbers of the first record of each batch that is sent but not acknowledged.
    open: VecDeque<u64>,
    next: u64,
    /// Every record below is acknowledged.
    acknowledged: u64,
}

fn value(number: u64) -> Bytes {
    let mut text = format!("{number}:");
    text.extend(std::iter::repeat_n('x', VALUE_BYTES));
    text.into()
}

fn number(value: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(value);
    text.split(':').next().and_then(|n| n.parse().ok()).expect("a value that a writer made")
}

impl Writer {
    /// Produces until the load is over, over as many connections as it takes.
    fn run(&mut self, load: &Load) {
        while !load.over.load(Ordering::Relaxed) {
            let Ok(mut client) = RawClient::connect(load.port) else {
                std::thread::park_timeout(Duration::from_millis(2));
                continue;
            };
            // an error here is the kill; the loop connects again
            let _ = self.serve(&mut client, load);
        }
        let started = Instant::now();
        while !self.open.is_empty() {
            assert!(started.elapsed() < PATIENCE, "the last batches are not acknowledged");
            if let Ok(mut client) = RawClient::connect(load.port) {
                let _ = self.drain(&mut client, load);
            }
        }
    }

    fn serve(&mut self, client: &mut RawClient, load: &Load) -> io::Result<()> {
        self.resend(client)?;
        while !load.over.load(Ordering::Relaxed) {
            while self.open.len() < IN_FLIGHT {
                // open first: a batch whose sending failed half-way may still have arrived
                self.open.push_back(self.next);
                self.next += BATCH;
                self.send(client, self.next - BATCH)?;
            }
            self.take_one(client, load)?;
        }
        Ok(())
    }

    fn drain(&mut self, client: &mut RawClient, load: &Load) -> io::Result<()> {
        self.resend(client)?;
        while !self.open.is_empty() {
            self.take_one(client, load)?;
        }
        Ok(())
    }

    fn resend(&mut self, client: &mut RawClient) -> io::Result<()> {
        let open: Vec<u64> = self.open.iter().copied().collect();
        open.into_iter().try_for_each(|first| self.send(client, first))
    }

    fn send(&mut self, client: &mut RawClient, first: u64) -> io::Result<()> {
        let values: Vec<Bytes> = (first..first + BATCH).map(value).collect();
        let sequence = i32::try_from(first).expect("a test writes few records");
        let batch = raw::batch(Some(Producer { sequence, ..self.producer }), &values);
        client.send_batch("crash", self.partition, self.acks, batch)
    }

    fn take_one(&mut self, client: &mut RawClient, load: &Load) -> io::Result<()> {
        let answer = client.produced()?;
        let first = self.open.front().copied().expect("an answer has a batch");
        match answer.error {
            0 => {
                let offset = u64::try_from(answer.offset).expect("an offset");
                assert_eq!(offset, first, "partition {}: wrong place", self.partition);
            }
            DUPLICATE_SEQUENCE_NUMBER => {}
            // NOT_LEADER_OR_FOLLOWER, UNKNOWN_TOPIC_OR_PARTITION: not up yet; retriable
            3 | 6 => return Err(io::ErrorKind::NotConnected.into()),
            code => panic!("partition {}: batch {first} refused with {code}", self.partition),
        }
        self.open.pop_front();
        self.acknowledged = first + BATCH;
        load.acknowledged.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// Reads the partition from the start: each record once, in order.
fn check(client: &mut RawClient, writer: &Writer) {
    let mut next = 0;
    loop {
        let offset = i64::try_from(next).expect("few records");
        let records = client.fetch("crash", writer.partition, offset).expect("a fetch");
        if records.is_empty() {
            break;
        }
        for record in records {
            assert_eq!(record.offset, i64::try_from(next).expect("few records"));
            let found = number(&record.value.expect("a value"));
            assert_eq!(found, next, "partition {}: missing or doubled", writer.partition);
            next += 1;
        }
    }
    assert_eq!(next, writer.acknowledged, "partition {}: the end of the log", writer.partition);
}

fn start() -> OttlaProcess {
    OttlaOptions::default()
        .set("log.segment.bytes", 1 << 20)
        .set("log.index.interval.bytes", 1024)
        .start()
}

#[test]
fn a_hundred_kills_lose_and_double_nothing() {
    let mut broker = start();
    let mut client = RawClient::connect(broker.port()).expect("a connection");
    assert_eq!(client.create_topic("crash", PARTITIONS).expect("an answer"), 0);
    let load = Load { port: broker.port(), over: false.into(), acknowledged: AtomicU64::new(0) };
    let mut writers: Vec<Writer> = (0..PARTITIONS)
        .map(|partition| Writer {
            partition,
            acks: if partition % 2 == 0 { 1 } else { -1 },
            producer: client.init_producer().expect("a producer id"),
            open: VecDeque::new(),
            next: 0,
            acknowledged: 0,
        })
        .collect();
    drop(client);

    std::thread::scope(|scope| {
        let _over = Over(&load);
        let producers: Vec<_> =
            writers.iter_mut().map(|writer| scope.spawn(|| writer.run(&load))).collect();
        for kill in 0..KILLS {
            // a different place in the load each time
            let goal = load.acknowledged.load(Ordering::Relaxed) + 20 + kill * 7 % 40;
            wait_for("acknowledgements after a restart", PATIENCE, || {
                assert!(producers.iter().all(|p| !p.is_finished()), "a producer gave up");
                (load.acknowledged.load(Ordering::Relaxed) >= goal).then_some(())
            });
            broker.crash();
        }
    });

    let mut client = RawClient::connect(broker.port()).expect("a connection");
    writers.iter().for_each(|writer| check(&mut client, writer));
    // and once more after a clean stop
    broker.restart();
    let mut client = RawClient::connect(broker.port()).expect("a connection");
    writers.iter().for_each(|writer| check(&mut client, writer));
}

/// Ends the load also when the test fails, so that its threads end.
struct Over<'a>(&'a Load);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

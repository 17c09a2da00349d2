//! What happens when a test lets time pass.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use actix::System;
use bytes::Bytes;
use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{JoinGroupRequest, SyncGroupRequest};
use ottla_core::base::{LeaderEpoch, Offset, ProducerEpoch, ProducerId};
use ottla_core::group::{Request, Response};
use ottla_core::record::{BatchBuilder, Compression};

use super::super::group::text;
use super::super::{Batch, Engine, EngineError, Group, NewTopic, Partition, ReadOptions};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// Runs `test` with engines for which time stands still: one with a thread of its own, and one on
/// the arbiter of the test.
fn with_held(test: impl AsyncFn(&Engine)) {
    System::new().block_on(async {
        let apart = Engine::ephemeral().without_listener().held_clock();
        let here = apart.clone().on_current_arbiter();
        for builder in [apart, here] {
            let engine = builder.start().await.expect("started");
            test(&engine).await;
            engine.stop().await;
        }
    });
}

async fn pass(engine: &Engine, time: Duration) {
    engine.clock().advance(time).await.expect("advanced");
}

async fn topic(engine: &Engine, config: (&str, i64)) -> Partition {
    let topic = NewTopic::new("t").config(config.0, config.1);
    engine.admin().create_topic(topic).await.expect("created");
    engine.topic("t").partition(0)
}

#[test]
fn records_have_the_time_of_the_engine() {
    with_held(async |engine| {
        let log = engine.topic("t").partition(0);
        let begun = engine.clock().now_ms();
        log.append(["a", "b"].into_iter().collect()).await.expect("appended");
        pass(engine, 2 * DAY).await;
        assert_eq!(engine.clock().now_ms(), begun + 2 * 86_400_000);
        log.append(Batch::value("c")).await.expect("appended");
        let mut own = Batch::new();
        own.push_at(7, None, Some(b"d"), &[]).push(None, Some(b"e"));
        log.append(own).await.expect("appended");
        let read = log.read(Offset(0)).await.expect("read");
        let times: Vec<i64> = read.records.iter().map(|record| record.timestamp).collect();
        // who says one time itself keeps all of the batch
        assert_eq!(times[..4], [begun, begun, begun + 2 * 86_400_000, 7]);
    });
}

#[test]
fn retention_removes_what_is_too_old_and_nothing_else() {
    with_held(async |engine| {
        let log = topic(engine, ("retention.ms", 7 * 86_400_000)).await;
        log.append(Batch::value("old")).await.expect("appended");
        pass(engine, 6 * DAY).await;
        assert_eq!(log.earliest().await, Ok(Offset(0)));
        pass(engine, DAY + 6 * MINUTE).await;
        assert_eq!(log.earliest().await, Ok(Offset(1)));
        log.append(Batch::value("new")).await.expect("appended");
        pass(engine, HOUR).await;
        assert_eq!(log.earliest().await, Ok(Offset(1)));
        assert_eq!(log.read(Offset(1)).await.expect("read").records.len(), 1);
    });
}

#[test]
fn a_reader_of_an_older_segment_does_not_wait_for_more() {
    with_held(async |engine| {
        let log = topic(engine, ("segment.bytes", 1 << 20)).await;
        for _ in 0..2 {
            log.append(Batch::value(vec![7; 700_000])).await.expect("appended");
        }
        // there are not as many, and no time passes
        let options = ReadOptions { min_bytes: 5_000_000, ..ReadOptions::wait(HOUR) };
        let read = log.read_with(Offset(0), options).await.expect("read");
        assert_eq!(read.records.len(), 1);
    });
}

fn segments(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory.join("t-0")).expect("the partition's directory");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names.filter(|name| name.to_string_lossy().ends_with(".log")).count()
}

#[test]
fn segments_roll_and_their_files_go() {
    let directory = tempfile::tempdir().expect("a directory");
    System::new().block_on(async {
        let builder = Engine::builder().config("log.dirs", directory.path().display());
        let builder = builder.config("log.roll.ms", HOUR.as_millis()).without_listener();
        let builder = builder.config("log.roll.jitter.ms", 0).held_clock();
        let engine = builder.start().await.expect("started");
        let log = engine.topic("t").partition(0);
        for count in 1..=3 {
            for _ in 0..2 {
                log.append(Batch::value("v")).await.expect("appended");
            }
            assert_eq!(segments(directory.path()), count);
            pass(&engine, HOUR + SECOND).await;
        }
        pass(&engine, 8 * DAY).await;
        assert_eq!(log.earliest().await, Ok(Offset(6)));
        // renamed first, removed after `file.delete.delay.ms`
        pass(&engine, 2 * MINUTE).await;
        let deadline = Instant::now() + Duration::from_secs(20);
        while segments(directory.path()) > 1 && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert_eq!(segments(directory.path()), 1);
        engine.stop().await;
    });
}

/// Makes somebody a member who never sends a heartbeat.
async fn join(group: &Group, session_ms: i32) {
    let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
    let request = JoinGroupRequest::default()
        .with_group_id(group.wire_id())
        .with_session_timeout_ms(session_ms)
        .with_rebalance_timeout_ms(session_ms)
        .with_protocol_type(text("consumer"))
        .with_protocols(vec![protocol]);
    group.ensure_coordinator().await.expect("a coordinator");
    let joined = loop {
        let answer = group.ask_once(Request::Join(request.clone())).await.expect("asked");
        let Response::Join(joined) = answer else { panic!("the answer to a join") };
        if joined.error_code != ResponseError::CoordinatorLoadInProgress.code()
            && joined.error_code != ResponseError::NotCoordinator.code()
        {
            break joined;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    assert_eq!(joined.error_code, 0);
    let assignment = SyncGroupRequestAssignment::default().with_member_id(joined.member_id.clone());
    let request = SyncGroupRequest::default()
        .with_group_id(group.wire_id())
        .with_generation_id(joined.generation_id)
        .with_member_id(joined.member_id)
        .with_protocol_type(joined.protocol_type)
        .with_protocol_name(joined.protocol_name)
        .with_assignments(vec![assignment]);
    let synced = group.ask_once(Request::Sync(request)).await.expect("asked");
    let Response::Sync(synced) = synced else { panic!("the answer to a sync") };
    assert_eq!(synced.error_code, 0);
}

async fn state(group: &Group, id: &str) -> String {
    let answer = group.ask_once(Request::Describe(id.into())).await.expect("asked");
    let Response::Describe(described) = answer else { panic!("the answer to a describe") };
    described.group_state.to_string()
}

#[test]
fn a_silent_member_loses_its_session() {
    with_held(async |engine| {
        let group = engine.group("g");
        join(&group, 45_000).await;
        pass(engine, 44 * SECOND).await;
        assert_eq!(state(&group, "g").await, "Stable");
        pass(engine, 2 * SECOND).await;
        assert_eq!(state(&group, "g").await, "Empty");
    });
}

#[test]
fn committed_offsets_expire() {
    with_held(async |engine| {
        engine.topic("t").append(Batch::value("v")).await.expect("appended");
        let group = engine.group("g");
        group.commit("t", &BTreeMap::from([(0, Offset(1))])).await.expect("committed");
        pass(engine, 6 * DAY).await;
        assert_eq!(group.committed("t").await.expect("fetched")[&0].offset, Offset(1));
        pass(engine, DAY + HOUR).await;
        assert_eq!(group.committed("t").await, Ok(BTreeMap::new()));
    });
}

fn of_producer(engine: &Engine, sequence: i32) -> Batch {
    let mut builder = BatchBuilder::new().producer(ProducerId(7), ProducerEpoch(0), sequence);
    builder.push(engine.clock().now_ms(), None, Some(b"v"), &[]);
    let bytes: Bytes = builder.build(Offset(0), LeaderEpoch::NONE, Compression::None);
    Batch::encoded(bytes)
}

#[test]
fn producer_ids_expire() {
    with_held(async |engine| {
        let log = topic(engine, ("retention.ms", -1)).await;
        log.append(of_producer(engine, 0)).await.expect("appended");
        pass(engine, DAY - HOUR).await;
        let refused = log.append(of_producer(engine, 5)).await.map_err(|error| error.code());
        assert_eq!(refused, Err(ResponseError::OutOfOrderSequenceNumber));
        // as long again: of a producer that nobody knows, any sequence is taken
        pass(engine, DAY + HOUR).await;
        log.append(of_producer(engine, 5)).await.expect("appended");
    });
}

#[test]
fn a_read_waits_by_the_clock_of_its_engine() {
    with_held(async |engine| {
        let log = engine.topic("t").partition(0);
        log.append(Batch::value("v")).await.expect("appended");
        let waiting = actix::spawn(log.read_with(Offset(1), ReadOptions::wait(HOUR)));
        let mut minutes = 0;
        while !waiting.is_finished() {
            pass(engine, MINUTE).await;
            minutes += 1;
            // its hour may begin some minutes later, but it is over some time
            assert!(minutes < 10_000);
        }
        assert!(minutes >= 60, "{minutes} minutes");
        let read = waiting.await.expect("not cancelled").expect("read");
        assert_eq!((read.records.len(), read.next_offset), (0, Offset(1)));
    });
}

#[test]
fn each_engine_has_a_clock_of_its_own() {
    System::new().block_on(async {
        let start = || Engine::ephemeral().without_listener();
        let [held, flowing] = [start().held_clock(), start()];
        let (held, flowing) =
            (held.start().await.expect("one"), flowing.start().await.expect("two"));
        let logs = [&held, &flowing].map(|engine| engine.topic("t").partition(0));
        for log in &logs {
            log.append(Batch::value("v")).await.expect("appended");
        }
        let before = flowing.clock().now_ms();
        pass(&held, 8 * DAY).await;
        assert_eq!(logs[0].earliest().await, Ok(Offset(1)));
        assert_eq!(logs[1].earliest().await, Ok(Offset(0)));
        // a flowing one goes on by itself
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!((20..86_400_000).contains(&(flowing.clock().now_ms() - before)));
        pass(&flowing, 8 * DAY).await;
        assert_eq!(logs[1].earliest().await, Ok(Offset(1)));
        held.stop().await;
        let clock = flowing.clock();
        flowing.stop().await;
        assert_eq!(clock.advance(DAY).await, Err(EngineError::Stopped));
    });
}

#[test]
fn nobody_advances_the_systems_clock() {
    let directory = tempfile::tempdir().expect("a directory");
    System::new().block_on(async {
        let builder = Engine::builder().config("log.dirs", directory.path().display());
        let engine = builder.without_listener().start().await.expect("started");
        assert_eq!(engine.clock().advance(DAY).await, Err(EngineError::ClockNotHeld));
        engine.stop().await;
    });
}

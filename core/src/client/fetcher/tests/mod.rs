//! Positions, answers and jumps; and whatever happens, each record once and in order.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsTopicResponse,
};
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderTopicResult,
};
use kafka_protocol::messages::{
    FetchResponse, ListOffsetsResponse, MetadataResponse, OffsetForLeaderEpochResponse,
};
use kafka_protocol::protocol::StrBytes;

use super::*;
use crate::record::{BatchBuilder, Compression};

mod model;

fn tp(index: i32) -> TopicPartition {
    TopicPartition::new("t", index)
}

fn set(indexes: &[i32]) -> BTreeSet<TopicPartition> {
    indexes.iter().map(|index| tp(*index)).collect()
}

fn name() -> StrBytes {
    StrBytes::from_static_str("t")
}

/// Who leads each partition, and in which epoch.
fn metadata(leaders: &[(i32, i32)]) -> Metadata {
    let partitions = leaders.iter().zip(0..).map(|((leader, epoch), index)| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id((*leader).into())
            .with_leader_epoch(*epoch)
    });
    let topic = MetadataResponseTopic::default()
        .with_name(Some(name().into()))
        .with_partitions(partitions.collect());
    let brokers = (1..4).map(|id| {
        let host = StrBytes::from_static_str("h");
        MetadataResponseBroker::default().with_node_id(id.into()).with_host(host).with_port(1)
    });
    let mut metadata = Metadata::default();
    let answer =
        MetadataResponse::default().with_brokers(brokers.collect()).with_topics(vec![topic]);
    assert_eq!(metadata.update(&answer, false), []);
    metadata
}

/// `count` records of one batch, the first at `base`.
fn records(base: i64, count: i64) -> bytes::Bytes {
    let mut builder = BatchBuilder::new();
    for offset in base..base + count {
        builder.push(offset, None, Some(offset.to_string().as_bytes()), &[]);
    }
    builder.build(Offset(base), LeaderEpoch(1), Compression::None)
}

fn data(index: i32, code: i16, bytes: Option<bytes::Bytes>) -> PartitionData {
    PartitionData::default()
        .with_partition_index(index)
        .with_error_code(code)
        .with_high_watermark(100)
        .with_last_stable_offset(90)
        .with_log_start_offset(2)
        .with_records(bytes)
}

fn fetched(session: i32, partitions: Vec<PartitionData>) -> FetchResponse {
    let topic = FetchableTopicResponse::default().with_topic(name().into());
    FetchResponse::default()
        .with_session_id(session)
        .with_responses(vec![topic.with_partitions(partitions)])
}

fn offset(index: i32, code: i16, offset: i64) -> ListOffsetsResponse {
    let found = ListOffsetsPartitionResponse::default()
        .with_partition_index(index)
        .with_error_code(code)
        .with_offset(offset)
        .with_leader_epoch(1);
    let topic = ListOffsetsTopicResponse::default().with_name(name().into());
    ListOffsetsResponse::default().with_topics(vec![topic.with_partitions(vec![found])])
}

fn epoch_end(index: i32, epoch: i32, end: i64) -> OffsetForLeaderEpochResponse {
    let found = EpochEndOffset::default()
        .with_partition(index)
        .with_leader_epoch(epoch)
        .with_end_offset(end);
    let topic = OffsetForLeaderTopicResult::default().with_topic(name().into());
    OffsetForLeaderEpochResponse::default().with_topics(vec![topic.with_partitions(vec![found])])
}

fn fetcher(reset: ResetPolicy) -> Fetcher {
    Fetcher::new(FetcherConfig { reset, ..FetcherConfig::default() })
}

fn poll(fetcher: &mut Fetcher, at: u32, metadata: &Metadata) -> Outputs {
    let mut out = Outputs::new();
    fetcher.poll(Tick::at(at), metadata, &mut out);
    out
}

/// The only fetch of `out`: its id and what it says.
#[track_caller]
fn the_fetch(out: &Outputs) -> (u64, Vec<(i32, i64)>) {
    let mut fetches = out.iter().filter_map(|output| match output {
        Output::Fetch { id, request, .. } => Some((*id, request)),
        _ => None,
    });
    let (id, request) = fetches.next().expect("a fetch");
    assert!(fetches.next().is_none(), "{out:?}");
    let partitions = request.topics.iter().flat_map(|topic| &topic.partitions);
    (id, partitions.map(|p| (p.partition, p.fetch_offset)).collect())
}

#[track_caller]
fn the_lookup(out: &Outputs) -> (u64, i64) {
    let [Output::ListOffsets { id, asks, .. }] = &out[..] else { panic!("{out:?}") };
    (*id, asks[0].timestamp)
}

fn taken(fetcher: &mut Fetcher, limit: usize) -> Vec<i64> {
    fetcher.take(limit).unwrap().iter().map(|record| record.offset.0).collect()
}

/// A fetcher that reads partition 0 from offset 5, with its first fetch under way.
fn reading(reset: ResetPolicy, leaders: &Metadata) -> (Fetcher, u64) {
    let mut fetcher = fetcher(reset);
    fetcher.assign(&set(&[0]), false);
    assert!(fetcher.seek(&tp(0), Position { offset: Offset(5), epoch: LeaderEpoch(1) }));
    let out = poll(&mut fetcher, 0, leaders);
    let (id, asks) = the_fetch(&out);
    assert_eq!(asks, [(0, 5)]);
    (fetcher, id)
}

#[test]
fn a_partition_begins_where_the_policy_says() {
    let leaders = metadata(&[(1, 1)]);
    for (policy, timestamp) in [
        (ResetPolicy::Earliest, -2),
        (ResetPolicy::Latest, -1),
        (ResetPolicy::ByDuration(400), 600),
    ] {
        let mut fetcher = fetcher(policy);
        fetcher.assign(&set(&[0]), false);
        let (id, asked) = the_lookup(&poll(&mut fetcher, 1_000, &leaders));
        assert_eq!(asked, timestamp);
        assert_eq!(poll(&mut fetcher, 1_001, &leaders), [], "one question is enough");
        assert_eq!(fetcher.position(&tp(0)), None);
        let mut out = Outputs::new();
        fetcher.on_offsets(Tick::at(1_002), id, &offset(0, 0, 7), &mut out);
        assert_eq!(fetcher.position(&tp(0)).map(|p| p.offset), Some(Offset(7)));
        assert_eq!(the_fetch(&poll(&mut fetcher, 1_003, &leaders)).1, [(0, 7)]);
    }
    // nothing is so young: from the end
    let mut fetcher = fetcher(ResetPolicy::ByDuration(1));
    fetcher.assign(&set(&[0]), false);
    let (id, _) = the_lookup(&poll(&mut fetcher, 1_000, &leaders));
    fetcher.on_offsets(Tick::at(1_000), id, &offset(0, 0, -1), &mut Outputs::new());
    assert_eq!(the_lookup(&poll(&mut fetcher, 1_000, &leaders)).1, -1);
}

#[test]
fn without_a_policy_the_application_is_told_once() {
    let mut fetcher = fetcher(ResetPolicy::None);
    fetcher.assign(&set(&[0]), false);
    assert_eq!(poll(&mut fetcher, 0, &metadata(&[(1, 1)])), []);
    assert!(fetcher.has_records());
    assert_eq!(fetcher.take(1), Err(FetchError::NoOffset(tp(0))));
    assert_eq!(fetcher.take(1), Ok(vec![]));
    assert!(fetcher.seek_to(&tp(0), SeekTo::Beginning));
    the_lookup(&poll(&mut fetcher, 0, &metadata(&[(1, 1)])));
}

#[test]
fn what_a_group_committed_comes_first() {
    let leaders = metadata(&[(1, 1), (1, 1)]);
    let mut fetcher = fetcher(ResetPolicy::Earliest);
    fetcher.assign(&set(&[0, 1]), true);
    let out = poll(&mut fetcher, 0, &leaders);
    let [Output::Committed { id, partitions }] = &out[..] else { panic!("{out:?}") };
    assert_eq!(*partitions, [tp(0), tp(1)]);
    let committed = BTreeMap::from([(tp(1), Position::at(Offset(9)))]);
    fetcher.on_committed(*id, &committed);
    let out = poll(&mut fetcher, 1, &leaders);
    assert!(matches!(&out[0], Output::ListOffsets { asks, .. } if asks[0].partition == tp(0)));
    assert_eq!(the_fetch(&out).1, [(1, 9)]);
    assert_eq!(fetcher.done(), committed, "what is committed may be committed again");
}

#[test]
fn records_come_in_order_and_more_are_asked_for_meanwhile() {
    let leaders = metadata(&[(1, 1)]);
    let (mut fetcher, id) = reading(ResetPolicy::Latest, &leaders);
    assert_eq!(poll(&mut fetcher, 0, &leaders), [], "one fetch at a time");
    let answer = fetched(3, vec![data(0, 0, Some(records(4, 4)))]);
    assert!(fetcher.on_fetched(Tick::at(1), id, &answer, &mut Outputs::new()));
    assert_eq!((fetcher.lag(&tp(0)), fetcher.log_start(&tp(0))), (Some(95), Some(Offset(2))));
    assert_eq!(the_fetch(&poll(&mut fetcher, 1, &leaders)).1, [(0, 8)]);
    assert_eq!(taken(&mut fetcher, 2), [5, 6]);
    assert_eq!(fetcher.position(&tp(0)).map(|p| p.offset), Some(Offset(7)));
    assert_eq!(fetcher.done()[&tp(0)].offset, Offset(5), "what was given may be under way");
    fetcher.on_asked();
    assert_eq!(fetcher.done()[&tp(0)], Position { offset: Offset(7), epoch: LeaderEpoch(1) });
    assert!(!fetcher.has_room());
    assert_eq!(taken(&mut fetcher, 9), [7]);
    assert!(fetcher.has_room());
    assert!(taken(&mut fetcher, 9).is_empty());
}

#[test]
fn a_partition_that_is_full_is_waited_for() {
    let leaders = metadata(&[(1, 1), (1, 1), (2, 1)]);
    let mut fetcher = Fetcher::new(FetcherConfig { partition_max_bytes: 10, ..Default::default() });
    fetcher.assign(&set(&[0, 1, 2]), false);
    for index in 0..3 {
        assert!(fetcher.seek(&tp(index), Position::at(Offset(0))));
    }
    let out = poll(&mut fetcher, 0, &leaders);
    let [Output::Fetch { id, .. }, Output::Fetch { id: other, .. }] = &out[..] else { panic!() };
    let answer = fetched(1, vec![data(0, 0, Some(records(0, 3))), data(1, 0, None)]);
    fetcher.on_fetched(Tick::at(0), *id, &answer, &mut Outputs::new());
    fetcher.on_fetched(Tick::at(0), *other, &fetched(1, vec![data(2, 0, None)]), &mut vec![]);
    // broker 1 is not asked for partition 1 alone: its long poll would hold up partition 0
    let out = poll(&mut fetcher, 0, &leaders);
    assert!(matches!(&out[..], [Output::Fetch { node: BrokerId(2), .. }]), "{out:?}");
    // a partition that is held back holds up nobody
    assert!(fetcher.pause(&tp(0), true));
    assert!(taken(&mut fetcher, 9).is_empty());
    assert!(matches!(&poll(&mut fetcher, 0, &leaders)[..], [Output::Fetch { .. }]));
    assert!(fetcher.pause(&tp(0), false));
    assert_eq!(fetcher.paused().count(), 0);
    assert_eq!(taken(&mut fetcher, 9), [0, 1, 2]);
}

#[test]
fn a_jump_leaves_behind_what_was_fetched_and_what_was_asked() {
    let leaders = metadata(&[(1, 1)]);
    let (mut fetcher, id) = reading(ResetPolicy::Latest, &leaders);
    let answer = fetched(3, vec![data(0, 0, Some(records(5, 2)))]);
    fetcher.on_fetched(Tick::at(1), id, &answer, &mut Outputs::new());
    let (id, _) = the_fetch(&poll(&mut fetcher, 1, &leaders));
    assert!(fetcher.seek(&tp(0), Position::at(Offset(50))));
    assert!(!fetcher.has_records());
    let stale = fetched(3, vec![data(0, 0, Some(records(7, 2)))]);
    assert!(!fetcher.on_fetched(Tick::at(2), id, &stale, &mut Outputs::new()));
    assert!(taken(&mut fetcher, 9).is_empty());
    assert_eq!(the_fetch(&poll(&mut fetcher, 2, &leaders)).1, [(0, 50)]);
    assert!(!fetcher.seek(&tp(3), Position::at(Offset(0))));
}

#[test]
fn an_offset_out_of_range_is_reset_or_told() {
    let leaders = metadata(&[(1, 1)]);
    let code = ResponseError::OffsetOutOfRange.code();
    let (mut fetcher, id) = reading(ResetPolicy::Earliest, &leaders);
    let answer = fetched(3, vec![data(0, code, None)]);
    fetcher.on_fetched(Tick::at(1), id, &answer, &mut Outputs::new());
    assert_eq!(the_lookup(&poll(&mut fetcher, 1, &leaders)).1, -2);
    let (mut fetcher, id) = reading(ResetPolicy::None, &leaders);
    fetcher.on_fetched(Tick::at(1), id, &answer, &mut Outputs::new());
    let told = FetchError::OffsetOutOfRange { partition: tp(0), offset: Offset(5) };
    assert_eq!(fetcher.take(1), Err(told));
    assert_eq!(poll(&mut fetcher, 1, &leaders), []);
}

#[test]
fn a_new_leader_is_asked_whether_the_log_is_the_same() {
    let (old, new) = (metadata(&[(1, 1)]), metadata(&[(2, 3)]));
    for (end, epoch, goes_on_at) in [(5, 1, 5), (9, 1, 5), (4, 0, 4)] {
        let (mut fetcher, id) = reading(ResetPolicy::Earliest, &old);
        let mut out = Outputs::new();
        let code = ResponseError::NotLeaderOrFollower.code();
        fetcher.on_fetched(Tick::at(1), id, &fetched(3, vec![data(0, code, None)]), &mut out);
        assert_eq!(out, [Output::NeedMetadata("t".into())]);
        assert_eq!(poll(&mut fetcher, 2, &old), [], "not before the backoff is over");
        assert_eq!(fetcher.next_deadline(Tick::at(2)), Some(101));
        let out = poll(&mut fetcher, 101, &new);
        let [Output::EpochEnds { id, node: BrokerId(2), asks }] = &out[..] else {
            panic!("{out:?}")
        };
        assert_eq!((asks[0].epoch, asks[0].leader_epoch), (LeaderEpoch(1), LeaderEpoch(3)));
        fetcher.on_epoch_ends(Tick::at(102), *id, &epoch_end(0, epoch, end), &mut Outputs::new());
        assert_eq!(the_fetch(&poll(&mut fetcher, 102, &new)).1, [(0, goes_on_at)]);
    }
    // without a policy, the application decides
    let (mut fetcher, _) = reading(ResetPolicy::None, &old);
    let out = poll(&mut fetcher, 1, &new);
    let [Output::EpochEnds { id, .. }] = &out[..] else { panic!("{out:?}") };
    fetcher.on_epoch_ends(Tick::at(2), *id, &epoch_end(0, 0, 4), &mut Outputs::new());
    let (partition, offset, diverges_at) = (tp(0), Offset(5), Some(Offset(4)));
    let told = FetchError::Truncated { partition, offset, diverges_at };
    assert_eq!(fetcher.take(1), Err(told));
}

#[test]
fn broken_records_are_told_until_the_application_seeks_past_them() {
    let leaders = metadata(&[(1, 1), (1, 1)]);
    let mut fetcher = fetcher(ResetPolicy::Latest);
    fetcher.assign(&set(&[0, 1]), false);
    assert!(fetcher.seek(&tp(0), Position::at(Offset(0))));
    assert!(fetcher.seek(&tp(1), Position::at(Offset(0))));
    let (id, _) = the_fetch(&poll(&mut fetcher, 0, &leaders));
    let mut bytes = [records(0, 1), records(1, 1)].concat();
    *bytes.last_mut().unwrap() ^= 1;
    let (broken, good) = (Some(bytes.into()), Some(records(0, 2)));
    let answer = fetched(3, vec![data(0, 0, broken), data(1, 0, good)]);
    fetcher.on_fetched(Tick::at(0), id, &answer, &mut Outputs::new());
    // what can be read comes first, of both
    assert_eq!(taken(&mut fetcher, 9), [0, 0, 1]);
    for _ in 0..2 {
        let error = fetcher.take(9).unwrap_err();
        assert!(matches!(error, FetchError::Broken { offset: Offset(1), .. }), "{error}");
    }
    // the other partition is still read
    assert_eq!(the_fetch(&poll(&mut fetcher, 0, &leaders)).1, [(1, 2)]);
    assert!(fetcher.seek(&tp(0), Position::at(Offset(2))));
    assert!(taken(&mut fetcher, 9).is_empty());
}

#[test]
fn a_broker_that_is_gone_is_asked_again_a_little_later() {
    let leaders = metadata(&[(1, 1)]);
    let (mut fetcher, id) = reading(ResetPolicy::Latest, &leaders);
    let mut out = Outputs::new();
    fetcher.on_fetch_lost(Tick::at(10), id, &mut out);
    assert_eq!(out, [Output::NeedMetadata("t".into())]);
    assert_eq!(poll(&mut fetcher, 109, &leaders), []);
    assert_eq!(the_fetch(&poll(&mut fetcher, 110, &leaders)).1, [(0, 5)]);
    // and one whose leader nobody knows is looked for
    let nobody = metadata(&[(-1, 1)]);
    let mut lost = self::fetcher(ResetPolicy::Latest);
    lost.assign(&set(&[0]), false);
    assert_eq!(poll(&mut lost, 0, &nobody), [Output::NeedMetadata("t".into())]);
}

//! However a frame is damaged, decoding it reserves memory in proportion to the frame, plus a
//! fixed sum: an announced count alone reserves nothing.
#![expect(unsafe_code, reason = "a counting allocator has to be one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Message};
use ottla_core::wire::decode;
use proptest::prelude::*;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; the counters own no memory
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.get().saturating_add(layout.size());
        HELD.set(held);
        PEAK.set(PEAK.get().max(held));
        // SAFETY: the caller's promise about the layout is passed on
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: the caller's promise about pointer and layout is passed on
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most bytes held at once while `work` runs.
fn peak(work: impl FnOnce()) -> usize {
    let before = HELD.get();
    PEAK.set(before);
    work();
    PEAK.get() - before
}

/// Three nested arrays of the largest believed count, each element of at most 256 bytes, would
/// take 192 MiB; no message has such elements on every level.
const FIXED: usize = 64 << 20;

fn check<T: Message + Decodable + HeaderVersion>(frame: &Bytes) -> Result<(), TestCaseError> {
    for version in T::VERSIONS.min..=T::VERSIONS.max {
        let held = peak(|| drop(decode::<T>(&mut frame.clone(), version)));
        let small = frame.len().saturating_mul(512) + 2 * 4_096 * 512;
        let most = small.min(frame.len().saturating_mul(512) + FIXED);
        prop_assert!(held <= most, "{held} bytes for {} in version {version}", frame.len());
    }
    Ok(())
}

fn check_all(frame: &Bytes) -> Result<(), TestCaseError> {
    check::<ProduceRequest>(frame)?;
    check::<FetchRequest>(frame)?;
    check::<ListOffsetsRequest>(frame)?;
    check::<MetadataRequest>(frame)?;
    check::<OffsetCommitRequest>(frame)?;
    check::<OffsetFetchRequest>(frame)?;
    check::<FindCoordinatorRequest>(frame)?;
    check::<JoinGroupRequest>(frame)?;
    check::<HeartbeatRequest>(frame)?;
    check::<LeaveGroupRequest>(frame)?;
    check::<SyncGroupRequest>(frame)?;
    check::<DescribeGroupsRequest>(frame)?;
    check::<ListGroupsRequest>(frame)?;
    check::<ApiVersionsRequest>(frame)?;
    check::<CreateTopicsRequest>(frame)?;
    check::<DeleteTopicsRequest>(frame)?;
    check::<DeleteRecordsRequest>(frame)?;
    check::<InitProducerIdRequest>(frame)?;
    check::<OffsetForLeaderEpochRequest>(frame)?;
    check::<DescribeConfigsRequest>(frame)?;
    check::<AlterConfigsRequest>(frame)?;
    check::<DescribeLogDirsRequest>(frame)?;
    check::<CreatePartitionsRequest>(frame)?;
    check::<DeleteGroupsRequest>(frame)?;
    check::<IncrementalAlterConfigsRequest>(frame)?;
    check::<OffsetDeleteRequest>(frame)?;
    check::<DescribeClusterRequest>(frame)?;
    check::<DescribeProducersRequest>(frame)?;
    check::<ListConfigResourcesRequest>(frame)?;
    check::<DescribeTopicPartitionsRequest>(frame)
}

/// Bytes in which counts are likely: zeros, small numbers, and the largest ones.
fn suspicious() -> impl Strategy<Value = Bytes> {
    let piece = prop_oneof![
        4 => Just(vec![0]),
        2 => (0u8..8).prop_map(|n| vec![n]),
        2 => Just(vec![0, 0, 0, 1]),
        2 => Just(vec![0x7f, 0xff, 0xff, 0xff]),
        2 => Just(vec![0x00, 0x03, 0xff, 0xff]),
        2 => Just(vec![0xff, 0xff, 0xff, 0xff, 0x0f]),
        1 => Just(vec![0x80, 0x80, 0x80, 0x40]),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
        1 => Just(vec![0; 3_000]),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| Bytes::from(pieces.concat()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn noise_reserves_little(frame in suspicious()) {
        check_all(&frame)?;
    }

    #[test]
    fn damaged_requests_reserve_little(
        at in any::<prop::sample::Index>(),
        count in prop::sample::select(vec![
            vec![0x7f, 0xff, 0xff, 0xff],
            vec![0xff, 0xff, 0xff, 0xff, 0x07],
            vec![0x80, 0x80, 0x80, 0x80, 0x08],
        ]),
        padding in 0usize..100_000,
    ) {
        for version in OffsetCommitRequest::VERSIONS.min..=OffsetCommitRequest::VERSIONS.max {
            let mut frame = BytesMut::new();
            let partitions = vec![Default::default(); 4];
            let topic = offset_commit_request::OffsetCommitRequestTopic::default()
                .with_partitions(partitions);
            let request = OffsetCommitRequest::default().with_topics(vec![topic; 3]);
            request.encode(&mut frame, version).unwrap();
            let at = at.index(frame.len());
            frame.truncate(at);
            frame.extend_from_slice(&count);
            frame.resize(frame.len() + padding, 0);
            check::<OffsetCommitRequest>(&frame.freeze())?;
        }
    }
}

//! A produce request for one partition is read, checked, written and answered with one
//! allocation of its own: the answer.
#![expect(unsafe_code, reason = "a counting allocator has to be one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::ProduceRequest;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::protocol::{Encodable, StrBytes};
use ottla_core::base::{LeaderEpoch, Offset, Tick, TopicPartition};
use ottla_core::record::{BatchBuilder, Compression};
use ottla_core::storage::{
    AppendContext, AppendOrigin, DirHealth, LogConfig, LogEnv, LogState, OpenLog, PartitionLog,
    PartitionLogRules, RealDisk, RecoveryProgress,
};
use ottla_core::wire::produce::{SingleProduced, decode_single, encode_single};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; the counter owns no memory
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        // SAFETY: the caller's promise about the layout is passed on
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise about pointer and layout is passed on
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const VERSION: i16 = 12;

fn request() -> Bytes {
    let mut builder = BatchBuilder::new();
    for _ in 0..20 {
        builder.push(1_000, None, Some(&[7; 500]), &[]);
    }
    let batch = builder.build(Offset(0), LeaderEpoch::NONE, Compression::None);
    let partition = PartitionProduceData::default().with_records(Some(batch));
    let topic = TopicProduceData::default()
        .with_name(StrBytes::from_static_str("orders").into())
        .with_partition_data(vec![partition]);
    let request = ProduceRequest::default().with_acks(1).with_topic_data(vec![topic]);
    let mut body = BytesMut::new();
    request.encode(&mut body, VERSION).expect("it is written");
    // a buffer that is shared already, as those are that frames are cut from
    Bytes::from_owner(body.freeze())
}

fn serve(log: &mut PartitionLog, body: &Bytes) {
    let single = decode_single(body, VERSION).expect("it is for one partition");
    let context = AppendContext { leader_epoch: LeaderEpoch(0), origin: AppendOrigin::Client };
    let info = log.append_as_leader(Tick::at(1_000), single.records, context).expect("appended");
    let produced = SingleProduced {
        partition: single.partition,
        base_offset: info.first_offset.0,
        log_append_time: info.log_append_time,
        log_start: info.log_start.0,
    };
    assert!(!encode_single(1, VERSION, &single.topic, &produced).is_empty());
}

#[test]
fn a_warm_produce_path_allocates_its_answer_only() {
    let dir = tempfile::tempdir().expect("a directory");
    let open = OpenLog {
        env: LogEnv { disk: Arc::new(RealDisk), health: DirHealth::new(dir.path()) },
        dir: &dir.path().join("orders-0"),
        partition: TopicPartition::new("orders", 0),
        config: Arc::new(LogConfig::default()),
        state: LogState::default(),
        now: Tick::at(1_000),
        progress: &RecoveryProgress::default(),
    };
    let rules =
        PartitionLogRules { validation: Arc::default(), producer_expiration_ms: 86_400_000 };
    let mut log = PartitionLog::open(&open, rules).expect("opens").0;
    let body = request();
    for _ in 0..100 {
        serve(&mut log, &body);
    }
    let before = CALLS.get();
    for _ in 0..1_000 {
        serve(&mut log, &body);
    }
    let calls = CALLS.get() - before;
    // one each, and a few when index entries are written, which is seldom
    assert!(calls <= 1_000 + 150, "{calls} allocations for 1,000 requests");
}

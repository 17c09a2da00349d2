//! The accumulator, rule by rule; and as a whole against a model of a broker.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

mod model;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::MetadataResponse;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::protocol::StrBytes;

use super::*;
use crate::record::BatchIter;

fn metadata(partitions: i32) -> Metadata {
    let partitions = (0..partitions).map(|index| {
        MetadataResponsePartition::default().with_partition_index(index).with_leader_id(1.into())
    });
    let topic = MetadataResponseTopic::default()
        .with_name(Some(StrBytes::from_static_str("t").into()))
        .with_partitions(partitions.collect());
    let broker = MetadataResponseBroker::default().with_node_id(1.into());
    let answer = MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![topic]);
    let mut metadata = Metadata::default();
    metadata.update(&answer, false);
    metadata
}

fn record(value: &'static str) -> NewRecord {
    NewRecord {
        topic: "t".to_owned(),
        partition: Some(0),
        value: Some(Bytes::from_static(value.as_bytes())),
        ..NewRecord::default()
    }
}

/// An accumulator for topic `t`, with its clock and what it has put out.
struct Bench {
    machine: Accumulator<u32>,
    metadata: Metadata,
    now: Tick,
    out: Outputs<u32>,
}

impl Bench {
    fn new(config: AccumulatorConfig) -> Self {
        let mut machine = Accumulator::new(config, 1);
        machine.on_producer_id(ProducerId(7), ProducerEpoch(0));
        Self { machine, metadata: metadata(1), now: Tick::at(1_000), out: Vec::new() }
    }

    fn plain() -> Self {
        let config = AccumulatorConfig { idempotent: false, ..AccumulatorConfig::default() };
        let mut bench = Self::new(config);
        bench.machine.identity = Identity::NotNeeded;
        bench
    }

    fn record(&mut self, value: &'static str, waiter: u32) -> Outputs<u32> {
        self.machine.on_record(self.now, &self.metadata, record(value), waiter, &mut self.out);
        self.poll()
    }

    fn poll(&mut self) -> Outputs<u32> {
        self.machine.poll(self.now, &self.metadata, &mut self.out);
        std::mem::take(&mut self.out)
    }

    fn after(&mut self, ms: u64) -> Outputs<u32> {
        self.now = self.now.plus_ms(ms);
        self.poll()
    }

    fn answer(&mut self, request: u64, code: i16, offset: i64) -> Outputs<u32> {
        let answer = PartitionAnswer {
            partition: TopicPartition::new("t", 0),
            code,
            base_offset: Offset(offset),
            log_append_time: -1,
            new_leader: false,
        };
        self.machine.on_answers(self.now, request, &[answer], &mut self.out);
        self.poll()
    }

    fn lost(&mut self, request: u64) -> Outputs<u32> {
        self.machine.on_lost(self.now, request, &mut self.out);
        self.poll()
    }
}

/// Request, number of records and base sequence of each batch sent.
fn sent(outputs: &Outputs<u32>) -> Vec<(u64, i32, i32)> {
    let sends = outputs.iter().filter_map(|output| match output {
        Output::Send { id, batches, .. } => Some((id, batches)),
        _ => None,
    });
    let headers = sends.flat_map(|(id, batches)| {
        batches.iter().map(move |batch| {
            let header = BatchIter::new(&batch.records).next().unwrap().unwrap().header;
            (*id, header.records_count, header.base_sequence)
        })
    });
    headers.collect()
}

/// Each waiter with its offset, or -2 for an error.
fn results(outputs: &Outputs<u32>) -> Vec<(u32, i64)> {
    let done = outputs.iter().filter_map(|output| match output {
        Output::Done { waiter, result } => {
            Some((*waiter, result.as_ref().map_or(-2, |metadata| metadata.offset.0)))
        }
        _ => None,
    });
    done.collect()
}

#[test]
fn a_batch_waits_for_more_and_goes_after_linger() {
    let mut bench = Bench::new(AccumulatorConfig::default());
    assert_eq!(bench.record("a", 1), []);
    assert_eq!(bench.machine.next_deadline(), Some(1_005));
    assert_eq!(bench.after(3), []);
    assert_eq!(bench.record("b", 2), []);
    assert_eq!(sent(&bench.after(2)), [(0, 2, 0)]);
    assert_eq!(results(&bench.answer(0, 0, 40)), [(1, 40), (2, 41)]);
    assert!(bench.machine.is_idle());
    assert_eq!(bench.machine.next_deadline(), None);
}

#[test]
fn a_full_batch_goes_at_once_and_five_are_under_way() {
    let config = AccumulatorConfig { batch_size: 130, linger_ms: 1_000, ..Default::default() };
    let mut bench = Bench::new(config);
    let mut requests = Vec::new();
    for waiter in 0..16 {
        requests.extend(sent(&bench.record("0123456789", waiter)));
    }
    // the sixth batch waits for an answer
    assert_eq!(requests, [(0, 2, 0), (1, 2, 2), (2, 2, 4), (3, 2, 6), (4, 2, 8)]);
    assert_eq!(sent(&bench.answer(0, 0, 0)), [(5, 2, 10)]);
}

#[test]
fn a_flush_sends_at_once_and_waits_for_what_came_before_it() {
    let mut bench = Bench::new(AccumulatorConfig { linger_ms: 1_000, ..Default::default() });
    bench.record("a", 1);
    bench.machine.on_flush(9, &mut bench.out);
    assert_eq!(sent(&bench.poll()), [(0, 1, 0)]);
    bench.record("b", 2);
    let outputs = bench.answer(0, 0, 0);
    assert_eq!(outputs.last(), Some(&Output::Flushed(9)));
    bench.machine.abort(ProduceError::Closed, &mut bench.out);
    assert_eq!(results(&bench.poll()), [(2, -2)]);
    bench.machine.on_flush(10, &mut bench.out);
    assert_eq!(bench.poll(), [Output::Flushed(10)]);
}

#[test]
fn a_flush_holds_for_records_whose_topic_is_not_known_yet() {
    let mut bench = Bench::new(AccumulatorConfig { linger_ms: 1_000, ..Default::default() });
    let known = std::mem::take(&mut bench.metadata);
    bench.record("a", 1);
    bench.machine.on_flush(9, &mut bench.out);
    bench.metadata = known;
    bench.machine.on_metadata(bench.now, &bench.metadata, &[], &mut bench.out);
    assert_eq!(sent(&bench.poll()), [(0, 1, 0)]);
}

#[test]
fn retries_keep_the_order_and_the_sequence() {
    let mut bench = Bench::new(AccumulatorConfig { linger_ms: 0, ..Default::default() });
    for waiter in 0..3 {
        assert_eq!(sent(&bench.record("a", waiter)).len(), 1);
    }
    let not_leader = ResponseError::NotLeaderOrFollower.code();
    let outputs = bench.answer(0, not_leader, -1);
    assert_eq!(outputs, [Output::NeedMetadata("t".into())]);
    // what came later is out of order then, and waits for its turn
    let out_of_order = ResponseError::OutOfOrderSequenceNumber.code();
    assert_eq!(bench.answer(1, out_of_order, -1), []);
    assert_eq!(bench.answer(2, out_of_order, -1), []);
    assert_eq!(sent(&bench.after(100)), [(3, 1, 0)]);
    assert_eq!(results(&bench.answer(3, 0, 0)), [(0, 0)]);
    assert_eq!(sent(&bench.after(100)), []);
    assert_eq!(sent(&bench.poll()), []);
}

#[test]
fn one_that_is_sent_again_waits_for_its_elders() {
    let mut bench = Bench::new(AccumulatorConfig { linger_ms: 0, ..Default::default() });
    for waiter in 0..3 {
        bench.record("a", waiter);
    }
    bench.lost(0);
    bench.lost(1);
    assert_eq!(sent(&bench.after(100)), [(3, 1, 0)]);
    assert_eq!(results(&bench.answer(2, 45, -1)), []);
    let outputs = bench.answer(3, 0, 0);
    assert_eq!((results(&outputs), sent(&outputs)), (vec![(0, 0)], vec![(4, 1, 1)]));
    // it had been written when the connection broke
    let duplicate = ResponseError::DuplicateSequenceNumber.code();
    assert_eq!(results(&bench.answer(4, duplicate, -1)), [(1, -1)]);
    assert_eq!(sent(&bench.after(100)), [(5, 1, 2)]);
}

#[test]
fn an_order_that_is_lost_begins_anew_under_a_higher_epoch() {
    let mut bench = Bench::new(AccumulatorConfig { linger_ms: 0, ..Default::default() });
    bench.record("a", 0);
    bench.answer(0, 0, 0);
    bench.record("b", 1);
    bench.answer(1, ResponseError::UnknownProducerId.code(), -1);
    let outputs = bench.after(100);
    let Some(Output::Send { batches, .. }) = outputs.first() else { panic!("{outputs:?}") };
    let header = BatchIter::new(&batches[0].records).next().unwrap().unwrap().header;
    assert_eq!((header.producer_epoch.0, header.base_sequence), (1, 0));
}

#[test]
fn a_batch_that_is_too_large_is_halved_and_its_sequences_with_it() {
    let mut bench = Bench::new(AccumulatorConfig::default());
    for waiter in 0..5 {
        bench.record("0123456789", waiter);
    }
    assert_eq!(sent(&bench.after(5)), [(0, 5, 0)]);
    let too_large = ResponseError::MessageTooLarge.code();
    assert_eq!(sent(&bench.answer(0, too_large, -1)), [(1, 2, 0)]);
    let outputs = bench.answer(1, 0, 0);
    assert_eq!((results(&outputs), sent(&outputs)), (vec![(0, 0), (1, 1)], vec![(2, 3, 2)]));
    assert_eq!(sent(&bench.answer(2, too_large, -1)), [(3, 1, 2)]);
    // one record cannot be halved
    let outputs = bench.answer(3, too_large, -1);
    assert_eq!((results(&outputs), sent(&outputs)), (vec![(2, -2)], vec![(4, 2, 3)]));
    assert_eq!(results(&bench.answer(4, 0, 2)), [(3, 2), (4, 3)]);
    assert!(bench.machine.is_idle());
}

#[test]
fn a_record_is_given_up_after_its_time() {
    let mut bench = Bench::new(AccumulatorConfig { linger_ms: 0, ..Default::default() });
    bench.record("a", 1);
    bench.lost(0);
    assert_eq!(results(&bench.after(119_999)), []);
    bench.lost(1);
    let outputs = bench.after(1);
    let result = Err(ProduceError::TimedOut(None));
    assert_eq!(outputs, [Output::Done { waiter: 1, result }]);
}

#[test]
fn retries_can_be_counted_and_refusals_are_final() {
    let mut bench = Bench::plain();
    bench.machine.config.retries = 1;
    bench.machine.config.linger_ms = 0;
    bench.record("a", 1);
    let code = ResponseError::NotEnoughReplicas.code();
    bench.answer(0, code, -1);
    assert_eq!(sent(&bench.after(100)), [(1, 1, -1)]);
    let refused = Err(ProduceError::Refused(ResponseError::NotEnoughReplicas));
    assert!(bench.answer(1, code, -1).contains(&Output::Done { waiter: 1, result: refused }));
    bench.record("b", 2);
    let invalid = ResponseError::InvalidRecord;
    let refused = Err(ProduceError::Refused(invalid));
    let outputs = bench.answer(2, invalid.code(), -1);
    assert_eq!(outputs, [Output::Done { waiter: 2, result: refused }]);
}

#[test]
fn records_wait_for_their_topic_and_not_for_ever() {
    let mut bench = Bench::new(AccumulatorConfig::default());
    let known = std::mem::take(&mut bench.metadata);
    assert_eq!(bench.record("a", 1), [Output::NeedMetadata("t".into())]);
    assert_eq!(bench.machine.next_deadline(), Some(61_000));
    bench.metadata = known;
    bench.machine.on_metadata(bench.now, &bench.metadata, &[], &mut bench.out);
    assert_eq!(sent(&bench.after(5)), [(0, 1, 0)]);

    let mut none = record("b");
    none.partition = Some(1);
    bench.machine.on_record(bench.now, &bench.metadata, none, 2, &mut bench.out);
    bench.poll();
    let result = Err(ProduceError::UnknownPartition);
    assert_eq!(bench.after(60_000), [Output::Done { waiter: 2, result }]);

    bench.metadata = Metadata::default();
    bench.record("c", 3);
    let refused = ResponseError::TopicAuthorizationFailed;
    let failed = [("t".into(), refused.code())];
    bench.machine.on_metadata(bench.now, &bench.metadata, &failed, &mut bench.out);
    let result = Err(ProduceError::Refused(refused));
    assert_eq!(bench.poll(), [Output::Done { waiter: 3, result }]);
}

#[test]
fn an_id_is_asked_for_when_there_is_something_to_send() {
    let mut bench = Bench::new(AccumulatorConfig { linger_ms: 0, ..Default::default() });
    bench.machine.identity = Identity::Missing;
    assert_eq!(bench.poll(), []);
    assert_eq!(bench.record("a", 1), [Output::NeedProducerId]);
    assert_eq!(bench.poll(), []);
    let later = ProduceError::Refused(ResponseError::CoordinatorLoadInProgress);
    bench.machine.on_producer_id_refused(later, &mut bench.out);
    assert_eq!(bench.poll(), [Output::NeedProducerId]);
    let never = ProduceError::Refused(ResponseError::ClusterAuthorizationFailed);
    bench.machine.on_producer_id_refused(never, &mut bench.out);
    assert_eq!(results(&bench.poll()), [(1, -2)]);
}

#[test]
fn a_record_larger_than_a_request_is_refused() {
    let mut bench = Bench::new(AccumulatorConfig { max_request_size: 40, ..Default::default() });
    let result = Err(ProduceError::TooLarge { size: 42, limit: 40 });
    assert_eq!(bench.record("0123456789", 1), [Output::Done { waiter: 1, result }]);
    assert!(bench.machine.is_idle());
}

#[test]
fn without_an_answer_to_wait_for_a_record_is_done_when_sent() {
    let mut bench = Bench::plain();
    bench.record("a", 1);
    assert_eq!(sent(&bench.after(5)), [(0, 1, -1)]);
    bench.machine.on_sent(0, &mut bench.out);
    assert_eq!(results(&bench.poll()), [(1, -1)]);
}

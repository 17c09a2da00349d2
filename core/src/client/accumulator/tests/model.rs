//! Any order of records, answers, errors and broken connections: each record is written once and in
//! order, and has one result.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::client::Random;
use crate::record::RecordIter;

const PARTITIONS: i32 = 3;

/// What a leader remembers of an idempotent producer: its epoch, and the batches it wrote last,
/// each as base sequence, last sequence and offset.
#[derive(Default)]
struct Memory {
    epoch: i16,
    batches: VecDeque<(i32, i32, i64)>,
    log: Vec<u32>,
}

impl Memory {
    /// Writes a batch as a leader does; the error code and the offset.
    fn write(&mut self, bytes: &Bytes, largest: i32) -> (i16, i64) {
        let batch = BatchIter::new(bytes).next().unwrap().unwrap();
        let header = batch.header;
        if header.records_count > largest {
            return (ResponseError::MessageTooLarge.code(), -1);
        }
        let (first, last) = (header.base_sequence, header.last_sequence());
        if header.producer_epoch.0 > self.epoch {
            if first != 0 {
                return (ResponseError::OutOfOrderSequenceNumber.code(), -1);
            }
            self.epoch = header.producer_epoch.0;
            self.batches.clear();
        } else if header.producer_epoch.0 < self.epoch {
            return (ResponseError::InvalidProducerEpoch.code(), -1);
        }
        if let Some(known) = self.batches.iter().find(|b| (b.0, b.1) == (first, last)) {
            return (0, known.2);
        }
        let expected = self.batches.back().map_or(0, |b| b.1 + 1);
        if first != expected {
            return (ResponseError::OutOfOrderSequenceNumber.code(), -1);
        }
        let offset = self.log.len() as i64;
        for record in RecordIter::of_batch(bytes, &batch, 1 << 20).unwrap() {
            let value = record.unwrap().value.unwrap();
            self.log.push(u32::from_be_bytes(value[..].try_into().unwrap()));
        }
        self.batches.push_back((first, last, offset));
        if self.batches.len() > 5 {
            self.batches.pop_front();
        }
        (0, offset)
    }
}

struct World {
    machine: Accumulator<u32>,
    metadata: Metadata,
    now: Tick,
    random: Random,
    connection: VecDeque<(u64, Vec<PartitionBatch>)>,
    partitions: BTreeMap<TopicPartition, Memory>,
    results: BTreeMap<u32, (TopicPartition, i64)>,
    largest: i32,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let config = AccumulatorConfig {
            batch_size: 80 + random.below(400) as usize,
            linger_ms: random.below(20),
            delivery_timeout_ms: u64::MAX,
            max_in_flight: 1 + random.below(5) as usize,
            ..AccumulatorConfig::default()
        };
        let mut machine = Accumulator::new(config, seed);
        machine.on_producer_id(ProducerId(7), ProducerEpoch(0));
        Self {
            machine,
            metadata: metadata(PARTITIONS),
            now: Tick::at(1),
            largest: 1 + random.below(6) as i32,
            random,
            connection: VecDeque::new(),
            partitions: BTreeMap::new(),
            results: BTreeMap::new(),
        }
    }

    fn run(&mut self, outputs: Outputs<u32>) {
        let mut outputs = outputs;
        self.machine.poll(self.now, &self.metadata, &mut outputs);
        for output in outputs {
            match output {
                Output::Send { id, batches, .. } => self.connection.push_back((id, batches)),
                Output::Done { waiter, result } => {
                    let result = result.expect("nothing is given up");
                    let known = (result.partition, result.offset.0);
                    assert!(self.results.insert(waiter, known).is_none(), "two results");
                }
                Output::NeedMetadata(_) | Output::NeedProducerId | Output::Flushed(_) => {}
            }
        }
    }

    fn send(&mut self, value: u32) {
        let record = NewRecord {
            topic: "t".to_owned(),
            partition: value.is_multiple_of(2).then(|| self.random.below(PARTITIONS as u64) as i32),
            value: Some(Bytes::copy_from_slice(&value.to_be_bytes())),
            ..NewRecord::default()
        };
        let mut out = Vec::new();
        self.machine.on_record(self.now, &self.metadata, record, value, &mut out);
        self.run(out);
    }

    fn write(&mut self, batches: &[PartitionBatch], errors: bool) -> Vec<PartitionAnswer> {
        let answers = batches.iter().map(|batch| {
            let (code, offset) = if errors && self.random.below(5) == 0 {
                (ResponseError::NotLeaderOrFollower.code(), -1)
            } else {
                let memory = self.partitions.entry(batch.partition.clone()).or_default();
                memory.write(&batch.records, self.largest)
            };
            PartitionAnswer {
                partition: batch.partition.clone(),
                code,
                base_offset: Offset(offset),
                log_append_time: -1,
                new_leader: self.random.below(2) == 0,
            }
        });
        answers.collect()
    }

    fn answer(&mut self, errors: bool) {
        let Some((id, batches)) = self.connection.pop_front() else { return };
        let answers = self.write(&batches, errors);
        let mut out = Vec::new();
        self.machine.on_answers(self.now, id, &answers, &mut out);
        self.run(out);
    }

    /// Some of what was sent is written, and no answer arrives.
    fn disconnect(&mut self) {
        let written = self.random.below(self.connection.len() as u64 + 1);
        let requests = std::mem::take(&mut self.connection);
        for (place, (id, batches)) in (0..).zip(requests) {
            if place < written {
                self.write(&batches, true);
            }
            let mut out = Vec::new();
            self.machine.on_lost(self.now, id, &mut out);
            self.run(out);
        }
    }

    fn pass(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
        self.run(Vec::new());
    }
}

fn each_once_and_in_order(seed: u64) -> Result<(), TestCaseError> {
    let mut world = World::new(seed);
    let mut count = 0;
    for _ in 0..300 {
        match world.random.below(10) {
            0..4 => {
                world.send(count);
                count += 1;
            }
            4..7 => world.answer(true),
            7 => world.disconnect(),
            _ => {
                let ms = world.random.below(300);
                world.pass(ms);
            }
        }
    }
    world.machine.hurry();
    for _ in 0..10_000 {
        if world.machine.is_idle() {
            break;
        }
        world.pass(1_000);
        world.answer(false);
    }
    prop_assert!(world.machine.is_idle());
    prop_assert_eq!(world.results.len(), count as usize);
    let written: usize = world.partitions.values().map(|memory| memory.log.len()).sum();
    prop_assert_eq!(written, count as usize, "each once");
    for memory in world.partitions.values() {
        prop_assert!(memory.log.is_sorted(), "{:?}", memory.log);
        prop_assert_eq!(memory.epoch, 0, "an order that is kept needs no other epoch");
    }
    for (value, (partition, offset)) in &world.results {
        let log = &world.partitions[partition].log;
        prop_assert_eq!(log[*offset as usize], *value);
    }
    Ok(())
}

/// A batch was written, its answer lost, and its second attempt refused while later ones were
/// written: the leader must not be made to forget it.
#[test]
fn nothing_new_goes_behind_a_batch_that_is_sent_again() {
    each_once_and_in_order(17_644_865_285_686_606_902).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn each_record_is_written_once_and_in_order(seed in any::<u64>()) {
        each_once_and_in_order(seed)?;
    }
}

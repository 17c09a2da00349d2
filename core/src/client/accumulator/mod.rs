//! The producer as a machine: records become batches, batches requests, answers results.
//!
//! ```text
//! on_record ─► open batch ─► full, or linger is over ─► poll: one request for each leader
//!                  ▲                                        │
//!   (topic not     └── split, when the broker says ◄────────┤ on_answers, on_lost
//!    known yet:         that it is too large                │
//!    waits)             back in its place, to be sent again ◄┘
//! ```
//!
//! What a producer promises: the records of a partition keep their order, also through retries; an
//! idempotent producer writes each of them once; none is tried longer than
//! `delivery.timeout.ms` after it was accepted. Memory is bounded by permits that travel with the
//! waiter `W`: a record's permit is free again when its waiter has come back.

mod answers;
mod batch;
mod config;
mod error;
mod queue;
mod sending;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bytes::Bytes;

use super::{Metadata, Partitioner};
use crate::base::{BrokerId, Offset, ProducerEpoch, ProducerId, Tick, TopicName, TopicPartition};
use crate::record::Header;

pub use answers::PartitionAnswer;
pub use config::AccumulatorConfig;
pub use error::ProduceError;

use batch::Batch;
use queue::Queue;

/// A record to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewRecord {
    /// The topic it goes to.
    pub topic: String,
    /// The partition it goes to; without one, the partitioner decides.
    pub partition: Option<i32>,
    /// Milliseconds since 1970; without one, the time of acceptance.
    pub timestamp: Option<i64>,
    /// The key.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Vec<Header>,
}

impl NewRecord {
    /// A record without a key.
    #[must_use]
    pub fn new(topic: impl Into<String>, value: impl Into<Bytes>) -> Self {
        let (topic, value) = (topic.into(), Some(value.into()));
        Self { topic, partition: None, timestamp: None, key: None, value, headers: Vec::new() }
    }

    /// … with a key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Bytes of its fields, a little more than on the wire.
    #[must_use]
    pub fn weight(&self) -> usize {
        /// Room for lengths, deltas and attributes.
        const OVERHEAD: usize = 32;
        let length = |field: &Option<Bytes>| field.as_ref().map_or(0, Bytes::len);
        let headers = self.headers.iter();
        let headers = headers.map(|h| h.key.len() + length(&h.value) + 10).sum::<usize>();
        OVERHEAD + length(&self.key) + length(&self.value) + headers
    }
}

/// Where a record went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordMetadata {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset; [`Offset::NONE`] with acks=0, or for a batch that had been written before.
    pub offset: Offset,
    /// The timestamp that the record has in the log.
    pub timestamp: i64,
}

/// One batch of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionBatch {
    /// Where it goes.
    pub partition: TopicPartition,
    /// Its bytes.
    pub records: Bytes,
}

/// What the actor is to do.
#[derive(Debug, PartialEq)]
pub enum Output<W> {
    /// Send these batches, at most one for a partition; the answer comes back under `id`.
    Send {
        /// Names the request.
        id: u64,
        /// The leader of all these partitions.
        node: BrokerId,
        /// The batches.
        batches: Vec<PartitionBatch>,
    },
    /// A record has its result.
    Done {
        /// Whoever waits for it.
        waiter: W,
        /// Where it went, or why it did not.
        result: Result<RecordMetadata, ProduceError>,
    },
    /// Ask the brokers about this topic.
    NeedMetadata(TopicName),
    /// Ask for a producer id.
    NeedProducerId,
    /// Everything that was accepted before flush `token` has its result.
    Flushed(u64),
}

/// The outputs of one or more calls, in order.
pub type Outputs<W> = Vec<Output<W>>;

/// A record that waits until its topic is known.
struct Unresolved<W> {
    number: u64,
    accepted_ms: u64,
    record: NewRecord,
    waiter: W,
}

/// The producer's id, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Identity {
    /// The producer is not idempotent.
    NotNeeded,
    Missing,
    Asked,
    Known(ProducerId, ProducerEpoch),
}

/// Records on their way, from acceptance to result.
pub struct Accumulator<W> {
    config: AccumulatorConfig,
    partitioner: Partitioner,
    unresolved: BTreeMap<TopicName, Vec<Unresolved<W>>>,
    partitions: BTreeMap<TopicPartition, Queue<W>>,
    /// Partitions with batches to send.
    busy: BTreeSet<TopicPartition>,
    /// The partitions of each request under way.
    requests: HashMap<u64, (BrokerId, Vec<TopicPartition>)>,
    /// Requests under way to each broker.
    in_flight: HashMap<BrokerId, usize>,
    identity: Identity,
    next_number: u64,
    next_request: u64,
    /// Records and batches without a result, by the number of their first record.
    outstanding: BTreeMap<u64, usize>,
    /// Records before this number wait for no others.
    hurried: u64,
    /// Flushes that wait, each for everything before its number.
    flushes: Vec<(u64, u64)>,
}

impl<W> Accumulator<W> {
    /// An empty accumulator. `seed` decides where records without key begin.
    #[must_use]
    pub fn new(config: AccumulatorConfig, seed: u64) -> Self {
        let identity = if config.idempotent { Identity::Missing } else { Identity::NotNeeded };
        let (strategy, ignore) = (config.strategy, config.ignore_keys);
        Self {
            partitioner: Partitioner::new(strategy, config.batch_size, ignore, seed),
            config,
            unresolved: BTreeMap::new(),
            partitions: BTreeMap::new(),
            busy: BTreeSet::new(),
            requests: HashMap::new(),
            in_flight: HashMap::new(),
            identity,
            next_number: 0,
            next_request: 0,
            outstanding: BTreeMap::new(),
            hurried: 0,
            flushes: Vec::new(),
        }
    }

    /// Whether every record has its result.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.outstanding.is_empty()
    }

    /// Takes a record in.
    pub fn on_record(
        &mut self,
        now: Tick,
        metadata: &Metadata,
        record: NewRecord,
        waiter: W,
        out: &mut Outputs<W>,
    ) {
        let (size, limit) = (record.weight(), self.config.max_request_size);
        if size > limit {
            let result = Err(ProduceError::TooLarge { size, limit });
            out.push(Output::Done { waiter, result });
            return;
        }
        let number = self.next_number;
        self.next_number += 1;
        *self.outstanding.entry(number).or_insert(0) += 1;
        let waiting = Unresolved { number, accepted_ms: now.monotonic_ms, record, waiter };
        if let Some(waiting) = self.place(now, metadata, waiting) {
            let topic = TopicName::from(waiting.record.topic.as_str());
            out.push(Output::NeedMetadata(TopicName::clone(&topic)));
            self.unresolved.entry(topic).or_default().push(waiting);
        }
    }

    /// Looks again at the records that wait for metadata. `failed` are the topics that the brokers
    /// could not describe, with the error codes.
    pub fn on_metadata(
        &mut self,
        now: Tick,
        metadata: &Metadata,
        failed: &[(TopicName, i16)],
        out: &mut Outputs<W>,
    ) {
        for (topic, code) in failed {
            let error = ProduceError::from_code(*code);
            if !error.is_retriable() {
                let waiting = self.unresolved.remove(topic).unwrap_or_default();
                self.fail(waiting, error, out);
            }
        }
        for (topic, waiting) in std::mem::take(&mut self.unresolved) {
            let left = waiting.into_iter().filter_map(|one| self.place(now, metadata, one));
            let left: Vec<_> = left.collect();
            if !left.is_empty() {
                self.unresolved.insert(topic, left);
            }
        }
        self.finish_flushes(out);
    }

    /// Topics that records wait for.
    pub fn unresolved_topics(&self) -> impl Iterator<Item = &TopicName> {
        self.unresolved.keys()
    }

    /// Takes the producer id that a broker gave.
    pub fn on_producer_id(&mut self, id: ProducerId, epoch: ProducerEpoch) {
        self.identity = Identity::Known(id, epoch);
    }

    /// A producer id was refused: with a retriable error it is asked for again, otherwise nothing
    /// can be sent.
    pub fn on_producer_id_refused(&mut self, error: ProduceError, out: &mut Outputs<W>) {
        self.identity = Identity::Missing;
        if !error.is_retriable() {
            self.abort(error, out);
        }
    }

    /// Lets everything go at once that is waiting for more to join it.
    pub fn hurry(&mut self) {
        self.hurried = self.next_number;
        for partition in &self.busy {
            if let Some(queue) = self.partitions.get_mut(partition) {
                queue.close_open();
            }
        }
    }

    /// Lets everything go at once; [`Output::Flushed`] says when it has its results.
    pub fn on_flush(&mut self, token: u64, out: &mut Outputs<W>) {
        self.hurry();
        self.flushes.push((self.next_number, token));
        self.finish_flushes(out);
    }

    /// Gives everything up that has no result.
    pub fn abort(&mut self, error: ProduceError, out: &mut Outputs<W>) {
        for (_, waiting) in std::mem::take(&mut self.unresolved) {
            self.fail(waiting, error, out);
        }
        for (partition, mut queue) in std::mem::take(&mut self.partitions) {
            for batch in queue.take_all() {
                self.done(&partition, batch, Err(error), out);
            }
        }
        self.busy.clear();
        self.requests.clear();
        self.in_flight.clear();
        self.finish_flushes(out);
    }

    /// Puts a record into the batch of its partition; gives it back if its topic or partition is
    /// not known.
    fn place(
        &mut self,
        now: Tick,
        metadata: &Metadata,
        mut waiting: Unresolved<W>,
    ) -> Option<Unresolved<W>> {
        let known = metadata.named_topic(&waiting.record.topic);
        let Some((name, topic)) = known else { return Some(waiting) };
        let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        let record = &mut waiting.record;
        let picked = match record.partition {
            Some(partition) => (0..count).contains(&partition).then_some(partition),
            None => {
                let queues = &self.partitions;
                self.partitioner.pick(name, record.key.as_deref(), count, |index| {
                    let partition = TopicPartition::new(TopicName::clone(name), index);
                    metadata.leader(&partition)?;
                    Some(queues.get(&partition).map_or(0, Queue::len))
                })
            }
        };
        let Some(index) = picked else { return Some(waiting) };
        let partition = TopicPartition::new(TopicName::clone(name), index);
        let timestamp = *record.timestamp.get_or_insert(now.wall_ms);
        let weight = record.weight();
        let queue = self.partitions.entry(partition.clone()).or_default();
        let joined = queue.open_for(weight, self.config.batch_size);
        let number = waiting.number;
        if !joined {
            queue.push(Batch::open(number, waiting.accepted_ms));
        }
        queue.append(waiting.record, timestamp, waiting.waiter);
        let full = queue.close_full(self.config.batch_size);
        if joined {
            // counted under the number of the batch from here on
            self.settle(number);
        }
        self.busy.insert(partition);
        self.partitioner.produced(name, index, weight, full || !joined);
        None
    }

    fn fail(&mut self, records: Vec<Unresolved<W>>, error: ProduceError, out: &mut Outputs<W>) {
        for record in records {
            self.settle(record.number);
            out.push(Output::Done { waiter: record.waiter, result: Err(error) });
        }
    }

    /// Gives every record of a batch its result.
    fn done(
        &mut self,
        partition: &TopicPartition,
        batch: Batch<W>,
        result: Result<(Offset, i64), ProduceError>,
        out: &mut Outputs<W>,
    ) {
        self.settle(batch.number());
        for (delta, (waiter, timestamp)) in (0..).zip(batch.into_waiters()) {
            let result = result.map(|(base, appended)| RecordMetadata {
                partition: partition.clone(),
                offset: if base == Offset::NONE { base } else { base.plus(delta) },
                timestamp: if appended < 0 { timestamp } else { appended },
            });
            out.push(Output::Done { waiter, result });
        }
    }

    fn settle(&mut self, number: u64) {
        if let Some(count) = self.outstanding.get_mut(&number) {
            *count -= 1;
            if *count == 0 {
                self.outstanding.remove(&number);
            }
        }
    }

    fn finish_flushes(&mut self, out: &mut Outputs<W>) {
        let oldest = self.outstanding.keys().next().copied().unwrap_or(u64::MAX);
        self.flushes.retain(|(until, token)| {
            let waits = oldest < *until;
            if !waits {
                out.push(Output::Flushed(*token));
            }
            waits
        });
    }
}

#[cfg(test)]
mod tests;

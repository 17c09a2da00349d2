//! Which partition a record goes to.
//!
//! A partition that the record names is taken. A key is hashed as Kafka's Java client hashes it.
//! Without either, records stick to one partition until about a batch has gone there, and move on
//! to one picked by chance, the less likely the more batches it still has to send (KIP-480 and
//! KIP-794).

use std::collections::HashMap;

use super::{Random, murmur2};
use crate::base::TopicName;

/// How records without a key are spread (`partitioner.class`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// A batch here, a batch there: large batches, even in the long run (Kafka's default).
    #[default]
    Sticky,
    /// One after the other, keys or no keys, as Kafka's `RoundRobinPartitioner`.
    RoundRobin,
}

/// The partition of a key among `partitions`; 0 if there is none.
#[must_use]
pub fn partition_for_key(key: &[u8], partitions: i32) -> i32 {
    let positive = (murmur2(key) & 0x7fff_ffff).cast_signed();
    positive.checked_rem(partitions).unwrap_or(0)
}

/// Where the records without a key of one topic go at present.
#[derive(Clone, Debug, Default)]
struct Stuck {
    partition: Option<i32>,
    produced: usize,
    turn: i32,
}

/// Picks partitions, topic by topic.
#[derive(Clone, Debug)]
pub struct Partitioner {
    strategy: Strategy,
    sticky_bytes: usize,
    ignore_keys: bool,
    topics: HashMap<TopicName, Stuck>,
    random: Random,
}

impl Partitioner {
    /// A partitioner that leaves a partition after `sticky_bytes` (`batch.size`); with
    /// `ignore_keys`, keys have no say (`partitioner.ignore.keys`).
    #[must_use]
    pub fn new(strategy: Strategy, sticky_bytes: usize, ignore_keys: bool, seed: u64) -> Self {
        let sticky_bytes = sticky_bytes.max(1);
        let random = Random::new(seed);
        Self { strategy, sticky_bytes, ignore_keys, topics: HashMap::new(), random }
    }

    /// The partition for a record with this key in a topic of `count` partitions, or none if the
    /// topic has none.
    ///
    /// `waiting` says for a partition how many batches wait there, or none if it has no leader.
    pub fn pick(
        &mut self,
        topic: &TopicName,
        key: Option<&[u8]>,
        count: i32,
        waiting: impl Fn(i32) -> Option<usize>,
    ) -> Option<i32> {
        if count <= 0 {
            return None;
        }
        if self.strategy == Strategy::RoundRobin {
            return Some(self.next_in_turn(topic, count, waiting));
        }
        if let Some(key) = key.filter(|_| !self.ignore_keys) {
            return Some(partition_for_key(key, count));
        }
        let stuck = self.topics.entry(TopicName::clone(topic)).or_default();
        if let Some(partition) = stuck.partition
            && partition < count
            && waiting(partition).is_some()
        {
            return Some(partition);
        }
        let partition = by_chance(&mut self.random, count, waiting);
        *stuck = Stuck { partition: Some(partition), ..Stuck::default() };
        Some(partition)
    }

    /// Counts what went to the partition that keyless records stick to; `batch_is_full` says that
    /// moving on now does not leave a small batch behind.
    pub fn produced(
        &mut self,
        topic: &TopicName,
        partition: i32,
        bytes: usize,
        batch_is_full: bool,
    ) {
        let Some(stuck) = self.topics.get_mut(topic) else { return };
        if stuck.partition != Some(partition) {
            return;
        }
        stuck.produced = stuck.produced.saturating_add(bytes);
        let enough = stuck.produced >= self.sticky_bytes && batch_is_full;
        if enough || stuck.produced >= self.sticky_bytes.saturating_mul(2) {
            stuck.partition = None;
        }
    }

    fn next_in_turn(
        &mut self,
        topic: &TopicName,
        count: i32,
        waiting: impl Fn(i32) -> Option<usize>,
    ) -> i32 {
        let stuck = self.topics.entry(TopicName::clone(topic)).or_default();
        for _ in 0..count {
            let partition = stuck.turn % count;
            stuck.turn = (partition + 1) % count;
            if waiting(partition).is_some() {
                return partition;
            }
        }
        // none has a leader: any will do, it is waited for
        stuck.turn % count
    }
}

/// A partition by chance, weighted against those with much to send.
fn by_chance(random: &mut Random, count: i32, waiting: impl Fn(i32) -> Option<usize>) -> i32 {
    let longest = (0..count).filter_map(&waiting).max();
    let Some(longest) = longest else {
        let any = random.below(u64::from(count.unsigned_abs()));
        return i32::try_from(any).unwrap_or(0);
    };
    let weight = |partition| waiting(partition).map_or(0, |queued| (longest + 1 - queued) as u64);
    let mut left = random.below((0..count).map(weight).sum());
    for partition in 0..count {
        match left.checked_sub(weight(partition)) {
            Some(rest) => left = rest,
            None => return partition,
        }
    }
    0
}

#[cfg(test)]
#[path = "partitioner_tests.rs"]
mod tests;

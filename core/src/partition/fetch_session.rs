//! One incremental fetch session (KIP-227): the partitions a client reads, kept between requests.

use std::collections::{BTreeMap, HashMap};

use crate::base::{LeaderEpoch, Offset, TopicId, TopicName};

/// A topic as a request names it: by name up to version 12 of Fetch, by id from 13 on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TopicRef {
    /// By name.
    Name(TopicName),
    /// By id (KIP-516).
    Id(TopicId),
}

/// One partition of a fetch request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchRequestPartition {
    /// The topic.
    pub topic: TopicRef,
    /// The partition's index.
    pub partition: i32,
    /// First offset wanted.
    pub fetch_offset: Offset,
    /// `max.partition.fetch.bytes`.
    pub max_bytes: i32,
    /// The leader epoch the client believes in; -1 if it does not say.
    pub current_leader_epoch: LeaderEpoch,
    /// The epoch of the last record the client has; -1 if it does not say.
    pub last_fetched_epoch: LeaderEpoch,
}

/// What a fetch found in one partition, as far as the session cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchedState {
    /// The answer is an error.
    pub failed: bool,
    /// The answer has records.
    pub has_records: bool,
    /// The answer names a diverging epoch.
    pub diverging: bool,
    /// The answer's high watermark.
    pub high_watermark: Offset,
    /// The answer's log start offset.
    pub log_start: Offset,
}

/// A partition a session remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionPartition {
    /// As the client last asked for it.
    pub request: FetchRequestPartition,
    told_high_watermark: Offset,
    told_log_start: Offset,
}

impl SessionPartition {
    fn new(request: FetchRequestPartition) -> Self {
        Self { request, told_high_watermark: Offset::NONE, told_log_start: Offset::NONE }
    }

    /// Must the client be told? Remembers what it is told.
    fn tell(&mut self, found: &FetchedState) -> bool {
        let mut news = found.has_records || found.diverging;
        if self.told_high_watermark != found.high_watermark {
            self.told_high_watermark = found.high_watermark;
            news = true;
        }
        if self.told_log_start != found.log_start {
            self.told_log_start = found.log_start;
            news = true;
        }
        if found.failed {
            // told again when the error is over, whatever the offsets are by then
            self.told_high_watermark = Offset::NONE;
            news = true;
        }
        news
    }
}

type Key = (TopicRef, i32);

/// The state of one session. Partitions keep the client's order; one that had records moves to
/// the end, so that every partition gets its share of `max.bytes`.
#[derive(Debug)]
pub struct FetchSession {
    /// By what topics are named in it.
    pub uses_topic_ids: bool,
    /// It belongs to a replica, not to a client.
    pub privileged: bool,
    /// When it was made.
    pub created_ms: u64,
    /// When it was last used.
    pub last_used_ms: u64,
    /// The epoch the next request must have.
    pub epoch: i32,
    order: BTreeMap<u64, SessionPartition>,
    ranks: HashMap<Key, u64>,
    next_rank: u64,
}

impl FetchSession {
    /// An empty session made at `now_ms`.
    #[must_use]
    pub fn new(now_ms: u64, uses_topic_ids: bool, privileged: bool) -> Self {
        Self {
            uses_topic_ids,
            privileged,
            created_ms: now_ms,
            last_used_ms: now_ms,
            epoch: 1,
            order: BTreeMap::new(),
            ranks: HashMap::new(),
            next_rank: 0,
        }
    }

    /// How many partitions it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// True if it has no partition.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Its partitions, in the order they are served.
    pub fn partitions(&self) -> impl Iterator<Item = &FetchRequestPartition> {
        self.order.values().map(|partition| &partition.request)
    }

    /// Adds a partition or changes what is asked of it.
    pub fn set(&mut self, request: FetchRequestPartition) {
        let key = (request.topic.clone(), request.partition);
        let known = self.ranks.get(&key).and_then(|rank| self.order.get_mut(rank));
        match known {
            Some(partition) => partition.request = request,
            None => {
                let rank = self.next_rank();
                self.ranks.insert(key, rank);
                self.order.insert(rank, SessionPartition::new(request));
            }
        }
    }

    /// Takes a partition out.
    pub fn forget(&mut self, topic: TopicRef, partition: i32) {
        if let Some(rank) = self.ranks.remove(&(topic, partition)) {
            self.order.remove(&rank);
        }
    }

    /// Must the client be told what was found in a partition? Remembers that it was, and moves a
    /// partition with records to the end.
    pub fn tell(&mut self, topic: &TopicRef, partition: i32, found: &FetchedState) -> bool {
        let key = (topic.clone(), partition);
        let Some(rank) = self.ranks.get(&key).copied() else { return true };
        let Some(known) = self.order.get_mut(&rank) else { return true };
        let news = known.tell(found);
        if found.has_records
            && let Some(known) = self.order.remove(&rank)
        {
            let last = self.next_rank();
            self.ranks.insert(key, last);
            self.order.insert(last, known);
        }
        news
    }

    fn next_rank(&mut self) -> u64 {
        self.next_rank += 1;
        self.next_rank
    }
}

//! The reading half of a consumer as a machine: positions become requests, answers records.
//!
//! ```text
//! assign ─► Committed ─► Policy ─► Seek ─► Ready ─► Fetch ─► fetched bytes ─► take: records
//!              │  (no offset)       ▲  ▲      │ ▲
//!              └─ (an offset) ──────┼──┼──►   │ └ Validate ◄─ a new leader (KIP-320)
//!                             seek ─┘  └──────┘ out of range
//! ```
//!
//! A partition is asked for behind what is already there, so that the next bytes are on their way
//! while the application reads; memory is bounded by what each partition and all of them together
//! may hold. A broker is asked only when all its partitions have room: one that is full would
//! otherwise wait until the long poll for the others is over. Every jump gives a partition a new
//! stamp, and answers to older questions are dropped.

mod answers;
mod config;
mod error;
mod fetched;
mod offsets;
mod partition;
mod record;
mod session;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use kafka_protocol::messages::FetchRequest;

use super::Metadata;
use crate::base::{BrokerId, LeaderEpoch, Offset, Tick, TopicName, TopicPartition};

pub use config::{FetcherConfig, IsolationLevel, ResetPolicy, UnknownReset};
pub use error::FetchError;
pub use partition::{Position, SeekTo};
pub use record::ConsumerRecord;

use fetched::Fetched;
use partition::{Partition, Phase};
use session::{Ask, Session};

/// An offset that is asked for: the timestamp that stands for it and the leader's epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffsetAsk {
    /// The partition.
    pub partition: TopicPartition,
    /// -2 the first offset, -1 the last, otherwise that of the first record so young.
    pub timestamp: i64,
    /// The leader's epoch, as far as known.
    pub leader_epoch: LeaderEpoch,
}

/// A position that is doubted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochAsk {
    /// The partition.
    pub partition: TopicPartition,
    /// The epoch whose end is asked for.
    pub epoch: LeaderEpoch,
    /// The leader's epoch, as far as known.
    pub leader_epoch: LeaderEpoch,
}

/// What the actor is to do.
#[derive(Debug, PartialEq)]
pub enum Output {
    /// Ask this broker for records and hand the answer to [`Fetcher::on_fetched`].
    Fetch {
        /// Names the request.
        id: u64,
        /// Whom to ask.
        node: BrokerId,
        /// What to ask, in any version from 4 to 12.
        request: FetchRequest,
    },
    /// Ask this broker for offsets and hand the answer to [`Fetcher::on_offsets`].
    ListOffsets {
        /// Names the request.
        id: u64,
        /// Whom to ask.
        node: BrokerId,
        /// What to ask.
        asks: Vec<OffsetAsk>,
    },
    /// Ask this broker where epochs end and hand the answer to [`Fetcher::on_epoch_ends`].
    EpochEnds {
        /// Names the request.
        id: u64,
        /// Whom to ask.
        node: BrokerId,
        /// What to ask.
        asks: Vec<EpochAsk>,
    },
    /// Ask the coordinator what the group committed and hand it to [`Fetcher::on_committed`].
    Committed {
        /// Names the request.
        id: u64,
        /// Of which partitions.
        partitions: Vec<TopicPartition>,
    },
    /// Who leads the partitions of this topic must be known.
    NeedMetadata(TopicName),
}

/// What the actor is to do, in this order.
pub type Outputs = Vec<Output>;

/// What is asked of one broker, or of the coordinator.
#[derive(Debug)]
struct UnderWay {
    node: Option<BrokerId>,
    /// Each partition with its stamp and the offset it was asked from.
    partitions: Vec<(TopicPartition, u64, Offset)>,
}

#[derive(Debug, Default)]
struct Node {
    session: Session,
    fetching: bool,
    not_before: u64,
}

/// The machine.
#[derive(Debug)]
pub struct Fetcher {
    config: FetcherConfig,
    partitions: BTreeMap<TopicPartition, Partition>,
    nodes: BTreeMap<BrokerId, Node>,
    /// What was fetched and is not read yet, in the order in which it came.
    fetched: VecDeque<Fetched>,
    under_way: HashMap<u64, UnderWay>,
    next_id: u64,
    next_stamp: u64,
    errors: VecDeque<FetchError>,
    /// Partitions read since the application last asked for more.
    touched: BTreeSet<TopicPartition>,
    /// There is room that there was not when the machine was last polled.
    drained: bool,
}

impl Fetcher {
    /// A fetcher with nothing to read.
    #[must_use]
    pub fn new(config: FetcherConfig) -> Self {
        Self {
            config,
            partitions: BTreeMap::new(),
            nodes: BTreeMap::new(),
            fetched: VecDeque::new(),
            under_way: HashMap::new(),
            next_id: 0,
            next_stamp: 0,
            errors: VecDeque::new(),
            touched: BTreeSet::new(),
            drained: false,
        }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &FetcherConfig {
        &self.config
    }

    /// Reads these partitions and no others. Those that were read before keep their positions;
    /// the others begin with what their group has `committed`, or as the reset policy says.
    pub fn assign(&mut self, wanted: &BTreeSet<TopicPartition>, committed: bool) {
        self.partitions.retain(|partition, _| wanted.contains(partition));
        self.fetched.retain(|fetched| wanted.contains(&fetched.partition));
        self.errors.retain(|error| wanted.contains(error.partition()));
        let phase = if committed { Phase::Committed } else { Phase::Policy };
        for partition in wanted {
            if !self.partitions.contains_key(partition) {
                let state = Partition::new(phase, self.stamp());
                self.partitions.insert(partition.clone(), state);
            }
        }
    }

    /// The partitions that are read.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions.keys()
    }

    /// Whether a partition is read.
    #[must_use]
    pub fn is_assigned(&self, partition: &TopicPartition) -> bool {
        self.partitions.contains_key(partition)
    }

    /// Goes on at this position; false if the partition is not read.
    pub fn seek(&mut self, partition: &TopicPartition, to: Position) -> bool {
        let stamp = self.stamp();
        let Some(state) = self.partitions.get_mut(partition) else { return false };
        let leader = state.leader_epoch;
        state.move_to(to, leader, stamp);
        self.left_behind(partition);
        true
    }

    /// Goes on where `to` says; false if the partition is not read.
    pub fn seek_to(&mut self, partition: &TopicPartition, to: SeekTo) -> bool {
        let stamp = self.stamp();
        let Some(state) = self.partitions.get_mut(partition) else { return false };
        state.jump(Phase::Seek(to), stamp);
        self.left_behind(partition);
        true
    }

    /// What was fetched from a place that the partition has left is of no use.
    fn left_behind(&mut self, partition: &TopicPartition) {
        self.fetched.retain(|fetched| fetched.partition != *partition);
        self.errors.retain(|error| error.partition() != partition);
    }

    /// Holds a partition back, or lets it go on; false if it is not read.
    pub fn pause(&mut self, partition: &TopicPartition, paused: bool) -> bool {
        let state = self.partitions.get_mut(partition);
        state.is_some_and(|state| {
            state.paused = paused;
            true
        })
    }

    /// The partitions that are held back.
    pub fn paused(&self) -> impl Iterator<Item = &TopicPartition> {
        self.partitions.iter().filter(|(_, state)| state.paused).map(|(partition, _)| partition)
    }

    /// Where the application is in a partition, once that is known.
    #[must_use]
    pub fn position(&self, partition: &TopicPartition) -> Option<Position> {
        self.partitions.get(partition)?.known()
    }

    /// Where the application is in every partition in which that is known.
    #[must_use]
    pub fn positions(&self) -> BTreeMap<TopicPartition, Position> {
        let known = self.partitions.iter();
        known.filter_map(|(name, state)| Some((name.clone(), state.known()?))).collect()
    }

    /// Where the application was when it last asked for more: what it was given before that, it
    /// has dealt with.
    #[must_use]
    pub fn done(&self) -> BTreeMap<TopicPartition, Position> {
        let known = self.partitions.iter();
        known.filter_map(|(name, state)| Some((name.clone(), state.done?))).collect()
    }

    /// How many records a reader of this level still has before it in a partition, as far as the
    /// last answer told.
    #[must_use]
    pub fn lag(&self, partition: &TopicPartition) -> Option<i64> {
        let state = self.partitions.get(partition)?;
        let end = match self.config.isolation {
            IsolationLevel::ReadUncommitted => state.high_watermark,
            IsolationLevel::ReadCommitted => state.last_stable,
        };
        (end.0 >= 0).then_some(end.0.saturating_sub(state.known()?.offset.0).max(0))
    }

    /// The first offset of a partition, as far as the last answer told.
    #[must_use]
    pub fn log_start(&self, partition: &TopicPartition) -> Option<Offset> {
        Some(self.partitions.get(partition)?.log_start).filter(|start| start.0 >= 0)
    }

    /// The application asks for more: what it was given before, it has dealt with.
    pub fn on_asked(&mut self) {
        for partition in std::mem::take(&mut self.touched) {
            if let Some(state) = self.partitions.get_mut(&partition) {
                state.done = state.known();
            }
        }
    }

    /// Whether [`take`](Self::take) has something to give.
    #[must_use]
    pub fn has_records(&self) -> bool {
        let ready = |fetched: &Fetched| {
            let state = self.partitions.get(&fetched.partition);
            state.is_some_and(|state| !state.paused && state.broken.is_none())
        };
        !self.errors.is_empty() || self.fetched.iter().any(ready) || self.broken().is_some()
    }

    /// Up to `limit` records, whatever partition they are from; each partition's in order.
    ///
    /// # Errors
    /// A partition cannot be read. Where its records are broken, it is told again and again, until
    /// the application seeks or pauses; but only when there is nothing else to give.
    pub fn take(&mut self, limit: usize) -> Result<Vec<ConsumerRecord>, FetchError> {
        if let Some(error) = self.errors.pop_front() {
            return Err(error);
        }
        let mut records = Vec::new();
        let mut held = VecDeque::new();
        while let Some(mut fetched) = self.fetched.pop_front() {
            if records.len() >= limit {
                self.fetched.push_front(fetched);
                break;
            }
            let Some(state) = self.partitions.get_mut(&fetched.partition) else { continue };
            if state.paused || state.broken.is_some() {
                held.push_back(fetched);
                continue;
            }
            let failed = fill(&mut records, limit, &mut fetched, &self.config);
            state.position.offset = fetched.next;
            if fetched.epoch.0 >= 0 {
                state.position.epoch = fetched.epoch;
            }
            self.touched.insert(fetched.partition.clone());
            match failed {
                None if records.len() >= limit => self.fetched.push_front(fetched),
                None => {
                    state.buffered = state.buffered.saturating_sub(fetched.size());
                    state.halted &= state.buffered > 0;
                    self.drained = true;
                }
                Some(error) => {
                    let (partition, offset) = (fetched.partition.clone(), fetched.next);
                    state.broken = Some(FetchError::Broken { partition, offset, error });
                    held.push_back(fetched);
                }
            }
        }
        held.append(&mut self.fetched);
        self.fetched = held;
        match self.broken() {
            Some(error) if records.is_empty() => Err(error.clone()),
            _ => Ok(records),
        }
    }

    /// What is wrong with a partition that the application wants and that cannot be read.
    fn broken(&self) -> Option<&FetchError> {
        let wanted = self.partitions.values().filter(|state| !state.paused);
        wanted.filter_map(|state| state.broken.as_ref()).next()
    }

    fn stamp(&mut self) -> u64 {
        self.next_stamp += 1;
        self.next_stamp
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Whether the application has made room, so that a [`poll`](Self::poll) may ask for more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        self.drained
    }

    /// Says what is to be asked now.
    pub fn poll(&mut self, now: Tick, metadata: &Metadata, out: &mut Outputs) {
        self.drained = false;
        self.apply_policy(now);
        self.follow_leaders(metadata, out);
        self.ask_offsets(now, metadata, out);
        self.fetch(now, metadata, out);
    }

    /// When to poll again at the latest, in monotonic milliseconds, if nothing happens before.
    #[must_use]
    pub fn next_deadline(&self, now: Tick) -> Option<u64> {
        let partitions = self.partitions.values().filter(|state| !state.asking);
        let partitions = partitions.map(|state| state.not_before);
        let nodes = self.nodes.values().filter(|node| !node.fetching).map(|node| node.not_before);
        partitions.chain(nodes).filter(|at| *at > now.monotonic_ms).min()
    }

    fn fetch(&mut self, now: Tick, metadata: &Metadata, out: &mut Outputs) {
        let share = usize::try_from(self.config.partition_max_bytes).unwrap_or(0);
        let held: usize = self
            .partitions
            .values()
            .filter(|state| !state.paused)
            .map(|state| state.buffered)
            .sum();
        if held >= self.config.buffer_bytes.max(1) {
            return;
        }
        let mut asks: BTreeMap<BrokerId, Vec<&TopicPartition>> = BTreeMap::new();
        let mut full = BTreeSet::new();
        for (partition, state) in &self.partitions {
            if !state.is_fetched() {
                continue;
            }
            let Some(leader) = metadata.leader(partition) else { continue };
            if state.buffered >= share.max(1) {
                full.insert(leader);
            } else if state.not_before <= now.monotonic_ms {
                asks.entry(leader).or_default().push(partition);
            }
        }
        let asks: Vec<(BrokerId, Vec<TopicPartition>)> = asks
            .into_iter()
            .filter(|(leader, _)| !full.contains(leader))
            .map(|(leader, partitions)| (leader, partitions.into_iter().cloned().collect()))
            .collect();
        for (node, partitions) in asks {
            let known = self.nodes.entry(node).or_default();
            if !known.fetching && known.not_before <= now.monotonic_ms {
                self.fetch_from(node, partitions, out);
            }
        }
    }

    fn fetch_from(&mut self, node: BrokerId, names: Vec<TopicPartition>, out: &mut Outputs) {
        let id = self.id();
        let mut asks = BTreeMap::new();
        let mut partitions = Vec::new();
        for name in names {
            let Some(state) = self.partitions.get(&name) else { continue };
            let (offset, leader_epoch) = (state.next_fetch, state.leader_epoch);
            let max_bytes = self.config.partition_max_bytes;
            asks.insert(name.clone(), Ask { offset, leader_epoch, max_bytes });
            partitions.push((name, state.stamp, offset));
        }
        let known = self.nodes.entry(node).or_default();
        known.fetching = true;
        let request = known
            .session
            .request(asks)
            .with_replica_id((-1).into())
            .with_max_wait_ms(self.config.max_wait_ms)
            .with_min_bytes(self.config.min_bytes)
            .with_max_bytes(self.config.max_bytes)
            .with_isolation_level(self.config.isolation.code());
        self.under_way.insert(id, UnderWay { node: Some(node), partitions });
        out.push(Output::Fetch { id, node, request });
    }

    /// The requests that give the sessions back to the brokers.
    #[must_use]
    pub fn close(&mut self) -> Vec<(BrokerId, FetchRequest)> {
        self.partitions.clear();
        self.fetched.clear();
        let closing = self.nodes.iter_mut();
        closing.filter_map(|(node, known)| Some((*node, known.session.close()?))).collect()
    }
}

fn fill(
    records: &mut Vec<ConsumerRecord>,
    limit: usize,
    fetched: &mut Fetched,
    config: &FetcherConfig,
) -> Option<crate::record::RecordError> {
    while records.len() < limit {
        match fetched.next_record(config) {
            Some(Ok(record)) => records.push(record),
            Some(Err(error)) => return Some(error),
            None => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests;

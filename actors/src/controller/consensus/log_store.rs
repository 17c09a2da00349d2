//! The quorum's log in Kafka's segment layout: `__cluster_metadata-0/`.
//!
//! An append counts when it is synced; the sync runs on a thread that may block. Entries are read
//! back from the segments, the last few from memory.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use openraft::storage::{LogFlushed, LogState, RaftLogStorage};
use openraft::{
    AnyError, EntryPayload, ErrorSubject, ErrorVerb, LogId, OptionalSend, RaftLogReader,
    StorageIOError, Vote,
};
use ottla_core::base::{BrokerId, LeaderEpoch, Offset, Tick, TopicPartition};
use ottla_core::controller::{CLUSTER_METADATA, decode_entry, encode_entry};
use ottla_core::record::{BatchHeader, BatchIter};
use ottla_core::storage::{
    BatchMeta, BatchVisitor, Disk, FlushJob, Log, LogConfig, LogEnv, LogState as DiskState,
    OpenLog, RecoveryProgress,
};
use parking_lot::Mutex;
use tokio::sync::OwnedMutexGuard;

use super::quorum_state;
use super::types::{
    Entry, NodeId, RaftStorageError, TypeConfig, broker_id, epoch_of, from_log_entry, log_id,
    offset_of, to_log_entry,
};
use super::{ConsensusError, io_error, snapshots::Stored};
use crate::runtime::{blocking, now};

/// Entries kept in memory: what is appended is applied, and so read, right after.
const TAIL: usize = 64;

/// The most bytes of entries that one read returns, unless the first entry alone is larger.
const READ_LIMIT: u32 = 4 << 20;

/// The log; clones share it, as openraft's log readers need it.
#[derive(Clone, Debug)]
pub(super) struct LogStore(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    log: Log,
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    last: Option<LogId<NodeId>>,
    purged: Option<LogId<NodeId>>,
    tail: VecDeque<Entry>,
    vote: Option<Vote<NodeId>>,
    voters: Vec<BrokerId>,
    _lease: OwnedMutexGuard<()>,
}

#[derive(Default)]
struct LastBatch(Option<(Offset, LeaderEpoch)>);

impl BatchVisitor for LastBatch {
    fn begin(&mut self, _from: Offset) {}

    fn visit(&mut self, header: &BatchHeader) {
        self.0 = Some((header.base_offset, header.partition_leader_epoch));
    }
}

fn failed(verb: ErrorVerb, error: &(impl std::error::Error + 'static)) -> RaftStorageError {
    StorageIOError::new(ErrorSubject::Logs, verb, AnyError::new(error)).into()
}

impl LogStore {
    /// Opens the log in `dir`, scanning all of it: it is as short as the last snapshot is young.
    pub(super) fn open(
        env: LogEnv,
        dir: &Path,
        snapshot: Option<&Stored>,
        lease: OwnedMutexGuard<()>,
        now: Tick,
    ) -> Result<Self, ConsensusError> {
        let purged = snapshot.and_then(|stored| stored.meta.last_log_id);
        let config = LogConfig { delete: false, file_delete_delay_ms: 0, ..LogConfig::default() };
        let open = OpenLog {
            env: env.clone(),
            dir,
            partition: TopicPartition::new(CLUSTER_METADATA, 0),
            config: Arc::new(config),
            state: DiskState::default(),
            now,
            progress: &RecoveryProgress::default(),
        };
        let mut seen = LastBatch::default();
        let (mut log, _) = Log::open(&open, &mut seen)?;
        let mut last = seen.0.map(|(offset, epoch)| log_id(offset, epoch));
        if let Some(purged) = purged {
            let next = offset_of(&purged).plus(1);
            if log.log_end_offset() < next {
                log.truncate_fully(now, next)?;
                last = None;
            }
            log.advance_log_start(next)?;
            last = last.max(Some(purged));
        }
        let vote = quorum_state::load(&*env.disk, dir)?;
        Ok(Self(Arc::new(Mutex::new(Inner {
            log,
            disk: env.disk,
            dir: dir.to_path_buf(),
            last,
            purged,
            tail: VecDeque::new(),
            vote,
            voters: Vec::new(),
            _lease: lease,
        }))))
    }

    /// The index of the last entry.
    pub(super) fn last_index(&self) -> Option<u64> {
        self.0.lock().last.map(|id| id.index)
    }

    /// Whether this node has ever voted or been part of a quorum.
    pub(super) fn is_pristine(&self) -> bool {
        let inner = self.0.lock();
        inner.last.is_none() && inner.vote.is_none()
    }

    /// Writes what is in memory; the log is complete on disk afterwards.
    pub(super) fn close(&self) -> Result<(), ConsensusError> {
        let job = self.0.lock().log.close(now())?;
        if let Some(job) = job {
            job.run()?;
        }
        Ok(())
    }
}

impl Inner {
    fn append(&mut self, entries: &[Entry], now: Tick) -> Result<Option<FlushJob>, ConsensusError> {
        let leader = self.vote.as_ref().and_then(|vote| vote.leader_id().voted_for());
        let leader = leader.map_or(BrokerId(-1), broker_id);
        let mut bytes = Vec::new();
        let mut batches = Vec::new();
        for entry in entries {
            if let EntryPayload::Membership(membership) = &entry.payload {
                self.voters = membership.voter_ids().map(broker_id).collect();
            }
            let (offset, epoch) = (offset_of(&entry.log_id), epoch_of(&entry.log_id));
            let record = to_log_entry(entry, leader, &self.voters);
            let batch = encode_entry(&record, offset, epoch, now.wall_ms);
            bytes.extend_from_slice(&batch);
            batches.push(BatchMeta {
                size: u32::try_from(batch.len()).unwrap_or(u32::MAX),
                base_offset: offset,
                last_offset: offset,
                max_timestamp: now.wall_ms,
            });
        }
        if batches.is_empty() {
            return Ok(None);
        }
        self.log.append(now, &bytes, &batches)?;
        self.last = entries.last().map(|entry| entry.log_id);
        self.tail.extend(entries.iter().cloned());
        while self.tail.len() > TAIL {
            self.tail.pop_front();
        }
        Ok(self.log.take_flush_job(now, self.log.log_end_offset())?)
    }

    /// Entries from `start` to before `end`: all of them, from disk where memory does not reach.
    fn read(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, ConsensusError> {
        let end = end.min(self.last.map_or(0, |id| id.index + 1));
        let start = start.max(self.purged.map_or(0, |id| id.index + 1));
        let in_memory = self.tail.front().map_or(u64::MAX, |entry| entry.log_id.index);
        let mut out = Vec::new();
        let mut next = start;
        while next < end && next < in_memory {
            let from = Offset(i64::try_from(next).unwrap_or(i64::MAX));
            let upper = Offset(i64::try_from(end.min(in_memory)).unwrap_or(i64::MAX));
            let slice = self.log.read(from, READ_LIMIT, upper, true)?;
            let read = slice.read_to_vec().map_err(|error| io_error("read", &self.dir, error))?;
            let before = next;
            for batch in BatchIter::new(&read) {
                let batch = batch.map_err(ottla_core::controller::EntryError::from)?;
                let (offset, epoch, entry) = decode_entry(batch.bytes)?;
                if offset >= from && offset < upper {
                    out.push(from_log_entry(offset, epoch, entry));
                    next = u64::try_from(offset.0).unwrap_or(0) + 1;
                }
            }
            if next == before {
                break;
            }
        }
        let rest = self.tail.iter().filter(|e| e.log_id.index >= next && e.log_id.index < end);
        out.extend(rest.cloned());
        Ok(out)
    }
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, RaftStorageError> {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(start) => start.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(end) => end.saturating_add(1),
            Bound::Excluded(end) => *end,
            Bound::Unbounded => u64::MAX,
        };
        self.0.lock().read(start, end).map_err(|e| failed(ErrorVerb::Read, &e))
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, RaftStorageError> {
        let inner = self.0.lock();
        Ok(LogState { last_purged_log_id: inner.purged, last_log_id: inner.last })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<NodeId>) -> Result<(), RaftStorageError> {
        let (disk, dir) = {
            let mut inner = self.0.lock();
            inner.vote = Some(*vote);
            (Arc::clone(&inner.disk), inner.dir.clone())
        };
        let vote = *vote;
        let saved = blocking(move || quorum_state::save(&*disk, &dir, &vote));
        match saved.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(StorageIOError::write_vote(AnyError::new(&error)).into()),
            Err(error) => Err(StorageIOError::write_vote(AnyError::new(&error)).into()),
        }
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<NodeId>>, RaftStorageError> {
        Ok(self.0.lock().vote)
    }

    async fn append<I>(
        &mut self,
        entries: I,
        callback: LogFlushed<TypeConfig>,
    ) -> Result<(), RaftStorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let entries: Vec<Entry> = entries.into_iter().collect();
        let job = self.0.lock().append(&entries, now());
        let job = job.map_err(|e| failed(ErrorVerb::Write, &e))?;
        let store = Arc::clone(&self.0);
        // who waits for it is told by the callback
        drop(blocking(move || {
            let synced = match job.map(FlushJob::run) {
                None => Ok(()),
                Some(Ok(upto)) => {
                    store.lock().log.flushed(upto);
                    Ok(())
                }
                Some(Err(error)) => Err(std::io::Error::other(error)),
            };
            callback.log_io_completed(synced);
        }));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId<NodeId>) -> Result<(), RaftStorageError> {
        let mut inner = self.0.lock();
        let cut = inner.log.truncate_to(now(), offset_of(&log_id));
        cut.map_err(|e| failed(ErrorVerb::Delete, &e))?;
        inner.tail.retain(|entry| entry.log_id.index < log_id.index);
        let Some(last) = log_id.index.checked_sub(1) else {
            inner.last = None;
            return Ok(());
        };
        let kept = inner.read(last, last + 1).map_err(|e| failed(ErrorVerb::Read, &e))?;
        inner.last = kept.last().map(|entry| entry.log_id).or(inner.purged);
        Ok(())
    }

    async fn purge(&mut self, log_id: LogId<NodeId>) -> Result<(), RaftStorageError> {
        let mut inner = self.0.lock();
        let start = offset_of(&log_id).plus(1);
        let now = now();
        let purged = if inner.log.log_end_offset() < start {
            inner.log.truncate_fully(now, start)
        } else {
            inner.log.advance_log_start(start)
        };
        purged.map_err(|e| failed(ErrorVerb::Delete, &e))?;
        let retired = inner.log.apply_retention(now, start);
        retired.map_err(|e| failed(ErrorVerb::Delete, &e))?;
        inner.tail.retain(|entry| entry.log_id.index > log_id.index);
        inner.purged = Some(log_id);
        inner.last = inner.last.max(Some(log_id));
        if let Some(job) = inner.log.take_deletions(now) {
            drop(inner);
            job.run().map_err(|e| failed(ErrorVerb::Delete, &e))?;
        }
        Ok(())
    }
}

//! Opening: producers and epochs are brought to the log's end.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{PartitionLog, PartitionLogRules, Recovery, StorageError};
use crate::base::{Offset, Tick};
use crate::partition::{LeaderEpochCache, ProducerBatch, ProducerStates, decode_snapshot};
use crate::record::BatchHeader;
use crate::storage::names::{self, FileKind};
use crate::storage::{BatchVisitor, DirEntry, Log, OpenLog, read_leader_epochs};

/// The largest snapshot that is read.
const MAX_SNAPSHOT: usize = 64 << 20;

impl From<&BatchHeader> for ProducerBatch {
    fn from(header: &BatchHeader) -> Self {
        Self {
            producer_id: header.producer_id,
            producer_epoch: header.producer_epoch,
            base_sequence: header.base_sequence,
            base_offset: header.base_offset,
            offset_delta: header.last_offset_delta,
            max_timestamp: header.max_timestamp,
            transactional: header.is_transactional(),
            control: header.is_control(),
        }
    }
}

impl PartitionLog {
    /// Makes the log of a partition whose directory does not exist: nothing has to be looked for.
    ///
    /// # Errors
    /// When the directory fails.
    pub fn create(open: &OpenLog<'_>, rules: PartitionLogRules) -> Result<Self, StorageError> {
        let partition = open.partition.clone();
        let config = Arc::clone(&open.config);
        Ok(Self {
            log: Log::create(open.env.clone(), open.dir, partition, config, open.now)?,
            producers: ProducerStates::new(rules.producer_expiration_ms),
            rules,
            epochs: LeaderEpochCache::default(),
            snapshots: BTreeSet::new(),
            changed: false,
        })
    }

    /// Opens the log in a partition's directory, which may be empty.
    ///
    /// # Errors
    /// When the directory fails, or holds what is no log.
    pub fn open(
        open: &OpenLog<'_>,
        rules: PartitionLogRules,
    ) -> Result<(Self, Recovery), StorageError> {
        let files = Log::files(open)?;
        let on_disk = snapshots_of(&files);
        let written = load_epochs(open, &files)?;
        let epochs = written.clone().unwrap_or_default();
        // a loss of power may leave the file's new name without its content
        let believed = written.is_some() && (open.state.clean || !epochs.entries().is_empty());
        let mut rebuild = Rebuild {
            open,
            snapshots: &on_disk,
            producers: ProducerStates::new(rules.producer_expiration_ms),
            epochs,
            scanned_from: None,
            covered: false,
            applied_from: Offset::ZERO,
        };
        let (mut log, recovery) = Log::open_listed(open, &files, &mut rebuild)?;
        let Rebuild { producers, mut epochs, scanned_from, covered, .. } = rebuild;
        if !believed {
            let mut found = LeaderEpochCache::default();
            match log.visit(log.log_start_offset(), &mut Epochs(&mut found)) {
                Ok(()) => epochs = found,
                Err(error @ StorageError::Corrupt { .. }) => {
                    let partition = log.partition();
                    tracing::warn!(%partition, %error, "some leader epochs are not known");
                }
                Err(error) => return Err(error),
            }
            log.release_closed_handles();
        }
        let changed = !open.state.clean && log.log_end_offset() > Offset::ZERO;
        epochs.truncate_from_end(log.log_end_offset());
        epochs.truncate_from_start(log.log_start_offset());
        let rewrite = written.is_none_or(|written| written.entries() != epochs.entries());
        let mut this = Self { log, rules, producers, epochs, snapshots: on_disk, changed };
        this.drop_stray_snapshots(scanned_from)?;
        if rewrite {
            this.write_epochs()?;
        } else if scanned_from.is_some() && has_epochs(&files) {
            this.log.leader_epochs_unsynced();
        }
        match scanned_from {
            // the scan began where the snapshot ends: nothing is missing
            Some(_) if covered => {}
            Some(_) => this.rebuild_producers(open.now)?,
            // nothing was scanned; a directory without any snapshot is from before KIP-98
            None if open.state.clean && this.snapshots.is_empty() => {}
            None => this.rebuild_producers(open.now)?,
        }
        if scanned_from.is_some() {
            this.take_snapshot()?;
        }
        Ok((this, recovery))
    }

    /// Loads the newest good snapshot and replays what the log has behind it.
    pub(super) fn rebuild_producers(&mut self, now: Tick) -> Result<(), StorageError> {
        self.producers.clear();
        let mut from = self.log.log_start_offset();
        while let Some(newest) = self.snapshots.last().copied() {
            let content = self.log.read_snapshot(newest)?.unwrap_or_default();
            match decode_snapshot(&content) {
                Ok(entries) => {
                    for (id, state) in entries {
                        self.producers.restore(id, state, now.wall_ms);
                    }
                    from = from.max(newest);
                    break;
                }
                Err(error) => {
                    let partition = self.log.partition();
                    tracing::warn!(%partition, offset = %newest, %error, "removing a snapshot");
                    self.log.delete_snapshot(newest)?;
                    self.snapshots.remove(&newest);
                }
            }
        }
        if from >= self.log.log_end_offset() {
            return Ok(());
        }
        let mut replay = Replay { producers: &mut self.producers, from };
        self.log.visit(from, &mut replay)
    }

    /// Removes snapshots behind the log's end, and those that are no segment's, except the newest
    /// (`ProducerStateManager.removeStraySnapshots`). Those behind the point where a scan began may
    /// be of records that are gone, and go as well (`truncateAndReload`).
    fn drop_stray_snapshots(&mut self, scanned_from: Option<Offset>) -> Result<(), StorageError> {
        let bases: BTreeSet<Offset> = self.log.base_offsets().collect();
        let end = scanned_from.unwrap_or(self.log.log_end_offset());
        let newest = self.snapshots.iter().copied().rfind(|offset| *offset <= end);
        let is_stray =
            |offset: &Offset| *offset > end || !bases.contains(offset) && Some(*offset) != newest;
        let strays: Vec<Offset> = self.snapshots.iter().copied().filter(is_stray).collect();
        for stray in strays {
            self.log.delete_snapshot(stray)?;
            self.snapshots.remove(&stray);
        }
        Ok(())
    }
}

/// The epochs of the checkpoint file; `None` if it makes no sense. It is not synced when it is
/// written, so a loss of power may leave its first part only; then the last line is cut, or lines
/// are missing.
fn load_epochs(
    open: &OpenLog<'_>,
    files: &[DirEntry],
) -> Result<Option<LeaderEpochCache>, StorageError> {
    let mut cache = LeaderEpochCache::default();
    if !has_epochs(files) {
        return Ok(Some(cache));
    }
    match read_leader_epochs(&*open.env.disk, open.dir) {
        Ok(entries) => {
            for entry in entries {
                cache.assign(entry.epoch, entry.start_offset);
            }
            Ok(Some(cache))
        }
        Err(error @ StorageError::Malformed { .. }) => {
            tracing::warn!(%error, "reading the leader epochs from the log instead");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether there is a checkpoint file of epochs among a partition's files.
fn has_epochs(files: &[DirEntry]) -> bool {
    files.iter().any(|file| file.name == names::LEADER_EPOCH_CHECKPOINT)
}

/// The snapshots among a partition's files.
fn snapshots_of(files: &[DirEntry]) -> BTreeSet<Offset> {
    let snapshots = files.iter().filter_map(|file| match names::classify(&file.name) {
        FileKind::Snapshot(offset) => Some(offset),
        _ => None,
    });
    snapshots.collect()
}

/// Notes where the epochs of a log begin.
struct Epochs<'a>(&'a mut LeaderEpochCache);

impl BatchVisitor for Epochs<'_> {
    fn begin(&mut self, _from: Offset) {}

    fn visit(&mut self, header: &BatchHeader) {
        if self.0.latest_epoch().is_none_or(|latest| header.partition_leader_epoch > latest) {
            self.0.assign(header.partition_leader_epoch, header.base_offset);
        }
    }
}

/// Follows the scan of a recovery.
struct Rebuild<'a> {
    open: &'a OpenLog<'a>,
    /// The snapshots on disk.
    snapshots: &'a BTreeSet<Offset>,
    producers: ProducerStates,
    epochs: LeaderEpochCache,
    scanned_from: Option<Offset>,
    /// Whether snapshot and scan together cover the log.
    covered: bool,
    applied_from: Offset,
}

impl BatchVisitor for Rebuild<'_> {
    fn begin(&mut self, from: Offset) {
        self.producers.clear();
        // what the scan will see is better known than what the checkpoint says of it
        self.epochs.truncate_from_end(from);
        let (at, entries) = self.newest_snapshot(from).unwrap_or_default();
        let start = self.open.state.log_start;
        self.covered = at >= from || from <= start || from == Offset::ZERO;
        self.scanned_from = Some(from);
        self.applied_from = at;
        for (id, state) in entries {
            self.producers.restore(id, state, self.open.now.wall_ms);
        }
    }

    fn visit(&mut self, header: &BatchHeader) {
        Epochs(&mut self.epochs).visit(header);
        if header.base_offset >= self.applied_from {
            self.producers.apply(&ProducerBatch::from(header));
        }
    }
}

type Snapshot = (Offset, Vec<(crate::base::ProducerId, crate::partition::ProducerState)>);

impl Rebuild<'_> {
    /// The newest snapshot at or before `upto` that can be read.
    fn newest_snapshot(&self, upto: Offset) -> Option<Snapshot> {
        let OpenLog { env, dir, .. } = self.open;
        self.snapshots.range(..=upto).rev().find_map(|offset| {
            let path = dir.join(names::segment_file(*offset, names::SNAPSHOT));
            let content = env.disk.read_small(&path, MAX_SNAPSHOT).ok()??;
            Some((*offset, decode_snapshot(&content).ok()?))
        })
    }
}

/// Applies the batches behind a snapshot.
struct Replay<'a> {
    producers: &'a mut ProducerStates,
    from: Offset,
}

impl BatchVisitor for Replay<'_> {
    fn begin(&mut self, _from: Offset) {}

    fn visit(&mut self, header: &BatchHeader) {
        if header.base_offset >= self.from {
            self.producers.apply(&ProducerBatch::from(header));
        }
    }
}

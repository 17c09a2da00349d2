//! One entry of `log.dirs`: who owns it, whether it was closed in order, what its checkpoints say.

mod checkpoint;
mod epochs;
mod layout;
mod meta;
mod parallel;

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use uuid::Uuid;

use super::disk::DirLock;
use super::names::{self, DirKind};
use super::{DeleteJob, DirHealth, Disk, Log, LogEnv, LogState, RecoveryProgress, StorageError};
use crate::base::{Offset, Tick, TopicPartition};

pub use checkpoint::Checkpoint;
pub(super) use checkpoint::read as read_checkpoint;
pub use epochs::{EpochStart, read_leader_epochs, write_leader_epochs};
pub use layout::{read_partition_metadata, write_partition_metadata};
pub use meta::{MetaProperties, base64_uuid, parse_base64_uuid};

/// The lock file's name.
pub(super) const LOCK: &str = ".lock";
/// The mark of an orderly stop.
pub(super) const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";

/// Who opens a log directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// `node.id`.
    pub node_id: i32,
    /// `cluster.id`, as base64.
    pub cluster_id: String,
}

/// An open log directory. Shared by all who own logs in it.
#[derive(Debug)]
pub struct LogDir {
    env: LogEnv,
    path: PathBuf,
    meta: MetaProperties,
    was_clean: bool,
    /// Logs that need recovery and have not been opened yet.
    unopened: Mutex<HashSet<TopicPartition>>,
    partitions: Vec<TopicPartition>,
    checkpoints: Mutex<Checkpoints>,
    progress: Arc<RecoveryProgress>,
    stale: Mutex<Vec<PathBuf>>,
    /// Deleted partitions' directories and when they may go, by the monotonic clock.
    deletions: Mutex<Vec<(u64, PathBuf)>>,
    /// Held while checkpoint files are written: two writers would share the file beside them.
    writing: Mutex<()>,
    _lock: Box<dyn DirLock>,
}

/// The checkpoint files' content, and which of them have changed since they were written.
#[derive(Debug, Default)]
struct Checkpoints {
    entries: [BTreeMap<TopicPartition, Offset>; Checkpoint::COUNT],
    changed: [bool; Checkpoint::COUNT],
}

impl LogDir {
    /// Opens a log directory, which is created if missing: takes its lock, checks whose it is,
    /// reads its checkpoints, and takes the mark of an orderly stop away.
    ///
    /// A directory without `meta.properties` gets one, with `fresh_id` as its `directory.id`.
    pub fn open(
        disk: Arc<dyn Disk>,
        path: &Path,
        owner: &Owner,
        fresh_id: Uuid,
        now: Tick,
    ) -> Result<Self, StorageError> {
        create(&*disk, path).map_err(|error| StorageError::io("create directory", path, error))?;
        let lock_path = path.join(LOCK);
        let lock = disk.lock(&lock_path);
        let lock = lock.map_err(|error| StorageError::io("lock", &lock_path, error))?;
        let lock = lock.ok_or_else(|| StorageError::Locked { dir: path.to_owned() })?;
        let meta = meta::load_or_create(&*disk, path, owner, fresh_id, now.wall_ms)?;
        let was_clean = take_clean_mark(&*disk, path)?;
        let (partitions, stale) = scan(&*disk, path)?;
        let mut checkpoints = Checkpoints::default();
        for which in Checkpoint::ALL {
            if let Some(slot) = checkpoints.entries.get_mut(which.index()) {
                *slot = checkpoint::read_or_warn(&*disk, path, which)?;
            }
        }
        let progress = Arc::new(RecoveryProgress::of_logs(partitions.len()));
        // after an orderly stop there is nothing to recover
        let unopened =
            if was_clean { HashSet::new() } else { partitions.iter().cloned().collect() };
        let health = DirHealth::new(path);
        Ok(Self {
            env: LogEnv { disk, health },
            path: path.to_owned(),
            meta,
            was_clean,
            unopened: Mutex::new(unopened),
            partitions,
            checkpoints: Mutex::new(checkpoints),
            progress,
            stale: Mutex::new(stale),
            deletions: Mutex::new(Vec::new()),
            writing: Mutex::new(()),
            _lock: lock,
        })
    }

    /// Reads whose a directory is without opening it; `None` if it has no `meta.properties` yet.
    /// The first directory that has one decides the cluster's id.
    pub fn peek(disk: &dyn Disk, path: &Path) -> Result<Option<MetaProperties>, StorageError> {
        meta::load(disk, path)
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whose it is.
    #[must_use]
    pub fn meta(&self) -> &MetaProperties {
        &self.meta
    }

    /// Whether it was closed in order the last time.
    #[must_use]
    pub fn was_clean(&self) -> bool {
        self.was_clean
    }

    /// The partitions found in it when it was opened.
    #[must_use]
    pub fn partitions(&self) -> &[TopicPartition] {
        &self.partitions
    }

    /// What its logs share.
    #[must_use]
    pub fn env(&self) -> &LogEnv {
        &self.env
    }

    /// Whether it may be written to.
    #[must_use]
    pub fn health(&self) -> &Arc<DirHealth> {
        &self.env.health
    }

    /// How far recovery is.
    #[must_use]
    pub fn progress(&self) -> &Arc<RecoveryProgress> {
        &self.progress
    }

    /// Where a partition's log lies.
    #[must_use]
    pub fn partition_dir(&self, partition: &TopicPartition) -> PathBuf {
        self.path.join(partition.dir_name())
    }

    /// Whether a partition has a directory.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn has_partition_dir(&self, partition: &TopicPartition) -> Result<bool, StorageError> {
        let path = self.partition_dir(partition);
        self.env.disk.exists(&path).map_err(|error| StorageError::io("stat", &path, error))
    }

    /// What the checkpoints say of a partition, for [`super::OpenLog`].
    #[must_use]
    pub fn state_of(&self, partition: &TopicPartition) -> LogState {
        let point = self.checkpoint(Checkpoint::RecoveryPoint, partition);
        let start = self.checkpoint(Checkpoint::LogStart, partition);
        LogState {
            recovery_point: point.unwrap_or(Offset::ZERO),
            log_start: start.unwrap_or(Offset::ZERO),
            clean: self.was_clean,
        }
    }

    /// What a checkpoint says of a partition.
    #[must_use]
    pub fn checkpoint(&self, which: Checkpoint, partition: &TopicPartition) -> Option<Offset> {
        let checkpoints = self.checkpoints.lock();
        checkpoints.entries.get(which.index()).and_then(|map| map.get(partition)).copied()
    }

    /// Notes what a checkpoint should say; [`LogDir::write_checkpoints`] writes it. `None` takes
    /// the partition out.
    pub fn note(&self, which: Checkpoint, partition: &TopicPartition, offset: Option<Offset>) {
        let mut checkpoints = self.checkpoints.lock();
        let Some(map) = checkpoints.entries.get_mut(which.index()) else { return };
        let changed = match offset {
            // most partitions are idle: look before cloning the name
            Some(offset) if map.get(partition) == Some(&offset) => false,
            Some(offset) => {
                map.insert(partition.clone(), offset);
                true
            }
            None => map.remove(partition).is_some(),
        };
        if let Some(flag) = checkpoints.changed.get_mut(which.index()) {
            *flag |= changed;
        }
    }

    /// Notes a log's recovery point and start, and that it has been opened.
    pub fn note_log(&self, log: &Log) {
        self.unopened.lock().remove(log.partition());
        self.note(Checkpoint::RecoveryPoint, log.partition(), Some(log.recovery_point()));
        self.note(Checkpoint::LogStart, log.partition(), log.log_start_to_checkpoint());
    }

    /// Writes the checkpoint files that have changed. Blocks on a sync; call it where that may be.
    pub fn write_checkpoints(&self) -> Result<(), StorageError> {
        self.env.health.check()?;
        let _alone = self.writing.lock();
        for which in Checkpoint::ALL {
            let entries = {
                let mut checkpoints = self.checkpoints.lock();
                let flag = checkpoints.changed.get_mut(which.index());
                if !flag.is_some_and(std::mem::take) {
                    continue;
                }
                checkpoints.entries.get(which.index()).cloned().unwrap_or_default()
            };
            let written = checkpoint::write(&*self.env.disk, &self.path, which, &entries);
            written.map_err(|error| self.env.health.fail(error))?;
        }
        Ok(())
    }

    /// Truncates a log after its recovery point on disk was lowered: the records that will be
    /// written there would otherwise pass for checked ones after a crash. Blocks on a sync.
    pub fn truncate(&self, log: &mut Log, now: Tick, offset: Offset) -> Result<bool, StorageError> {
        if offset >= log.log_end_offset() {
            return Ok(false);
        }
        // the batch that holds the offset goes as a whole
        let end = log.batch_start(offset)?;
        self.lower_checkpoints(log, end)?;
        log.truncate_to(now, end)
    }

    /// Empties a log, which then goes on at `offset`; as [`LogDir::truncate`].
    pub fn truncate_fully(
        &self,
        log: &mut Log,
        now: Tick,
        offset: Offset,
    ) -> Result<(), StorageError> {
        self.lower_checkpoints(log, Offset::ZERO)?;
        log.truncate_fully(now, offset)
    }

    fn lower_checkpoints(&self, log: &Log, offset: Offset) -> Result<(), StorageError> {
        for which in [Checkpoint::RecoveryPoint, Checkpoint::LogStart] {
            let written = self.checkpoint(which, log.partition());
            if written.is_some_and(|written| written > offset) {
                self.note(which, log.partition(), Some(offset));
            }
        }
        self.write_checkpoints()
    }

    /// Makes everything in the directory durable at once; only where
    /// [`Disk::syncs_file_system`].
    ///
    /// # Errors
    /// When that fails; the directory is offline then.
    pub fn sync_file_system(&self) -> Result<(), StorageError> {
        self.env.health.check()?;
        let synced = self.env.disk.sync_file_system(&self.path);
        synced.map_err(|e| self.env.health.fail(StorageError::io("sync", &self.path, e)))
    }

    /// Marks the directory as closed in order. Call it last, when every log was closed, noted and
    /// synced. Nothing is marked if the directory is offline, or if logs that needed recovery were
    /// never opened.
    pub fn mark_clean(&self, broker_epoch: i64) -> Result<(), StorageError> {
        self.write_checkpoints()?;
        let unopened = self.unopened.lock().len();
        if unopened > 0 {
            let dir = self.path.display();
            tracing::warn!(%dir, unopened, "not marked as closed: logs were not recovered");
            return Ok(());
        }
        let content = format!("{{\"version\":0,\"brokerEpoch\":{broker_epoch}}}");
        let path = self.path.join(CLEAN_SHUTDOWN);
        layout::write_atomically(&*self.env.disk, &path, content.as_bytes())
    }

    /// Takes a deleted partition's log out of the way: its directory is renamed at once and removed
    /// after `file.delete.delay.ms`.
    ///
    /// The new name is not synced, as many logs may go at once. Should the old one come back after
    /// a loss of power, the topic's id in it tells, and [`LogDir::set_aside`] moves it.
    pub fn delete_log(&self, log: Log, unique: Uuid, now: Tick) -> Result<(), StorageError> {
        let partition = log.partition().clone();
        let delay = log.config().file_delete_delay_ms;
        log.dir_moves();
        drop(log);
        let to = self.rename_log(&partition, &names::delete_dir(&partition, unique))?;
        self.deletions.lock().push((now.monotonic_ms.saturating_add(delay), to));
        Ok(())
    }

    /// Renames a partition's directory that belongs to another topic of the same name, or to none,
    /// so that a new one can take its place. It is kept as `topic-N.<uuid>-stray`, as Kafka keeps
    /// it.
    pub fn set_aside(
        &self,
        partition: &TopicPartition,
        unique: Uuid,
    ) -> Result<PathBuf, StorageError> {
        self.rename_log(partition, &names::stray_dir(partition, unique))
    }

    fn rename_log(&self, partition: &TopicPartition, name: &str) -> Result<PathBuf, StorageError> {
        self.env.health.check()?;
        self.unopened.lock().remove(partition);
        for which in Checkpoint::ALL {
            self.note(which, partition, None);
        }
        let from = self.partition_dir(partition);
        let to = self.path.join(name);
        let renamed = self.env.disk.rename(&from, &to);
        renamed.map_err(|e| self.env.health.fail(StorageError::io("rename", &from, e)))?;
        Ok(to)
    }

    /// When the next deleted partition's directory may be removed, by the monotonic clock.
    #[must_use]
    pub fn next_deletion_ms(&self) -> Option<u64> {
        self.deletions.lock().iter().map(|(due, _)| *due).min()
    }

    /// The deleted partitions' directories that may be removed now, including those that an earlier
    /// process left.
    pub fn take_deletions(&self, now: Tick) -> Option<DeleteJob> {
        let mut dirs = std::mem::take(&mut *self.stale.lock());
        let mut deletions = self.deletions.lock();
        deletions.retain(|(due, path)| {
            let waits = *due > now.monotonic_ms;
            if !waits {
                dirs.push(path.clone());
            }
            waits
        });
        let env = &self.env;
        (!dirs.is_empty())
            .then(|| DeleteJob::of_dirs(dirs, Arc::clone(&env.disk), Arc::clone(&env.health)))
    }
}

/// Creates a log directory that is missing, durably.
fn create(disk: &dyn Disk, path: &Path) -> std::io::Result<()> {
    if disk.exists(path)? {
        return Ok(());
    }
    disk.create_dir_all(path)?;
    path.parent().map_or(Ok(()), |parent| disk.sync_dir(parent))
}

/// The partitions in a log directory, and the directories that an earlier process was to delete.
fn scan(disk: &dyn Disk, path: &Path) -> Result<(Vec<TopicPartition>, Vec<PathBuf>), StorageError> {
    let entries = disk.list(path).map_err(|error| StorageError::io("list", path, error))?;
    let mut partitions = Vec::new();
    let mut stale = Vec::new();
    for entry in entries.iter().filter(|entry| entry.is_dir) {
        match names::classify_dir(&entry.name) {
            DirKind::Partition(partition) => partitions.push(partition),
            DirKind::Delete => stale.push(path.join(&entry.name)),
            DirKind::Future | DirKind::Stray | DirKind::Other => {}
        }
    }
    partitions.sort_unstable();
    Ok((partitions, stale))
}

/// Whether the mark of an orderly stop was there. It is removed, durably, before anything is
/// written: a crash from now on is not orderly.
fn take_clean_mark(disk: &dyn Disk, path: &Path) -> Result<bool, StorageError> {
    let mark = path.join(CLEAN_SHUTDOWN);
    let there = disk.exists(&mark).map_err(|error| StorageError::io("stat", &mark, error))?;
    if there {
        let removed = disk.remove_file(&mark).and_then(|()| disk.sync_dir(path));
        removed.map_err(|error| StorageError::io("delete", &mark, error))?;
    }
    Ok(there)
}

#[cfg(test)]
#[path = "dir_tests.rs"]
mod tests;

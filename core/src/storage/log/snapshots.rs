//! Small files beside the segments: snapshots of producer state (`%020d.snapshot`, opaque bytes
//! here), leader epochs, the topic's id.

use std::io::{self, IoSlice};
use std::path::PathBuf;

use super::Log;
use crate::base::{Offset, TopicId};
use crate::storage::dir::{self, EpochStart};
use crate::storage::names::{self, segment_file};
use crate::storage::{OpenMode, StorageError};

/// The largest snapshot that is read back: some 900,000 producers.
const MAX_SNAPSHOT: usize = 64 << 20;

impl Log {
    /// Writes the snapshot of the state before `offset`, in place of one that is there.
    ///
    /// Not synced: a snapshot that did not survive, or is torn, is told by its checksum, and an
    /// older one with more of the log gives the same state.
    pub fn write_snapshot(&self, offset: Offset, content: &[u8]) -> Result<(), StorageError> {
        self.env.health.check()?;
        let path = self.snapshot_path(offset);
        let written = self
            .env
            .disk
            .open(&path, OpenMode::Truncate)
            .and_then(|file| file.write_at(&[IoSlice::new(content)], 0));
        self.poison(written.map_err(|error| StorageError::io("write", &path, error)))
    }

    /// Reads the snapshot at `offset`; `None` if there is none.
    pub fn read_snapshot(&self, offset: Offset) -> Result<Option<Vec<u8>>, StorageError> {
        let path = self.snapshot_path(offset);
        let content = self.env.disk.read_small(&path, MAX_SNAPSHOT);
        content.map_err(|error| StorageError::io("read", &path, error))
    }

    /// Deletes the snapshot at `offset`, if there is one.
    pub fn delete_snapshot(&self, offset: Offset) -> Result<(), StorageError> {
        let path = self.snapshot_path(offset);
        match self.env.disk.remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                self.poison(Err(StorageError::io("delete", &path, error)))
            }
            _ => Ok(()),
        }
    }

    /// Replaces the partition's leader epochs. They are durable with the next [`FlushJob`]; lost
    /// before that, recovery finds them again in the batches it scans.
    ///
    /// [`FlushJob`]: crate::storage::FlushJob
    pub fn write_leader_epochs(&mut self, epochs: &[EpochStart]) -> Result<(), StorageError> {
        self.env.health.check()?;
        let written = dir::write_leader_epochs(&*self.env.disk, &self.dir, epochs);
        self.flush.replaced(names::LEADER_EPOCH_CHECKPOINT);
        self.poison(written)
    }

    /// The leader epochs on disk are right, but may not be durable: they were written by a process
    /// that has ended. The next [`FlushJob`] syncs them.
    ///
    /// [`FlushJob`]: crate::storage::FlushJob
    pub(crate) fn leader_epochs_unsynced(&mut self) {
        self.flush.replaced(names::LEADER_EPOCH_CHECKPOINT);
    }

    /// Writes which topic, by id, the directory belongs to. Durable with the next [`FlushJob`].
    ///
    /// [`FlushJob`]: crate::storage::FlushJob
    pub fn write_topic_id(&mut self, topic: TopicId) -> Result<(), StorageError> {
        self.env.health.check()?;
        let written = dir::write_partition_metadata(&*self.env.disk, &self.dir, topic);
        self.flush.replaced(names::PARTITION_METADATA);
        self.poison(written)
    }

    /// Reads which topic, by id, the directory belongs to; `None` if it does not say.
    pub fn read_topic_id(&self) -> Result<Option<TopicId>, StorageError> {
        dir::read_partition_metadata(&*self.env.disk, &self.dir)
    }

    fn snapshot_path(&self, offset: Offset) -> PathBuf {
        self.dir.join(segment_file(offset, names::SNAPSHOT))
    }

    /// The file of batches of the segment at `base`.
    pub(super) fn segment_path(&self, base: Offset) -> PathBuf {
        self.dir.join(segment_file(base, names::LOG))
    }
}

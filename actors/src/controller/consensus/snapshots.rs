//! Snapshot files of the metadata log: `<end offset>-<epoch>.checkpoint`, as KRaft names them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use openraft::SnapshotMeta;
use ottla_core::base::{LeaderEpoch, Offset};
use ottla_core::controller::{SnapshotContent, decode_snapshot, encode_snapshot};
use ottla_core::storage::{Disk, StorageError};

use super::quorum_state::replace;
use super::types::{NodeId, log_id, stored_membership};
use super::{ConsensusError, io_error};

const SUFFIX: &str = ".checkpoint";
const LIMIT: usize = 1 << 30;

/// The snapshots in one directory.
#[derive(Clone, Debug)]
pub(super) struct Snapshots {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
}

/// A snapshot that was read.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) meta: SnapshotMeta<NodeId, openraft::EmptyNode>,
    pub(super) bytes: Vec<u8>,
    pub(super) content: SnapshotContent,
}

/// KRaft names a snapshot by the first offset it does not hold.
fn file_name(last: Offset, epoch: LeaderEpoch) -> String {
    format!("{:020}-{:010}{SUFFIX}", last.plus(1).0, epoch.0)
}

fn parse_name(name: &str) -> Option<(Offset, LeaderEpoch)> {
    let (end, epoch) = name.strip_suffix(SUFFIX)?.split_once('-')?;
    let end: i64 = end.parse().ok()?;
    Some((Offset(end.checked_sub(1)?), LeaderEpoch(epoch.parse().ok()?)))
}

/// openraft's description of a snapshot.
pub(super) fn meta(
    last: (Offset, LeaderEpoch),
    content: &SnapshotContent,
) -> SnapshotMeta<NodeId, openraft::EmptyNode> {
    SnapshotMeta {
        last_log_id: Some(log_id(last.0, last.1)),
        last_membership: stored_membership(content.membership_at, &content.membership),
        snapshot_id: format!("{}-{}", last.0.plus(1), last.1),
    }
}

impl Snapshots {
    fn listed(&self) -> Result<Vec<(Offset, LeaderEpoch, String)>, StorageError> {
        let entries = self.disk.list(&self.dir).map_err(|e| io_error("list", &self.dir, e))?;
        let mut found: Vec<_> = entries
            .into_iter()
            .filter_map(|e| parse_name(&e.name).map(|(last, epoch)| (last, epoch, e.name)))
            .collect();
        found.sort();
        Ok(found)
    }

    /// The newest snapshot; one that is damaged stops the start, for the log before it is gone.
    pub(super) fn newest(&self) -> Result<Option<Stored>, ConsensusError> {
        let Some((last, epoch, name)) = self.listed()?.pop() else { return Ok(None) };
        let path = self.dir.join(name);
        let read = self.disk.read_small(&path, LIMIT);
        let bytes = read.map_err(|e| io_error("read", &path, e))?.unwrap_or_default();
        let content = decode_snapshot(&bytes)?;
        Ok(Some(Stored { meta: meta((last, epoch), &content), bytes, content }))
    }

    /// Writes a snapshot and removes those before it.
    pub(super) fn write(
        &self,
        last: (Offset, LeaderEpoch),
        content: SnapshotContent,
        wall_ms: i64,
    ) -> Result<Stored, StorageError> {
        let bytes = encode_snapshot(&content, last.1, wall_ms);
        let meta = meta(last, &content);
        self.put(last, &bytes)?;
        Ok(Stored { meta, bytes, content })
    }

    /// Writes the bytes of a snapshot and removes those before it.
    pub(super) fn put(
        &self,
        last: (Offset, LeaderEpoch),
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        let name = file_name(last.0, last.1);
        let path = self.dir.join(&name);
        replace(&*self.disk, &path, &[bytes]).map_err(|e| io_error("write", &path, e))?;
        for (_, _, old) in self.listed()?.into_iter().filter(|(_, _, other)| *other < name) {
            remove(&*self.disk, &self.dir.join(old))?;
        }
        Ok(())
    }
}

fn remove(disk: &dyn Disk, path: &Path) -> Result<(), StorageError> {
    disk.remove_file(path).map_err(|e| io_error("remove", path, e))
}

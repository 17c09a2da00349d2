//! The vote, kept in `quorum-state` as Kafka keeps it: one small JSON file, replaced whole.

use std::io::{self, IoSlice};
use std::path::Path;

use openraft::Vote;
use ottla_core::storage::{Disk, OpenMode, StorageError};
use serde::{Deserialize, Serialize};

use super::io_error;
use super::types::NodeId;

const FILE: &str = "quorum-state";
const LIMIT: usize = 64 << 10;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct QuorumState {
    leader_id: i64,
    leader_epoch: u64,
    voted_id: i64,
    #[serde(rename = "data_version")]
    data_version: i16,
}

/// Writes the vote so that it survives a loss of power.
pub(super) fn save(disk: &dyn Disk, dir: &Path, vote: &Vote<NodeId>) -> Result<(), StorageError> {
    let voted = vote.leader_id().voted_for().and_then(|id| i64::try_from(id).ok()).unwrap_or(-1);
    let state = QuorumState {
        leader_id: if vote.is_committed() { voted } else { -1 },
        leader_epoch: vote.leader_id().get_term(),
        voted_id: voted,
        data_version: 1,
    };
    let path = dir.join(FILE);
    let bytes = serde_json::to_vec(&state).unwrap_or_default();
    replace(disk, &path, &[&bytes]).map_err(|e| io_error("write", &path, e))
}

/// Writes `parts` to a file beside `path`, syncs it, and puts it in place.
pub(super) fn replace(disk: &dyn Disk, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let draft = path.with_extension("tmp");
    let file = disk.open(&draft, OpenMode::Truncate)?;
    let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
    file.write_at(&slices, 0)?;
    file.sync_data()?;
    disk.rename(&draft, path)?;
    match path.parent() {
        Some(dir) => disk.sync_dir(dir),
        None => Ok(()),
    }
}

/// The vote that was saved last; none before the first.
pub(super) fn load(disk: &dyn Disk, dir: &Path) -> Result<Option<Vote<NodeId>>, StorageError> {
    let path = dir.join(FILE);
    let content = disk.read_small(&path, LIMIT).map_err(|e| io_error("read", &path, e))?;
    let Some(content) = content else { return Ok(None) };
    let state: QuorumState = serde_json::from_slice(&content)
        .map_err(|e| io_error("parse", &path, io::Error::from(e)))?;
    let voted = NodeId::try_from(state.voted_id.max(state.leader_id)).unwrap_or_default();
    let vote = match state.leader_id {
        -1 => Vote::new(state.leader_epoch, voted),
        _ => Vote::new_committed(state.leader_epoch, voted),
    };
    Ok(Some(vote))
}

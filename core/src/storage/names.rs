//! Names of files and directories, as Kafka's `LogFileUtils`, `LocalLog` and `UnifiedLog` make
//! them.

use crate::base::{Offset, TopicPartition};

/// Suffix of a file that holds batches.
pub const LOG: &str = "log";
/// Suffix of an offset index.
pub const INDEX: &str = "index";
/// Suffix of a time index.
pub const TIME_INDEX: &str = "timeindex";
/// Suffix of an index of aborted transactions.
pub const TXN_INDEX: &str = "txnindex";
/// Suffix of a snapshot of producer state.
pub const SNAPSHOT: &str = "snapshot";
/// Added to a file that is to be deleted after `file.delete.delay.ms`.
pub const DELETED: &str = ".deleted";
/// Added to a segment that the cleaner is writing.
pub const CLEANED: &str = ".cleaned";
/// Added to a cleaned segment that is about to take its original's place.
pub const SWAP: &str = ".swap";
/// Ends the name of a partition's directory that is to be deleted.
pub const DELETE_DIR: &str = "-delete";
/// Ends the name of a partition's directory that a move between directories is filling.
pub const FUTURE_DIR: &str = "-future";
/// Ends the name of a partition's directory that this broker no longer is a replica of.
pub const STRAY_DIR: &str = "-stray";
/// The file with a topic's id.
pub const PARTITION_METADATA: &str = "partition.metadata";
/// The file with the leader epochs' start offsets.
pub const LEADER_EPOCH_CHECKPOINT: &str = "leader-epoch-checkpoint";
/// The directory of the metadata log; not a topic's.
pub const METADATA_LOG_DIR: &str = "__cluster_metadata-0";
/// The longest name of a file.
const MAX_NAME: usize = 255;

/// `%020d.suffix`.
#[must_use]
pub fn segment_file(base_offset: Offset, suffix: &str) -> String {
    format!("{:020}.{suffix}", base_offset.0)
}

/// What a file in a partition's directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Batches.
    Log(Offset),
    /// Offset index.
    Index(Offset),
    /// Time index.
    TimeIndex(Offset),
    /// Index of aborted transactions.
    TxnIndex(Offset),
    /// Producer state up to this offset.
    Snapshot(Offset),
    /// To be deleted.
    Deleted,
    /// Left over from cleaning that did not finish.
    Cleaned,
    /// A cleaned file that was about to take its original's place.
    Swap,
    /// Something else.
    Other,
}

/// Tells what `name` is.
#[must_use]
pub fn classify(name: &str) -> FileKind {
    if name.ends_with(DELETED) {
        return FileKind::Deleted;
    }
    if name.ends_with(CLEANED) {
        return FileKind::Cleaned;
    }
    if name.ends_with(SWAP) {
        return FileKind::Swap;
    }
    let Some((stem, suffix)) = name.split_once('.') else { return FileKind::Other };
    if stem.is_empty() || !stem.bytes().all(|byte| byte.is_ascii_digit()) {
        return FileKind::Other;
    }
    let Ok(offset) = stem.parse().map(Offset) else { return FileKind::Other };
    match suffix {
        LOG => FileKind::Log(offset),
        INDEX => FileKind::Index(offset),
        TIME_INDEX => FileKind::TimeIndex(offset),
        TXN_INDEX => FileKind::TxnIndex(offset),
        SNAPSHOT => FileKind::Snapshot(offset),
        _ => FileKind::Other,
    }
}

/// What a directory inside a log directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirKind {
    /// A partition's log.
    Partition(TopicPartition),
    /// A deleted partition's log, on its way out.
    Delete,
    /// A copy that a move between directories was filling.
    Future,
    /// A partition this broker no longer is a replica of.
    Stray,
    /// Something else; left alone.
    Other,
}

/// Tells what the directory `name` is.
#[must_use]
pub fn classify_dir(name: &str) -> DirKind {
    // the metadata log is the controller's, which opens it by its name
    if name == METADATA_LOG_DIR {
        return DirKind::Other;
    }
    // `topic.<32 hex digits>-delete`: the topic's own name may end in the same word
    let unique = |suffix: &str| {
        name.strip_suffix(suffix)
            .and_then(|rest| rest.rsplit_once('.'))
            .is_some_and(|(_, id)| id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if unique(DELETE_DIR) {
        return DirKind::Delete;
    }
    if unique(FUTURE_DIR) {
        return DirKind::Future;
    }
    if unique(STRAY_DIR) {
        return DirKind::Stray;
    }
    match name.rsplit_once('-') {
        Some((topic, partition))
            if !topic.is_empty() && partition.bytes().all(|b| b.is_ascii_digit()) =>
        {
            match partition.parse() {
                Ok(partition) => DirKind::Partition(TopicPartition::new(topic, partition)),
                Err(_) => DirKind::Other,
            }
        }
        _ => DirKind::Other,
    }
}

/// The name a deleted partition's directory gets: `topic-N.<uuid>-delete`, the topic cut so that
/// the name stays within 255 bytes (`UnifiedLog.logDeleteDirName`).
#[must_use]
pub fn delete_dir(partition: &TopicPartition, unique: uuid::Uuid) -> String {
    unique_dir(partition, unique, DELETE_DIR)
}

/// The name a directory gets that belongs to no partition of this broker: `topic-N.<uuid>-stray`.
#[must_use]
pub fn stray_dir(partition: &TopicPartition, unique: uuid::Uuid) -> String {
    unique_dir(partition, unique, STRAY_DIR)
}

fn unique_dir(partition: &TopicPartition, unique: uuid::Uuid, ending: &str) -> String {
    let suffix = format!("-{}.{}{ending}", partition.partition, unique.simple());
    let keep = partition.topic.len().min(MAX_NAME.saturating_sub(suffix.len()));
    // topic names are ASCII; a name that is not is kept whole rather than cut inside a character
    let topic = partition.topic.get(..keep).unwrap_or(&partition.topic);
    format!("{topic}{suffix}")
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;

//! What can be wrong with a log directory, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use crate::base::{Offset, TopicPartition};
use crate::partition::SnapshotError;
use crate::storage::{Problem, StorageError};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// A broker deals with it by itself, or it does no harm yet.
    Warning,
    /// Records are lost or cannot be read, or a broker will not start.
    Error,
}

impl Severity {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something that is not as it should be.
#[derive(Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file or directory.
    pub path: PathBuf,
    /// What it is.
    pub wrong: Wrong,
}

/// What is wrong with a file or directory.
#[derive(Debug)]
pub enum Wrong {
    /// It cannot be read, or is not of its form.
    Storage(StorageError),
    /// A process has the directory open.
    InUse,
    /// The directory was not closed in order.
    Unclean,
    /// There are logs, but nothing says whose they are.
    NoMeta,
    /// A log that no broker's metadata named when it was last started.
    Stray,
    /// From here on the batches of a segment are not whole.
    Batches {
        /// Where in the file.
        position: u64,
        /// What is wrong with the first of them.
        problem: Problem,
        /// The bytes from there to the end of the file.
        bytes: u64,
        /// Whether it is the last segment, of a log that was being written.
        torn: bool,
    },
    /// A segment begins before the one in front of it ends.
    Overlap {
        /// Where the one in front ends.
        expected: Offset,
        /// Where this one begins.
        begins: Offset,
    },
    /// A segment has no index of this kind.
    NoIndex,
    /// An index entry that leads to no batch, or to another one.
    IndexEntry {
        /// Its number, from 0.
        entry: usize,
    },
    /// An index whose segment is gone.
    Orphan,
    /// A snapshot of producers that cannot be read.
    Snapshot(SnapshotError),
    /// A snapshot, or a leader epoch, of an offset that the log does not reach.
    BehindEnd {
        /// The offset.
        offset: Offset,
        /// Where the log ends.
        end: Offset,
    },
    /// Leader epochs that do not rise.
    Epochs,
    /// A checkpoint that says more than there is.
    Checkpoint {
        /// Of which partition.
        partition: TopicPartition,
        /// What it says.
        offset: Offset,
        /// Where the log starts.
        start: Offset,
        /// Where it ends.
        end: Offset,
    },
}

impl Wrong {
    /// What to do.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Storage(StorageError::Io { .. }) => {
                "look at the disk and at who owns the file; the broker needs to read and write it"
            }
            Self::Storage(StorageError::Malformed { .. }) => {
                "compare the file with a good one, or move it away: the broker writes it anew"
            }
            Self::Storage(StorageError::Corrupt { problem: Problem::Index, .. })
            | Self::IndexEntry { .. } => {
                "stop the broker and delete the index: it is built anew from the segment"
            }
            Self::Storage(_) => "see the message",
            Self::InUse => "check the broker with --bootstrap-server, or stop it for a full check",
            Self::Unclean => "nothing: the broker recovers the logs when it starts",
            Self::NoMeta => {
                "start the broker with the node.id of these logs, or put meta.properties back"
            }
            Self::Stray => "delete it when you are sure that its records are not needed",
            Self::Batches { torn: true, .. } => {
                "nothing: the broker cuts the end off when it recovers the log"
            }
            Self::Batches { problem: Problem::OldFormat, .. } => {
                "start Kafka 3 on the directory once to rewrite it"
            }
            Self::Batches { .. } => {
                "bring the segment back from a replica or a backup; what is behind this is lost"
            }
            Self::Overlap { .. } => "keep the segment with more batches and move the other away",
            Self::NoIndex => "nothing: the broker builds it anew when it opens the log",
            Self::Orphan => "nothing: the broker deletes it when it opens the log",
            Self::Snapshot(_) | Self::BehindEnd { .. } => {
                "stop the broker and delete the file: the state is built anew from the segments"
            }
            Self::Epochs => "stop the broker and bring the file back from a replica",
            Self::Checkpoint { .. } => {
                "find out whether segments were deleted by hand; bring them back, or move the \
                 checkpoint file away"
            }
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => error.fmt(f),
            Self::InUse => f.write_str("a broker has the directory open"),
            Self::Unclean => f.write_str("the directory was not closed in order"),
            Self::NoMeta => f.write_str("there are logs, but no meta.properties"),
            Self::Stray => f.write_str("a log that belongs to no topic"),
            Self::Batches { position, problem, bytes, .. } => {
                write!(f, "{problem} at byte {position}; {bytes} bytes from there to the end")
            }
            Self::Overlap { expected, begins } => {
                write!(f, "begins at offset {begins}, but the segment in front ends at {expected}")
            }
            Self::NoIndex => f.write_str("the index is missing"),
            Self::IndexEntry { entry } => write!(f, "entry {entry} does not lead to its batch"),
            Self::Orphan => f.write_str("an index without its segment"),
            Self::Snapshot(error) => error.fmt(f),
            Self::BehindEnd { offset, end } => {
                write!(f, "is about offset {offset}, but the log ends at {end}")
            }
            Self::Epochs => f.write_str("leader epochs do not rise"),
            Self::Checkpoint { partition, offset, start, end } => {
                write!(f, "says {offset} of {partition}, whose log has {start} to {end}")
            }
        }
    }
}

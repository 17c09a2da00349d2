//! What can go wrong between a log and its disk.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::Offset;

/// Why a log, an index or a log directory could not do what was asked.
#[derive(Debug)]
pub enum StorageError {
    /// The operating system refused; for a write or a sync the directory is offline from now on.
    Io {
        /// What was being done, as a verb: `write`, `open` …
        action: &'static str,
        /// To which file or directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// An earlier write or sync failed in this log directory; it refuses writes until re-opened.
    Offline {
        /// The log directory.
        dir: PathBuf,
        /// The failure that took it offline.
        reason: Arc<str>,
    },
    /// The offset asked for is not in the log.
    OffsetOutOfRange {
        /// The offset asked for.
        requested: Offset,
        /// Where the log starts.
        start: Offset,
        /// One past the last offset.
        end: Offset,
    },
    /// A batch does not continue the log.
    OutOfOrder {
        /// The base offset that the log expected at least.
        expected: Offset,
        /// The base offset that came.
        got: Offset,
    },
    /// The sizes given for the batches do not add up to the bytes given.
    SizeMismatch {
        /// Sum of the batches' sizes.
        batches: u64,
        /// Length of the bytes.
        bytes: u64,
    },
    /// A file holds something that cannot be there.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in the file.
        position: u64,
        /// What is wrong.
        problem: Problem,
    },
    /// Another process holds the directory.
    Locked {
        /// The log directory.
        dir: PathBuf,
    },
    /// A checkpoint or properties file could not be understood.
    Malformed {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// The directory belongs to someone else.
    WrongOwner {
        /// The `meta.properties` file.
        path: PathBuf,
        /// The key that differs.
        key: &'static str,
        /// What the file says.
        found: String,
        /// What this process is.
        expected: String,
    },
}

/// What is wrong with a stored batch or index entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The file ends inside a batch.
    Truncated,
    /// A header that is not one of a batch in format 2.
    Header,
    /// A whole message of format 0 or 1, which brokers wrote before Kafka 0.11.
    OldFormat,
    /// The checksum does not match.
    Checksum,
    /// Offsets that go back.
    Offsets,
    /// An offset that does not fit in 32 bits relative to the segment's base offset.
    OffsetOverflow,
    /// Records that cannot be decompressed or decoded.
    Records,
    /// An index whose size is not a whole number of entries or whose entries go back.
    Index,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the file ends inside a batch",
            Self::Header => "not a batch header",
            Self::OldFormat => {
                "message format 0 or 1 is not supported: upgrade it with Kafka 3 first"
            }
            Self::Checksum => "checksum mismatch",
            Self::Offsets => "offsets go back",
            Self::OffsetOverflow => "offset too far from the segment's base offset",
            Self::Records => "records cannot be decoded",
            Self::Index => "index entries are out of order",
        })
    }
}

impl StorageError {
    /// Wraps what the operating system said about `path`.
    pub(crate) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { action, path: path.to_owned(), source }
    }

    /// Whether the log directory itself is unusable after this error (`KafkaStorageException`), as
    /// opposed to a request that asked for something impossible.
    #[must_use]
    pub fn is_fatal_to_dir(&self) -> bool {
        matches!(self, Self::Io { .. } | Self::Offline { .. })
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path, source } => {
                write!(f, "cannot {action} {}: {source}", path.display())
            }
            Self::Offline { dir, reason } => {
                write!(f, "log directory {} is offline: {reason}", dir.display())
            }
            Self::OffsetOutOfRange { requested, start, end } => {
                write!(f, "offset {requested} is outside the log, which has {start} to {end}")
            }
            Self::OutOfOrder { expected, got } => {
                write!(f, "batch with base offset {got} cannot follow offset {expected}")
            }
            Self::SizeMismatch { batches, bytes } => {
                write!(f, "batches of {batches} bytes in all were given as {bytes} bytes")
            }
            Self::Corrupt { path, position, problem } => {
                write!(f, "{} is corrupt at byte {position}: {problem}", path.display())
            }
            Self::Locked { dir } => write!(
                f,
                "failed to acquire lock on file .lock in {}: another process is using it",
                dir.display()
            ),
            Self::Malformed { path, line, expected } => {
                write!(f, "{} line {line}: expected {expected}", path.display())
            }
            Self::WrongOwner { path, key, found, expected } => write!(
                f,
                "{} has {key}={found}, but this broker has {expected}: \
                 wrong log directory, or a wrong setting",
                path.display()
            ),
        }
    }
}

impl std::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

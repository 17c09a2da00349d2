//! Why a file cannot be dumped.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use ottla_core::record::RecordError;

use super::decoder::DecodeError;

/// What ends a dump.
#[derive(Debug)]
pub(super) enum DumpError {
    /// A file that cannot be opened or read.
    Read { path: PathBuf, source: io::Error },
    /// What is printed cannot be written.
    Write(io::Error),
    /// A decoder's class that is not one of Kafka's own.
    Class(String),
    /// A name that is not that of a segment's file.
    Name(PathBuf),
    /// Bytes that are no batch.
    Batch { path: PathBuf, position: u64, error: RecordError },
    /// A record that cannot be read.
    Decode(DecodeError),
    /// An index that fails its check: Kafka's own words.
    Index(String),
    /// An index entry with no batch in the log where it points.
    NoBatch { path: PathBuf, position: u64 },
}

impl DumpError {
    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Read { path: path.to_owned(), source }
    }
}

impl fmt::Display for DumpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Write(source) => write!(f, "cannot write standard output: {source}"),
            Self::Class(name) => write!(
                f,
                "Failed to load decoder class {name}: known are StringDecoder, IntegerDecoder, \
                 LongDecoder and DefaultDecoder of org.apache.kafka.tools.api"
            ),
            Self::Name(path) => {
                write!(f, "{}: not the name of a file of a log", path.display())
            }
            Self::Batch { path, position, error } => {
                write!(f, "{}: no batch at position {position}: {error}", path.display())
            }
            Self::Decode(error) => error.fmt(f),
            Self::Index(text) => f.write_str(text),
            Self::NoBatch { path, position } => {
                write!(f, "{} has no whole batch at position {position}", path.display())
            }
        }
    }
}

impl std::error::Error for DumpError {}

impl From<io::Error> for DumpError {
    fn from(source: io::Error) -> Self {
        Self::Write(source)
    }
}

impl From<DecodeError> for DumpError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

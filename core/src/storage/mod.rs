//! Segment files, indexes, checkpoints and recovery, behind the trait [`Disk`].
//!
//! Everything here is Kafka's own layout, byte for byte, so that Kafka's tools read our files and
//! either broker opens the other's directory:
//!
//! ```text
//! <log.dirs entry>/                         LogDir
//!   .lock                                   held while a process has the directory open
//!   .kafka_cleanshutdown                    present only after an orderly stop
//!   meta.properties                         who owns the directory
//!   recovery-point-offset-checkpoint        up to where each partition is known to be on disk
//!   log-start-offset-checkpoint             where each partition begins
//!   replication-offset-checkpoint           each partition's high watermark
//!   <topic>-<partition>/                    Log
//!     00000000000000000000.log              batches, one after the other
//!     00000000000000000000.index            offset -> position, sparse
//!     00000000000000000000.timeindex        timestamp -> offset, sparse
//!     00000000000000000042.snapshot         producer state (opaque here)
//!     leader-epoch-checkpoint               where each leader epoch began
//!     partition.metadata                    the topic's id
//! ```
//!
//! A [`Log`] is owned by one actor and does bounded work per call. What takes long is handed out:
//! [`FlushJob`]s (fsync) and [`DeleteJob`]s run on another thread, recovery runs in
//! [`LogDir::open_each`].
#![deny(clippy::indexing_slicing)]

pub mod check;
mod config;
pub mod crash;
mod dir;
mod direct;
mod disk;
mod error;
mod health;
mod index;
mod log;
mod mapped;
pub mod names;
mod partition_log;
mod real_disk;
mod scratch_disk;
mod segment;
mod slice;

pub use config::LogConfig;
pub use dir::{
    Checkpoint, EpochStart, LogDir, MetaProperties, Owner, base64_uuid, parse_base64_uuid,
    read_leader_epochs, read_partition_metadata, write_leader_epochs, write_partition_metadata,
};
pub use disk::{DirEntry, DirLock, Disk, DiskFile, FileStat, OpenMode};
pub use error::{Problem, StorageError};
pub use health::DirHealth;
pub use log::{
    Appended, Appending, ColdRange, ColdRead, DeleteJob, FlushJob, Log, LogEnv, LogState, OpenLog,
    Recovery, RecoveryProgress, ReserveJob, Retired, TimestampHit,
};
pub use mapped::Mapped;
pub use partition_log::{
    AppendContext, AppendError, AppendInfo, AppendOrigin, AppendOutcome, FoundOffset, LogRead,
    OffsetQuery, PartitionLog, PartitionLogRules,
};
pub use real_disk::RealDisk;
pub use scratch_disk::ScratchDisk;
pub use segment::{BatchMeta, BatchVisitor, TimestampOffset};
pub use slice::LogSlice;

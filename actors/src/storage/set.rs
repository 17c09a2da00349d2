//! All log directories of the broker and their actors.

use std::fmt;
use std::sync::Arc;

use actix::Addr;
use ottla_config::Settings;
use ottla_core::base::TopicPartition;
use ottla_core::storage::LogDir;
use uuid::Uuid;

use super::messages::CloseAll;
use super::{OfflineWatch, StorageActor, StorageDir};
use crate::runtime::{Answer, Child, Guardian, ReplyPort, blocking, tell};

/// Room in a storage actor's mailbox; only its own partitions send to it.
const MAILBOX: usize = 65_536;

/// The settings of storage that are not a topic's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageOptions {
    /// `num.recovery.threads.per.data.dir`.
    pub recovery_threads: usize,
    /// `log.retention.check.interval.ms`.
    pub retention_check_ms: u64,
    /// How often the checkpoint files are written, if they changed: the shortest of
    /// `replica.high.watermark.checkpoint.interval.ms` and the two
    /// `log.flush.*.checkpoint.interval.ms`.
    pub checkpoint_ms: u64,
    /// How many files all logs together keep open.
    pub open_files: usize,
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            recovery_threads: 2,
            retention_check_ms: 300_000,
            checkpoint_ms: 5_000,
            open_files: 8_192,
        }
    }
}

impl StorageOptions {
    /// From the broker's settings.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        let checkpoint = settings
            .replica_high_watermark_checkpoint_interval_ms
            .min(settings.log_flush_offset_checkpoint_interval_ms.into())
            .min(settings.log_flush_start_offset_checkpoint_interval_ms.into());
        let threads = settings.num_recovery_threads_per_data_dir;
        Self {
            recovery_threads: usize::try_from(threads).unwrap_or(1).max(1),
            retention_check_ms: u64::try_from(settings.log_retention_check_interval_ms)
                .unwrap_or(300_000),
            checkpoint_ms: u64::try_from(checkpoint).unwrap_or(5_000).max(1),
            ..Self::default()
        }
    }
}

/// No log directory can take a new partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AllOffline;

impl fmt::Display for AllOffline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("every log directory is offline")
    }
}

impl std::error::Error for AllOffline {}

/// The log directories of this broker.
pub struct Storage {
    dirs: Vec<Arc<StorageDir>>,
}

impl Storage {
    /// Starts a storage actor for each directory and core.
    #[must_use]
    pub fn start(guardian: &Guardian, dirs: Vec<LogDir>, options: StorageOptions) -> Arc<Self> {
        let cores = guardian.cores().count();
        let mut options = options;
        options.open_files /= (dirs.len() * cores).max(1);
        let dirs: Vec<_> =
            dirs.into_iter().map(|dir| StorageDir::new(Arc::new(dir), cores)).collect();
        for dir in &dirs {
            for core in 0..cores {
                start_actor(guardian, dir, core, options);
            }
        }
        Arc::new(Self { dirs })
    }

    /// The directories.
    #[must_use]
    pub fn dirs(&self) -> &[Arc<StorageDir>] {
        &self.dirs
    }

    /// The directory with this `directory.id`.
    #[must_use]
    pub fn dir(&self, id: Uuid) -> Option<&Arc<StorageDir>> {
        self.dirs.iter().find(|dir| dir.id() == id)
    }

    /// The directory that had a partition when the broker started.
    #[must_use]
    pub fn holder(&self, partition: &TopicPartition) -> Option<&Arc<StorageDir>> {
        self.dirs.iter().find(|dir| dir.log_dir().partitions().binary_search(partition).is_ok())
    }

    /// Where a new partition goes: the directory with the fewest logs
    /// (`LogManager.nextLogDirs`).
    ///
    /// # Errors
    /// When every directory is offline.
    pub fn place(&self) -> Result<&Arc<StorageDir>, AllOffline> {
        let online = self.dirs.iter().filter(|dir| dir.is_online());
        online.min_by_key(|dir| dir.log_count()).ok_or(AllOffline)
    }

    /// Who is to be called when a directory goes offline.
    pub fn watch(&self, watch: &OfflineWatch) {
        for dir in &self.dirs {
            dir.watch(Arc::clone(watch));
        }
    }

    /// The orderly stop: closes every log, and marks each directory that closed well. True if all
    /// did. Partitions should not be served any more.
    pub async fn close(&self, broker_epoch: i64) -> bool {
        let mut all_good = true;
        for dir in &self.dirs {
            let mut good = dir.is_online();
            let closing: Vec<_> = dir.storages().iter().map(close).collect();
            for closed in closing {
                good &= closed.await == Some(true);
            }
            if good {
                let log_dir = Arc::clone(dir.log_dir());
                let marked = blocking(move || log_dir.mark_clean(broker_epoch)).await;
                good = matches!(marked, Ok(Ok(())));
            }
            all_good &= good;
        }
        all_good
    }
}

fn close(storage: &Arc<Addr<StorageActor>>) -> Answer<Option<bool>> {
    let (reply, answer) = ReplyPort::oneshot();
    tell(storage, CloseAll(reply));
    answer
}

fn start_actor(guardian: &Guardian, dir: &Arc<StorageDir>, core: usize, options: StorageOptions) {
    let name = format!("storage {} on core {core}", dir.log_dir().path().display());
    let (owner, published, given_up) = (Arc::clone(dir), Arc::clone(dir), Arc::clone(dir));
    let child = Child::new(name, core, move |_, epitaph| {
        StorageActor::new(Arc::clone(&owner), core, options, epitaph)
    })
    .mailbox(MAILBOX)
    .publish(move |route| published.publish(core, route.addr))
    .offline(move |_| given_up.give_up());
    guardian.start(child);
}

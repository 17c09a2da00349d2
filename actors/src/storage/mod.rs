//! One actor for each log directory and arbiter: owns the logs of the partitions that live there.
//!
//! Appends and reads are plain calls into an owned
//! [`PartitionLog`](ottla_core::storage::PartitionLog); what takes long (opening with recovery,
//! syncs, deleting files) runs as a job on a thread that may block. A write that fails takes the
//! whole directory offline: every partition in it answers KAFKA_STORAGE_ERROR from then on, and the
//! rest of the broker serves on.

mod append;
mod data;
mod dir;
mod handles;
mod jobs;
mod lifecycle;
mod listing;
pub mod messages;
mod set;
mod slot;
mod sweep;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use actix::{Actor, Addr, Context};
use ottla_core::base::TopicPartition;
use ottla_core::storage::{AppendOutcome, Appending};

use crate::partition::messages::LogLost;
use crate::runtime::{Epitaph, now, run_interval, tell};
use jobs::Jobs;
use messages::DirectoryFailed;
use slot::{Slot, Slots};

pub use dir::{OfflineWatch, StorageDir};
pub use listing::DirListing;
pub use messages::{
    AckPort, AppendLog, Attach, CloseAll, FindEpochEnd, FindOffset, HighWatermark, ListLogs,
    ListProducers, LogId, LogSize, LogSpec, MoveLogStart, ReadLog, Reconfigure, Release,
};
pub use set::{AllOffline, Storage, StorageOptions};

/// The logs of one directory on one core.
///
/// Lives on its core beside the partitions it serves. Owned by [`Storage`]; its mailbox is fed by
/// those partitions only, one message for each request they were let through; blocks only for
/// writes to the page cache. After a panic it is built anew: its partitions attach again, and
/// their logs are opened with recovery.
pub struct StorageActor {
    dir: Arc<StorageDir>,
    core: usize,
    options: StorageOptions,
    me: Option<Arc<Addr<StorageActor>>>,
    slots: Slots,
    /// Logs being opened, with a later attach for the same log if there was one.
    opening: HashMap<TopicPartition, Option<messages::Attach>>,
    jobs: Jobs,
    handles: handles::Handles,
    sweep: sweep::Sweep,
    /// Kept from one write to the next.
    outcomes: Vec<AppendOutcome>,
    /// Reads of old records leave room for appends that go on.
    appending: Appending,
    /// Files that wait for the next sweep.
    closed: bool,
    _epitaph: Epitaph,
}

impl StorageActor {
    fn new(dir: Arc<StorageDir>, core: usize, options: StorageOptions, epitaph: Epitaph) -> Self {
        Self {
            dir,
            core,
            options,
            me: None,
            slots: Slots::default(),
            opening: HashMap::new(),
            jobs: Jobs::new(options.recovery_threads),
            handles: handles::Handles::new(options.open_files),
            sweep: sweep::Sweep::new(),
            outcomes: Vec::new(),
            appending: Appending::default(),
            closed: false,
            _epitaph: epitaph,
        }
    }

    /// The directory has failed: every log is given up, everybody is told.
    fn fail(&mut self, told_by_other: bool) {
        if self.closed {
            return;
        }
        self.closed = true;
        for mut slot in self.slots.drain() {
            slot.refuse_inbox();
            tell(&slot.partition, LogLost::Failed);
        }
        if !told_by_other {
            self.dir.failed();
            for other in self.dir.others(self.core) {
                tell(&other, DirectoryFailed);
            }
        }
    }

    /// After an error: was it the directory's end?
    fn check_health(&mut self) {
        if self.dir.log_dir().health().is_offline() {
            self.fail(false);
        }
    }
}

impl Actor for StorageActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.me = self.dir.storage(self.core);
        // whoever had its log here before a restart attaches again
        for partition in self.dir.attached(self.core) {
            tell(&partition, LogLost::Rebuilt);
        }
        self.sweep.begin(now(), self.options.retention_check_ms);
        run_interval(ctx, sweep::PERIOD, Self::tick);
    }
}

/// Appends that wait for a sync, and everything behind them.
type Waiting = VecDeque<slot::Synced>;

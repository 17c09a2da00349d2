//! One log directory as its actors share it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix::Addr;
use arc_swap::ArcSwapOption;
use ottla_core::base::TopicPartition;
use ottla_core::storage::{LogDir, StorageError};
use parking_lot::Mutex;
use uuid::Uuid;

use super::StorageActor;
use crate::partition::PartitionActor;
use crate::partition::messages::LogLost;
use crate::runtime::tell;

/// Called once when a directory goes offline, with its `directory.id`.
pub type OfflineWatch = Arc<dyn Fn(Uuid) + Send + Sync>;

/// An open log directory, its storage actors, and who has a log in it.
pub struct StorageDir {
    log_dir: Arc<LogDir>,
    actors: Vec<ArcSwapOption<Addr<StorageActor>>>,
    /// For each core, the partitions whose logs its storage actor has, or had before a restart.
    attached: Vec<Mutex<HashMap<TopicPartition, Arc<Addr<PartitionActor>>>>>,
    /// Logs opened since the process started: opened again, they are not clean any more.
    opened: Mutex<HashSet<TopicPartition>>,
    told: AtomicBool,
    watch: Mutex<Option<OfflineWatch>>,
}

impl StorageDir {
    pub(super) fn new(log_dir: Arc<LogDir>, cores: usize) -> Arc<Self> {
        Arc::new(Self {
            log_dir,
            actors: (0..cores).map(|_| ArcSwapOption::empty()).collect(),
            attached: (0..cores).map(|_| Mutex::default()).collect(),
            opened: Mutex::default(),
            told: AtomicBool::new(false),
            watch: Mutex::default(),
        })
    }

    /// The directory itself.
    #[must_use]
    pub fn log_dir(&self) -> &Arc<LogDir> {
        &self.log_dir
    }

    /// Its `directory.id`.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.log_dir.meta().directory_id
    }

    /// Whether it may be written to.
    #[must_use]
    pub fn is_online(&self) -> bool {
        !self.log_dir.health().is_offline()
    }

    /// The storage actor of a core.
    #[must_use]
    pub fn storage(&self, core: usize) -> Option<Arc<Addr<StorageActor>>> {
        self.actors.get(core).and_then(ArcSwapOption::load_full)
    }

    /// The storage actors of all cores.
    #[must_use]
    pub fn storages(&self) -> Vec<Arc<Addr<StorageActor>>> {
        self.actors.iter().filter_map(ArcSwapOption::load_full).collect()
    }

    pub(super) fn others(&self, core: usize) -> Vec<Arc<Addr<StorageActor>>> {
        let others = self.actors.iter().enumerate().filter(|(at, _)| *at != core);
        others.filter_map(|(_, actor)| actor.load_full()).collect()
    }

    pub(super) fn publish(&self, core: usize, addr: Arc<Addr<StorageActor>>) {
        if let Some(actor) = self.actors.get(core) {
            actor.store(Some(addr));
        }
    }

    pub(crate) fn attach(
        &self,
        core: usize,
        partition: &TopicPartition,
        addr: &Arc<Addr<PartitionActor>>,
    ) {
        if let Some(attached) = self.attached.get(core) {
            attached.lock().insert(partition.clone(), Arc::clone(addr));
        }
    }

    pub(super) fn detach(&self, core: usize, partition: &TopicPartition) {
        if let Some(attached) = self.attached.get(core) {
            attached.lock().remove(partition);
        }
    }

    pub(super) fn attached(&self, core: usize) -> Vec<Arc<Addr<PartitionActor>>> {
        let Some(attached) = self.attached.get(core) else { return Vec::new() };
        attached.lock().values().map(Arc::clone).collect()
    }

    /// How many logs are open in it.
    #[must_use]
    pub fn log_count(&self) -> usize {
        self.attached.iter().map(|attached| attached.lock().len()).sum()
    }

    /// Whether this is the first time a log is opened since the process started.
    pub(super) fn first_open(&self, partition: &TopicPartition) -> bool {
        self.opened.lock().insert(partition.clone())
    }

    /// Who is to be called when the directory goes offline; at once if it is.
    pub fn watch(&self, watch: OfflineWatch) {
        if self.is_online() {
            *self.watch.lock() = Some(watch);
        } else {
            watch(self.id());
        }
    }

    /// A storage actor panicked too often: the directory is not to be trusted.
    pub(super) fn give_up(&self) {
        let source = std::io::Error::other("its storage actor panicked too often");
        let path = self.log_dir.path().to_owned();
        self.log_dir.health().fail(StorageError::Io { action: "serve", path, source });
        for core in 0..self.attached.len() {
            for partition in self.attached(core) {
                tell(&partition, LogLost::Failed);
            }
        }
        self.failed();
    }

    pub(super) fn failed(&self) {
        if !self.told.swap(true, Ordering::AcqRel) {
            let watch = self.watch.lock().clone();
            if let Some(watch) = watch {
                watch(self.id());
            }
        }
    }
}

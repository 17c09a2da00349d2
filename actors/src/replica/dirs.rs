//! Which log directory a replica lies in, and directories that belong to no replica any more.

use std::collections::HashMap;
use std::sync::Arc;

use ottla_core::base::TopicPartition;
use ottla_core::controller::MetadataImage;
use ottla_core::storage::{Disk, names, read_partition_metadata};
use uuid::Uuid;

use crate::storage::{Storage, StorageDir};

/// Chooses directories, counting those chosen before: logs are opened later than they are placed.
pub(super) struct Placement<'a> {
    storage: &'a Storage,
    logs: HashMap<Uuid, usize>,
}

impl<'a> Placement<'a> {
    pub(super) fn new(storage: &'a Storage) -> Self {
        let logs = storage.dirs().iter().map(|dir| (dir.id(), dir.log_count())).collect();
        Self { storage, logs }
    }

    /// Where `partition` lies: where it was found at start, else where it is assigned to, else the
    /// directory with the fewest logs (`LogManager.nextLogDirs`). `None` if that is offline.
    pub(super) fn of(
        &mut self,
        partition: &TopicPartition,
        assigned: Uuid,
    ) -> Option<Arc<StorageDir>> {
        let found = self.storage.holder(partition).filter(|dir| dir.is_online());
        let dir = match found {
            Some(found) => found,
            None if !assigned.is_nil() => {
                self.storage.dir(assigned).filter(|dir| dir.is_online())?
            }
            None => {
                let online = self.storage.dirs().iter().filter(|dir| dir.is_online());
                online.min_by_key(|dir| self.logs.get(&dir.id()).copied().unwrap_or(0))?
            }
        };
        *self.logs.entry(dir.id()).or_default() += 1;
        Some(Arc::clone(dir))
    }
}

/// Moves directories of partitions that the metadata does not know, or knows under another id, out
/// of the way: they are renamed, not deleted, for an operator to look at.
///
/// After an orderly stop the ids need not be looked at: every change had been carried out.
pub(super) fn set_strays_aside(storage: &Storage, disk: &dyn Disk, image: &MetadataImage) {
    for dir in storage.dirs().iter().filter(|dir| dir.is_online()) {
        let log_dir = dir.log_dir();
        let known = |partition: &TopicPartition| -> bool {
            if *partition.topic == *ottla_core::controller::CLUSTER_METADATA {
                return true;
            }
            let Some(topic) = image.topic(&partition.topic) else { return false };
            if image.partition(&partition.topic, partition.partition).is_none() {
                return false;
            }
            let path = log_dir.partition_dir(partition);
            log_dir.was_clean()
                || !matches!(read_partition_metadata(disk, &path), Ok(Some(id)) if id != topic.id)
        };
        for stray in log_dir.partitions().iter().filter(|partition| !known(partition)) {
            let from = log_dir.partition_dir(stray);
            let to = log_dir.path().join(names::stray_dir(stray, Uuid::new_v4()));
            match disk.rename(&from, &to) {
                Ok(()) => tracing::warn!(
                    partition = %stray,
                    to = %to.display(),
                    "log directory of a partition that is not in the metadata was set aside"
                ),
                Err(error) => {
                    tracing::error!(partition = %stray, %error, "cannot set a log directory aside");
                }
            }
        }
    }
}

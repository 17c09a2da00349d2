//! What lies in each log directory.

use std::path::{Path, PathBuf};

use super::{ListLogs, LogSize, Storage, StorageDir};
use crate::runtime::ask;

/// A log directory, and the logs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirListing {
    /// Its absolute path.
    pub path: PathBuf,
    /// Its logs, by partition; none if it is offline.
    pub logs: Option<Vec<LogSize>>,
}

impl Storage {
    /// Asks every storage actor for its logs. A directory of `configured` (`log.dirs`) that could
    /// not be opened is listed as offline.
    pub async fn list(&self, configured: &[PathBuf]) -> Vec<DirListing> {
        let mut listed = Vec::with_capacity(configured.len());
        for path in configured {
            let dir = self.dirs().iter().find(|dir| dir.log_dir().path() == path);
            let logs = match dir.filter(|dir| dir.is_online()) {
                Some(dir) => Some(logs(dir).await),
                None => None,
            };
            listed.push(DirListing { path: absolute(path), logs });
        }
        listed
    }
}

async fn logs(dir: &StorageDir) -> Vec<LogSize> {
    let mut logs = Vec::new();
    for storage in dir.storages() {
        // one that is being rebuilt has no log open right now
        logs.extend(ask(&storage, ListLogs).await.unwrap_or_default());
    }
    logs.sort_unstable_by(|one, other| one.partition.cmp(&other.partition));
    logs
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

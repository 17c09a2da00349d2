//! The log directories: opened before anything that needs them, each under its lock.

use std::path::PathBuf;
use std::sync::Arc;

use ottla_config::Settings;
use ottla_core::storage::{Disk, LogDir, Owner, StorageError, base64_uuid};
use uuid::Uuid;

use super::StartError;
use crate::runtime::{Clock, blocking};

/// Open log directories and the cluster they belong to.
pub(super) struct Opened {
    pub(super) cluster_id: Arc<str>,
    pub(super) dirs: Vec<LogDir>,
}

/// Opens every log directory; one that cannot be read is left out with an error in the log, as
/// long as another can.
///
/// # Errors
/// A directory is locked or belongs to another broker, or none can be opened.
pub(super) async fn open_all(
    settings: Arc<Settings>,
    disk: Arc<dyn Disk>,
    clock: Clock,
) -> Result<Opened, StartError> {
    let open = move || open_blocking(&settings, &disk, &clock);
    let opened = blocking(open).await;
    opened.unwrap_or_else(|_| Err(StartError::Interrupted))
}

fn open_blocking(
    settings: &Settings,
    disk: &Arc<dyn Disk>,
    clock: &Clock,
) -> Result<Opened, StartError> {
    let cluster_id = cluster_id(settings, &**disk);
    let owner = Owner { node_id: settings.node_id, cluster_id: cluster_id.clone() };
    let mut dirs = Vec::new();
    let mut failed = None;
    for path in &settings.log_dirs {
        match LogDir::open(Arc::clone(disk), path, &owner, fresh_id(), clock.now()) {
            Ok(dir) => dirs.push(dir),
            Err(error @ (StorageError::Locked { .. } | StorageError::WrongOwner { .. })) => {
                return Err(StartError::LogDir(error));
            }
            Err(error) => {
                tracing::error!(dir = %path.display(), %error, "log directory is offline");
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if dirs.is_empty() => Err(StartError::LogDir(error)),
        _ => Ok(Opened { cluster_id: cluster_id.into(), dirs }),
    }
}

/// The id that the first directory with a `meta.properties` has, else the setting, else a new one.
fn cluster_id(settings: &Settings, disk: &dyn Disk) -> String {
    let paths: Vec<PathBuf> = settings.log_dirs.clone();
    let known = paths.iter().find_map(|path| LogDir::peek(disk, path).ok().flatten());
    match (known, &settings.ottla_cluster_id) {
        (Some(meta), _) => meta.cluster_id,
        (None, Some(id)) => id.clone(),
        (None, None) => base64_uuid(fresh_id()),
    }
}

/// Kafka's `Uuid.randomUuid`: none whose text begins with a dash, which a command line would take
/// for an option.
fn fresh_id() -> Uuid {
    loop {
        let id = Uuid::new_v4();
        if !base64_uuid(id).starts_with('-') {
            return id;
        }
    }
}

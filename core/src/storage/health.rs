//! Whether a log directory may still be written to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::StorageError;

/// Shared by a log directory and all its logs: the first failed write or sync takes it offline.
///
/// After a failed `fsync` the kernel may have dropped the dirty pages and forgotten the error, so
/// trying again would report success for bytes that are lost. The directory therefore refuses
/// every write until it is opened, and recovered, again.
#[derive(Debug)]
pub struct DirHealth {
    dir: PathBuf,
    offline: AtomicBool,
    reason: Mutex<Option<Arc<str>>>,
}

impl DirHealth {
    /// A healthy directory.
    #[must_use]
    pub fn new(dir: &Path) -> Arc<Self> {
        Arc::new(Self {
            dir: dir.to_owned(),
            offline: AtomicBool::new(false),
            reason: Mutex::new(None),
        })
    }

    /// The log directory this is about.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the directory is offline.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.offline.load(Ordering::Acquire)
    }

    /// `Err(Offline)` once a write has failed.
    pub fn check(&self) -> Result<(), StorageError> {
        if !self.is_offline() {
            return Ok(());
        }
        let reason = self.reason.lock().clone().unwrap_or_else(|| Arc::from("unknown failure"));
        Err(StorageError::Offline { dir: self.dir.clone(), reason })
    }

    /// Takes the directory offline; the first reason stays. Returns the error for the caller.
    pub fn fail(&self, error: StorageError) -> StorageError {
        let mut reason = self.reason.lock();
        if reason.is_none() {
            let text: Arc<str> = Arc::from(error.to_string());
            tracing::error!(
                dir = %self.dir.display(),
                reason = %text,
                "log directory goes offline: it refuses writes until it is opened again"
            );
            *reason = Some(text);
        }
        self.offline.store(true, Ordering::Release);
        error
    }
}

//! Many logs and few files.

use std::path::Path;
use std::sync::Arc;

use ottla_core::base::{Offset, TopicPartition};
use ottla_core::storage::RealDisk;

use super::testing::{Rig, batch, spec};
use crate::storage::StorageOptions;

const LOGS: i32 = 150;

/// Files of the log directory that this process has open.
fn open_files(path: &Path) -> usize {
    let handles = std::fs::read_dir("/proc/self/fd").expect("listed");
    let targets = handles.filter_map(|handle| std::fs::read_link(handle.ok()?.path()).ok());
    targets
        .filter(|target| target.starts_with(path) && target.to_string_lossy().ends_with(".log"))
        .count()
}

fn rig(path: &Path) -> Rig {
    let options = StorageOptions { open_files: 32, ..StorageOptions::default() };
    Rig::with(Arc::new(RealDisk), path, options)
}

#[test]
fn logs_share_few_files_and_are_closed_in_order() {
    let dir = tempfile::tempdir().expect("a directory");
    actix_rt::System::new().block_on(async {
        let logs = || (0..LOGS).map(|at| TopicPartition::new("a", at));
        let before = rig(dir.path());
        for at in 0..LOGS {
            before.open(spec("a", at)).await;
        }
        for turn in 0..3 {
            for log in logs() {
                let appended = before.append(&log, 1, batch(1)).await.expect("appended");
                assert_eq!(appended.first_offset, Offset(turn));
            }
            assert!(open_files(dir.path()) <= 32, "{} files", open_files(dir.path()));
        }
        for log in logs() {
            assert_eq!(before.offsets(&log).await, [0, 1, 2]);
        }
        assert!(open_files(dir.path()) <= 32);
        assert!(before.close().await);

        let after = rig(dir.path());
        assert!(after.storage.dirs()[0].log_dir().was_clean());
        for at in 0..LOGS {
            let bounds = after.open(spec("a", at)).await;
            assert_eq!((bounds.log_end, bounds.high_watermark), (Offset(3), Offset(3)));
        }
        assert!(open_files(dir.path()) <= 32);
        assert!(after.close().await);
    });
}

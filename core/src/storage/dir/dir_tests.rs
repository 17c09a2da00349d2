//! A log directory from open to close.

use super::*;
use crate::storage::{LogConfig, RealDisk};

fn owner() -> Owner {
    Owner { node_id: 1, cluster_id: "_kEcQe8aRgTnBkpKyQG8VQ".to_owned() }
}

fn open(path: &Path) -> Result<LogDir, StorageError> {
    LogDir::open(Arc::new(RealDisk), path, &owner(), Uuid::from_u128(7), Tick::at(1))
}

fn put(path: &Path, name: &str, content: &str) {
    let file = RealDisk.open(&path.join(name), crate::storage::OpenMode::Truncate).unwrap();
    file.write_at(&[std::io::IoSlice::new(content.as_bytes())], 0).unwrap();
}

fn text(path: &Path, name: &str) -> String {
    let content = RealDisk.read_small(&path.join(name), 1 << 20).unwrap().unwrap();
    String::from_utf8(content).unwrap()
}

#[test]
fn a_second_process_is_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let error = open(dir.path()).unwrap_err();
    assert!(matches!(error, StorageError::Locked { .. }));
    assert!(error.to_string().contains("another process"), "{error}");
    drop(first);
    open(dir.path()).unwrap();
}

#[test]
fn another_brokers_directory_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()).unwrap());
    let expected = "#\n#Thu Jan 01 00:00:00 UTC 1970\ncluster.id=_kEcQe8aRgTnBkpKyQG8VQ\n\
                    directory.id=AAAAAAAAAAAAAAAAAAAABw\nnode.id=1\nversion=1\n";
    assert_eq!(text(dir.path(), "meta.properties"), expected);
    let other = Owner { node_id: 2, ..owner() };
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let refused = LogDir::open(disk, dir.path(), &other, Uuid::from_u128(8), Tick::at(1));
    assert!(matches!(refused, Err(StorageError::WrongOwner { key: "node.id", .. })));
    let peeked = LogDir::peek(&RealDisk, dir.path()).unwrap().unwrap();
    assert_eq!(peeked.directory_id, Uuid::from_u128(7));
}

#[test]
fn a_directory_from_the_time_of_zookeeper_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let old = "#\n#Thu Jan 01 00:00:00 UTC 1970\ncluster.id=_kEcQe8aRgTnBkpKyQG8VQ\n\
               version=0\nbroker.id=1\n";
    put(dir.path(), "meta.properties", old);
    let opened = open(dir.path()).unwrap();
    assert_eq!(opened.meta().directory_id, Uuid::from_u128(7));
    assert!(text(dir.path(), "meta.properties").contains("node.id=1\nversion=1\n"));
}

#[test]
fn checkpoints_and_the_clean_mark_survive_in_kafkas_form() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).unwrap();
    assert!(!opened.was_clean());
    let partition = TopicPartition::new("cmp", 1);
    opened.note(Checkpoint::RecoveryPoint, &TopicPartition::new("cmp", 0), Some(Offset(30_114)));
    opened.note(Checkpoint::RecoveryPoint, &partition, Some(Offset(29_886)));
    opened.note(Checkpoint::LogStart, &partition, Some(Offset(5)));
    opened.note(Checkpoint::LogStart, &partition, None);
    opened.mark_clean(11).unwrap();
    drop(opened);
    let recovery = text(dir.path(), "recovery-point-offset-checkpoint");
    assert_eq!(recovery, "0\n2\ncmp 0 30114\ncmp 1 29886\n");
    assert_eq!(text(dir.path(), "log-start-offset-checkpoint"), "0\n0\n");
    assert_eq!(text(dir.path(), ".kafka_cleanshutdown"), "{\"version\":0,\"brokerEpoch\":11}");

    let opened = open(dir.path()).unwrap();
    assert!(opened.was_clean());
    let state = opened.state_of(&partition);
    assert_eq!(state.recovery_point, Offset(29_886));
    drop(opened);
    assert!(!open(dir.path()).unwrap().was_clean(), "the mark is good for one start");
}

#[test]
fn a_corrupt_checkpoint_is_ignored_with_a_warning() {
    for content in ["1\n0\n", "0\nx\n", "0\n2\na 0 1\n", "0\n1\na b 1\n", "0\n1\na 0 -4\n", "\u{0}"]
    {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "recovery-point-offset-checkpoint", content);
        put(dir.path(), "log-start-offset-checkpoint", "");
        let opened = open(dir.path()).unwrap();
        let state = opened.state_of(&TopicPartition::new("a", 0));
        assert_eq!(state.recovery_point, Offset::ZERO, "{content:?}");
    }
}

#[test]
fn a_deleted_log_is_renamed_then_removed() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).unwrap();
    let partition = TopicPartition::new("gone", 0);
    let config = Arc::new(LogConfig { file_delete_delay_ms: 100, ..LogConfig::default() });
    let path = opened.partition_dir(&partition);
    let env = opened.env().clone();
    let log = Log::create(env, &path, partition.clone(), config, Tick::at(1)).unwrap();
    opened.note_log(&log);
    opened.delete_log(log, Uuid::from_u128(9), Tick::at(1)).unwrap();
    assert!(!path.exists());
    assert_eq!(opened.checkpoint(Checkpoint::RecoveryPoint, &partition), None);
    assert!(opened.take_deletions(Tick::at(100)).is_none());
    assert_eq!(opened.next_deletion_ms(), Some(101));
    drop(opened);

    let opened = open(dir.path()).unwrap();
    assert!(opened.partitions().is_empty());
    opened.take_deletions(Tick::at(1)).unwrap().run().unwrap();
    assert!(!dir.path().join("gone-0.00000000000000000000000000000009-delete").exists());
    assert!(opened.take_deletions(Tick::at(1)).is_none());
}

#[test]
fn another_topics_directory_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).unwrap();
    let partition = TopicPartition::new("again", 0);
    let path = opened.partition_dir(&partition);
    let config = Arc::new(LogConfig::default());
    let env = opened.env().clone();
    Log::create(env, &path, partition.clone(), config, Tick::at(1)).unwrap();
    let kept = opened.set_aside(&partition, Uuid::from_u128(9)).unwrap();
    assert!(kept.ends_with("again-0.00000000000000000000000000000009-stray"));
    assert!(kept.exists() && !path.exists());
    drop(opened);
    let opened = open(dir.path()).unwrap();
    assert!(opened.partitions().is_empty() && opened.take_deletions(Tick::at(1)).is_none());
}

#[test]
fn a_directory_is_not_clean_while_logs_await_recovery() {
    let dir = tempfile::tempdir().unwrap();
    let opened = open(dir.path()).unwrap();
    let partition = TopicPartition::new("t", 0);
    let path = opened.partition_dir(&partition);
    let config = Arc::new(LogConfig::default());
    let env = opened.env().clone();
    let log = Log::create(env, &path, partition.clone(), Arc::clone(&config), Tick::at(1)).unwrap();
    drop((log, opened));

    let killed = open(dir.path()).unwrap();
    killed.mark_clean(1).unwrap();
    drop(killed);
    let again = open(dir.path()).unwrap();
    assert!(!again.was_clean());
    let opened =
        again.open_each(again.partitions(), 4, Tick::at(1), &|_| Arc::clone(&config), &|open| {
            Log::open(open, &mut ())
        });
    assert_eq!(again.progress().logs(), (1, 1));
    let (log, _) = opened.into_iter().next().unwrap().1.unwrap();
    again.note_log(&log);
    again.mark_clean(1).unwrap();
    drop((log, again));
    assert!(open(dir.path()).unwrap().was_clean());
}

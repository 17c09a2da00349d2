//! Tests of partitions and their storage as actors, over real files.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kafka_protocol::error::ResponseError;
use ottla_core::base::{BrokerId, LeaderEpoch, Offset, TopicPartition};
use ottla_core::partition::Refusal;
use ottla_core::record::ValidationRules;
use ottla_core::storage::crash::{CrashDisk, Fault, Survival};
use ottla_core::storage::{LogConfig, RealDisk};

use super::messages::{DeleteRecords, Watch};
use super::testing::{BROKER, PanicNow, Rig, batch, idempotent, spec, until};
use super::{FetchWait, FetchWatcher};
use crate::runtime::{ReplyPort, monotonic_ms, tell};
use crate::storage::messages::PanicNow as StoragePanicNow;
use crate::storage::{OfflineWatch, StorageOptions};

fn a0() -> TopicPartition {
    TopicPartition::new("a", 0)
}

fn run(test: impl AsyncFnOnce(&std::path::Path)) {
    let dir = tempfile::tempdir().expect("a directory");
    actix_rt::System::new().block_on(test(dir.path()));
}

#[test]
fn records_come_back_in_order_with_every_acks() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        for (turn, acks) in [1, -1, 0].into_iter().enumerate() {
            let info = rig.append(&a0(), acks, batch(2)).await.expect("appended");
            assert_eq!(info.first_offset, Offset(2 * turn as i64));
        }
        assert_eq!(rig.offsets(&a0()).await, [0, 2, 4]);
        let refused = rig.append(&a0(), 2, batch(1)).await.expect_err("acks=2");
        assert_eq!(refused.code, ResponseError::InvalidRequiredAcks);
        assert!(matches!(rig.read(&a0(), 7).await, Err(Refusal::OffsetOutOfRange { .. })));
        let elsewhere = TopicPartition::new("b", 0);
        assert!(matches!(rig.read(&elsewhere, 0).await, Err(Refusal::UnknownPartition)));
        assert!(rig.close().await);
    });
}

#[test]
fn a_retried_batch_is_answered_with_its_offset_also_after_a_restart() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        let first = rig.append(&a0(), -1, idempotent(3, 9, 0, 0)).await.expect("appended");
        let again = rig.append(&a0(), -1, idempotent(3, 9, 0, 0)).await.expect("known");
        assert!(again.duplicate);
        assert_eq!(again.first_offset, first.first_offset);
        let gap = rig.append(&a0(), -1, idempotent(1, 9, 0, 5)).await.expect_err("a gap");
        assert_eq!(gap.code, ResponseError::OutOfOrderSequenceNumber);
        assert!(rig.close().await);

        let rig = Rig::real(path);
        assert_eq!(rig.open(spec("a", 0)).await.log_end, Offset(3));
        let again = rig.append(&a0(), -1, idempotent(3, 9, 0, 0)).await.expect("known");
        assert!(again.duplicate);
        rig.append(&a0(), -1, idempotent(1, 9, 1, 0)).await.expect("a new epoch");
        let fenced = rig.append(&a0(), -1, idempotent(1, 9, 0, 3)).await.expect_err("fenced");
        assert_eq!(fenced.code, ResponseError::InvalidProducerEpoch);
        rig.crash().await;

        let rig = Rig::real(path);
        assert_eq!(rig.open(spec("a", 0)).await.log_end, Offset(4));
        assert!(rig.append(&a0(), 1, idempotent(1, 9, 1, 0)).await.expect("known").duplicate);
        assert!(rig.close().await);
    });
}

#[test]
fn a_long_poll_is_woken_by_enough_bytes_and_not_before() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        let size = batch(1).len() as u64;
        let (wait, mut woken) = FetchWait::new(2 * size);
        let deadline_ms = monotonic_ms() + 10_000;
        let watcher = FetchWatcher { wait: Arc::clone(&wait), index: 7, deadline_ms };
        rig.partitions.send(&a0(), Watch { seen: Offset(0), watcher });
        rig.append(&a0(), 1, batch(1)).await.expect("appended");
        // the reply leaves before watchers are looked at; the next read is behind both
        rig.read(&a0(), 0).await.expect("readable");
        assert!(woken.try_recv().is_err());
        let sent = Instant::now();
        rig.append(&a0(), 1, batch(1)).await.expect("appended");
        woken.await.expect("woken");
        assert!(sent.elapsed() < Duration::from_secs(5));
        assert_eq!(wait.close(), [7]);
        assert!(rig.close().await);
    });
}

#[test]
fn a_watcher_that_has_missed_something_is_woken_at_once() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        rig.append(&a0(), 1, batch(1)).await.expect("appended");
        for partition in [a0(), TopicPartition::new("b", 0)] {
            let (wait, woken) = FetchWait::new(1 << 20);
            let watcher = FetchWatcher { wait, index: 0, deadline_ms: monotonic_ms() + 10_000 };
            rig.partitions.send(&partition, Watch { seen: Offset(0), watcher });
            woken.await.expect("woken");
        }
        assert!(rig.close().await);
    });
}

#[test]
fn deleted_records_are_out_of_range() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        for _ in 0..3 {
            rig.append(&a0(), 1, batch(2)).await.expect("appended");
        }
        let delete = async |before| {
            let (reply, answer) = ReplyPort::oneshot();
            rig.partitions.send(&a0(), DeleteRecords { before: Offset(before), reply });
            answer.await
        };
        assert_eq!(delete(4).await, Ok(Offset(4)));
        assert_eq!(delete(1).await, Ok(Offset(4)));
        assert!(matches!(delete(7).await, Err(Refusal::OffsetOutOfRange { .. })));
        assert!(matches!(rig.read(&a0(), 3).await, Err(Refusal::OffsetOutOfRange { .. })));
        assert_eq!(rig.read(&a0(), 4).await.expect("readable").log_start, Offset(4));
        assert_eq!(delete(-1).await, Ok(Offset(6)));
        assert!(rig.close().await);
    });
}

/// Appends until told to stop by `count`; returns the offsets that were acknowledged.
async fn load(rig: &Rig, count: usize) -> Vec<i64> {
    let mut acked = Vec::new();
    while acked.len() < count {
        match rig.append(&a0(), -1, batch(1)).await {
            Ok(info) => acked.push(info.first_offset.0),
            Err(refused) => {
                let retriable =
                    [ResponseError::NotLeaderOrFollower, ResponseError::KafkaStorageError];
                assert!(retriable.contains(&refused.code), "{refused:?}");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    acked
}

#[test]
fn a_panicked_partition_is_rebuilt_and_loses_nothing() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        rig.open(spec("b", 0)).await;
        let mut acked = load(&rig, 100).await;
        for _ in 0..3 {
            let route = rig.partitions.route(&a0()).expect("running");
            let before = route.generation;
            tell(&route.addr, PanicNow);
            until(async || rig.partitions.generation(&a0()).is_some_and(|now| now > before)).await;
            acked.extend(load(&rig, 50).await);
        }
        let offsets = rig.offsets(&a0()).await;
        assert!(acked.iter().all(|offset| offsets.contains(offset)));
        assert!(offsets.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        rig.append(&TopicPartition::new("b", 0), 1, batch(1)).await.expect("never noticed");
        assert!(rig.close().await);
    });
}

#[test]
fn a_panicked_storage_actor_is_rebuilt_and_loses_nothing() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        let mut acked = load(&rig, 100).await;
        for _ in 0..3 {
            let before = rig.storage.dirs()[0].storages();
            for storage in &before {
                tell(storage, StoragePanicNow);
            }
            acked.extend(load(&rig, 50).await);
            // also those on cores where nobody asks for anything
            until(async || {
                let now = rig.storage.dirs()[0].storages();
                now.iter().zip(&before).all(|(now, before)| **now != **before)
            })
            .await;
        }
        let mut offsets = Vec::new();
        until(async || match rig.read(&a0(), 0).await {
            Ok(_) => {
                offsets = rig.offsets(&a0()).await;
                true
            }
            Err(_) => false,
        })
        .await;
        assert!(acked.iter().all(|offset| offsets.contains(offset)));
        assert!(offsets.windows(2).all(|pair| pair[0] + 1 == pair[1]));
        assert!(rig.close().await);
    });
}

#[test]
fn appends_wait_for_the_sync_when_every_message_is_flushed() {
    run(async |path| {
        let rig = Rig::real(path);
        let log = Arc::new(LogConfig { flush_messages: 1, ..LogConfig::default() });
        rig.open(super::PartitionSpec { log, ..spec("a", 0) }).await;
        assert_eq!(load(&rig, 20).await, (0..20).collect::<Vec<_>>());
        rig.crash().await;
        let rig = Rig::real(path);
        assert_eq!(rig.open(spec("a", 0)).await.log_end, Offset(20));
        assert!(rig.close().await);
    });
}

#[test]
fn a_stopped_partition_starts_again_and_a_deleted_one_is_gone() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        rig.append(&a0(), 1, batch(3)).await.expect("appended");
        rig.partitions.stop(&a0(), false).await;
        let gone = rig.append(&a0(), 1, batch(1)).await.expect_err("stopped");
        assert_eq!(gone.code, ResponseError::UnknownTopicOrPartition);
        assert_eq!(rig.open(spec("a", 0)).await.log_end, Offset(3));
        rig.partitions.stop(&a0(), true).await;
        assert!(!path.join("a-0").exists());
        assert_eq!(rig.open(spec("a", 0)).await.log_end, Offset(0));
        assert!(rig.close().await);
    });
}

#[test]
fn small_segments_roll_and_read_on() {
    run(async |path| {
        let rig = Rig::real(path);
        let log = Arc::new(LogConfig { segment_bytes: 400, ..LogConfig::default() });
        rig.open(super::PartitionSpec { log, ..spec("a", 0) }).await;
        for turn in 0..20 {
            rig.append(&a0(), 1, idempotent(1, 5, 0, turn)).await.expect("appended");
        }
        assert_eq!(rig.offsets(&a0()).await, (0..20).collect::<Vec<_>>());
        let snapshots = std::fs::read_dir(path.join("a-0")).expect("listed").filter(|entry| {
            entry.as_ref().is_ok_and(|e| e.file_name().to_string_lossy().ends_with(".snapshot"))
        });
        assert!(snapshots.count() > 2);
        assert!(rig.close().await);
    });
}

#[test]
fn a_full_disk_takes_its_directory_offline_and_loses_nothing() {
    actix_rt::System::new().block_on(async {
        let disk = CrashDisk::new();
        let path = std::path::Path::new("/logs");
        let rig = Rig::on(Arc::new(disk.clone()), path);
        let b0 = TopicPartition::new("b", 0);
        rig.open(spec("a", 0)).await;
        rig.open(spec("b", 0)).await;
        let acked = load(&rig, 50).await;
        let told = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&told);
        let watch: OfflineWatch = Arc::new(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
        });
        rig.storage.watch(&watch);
        disk.fault_at(disk.calls(), Fault::NoSpace);
        let failed = rig.append(&a0(), -1, batch(1)).await.expect_err("the disk is full");
        assert_eq!(failed.code, ResponseError::KafkaStorageError);
        until(async || matches!(rig.read(&b0, 0).await, Err(Refusal::StorageError))).await;
        let refused = rig.append(&b0, 1, batch(1)).await.expect_err("the directory is offline");
        assert_eq!(refused.code, ResponseError::KafkaStorageError);
        assert_eq!(told.load(Ordering::SeqCst), 1);
        assert!(rig.storage.place().is_err());
        assert!(!rig.close().await);

        let rig = Rig::on(Arc::new(disk.restart(Survival::Written)), path);
        rig.open(spec("a", 0)).await;
        assert_eq!(rig.offsets(&a0()).await, acked);
        assert!(rig.close().await);
    });
}

/// Power is lost at any moment while every append is synced: what was acknowledged is there.
#[test]
fn synced_appends_survive_a_loss_of_power() {
    for seed in 0..12 {
        actix_rt::System::new().block_on(async {
            let disk = CrashDisk::new();
            let path = std::path::Path::new("/logs");
            let log = LogConfig { flush_messages: 1, segment_bytes: 500, ..LogConfig::default() };
            let spec = || super::PartitionSpec { log: Arc::new(log.clone()), ..spec("a", 0) };
            let rig = Rig::on(Arc::new(disk.clone()), path);
            rig.open(spec()).await;
            disk.fault_at(disk.calls() + 20 + 7 * seed, Fault::PowerLoss);
            let mut acked = Vec::new();
            while let Ok(info) = rig.append(&a0(), -1, batch(1)).await {
                acked.push(info.first_offset.0);
            }
            rig.crash().await;
            assert!(!acked.is_empty());

            let rig = Rig::on(Arc::new(disk.restart(Survival::Random(seed))), path);
            rig.open(spec()).await;
            let offsets = rig.offsets(&a0()).await;
            assert!(offsets.starts_with(&acked), "seed {seed}: {acked:?} acked, {offsets:?} found");
            assert!(rig.close().await);
        });
    }
}

#[test]
fn changed_settings_are_in_force_at_once() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        rig.append(&a0(), 1, batch(5)).await.expect("appended");
        let mut changed = spec("a", 0);
        let small = ValidationRules { max_message_bytes: 70, ..ValidationRules::default() };
        changed.records.validation = Arc::new(small);
        changed.rules.deletes = false;
        rig.partitions.update(changed);
        let refused = rig.append(&a0(), 1, batch(5)).await.expect_err("too large now");
        assert_eq!(refused.code, ResponseError::MessageTooLarge);
        let (reply, answer) = ReplyPort::oneshot();
        rig.partitions.send(&a0(), DeleteRecords { before: Offset(1), reply });
        assert_eq!(answer.await, Err(Refusal::PolicyViolation));
        assert!(rig.close().await);
    });
}

#[test]
fn another_leader_is_named_and_fenced_epochs_are_refused() {
    run(async |path| {
        let rig = Rig::real(path);
        rig.open(spec("a", 0)).await;
        let mut moved = spec("a", 0);
        moved.leadership.leader = BrokerId(2);
        moved.leadership.epoch = LeaderEpoch(4);
        rig.partitions.update(moved.clone());
        let refused = rig.append(&a0(), 1, batch(1)).await.expect_err("another leads");
        assert_eq!(refused.code, ResponseError::NotLeaderOrFollower);
        assert_eq!(refused.leader, Some((BrokerId(2), LeaderEpoch(4))));
        moved.leadership.leader = BROKER;
        moved.leadership.epoch = LeaderEpoch(5);
        rig.partitions.update(moved);
        rig.append(&a0(), 1, batch(1)).await.expect("leads again");
        assert!(rig.close().await);
    });
}

#[test]
fn old_segments_go_and_readers_hear_of_it() {
    run(async |path| {
        let options = StorageOptions { retention_check_ms: 10, ..StorageOptions::default() };
        let rig = Rig::with(Arc::new(RealDisk), path, options);
        let log = LogConfig { segment_bytes: 400, retention_bytes: 1000, ..LogConfig::default() };
        rig.open(super::PartitionSpec { log: Arc::new(log), ..spec("a", 0) }).await;
        load(&rig, 40).await;
        until(async || rig.read(&a0(), 39).await.is_ok_and(|read| read.log_start > Offset(20)))
            .await;
        assert!(matches!(rig.read(&a0(), 0).await, Err(Refusal::OffsetOutOfRange { .. })));
        assert!(rig.close().await);
    });
}

//! Leaders and epochs when a broker comes, and when it loses a directory.

use super::super::testing::broker;
use super::super::{PartitionRecord, TopicRecord};
use super::*;
use crate::base::LeaderEpoch;

const DIR_A: Uuid = Uuid::from_u128(0xa);
const DIR_B: Uuid = Uuid::from_u128(0xb);
const TOPIC: Uuid = Uuid::from_u128(1);

fn registration(dirs: Vec<Uuid>) -> RegisterBrokerRecord {
    RegisterBrokerRecord {
        broker_id: BrokerId(1),
        log_dirs: dirs,
        ..RegisterBrokerRecord::default()
    }
}

/// Broker 1 with a partition in each of two directories, broker 2 in sync on the second.
fn image() -> MetadataImage {
    let partition = |partition_id, brokers: &[i32], directories: Vec<Uuid>| {
        let ids: Vec<BrokerId> = brokers.iter().copied().map(BrokerId).collect();
        MetadataRecord::Partition(PartitionRecord {
            partition_id,
            topic_id: TOPIC,
            replicas: ids.clone(),
            isr: ids,
            removing_replicas: Vec::new(),
            adding_replicas: Vec::new(),
            leader: BrokerId(1),
            leader_recovery_state: 0,
            leader_epoch: LeaderEpoch(0),
            partition_epoch: 0,
            directories,
        })
    };
    let records = [
        broker(2, None),
        MetadataRecord::RegisterBroker(registration(vec![DIR_A, DIR_B])),
        MetadataRecord::Topic(TopicRecord { name: "t".into(), topic_id: TOPIC }),
        partition(0, &[1], vec![DIR_A]),
        partition(1, &[1, 2], vec![DIR_B, Uuid::nil()]),
    ];
    MetadataImage::default().apply(&records).unwrap().0
}

fn leaders(image: &MetadataImage) -> Vec<(i32, i32)> {
    let topic = image.topic("t").unwrap();
    topic.partitions.iter().map(|p| (p.leader.0, p.leader_epoch.0)).collect()
}

fn after(image: &MetadataImage, records: &[MetadataRecord]) -> MetadataImage {
    image.apply(records).unwrap().0
}

#[test]
fn a_clean_restart_changes_no_epoch_and_an_unclean_one_all() {
    let image = image();
    let dirs = vec![DIR_A, DIR_B];
    let clean = register_broker(&image, registration(dirs.clone()), false, 1);
    assert_eq!(leaders(&after(&image, &clean)), [(1, 0), (1, 0)]);
    let unclean = register_broker(&image, registration(dirs), true, 1);
    assert_eq!(leaders(&after(&image, &unclean)), [(1, 1), (1, 1)]);
}

#[test]
fn a_lost_directory_moves_leaders_and_its_return_brings_them_back() {
    let image = image();
    let lost = after(&image, &log_dirs_failed(&image, BrokerId(1), vec![DIR_A]));
    assert_eq!(leaders(&lost), [(1, 0), (2, 1)]);
    let lost = after(&image, &log_dirs_failed(&image, BrokerId(1), vec![DIR_B]));
    assert_eq!(leaders(&lost), [(-1, 1), (1, 0)]);
    let view = lost.partition_view(&lost.topic("t").unwrap().partitions[0], "X");
    assert_eq!(view.leader, BrokerId(-1));
    let back = register_broker(&lost, registration(vec![DIR_A, DIR_B]), false, 1);
    assert_eq!(leaders(&after(&lost, &back)), [(1, 2), (1, 0)]);
}

#[test]
fn chosen_directories_are_written_once() {
    let image = image();
    assert!(assign_directories(&image, BrokerId(1), &[(TOPIC, 0, DIR_A)]).is_empty());
    let records = assign_directories(&image, BrokerId(1), &[(TOPIC, 1, DIR_A)]);
    let image = after(&image, &records);
    assert_eq!(image.partition("t", 1).unwrap().directories, [DIR_A, Uuid::nil()]);
}

#[test]
fn blocks_of_producer_ids_do_not_overlap() {
    let image = image();
    let (first, record) = allocate_producer_ids(&image, BrokerId(1));
    let image = after(&image, &[record]);
    let (second, _) = allocate_producer_ids(&image, BrokerId(1));
    assert_eq!((first, second), (0, PRODUCER_ID_BLOCK));
}

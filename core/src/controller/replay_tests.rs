//! What is replayed equals what was live, whatever happened, and so does what a snapshot holds.

use proptest::prelude::*;
use uuid::Uuid;

use super::testing::{broker, cluster};
use super::*;
use crate::base::{BrokerId, LeaderEpoch, ProducerId};

/// One thing that happens; numbers are taken modulo what exists.
#[derive(Clone, Debug)]
enum Step {
    Create(u8, u8),
    Delete(u8),
    Grow(u8),
    Lead(u8, u8, i32),
    Configure(u8, u8, Option<u16>),
    Quota(u8, Option<u16>),
    Register(u8),
    Fence(u8, bool),
    ProducerIds(u16),
    Feature(u8, i16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (any::<u8>(), 1..5u8).prop_map(|(t, n)| Step::Create(t, n)),
        1 => any::<u8>().prop_map(Step::Delete),
        1 => any::<u8>().prop_map(Step::Grow),
        2 => (any::<u8>(), any::<u8>(), -1..4).prop_map(|(t, p, l)| Step::Lead(t, p, l)),
        2 => (any::<u8>(), any::<u8>(), any::<Option<u16>>())
            .prop_map(|(r, k, v)| Step::Configure(r, k, v)),
        1 => (any::<u8>(), any::<Option<u16>>()).prop_map(|(k, v)| Step::Quota(k, v)),
        1 => (1..4u8).prop_map(Step::Register),
        1 => (1..4u8, any::<bool>()).prop_map(|(b, f)| Step::Fence(b, f)),
        1 => any::<u16>().prop_map(Step::ProducerIds),
        1 => (any::<u8>(), 0..3i16).prop_map(|(n, l)| Step::Feature(n, l)),
    ]
}

fn pick(image: &MetadataImage, n: u8) -> Option<std::sync::Arc<TopicImage>> {
    let mut topics: Vec<_> = image.topics().cloned().collect();
    topics.sort_by(|a, b| a.name.cmp(&b.name));
    topics.get(usize::from(n) % topics.len().max(1)).cloned()
}

fn partition(topic_id: Uuid, partition_id: i32) -> MetadataRecord {
    MetadataRecord::Partition(PartitionRecord {
        partition_id,
        topic_id,
        replicas: vec![BrokerId(1), BrokerId(2)],
        isr: vec![BrokerId(1)],
        removing_replicas: Vec::new(),
        adding_replicas: vec![BrokerId(3)],
        leader: BrokerId(1),
        leader_recovery_state: i8::from(partition_id == 1),
        leader_epoch: LeaderEpoch(0),
        partition_epoch: 0,
        directories: vec![Uuid::from_u128(1), Uuid::nil()],
    })
}

fn records(image: &MetadataImage, step: &Step, at: u128) -> Vec<MetadataRecord> {
    match step {
        Step::Create(n, partitions) => {
            let separator = if n % 2 == 0 { '.' } else { '_' };
            let name = format!("t{separator}{}", n % 8);
            if image.topic(&name).is_some() {
                return Vec::new();
            }
            let topic_id = Uuid::from_u128(at + 1);
            let topic = MetadataRecord::Topic(TopicRecord { name: name.into(), topic_id });
            let partitions = (0..i32::from(*partitions)).map(|p| partition(topic_id, p));
            std::iter::once(topic).chain(partitions).collect()
        }
        Step::Delete(n) => pick(image, *n)
            .map(|topic| MetadataRecord::RemoveTopic { topic_id: topic.id })
            .into_iter()
            .collect(),
        Step::Grow(n) => pick(image, *n)
            .map(|t| partition(t.id, i32::try_from(t.partitions.len()).unwrap()))
            .into_iter()
            .collect(),
        Step::Lead(n, p, leader) => pick(image, *n)
            .map(|topic| {
                let index = i32::from(*p) % i32::try_from(topic.partitions.len()).unwrap();
                let mut change = PartitionChangeRecord::new(topic.id, index);
                change.leader = Some(BrokerId(*leader));
                change.isr = (p % 2 == 0).then(|| vec![BrokerId(2)]);
                change.directories = (p % 3 == 0).then(|| vec![Uuid::from_u128(9), Uuid::nil()]);
                MetadataRecord::PartitionChange(change)
            })
            .into_iter()
            .collect(),
        Step::Configure(r, k, value) => {
            let (resource_type, resource_name) = match (r % 4, pick(image, *r)) {
                (0, Some(topic)) => (2, topic.name.to_string()),
                (1, _) => (4, String::new()),
                (2, _) => (32, "group".to_owned()),
                _ => (4, "1".to_owned()),
            };
            let name = format!("key{}", k % 3);
            let value = value.map(|v| v.to_string());
            vec![MetadataRecord::Config(ConfigRecord { resource_type, resource_name, name, value })]
        }
        Step::Quota(k, value) => vec![MetadataRecord::ClientQuota(ClientQuotaRecord {
            entity: vec![("user".into(), (k % 2 == 0).then(|| "u".into()))],
            key: format!("rate{}", k % 2),
            value: f64::from(value.unwrap_or(0)),
            remove: value.is_none(),
        })],
        Step::Register(id) => vec![broker(i32::from(*id), Some("rack"))],
        Step::Fence(id, fenced) => {
            vec![MetadataRecord::BrokerRegistrationChange(BrokerRegistrationChangeRecord {
                broker_id: BrokerId(i32::from(*id)),
                broker_epoch: 1,
                fenced: Some(*fenced),
                in_controlled_shutdown: false,
                log_dirs: None,
            })]
        }
        Step::ProducerIds(next) => vec![MetadataRecord::ProducerIds {
            broker_id: BrokerId(1),
            broker_epoch: 1,
            next_producer_id: ProducerId(i64::from(*next)),
        }],
        Step::Feature(n, level) => vec![
            MetadataRecord::FeatureLevel { name: format!("f{}", n % 3), level: *level },
            MetadataRecord::NoOp,
        ],
    }
}

/// Lives through `steps`; returns the state and every record on the way.
fn live(steps: &[Step]) -> (MetadataImage, Vec<MetadataRecord>) {
    let mut image = cluster(3);
    let mut log = image.to_records();
    for (at, step) in steps.iter().enumerate() {
        let new = records(&image, step, at as u128);
        image = image.apply(&new).unwrap().0;
        log.extend(new);
    }
    (image, log)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn replayed_state_equals_live_state(steps in prop::collection::vec(step(), 0..60)) {
        let (image, log) = live(&steps);
        let read = decode_records(&encode_records(&log)).unwrap();
        prop_assert_eq!(&read, &log);
        let (replayed, _) = MetadataImage::default().apply(&read).unwrap();
        prop_assert_eq!(&replayed, &image);
        prop_assert_eq!(
            image.partition_count(),
            image.topics().map(|t| t.partitions.len()).sum::<usize>()
        );
    }

    #[test]
    fn a_snapshot_holds_the_whole_state(steps in prop::collection::vec(step(), 0..60)) {
        let (image, _) = live(&steps);
        let content = SnapshotContent { records: image.to_records(), ..SnapshotContent::default() };
        let bytes = encode_snapshot(&content, LeaderEpoch(3), 1_000);
        let read = decode_snapshot(&bytes).unwrap();
        prop_assert_eq!(&read, &content);
        let (restored, _) = MetadataImage::default().apply(&read.records).unwrap();
        prop_assert_eq!(&restored, &image);
        prop_assert!(decode_snapshot(&bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn an_image_does_not_change_when_it_is_applied_to(
        steps in prop::collection::vec(step(), 1..30),
        more in prop::collection::vec(step(), 1..10),
    ) {
        let (image, log) = live(&steps);
        let mut next = image.clone();
        for (at, step) in more.iter().enumerate() {
            let new = records(&next, step, 1_000 + at as u128);
            next = next.apply(&new).unwrap().0;
        }
        prop_assert_eq!(&MetadataImage::default().apply(&log).unwrap().0, &image);
    }

    #[test]
    fn random_bytes_are_refused_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        drop(decode_records(&bytes));
        drop(decode_entry(&bytes));
        drop(decode_snapshot(&bytes));
    }
}

#[test]
fn entries_come_back_as_they_were_written() {
    let voters = vec![BrokerId(1), BrokerId(2)];
    let entries = [
        LogEntry::Records(vec![broker(1, None), MetadataRecord::NoOp]),
        LogEntry::LeaderChange { leader: BrokerId(1), voters: voters.clone() },
        LogEntry::Membership(Membership {
            voters: vec![voters.clone(), vec![BrokerId(3)]],
            nodes: vec![BrokerId(1), BrokerId(2), BrokerId(3)],
        }),
    ];
    for entry in entries {
        let batch = encode_entry(&entry, crate::base::Offset(42), LeaderEpoch(7), 1_000);
        let (offset, epoch, read) = decode_entry(&batch).unwrap();
        assert_eq!((offset.0, epoch.0), (42, 7));
        assert_eq!(read, entry);
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// Values of records that a Kafka 4.3.0 controller wrote to its own metadata log.
#[test]
fn kafkas_own_records_are_read() {
    let id = Uuid::from_u128(0x54ae_c6f8_6b47_43c8_8dbc_046c_e36d_eb1c);
    let topic = bytes("01020005742d783154aec6f86b4743c88dbc046ce36deb1c00");
    let record = MetadataRecord::Topic(TopicRecord { name: "t-x1".into(), topic_id: id });
    assert_eq!(decode_records(&topic).unwrap(), std::slice::from_ref(&record));
    assert_eq!(encode_records(&[record]), topic);

    let partition = bytes(
        "0103020000000054aec6f86b4743c88dbc046ce36deb1c0200000001020000000101010000000100000000000\
         00000029c731384c7a4c8aa655a2c7caf15169b00",
    );
    let read = decode_records(&partition).unwrap();
    let [MetadataRecord::Partition(read)] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((read.topic_id, read.leader, read.leader_epoch.0), (id, BrokerId(1), 0));
    assert_eq!((read.replicas.len(), read.isr.len(), read.directories.len()), (1, 1, 1));

    let config = bytes("0104000206742d6366670f636c65616e75702e706f6c69637908636f6d7061637400");
    let record = MetadataRecord::Config(ConfigRecord {
        resource_type: 2,
        resource_name: "t-cfg".to_owned(),
        name: "cleanup.policy".to_owned(),
        value: Some("compact".to_owned()),
    });
    assert_eq!(decode_records(&config).unwrap(), std::slice::from_ref(&record));
    assert_eq!(encode_records(&[record]), config);

    let removed = bytes("01090054aec6f86b4743c88dbc046ce36deb1c00");
    assert_eq!(decode_records(&removed).unwrap(), [MetadataRecord::RemoveTopic { topic_id: id }]);

    let dirs = bytes("01110300000001000000000000000c01030101");
    assert_eq!(decode_records(&dirs).unwrap().len(), 1);
    let unfenced = decode_records(&bytes("01110000000001000000000000000c010001ff")).unwrap();
    let [MetadataRecord::BrokerRegistrationChange(change)] = unfenced.as_slice() else {
        panic!("{unfenced:?}")
    };
    assert_eq!((change.broker_epoch, change.fenced), (12, Some(false)));
}

#[test]
fn kafkas_own_broker_registration_is_read() {
    let registration = bytes(
        "010004000000010087ebde02c3a04c72b4680997d425ae3d000000000000000c020a504c41494e544558540a31\
         32372e302e302e314c88000000080e67726f75702e76657273696f6e00000001000e6b726166742e7665727369\
         6f6e00000001000e73686172652e76657273696f6e0000000100116d657461646174612e76657273696f6e0007\
         001e0021656c696769626c652e6c65616465722e7265706c696361732e76657273696f6e000000010014747261\
         6e73616374696f6e2e76657273696f6e00000002001073747265616d732e76657273696f6e0000000100000100\
         010011029c731384c7a4c8aa655a2c7caf15169b",
    );
    let read = decode_records(&registration).unwrap();
    let [MetadataRecord::RegisterBroker(read)] = read.as_slice() else { panic!("{read:?}") };
    assert_eq!((read.broker_id, read.broker_epoch, read.fenced), (BrokerId(1), 12, true));
    assert_eq!(read.endpoints[0].host, "127.0.0.1");
    assert_eq!(read.endpoints[0].port, 19592);
    assert_eq!((read.features.len(), read.log_dirs.len()), (7, 1));
}

#[test]
fn the_delta_names_what_changed() {
    let id = Uuid::from_u128(1);
    let topic = MetadataRecord::Topic(TopicRecord { name: "t".into(), topic_id: id });
    let (image, delta) = cluster(1).apply(&[topic, partition(id, 0), partition(id, 1)]).unwrap();
    assert!(delta.created_topics.contains("t"));
    assert_eq!(delta.changed_partitions["t"].len(), 2);

    let gone = MetadataRecord::RemoveTopic { topic_id: id };
    let (image, delta) = image.apply(std::slice::from_ref(&gone)).unwrap();
    assert_eq!(delta.deleted_topics.len(), 1);
    assert_eq!(delta.deleted_topics[0].partitions.len(), 2);
    assert!(image.apply(&[gone]).is_err(), "a record that does not fit is an error");
}

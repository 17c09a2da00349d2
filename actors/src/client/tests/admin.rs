//! Topics, records and groups through the admin client.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;

use super::super::admin::{GroupFilter, ListedOffset};
use super::*;

#[test]
fn topics_come_grow_and_go() {
    with_broker(|address| async move {
        let admin = Admin::start(ClientConfig::new(&address)).unwrap();
        let again = admin.create_topics(&[NewTopic::new("t", 1)], false).await.unwrap();
        let refusal = again[0].1.clone().unwrap_err();
        assert_eq!(refusal.error, ResponseError::TopicAlreadyExists);
        assert_eq!(admin.create_partitions(&[("t", 5)]).await.unwrap()[0].1, Ok(()));
        let topics = admin.list_topics().await.unwrap();
        let known = topics.iter().find(|topic| topic.name.as_ref().is_some_and(|n| &***n == "t"));
        assert_eq!(known.unwrap().partitions.len(), 5);
        assert_eq!(admin.delete_topics(&["t"]).await.unwrap()[0].1, Ok(()));
        let unknown = admin.delete_topics(&["t"]).await.unwrap()[0].1.clone().unwrap_err();
        assert_eq!(unknown.error, ResponseError::UnknownTopicOrPartition);
        admin.close().await;
    });
}

#[test]
fn offsets_and_deleted_records() {
    with_broker(|address| async move {
        let producer = Producer::start(ProducerConfig::new(&address)).unwrap();
        for timestamp in [1_000, 2_000, 3_000] {
            let timestamp = Some(timestamp + 1_700_000_000_000);
            let record = NewRecord { timestamp, ..record(Some(0), "v") };
            producer.send(record).await.unwrap().await.unwrap();
        }
        let admin = Admin::start(ClientConfig::new(&address)).unwrap();
        let partition = TopicPartition::new("t", 0);
        let at = |spec| {
            let (admin, partition) = (admin.clone(), partition.clone());
            async move { admin.offset(&partition, spec).await.unwrap().map(|(offset, _)| offset.0) }
        };
        assert_eq!(at(OffsetSpec::Earliest).await, Some(0));
        assert_eq!(at(OffsetSpec::Latest).await, Some(3));
        assert_eq!(at(OffsetSpec::MaxTimestamp).await, Some(2));
        assert_eq!(at(OffsetSpec::At(1_700_000_001_500)).await, Some(1));
        assert_eq!(at(OffsetSpec::At(1_700_000_009_000)).await, None);
        assert_eq!(admin.delete_records(&partition, Offset(2)).await, Ok(Offset(2)));
        assert_eq!(at(OffsetSpec::Earliest).await, Some(2));
        let beyond = admin.delete_records(&partition, Offset(9)).await.unwrap_err();
        assert_eq!(beyond, ClientError::Refused(ResponseError::OffsetOutOfRange));
    });
}

#[test]
fn a_group_that_nobody_joined() {
    with_broker(|address| async move {
        let admin = Admin::start(ClientConfig::new(&address)).unwrap();
        assert!(admin.list_groups().await.unwrap().is_empty());
        assert!(admin.group_offsets("g").await.unwrap().is_empty());
        let unknown = admin.delete_group("g").await.unwrap_err();
        assert_eq!(unknown, ClientError::Refused(ResponseError::GroupIdNotFound));
    });
}

#[test]
fn offsets_of_many_partitions_each_with_its_own_result() {
    with_broker(|address| async move {
        let producer = Producer::start(ProducerConfig::new(&address)).unwrap();
        producer.send(record(Some(1), "v")).await.unwrap().await.unwrap();
        let admin = Admin::start(ClientConfig::new(&address)).unwrap();
        let at = TopicPartition::new;
        let wanted = BTreeMap::from([
            (at("t", 0), OffsetSpec::Latest),
            (at("t", 1), OffsetSpec::Latest),
            (at("t", 2), OffsetSpec::At(0)),
            (at("t", 9), OffsetSpec::Latest),
            (at("nobody", 0), OffsetSpec::Earliest),
        ]);
        let listed = admin.offsets(&wanted).await.unwrap();
        let offset = |found: &Result<Option<ListedOffset>, ClientError>| {
            found.clone().map(|found| found.map(|found| found.offset.0))
        };
        assert_eq!(offset(&listed[&at("t", 0)]), Ok(Some(0)));
        assert_eq!(offset(&listed[&at("t", 1)]), Ok(Some(1)));
        assert_eq!(offset(&listed[&at("t", 2)]), Ok(None));
        let unknown = Err(ClientError::Refused(ResponseError::UnknownTopicOrPartition));
        assert_eq!(offset(&listed[&at("t", 9)]), unknown);
        assert_eq!(offset(&listed[&at("nobody", 0)]), unknown);
        let before = BTreeMap::from([(at("t", 1), Offset(-1)), (at("nobody", 0), Offset(1))]);
        let deleted = admin.delete_records_of(&before).await.unwrap();
        assert_eq!(deleted[&at("t", 1)], Ok(Offset(1)));
        assert!(deleted[&at("nobody", 0)].is_err());
    });
}

#[test]
fn what_a_group_has_committed_is_set_read_and_deleted() {
    with_broker(|address| async move {
        let admin = Admin::start(ClientConfig::new(&address)).unwrap();
        let (first, second) = (TopicPartition::new("t", 0), TopicPartition::new("t", 1));
        let offsets = BTreeMap::from([(first.clone(), Offset(0)), (second.clone(), Offset(7))]);
        let set = admin.alter_group_offsets("g", &offsets).await.unwrap();
        assert_eq!(set, [(first.clone(), Ok(())), (second.clone(), Ok(()))]);
        assert_eq!(admin.group_offsets("g").await.unwrap(), offsets);
        let committed = admin.committed_offsets("g").await.unwrap();
        assert_eq!(committed[&second].offset, Offset(7));
        assert_eq!(committed[&second].leader_epoch, None);

        let gone = admin.delete_group_offsets("g", std::slice::from_ref(&first)).await.unwrap();
        assert_eq!(gone, [(first, Ok(()))]);
        assert_eq!(admin.group_offsets("g").await.unwrap().len(), 1);
        let unknown = admin.delete_group_offsets("nobody", &[second]).await.unwrap_err();
        assert_eq!(unknown, ClientError::Refused(ResponseError::GroupIdNotFound));

        let empty = GroupFilter { states: vec!["Empty".to_owned()], ..GroupFilter::default() };
        assert_eq!(admin.list_groups_with(&empty).await.unwrap().len(), 1);
        let stable = GroupFilter { states: vec!["Stable".to_owned()], ..GroupFilter::default() };
        assert!(admin.list_groups_with(&stable).await.unwrap().is_empty());
    });
}

#[test]
fn groups_are_described_each_with_its_own_result() {
    with_broker(|address| async move {
        let admin = Admin::start(ClientConfig::new(&address)).unwrap();
        let offsets = BTreeMap::from([(TopicPartition::new("t", 0), Offset(0))]);
        admin.alter_group_offsets("g", &offsets).await.unwrap();
        let names = ["g".to_owned(), "nobody".to_owned()];
        let described = admin.describe_consumer_groups(&names).await.unwrap();
        let (name, found) = &described[0];
        let found = found.as_ref().unwrap();
        assert_eq!((name.as_str(), found.state.as_str()), ("g", "Empty"));
        assert_eq!(format!("{}:{}", found.coordinator.host, found.coordinator.port), address);
        assert!(found.members.is_empty() && !found.is_consumer);
        let refused = described[1].1.as_ref().unwrap_err();
        assert_eq!(refused.error, ResponseError::GroupIdNotFound);
        assert_eq!(refused.message.as_deref(), Some("Group nobody not found."));
    });
}

#[test]
fn log_directories_name_their_replicas() {
    with_broker(|address| async move {
        let admin = Admin::start(ClientConfig::new(&address)).unwrap();
        let broker = admin.describe_cluster().await.unwrap().brokers[0].broker_id.0;
        let dirs = admin.describe_log_dirs(broker).await.unwrap();
        assert_eq!(dirs.len(), 1);
        assert_eq!(dirs[0].error, None);
        let of_t = dirs[0].replicas.iter().filter(|replica| &*replica.partition.topic == "t");
        assert_eq!(of_t.count(), 3);
        assert!(dirs[0].total_bytes > Some(0));
    });
}

//! Topics, records and groups through the admin client.

use kafka_protocol::error::ResponseError;

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

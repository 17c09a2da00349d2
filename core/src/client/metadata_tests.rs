//! Updates, hints, and answers from brokers that lag behind.
#![expect(clippy::indexing_slicing, reason = "a test may panic")]

use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition,
};
use kafka_protocol::protocol::StrBytes;

use super::*;

fn answer(id: u128, leaders: &[(i32, i32)]) -> MetadataResponse {
    let partitions = leaders.iter().zip(0..).map(|((leader, epoch), index)| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id((*leader).into())
            .with_leader_epoch(*epoch)
    });
    let topic = MetadataResponseTopic::default()
        .with_name(Some(StrBytes::from_static_str("t").into()))
        .with_topic_id(TopicId::from_u128(id))
        .with_partitions(partitions.collect());
    let broker = MetadataResponseBroker::default()
        .with_node_id(1.into())
        .with_host(StrBytes::from_static_str("h"))
        .with_port(9092);
    MetadataResponse::default().with_brokers(vec![broker]).with_topics(vec![topic])
}

fn partition(index: i32) -> TopicPartition {
    TopicPartition::new("t", index)
}

#[test]
fn a_leader_is_known_until_a_newer_one_is() {
    let mut metadata = Metadata::default();
    assert_eq!(metadata.update(&answer(1, &[(1, 5), (-1, 2)]), false), []);
    assert_eq!(metadata.leader(&partition(0)), Some(BrokerId(1)));
    assert_eq!(metadata.leader(&partition(1)), None);
    assert_eq!(metadata.leader(&partition(2)), None);
    // a broker that lags behind does not take the picture back
    metadata.update(&answer(1, &[(2, 4), (1, 3)]), false);
    assert_eq!(metadata.leader(&partition(0)), Some(BrokerId(1)));
    assert_eq!(metadata.leader(&partition(1)), Some(BrokerId(1)));
    // but a topic made anew does
    metadata.update(&answer(2, &[(2, 0)]), false);
    assert_eq!(metadata.leader(&partition(0)), Some(BrokerId(2)));
    assert_eq!(metadata.name_of(TopicId::from_u128(2)).map(|name| &**name), Some("t"));
    assert_eq!(metadata.name_of(TopicId::from_u128(1)), None);
}

#[test]
fn a_hint_counts_when_it_is_newer_and_its_broker_is_known() {
    let mut metadata = Metadata::default();
    metadata.update(&answer(1, &[(1, 5)]), false);
    let endpoint = Some(Endpoint { host: "h".to_owned(), port: 1 });
    let hint = |leader, epoch, endpoint| LeaderHint {
        partition: partition(0),
        leader: BrokerId(leader),
        epoch: LeaderEpoch(epoch),
        endpoint,
    };
    assert!(!metadata.hint(&hint(2, 6, None)));
    assert!(!metadata.hint(&hint(2, 5, endpoint.clone())));
    assert!(!metadata.hint(&hint(-1, 9, endpoint.clone())));
    assert!(metadata.hint(&hint(2, 6, endpoint)));
    assert_eq!(metadata.leader(&partition(0)), Some(BrokerId(2)));
}

#[test]
fn topics_that_are_gone_are_forgotten() {
    let mut metadata = Metadata::default();
    metadata.update(&answer(1, &[(1, 5)]), false);
    let mut gone = answer(0, &[]);
    gone.topics[0].error_code = 3;
    assert_eq!(metadata.update(&gone, false), [("t".into(), 3)]);
    assert!(metadata.topic("t").is_none());
    metadata.update(&answer(1, &[(1, 5)]), true);
    gone.topics.clear();
    metadata.update(&gone, true);
    assert_eq!(metadata.topics().count(), 0);
}

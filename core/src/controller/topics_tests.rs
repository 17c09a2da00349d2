//! Growing and deleting topics, with the texts that Kafka 4.3.0 answered to the same requests.

use kafka_protocol::messages::BrokerId as WireBroker;
use kafka_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsTopic,
};
use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::{CreatePartitionsRequest, DeleteTopicsRequest};
use kafka_protocol::protocol::StrBytes;
use uuid::Uuid;

use super::testing::{FixedDice, cluster, world};
use super::*;

const ID: Uuid = Uuid::from_u128(7);

fn name(s: &str) -> kafka_protocol::messages::TopicName {
    StrBytes::from_string(s.to_owned()).into()
}

/// One broker, topic `t` with three partitions.
fn image() -> MetadataImage {
    let mut records = vec![MetadataRecord::Topic(TopicRecord { name: "t".into(), topic_id: ID })];
    for index in 0..3 {
        let image = cluster(1);
        let replicas = vec![crate::base::BrokerId(1)];
        let partition = assignment::new_partition(&image, ID, index, replicas).unwrap();
        records.push(MetadataRecord::Partition(partition));
    }
    cluster(1).apply(&records).unwrap().0
}

fn grow(topic: &str, count: i32, brokers: Option<&[&[i32]]>) -> (i16, Option<String>) {
    let assignments = brokers.map(|brokers| {
        let one = |ids: &&[i32]| {
            CreatePartitionsAssignment::default()
                .with_broker_ids(ids.iter().map(|id| WireBroker(*id)).collect())
        };
        brokers.iter().map(one).collect()
    });
    let topic = CreatePartitionsTopic::default()
        .with_name(name(topic))
        .with_count(count)
        .with_assignments(assignments);
    let request = CreatePartitionsRequest::default().with_topics(vec![topic]);
    let image = image();
    let decision = create_partitions(&mut world(&image, &mut FixedDice::default()), &request);
    let after = image.apply(&decision.records).unwrap().0;
    let result = &decision.response.results[0];
    if result.error_code == 0 {
        assert_eq!(after.topic("t").unwrap().partitions.len(), usize::try_from(count).unwrap());
    } else {
        assert!(decision.records.is_empty());
    }
    (result.error_code, result.error_message.as_ref().map(ToString::to_string))
}

#[test]
fn growth_is_refused_in_kafkas_words() {
    type Brokers = Option<&'static [&'static [i32]]>;
    let cases: [(i32, Brokers, i16, &str); 8] = [
        (3, None, 37, "Topic already has 3 partition(s)."),
        (2, None, 37, "The topic t currently has 3 partition(s); 2 would not be an increase."),
        (-1, None, 37, "The topic t currently has 3 partition(s); -1 would not be an increase."),
        (
            6,
            Some(&[&[1]]),
            39,
            "Attempted to add 3 additional partition(s), but only 1 assignment(s) were specified.",
        ),
        (
            4,
            Some(&[&[1], &[1]]),
            39,
            "Attempted to add 1 additional partition(s), but only 2 assignment(s) were specified.",
        ),
        (
            4,
            Some(&[&[99]]),
            39,
            "The manual partition assignment includes broker 99, but no such broker is registered.",
        ),
        (4, Some(&[&[]]), 39, "The manual partition assignment includes an empty replica list."),
        (
            4,
            Some(&[&[1, 1]]),
            39,
            "The manual partition assignment includes the broker 1 more than once.",
        ),
    ];
    for (count, brokers, code, message) in cases {
        assert_eq!(grow("t", count, brokers), (code, Some(message.to_owned())));
    }
    assert_eq!(grow("nope", 5, None), (3, None));
}

#[test]
fn growth_adds_partitions_at_the_end() {
    assert_eq!(grow("t", 5, None), (0, None));
    assert_eq!(grow("t", 4, Some(&[&[1]])), (0, None));
}

type Answer = (Option<String>, Uuid, i16, Option<String>);

fn answers(request: &DeleteTopicsRequest) -> Vec<Answer> {
    let decision = delete_topics(&image(), request);
    let mut out: Vec<Answer> = decision
        .response
        .responses
        .iter()
        .map(|r| {
            let name = r.name.as_ref().map(|n| n.to_string());
            (name, r.topic_id, r.error_code, r.error_message.as_ref().map(ToString::to_string))
        })
        .collect();
    out.sort();
    out
}

fn state(topic: Option<&str>, id: Uuid) -> DeleteTopicState {
    DeleteTopicState::default().with_name(topic.map(name)).with_topic_id(id)
}

fn by_state(states: Vec<DeleteTopicState>) -> Vec<Answer> {
    answers(&DeleteTopicsRequest::default().with_topics(states))
}

#[test]
fn deletion_by_name_and_by_id() {
    let nil = Uuid::nil();
    let by_name = DeleteTopicsRequest::default().with_topic_names(vec![name("t"), name("nope")]);
    let unknown = "This server does not host this topic-partition.".to_owned();
    assert_eq!(
        answers(&by_name),
        [(Some("nope".into()), nil, 3, Some(unknown)), (Some("t".into()), ID, 0, None)]
    );
    assert_eq!(by_state(vec![state(None, ID)]), [(Some("t".into()), ID, 0, None)]);
    let other = Uuid::from_u128(5);
    let unknown = "This server does not host this topic ID.".to_owned();
    assert_eq!(by_state(vec![state(None, other)]), [(None, other, 100, Some(unknown))]);
}

#[test]
fn deletion_is_refused_in_kafkas_words() {
    let nil = Uuid::nil();
    let t = || Some("t".to_owned());
    let invalid = |name, id, text: &str| vec![(name, id, 42, Some(text.to_owned()))];
    assert_eq!(
        by_state(vec![state(None, nil)]),
        invalid(None, nil, "Neither topic name nor id were specified.")
    );
    assert_eq!(
        by_state(vec![state(Some("t"), ID)]),
        invalid(t(), ID, "You may not specify both topic name and topic id.")
    );
    assert_eq!(
        by_state(vec![state(None, ID), state(None, ID)]),
        invalid(None, ID, "Duplicate topic id.")
    );
    assert_eq!(
        by_state(vec![state(Some("t"), nil), state(Some("t"), nil)]),
        invalid(t(), nil, "Duplicate topic name.")
    );
    assert_eq!(
        by_state(vec![state(None, ID), state(Some("t"), nil)]),
        invalid(t(), ID, "The provided topic name maps to an ID that was already supplied.")
    );
}

#[test]
fn disabled_deletion_refuses_every_topic_without_a_text() {
    let request = DeleteTopicsRequest::default().with_topic_names(vec![name("t"), name("nope")]);
    for (version, code) in [(1, 42), (2, 42), (3, 73), (5, 73), (6, 73)] {
        let response = deletion_disabled(&request, version);
        assert_eq!(response.responses.len(), 2);
        for result in response.responses {
            assert_eq!((result.error_code, result.error_message), (code, None));
        }
    }
}

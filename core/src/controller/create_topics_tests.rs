//! Refusals as Kafka 4.3.0 words them: each text below is what it answered to the same request.

use kafka_protocol::messages::BrokerId as WireBroker;
use kafka_protocol::messages::CreateTopicsRequest;
use kafka_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
};
use kafka_protocol::protocol::StrBytes;

use super::super::testing::{FixedDice, cluster, world};
use super::super::*;

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

fn topic(name: &str, partitions: i32, replication_factor: i16) -> CreatableTopic {
    CreatableTopic::default()
        .with_name(text(name).into())
        .with_num_partitions(partitions)
        .with_replication_factor(replication_factor)
}

fn assigned(partitions: &[(i32, &[i32])]) -> CreatableTopic {
    let assignment = |(index, brokers): &(i32, &[i32])| {
        CreatableReplicaAssignment::default()
            .with_partition_index(*index)
            .with_broker_ids(brokers.iter().map(|id| WireBroker(*id)).collect())
    };
    topic("t", -1, -1).with_assignments(partitions.iter().map(assignment).collect())
}

fn with_config(key: &str, value: Option<&str>) -> CreatableTopic {
    let config = CreatableTopicConfig::default().with_name(text(key)).with_value(value.map(text));
    topic("t", 1, 1).with_configs(vec![config])
}

fn run(image: &MetadataImage, topics: Vec<CreatableTopic>) -> (MetadataImage, Vec<(i16, String)>) {
    let request = CreateTopicsRequest::default().with_topics(topics);
    let decision = create_topics(&mut world(image, &mut FixedDice::default()), &request);
    let answers = decision.response.topics.iter().map(|t| {
        (t.error_code, t.error_message.as_ref().map(ToString::to_string).unwrap_or_default())
    });
    (image.apply(&decision.records).unwrap().0, answers.collect())
}

fn refusal(topic: CreatableTopic) -> (i16, String) {
    let (_, mut answers) = run(&cluster(1), vec![topic]);
    answers.remove(0)
}

fn assert_refused(topic: CreatableTopic, code: i16, message: &str) {
    assert_eq!(refusal(topic), (code, message.to_owned()));
}

#[test]
fn numbers_are_refused_in_kafkas_words() {
    assert_refused(
        topic("t", 1, 2),
        38,
        "Unable to replicate the partition 2 time(s): The target replication factor of 2 cannot be \
         reached because only 1 broker(s) are registered or some brokers have all their log \
         directories cordoned.",
    );
    let factor = "Replication factor must be larger than 0, or -1 to use the default value.";
    assert_refused(topic("t", 1, 0), 38, factor);
    assert_refused(topic("t", 1, -2), 38, factor);
    assert_refused(topic("t", 0, 0), 38, factor);
    let partitions = "Number of partitions was set to an invalid non-positive value.";
    assert_refused(topic("t", 0, 1), 37, partitions);
    assert_refused(topic("t", -2, 1), 37, partitions);
    assert_refused(
        topic("t", 100_000, 1),
        44,
        "Excessively large number of partitions per request.",
    );
}

#[test]
fn names_are_refused_in_kafkas_words() {
    let invalid = "Topic name is invalid: ";
    let illegal =
        "contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
    let long = "x".repeat(250);
    let cases = [
        ("", format!("{invalid}the empty string is not allowed")),
        (".", format!("{invalid}'.' is not allowed")),
        ("..", format!("{invalid}'..' is not allowed")),
        ("a b", format!("{invalid}'a b' {illegal}")),
        ("é", format!("{invalid}'é' {illegal}")),
        (
            long.as_str(),
            format!("{invalid}the length of '{long}' is longer than the max allowed length 249"),
        ),
    ];
    for (name, message) in cases {
        assert_refused(topic(name, 1, 1), 17, &message);
    }
    assert_eq!(refusal(topic(&long[..249], 1, 1)).0, 0);
    assert_refused(
        topic("__cluster_metadata", 1, 1),
        42,
        "Creation of internal topic __cluster_metadata is prohibited.",
    );
}

#[test]
fn existing_colliding_and_duplicate_names_are_refused() {
    let (image, _) = run(&cluster(1), vec![topic("a_b", 1, 1)]);
    let (_, answers) = run(&image, vec![topic("a_b", 1, 1), topic("a.b", 1, 1)]);
    assert_eq!(answers[0], (36, "Topic 'a_b' already exists.".to_owned()));
    assert_eq!(answers[1], (17, "Topic 'a.b' collides with existing topic: a_b".to_owned()));

    let (image, answers) =
        run(&cluster(1), vec![topic("d", 2, 1), topic("d", 1, 1), topic("e", 1, 1)]);
    assert_eq!(answers[0].0, 0);
    assert_eq!(answers[1], (42, "Duplicate topic name.".to_owned()));
    assert!(image.topic("d").is_none() && image.topic("e").is_some());

    // two that collide with each other in one request are both created, as Kafka does
    let (image, _) = run(&cluster(1), vec![topic("c.x", 1, 1), topic("c_x", 1, 1)]);
    assert_eq!(image.topic_count(), 2);
}

#[test]
fn assignments_are_refused_in_kafkas_words() {
    let manual = "The manual partition assignment includes";
    assert_refused(
        assigned(&[(0, &[1]), (2, &[1])]),
        39,
        "partitions should be a consecutive 0-based integer sequence",
    );
    assert_refused(
        assigned(&[(-1, &[1])]),
        39,
        "partitions should be a consecutive 0-based integer sequence",
    );
    assert_refused(
        assigned(&[(0, &[1]), (0, &[1])]),
        39,
        "Found multiple manual partition assignments for partition 0",
    );
    assert_refused(
        assigned(&[(0, &[99])]),
        39,
        &format!("{manual} broker 99, but no such broker is registered."),
    );
    assert_refused(assigned(&[(0, &[])]), 39, &format!("{manual} an empty replica list."));
    assert_refused(
        assigned(&[(0, &[1, 1])]),
        39,
        &format!("{manual} the broker 1 more than once."),
    );
    let mut both = assigned(&[(0, &[1])]);
    both.replication_factor = 1;
    assert_refused(
        both,
        42,
        "A manual partition assignment was specified, but replication factor was not set to -1.",
    );
    let mut both = assigned(&[(0, &[1])]);
    both.num_partitions = 1;
    assert_refused(
        both,
        42,
        "A manual partition assignment was specified, but numPartitions was not set to -1.",
    );
}

#[test]
fn settings_are_refused_in_kafkas_words() {
    assert_refused(
        with_config("retention.ms", None),
        40,
        "Null value not supported for topic configs: retention.ms",
    );
    assert_refused(with_config("foo.bar", Some("1")), 40, "Unknown topic config name: foo.bar");
}

#[test]
fn defaults_fill_in_and_validate_only_writes_nothing() {
    let image = cluster(1);
    let (created, _) = run(&image, vec![topic("t", -1, -1)]);
    let partition = created.partition("t", 0).unwrap();
    assert_eq!(partition.leader.0, 1);
    assert_eq!(partition.isr, partition.replicas);
    assert_eq!(created.topic("t").unwrap().partitions.len(), 1);

    let request =
        CreateTopicsRequest::default().with_topics(vec![topic("t", 3, 1)]).with_validate_only(true);
    let decision = create_topics(&mut world(&image, &mut FixedDice::default()), &request);
    assert!(decision.records.is_empty());
    let answer = &decision.response.topics[0];
    assert_eq!((answer.error_code, answer.num_partitions, answer.replication_factor), (0, 3, 1));
}

#[test]
fn replicas_are_striped_over_the_brokers() {
    let (image, _) = run(&cluster(3), vec![topic("t", 3, 2)]);
    let placed = &image.topic("t").unwrap().partitions;
    let leaders: std::collections::BTreeSet<_> = placed.iter().map(|p| p.leader).collect();
    assert_eq!(leaders.len(), 3, "each broker leads one partition");
    for partition in placed {
        assert_eq!(partition.replicas.len(), 2);
        assert_ne!(partition.replicas[0], partition.replicas[1]);
    }
}

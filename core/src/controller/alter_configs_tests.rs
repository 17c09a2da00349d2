//! Changing settings, with the texts that Kafka 4.3.0 answered to the same requests.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::testing::{FixedDice, cluster, world};
use super::super::*;

fn image() -> MetadataImage {
    let topic = TopicRecord { name: "t".into(), topic_id: Uuid::from_u128(7) };
    cluster(1).apply(&[MetadataRecord::Topic(topic)]).unwrap().0
}

fn incremental(kind: i8, name: &str, ops: &[(&str, i8, Option<&str>)]) -> ResourceAlteration {
    let alteration = read_incremental(ops.iter().copied());
    ResourceAlteration { kind, name: name.to_owned(), alteration }
}

type Answers = Vec<Result<(), (i16, Option<String>)>>;

fn run(image: &MetadataImage, resources: &[ResourceAlteration]) -> (MetadataImage, Answers) {
    let decision = alter_configs(&world(image, &mut FixedDice::default()), resources, false);
    let answers = decision.response.into_iter();
    let answers = answers.map(|r| r.map_err(|e| (e.code.code(), e.message))).collect();
    (image.apply(&decision.records).unwrap().0, answers)
}

fn assert_refused(request: ResourceAlteration, code: i16, message: &str) {
    let (_, mut answers) = run(&image(), &[request]);
    assert_eq!(answers.remove(0), Err((code, Some(message.to_owned()))));
}

fn settings(image: &MetadataImage) -> Vec<(String, String)> {
    image.topic_config("t").iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[test]
fn lists_grow_and_shrink() {
    let key = "cleanup.policy";
    let mut image = image();
    let steps = [
        ((key, 2, Some("compact")), "delete,compact"),
        ((key, 2, Some("compact")), "delete,compact"),
        ((key, 3, Some("delete")), "compact"),
        ((key, 3, Some("compact")), ""),
        ((key, 0, Some("compact")), "compact"),
    ];
    for (op, expected) in steps {
        image = run(&image, &[incremental(2, "t", &[op])]).0;
        assert_eq!(settings(&image), [(key.to_owned(), expected.to_owned())]);
    }
    image = run(&image, &[incremental(2, "t", &[(key, 1, None)])]).0;
    assert!(settings(&image).is_empty());
}

#[test]
fn refusals_are_in_kafkas_words() {
    let op = |op, value| [("retention.ms", op, value)];
    assert_refused(
        incremental(2, "t", &op(2, Some("1"))),
        40,
        "Can't APPEND to key retention.ms because its type is not LIST.",
    );
    assert_refused(
        incremental(2, "t", &op(0, None)),
        42,
        "Null value not supported for : retention.ms",
    );
    assert_refused(
        incremental(2, "t", &[("retention.ms", 0, Some("1")), ("retention.ms", 0, Some("2"))]),
        42,
        "Error due to duplicate config keys",
    );
    let set = op(0, Some("1"));
    assert_refused(incremental(2, "nope", &set), 3, "The topic 'nope' does not exist.");
    assert_refused(incremental(2, "", &set), 42, "Default topic resources are not allowed.");
    assert_refused(incremental(32, "", &set), 42, "Default group resources are not allowed.");
    assert_refused(incremental(16, "", &set), 42, "Subscription name can't be empty");
    assert_refused(
        incremental(4, "99", &set),
        42,
        "Unexpected broker id, expected 1, but received 99",
    );
    assert_refused(incremental(4, "abc", &set), 42, "Node id must be an integer, but it is: abc");
    assert_refused(incremental(3, "x", &set), 42, "Unknown resource type 3");
    assert_refused(incremental(8, "1", &set), 42, "Unknown resource type 8");
    assert_refused(
        incremental(2, "t", &op(0, Some("x"))),
        40,
        "Invalid value x for configuration retention.ms: Not a number of type LONG",
    );
    let (_, answers) = run(&image(), &[incremental(2, "t", &op(9, Some("1")))]);
    assert_eq!(answers, [Err((-1, None))]);
}

#[test]
fn one_bad_resource_does_not_spoil_another() {
    let good = incremental(2, "t", &[("retention.ms", 0, Some("5"))]);
    let bad = incremental(2, "nope", &[("retention.ms", 0, Some("5"))]);
    let (after, answers) = run(&image(), &[good.clone(), bad]);
    assert!(answers[0].is_ok() && answers[1].is_err());
    assert_eq!(settings(&after), [("retention.ms".to_owned(), "5".to_owned())]);

    let (_, answers) = run(&image(), &[good.clone(), good]);
    let twice = Err((42, Some("Each resource must appear at most once.".to_owned())));
    assert_eq!(answers, [twice.clone(), twice]);
}

#[test]
fn replacing_deletes_what_is_not_named() {
    let first = incremental(
        2,
        "t",
        &[("retention.ms", 0, Some("5")), ("cleanup.policy", 0, Some("compact"))],
    );
    let (image, _) = run(&image(), &[first]);
    let settings_after = BTreeMap::from([("retention.ms".to_owned(), "6".to_owned())]);
    let replace = ResourceAlteration {
        kind: 2,
        name: "t".to_owned(),
        alteration: Ok(ConfigAlteration::Replace(settings_after)),
    };
    let (image, _) = run(&image, &[replace]);
    assert_eq!(settings(&image), [("retention.ms".to_owned(), "6".to_owned())]);
}

#[test]
fn deleting_a_topic_deletes_its_settings() {
    let (image, _) = run(&image(), &[incremental(2, "t", &[("retention.ms", 0, Some("5"))])]);
    let gone = MetadataRecord::RemoveTopic { topic_id: Uuid::from_u128(7) };
    let (image, delta) = image.apply(&[gone]).unwrap();
    assert!(image.configs().next().is_none());
    assert!(delta.changed_configs.contains(&ConfigResource::topic("t")));
}

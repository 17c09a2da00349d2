//! The group protocol byte by byte, every version, against Kafka's answers to the same requests.

use ottla_integration::tools::{Java, or_skip};
use ottla_integration::{Broker, KafkaProcess};

/// What both brokers are started with.
const SETTINGS: &[(&str, &str)] = &[
    ("group.initial.rebalance.delay.ms", "0"),
    ("offsets.topic.num.partitions", "3"),
    ("auto.create.topics.enable", "false"),
];

#[test]
fn every_answer_is_kafkas() {
    let Some(java) = or_skip(Java::fetch()) else { return };
    let kafka = KafkaProcess::start(java, SETTINGS);
    let wanted = probe(java, &kafka.bootstrap());
    let mut settings = SETTINGS.to_vec();
    settings.push(("node.id", "1"));
    let ours = Broker::start(&settings);
    let found = probe(java, &ours.bootstrap());

    let pairs = wanted.lines().zip(found.lines()).filter(|(wanted, found)| wanted != found);
    let different: Vec<String> =
        pairs.map(|(wanted, found)| format!("- {wanted}\n+ {found}")).collect();
    assert!(different.is_empty(), "- kafka, + ottla\n{}", different.join("\n"));
    assert!(wanted.lines().count() > 250, "the probe ends early");
    assert_eq!(wanted.lines().count(), found.lines().count());
}

fn probe(java: &Java, bootstrap: &str) -> String {
    let output = java.program("GroupProbe").arg(bootstrap).output().expect("java runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("text")
}

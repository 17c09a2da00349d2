//! `topics`.

use super::Pair;

/// Bad calls end before a broker is asked, or as the broker says.
const CALLS: &str = "
=! topics --list
=! topics --lisst
=! topics --topic
=! topics -lq
=! topics --version
=! topics --list --create
=! topics
=! topics --help
=!* topics --list --command-config /nonexistent --bootstrap-server BOOTSTRAP
= topics --create
= topics --alter --topic t1
# the order of the two names changes from run to run of the JVM
=* topics --alter --topic t1 --config a=b --partitions 3
= topics --list --if-exists
= topics --list --partitions 1
= topics --describe --if-exists
= topics --describe --if-not-exists
= topics --describe --topics-with-overrides --under-replicated-partitions
= topics --list
= topics --create --topic t1 --partitions 3
= topics --create --topic t1 --partitions 3
= topics --create --topic t1 --if-not-exists
= topics --create --topic q --partitions x
= topics --create --topic q --partitions 1 --partitions 2
= topics --create --topic q --replication-factor 99999
= topics --create --topic q --partitions 0
= topics --create --topic q.a_b
= topics --create --topic bad/name
= topics --create --topic .
= topics --create --topic q --config a
= topics --create --topic q --config no.such=1
= topics --create --topic q --config retention.ms=soon
= topics --create --topic q --config cleanup.policy=shred
= topics --create --topic q --config min.insync.replicas=0
= topics --create --topic c1 --config cleanup.policy=compact --config segment.bytes=2000000
= topics --create --topic q --replica-assignment 1,1:1
= topics --create --topic q --replica-assignment 1,a
= topics --create --topic q --replica-assignment 1:2,1
= topics --create --topic q --replica-assignment 1 --partitions 1
= topics --create --topic q --replica-assignment 7
= topics --create --topic ra --replica-assignment 1,1
= topics --alter --topic t1 --partitions 2
= topics --alter --topic t1 --partitions 4
= topics --alter --topic t1 --partitions 6 --replica-assignment 1,1,1,1,1,1
= topics --alter --topic t1 --partitions 7 --replica-assignment 1
= topics --alter --topic nobody --partitions 4
= topics --alter --topic nobody --partitions 4 --if-exists
= topics --alter --topic t1 --replication-factor 2 --partitions 9
= topics --list
= topics -list
= topics --list --topic t.*
= topics --list --topic t1,c1
= topics --list --topic [
= topics --list --topic t1 --topic t2
= topics --list --topic nobody
= topics --list --exclude-internal
= topics --list - ignored
= topics --list --delete-config x
=! topics --list --bootstrap-server 127.0.0.1:1,BOOTSTRAP
= topics --describe
= topics --describe --topic t1
= topics --describe --topic nobody
= topics --describe --topic nobody --if-exists
= topics --describe --topic-id xyz
= topics --describe --topic-id AAAAAAAAAAAAAAAAAAAAAQ
= topics --describe --topic-id AAAAAAAAAAAAAAAAAAAAAA --topic t1 --if-exists
= topics --describe --topic-id AAAAAAAAAAAAAAAAAAAAAQ --if-exists
= topics --describe --topics-with-overrides
= topics --describe --unavailable-partitions
= topics --describe --under-replicated-partitions
= topics --describe --at-min-isr-partitions
= topics --describe --under-min-isr-partitions --at-min-isr-partitions
= topics --describe --topic t1 --partition-size-limit-per-response 2
= topics --describe --topic t1 --partition-size-limit-per-response x
= topics --delete --topic ra
= topics --delete --topic ra
= topics --delete --topic ra --if-exists
= topics --delete --topic .*1 --delete-config x
= topics --list
";

#[test]
fn topics_does_what_kafkas_does() {
    let Some(mut pair) = Pair::start(&[("node.id", "1")]) else { return };
    pair.table(CALLS);
    pair.finish();
}

/// What Kafka's tool does not have, or would wait a minute for.
#[test]
fn topics_answers_what_kafkas_cannot() {
    let broker = ottla_integration::OttlaProcess::with_defaults();
    let run = |words: &str| {
        let words = words.replace("BOOTSTRAP", &broker.bootstrap());
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        super::ottla("topics", &words, "")
    };
    assert_eq!(run("--create --topic a --broker-list BOOTSTRAP").out, "Created topic a.\n");
    let json = run("--list --output json --bootstrap-server BOOTSTRAP").out;
    assert_eq!(json, "[\n  \"a\"\n]\n");
    let yaml = run("--describe --output yaml --bootstrap-server BOOTSTRAP").out;
    assert!(yaml.contains("  topic: \"a\"\n"), "{yaml}");

    let zookeeper = run("--list --zookeeper h:2181");
    assert_eq!((zookeeper.exit, zookeeper.err.lines().count()), (1, 1));
    assert!(zookeeper.err.ends_with("ottla topics --list --bootstrap-server h:9092\n"));

    let dead = run("--list --bootstrap-server 127.0.0.1:1");
    assert_eq!(dead.exit, 1);
    assert!(dead.out.starts_with("Error while executing topic command : "), "{dead:?}");
}

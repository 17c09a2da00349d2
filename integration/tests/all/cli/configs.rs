//! `configs`.

use super::Pair;

const CALLS: &str = "
=! configs
=! configs --help
=! configs --nope
=! configs --describe
=! configs --describe --alter
=! configs --describe --topic t1 --bootstrap-server BOOTSTRAP --bootstrap-controller BOOTSTRAP
= configs --describe
= configs --describe --entity-type topics --entity-type topics
= configs --describe --entity-type tropics
= configs --describe --entity-type topics --entity-type brokers
= configs --describe --topic t1 --entity-type topics
= configs --describe --topic t1 --entity-name t1
= configs --describe --entity-type topics --entity-default
= configs --describe --entity-type broker-loggers
= configs --describe --entity-type brokers --entity-name x
= configs --describe --entity-type ips --entity-name no.such.host.invalid
= configs --describe --topic t1 --add-config a=b
= configs --alter --entity-type topics
= configs --alter --entity-type users
= configs --alter --topic t1
= configs --alter --topic t1 --add-config a=b --add-config-file f
= configs --alter --topic t1 --add-config a
= configs --alter --topic t1 --add-config retention.ms=1=2
= configs --alter --topic t1 --add-config b%d=1
= configs --alter --topic t1 --add-config-file /nonexistent
= configs --alter --entity-type users --entity-type clients --entity-name u --add-config a=1
= configs --alter --user u1 --add-config nonsense=1
= configs --alter --client c --delete-config nonsense
= configs --alter --ip 127.0.0.1 --add-config x=10
= topics --create --topic t1 --partitions 1
= configs --describe --topic t1
= configs --alter --topic t1 --add-config retention.ms=86400000,cleanup.policy=[compact,delete]
= configs --describe --topic t1
= configs --describe --topic t1 --all
= configs --describe --entity-type topics --entity-name t1
= configs --describe --entity-type topics
= configs --describe --topic nobody
= configs --describe --topic a/b
= configs --describe --topic a/b --all
= configs --describe --topic nobody --all
= configs --describe --group nobody
= configs --describe --group nobody --all
= configs --describe --broker-defaults --all
= configs --alter --topic nobody --add-config retention.ms=1
= configs --alter --topic t1 --add-config retention.ms=soon
= configs --alter --topic t1 --add-config no.such=1
= configs --alter --topic t1 --delete-config retention.bytes
= configs --alter --topic t1 --delete-config retention.ms,cleanup.policy
= configs --alter --topic t1 --add-config-file SCRATCH/add.properties
= configs --describe --topic t1
= configs --describe --broker 1
= configs --describe --broker 9
n configs --describe --broker 1 --all
= configs --describe --entity-type brokers
= configs --describe --broker-defaults
= configs --alter --broker 1 --add-config log.cleaner.threads=2
= configs --alter --broker-defaults --add-config message.max.bytes=2000000
= configs --describe --broker 1
= configs --describe --entity-type brokers --entity-default
= configs --alter --broker 1 --add-config broker.rack=r
= configs --alter --broker 1 --delete-config log.cleaner.threads
= configs --alter --broker-defaults --delete-config message.max.bytes
= configs --alter --group g1 --add-config consumer.session.timeout.ms=50000
= configs --describe --group g1
= configs --describe --group g1 --all
= configs --describe --entity-type groups
= configs --describe --user u1
= configs --alter --user u1 --add-config producer_byte_rate=1
= configs --alter --user u1 --delete-config SCRAM-SHA-256
= configs --describe --entity-type users
= configs --describe --user-defaults
= configs --alter --user-defaults --add-config producer_byte_rate=1
= configs --describe --user u1 --client-defaults
= configs --describe --entity-type clients
= configs --describe --client c1
= configs --alter --client c1 --add-config consumer_byte_rate=1
= configs --alter --client-defaults --delete-config consumer_byte_rate
= configs --describe --ip 127.0.0.1
= configs --alter --ip-defaults --add-config connection_creation_rate=1
= configs --describe --entity-type client-metrics
= configs --describe --client-metrics m1 --all
= configs --alter --client-metrics m1 --add-config interval.ms=1000
= configs --describe --client-metrics m1
= configs --describe --broker-logger 1
";

#[test]
fn configs_does_what_kafkas_does() {
    let Some(mut pair) = Pair::start(&[("node.id", "1")]) else { return };
    let file = pair.scratch().join("add.properties");
    std::fs::write(file, "retention.ms=1000\nsegment.bytes = 3000000\n").expect("a file");
    pair.table(CALLS);
    pair.finish();
}

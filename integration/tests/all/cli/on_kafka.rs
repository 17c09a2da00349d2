//! What our broker does not have yet, on Apache Kafka itself: quotas, credentials, client metrics.
//!
//! Every table runs on one broker, first with Kafka's classes, then with our commands; it leaves
//! nothing behind, so that both begin with the same.

use ottla_integration::tools::{Java, or_skip};
use ottla_integration::{KafkaProcess, poll_until};

use super::{Line, ottla};
use crate::kafka_tools::normal::Place;
use crate::kafka_tools::table::class_of;
use crate::kafka_tools::{LIMIT, reads, run_tool, start_tools};

const TABLE: &str = "
= configs --describe --entity-type users
= configs --alter --user u1 --add-config producer_byte_rate=1024,consumer_byte_rate=2048.5
= configs --alter --entity-type users --entity-name u·2 --add-config request_percentage=150
= configs --alter --user-defaults --add-config controller_mutation_rate=7
= configs --describe --user u1
= configs --describe --entity-type users
= configs --describe --user-defaults
= configs --describe --user nobody
= configs --alter --user u1 --client c1 --add-config producer_byte_rate=5
= configs --alter --user u1 --client-defaults --add-config producer_byte_rate=6
= configs --describe --entity-type users --entity-name u1 --entity-type clients --entity-default
= configs --alter --user-defaults --client-defaults --add-config producer_byte_rate=7
= configs --describe --user u1 --client c1
= configs --describe --user u1 --client-defaults
= configs --describe --user-defaults --client-defaults
~ configs --describe --entity-type users --entity-type clients
~ configs --describe --entity-type clients --entity-type users
~ configs --describe --user u1 --entity-type clients
~ configs --describe --entity-type users --entity-name u1 --entity-type clients
= configs --alter --client c1 --add-config consumer_byte_rate=1000000000
= configs --alter --client-defaults --add-config consumer_byte_rate=0.5
~ configs --describe --entity-type clients
= configs --describe --client c1
= configs --describe --client-defaults
= configs --describe --client nobody
= configs --alter --ip 127.0.0.1 --add-config connection_creation_rate=10
= configs --alter --ip-defaults --add-config connection_creation_rate=20
~ configs --describe --entity-type ips
= configs --describe --ip 127.0.0.1
= configs --describe --ip-defaults
= configs --describe --ip 127.0.0.2
# bad calls
= configs --alter --user u1 --add-config producer_byte_rate=many
= configs --alter --user u1 --add-config producer_byte_rate=-1
= configs --alter --user u1 --add-config producer_byte_rate=0
= configs --alter --user u1 --add-config producer_byte_rate=1.5
= configs --alter --user u1 --delete-config request_percentage
= configs --alter --client c1 --delete-config consumer_byte_rate,producer_byte_rate
= configs --alter --ip 127.0.0.1 --add-config connection_creation_rate=1.5
= configs --alter --ip 127.0.0.1 --add-config producer_byte_rate=1
= configs --alter --user u1 --add-config SCRAM-SHA-256=[password=x],producer_byte_rate=1
= configs --alter --user-defaults --delete-config SCRAM-SHA-256
= configs --alter --user u1 --delete-config SCRAM-SHA-256
= configs --alter --client c1 --delete-config SCRAM-SHA-256
# client metrics
= configs --describe --entity-type client-metrics
= configs --describe --client-metrics m1
= configs --alter --client-metrics m1 --add-config interval.ms=900,metrics=[p,x],match=[client_id=a]
= configs --describe --client-metrics m1
= configs --describe --client-metrics m1 --all
= configs --describe --entity-type client-metrics
= configs --alter --entity-type client-metrics --entity-name m1 --add-config interval.ms=soon
= configs --alter --entity-type client-metrics --entity-name m1 --add-config interval.ms=10
= configs --alter --entity-type client-metrics --entity-name m1 --add-config nonsense=1
= configs --alter --entity-type client-metrics --entity-default --add-config a=1
= configs --alter --client-metrics m1 --delete-config nonsense
# groups
= configs --alter --group g1 --add-config consumer.session.timeout.ms=50000
= configs --describe --group g1
= configs --describe --entity-type groups
= configs --alter --group g1 --delete-config consumer.session.timeout.ms
# offsets that need tiered storage
= topics --create --topic t1 --partitions 2
= get-offsets --topic t1 --time earliest-pending-upload
= get-offsets --topic t1 --time -6
= get-offsets --topic t1 --time latest-tiered
= get-offsets --topic t1 --time earliest-local
= get-offsets --topic t1 --time max-timestamp
= get-offsets --topic t1 --time -7
= get-offsets --topic t1 --time -99
= topics --delete --topic t1
# and back
= configs --alter --client-metrics m1 --delete-config interval.ms,metrics,match
= configs --describe --client-metrics m1
= configs --alter --ip 127.0.0.1 --delete-config connection_creation_rate
= configs --alter --ip-defaults --delete-config connection_creation_rate
= configs --alter --client c1 --delete-config consumer_byte_rate
= configs --alter --client-defaults --delete-config consumer_byte_rate
= configs --alter --user-defaults --client-defaults --delete-config producer_byte_rate
= configs --alter --user u1 --client-defaults --delete-config producer_byte_rate
= configs --alter --user u1 --client c1 --delete-config producer_byte_rate
= configs --alter --user-defaults --delete-config controller_mutation_rate
= configs --alter --user u·2 --delete-config request_percentage
= configs --alter --user u1 --delete-config producer_byte_rate,consumer_byte_rate
= configs --describe --entity-type users
~ configs --describe --entity-type clients
~ configs --describe --entity-type ips
= configs --describe --entity-type client-metrics
";

#[test]
fn what_only_kafka_has_is_shown_and_changed_as_kafka_does() {
    let Some(java) = or_skip(Java::fetch()) else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let kafka = KafkaProcess::start(java, &[("node.id", "1")]);
    let place = Place::new(&kafka.bootstrap(), &kafka.data_dir(), dir.path());
    let mut tools = start_tools(java, dir.path());
    let mut theirs = |line: &Line<'_>| {
        let outcome = run_tool(&mut tools, class_of(line.tool), &line.args(&place), &line.stdin);
        place.normalise(line.compare, outcome)
    };
    let wanted: Vec<_> = Line::all(TABLE).map(|line| theirs(&line)).collect();
    let mut differences = Vec::new();
    for (line, mut wanted) in Line::all(TABLE).zip(wanted) {
        let look = |wanted| {
            let found = ottla(line.tool, &line.args(&place), &line.stdin);
            line.difference(wanted, place.normalise(line.compare, found))
        };
        let mut said = look(wanted.clone());
        // Kafka answers a change before its broker has applied it: either may have looked too early
        if said.is_some() && reads(&line.args(&place)) {
            poll_until(LIMIT, || {
                wanted = theirs(&line);
                said = look(wanted.clone());
                said.is_none().then_some(())
            });
        }
        differences.extend(said);
    }
    let all = differences.len();
    assert!(differences.is_empty(), "{all} differ\n{}", differences.join("\n"));
}

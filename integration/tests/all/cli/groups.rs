//! `consumer-groups`, `get-offsets`, `delete-records` and `log-dirs`.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ottla_integration::wait_for;

use super::{Pair, ottla};

/// The topics that there are.
const TOPICS: [(&str, &str); 3] = [("t1", "3"), ("a.rather_long_name_of_one", "2"), ("empty", "1")];

/// Groups without members.
const STATE: [&str; 5] = [
    "consumer-groups --reset-offsets --group g1 --topic t1 --to-latest --execute",
    "consumer-groups --reset-offsets --group g1 --topic a.rather_long_name_of_one --to-latest \
     --execute",
    "consumer-groups --reset-offsets --group a-group-with-a-long-name --topic t1:0,2 \
     --to-earliest --execute",
    "consumer-groups --reset-offsets --group my·group --topic t1 --to-latest --execute",
    "consumer-groups --reset-offsets --group another-one --topic empty --to-latest --execute",
];

/// Calls that change nothing.
const LOOKS: &str = "
=! consumer-groups
=! consumer-groups --list
= consumer-groups
= consumer-groups --group g1
= consumer-groups --list --group g1
=* consumer-groups --list --describe
=* consumer-groups --members --group g1
=* consumer-groups --state
=* consumer-groups --silly
= consumer-groups --list
= consumer-groups --list --state
= consumer-groups --list --type
= consumer-groups --list --type --state
= consumer-groups --list --state stable
= consumer-groups --list --state stable,EMPTY
= consumer-groups --list --type classic
= consumer-groups --list --type consumer
=* consumer-groups --list --type silly
=* consumer-groups --list --state silly
=- consumer-groups --list --timeout x
=* consumer-groups --describe
= consumer-groups --describe --group g1
= consumer-groups --describe --group g1 --offsets
= consumer-groups --describe --group g1 --verbose
= consumer-groups --describe --group g1 --members
= consumer-groups --describe --group g1 --members --verbose
= consumer-groups --describe --group g1 --state
= consumer-groups --describe --group g1 --state --verbose
= consumer-groups --describe --group member
= consumer-groups --describe --group member --verbose
= consumer-groups --describe --group member --members
= consumer-groups --describe --group member --members --verbose
= consumer-groups --describe --group member --state
= consumer-groups --describe --group member --group g1 --group a-group-with-a-long-name
= consumer-groups --describe --all-groups
= consumer-groups --describe --all-groups --state
= consumer-groups --describe --all-groups --members
= consumer-groups --describe --all-groups --group g1
= consumer-groups --describe --group g1 --members --state
= consumer-groups --describe --group g1 --state stable
= consumer-groups --describe --group g1 --topic t1
=- consumer-groups --describe --group nobody
=- consumer-groups --describe --group g1 --group nobody
=! consumer-groups --validate-regex a.*b
=! consumer-groups --validate-regex a(b
= get-offsets
= get-offsets --topic t1
= get-offsets --topic t.*,empty --time -2
= get-offsets --topic t1 --time earliest
= get-offsets --topic t1 --time -4
= get-offsets --topic t1 --time -5
= get-offsets --topic t1 --time -6
= get-offsets --topic empty --time earliest-pending-upload
= get-offsets --topic t1 --time 1000000000000
= get-offsets --topic t1 --time 9000000000000
= get-offsets --topic t1 --time silly
= get-offsets --topic t1,empty --partitions 0,2
= get-offsets --topic t1 --partitions x
= get-offsets --topic-partitions t1:0-2,a.*:1,:0
= get-offsets --topic-partitions t1:x
= get-offsets --topic-partitions t1 --topic t1
= get-offsets --exclude-internal-topics
= get-offsets --topic nobody
= get-offsets --topic (
=! get-offsets --bootstrap-server silly
=! get-offsets
= log-dirs
= log-dirs --describe --topic-list t1,empty
= log-dirs --describe --topic-list nobody
= log-dirs --describe --broker-list 1 --topic-list t1
= log-dirs --describe --broker-list 9
= log-dirs --describe --broker-list x
";

/// Calls that reset, delete, and show what became of it.
///
/// What cannot be done is named on standard output; beside it, Kafka's tool prints a stack trace,
/// which ours does not. It also logs that an offset was moved into the log's range, which this
/// JVM's logger keeps quiet.
const CHANGES: &str = "
=* consumer-groups --reset-offsets
=* consumer-groups --reset-offsets --group g1
=* consumer-groups --reset-offsets --group g1 --topic t1
=* consumer-groups --reset-offsets --group g1 --topic t1 --dry-run
= consumer-groups --reset-offsets --group g1 --to-latest --dry-run
= consumer-groups --reset-offsets --group g1 --topic t1 --to-latest --dry-run --execute
= consumer-groups --reset-offsets --group g1 --topic t1 --to-latest --to-earliest --dry-run
= consumer-groups --reset-offsets --group member --topic t1 --to-latest --execute
= consumer-groups --reset-offsets --group g1 --topic t1 --to-earliest
= consumer-groups --reset-offsets --group g1 --all-topics --to-earliest --dry-run
= consumer-groups --reset-offsets --group g1 --all-topics --to-earliest --dry-run --export
=- consumer-groups --reset-offsets --group g1 --topic t1:0,1 --to-offset 1 --dry-run
= consumer-groups --reset-offsets --group g1 --topic t1:x --to-offset 1 --dry-run
= consumer-groups --reset-offsets --group g1 --topic t1:0:1 --to-offset 1 --dry-run
=- consumer-groups --reset-offsets --group g1 --topic t1:0,7 --to-offset 1 --dry-run
=- consumer-groups --reset-offsets --group g1 --topic nobody --to-offset 1 --dry-run
=- consumer-groups --reset-offsets --group g1 --topic nobody:0 --to-offset 1 --dry-run
=- consumer-groups --reset-offsets --group g1 --topic t1 --to-offset x --dry-run
=- consumer-groups --reset-offsets --group g1 --topic t1 --shift-by -1 --dry-run
= consumer-groups --reset-offsets --group g1 --topic empty --shift-by -1 --dry-run
= consumer-groups --reset-offsets --group g1 --topic t1 --topic empty --to-current --dry-run
= consumer-groups --reset-offsets --group g1 --topic t1 --to-datetime 2001-01-01T00:00:00.000
= consumer-groups --reset-offsets --group g1 --topic t1 --to-datetime 2031-01-01T00:00:00.000+01:00
=- consumer-groups --reset-offsets --group g1 --topic t1 --to-datetime 2001-01-01 --dry-run
=- consumer-groups --reset-offsets --group g1 --topic t1 --to-datetime 2001-13-01T00:00:00.000
= consumer-groups --reset-offsets --group g1 --topic t1 --by-duration P1DT1H --dry-run
=- consumer-groups --reset-offsets --group g1 --topic t1 --by-duration 5m --dry-run
=- consumer-groups --reset-offsets --group g1 --from-file SCRATCH/short.csv --dry-run
=- consumer-groups --reset-offsets --group g1 --from-file SCRATCH/long.csv --dry-run
=* consumer-groups --reset-offsets --group g1 --group g2 --from-file SCRATCH/long.csv --export
=- consumer-groups --reset-offsets --group g7 --from-file SCRATCH/long.csv --dry-run
=- consumer-groups --reset-offsets --group g1 --from-file SCRATCH/none.csv --dry-run
= consumer-groups --reset-offsets --all-groups --topic t1:0 --to-earliest --dry-run
= consumer-groups --reset-offsets --group g9 --topic t1 --to-earliest --execute
=- consumer-groups --reset-offsets --group g9 --topic t1 --shift-by 1 --execute
= consumer-groups --describe --group g9
=* consumer-groups --delete-offsets --group g9
= consumer-groups --delete-offsets --group g9 --topic t1:0
= consumer-groups --delete-offsets --group g9 --topic t1 --topic a.rather_long_name_of_one
= consumer-groups --delete-offsets --group g9 --topic nobody
= consumer-groups --delete-offsets --group member --topic t1
= consumer-groups --delete-offsets --group nobody --topic t1
=* consumer-groups --delete
= consumer-groups --delete --group g9 --topic t1
= consumer-groups --delete --group nobody
= consumer-groups --delete --group another-one --group g1 --group member
= consumer-groups --delete --group a-group-with-a-long-name
= consumer-groups --list
= delete-records
= delete-records --offset-json-file SCRATCH/none.json
= delete-records --offset-json-file SCRATCH/twice.json
= delete-records --offset-json-file SCRATCH/version.json
= delete-records --offset-json-file SCRATCH/nothing.json
= delete-records --offset-json-file SCRATCH/broken.json
= delete-records --offset-json-file SCRATCH/text.json
= delete-records --offset-json-file SCRATCH/field.json
~ delete-records --offset-json-file SCRATCH/good.json
= get-offsets --topic t1 --time -2
";

const FILES: [(&str, &str); 9] = [
    ("short.csv", "t1,0,1\nt1,1,0\n"),
    ("long.csv", "g1,t1,0,1\ng2,t1,1,0\n"),
    (
        "twice.json",
        r#"{"partitions":[{"topic":"t1","partition":1,"offset":1},
            {"topic":"t1","partition":1,"offset":2}]}"#,
    ),
    ("version.json", r#"{"version":2,"partitions":[]}"#),
    ("nothing.json", r#"{"version":1}"#),
    ("broken.json", r#"{"version""#),
    ("text.json", r#"{"partitions":[{"topic":"t1","partition":"1","offset":1}]}"#),
    ("field.json", r#"{"partitions":[{"topic":"t1","offset":1}]}"#),
    (
        "good.json",
        r#"{"partitions":[{"topic":"t1","partition":1,"offset":1},
            {"topic":"t1","partition":2,"offset":-1},{"topic":"t1","partition":0,"offset":99}]}"#,
    ),
];

/// A member of group `member` in each cluster; they end with this.
struct Members(Vec<Child>);

impl Members {
    #[track_caller]
    fn join(pair: &mut Pair) -> Self {
        let bootstraps = pair.brokers().each_ref().map(|broker| broker.bootstrap());
        let members = bootstraps.iter().map(|bootstrap| {
            let mut command = Command::new("kcat");
            command.args(["-b", bootstrap, "-G", "member", "-X", "enable.auto.commit=false", "t1"]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("kcat runs")
        });
        let members = Self(members.collect());
        for bootstrap in &bootstraps {
            let args = ["--list", "--state", "stable", "--bootstrap-server", bootstrap];
            let args = args.map(str::to_owned);
            wait_for("the member to join", Duration::from_secs(60), || {
                ottla("consumer-groups", &args, "").out.contains("member").then_some(())
            });
        }
        members
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for member in &mut self.0 {
            let _ = member.kill();
            let _ = member.wait();
        }
    }
}

#[test]
fn groups_offsets_and_records() {
    let Some(_) = ottla_integration::tools::or_skip(ottla_integration::tools::kcat()) else {
        return;
    };
    let settings = [
        ("group.initial.rebalance.delay.ms", "0"),
        ("offsets.topic.num.partitions", "3"),
        ("auto.create.topics.enable", "false"),
        ("node.id", "1"),
    ];
    let Some(mut pair) = Pair::start(&settings) else { return };
    for (name, content) in FILES {
        std::fs::write(pair.scratch().join(name), content).expect("a file");
    }
    for broker in pair.brokers() {
        let bootstrap = broker.bootstrap();
        for (topic, partitions) in TOPICS {
            let words = format!("--create --topic {topic} --partitions {partitions}");
            let mut words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            words.extend(["--bootstrap-server".to_owned(), bootstrap.clone()]);
            assert_eq!(ottla("topics", &words, "").exit, 0, "{words:?}");
        }
        produce(&bootstrap);
    }
    for line in STATE {
        pair.prepare(line);
    }
    let members = Members::join(&mut pair);
    pair.table(LOOKS);
    pair.table(CHANGES);
    drop(members);
    pair.finish();
}

/// Records in partitions 1 and 2 of `t1` and in 0 of the other topic.
#[track_caller]
fn produce(bootstrap: &str) {
    use std::io::Write;
    for (topic, partition, count) in
        [("t1", "1", 5), ("t1", "2", 2), ("a.rather_long_name_of_one", "0", 3)]
    {
        let mut command = Command::new("kcat");
        command.args(["-b", bootstrap, "-P", "-t", topic, "-p", partition]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("kcat runs");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all("v\n".repeat(count).as_bytes()).expect("kcat reads");
        drop(input);
        assert!(child.wait().expect("an end").success());
    }
}

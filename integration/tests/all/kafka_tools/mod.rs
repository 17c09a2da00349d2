//! Kafka's own command line classes against the broker and against Apache Kafka: same output.
//!
//! The commands of `commands.txt` run in order against both brokers, in one JVM (`Tools.java`).
//! Only what has to differ between two installations is made equal first: ports, directories, ids,
//! times.

mod dump_log;
pub(crate) mod normal;
pub(crate) mod table;

use std::path::Path;
use std::time::Duration;

use ottla_integration::tools::{Java, or_skip};
use ottla_integration::{Broker, ClientProgram, KafkaProcess, binary, poll_until};
use serde_json::json;

use normal::Place;
use table::{Compare, Step, steps};

/// What a tool run gave.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) exit: i64,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// One run of a class of Kafka's in the shared JVM.
#[track_caller]
pub(crate) fn run_tool(
    tools: &mut ClientProgram,
    class: &str,
    args: &[String],
    stdin: &str,
) -> Outcome {
    let command = json!({"class": class, "args": args, "stdin": stdin});
    let event = tools.ask_within(&command, Duration::from_secs(120)).pop().expect("a last event");
    Outcome {
        exit: event["exit"].as_i64().unwrap_or(-1),
        out: event["out"].as_str().unwrap_or_default().to_owned(),
        err: event["err"].as_str().unwrap_or_default().to_owned(),
    }
}

pub(crate) fn start_tools(java: &Java, dir: &Path) -> ClientProgram {
    let mut command = java.command();
    // with the manager the JVM outlives tools that call System.exit
    let policy = binary::workspace_dir().join("integration/clients/java/tools.policy");
    command.arg("-Djava.security.manager=allow");
    command.arg(format!("-Djava.security.policy=={}", policy.display()));
    command.args(["-Xmx512M", "-XX:+UseSerialGC", "-cp"]);
    command.arg(java.class_path()).arg("Tools");
    ClientProgram::start("tools", command, "", dir)
}

const SETTINGS: &[(&str, &str)] = &[
    ("group.initial.rebalance.delay.ms", "0"),
    ("offsets.topic.num.partitions", "3"),
    ("auto.create.topics.enable", "false"),
];

/// How long Kafka may take to show what it has been told.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn tools_print_what_they_print_for_kafka() {
    let Some(java) = or_skip(Java::fetch()) else { return };
    let dir = tempfile::tempdir().expect("a temporary directory");
    let kafka = KafkaProcess::start(java, SETTINGS);
    let mut settings = SETTINGS.to_vec();
    settings.push(("node.id", "1"));
    let ours = Broker::start(&settings);
    let mut tools = start_tools(java, dir.path());
    let places = [
        Place::new(&kafka.bootstrap(), &kafka.data_dir(), dir.path()),
        Place::new(&ours.bootstrap(), &ours.data_dir(), dir.path()),
    ];

    let mut differences = Vec::new();
    let steps = steps();
    for step in &steps {
        let mut outcome = |place: &Place| {
            let args = arguments(step, place);
            place.normalise(step.compare, run_tool(&mut tools, step.class, &args, &step.stdin))
        };
        let [mut wanted, found] = places.each_ref().map(&mut outcome);
        // Kafka answers a change before its broker has applied it
        if !same(step, &wanted, &found) && reads(&arguments(step, &places[0])) {
            poll_until(LIMIT, || {
                wanted = outcome(&places[0]);
                same(step, &wanted, &found).then_some(())
            });
        }
        if !same(step, &wanted, &found) {
            differences.push(difference(step, &wanted, &found));
        }
    }
    let [all, bad] = [steps.len(), differences.len()];
    assert!(differences.is_empty(), "{bad} of {all} differ\n{}", differences.join("\n"));
}

/// Whether these words of a command change nothing.
pub(crate) fn reads(args: &[String]) -> bool {
    let has = |words: &[&str]| args.iter().any(|arg| words.contains(&arg.as_str()));
    let changes = ["--alter", "--create", "--delete", "--delete-offsets", "--execute"];
    let looks = ["--describe", "--list", "--time", "--topic-partitions"];
    has(&looks) && !has(&changes)
}

fn same(step: &Step, wanted: &Outcome, found: &Outcome) -> bool {
    match step.compare {
        Compare::Runs => wanted.exit == found.exit && !found.out.is_empty(),
        Compare::Exact | Compare::Sorted | Compare::Names => wanted == found,
    }
}

fn arguments(step: &Step, place: &Place) -> Vec<String> {
    let mut args: Vec<String> = step.args.split_whitespace().map(|w| place.fill(w)).collect();
    if !step.args.contains("BOOTSTRAP") {
        args.extend(["--bootstrap-server".to_owned(), place.bootstrap.clone()]);
    }
    args
}

fn difference(step: &Step, wanted: &Outcome, found: &Outcome) -> String {
    let name = step.class.rsplit('.').next().unwrap_or(step.class);
    let mut text = format!("==== {name} {}\n", step.args);
    if wanted.exit != found.exit {
        text.push_str(&format!("exit: kafka {}, ottla {}\n", wanted.exit, found.exit));
    }
    for (stream, wanted, found) in
        [("out", &wanted.out, &found.out), ("err", &wanted.err, &found.err)]
    {
        if wanted != found {
            let only = |a: &str, b: &str, mark: char| -> String {
                let other: Vec<&str> = b.lines().collect();
                let lines = a.lines().filter(|line| !other.contains(line));
                lines.map(|line| format!("{mark} {line}\n")).collect()
            };
            text.push_str(&format!("{stream}: (- kafka, + ottla)\n"));
            text.push_str(&only(wanted, found, '-'));
            text.push_str(&only(found, wanted, '+'));
        }
    }
    text
}

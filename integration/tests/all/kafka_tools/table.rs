//! Reads `commands.txt`: what runs against both brokers, and how the outcomes are compared.

/// How two outcomes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compare {
    /// Line for line.
    Exact,
    /// The same lines in any order.
    Sorted,
    /// The same settings in any order, whatever their values.
    Names,
    /// The same exit code and some output.
    Runs,
}

/// One command.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) class: &'static str,
    pub(crate) args: &'static str,
    pub(crate) stdin: String,
    pub(crate) compare: Compare,
}

/// The tools by the names of Kafka's scripts.
const CLASSES: &[(&str, &str)] = &[
    ("topics", "org.apache.kafka.tools.TopicCommand"),
    ("configs", "kafka.admin.ConfigCommand"),
    ("console-producer", "org.apache.kafka.tools.ConsoleProducer"),
    ("console-consumer", "org.apache.kafka.tools.consumer.ConsoleConsumer"),
    ("consumer-groups", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"),
    ("groups", "org.apache.kafka.tools.GroupsCommand"),
    ("get-offsets", "org.apache.kafka.tools.GetOffsetShell"),
    ("log-dirs", "org.apache.kafka.tools.LogDirsCommand"),
    ("delete-records", "org.apache.kafka.tools.DeleteRecordsCommand"),
    ("broker-api-versions", "org.apache.kafka.tools.BrokerApiVersionsCommand"),
    ("cluster", "org.apache.kafka.tools.ClusterTool"),
    ("e2e-latency", "org.apache.kafka.tools.EndToEndLatency"),
    ("consumer-perf-test", "org.apache.kafka.tools.ConsumerPerformance"),
    ("producer-perf-test", "org.apache.kafka.tools.ProducerPerformance"),
    ("verifiable-consumer", "org.apache.kafka.tools.VerifiableConsumer"),
    ("verifiable-producer", "org.apache.kafka.tools.VerifiableProducer"),
    ("dump-log", "org.apache.kafka.tools.DumpLogSegments"),
];

/// The class of the tool of this name.
#[track_caller]
pub(crate) fn class_of(tool: &str) -> &'static str {
    let known = CLASSES.iter().find(|(name, _)| *name == tool);
    known.map_or_else(|| panic!("unknown tool: {tool}"), |(_, class)| class)
}

/// Every command of `commands.txt`.
pub(crate) fn steps() -> Vec<Step> {
    let lines = include_str!("commands.txt").lines();
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(step).collect()
}

fn step(line: &'static str) -> Step {
    let (mark, rest) = line.split_once(' ').expect("a mark in front");
    let (rest, stdin) = rest.split_once(" < ").unwrap_or((rest, ""));
    let (tool, args) = rest.split_once(' ').unwrap_or((rest, ""));
    let class = class_of(tool);
    let compare = match mark {
        "=" => Compare::Exact,
        "~" => Compare::Sorted,
        "n" => Compare::Names,
        "r" => Compare::Runs,
        _ => panic!("unknown mark: {line}"),
    };
    Step { class, args, stdin: stdin.replace("\\n", "\n"), compare }
}

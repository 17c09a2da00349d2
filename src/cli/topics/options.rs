//! What `kafka-topics` accepts, and which options go together.

use ottla_config::topic_definitions;

use super::super::kit::{Given, Kind, Out, Spec, Stop};

const ACTIONS: [&str; 5] = ["create", "list", "alter", "describe", "delete"];
const REPORTS: [&str; 4] = [
    "under-replicated-partitions",
    "under-min-isr-partitions",
    "at-min-isr-partitions",
    "unavailable-partitions",
];
/// What Kafka's tool adds where settings of a topic were once altered.
const SEE_CONFIGS: &str = " (To alter topic configurations, the kafka-configs tool can be used.)";

pub(super) fn spec() -> Spec {
    let mut names: Vec<&str> =
        topic_definitions().iter().filter(|key| !key.internal).map(|key| key.name).collect();
    names.sort_unstable();
    let config = format!(
        "A topic configuration override for the topic being created. The following is a list of \
         valid configurations: \n\t{}\nSee the Kafka documentation for full details on the topic \
         configs. It is supported only in combination with --create.{SEE_CONFIGS}",
        names.join("\n\t")
    );
    let spec = Spec::joptsimple("This tool helps to create, delete, describe, or change a topic.")
        .about_empty("Create, delete, describe, or change a topic.")
        .bootstrap("REQUIRED: The Kafka server to connect to.")
        .value(
            "command-config",
            Kind::File,
            "command config property file",
            "Property file containing configs to be passed to Admin Client.",
        )
        .flag("list", "List all available topics.")
        .flag("create", "Create a new topic.")
        .flag("delete", "Delete a topic.")
        .flag(
            "alter",
            format!("Alter the number of partitions and replica assignment.{SEE_CONFIGS}"),
        )
        .flag("describe", "List details for the given topics.")
        .value(
            "topic",
            Kind::Text,
            "topic",
            "The topic to create, alter, describe or delete. It also accepts a regular \
             expression, except for --create option.",
        )
        .value("topic-id", Kind::Text, "topic-id", "The topic-id to describe.")
        .value("config", Kind::Text, "name=value", config)
        .value(
            "delete-config",
            Kind::Text,
            "name",
            "This option is no longer supported and has been deprecated since 4.0",
        );
    numbers(reports(spec)).output()
}

fn numbers(spec: Spec) -> Spec {
    spec.value(
        "partitions",
        Kind::Integer,
        "# of partitions",
        "The number of partitions for the topic being created or altered. If not supplied with \
         --create, the topic uses the cluster default. (WARNING: If partitions are increased for \
         a topic that has a key, the partition logic or ordering of the messages will be \
         affected).",
    )
    .value(
        "replication-factor",
        Kind::Integer,
        "replication factor",
        "The replication factor for each partition in the topic being created. If not supplied, \
         the topic uses the cluster default.",
    )
    .value(
        "replica-assignment",
        Kind::Text,
        "broker_id_for_part1_replica1 : broker_id_for_part1_replica2 , \
         broker_id_for_part2_replica1 : broker_id_for_part2_replica2 , ...",
        "A list of manual partition-to-broker assignments for the topic being created or altered.",
    )
    .value(
        "partition-size-limit-per-response",
        Kind::Integer,
        "maximum number of partitions per response",
        "The maximum partition size to be included in one DescribeTopicPartitions response.",
    )
}

fn reports(spec: Spec) -> Spec {
    spec.flag(
        "under-replicated-partitions",
        "If set when describing topics, only show under-replicated partitions.",
    )
    .flag(
        "unavailable-partitions",
        "If set when describing topics, only show partitions whose leader is not available.",
    )
    .flag(
        "under-min-isr-partitions",
        "If set when describing topics, only show partitions whose isr count is less than the \
         configured minimum.",
    )
    .flag(
        "at-min-isr-partitions",
        "If set when describing topics, only show partitions whose isr count is equal to the \
         configured minimum.",
    )
    .flag(
        "topics-with-overrides",
        "If set when describing topics, only show topics that have overridden configs.",
    )
    .flag(
        "if-exists",
        "If set when altering or deleting or describing topics, the action will only execute if \
         the topic exists.",
    )
    .flag(
        "if-not-exists",
        "If set when creating topics, the create request will not fail if the topic already \
         exists, but the request will still be sent.",
    )
    .flag(
        "exclude-internal",
        "Exclude internal topics when listing or describing topics. By default, the internal \
         topics are included.",
    )
}

/// Checks what goes with what, in the order of Kafka's tool.
pub(super) fn check(given: &Given, out: &mut Out) -> Result<(), Stop> {
    if ACTIONS.iter().filter(|action| given.has(action)).count() != 1 {
        return Err(given.usage(
            "Command must include exactly one action: --list, --describe, --create, --alter or \
             --delete",
        ));
    }
    if given.has("delete-config") {
        eprintln!(
            "delete-config option is no longer supported and deprecated since version 4.0. The \
             config will be fully removed in future releases."
        );
    }
    required(given, out)?;
    excluded(given)
}

fn required(given: &Given, out: &mut Out) -> Result<(), Stop> {
    if !given.has("bootstrap-server") {
        return Err(Stop::error("--bootstrap-server must be specified"));
    }
    if given.has("describe") && given.has("if-exists") {
        let (topic, id) = (given.has("topic"), given.has("topic-id"));
        if !topic && !id {
            return Err(given.usage("--topic or --topic-id is required to describe a topic"));
        }
        if topic && id {
            out.line(
                "Only topic id will be used when both --topic and --topic-id are specified and \
                 topicId is not Uuid.ZERO_UUID",
            )?;
        }
    }
    if !given.has("list") && !given.has("describe") {
        given.require(&["topic"])?;
    }
    if given.has("alter") {
        if given.has("config") {
            return Err(given.usage(&format!(
                "Option combination \"[[bootstrap-server], [config]]\" can't be used with option \
                 \"[alter]\"{SEE_CONFIGS}"
            )));
        }
        given.require(&["partitions"])?;
    }
    Ok(())
}

fn excluded(given: &Given) -> Result<(), Stop> {
    let only_with = |option: &str, actions: &[&str]| {
        let others: Vec<&str> = ACTIONS.into_iter().filter(|one| !actions.contains(one)).collect();
        given.exclude(option, &others)
    };
    only_with("config", &["alter", "create"])?;
    only_with("partitions", &["alter", "create"])?;
    only_with("replication-factor", &["create"])?;
    only_with("replica-assignment", &["alter", "create"])?;
    if given.has("create") {
        given.exclude("replica-assignment", &["partitions", "replication-factor"])?;
    }
    for report in REPORTS {
        only_with(report, &["describe"])?;
        given.exclude(report, &["topics-with-overrides"])?;
    }
    only_with("topics-with-overrides", &["describe"])?;
    only_with("if-exists", &["alter", "delete", "describe"])?;
    only_with("if-not-exists", &["create"])?;
    only_with("exclude-internal", &["list", "describe"])
}

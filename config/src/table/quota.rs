//! Keys about quotas and metrics.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "alter.log.dirs.replication.quota.window.num",
        Kind::Int,
        "How many samples the quota on moving replicas between directories looks back \
         on.",
    )
    .default("11")
    .at_least(1)
    .low()
    .noted("no effect yet; replicas cannot be moved between directories."),
    key(
        "alter.log.dirs.replication.quota.window.size.seconds",
        Kind::Int,
        "The length of one such sample.",
    )
    .default("1")
    .at_least(1)
    .low()
    .noted("no effect yet; replicas cannot be moved between directories."),
    key("client.quota.callback.class", Kind::Class, "A Java class that decides on client quotas.")
        .low()
        .noted("no effect; Ottla runs no Java classes."),
    key(
        "controller.quota.window.num",
        Kind::Int,
        "How many samples the quota on topic changes looks back on.",
    )
    .default("11")
    .at_least(1)
    .low()
    .noted("no effect yet; there are no client quotas."),
    key("controller.quota.window.size.seconds", Kind::Int, "The length of one such sample.")
        .default("1")
        .at_least(1)
        .low()
        .noted("no effect yet; there are no client quotas."),
    key(
        "kafka.metrics.polling.interval.secs",
        Kind::Int,
        "How often reporters of the older metrics are asked.",
    )
    .default("10")
    .at_least(1)
    .low()
    .noted("no effect yet; there are no metrics reporters."),
    key("kafka.metrics.reporters", Kind::List, "Java classes that report the older metrics.")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .low()
        .noted("no effect yet; there are no metrics reporters."),
    key("metric.reporters", Kind::List, "Java classes that report metrics.")
        .default("org.apache.kafka.common.metrics.JmxReporter")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .low()
        .cluster_wide()
        .noted("no effect yet; there are no metrics reporters."),
    key("metrics.num.samples", Kind::Int, "How many samples a metric is made of.")
        .default("2")
        .at_least(1)
        .low()
        .noted("no effect yet; there are no metrics reporters."),
    key("metrics.recording.level", Kind::String, "How much is measured.")
        .default("INFO")
        .low()
        .noted("no effect yet; there are no metrics reporters."),
    key("metrics.sample.window.ms", Kind::Long, "The length of one sample.")
        .default("30000")
        .at_least(1)
        .low()
        .noted("no effect yet; there are no metrics reporters."),
    key("quota.window.num", Kind::Int, "How many samples client quotas look back on.")
        .default("11")
        .at_least(1)
        .low()
        .noted("no effect yet; there are no client quotas."),
    key("quota.window.size.seconds", Kind::Int, "The length of one such sample.")
        .default("1")
        .at_least(1)
        .low()
        .noted("no effect yet; there are no client quotas."),
    key("telemetry.max.bytes", Kind::Int, "The most telemetry a client may push at once.")
        .default("1048576")
        .at_least(1)
        .low()
        .noted("no effect yet; there are no metrics reporters."),
];

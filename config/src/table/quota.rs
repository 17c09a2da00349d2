//! Keys about quotas and metrics.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("alter.log.dirs.replication.quota.window.num", Kind::Int, "")
        .default("11")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("alter.log.dirs.replication.quota.window.size.seconds", Kind::Int, "")
        .default("1")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("client.quota.callback.class", Kind::Class, "").low().noted("not used yet"),
    key("controller.quota.window.num", Kind::Int, "")
        .default("11")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("controller.quota.window.size.seconds", Kind::Int, "")
        .default("1")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("kafka.metrics.polling.interval.secs", Kind::Int, "")
        .default("10")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("kafka.metrics.reporters", Kind::List, "")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .low()
        .noted("not used yet"),
    key("metric.reporters", Kind::List, "")
        .default("org.apache.kafka.common.metrics.JmxReporter")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .low()
        .cluster_wide()
        .noted("not used yet"),
    key("metrics.num.samples", Kind::Int, "").default("2").at_least(1).low().noted("not used yet"),
    key("metrics.recording.level", Kind::String, "").default("INFO").low().noted("not used yet"),
    key("metrics.sample.window.ms", Kind::Long, "")
        .default("30000")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("quota.window.num", Kind::Int, "").default("11").at_least(1).low().noted("not used yet"),
    key("quota.window.size.seconds", Kind::Int, "")
        .default("1")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("telemetry.max.bytes", Kind::Int, "")
        .default("1048576")
        .at_least(1)
        .low()
        .noted("not used yet"),
];

//! Keys about consumer groups and committed offsets.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("group.consumer.assignment.interval.ms", Kind::Int, "")
        .default("1000")
        .at_least(0)
        .cluster_wide()
        .noted("not used yet"),
    key("group.consumer.assignors", Kind::List, "")
        .default("uniform,range")
        .rule(Rule::Members(&[], MayBeEmpty::No))
        .noted("not used yet"),
    key("group.consumer.heartbeat.interval.ms", Kind::Int, "")
        .default("5000")
        .at_least(1)
        .noted("not used yet"),
    key("group.consumer.max.assignment.interval.ms", Kind::Int, "")
        .default("15000")
        .at_least(0)
        .noted("not used yet"),
    key("group.consumer.max.heartbeat.interval.ms", Kind::Int, "")
        .default("15000")
        .at_least(1)
        .noted("not used yet"),
    key("group.consumer.max.session.timeout.ms", Kind::Int, "")
        .default("60000")
        .at_least(1)
        .noted("not used yet"),
    key("group.consumer.max.size", Kind::Int, "")
        .default("2147483647")
        .at_least(1)
        .noted("not used yet"),
    key("group.consumer.migration.policy", Kind::String, "")
        .default("bidirectional")
        .rule(Rule::OneOfAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]))
        .noted("not used yet"),
    key("group.consumer.min.assignment.interval.ms", Kind::Int, "")
        .default("0")
        .at_least(0)
        .noted("not used yet"),
    key("group.consumer.min.heartbeat.interval.ms", Kind::Int, "")
        .default("5000")
        .at_least(1)
        .noted("not used yet"),
    key("group.consumer.min.session.timeout.ms", Kind::Int, "")
        .default("45000")
        .at_least(1)
        .noted("not used yet"),
    key("group.consumer.regex.refresh.interval.ms", Kind::Int, "")
        .default("600000")
        .at_least(10000)
        .internal()
        .noted("not used yet"),
    key("group.consumer.session.timeout.ms", Kind::Int, "")
        .default("45000")
        .at_least(1)
        .noted("not used yet"),
    key("group.coordinator.append.linger.ms", Kind::Int, "")
        .default("-1")
        .at_least(-1)
        .noted("not used yet"),
    key("group.coordinator.background.threads", Kind::Int, "")
        .default("2")
        .at_least(1)
        .high()
        .noted("not used yet"),
    key("group.coordinator.cached.buffer.max.bytes", Kind::Int, "")
        .default("1048588")
        .at_least(524288)
        .cluster_wide()
        .noted("not used yet"),
    key("group.coordinator.rebalance.protocols", Kind::List, "")
        .default("classic,consumer,streams")
        .rule(Rule::Members(&["consumer", "classic", "share", "streams"], MayBeEmpty::No))
        .noted("not used yet"),
    key("group.coordinator.threads", Kind::Int, "")
        .default("4")
        .at_least(1)
        .high()
        .noted("not used yet"),
    key("group.initial.rebalance.delay.ms", Kind::Int, "").default("3000"),
    key("group.max.session.timeout.ms", Kind::Int, "").default("1800000"),
    key("group.max.size", Kind::Int, "").default("2147483647").at_least(1),
    key("group.min.session.timeout.ms", Kind::Int, "").default("6000"),
    key("offset.metadata.max.bytes", Kind::Int, "").default("4096").high(),
    key("offsets.commit.timeout.ms", Kind::Int, "").default("5000").at_least(1).high(),
    key("offsets.load.buffer.size", Kind::Int, "").default("5242880").at_least(1).high(),
    key("offsets.retention.check.interval.ms", Kind::Long, "").default("600000").at_least(1).high(),
    key("offsets.retention.minutes", Kind::Int, "").default("10080").at_least(1).high(),
    key("offsets.topic.compression.codec", Kind::Int, "").default("0").high(),
    key("offsets.topic.num.partitions", Kind::Int, "").default("50").at_least(1).high(),
    key("offsets.topic.replication.factor", Kind::Short, "").default("3").at_least(1).high(),
    key("offsets.topic.segment.bytes", Kind::Int, "").default("104857600").at_least(1).high(),
];

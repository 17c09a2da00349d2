//! Keys about share groups (KIP-932) and streams groups (KIP-1071).

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("group.share.assignment.interval.ms", Kind::Int, "")
        .default("1000")
        .at_least(0)
        .cluster_wide()
        .noted("Share and streams groups are not there yet."),
    key("group.share.assignors", Kind::List, "")
        .default("simple")
        .rule(Rule::Members(&[], MayBeEmpty::No))
        .noted("Share and streams groups are not there yet."),
    key("group.share.delivery.count.limit", Kind::Int, "")
        .default("5")
        .between(2, 10)
        .noted("Share and streams groups are not there yet."),
    key("group.share.heartbeat.interval.ms", Kind::Int, "")
        .default("5000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.share.initialize.retry.interval.ms", Kind::Int, "")
        .default("30000")
        .at_least(1)
        .low()
        .internal()
        .noted("Share and streams groups are not there yet."),
    key("group.share.max.assignment.interval.ms", Kind::Int, "")
        .default("15000")
        .at_least(0)
        .noted("Share and streams groups are not there yet."),
    key("group.share.max.delivery.count.limit", Kind::Int, "")
        .default("10")
        .between(5, 25)
        .noted("Share and streams groups are not there yet."),
    key("group.share.max.heartbeat.interval.ms", Kind::Int, "")
        .default("15000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.share.max.partition.max.record.locks", Kind::Int, "")
        .default("4000")
        .between(2000, 10000)
        .noted("Share and streams groups are not there yet."),
    key("group.share.max.record.lock.duration.ms", Kind::Int, "")
        .default("60000")
        .between(30000, 3600000)
        .noted("Share and streams groups are not there yet."),
    key("group.share.max.session.timeout.ms", Kind::Int, "")
        .default("60000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.share.max.share.sessions", Kind::Int, "")
        .default("2000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.share.max.size", Kind::Int, "")
        .default("200")
        .between(1, 1000)
        .noted("Share and streams groups are not there yet."),
    key("group.share.min.assignment.interval.ms", Kind::Int, "")
        .default("0")
        .at_least(0)
        .noted("Share and streams groups are not there yet."),
    key("group.share.min.delivery.count.limit", Kind::Int, "")
        .default("2")
        .between(2, 5)
        .noted("Share and streams groups are not there yet."),
    key("group.share.min.heartbeat.interval.ms", Kind::Int, "")
        .default("5000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.share.min.partition.max.record.locks", Kind::Int, "")
        .default("100")
        .between(100, 2000)
        .noted("Share and streams groups are not there yet."),
    key("group.share.min.record.lock.duration.ms", Kind::Int, "")
        .default("15000")
        .between(1000, 30000)
        .noted("Share and streams groups are not there yet."),
    key("group.share.min.session.timeout.ms", Kind::Int, "")
        .default("45000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.share.partition.max.record.locks", Kind::Int, "")
        .default("2000")
        .between(100, 10000)
        .noted("Share and streams groups are not there yet."),
    key("group.share.persister.class.name", Kind::String, "")
        .default("org.apache.kafka.server.share.persister.DefaultStatePersister")
        .internal()
        .noted("Share and streams groups are not there yet."),
    key("group.share.record.lock.duration.ms", Kind::Int, "")
        .default("30000")
        .between(1000, 3600000)
        .noted("Share and streams groups are not there yet."),
    key("group.share.session.timeout.ms", Kind::Int, "")
        .default("45000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.assignment.interval.ms", Kind::Int, "")
        .default("1000")
        .at_least(0)
        .cluster_wide()
        .noted("Share and streams groups are not there yet."),
    key("group.streams.heartbeat.interval.ms", Kind::Int, "")
        .default("5000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.initial.rebalance.delay.ms", Kind::Int, "")
        .default("3000")
        .at_least(0)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.max.assignment.interval.ms", Kind::Int, "")
        .default("15000")
        .at_least(0)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.max.heartbeat.interval.ms", Kind::Int, "")
        .default("15000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.max.session.timeout.ms", Kind::Int, "")
        .default("60000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.max.size", Kind::Int, "")
        .default("2147483647")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.max.standby.replicas", Kind::Int, "")
        .default("2")
        .at_least(0)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.min.assignment.interval.ms", Kind::Int, "")
        .default("0")
        .at_least(0)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.min.heartbeat.interval.ms", Kind::Int, "")
        .default("5000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.min.session.timeout.ms", Kind::Int, "")
        .default("45000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.num.standby.replicas", Kind::Int, "")
        .default("0")
        .at_least(0)
        .noted("Share and streams groups are not there yet."),
    key("group.streams.session.timeout.ms", Kind::Int, "")
        .default("45000")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.append.linger.ms", Kind::Int, "")
        .default("-1")
        .at_least(-1)
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.cached.buffer.max.bytes", Kind::Int, "")
        .default("1048588")
        .at_least(524288)
        .cluster_wide()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.cold.partition.snapshot.interval.ms", Kind::Int, "")
        .default("300000")
        .at_least(1)
        .low()
        .internal()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.load.buffer.size", Kind::Int, "")
        .default("5242880")
        .at_least(1)
        .high()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.snapshot.update.records.per.snapshot", Kind::Int, "")
        .default("500")
        .between(0, 500)
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.state.topic.compression.codec", Kind::Int, "")
        .default("0")
        .high()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.state.topic.min.isr", Kind::Short, "")
        .default("2")
        .at_least(1)
        .high()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.state.topic.num.partitions", Kind::Int, "")
        .default("50")
        .at_least(1)
        .high()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.state.topic.prune.interval.ms", Kind::Int, "")
        .default("300000")
        .at_least(1)
        .low()
        .internal()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.state.topic.replication.factor", Kind::Short, "")
        .default("3")
        .at_least(1)
        .high()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.state.topic.segment.bytes", Kind::Int, "")
        .default("104857600")
        .at_least(1)
        .high()
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.threads", Kind::Int, "")
        .default("1")
        .at_least(1)
        .noted("Share and streams groups are not there yet."),
    key("share.coordinator.write.timeout.ms", Kind::Int, "")
        .default("5000")
        .at_least(1)
        .high()
        .noted("Share and streams groups are not there yet."),
    key("share.fetch.purgatory.purge.interval.requests", Kind::Int, "")
        .default("1000")
        .noted("Share and streams groups are not there yet."),
];

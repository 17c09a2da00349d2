//! Keys about share groups (KIP-932) and streams groups (KIP-1071).

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "group.share.assignment.interval.ms",
        Kind::Int,
        "How long to wait between two assignments of a share group.",
    )
    .default("1000")
    .at_least(0)
    .cluster_wide()
    .noted("no effect yet; there are no share and streams groups."),
    key("group.share.assignors", Kind::List, "The assignors a share group can use.")
        .default("simple")
        .rule(Rule::Members(&[], MayBeEmpty::No))
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.delivery.count.limit",
        Kind::Int,
        "How often a record is delivered before it is given up.",
    )
    .default("5")
    .between(2, 10)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.heartbeat.interval.ms",
        Kind::Int,
        "How often members of a share group report.",
    )
    .default("5000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.initialize.retry.interval.ms",
        Kind::Int,
        "How long to wait before share state is initialized again.",
    )
    .default("30000")
    .at_least(1)
    .low()
    .internal()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.max.assignment.interval.ms",
        Kind::Int,
        "The largest assignment interval a share group may set.",
    )
    .default("15000")
    .at_least(0)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.max.delivery.count.limit",
        Kind::Int,
        "The largest delivery limit a share group may set.",
    )
    .default("10")
    .between(5, 25)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.max.heartbeat.interval.ms",
        Kind::Int,
        "The largest heartbeat interval a share group may set.",
    )
    .default("15000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.max.partition.max.record.locks",
        Kind::Int,
        "The largest number of locked records a share group may set.",
    )
    .default("4000")
    .between(2000, 10000)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.max.record.lock.duration.ms",
        Kind::Int,
        "The longest lock a share group may set.",
    )
    .default("60000")
    .between(30000, 3600000)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.max.session.timeout.ms",
        Kind::Int,
        "The largest session timeout a share group may set.",
    )
    .default("60000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key("group.share.max.share.sessions", Kind::Int, "The most share sessions on a broker.")
        .default("2000")
        .at_least(1)
        .noted("no effect yet; there are no share and streams groups."),
    key("group.share.max.size", Kind::Int, "The most members a share group has.")
        .default("200")
        .between(1, 1000)
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.min.assignment.interval.ms",
        Kind::Int,
        "The smallest assignment interval a share group may set.",
    )
    .default("0")
    .at_least(0)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.min.delivery.count.limit",
        Kind::Int,
        "The smallest delivery limit a share group may set.",
    )
    .default("2")
    .between(2, 5)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.min.heartbeat.interval.ms",
        Kind::Int,
        "The smallest heartbeat interval a share group may set.",
    )
    .default("5000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.min.partition.max.record.locks",
        Kind::Int,
        "The smallest number of locked records a share group may set.",
    )
    .default("100")
    .between(100, 2000)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.min.record.lock.duration.ms",
        Kind::Int,
        "The shortest lock a share group may set.",
    )
    .default("15000")
    .between(1000, 30000)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.min.session.timeout.ms",
        Kind::Int,
        "The smallest session timeout a share group may set.",
    )
    .default("45000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.partition.max.record.locks",
        Kind::Int,
        "How many records of a partition can be locked at once.",
    )
    .default("2000")
    .between(100, 10000)
    .noted("no effect yet; there are no share and streams groups."),
    key("group.share.persister.class.name", Kind::String, "The Java class that keeps share state.")
        .default("org.apache.kafka.server.share.persister.DefaultStatePersister")
        .internal()
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.record.lock.duration.ms",
        Kind::Int,
        "How long a delivered record stays locked.",
    )
    .default("30000")
    .between(1000, 3600000)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.share.session.timeout.ms",
        Kind::Int,
        "How long a silent member of a share group is kept.",
    )
    .default("45000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.assignment.interval.ms",
        Kind::Int,
        "How long to wait between two assignments of a streams group.",
    )
    .default("1000")
    .at_least(0)
    .cluster_wide()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.heartbeat.interval.ms",
        Kind::Int,
        "How often members of a streams group report.",
    )
    .default("5000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.initial.rebalance.delay.ms",
        Kind::Int,
        "How long the first rebalance of a streams group waits for more members.",
    )
    .default("3000")
    .at_least(0)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.max.assignment.interval.ms",
        Kind::Int,
        "The largest assignment interval a streams group may set.",
    )
    .default("15000")
    .at_least(0)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.max.heartbeat.interval.ms",
        Kind::Int,
        "The largest heartbeat interval a streams group may set.",
    )
    .default("15000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.max.session.timeout.ms",
        Kind::Int,
        "The largest session timeout a streams group may set.",
    )
    .default("60000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key("group.streams.max.size", Kind::Int, "The most members a streams group has.")
        .default("2147483647")
        .at_least(1)
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.max.standby.replicas",
        Kind::Int,
        "The most standby replicas a streams group may set.",
    )
    .default("2")
    .at_least(0)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.min.assignment.interval.ms",
        Kind::Int,
        "The smallest assignment interval a streams group may set.",
    )
    .default("0")
    .at_least(0)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.min.heartbeat.interval.ms",
        Kind::Int,
        "The smallest heartbeat interval a streams group may set.",
    )
    .default("5000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.min.session.timeout.ms",
        Kind::Int,
        "The smallest session timeout a streams group may set.",
    )
    .default("45000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.num.standby.replicas",
        Kind::Int,
        "How many standby replicas each task has.",
    )
    .default("0")
    .at_least(0)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "group.streams.session.timeout.ms",
        Kind::Int,
        "How long a silent member of a streams group is kept.",
    )
    .default("45000")
    .at_least(1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.append.linger.ms",
        Kind::Int,
        "How long the share coordinator collects records before it writes them.",
    )
    .default("-1")
    .at_least(-1)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.cached.buffer.max.bytes",
        Kind::Int,
        "The largest write buffer the share coordinator keeps for reuse.",
    )
    .default("1048588")
    .at_least(524288)
    .cluster_wide()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.cold.partition.snapshot.interval.ms",
        Kind::Int,
        "How often share state that rests is written whole.",
    )
    .default("300000")
    .at_least(1)
    .low()
    .internal()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.load.buffer.size",
        Kind::Int,
        "How much of the share state topic is read at once.",
    )
    .default("5242880")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.snapshot.update.records.per.snapshot",
        Kind::Int,
        "After how many changes share state is written whole.",
    )
    .default("500")
    .between(0, 500)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.state.topic.compression.codec",
        Kind::Int,
        "How records of the share state topic are compressed.",
    )
    .default("0")
    .high()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.state.topic.min.isr",
        Kind::Short,
        "min.insync.replicas of the share state topic.",
    )
    .default("2")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.state.topic.num.partitions",
        Kind::Int,
        "How many partitions the share state topic gets.",
    )
    .default("50")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.state.topic.prune.interval.ms",
        Kind::Int,
        "How often old records of the share state topic are deleted.",
    )
    .default("300000")
    .at_least(1)
    .low()
    .internal()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.state.topic.replication.factor",
        Kind::Short,
        "How many replicas the share state topic gets.",
    )
    .default("3")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.state.topic.segment.bytes",
        Kind::Int,
        "The segment size of the share state topic.",
    )
    .default("104857600")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no share and streams groups."),
    key("share.coordinator.threads", Kind::Int, "How many threads the share coordinator has.")
        .default("1")
        .at_least(1)
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.coordinator.write.timeout.ms",
        Kind::Int,
        "How long a write of the share coordinator may take.",
    )
    .default("5000")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.fetch.purgatory.purge.interval.requests",
        Kind::Int,
        "How many finished share fetches are kept before the waiting room is swept.",
    )
    .default("1000")
    .noted("no effect yet; there are no share and streams groups."),
];

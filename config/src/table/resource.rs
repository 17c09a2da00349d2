//! Keys of groups, clients, addresses, metrics subscriptions, and replication quotas.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, Scope, key, same};

pub(super) static KEYS: &[Definition] = &[
    key("consumer_byte_rate", Kind::Long, "The bytes a second the client may fetch.")
        .default("9223372036854775807")
        .scope(Scope::Client)
        .noted("no effect yet; there are no client quotas."),
    key(
        "controller_mutation_rate",
        Kind::Double,
        "How many partitions a second the client may create or delete.",
    )
    .default("2.147483647E9")
    .scope(Scope::Client)
    .noted("no effect yet; there are no client quotas."),
    key("producer_byte_rate", Kind::Long, "The bytes a second the client may send.")
        .default("9223372036854775807")
        .scope(Scope::Client)
        .noted("no effect yet; there are no client quotas."),
    key(
        "request_percentage",
        Kind::Double,
        "The share of a thread's time the client's requests may take.",
    )
    .default("2.147483647E9")
    .scope(Scope::Client)
    .noted("no effect yet; there are no client quotas."),
    key(
        "connection_creation_rate",
        Kind::Int,
        "How many connections a second may come from the address.",
    )
    .default("2147483647")
    .at_least(0)
    .scope(Scope::Ip)
    .noted("no effect yet; there are no client quotas."),
    key(
        "follower.replication.throttled.rate",
        Kind::Long,
        "The bytes a second that throttled followers fetch.",
    )
    .default("9223372036854775807")
    .at_least(0)
    .cluster_wide()
    .scope(Scope::DynamicBroker)
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "leader.replication.throttled.rate",
        Kind::Long,
        "The bytes a second that throttled leaders send.",
    )
    .default("9223372036854775807")
    .at_least(0)
    .cluster_wide()
    .scope(Scope::DynamicBroker)
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "replica.alter.log.dirs.io.max.bytes.per.second",
        Kind::Long,
        "The bytes a second spent on moving replicas between directories.",
    )
    .default("9223372036854775807")
    .at_least(0)
    .cluster_wide()
    .scope(Scope::DynamicBroker)
    .noted("no effect yet; replicas cannot be moved between directories."),
    key("consumer.assignment.interval.ms", Kind::Int, "How long to wait between two assignments.")
        .default("1000")
        .at_least(0)
        .scope(Scope::Group)
        .synonyms(&[same("group.consumer.assignment.interval.ms")])
        .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "consumer.heartbeat.interval.ms",
        Kind::Int,
        "How often members of the consumer group report.",
    )
    .default("5000")
    .at_least(1)
    .scope(Scope::Group)
    .synonyms(&[same("group.consumer.heartbeat.interval.ms")])
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "consumer.session.timeout.ms",
        Kind::Int,
        "How long a silent member of the consumer group is kept.",
    )
    .default("45000")
    .at_least(1)
    .scope(Scope::Group)
    .synonyms(&[same("group.consumer.session.timeout.ms")])
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "share.assignment.interval.ms",
        Kind::Int,
        "How long to wait between two assignments of the share group.",
    )
    .default("1000")
    .at_least(0)
    .scope(Scope::Group)
    .synonyms(&[same("group.share.assignment.interval.ms")])
    .noted("no effect yet; there are no share and streams groups."),
    key("share.auto.offset.reset", Kind::String, "Where a share group without state begins.")
        .default("latest")
        .rule(Rule::ShareOffsetReset)
        .scope(Scope::Group)
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.delivery.count.limit",
        Kind::Int,
        "How often a record is delivered before it is given up.",
    )
    .default("5")
    .at_least(2)
    .scope(Scope::Group)
    .synonyms(&[same("group.share.delivery.count.limit")])
    .noted("no effect yet; there are no share and streams groups."),
    key("share.heartbeat.interval.ms", Kind::Int, "How often members of the share group report.")
        .default("5000")
        .at_least(1)
        .scope(Scope::Group)
        .synonyms(&[same("group.share.heartbeat.interval.ms")])
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.isolation.level",
        Kind::String,
        "Whether open and aborted transactions are delivered.",
    )
    .default("read_uncommitted")
    .rule(Rule::OneOf(&["read_committed", "read_uncommitted"]))
    .scope(Scope::Group)
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.partition.max.record.locks",
        Kind::Int,
        "How many records of a partition can be locked at once.",
    )
    .default("2000")
    .at_least(100)
    .scope(Scope::Group)
    .synonyms(&[same("group.share.partition.max.record.locks")])
    .noted("no effect yet; there are no share and streams groups."),
    key("share.record.lock.duration.ms", Kind::Int, "How long a delivered record stays locked.")
        .default("30000")
        .at_least(1000)
        .scope(Scope::Group)
        .synonyms(&[same("group.share.record.lock.duration.ms")])
        .noted("no effect yet; there are no share and streams groups."),
    key("share.renew.acknowledge.enable", Kind::Boolean, "Whether a lock can be renewed.")
        .default("true")
        .scope(Scope::Group)
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "share.session.timeout.ms",
        Kind::Int,
        "How long a silent member of the share group is kept.",
    )
    .default("45000")
    .at_least(1)
    .scope(Scope::Group)
    .synonyms(&[same("group.share.session.timeout.ms")])
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "streams.assignment.interval.ms",
        Kind::Int,
        "How long to wait between two assignments of the streams group.",
    )
    .default("1000")
    .at_least(0)
    .scope(Scope::Group)
    .synonyms(&[same("group.streams.assignment.interval.ms")])
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "streams.heartbeat.interval.ms",
        Kind::Int,
        "How often members of the streams group report.",
    )
    .default("5000")
    .at_least(1)
    .scope(Scope::Group)
    .synonyms(&[same("group.streams.heartbeat.interval.ms")])
    .noted("no effect yet; there are no share and streams groups."),
    key(
        "streams.initial.rebalance.delay.ms",
        Kind::Int,
        "How long the first rebalance waits for more members.",
    )
    .default("3000")
    .at_least(0)
    .scope(Scope::Group)
    .synonyms(&[same("group.streams.initial.rebalance.delay.ms")])
    .noted("no effect yet; there are no share and streams groups."),
    key("streams.num.standby.replicas", Kind::Int, "How many standby replicas each task has.")
        .default("0")
        .at_least(0)
        .scope(Scope::Group)
        .synonyms(&[same("group.streams.num.standby.replicas")])
        .noted("no effect yet; there are no share and streams groups."),
    key(
        "streams.session.timeout.ms",
        Kind::Int,
        "How long a silent member of the streams group is kept.",
    )
    .default("45000")
    .at_least(1)
    .scope(Scope::Group)
    .synonyms(&[same("group.streams.session.timeout.ms")])
    .noted("no effect yet; there are no share and streams groups."),
    key("interval.ms", Kind::Int, "How often clients push their metrics.")
        .default("300000")
        .scope(Scope::ClientMetrics)
        .noted("no effect yet; there are no metrics reporters."),
    key("match", Kind::List, "Which clients the subscription is for, as name=pattern.")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .scope(Scope::ClientMetrics)
        .noted("no effect yet; there are no metrics reporters."),
    key("metrics", Kind::List, "The beginnings of the names of the metrics that are asked for.")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .scope(Scope::ClientMetrics)
        .noted("no effect yet; there are no metrics reporters."),
];

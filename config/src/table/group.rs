//! Keys about consumer groups and committed offsets.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "group.consumer.assignment.interval.ms",
        Kind::Int,
        "How long to wait between two assignments of a consumer group.",
    )
    .default("1000")
    .at_least(0)
    .cluster_wide()
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.assignors",
        Kind::List,
        "The assignors a consumer group can use on the broker.",
    )
    .default("uniform,range")
    .rule(Rule::Members(&[], MayBeEmpty::No))
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.heartbeat.interval.ms",
        Kind::Int,
        "How often members of a consumer group report.",
    )
    .default("5000")
    .at_least(1)
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.max.assignment.interval.ms",
        Kind::Int,
        "The largest assignment interval a group may set.",
    )
    .default("15000")
    .at_least(0)
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.max.heartbeat.interval.ms",
        Kind::Int,
        "The largest heartbeat interval a group may set.",
    )
    .default("15000")
    .at_least(1)
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.max.session.timeout.ms",
        Kind::Int,
        "The largest session timeout a group may set.",
    )
    .default("60000")
    .at_least(1)
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key("group.consumer.max.size", Kind::Int, "The most members a consumer group has.")
        .default("2147483647")
        .at_least(1)
        .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.migration.policy",
        Kind::String,
        "Whether groups may change between the classic and the new protocol.",
    )
    .default("bidirectional")
    .rule(Rule::OneOfAnyCase(&["DISABLED", "DOWNGRADE", "UPGRADE", "BIDIRECTIONAL"]))
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.min.assignment.interval.ms",
        Kind::Int,
        "The smallest assignment interval a group may set.",
    )
    .default("0")
    .at_least(0)
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.min.heartbeat.interval.ms",
        Kind::Int,
        "The smallest heartbeat interval a group may set.",
    )
    .default("5000")
    .at_least(1)
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.min.session.timeout.ms",
        Kind::Int,
        "The smallest session timeout a group may set.",
    )
    .default("45000")
    .at_least(1)
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.regex.refresh.interval.ms",
        Kind::Int,
        "How often topic patterns of subscriptions are looked at again.",
    )
    .default("600000")
    .at_least(10000)
    .internal()
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.consumer.session.timeout.ms",
        Kind::Int,
        "How long a silent member of a consumer group is kept.",
    )
    .default("45000")
    .at_least(1)
    .noted("no effect yet; groups use the classic protocol (KIP-848 is not there yet)."),
    key(
        "group.coordinator.append.linger.ms",
        Kind::Int,
        "How long the group coordinator collects records before it writes them.",
    )
    .default("-1")
    .at_least(-1)
    .noted("no effect; records are written as soon as the ones before them are."),
    key(
        "group.coordinator.background.threads",
        Kind::Int,
        "How many threads do the group coordinator's slow work.",
    )
    .default("2")
    .at_least(1)
    .high()
    .noted("no effect; there is one thread for each core, see ottla.cores."),
    key(
        "group.coordinator.cached.buffer.max.bytes",
        Kind::Int,
        "The largest write buffer the group coordinator keeps for reuse.",
    )
    .default("1048588")
    .at_least(524288)
    .cluster_wide()
    .noted("no effect; write buffers are not kept."),
    key(
        "group.coordinator.rebalance.protocols",
        Kind::List,
        "The group protocols that are offered.",
    )
    .default("classic,consumer,streams")
    .rule(Rule::Members(&["consumer", "classic", "share", "streams"], MayBeEmpty::No))
    .noted("no effect; the classic protocol is what is offered for now."),
    key("group.coordinator.threads", Kind::Int, "How many threads the group coordinator has.")
        .default("4")
        .at_least(1)
        .high()
        .noted("no effect; there is one thread for each core, see ottla.cores."),
    key(
        "group.initial.rebalance.delay.ms",
        Kind::Int,
        "How long the first rebalance of an empty group waits for more members.",
    )
    .default("3000"),
    key(
        "group.max.session.timeout.ms",
        Kind::Int,
        "The largest session timeout a member may ask for.",
    )
    .default("1800000"),
    key("group.max.size", Kind::Int, "The most members a group has.")
        .default("2147483647")
        .at_least(1),
    key(
        "group.min.session.timeout.ms",
        Kind::Int,
        "The smallest session timeout a member may ask for.",
    )
    .default("6000"),
    key(
        "offset.metadata.max.bytes",
        Kind::Int,
        "The longest text that may go with a committed offset.",
    )
    .default("4096")
    .high(),
    key(
        "offsets.commit.timeout.ms",
        Kind::Int,
        "How long a commit waits for the replicas of the offsets topic.",
    )
    .default("5000")
    .at_least(1)
    .high(),
    key(
        "offsets.load.buffer.size",
        Kind::Int,
        "How much of the offsets topic is read at once when a coordinator starts.",
    )
    .default("5242880")
    .at_least(1)
    .high(),
    key(
        "offsets.retention.check.interval.ms",
        Kind::Long,
        "How often it is checked whether committed offsets have expired.",
    )
    .default("600000")
    .at_least(1)
    .high(),
    key(
        "offsets.retention.minutes",
        Kind::Int,
        "How long committed offsets are kept once their group is empty.",
    )
    .default("10080")
    .at_least(1)
    .high(),
    key(
        "offsets.topic.compression.codec",
        Kind::Int,
        "How records of the offsets topic are compressed: 0 none, 1 gzip, 2 snappy, 3 \
         lz4, 4 zstd.",
    )
    .default("0")
    .high(),
    key("offsets.topic.num.partitions", Kind::Int, "How many partitions the offsets topic gets.")
        .default("50")
        .at_least(1)
        .high(),
    key(
        "offsets.topic.replication.factor",
        Kind::Short,
        "How many replicas the offsets topic gets; never more than there are brokers.",
    )
    .default("3")
    .at_least(1)
    .high(),
    key("offsets.topic.segment.bytes", Kind::Int, "The segment size of the offsets topic.")
        .default("104857600")
        .at_least(1)
        .high(),
];

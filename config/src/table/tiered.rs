//! Keys about tiered storage (KIP-405).

use crate::definition::{Definition, Kind, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "follower.fetch.last.tiered.offset.enable",
        Kind::Boolean,
        "Whether a new follower starts at the last offset in tiered storage.",
    )
    .default("false")
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("log.local.retention.bytes", Kind::Long, "How much of a tiered log stays on this broker.")
        .default("-2")
        .at_least(-2)
        .cluster_wide()
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "log.local.retention.ms",
        Kind::Long,
        "How long records of a tiered log stay on this broker.",
    )
    .default("-2")
    .at_least(-2)
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("remote.fetch.max.wait.ms", Kind::Int, "How long a fetch waits for tiered storage.")
        .default("500")
        .at_least(1)
        .cluster_wide()
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.list.offsets.request.timeout.ms",
        Kind::Long,
        "How long a look-up of offsets waits for tiered storage.",
    )
    .default("30000")
    .at_least(1)
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.index.file.cache.total.size.bytes",
        Kind::Long,
        "The space for indexes fetched from tiered storage.",
    )
    .default("1073741824")
    .at_least(1)
    .low()
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("remote.log.index.file.cache.ttl.ms", Kind::Long, "How long such an index is kept unused.")
        .default("900000")
        .at_least(-1)
        .low()
        .internal()
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.copier.thread.pool.size",
        Kind::Int,
        "How many threads copy segments to tiered storage.",
    )
    .default("10")
    .at_least(1)
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.copy.max.bytes.per.second",
        Kind::Long,
        "The bytes a second copied to tiered storage.",
    )
    .default("9223372036854775807")
    .at_least(1)
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.copy.quota.window.num",
        Kind::Int,
        "How many samples that quota looks back on.",
    )
    .default("11")
    .at_least(1)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.copy.quota.window.size.seconds",
        Kind::Int,
        "The length of one such sample.",
    )
    .default("1")
    .at_least(1)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.expiration.thread.pool.size",
        Kind::Int,
        "How many threads delete expired segments from tiered storage.",
    )
    .default("10")
    .at_least(1)
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.fetch.max.bytes.per.second",
        Kind::Long,
        "The bytes a second fetched from tiered storage.",
    )
    .default("9223372036854775807")
    .at_least(1)
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.fetch.quota.window.num",
        Kind::Int,
        "How many samples that quota looks back on.",
    )
    .default("11")
    .at_least(1)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.fetch.quota.window.size.seconds",
        Kind::Int,
        "The length of one such sample.",
    )
    .default("1")
    .at_least(1)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.follower.thread.pool.size",
        Kind::Int,
        "How many threads follow tiered partitions led elsewhere.",
    )
    .default("2")
    .at_least(1)
    .cluster_wide()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.task.interval.ms",
        Kind::Long,
        "How often tiered storage work is looked for.",
    )
    .default("30000")
    .at_least(1)
    .low()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.task.retry.backoff.max.ms",
        Kind::Long,
        "The longest wait before such work is repeated.",
    )
    .default("30000")
    .at_least(1)
    .low()
    .internal()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.task.retry.backoff.ms",
        Kind::Long,
        "How long to wait before such work is repeated.",
    )
    .default("500")
    .at_least(1)
    .low()
    .internal()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.task.retry.jitter",
        Kind::Double,
        "How much that wait varies at random.",
    )
    .default("0.2")
    .rule(Rule::Fraction(0.0, 0.5))
    .low()
    .internal()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.manager.thread.pool.size",
        Kind::Int,
        "How many threads do tiered storage work in general.",
    )
    .default("2")
    .at_least(1)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.metadata.custom.metadata.max.bytes",
        Kind::Int,
        "The most a storage plug-in may note about a segment.",
    )
    .default("128")
    .at_least(0)
    .low()
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.metadata.manager.class.name",
        Kind::String,
        "The Java class that knows what is in tiered storage.",
    )
    .default(
        "org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager",
    )
    .rule(Rule::NonEmptyText)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("remote.log.metadata.manager.class.path", Kind::String, "Where that class is.")
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.metadata.manager.impl.prefix",
        Kind::String,
        "What the settings of that class begin with.",
    )
    .default("rlmm.config.")
    .rule(Rule::NonEmptyText)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.metadata.manager.listener.name",
        Kind::String,
        "The listener that class connects to.",
    )
    .rule(Rule::NonEmptyText)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.reader.max.pending.tasks",
        Kind::Int,
        "How many reads from tiered storage may wait.",
    )
    .default("100")
    .at_least(1)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("remote.log.reader.threads", Kind::Int, "How many threads read from tiered storage.")
        .default("10")
        .at_least(1)
        .cluster_wide()
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.storage.manager.class.name",
        Kind::String,
        "The Java class that stores segments.",
    )
    .rule(Rule::NonEmptyText)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("remote.log.storage.manager.class.path", Kind::String, "Where that class is.")
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.storage.manager.impl.prefix",
        Kind::String,
        "What the settings of that class begin with.",
    )
    .default("rsm.config.")
    .rule(Rule::NonEmptyText)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("remote.log.storage.system.enable", Kind::Boolean, "Whether tiered storage is on.")
        .default("false")
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
];

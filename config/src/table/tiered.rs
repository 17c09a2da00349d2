//! Keys about tiered storage (KIP-405).

use crate::definition::{Definition, Kind, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "follower.fetch.last.tiered.offset.enable",
        Kind::Boolean,
        "",
    )
    .default("false")
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "log.local.retention.bytes",
        Kind::Long,
        "",
    )
    .default("-2")
    .at_least(-2)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "log.local.retention.ms",
        Kind::Long,
        "",
    )
    .default("-2")
    .at_least(-2)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.fetch.max.wait.ms",
        Kind::Int,
        "",
    )
    .default("500")
    .at_least(1)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.list.offsets.request.timeout.ms",
        Kind::Long,
        "",
    )
    .default("30000")
    .at_least(1)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.index.file.cache.total.size.bytes",
        Kind::Long,
        "",
    )
    .default("1073741824")
    .at_least(1)
    .low()
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.index.file.cache.ttl.ms",
        Kind::Long,
        "",
    )
    .default("900000")
    .at_least(-1)
    .low()
    .internal()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.copier.thread.pool.size",
        Kind::Int,
        "",
    )
    .default("10")
    .at_least(1)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.copy.max.bytes.per.second",
        Kind::Long,
        "",
    )
    .default("9223372036854775807")
    .at_least(1)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.copy.quota.window.num",
        Kind::Int,
        "",
    )
    .default("11")
    .at_least(1)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.copy.quota.window.size.seconds",
        Kind::Int,
        "",
    )
    .default("1")
    .at_least(1)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.expiration.thread.pool.size",
        Kind::Int,
        "",
    )
    .default("10")
    .at_least(1)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.fetch.max.bytes.per.second",
        Kind::Long,
        "",
    )
    .default("9223372036854775807")
    .at_least(1)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.fetch.quota.window.num",
        Kind::Int,
        "",
    )
    .default("11")
    .at_least(1)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.fetch.quota.window.size.seconds",
        Kind::Int,
        "",
    )
    .default("1")
    .at_least(1)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.follower.thread.pool.size",
        Kind::Int,
        "",
    )
    .default("2")
    .at_least(1)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.task.interval.ms",
        Kind::Long,
        "",
    )
    .default("30000")
    .at_least(1)
    .low()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.task.retry.backoff.max.ms",
        Kind::Long,
        "",
    )
    .default("30000")
    .at_least(1)
    .low()
    .internal()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.task.retry.backoff.ms",
        Kind::Long,
        "",
    )
    .default("500")
    .at_least(1)
    .low()
    .internal()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.task.retry.jitter",
        Kind::Double,
        "",
    )
    .default("0.2")
    .rule(Rule::Fraction(0.0, 0.5))
    .low()
    .internal()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.manager.thread.pool.size",
        Kind::Int,
        "",
    )
    .default("2")
    .at_least(1)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.metadata.custom.metadata.max.bytes",
        Kind::Int,
        "",
    )
    .default("128")
    .at_least(0)
    .low()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.metadata.manager.class.name",
        Kind::String,
        "",
    )
    .default("org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager")
    .rule(Rule::NonEmptyText)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.metadata.manager.class.path",
        Kind::String,
        "",
    )
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.metadata.manager.impl.prefix",
        Kind::String,
        "",
    )
    .default("rlmm.config.")
    .rule(Rule::NonEmptyText)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.metadata.manager.listener.name",
        Kind::String,
        "",
    )
    .rule(Rule::NonEmptyText)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.reader.max.pending.tasks",
        Kind::Int,
        "",
    )
    .default("100")
    .at_least(1)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.reader.threads",
        Kind::Int,
        "",
    )
    .default("10")
    .at_least(1)
    .cluster_wide()
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.storage.manager.class.name",
        Kind::String,
        "",
    )
    .rule(Rule::NonEmptyText)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.storage.manager.class.path",
        Kind::String,
        "",
    )
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.storage.manager.impl.prefix",
        Kind::String,
        "",
    )
    .default("rsm.config.")
    .rule(Rule::NonEmptyText)
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
    key(
        "remote.log.storage.system.enable",
        Kind::Boolean,
        "",
    )
    .default("false")
    .noted("Tiered storage is not there yet: log segments stay in log.dirs."),
];

//! Keys of topics, and the broker keys behind them.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, Scope, hours, key, minutes, same};

pub(super) static KEYS: &[Definition] = &[
    key(
        "cleanup.policy",
        Kind::List,
        "What happens to old segments: delete, compact, both, or nothing.",
    )
    .default("delete")
    .rule(Rule::Members(&["compact", "delete"], MayBeEmpty::Yes))
    .scope(Scope::Topic)
    .synonyms(&[same("log.cleanup.policy")]),
    key(
        "compression.gzip.level",
        Kind::Int,
        "How hard gzip tries where the broker compresses; -1 is gzip's own choice.",
    )
    .default("-1")
    .rule(Rule::BetweenOr(1, 9, -1))
    .scope(Scope::Topic)
    .synonyms(&[same("compression.gzip.level")]),
    key("compression.lz4.level", Kind::Int, "How hard lz4 tries where the broker compresses.")
        .default("9")
        .between(1, 17)
        .scope(Scope::Topic)
        .synonyms(&[same("compression.lz4.level")]),
    key(
        "compression.type",
        Kind::String,
        "How record batches are kept: as the producer sent them (producer), \
         uncompressed, or compressed by this codec.",
    )
    .default("producer")
    .rule(Rule::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]))
    .scope(Scope::Topic)
    .synonyms(&[same("compression.type")]),
    key("compression.zstd.level", Kind::Int, "How hard zstd tries where the broker compresses.")
        .default("3")
        .between(-131072, 22)
        .scope(Scope::Topic)
        .synonyms(&[same("compression.zstd.level")]),
    key(
        "delete.retention.ms",
        Kind::Long,
        "How long a delete marker is kept when the topic is compacted.",
    )
    .default("86400000")
    .at_least(0)
    .scope(Scope::Topic)
    .synonyms(&[same("log.cleaner.delete.retention.ms")])
    .noted("no effect yet; topics are not compacted."),
    key("file.delete.delay.ms", Kind::Long, "How long a deleted file stays before it is removed.")
        .default("60000")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.segment.delete.delay.ms")]),
    key("flush.messages", Kind::Long, "After how many records the log is synced to disk.")
        .default("9223372036854775807")
        .at_least(1)
        .scope(Scope::Topic)
        .synonyms(&[same("log.flush.interval.messages")]),
    key("flush.ms", Kind::Long, "How long records may stay unsynced.")
        .default("9223372036854775807")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")]),
    key(
        "follower.replication.throttled.replicas",
        Kind::List,
        "Followers whose fetching is throttled: *, or partition:broker pairs.",
    )
    .default("")
    .rule(Rule::ThrottledReplicas)
    .scope(Scope::Topic)
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "index.interval.bytes",
        Kind::Int,
        "After how many bytes of records the index gets an entry.",
    )
    .default("4096")
    .at_least(0)
    .scope(Scope::Topic)
    .synonyms(&[same("log.index.interval.bytes")]),
    key(
        "internal.segment.bytes",
        Kind::Int,
        "The segment size in tests, where it may be smaller than allowed.",
    )
    .internal()
    .scope(Scope::Topic),
    key(
        "leader.replication.throttled.replicas",
        Kind::List,
        "Leaders whose sending to followers is throttled: *, or partition:broker pairs.",
    )
    .default("")
    .rule(Rule::ThrottledReplicas)
    .scope(Scope::Topic)
    .noted("no effect yet; a cluster is one broker for now."),
    key("local.retention.bytes", Kind::Long, "How much of a tiered log stays on the broker.")
        .default("-2")
        .at_least(-2)
        .scope(Scope::Topic)
        .synonyms(&[same("log.local.retention.bytes")])
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("local.retention.ms", Kind::Long, "How long records of a tiered log stay on the broker.")
        .default("-2")
        .at_least(-2)
        .scope(Scope::Topic)
        .synonyms(&[same("log.local.retention.ms")])
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "max.compaction.lag.ms",
        Kind::Long,
        "The longest a record may stay before the log must be compacted.",
    )
    .default("9223372036854775807")
    .at_least(1)
    .scope(Scope::Topic)
    .synonyms(&[same("log.cleaner.max.compaction.lag.ms")])
    .noted("no effect yet; topics are not compacted."),
    key("max.message.bytes", Kind::Int, "The largest record batch, as compressed.")
        .default("1048588")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("message.max.bytes")]),
    key(
        "message.timestamp.after.max.ms",
        Kind::Long,
        "How far a record's timestamp may be ahead of the broker's clock.",
    )
    .default("3600000")
    .at_least(0)
    .scope(Scope::Topic)
    .synonyms(&[same("log.message.timestamp.after.max.ms")]),
    key(
        "message.timestamp.before.max.ms",
        Kind::Long,
        "How far a record's timestamp may be behind the broker's clock.",
    )
    .default("9223372036854775807")
    .at_least(0)
    .scope(Scope::Topic)
    .synonyms(&[same("log.message.timestamp.before.max.ms")]),
    key(
        "message.timestamp.type",
        Kind::String,
        "Whose clock a record's timestamp is of: the producer's (CreateTime) or the \
         broker's (LogAppendTime).",
    )
    .default("CreateTime")
    .rule(Rule::OneOf(&["CreateTime", "LogAppendTime"]))
    .scope(Scope::Topic)
    .synonyms(&[same("log.message.timestamp.type")]),
    key(
        "min.cleanable.dirty.ratio",
        Kind::Double,
        "How much of the log must be uncompacted before it is compacted.",
    )
    .default("0.5")
    .rule(Rule::Fraction(0.0, 1.0))
    .scope(Scope::Topic)
    .synonyms(&[same("log.cleaner.min.cleanable.ratio")])
    .noted("no effect yet; topics are not compacted."),
    key(
        "min.compaction.lag.ms",
        Kind::Long,
        "How long a record stays before it may be compacted away.",
    )
    .default("0")
    .at_least(0)
    .scope(Scope::Topic)
    .synonyms(&[same("log.cleaner.min.compaction.lag.ms")])
    .noted("no effect yet; topics are not compacted."),
    key(
        "min.insync.replicas",
        Kind::Int,
        "How many replicas must be in sync for a write with acks=all.",
    )
    .default("1")
    .at_least(1)
    .scope(Scope::Topic)
    .synonyms(&[same("min.insync.replicas")]),
    key("preallocate", Kind::Boolean, "Whether a new segment's file gets its full size at once.")
        .default("false")
        .scope(Scope::Topic)
        .synonyms(&[same("log.preallocate")])
        .noted("no effect yet; segment files grow as they are written."),
    key("remote.log.copy.disable", Kind::Boolean, "Whether copying to tiered storage is stopped.")
        .default("false")
        .scope(Scope::Topic)
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "remote.log.delete.on.disable",
        Kind::Boolean,
        "Whether tiered data is deleted when tiering is switched off.",
    )
    .default("false")
    .scope(Scope::Topic)
    .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key("remote.storage.enable", Kind::Boolean, "Whether the topic uses tiered storage.")
        .default("false")
        .scope(Scope::Topic)
        .noted("no effect yet; there is no tiered storage, segments stay in log.dirs."),
    key(
        "retention.bytes",
        Kind::Long,
        "How large a partition's log may grow before its oldest segments are deleted; \
         -1 is no limit.",
    )
    .default("-1")
    .scope(Scope::Topic)
    .synonyms(&[same("log.retention.bytes")]),
    key("retention.ms", Kind::Long, "How long segments are kept; -1 is for ever.")
        .default("604800000")
        .at_least(-1)
        .scope(Scope::Topic)
        .synonyms(&[
            same("log.retention.ms"),
            minutes("log.retention.minutes"),
            hours("log.retention.hours"),
        ]),
    key("segment.bytes", Kind::Int, "The largest size of a segment file.")
        .default("1073741824")
        .at_least(1048576)
        .scope(Scope::Topic)
        .synonyms(&[same("log.segment.bytes")]),
    key(
        "segment.index.bytes",
        Kind::Int,
        "The largest size of an index file; a segment is rolled when it is reached.",
    )
    .default("10485760")
    .at_least(4)
    .scope(Scope::Topic)
    .synonyms(&[same("log.index.size.max.bytes")]),
    key("segment.jitter.ms", Kind::Long, "The most that is taken off segment.ms at random.")
        .default("0")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.roll.jitter.ms"), hours("log.roll.jitter.hours")]),
    key("segment.ms", Kind::Long, "After how long a new segment is begun.")
        .default("604800000")
        .at_least(1)
        .scope(Scope::Topic)
        .synonyms(&[same("log.roll.ms"), hours("log.roll.hours")]),
    key(
        "unclean.leader.election.enable",
        Kind::Boolean,
        "Whether a replica that is not in sync may become leader, at the price of lost \
         records.",
    )
    .default("false")
    .scope(Scope::Topic)
    .synonyms(&[same("unclean.leader.election.enable")]),
];

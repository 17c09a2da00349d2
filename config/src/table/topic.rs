//! Keys of topics, and the broker keys behind them.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, Scope, hours, key, minutes, same};

pub(super) static KEYS: &[Definition] = &[
    key("cleanup.policy", Kind::List, "")
        .default("delete")
        .rule(Rule::Members(&["compact", "delete"], MayBeEmpty::Yes))
        .scope(Scope::Topic)
        .synonyms(&[same("log.cleanup.policy")]),
    key("compression.gzip.level", Kind::Int, "")
        .default("-1")
        .rule(Rule::BetweenOr(1, 9, -1))
        .scope(Scope::Topic)
        .synonyms(&[same("compression.gzip.level")]),
    key("compression.lz4.level", Kind::Int, "")
        .default("9")
        .between(1, 17)
        .scope(Scope::Topic)
        .synonyms(&[same("compression.lz4.level")]),
    key("compression.type", Kind::String, "")
        .default("producer")
        .rule(Rule::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]))
        .scope(Scope::Topic)
        .synonyms(&[same("compression.type")]),
    key("compression.zstd.level", Kind::Int, "")
        .default("3")
        .between(-131072, 22)
        .scope(Scope::Topic)
        .synonyms(&[same("compression.zstd.level")]),
    key("delete.retention.ms", Kind::Long, "")
        .default("86400000")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.cleaner.delete.retention.ms")]),
    key("file.delete.delay.ms", Kind::Long, "")
        .default("60000")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.segment.delete.delay.ms")]),
    key("flush.messages", Kind::Long, "")
        .default("9223372036854775807")
        .at_least(1)
        .scope(Scope::Topic)
        .synonyms(&[same("log.flush.interval.messages")]),
    key("flush.ms", Kind::Long, "")
        .default("9223372036854775807")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.flush.interval.ms"), same("log.flush.scheduler.interval.ms")]),
    key("follower.replication.throttled.replicas", Kind::List, "")
        .default("")
        .rule(Rule::ThrottledReplicas)
        .scope(Scope::Topic),
    key("index.interval.bytes", Kind::Int, "")
        .default("4096")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.index.interval.bytes")]),
    key("internal.segment.bytes", Kind::Int, "").internal().scope(Scope::Topic),
    key("leader.replication.throttled.replicas", Kind::List, "")
        .default("")
        .rule(Rule::ThrottledReplicas)
        .scope(Scope::Topic),
    key("local.retention.bytes", Kind::Long, "")
        .default("-2")
        .at_least(-2)
        .scope(Scope::Topic)
        .synonyms(&[same("log.local.retention.bytes")]),
    key("local.retention.ms", Kind::Long, "")
        .default("-2")
        .at_least(-2)
        .scope(Scope::Topic)
        .synonyms(&[same("log.local.retention.ms")]),
    key("max.compaction.lag.ms", Kind::Long, "")
        .default("9223372036854775807")
        .at_least(1)
        .scope(Scope::Topic)
        .synonyms(&[same("log.cleaner.max.compaction.lag.ms")]),
    key("max.message.bytes", Kind::Int, "")
        .default("1048588")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("message.max.bytes")]),
    key("message.timestamp.after.max.ms", Kind::Long, "")
        .default("3600000")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.message.timestamp.after.max.ms")]),
    key("message.timestamp.before.max.ms", Kind::Long, "")
        .default("9223372036854775807")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.message.timestamp.before.max.ms")]),
    key("message.timestamp.type", Kind::String, "")
        .default("CreateTime")
        .rule(Rule::OneOf(&["CreateTime", "LogAppendTime"]))
        .scope(Scope::Topic)
        .synonyms(&[same("log.message.timestamp.type")]),
    key("min.cleanable.dirty.ratio", Kind::Double, "")
        .default("0.5")
        .rule(Rule::Fraction(0.0, 1.0))
        .scope(Scope::Topic)
        .synonyms(&[same("log.cleaner.min.cleanable.ratio")]),
    key("min.compaction.lag.ms", Kind::Long, "")
        .default("0")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.cleaner.min.compaction.lag.ms")]),
    key("min.insync.replicas", Kind::Int, "")
        .default("1")
        .at_least(1)
        .scope(Scope::Topic)
        .synonyms(&[same("min.insync.replicas")]),
    key("preallocate", Kind::Boolean, "")
        .default("false")
        .scope(Scope::Topic)
        .synonyms(&[same("log.preallocate")]),
    key("remote.log.copy.disable", Kind::Boolean, "").default("false").scope(Scope::Topic),
    key("remote.log.delete.on.disable", Kind::Boolean, "").default("false").scope(Scope::Topic),
    key("remote.storage.enable", Kind::Boolean, "").default("false").scope(Scope::Topic),
    key("retention.bytes", Kind::Long, "")
        .default("-1")
        .scope(Scope::Topic)
        .synonyms(&[same("log.retention.bytes")]),
    key("retention.ms", Kind::Long, "")
        .default("604800000")
        .at_least(-1)
        .scope(Scope::Topic)
        .synonyms(&[
            same("log.retention.ms"),
            minutes("log.retention.minutes"),
            hours("log.retention.hours"),
        ]),
    key("segment.bytes", Kind::Int, "")
        .default("1073741824")
        .at_least(1048576)
        .scope(Scope::Topic)
        .synonyms(&[same("log.segment.bytes")]),
    key("segment.index.bytes", Kind::Int, "")
        .default("10485760")
        .at_least(4)
        .scope(Scope::Topic)
        .synonyms(&[same("log.index.size.max.bytes")]),
    key("segment.jitter.ms", Kind::Long, "")
        .default("0")
        .at_least(0)
        .scope(Scope::Topic)
        .synonyms(&[same("log.roll.jitter.ms"), hours("log.roll.jitter.hours")]),
    key("segment.ms", Kind::Long, "")
        .default("604800000")
        .at_least(1)
        .scope(Scope::Topic)
        .synonyms(&[same("log.roll.ms"), hours("log.roll.hours")]),
    key("unclean.leader.election.enable", Kind::Boolean, "")
        .default("false")
        .scope(Scope::Topic)
        .synonyms(&[same("unclean.leader.election.enable")]),
];

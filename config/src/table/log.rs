//! Keys about logs, topics, and the records in them.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("alter.config.policy.class.name", Kind::Class, "").low().noted("not used yet"),
    key("auto.create.topics.enable", Kind::Boolean, "").default("true").high(),
    key("background.threads", Kind::Int, "")
        .default("10")
        .at_least(1)
        .high()
        .cluster_wide()
        .noted("not used yet"),
    key("compression.gzip.level", Kind::Int, "")
        .default("-1")
        .rule(Rule::BetweenOr(1, 9, -1))
        .cluster_wide(),
    key("compression.lz4.level", Kind::Int, "").default("9").between(1, 17).cluster_wide(),
    key("compression.type", Kind::String, "")
        .default("producer")
        .rule(Rule::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]))
        .high()
        .cluster_wide(),
    key("compression.zstd.level", Kind::Int, "").default("3").between(-131072, 22).cluster_wide(),
    key("cordoned.log.dirs", Kind::List, "")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted("not used yet"),
    key("create.topic.policy.class.name", Kind::Class, "").low().noted("not used yet"),
    key("default.replication.factor", Kind::Int, "").default("1"),
    key("delete.records.purgatory.purge.interval.requests", Kind::Int, "")
        .default("1")
        .noted("not used yet"),
    key("delete.topic.enable", Kind::Boolean, "").default("true").high(),
    key("fetch.max.bytes", Kind::Int, "").default("57671680").at_least(1024),
    key("fetch.purgatory.purge.interval.requests", Kind::Int, "")
        .default("1000")
        .noted("not used yet"),
    key("log.cleaner.backoff.ms", Kind::Long, "")
        .default("15000")
        .at_least(0)
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleaner.dedupe.buffer.size", Kind::Long, "")
        .default("134217728")
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleaner.delete.retention.ms", Kind::Long, "")
        .default("86400000")
        .at_least(0)
        .cluster_wide(),
    key("log.cleaner.enable", Kind::Boolean, "").default("true").noted("not used yet"),
    key("log.cleaner.io.buffer.load.factor", Kind::Double, "")
        .default("0.9")
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleaner.io.buffer.size", Kind::Int, "")
        .default("524288")
        .at_least(0)
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleaner.io.max.bytes.per.second", Kind::Double, "")
        .default("1.7976931348623157E308")
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleaner.max.compaction.lag.ms", Kind::Long, "")
        .default("9223372036854775807")
        .at_least(1)
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleaner.min.cleanable.ratio", Kind::Double, "")
        .default("0.5")
        .rule(Rule::Fraction(0.0, 1.0))
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleaner.min.compaction.lag.ms", Kind::Long, "")
        .default("0")
        .at_least(0)
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleaner.threads", Kind::Int, "")
        .default("1")
        .at_least(0)
        .cluster_wide()
        .noted("not used yet"),
    key("log.cleanup.policy", Kind::List, "")
        .default("delete")
        .rule(Rule::Members(&["compact", "delete"], MayBeEmpty::Yes))
        .cluster_wide(),
    key("log.dir", Kind::List, "").default("data").rule(Rule::Members(&[], MayBeEmpty::No)).high(),
    key("log.dir.failure.timeout.ms", Kind::Long, "").default("30000").at_least(1).low(),
    key("log.dirs", Kind::List, "").rule(Rule::Members(&[], MayBeEmpty::No)).high(),
    key("log.flush.interval.messages", Kind::Long, "")
        .default("9223372036854775807")
        .at_least(1)
        .high()
        .cluster_wide(),
    key("log.flush.interval.ms", Kind::Long, "").high().cluster_wide(),
    key("log.flush.offset.checkpoint.interval.ms", Kind::Int, "")
        .default("60000")
        .at_least(0)
        .high(),
    key("log.flush.scheduler.interval.ms", Kind::Long, "").default("9223372036854775807").high(),
    key("log.flush.start.offset.checkpoint.interval.ms", Kind::Int, "")
        .default("60000")
        .at_least(0)
        .high(),
    key("log.index.interval.bytes", Kind::Int, "").default("4096").at_least(0).cluster_wide(),
    key("log.index.size.max.bytes", Kind::Int, "").default("10485760").at_least(4).cluster_wide(),
    key("log.initial.task.delay.ms", Kind::Long, "").default("30000").at_least(0).low().internal(),
    key("log.message.timestamp.after.max.ms", Kind::Long, "")
        .default("3600000")
        .at_least(0)
        .cluster_wide(),
    key("log.message.timestamp.before.max.ms", Kind::Long, "")
        .default("9223372036854775807")
        .at_least(0)
        .cluster_wide(),
    key("log.message.timestamp.type", Kind::String, "")
        .default("CreateTime")
        .rule(Rule::OneOf(&["CreateTime", "LogAppendTime"]))
        .cluster_wide(),
    key("log.preallocate", Kind::Boolean, "").default("false").cluster_wide(),
    key("log.retention.bytes", Kind::Long, "").default("-1").high().cluster_wide(),
    key("log.retention.check.interval.ms", Kind::Long, "").default("300000").at_least(1),
    key("log.retention.hours", Kind::Int, "").default("168").high(),
    key("log.retention.minutes", Kind::Int, "").high(),
    key("log.retention.ms", Kind::Long, "").high().cluster_wide(),
    key("log.roll.hours", Kind::Int, "").default("168").at_least(1).high(),
    key("log.roll.jitter.hours", Kind::Int, "").default("0").at_least(0).high(),
    key("log.roll.jitter.ms", Kind::Long, "").high().cluster_wide(),
    key("log.roll.ms", Kind::Long, "").high().cluster_wide(),
    key("log.segment.bytes", Kind::Int, "")
        .default("1073741824")
        .at_least(1048576)
        .high()
        .cluster_wide(),
    key("log.segment.delete.delay.ms", Kind::Long, "")
        .default("60000")
        .at_least(0)
        .high()
        .cluster_wide(),
    key("max.incremental.fetch.session.cache.slots", Kind::Int, "").default("1000").at_least(0),
    key("max.request.partition.size.limit", Kind::Int, "").default("2000").at_least(1),
    key("message.max.bytes", Kind::Int, "").default("1048588").at_least(0).high().cluster_wide(),
    key("min.insync.replicas", Kind::Int, "").default("1").at_least(1).high().cluster_wide(),
    key("num.partitions", Kind::Int, "").default("1").at_least(1),
    key("num.recovery.threads.per.data.dir", Kind::Int, "")
        .default("2")
        .at_least(1)
        .high()
        .cluster_wide(),
    key("producer.id.expiration.check.interval.ms", Kind::Int, "")
        .default("600000")
        .at_least(1)
        .low()
        .internal(),
    key("producer.id.expiration.ms", Kind::Int, "")
        .default("86400000")
        .at_least(1)
        .low()
        .cluster_wide(),
    key("producer.purgatory.purge.interval.requests", Kind::Int, "")
        .default("1000")
        .noted("not used yet"),
    key("unclean.leader.election.enable", Kind::Boolean, "").default("false").high().cluster_wide(),
    key("unclean.leader.election.interval.ms", Kind::Long, "")
        .default("300000")
        .at_least(1)
        .internal()
        .noted("not used yet"),
];

//! Keys about logs, topics, and the records in them.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "alter.config.policy.class.name",
        Kind::Class,
        "A Java class that may refuse changes of settings.",
    )
    .low()
    .noted("no effect; Ottla runs no Java classes."),
    key(
        "auto.create.topics.enable",
        Kind::Boolean,
        "Whether a topic is created when a client first asks for it.",
    )
    .default("true")
    .high(),
    key("background.threads", Kind::Int, "How many threads do background work.")
        .default("10")
        .at_least(1)
        .high()
        .cluster_wide()
        .noted("no effect; there is one thread for each core, see ottla.cores."),
    key(
        "compression.gzip.level",
        Kind::Int,
        "How hard gzip tries where the broker compresses; -1 is gzip's own choice.",
    )
    .default("-1")
    .rule(Rule::BetweenOr(1, 9, -1))
    .cluster_wide(),
    key("compression.lz4.level", Kind::Int, "How hard lz4 tries where the broker compresses.")
        .default("9")
        .between(1, 17)
        .cluster_wide()
        .noted("no effect; lz4 compresses at one level here."),
    key(
        "compression.type",
        Kind::String,
        "How record batches are kept: as the producer sent them (producer), \
         uncompressed, or compressed by this codec.",
    )
    .default("producer")
    .rule(Rule::OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]))
    .high()
    .cluster_wide(),
    key("compression.zstd.level", Kind::Int, "How hard zstd tries where the broker compresses.")
        .default("3")
        .between(-131072, 22)
        .cluster_wide(),
    key("cordoned.log.dirs", Kind::List, "Data directories that get no new replicas.")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .per_broker()
        .noted("no effect yet; new partitions may go to every directory of log.dirs."),
    key("create.topic.policy.class.name", Kind::Class, "A Java class that may refuse new topics.")
        .low()
        .noted("no effect; Ottla runs no Java classes."),
    key(
        "default.replication.factor",
        Kind::Int,
        "How many replicas a topic gets that does not say.",
    )
    .default("1"),
    key(
        "delete.records.purgatory.purge.interval.requests",
        Kind::Int,
        "How many finished DeleteRecords requests are kept before the waiting room is \
         swept.",
    )
    .default("1")
    .noted("no effect; finished requests leave nothing behind to sweep."),
    key("delete.topic.enable", Kind::Boolean, "Whether topics can be deleted.")
        .default("true")
        .high(),
    key("fetch.max.bytes", Kind::Int, "The most one fetch returns, whatever the client asks for.")
        .default("57671680")
        .at_least(1024),
    key(
        "fetch.purgatory.purge.interval.requests",
        Kind::Int,
        "How many finished fetches are kept before the waiting room is swept.",
    )
    .default("1000")
    .noted("no effect; finished requests leave nothing behind to sweep."),
    key(
        "log.cleaner.backoff.ms",
        Kind::Long,
        "How long the cleaner rests when there is nothing to compact.",
    )
    .default("15000")
    .at_least(0)
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleaner.dedupe.buffer.size",
        Kind::Long,
        "The memory all cleaner threads use to find repeated keys.",
    )
    .default("134217728")
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleaner.delete.retention.ms",
        Kind::Long,
        "How long a delete marker is kept in a compacted topic.",
    )
    .default("86400000")
    .at_least(0)
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key("log.cleaner.enable", Kind::Boolean, "Whether the cleaner runs at all.")
        .default("true")
        .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleaner.io.buffer.load.factor",
        Kind::Double,
        "How full the cleaner's table of keys may get.",
    )
    .default("0.9")
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleaner.io.buffer.size",
        Kind::Int,
        "The memory all cleaner threads use for reading and writing.",
    )
    .default("524288")
    .at_least(0)
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleaner.io.max.bytes.per.second",
        Kind::Double,
        "The bytes a second the cleaner reads and writes at most.",
    )
    .default("1.7976931348623157E308")
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleaner.max.compaction.lag.ms",
        Kind::Long,
        "The longest a record may stay before its log must be compacted.",
    )
    .default("9223372036854775807")
    .at_least(1)
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleaner.min.cleanable.ratio",
        Kind::Double,
        "How much of a log must be uncompacted before it is compacted.",
    )
    .default("0.5")
    .rule(Rule::Fraction(0.0, 1.0))
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleaner.min.compaction.lag.ms",
        Kind::Long,
        "How long a record stays before it may be compacted away.",
    )
    .default("0")
    .at_least(0)
    .cluster_wide()
    .noted("no effect yet; topics are not compacted."),
    key("log.cleaner.threads", Kind::Int, "How many threads compact.")
        .default("1")
        .at_least(0)
        .cluster_wide()
        .noted("no effect yet; topics are not compacted."),
    key(
        "log.cleanup.policy",
        Kind::List,
        "What happens to old segments: delete, compact, both, or nothing.",
    )
    .default("delete")
    .rule(Rule::Members(&["compact", "delete"], MayBeEmpty::Yes))
    .cluster_wide(),
    key(
        "log.dir",
        Kind::List,
        "The data directory, when log.dirs is not set. Ottla's default is the directory \
         data below the one it is started in.",
    )
    .default("data")
    .rule(Rule::Members(&[], MayBeEmpty::No))
    .high(),
    key(
        "log.dir.failure.timeout.ms",
        Kind::Long,
        "How long a broker may be unable to report a failed directory before it stops.",
    )
    .default("30000")
    .at_least(1)
    .low()
    .noted("no effect yet; a cluster is one broker for now."),
    key("log.dirs", Kind::List, "The data directories, separated by commas. Nothing: log.dir.")
        .rule(Rule::Members(&[], MayBeEmpty::No))
        .high(),
    key(
        "log.flush.interval.messages",
        Kind::Long,
        "After how many records a log is synced to disk.",
    )
    .default("9223372036854775807")
    .at_least(1)
    .high()
    .cluster_wide(),
    key(
        "log.flush.interval.ms",
        Kind::Long,
        "How long records may stay unsynced. Nothing: log.flush.scheduler.interval.ms.",
    )
    .high()
    .cluster_wide(),
    key(
        "log.flush.offset.checkpoint.interval.ms",
        Kind::Int,
        "How often the recovery points are written down.",
    )
    .default("60000")
    .at_least(0)
    .high(),
    key(
        "log.flush.scheduler.interval.ms",
        Kind::Long,
        "How often it is checked whether a log must be synced.",
    )
    .default("9223372036854775807")
    .high(),
    key(
        "log.flush.start.offset.checkpoint.interval.ms",
        Kind::Int,
        "How often the start offsets of logs are written down.",
    )
    .default("60000")
    .at_least(0)
    .high(),
    key(
        "log.index.interval.bytes",
        Kind::Int,
        "After how many bytes of records an index gets an entry.",
    )
    .default("4096")
    .at_least(0)
    .cluster_wide(),
    key(
        "log.index.size.max.bytes",
        Kind::Int,
        "The largest size of an index file; a segment is rolled when it is reached.",
    )
    .default("10485760")
    .at_least(4)
    .cluster_wide(),
    key(
        "log.initial.task.delay.ms",
        Kind::Long,
        "How long after the start the first background work on logs begins.",
    )
    .default("30000")
    .at_least(0)
    .low()
    .internal()
    .noted("no effect; background work on logs begins as it falls due."),
    key(
        "log.message.timestamp.after.max.ms",
        Kind::Long,
        "How far a record's timestamp may be ahead of the broker's clock.",
    )
    .default("3600000")
    .at_least(0)
    .cluster_wide(),
    key(
        "log.message.timestamp.before.max.ms",
        Kind::Long,
        "How far a record's timestamp may be behind the broker's clock.",
    )
    .default("9223372036854775807")
    .at_least(0)
    .cluster_wide(),
    key(
        "log.message.timestamp.type",
        Kind::String,
        "Whose clock a record's timestamp is of: the producer's (CreateTime) or the \
         broker's (LogAppendTime).",
    )
    .default("CreateTime")
    .rule(Rule::OneOf(&["CreateTime", "LogAppendTime"]))
    .cluster_wide(),
    key(
        "log.preallocate",
        Kind::Boolean,
        "Whether a new segment's file gets its full size at once.",
    )
    .default("false")
    .cluster_wide()
    .noted("no effect yet; segment files grow as they are written."),
    key(
        "log.retention.bytes",
        Kind::Long,
        "How large a partition's log may grow before its oldest segments are deleted; \
         -1 is no limit.",
    )
    .default("-1")
    .high()
    .cluster_wide(),
    key(
        "log.retention.check.interval.ms",
        Kind::Long,
        "How often it is checked whether segments can be deleted.",
    )
    .default("300000")
    .at_least(1),
    key(
        "log.retention.hours",
        Kind::Int,
        "How many hours segments are kept, when neither log.retention.ms nor .minutes \
         is set.",
    )
    .default("168")
    .high(),
    key(
        "log.retention.minutes",
        Kind::Int,
        "How many minutes segments are kept, when log.retention.ms is not set.",
    )
    .high(),
    key(
        "log.retention.ms",
        Kind::Long,
        "How many milliseconds segments are kept; -1 is for ever. Nothing: \
         log.retention.minutes, then .hours.",
    )
    .high()
    .cluster_wide(),
    key(
        "log.roll.hours",
        Kind::Int,
        "After how many hours a new segment is begun, when log.roll.ms is not set.",
    )
    .default("168")
    .at_least(1)
    .high(),
    key(
        "log.roll.jitter.hours",
        Kind::Int,
        "The most hours taken off that at random, when log.roll.jitter.ms is not set.",
    )
    .default("0")
    .at_least(0)
    .high(),
    key(
        "log.roll.jitter.ms",
        Kind::Long,
        "The most milliseconds taken off log.roll.ms at random, so that segments do not \
         roll together.",
    )
    .high()
    .cluster_wide(),
    key(
        "log.roll.ms",
        Kind::Long,
        "After how many milliseconds a new segment is begun. Nothing: log.roll.hours.",
    )
    .high()
    .cluster_wide(),
    key("log.segment.bytes", Kind::Int, "The largest size of a segment file.")
        .default("1073741824")
        .at_least(1048576)
        .high()
        .cluster_wide(),
    key(
        "log.segment.delete.delay.ms",
        Kind::Long,
        "How long a deleted file stays before it is removed.",
    )
    .default("60000")
    .at_least(0)
    .high()
    .cluster_wide(),
    key(
        "max.incremental.fetch.session.cache.slots",
        Kind::Int,
        "How many fetch sessions are kept.",
    )
    .default("1000")
    .at_least(0),
    key(
        "max.request.partition.size.limit",
        Kind::Int,
        "The most partitions a DescribeTopicPartitions answer holds.",
    )
    .default("2000")
    .at_least(1),
    key("message.max.bytes", Kind::Int, "The largest record batch, as compressed.")
        .default("1048588")
        .at_least(0)
        .high()
        .cluster_wide(),
    key(
        "min.insync.replicas",
        Kind::Int,
        "How many replicas must be in sync for a write with acks=all.",
    )
    .default("1")
    .at_least(1)
    .high()
    .cluster_wide(),
    key("num.partitions", Kind::Int, "How many partitions a topic gets that does not say.")
        .default("1")
        .at_least(1),
    key(
        "num.recovery.threads.per.data.dir",
        Kind::Int,
        "How many threads open and recover logs, for each data directory.",
    )
    .default("2")
    .at_least(1)
    .high()
    .cluster_wide(),
    key(
        "producer.id.expiration.check.interval.ms",
        Kind::Int,
        "How often it is checked whether producers have been silent too long.",
    )
    .default("600000")
    .at_least(1)
    .low()
    .internal()
    .noted("no effect; expiry is looked at together with retention."),
    key(
        "producer.id.expiration.ms",
        Kind::Int,
        "How long the state of a silent idempotent producer is kept.",
    )
    .default("86400000")
    .at_least(1)
    .low()
    .cluster_wide(),
    key(
        "producer.purgatory.purge.interval.requests",
        Kind::Int,
        "How many finished produce requests are kept before the waiting room is swept.",
    )
    .default("1000")
    .noted("no effect; finished requests leave nothing behind to sweep."),
    key(
        "unclean.leader.election.enable",
        Kind::Boolean,
        "Whether a replica that is not in sync may become leader, at the price of lost \
         records.",
    )
    .default("false")
    .high()
    .cluster_wide()
    .noted(
        "no effect yet; a cluster is one broker for now, with one replica of each \
         partition.",
    ),
    key(
        "unclean.leader.election.interval.ms",
        Kind::Long,
        "How often it is checked whether an unclean election is needed.",
    )
    .default("300000")
    .at_least(1)
    .internal()
    .noted("no effect yet; a cluster is one broker for now."),
];

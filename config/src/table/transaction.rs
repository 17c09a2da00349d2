//! Keys about transactions.

use crate::definition::{Definition, Kind, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "add.partitions.to.txn.retry.backoff.max.ms",
        Kind::Int,
        "The longest the broker waits before it tries again to add a partition to a \
         transaction.",
    )
    .default("100")
    .at_least(0)
    .high()
    .noted("no effect yet; there are no transactions."),
    key(
        "add.partitions.to.txn.retry.backoff.ms",
        Kind::Int,
        "How long the broker waits before it tries again to add a partition to a \
         transaction.",
    )
    .default("20")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no transactions."),
    key(
        "transaction.abort.timed.out.transaction.cleanup.interval.ms",
        Kind::Int,
        "How often transactions that took too long are aborted.",
    )
    .default("10000")
    .at_least(1)
    .low()
    .noted("no effect yet; there are no transactions."),
    key("transaction.max.timeout.ms", Kind::Int, "The longest timeout a transaction may ask for.")
        .default("900000")
        .at_least(1)
        .high()
        .noted("no effect yet; there are no transactions."),
    key(
        "transaction.partition.verification.enable",
        Kind::Boolean,
        "Whether a write is checked to belong to an open transaction.",
    )
    .default("true")
    .low()
    .cluster_wide()
    .noted("no effect yet; there are no transactions."),
    key(
        "transaction.remove.expired.transaction.cleanup.interval.ms",
        Kind::Int,
        "How often expired transactional ids are removed.",
    )
    .default("3600000")
    .at_least(1)
    .low()
    .noted("no effect yet; there are no transactions."),
    key(
        "transaction.state.log.load.buffer.size",
        Kind::Int,
        "How much of the transaction topic is read at once.",
    )
    .default("5242880")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no transactions."),
    key(
        "transaction.state.log.min.isr",
        Kind::Int,
        "min.insync.replicas of the transaction topic.",
    )
    .default("2")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no transactions."),
    key(
        "transaction.state.log.num.partitions",
        Kind::Int,
        "How many partitions the transaction topic gets.",
    )
    .default("50")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no transactions."),
    key(
        "transaction.state.log.replication.factor",
        Kind::Short,
        "How many replicas the transaction topic gets.",
    )
    .default("3")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no transactions."),
    key(
        "transaction.state.log.segment.bytes",
        Kind::Int,
        "The segment size of the transaction topic.",
    )
    .default("104857600")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no transactions."),
    key(
        "transaction.two.phase.commit.enable",
        Kind::Boolean,
        "Whether transactions may be part of a two-phase commit.",
    )
    .default("false")
    .low()
    .noted("no effect yet; there are no transactions."),
    key(
        "transactional.id.expiration.ms",
        Kind::Int,
        "How long an unused transactional id is remembered.",
    )
    .default("604800000")
    .at_least(1)
    .high()
    .noted("no effect yet; there are no transactions."),
];

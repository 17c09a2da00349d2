//! Keys about transactions.

use crate::definition::{Definition, Kind, key};

pub(super) static KEYS: &[Definition] = &[
    key("add.partitions.to.txn.retry.backoff.max.ms", Kind::Int, "")
        .default("100")
        .at_least(0)
        .high()
        .noted("Transactions are not there yet."),
    key("add.partitions.to.txn.retry.backoff.ms", Kind::Int, "")
        .default("20")
        .at_least(1)
        .high()
        .noted("Transactions are not there yet."),
    key("transaction.abort.timed.out.transaction.cleanup.interval.ms", Kind::Int, "")
        .default("10000")
        .at_least(1)
        .low()
        .noted("Transactions are not there yet."),
    key("transaction.max.timeout.ms", Kind::Int, "")
        .default("900000")
        .at_least(1)
        .high()
        .noted("Transactions are not there yet."),
    key("transaction.partition.verification.enable", Kind::Boolean, "")
        .default("true")
        .low()
        .cluster_wide()
        .noted("Transactions are not there yet."),
    key("transaction.remove.expired.transaction.cleanup.interval.ms", Kind::Int, "")
        .default("3600000")
        .at_least(1)
        .low()
        .noted("Transactions are not there yet."),
    key("transaction.state.log.load.buffer.size", Kind::Int, "")
        .default("5242880")
        .at_least(1)
        .high()
        .noted("Transactions are not there yet."),
    key("transaction.state.log.min.isr", Kind::Int, "")
        .default("2")
        .at_least(1)
        .high()
        .noted("Transactions are not there yet."),
    key("transaction.state.log.num.partitions", Kind::Int, "")
        .default("50")
        .at_least(1)
        .high()
        .noted("Transactions are not there yet."),
    key("transaction.state.log.replication.factor", Kind::Short, "")
        .default("3")
        .at_least(1)
        .high()
        .noted("Transactions are not there yet."),
    key("transaction.state.log.segment.bytes", Kind::Int, "")
        .default("104857600")
        .at_least(1)
        .high()
        .noted("Transactions are not there yet."),
    key("transaction.two.phase.commit.enable", Kind::Boolean, "")
        .default("false")
        .low()
        .noted("Transactions are not there yet."),
    key("transactional.id.expiration.ms", Kind::Int, "")
        .default("604800000")
        .at_least(1)
        .high()
        .noted("Transactions are not there yet."),
];

//! Keys about replicas and leaders.

use crate::definition::{Definition, Kind, key};

pub(super) static KEYS: &[Definition] = &[
    key("auto.leader.rebalance.enable", Kind::Boolean, "")
        .default("true")
        .high()
        .noted("not used yet"),
    key("leader.imbalance.check.interval.seconds", Kind::Long, "")
        .default("300")
        .at_least(1)
        .high()
        .noted("not used yet"),
    key("num.replica.alter.log.dirs.threads", Kind::Int, "").high().noted("not used yet"),
    key("num.replica.fetchers", Kind::Int, "")
        .default("1")
        .at_least(1)
        .high()
        .cluster_wide()
        .noted("not used yet"),
    key("replica.fetch.backoff.ms", Kind::Int, "")
        .default("1000")
        .at_least(0)
        .noted("not used yet"),
    key("replica.fetch.max.bytes", Kind::Int, "")
        .default("1048576")
        .at_least(0)
        .noted("not used yet"),
    key("replica.fetch.min.bytes", Kind::Int, "").default("1").high().noted("not used yet"),
    key("replica.fetch.response.max.bytes", Kind::Int, "")
        .default("10485760")
        .at_least(0)
        .noted("not used yet"),
    key("replica.fetch.wait.max.ms", Kind::Int, "").default("500").high().noted("not used yet"),
    key("replica.high.watermark.checkpoint.interval.ms", Kind::Long, "").default("5000").high(),
    key("replica.lag.time.max.ms", Kind::Long, "").default("30000").high().noted("not used yet"),
    key("replica.selector.class", Kind::String, "").noted("not used yet"),
    key("replica.socket.receive.buffer.bytes", Kind::Int, "")
        .default("65536")
        .high()
        .noted("not used yet"),
    key("replica.socket.timeout.ms", Kind::Int, "").default("30000").high().noted("not used yet"),
    key("replication.quota.window.num", Kind::Int, "")
        .default("11")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("replication.quota.window.size.seconds", Kind::Int, "")
        .default("1")
        .at_least(1)
        .low()
        .noted("not used yet"),
];

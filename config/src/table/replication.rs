//! Keys about replicas and leaders.

use crate::definition::{Definition, Kind, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "auto.leader.rebalance.enable",
        Kind::Boolean,
        "Whether leadership goes back to preferred replicas by itself.",
    )
    .default("true")
    .high()
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "leader.imbalance.check.interval.seconds",
        Kind::Long,
        "How often it is checked whether leaders are spread evenly.",
    )
    .default("300")
    .at_least(1)
    .high()
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "num.replica.alter.log.dirs.threads",
        Kind::Int,
        "How many threads move replicas between directories.",
    )
    .high()
    .noted("no effect yet; replicas cannot be moved between directories."),
    key("num.replica.fetchers", Kind::Int, "How many threads fetch from each leader.")
        .default("1")
        .at_least(1)
        .high()
        .cluster_wide()
        .noted("no effect yet; a cluster is one broker for now."),
    key("replica.fetch.backoff.ms", Kind::Int, "How long a follower waits after a failed fetch.")
        .default("1000")
        .at_least(0)
        .noted("no effect yet; a cluster is one broker for now."),
    key("replica.fetch.max.bytes", Kind::Int, "How much a follower fetches of one partition.")
        .default("1048576")
        .at_least(0)
        .noted("no effect yet; a cluster is one broker for now."),
    key(
        "replica.fetch.min.bytes",
        Kind::Int,
        "How much must be there before a follower's fetch is answered.",
    )
    .default("1")
    .high()
    .noted("no effect yet; a cluster is one broker for now."),
    key("replica.fetch.response.max.bytes", Kind::Int, "How much one fetch of a follower returns.")
        .default("10485760")
        .at_least(0)
        .noted("no effect yet; a cluster is one broker for now."),
    key("replica.fetch.wait.max.ms", Kind::Int, "How long a follower's fetch may wait.")
        .default("500")
        .high()
        .noted("no effect yet; a cluster is one broker for now."),
    key(
        "replica.high.watermark.checkpoint.interval.ms",
        Kind::Long,
        "How often high watermarks are written down.",
    )
    .default("5000")
    .high(),
    key(
        "replica.lag.time.max.ms",
        Kind::Long,
        "How long a follower may lag before it leaves the in-sync replicas.",
    )
    .default("30000")
    .high()
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "replica.selector.class",
        Kind::String,
        "The Java class that picks the replica a consumer reads from.",
    )
    .noted("no effect; Ottla runs no Java classes."),
    key(
        "replica.socket.receive.buffer.bytes",
        Kind::Int,
        "The receive buffer of connections between replicas.",
    )
    .default("65536")
    .high()
    .noted("no effect yet; a cluster is one broker for now."),
    key("replica.socket.timeout.ms", Kind::Int, "How long a request between replicas may take.")
        .default("30000")
        .high()
        .noted("no effect yet; a cluster is one broker for now."),
    key(
        "replication.quota.window.num",
        Kind::Int,
        "How many samples replication quotas look back on.",
    )
    .default("11")
    .at_least(1)
    .low()
    .noted("no effect yet; a cluster is one broker for now."),
    key("replication.quota.window.size.seconds", Kind::Int, "The length of one such sample.")
        .default("1")
        .at_least(1)
        .low()
        .noted("no effect yet; a cluster is one broker for now."),
];

//! Ottla's own keys.

use crate::definition::{Definition, Kind, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "ottla.cluster.id",
        Kind::String,
        "The cluster's id, used when a data directory is new. Nothing: one is made up. The \
         environment variable CLUSTER_ID sets it too.",
    )
    .rule(Rule::NonEmptyText),
    key(
        "ottla.cores",
        Kind::Int,
        "How many cores the broker works on, each with a thread of its own; 0 means all it may \
         use.",
    )
    .default("0")
    .between(0, 1024),
    key("ottla.log.format", Kind::String, "How the broker's own log lines look: text or json.")
        .default("text")
        .rule(Rule::OneOf(&["text", "json"])),
    key(
        "ottla.log.level",
        Kind::String,
        "Which of its own log lines the broker writes: error, warn, info, debug, trace, or \
         directives as RUST_LOG takes them. RUST_LOG goes first.",
    )
    .default("info"),
    key(
        "ottla.request.memory.bytes",
        Kind::Long,
        "The bytes that all requests in flight may hold together when queued.max.request.bytes \
         sets no limit. Connections wait when it is used up.",
    )
    .default("268435456")
    .at_least(1_048_576),
];

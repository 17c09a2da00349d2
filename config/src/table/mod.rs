//! The table of every key, one file for each area.

mod group;
mod log;
mod modern_group;
mod node;
mod old;
mod ottla;
mod quota;
mod replication;
mod resource;
mod sasl;
mod security;
mod socket;
mod ssl;
mod tiered;
mod topic;
mod transaction;

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::definition::{Definition, Scope};

static BROKER: &[&[Definition]] = &[
    node::KEYS,
    socket::KEYS,
    log::KEYS,
    replication::KEYS,
    group::KEYS,
    modern_group::KEYS,
    transaction::KEYS,
    quota::KEYS,
    security::KEYS,
    sasl::KEYS,
    ssl::KEYS,
    tiered::KEYS,
    ottla::KEYS,
    old::KEYS,
    old::ZOOKEEPER,
];

static INDEX: LazyLock<HashMap<(Scope, &'static str), &'static Definition>> = LazyLock::new(|| {
    all().map(|definition| ((definition.scope, definition.name), definition)).collect()
});

fn all() -> impl Iterator<Item = &'static Definition> {
    definitions().chain(topic::KEYS).chain(resource::KEYS)
}

/// Every key of a broker, area by area: Kafka's, Ottla's own, and those of older releases.
pub fn definitions() -> impl Iterator<Item = &'static Definition> {
    BROKER.iter().copied().flatten()
}

/// Every key of a topic.
#[must_use]
pub fn topic_definitions() -> &'static [Definition] {
    topic::KEYS
}

/// The keys of groups, clients, addresses, metrics subscriptions, and a broker's dynamic quotas.
#[must_use]
pub fn resource_definitions() -> &'static [Definition] {
    resource::KEYS
}

/// The key `name` of what `scope` says.
#[must_use]
pub fn lookup(scope: Scope, name: &str) -> Option<&'static Definition> {
    INDEX.get(&(scope, name)).copied()
}

/// The broker key `name`.
#[must_use]
pub fn broker(name: &str) -> Option<&'static Definition> {
    lookup(Scope::Broker, name)
}

/// The topic key `name`.
#[must_use]
pub fn topic(name: &str) -> Option<&'static Definition> {
    lookup(Scope::Topic, name)
}

#[cfg(test)]
#[path = "../table_tests.rs"]
mod tests;

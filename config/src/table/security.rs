//! Keys about who may do what.

use crate::definition::{Definition, Kind, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("authorizer.class.name", Kind::String, "The Java class that decides who may do what.")
        .default("")
        .low()
        .noted(
            "no effect yet; there is no authorizer, everyone who connects may do \
         everything.",
        ),
    key(
        "connection.failed.authentication.delay.ms",
        Kind::Int,
        "How long a connection that failed to authenticate is kept before it is closed.",
    )
    .default("100")
    .at_least(0)
    .low()
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "connections.max.reauth.ms",
        Kind::Long,
        "How long a SASL login holds before it must be repeated.",
    )
    .default("0")
    .noted("no effect yet; SASL listeners cannot be served."),
    key(
        "delegation.token.expiry.check.interval.ms",
        Kind::Long,
        "How often expired delegation tokens are removed.",
    )
    .default("3600000")
    .at_least(1)
    .low()
    .noted("no effect yet; delegation tokens come with SASL."),
    key(
        "delegation.token.expiry.time.ms",
        Kind::Long,
        "How long a delegation token holds before it must be renewed.",
    )
    .default("86400000")
    .at_least(1)
    .noted("no effect yet; delegation tokens come with SASL."),
    key("delegation.token.max.lifetime.ms", Kind::Long, "The longest a delegation token can live.")
        .default("604800000")
        .at_least(1)
        .noted("no effect yet; delegation tokens come with SASL."),
    key("delegation.token.secret.key", Kind::Password, "The secret that signs delegation tokens.")
        .noted("no effect yet; delegation tokens come with SASL."),
    key(
        "principal.builder.class",
        Kind::Class,
        "The Java class that says who a connection belongs to.",
    )
    .default("org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder")
    .per_broker()
    .noted("no effect; Ottla runs no Java classes."),
    key(
        "security.inter.broker.protocol",
        Kind::String,
        "What brokers speak among themselves, when inter.broker.listener.name is not \
         set.",
    )
    .default("PLAINTEXT")
    .rule(Rule::OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])),
    key("security.providers", Kind::String, "Java classes that provide security algorithms.")
        .low()
        .noted("no effect; Ottla runs no Java classes."),
];

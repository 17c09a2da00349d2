//! Keys about who may do what.

use crate::definition::{Definition, Kind, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("authorizer.class.name", Kind::String, "").default("").low().noted("not used yet"),
    key("connection.failed.authentication.delay.ms", Kind::Int, "")
        .default("100")
        .at_least(0)
        .low()
        .noted("not used yet"),
    key("connections.max.reauth.ms", Kind::Long, "").default("0").noted("not used yet"),
    key("delegation.token.expiry.check.interval.ms", Kind::Long, "")
        .default("3600000")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("delegation.token.expiry.time.ms", Kind::Long, "")
        .default("86400000")
        .at_least(1)
        .noted("not used yet"),
    key("delegation.token.max.lifetime.ms", Kind::Long, "")
        .default("604800000")
        .at_least(1)
        .noted("not used yet"),
    key("delegation.token.secret.key", Kind::Password, "").noted("not used yet"),
    key("principal.builder.class", Kind::Class, "")
        .default("org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder")
        .per_broker()
        .noted("not used yet"),
    key("security.inter.broker.protocol", Kind::String, "")
        .default("PLAINTEXT")
        .rule(Rule::OneOf(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"])),
    key("security.providers", Kind::String, "").low().noted("not used yet"),
];

//! Keys about listeners, connections and requests.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("advertised.listeners", Kind::List, "").rule(Rule::Members(&[], MayBeEmpty::No)).high(),
    key("connections.max.idle.ms", Kind::Long, "").default("600000"),
    key("early.start.listeners", Kind::List, "")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .high()
        .noted("not used yet"),
    key("inter.broker.listener.name", Kind::String, ""),
    key("listener.security.protocol.map", Kind::String, "")
        .default("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT")
        .low()
        .per_broker(),
    key("listeners", Kind::List, "")
        .default("PLAINTEXT://:9092")
        .rule(Rule::Members(&[], MayBeEmpty::No))
        .high()
        .per_broker(),
    key("max.connection.creation.rate", Kind::Int, "")
        .default("2147483647")
        .at_least(0)
        .cluster_wide(),
    key("max.connections", Kind::Int, "").default("2147483647").at_least(0).cluster_wide(),
    key("max.connections.per.ip", Kind::Int, "").default("2147483647").at_least(0).cluster_wide(),
    key("max.connections.per.ip.overrides", Kind::String, "").default("").cluster_wide(),
    key("num.io.threads", Kind::Int, "")
        .default("8")
        .at_least(1)
        .high()
        .cluster_wide()
        .noted("not used yet"),
    key("num.network.threads", Kind::Int, "")
        .default("3")
        .at_least(1)
        .high()
        .cluster_wide()
        .noted("not used yet"),
    key("queued.max.request.bytes", Kind::Long, "").default("-1"),
    key("queued.max.requests", Kind::Int, "").default("500").at_least(1).high(),
    key("request.timeout.ms", Kind::Int, "").default("30000").high(),
    key("socket.connection.setup.timeout.max.ms", Kind::Long, "")
        .default("30000")
        .noted("not used yet"),
    key("socket.connection.setup.timeout.ms", Kind::Long, "")
        .default("10000")
        .noted("not used yet"),
    key("socket.listen.backlog.size", Kind::Int, "").default("50").at_least(1),
    key("socket.receive.buffer.bytes", Kind::Int, "").default("102400").high(),
    key("socket.request.max.bytes", Kind::Int, "").default("104857600").at_least(1).high(),
    key("socket.send.buffer.bytes", Kind::Int, "").default("102400").high(),
];

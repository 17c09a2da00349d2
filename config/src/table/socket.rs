//! Keys about listeners, connections and requests.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key(
        "advertised.listeners",
        Kind::List,
        "The addresses clients are told to connect to, as NAME://host:port. Nothing: \
         those of listeners, with this machine's name where no host is given.",
    )
    .rule(Rule::Members(&[], MayBeEmpty::No))
    .high(),
    key(
        "connections.max.idle.ms",
        Kind::Long,
        "How long a connection may be silent before it is closed.",
    )
    .default("600000"),
    key("early.start.listeners", Kind::List, "Listeners opened before the authorizer is ready.")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .high()
        .noted("no effect; there is no authorizer to wait for."),
    key(
        "inter.broker.listener.name",
        Kind::String,
        "The listener brokers use among themselves. Nothing: the one of \
         security.inter.broker.protocol.",
    ),
    key(
        "listener.security.protocol.map",
        Kind::String,
        "The security protocol of each listener name, as NAME:PROTOCOL.",
    )
    .default("SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT")
    .low()
    .per_broker(),
    key(
        "listeners",
        Kind::List,
        "Where the broker listens, as NAME://host:port. No host means every interface, \
         port 0 any free port.",
    )
    .default("PLAINTEXT://:9092")
    .rule(Rule::Members(&[], MayBeEmpty::No))
    .high()
    .per_broker(),
    key(
        "max.connection.creation.rate",
        Kind::Int,
        "The most connections a second that are accepted.",
    )
    .default("2147483647")
    .at_least(0)
    .cluster_wide()
    .noted(
        "no effect yet; connections are limited in number by max.connections and \
         max.connections.per.ip, not in rate.",
    ),
    key("max.connections", Kind::Int, "The most connections at once.")
        .default("2147483647")
        .at_least(0)
        .cluster_wide(),
    key("max.connections.per.ip", Kind::Int, "The most connections at once from one address.")
        .default("2147483647")
        .at_least(0)
        .cluster_wide(),
    key(
        "max.connections.per.ip.overrides",
        Kind::String,
        "Addresses with another limit, as address:number.",
    )
    .default("")
    .cluster_wide(),
    key("num.io.threads", Kind::Int, "How many threads work on requests.")
        .default("8")
        .at_least(1)
        .high()
        .cluster_wide()
        .noted("no effect; there is one thread for each core, see ottla.cores."),
    key("num.network.threads", Kind::Int, "How many threads read and write connections.")
        .default("3")
        .at_least(1)
        .high()
        .cluster_wide()
        .noted("no effect; there is one thread for each core, see ottla.cores."),
    key(
        "queued.max.request.bytes",
        Kind::Long,
        "The bytes that all requests in flight may hold together; -1 leaves it to \
         ottla.request.memory.bytes.",
    )
    .default("-1"),
    key("queued.max.requests", Kind::Int, "How many requests may wait for a thread.")
        .default("500")
        .at_least(1)
        .high()
        .noted(
            "no effect; requests wait on their connections, and memory is what bounds them \
         (queued.max.request.bytes).",
        ),
    key(
        "request.timeout.ms",
        Kind::Int,
        "How long the broker waits for an answer to a request of its own.",
    )
    .default("30000")
    .high()
    .noted("no effect yet; a cluster is one broker for now, which sends no requests."),
    key(
        "socket.connection.setup.timeout.max.ms",
        Kind::Long,
        "The longest the broker waits for a connection of its own.",
    )
    .default("30000")
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "socket.connection.setup.timeout.ms",
        Kind::Long,
        "How long the broker waits for a connection of its own.",
    )
    .default("10000")
    .noted("no effect yet; a cluster is one broker for now."),
    key("socket.listen.backlog.size", Kind::Int, "How many connections may wait to be accepted.")
        .default("50")
        .at_least(1),
    key(
        "socket.receive.buffer.bytes",
        Kind::Int,
        "The receive buffer of a connection; -1, or nothing set, leaves it to the \
         system.",
    )
    .default("102400")
    .high(),
    key(
        "socket.request.max.bytes",
        Kind::Int,
        "The largest request; a larger one closes its connection.",
    )
    .default("104857600")
    .at_least(1)
    .high(),
    key(
        "socket.send.buffer.bytes",
        Kind::Int,
        "The send buffer of a connection; -1 leaves it to the system. If nothing is set, so does \
         Ottla, but for consumers on this machine, whose buffer is kept short.",
    )
    .default("102400")
    .high(),
];

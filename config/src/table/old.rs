//! Keys that only releases before 4.0 know.

use crate::definition::{Definition, Kind, old, translated, zookeeper};

const NO_PROTOCOL_VERSION: &str = "no effect; clients and brokers agree on versions by themselves.";
const NO_FORMAT_VERSION: &str = "no effect; records are always kept in message format 2.";
const NO_BROKER_QUOTA: &str = "no effect; set quotas for clients with AlterClientQuotas instead.";
const NO_ENCODER: &str =
    "no effect; dynamic settings are kept in the metadata log, which needs no password encoder.";
const NO_HANDOVER: &str =
    "no effect; leadership is handed over inside the stop itself, without retries.";
const ALWAYS_NEW: &str = "no effect; there is only one group coordinator.";
const NO_GENERATED_ID: &str = "no effect; ids are not made up: set node.id.";

pub(super) static KEYS: &[Definition] = &[
    translated("port", Kind::Int, "The port to listen on; now part of listeners.").default("9092"),
    translated("host.name", Kind::String, "The host to listen on; now part of listeners.")
        .default(""),
    translated(
        "advertised.host.name",
        Kind::String,
        "The host given to clients; now part of advertised.listeners.",
    ),
    translated(
        "advertised.port",
        Kind::Int,
        "The port given to clients; now part of advertised.listeners.",
    ),
    translated(
        "log.message.timestamp.difference.max.ms",
        Kind::Long,
        "How far a record's timestamp may be from the broker's clock; now two keys, one for each \
         direction.",
    )
    .at_least(0),
    old(
        "inter.broker.protocol.version",
        Kind::String,
        "The version brokers spoke among themselves.",
        NO_PROTOCOL_VERSION,
    ),
    old(
        "log.message.format.version",
        Kind::String,
        "The release whose record format was written.",
        NO_FORMAT_VERSION,
    ),
    old(
        "log.message.downconversion.enable",
        Kind::Boolean,
        "Whether records were rewritten for consumers of old formats.",
        "no effect; records are never converted to older formats.",
    ),
    old(
        "offsets.commit.required.acks",
        Kind::Short,
        "How many replicas had to have a commit.",
        "no effect; a commit is always answered when all in-sync replicas have it.",
    ),
    old(
        "broker.id.generation.enable",
        Kind::Boolean,
        "Whether broker ids were made up.",
        NO_GENERATED_ID,
    ),
    old(
        "reserved.broker.max.id",
        Kind::Int,
        "The largest id that could be set by hand.",
        NO_GENERATED_ID,
    ),
    old(
        "control.plane.listener.name",
        Kind::String,
        "The listener between controller and brokers.",
        "no effect; the controller is part of this process.",
    ),
    old(
        "controlled.shutdown.max.retries",
        Kind::Int,
        "How often handing over leadership was tried at a stop.",
        NO_HANDOVER,
    ),
    old(
        "controlled.shutdown.retry.backoff.ms",
        Kind::Long,
        "How long to wait between those tries.",
        NO_HANDOVER,
    ),
    old(
        "leader.imbalance.per.broker.percentage",
        Kind::Int,
        "How uneven leaders could be spread.",
        "no effect yet; a cluster is one broker for now.",
    ),
    old(
        "metadata.log.segment.min.bytes",
        Kind::Int,
        "The smallest size of a metadata segment in tests.",
        "no effect; the metadata log is compacted by snapshots of its own timing.",
    ),
    old(
        "quota.producer.default",
        Kind::Long,
        "The bytes a second each producer could send.",
        NO_BROKER_QUOTA,
    ),
    old(
        "quota.consumer.default",
        Kind::Long,
        "The bytes a second each consumer could fetch.",
        NO_BROKER_QUOTA,
    ),
    old(
        "auto.include.jmx.reporter",
        Kind::Boolean,
        "Whether metrics went to JMX without being asked.",
        "no effect; there is no JMX here.",
    ),
    old(
        "delegation.token.master.key",
        Kind::Password,
        "The secret of delegation tokens under its older name.",
        "no effect yet; delegation tokens come with SASL.",
    ),
    old(
        "password.encoder.secret",
        Kind::Password,
        "The secret that dynamic passwords were encrypted with.",
        NO_ENCODER,
    ),
    old(
        "password.encoder.old.secret",
        Kind::Password,
        "The secret before the last change.",
        NO_ENCODER,
    ),
    old(
        "password.encoder.keyfactory.algorithm",
        Kind::String,
        "How the key was made from the secret.",
        NO_ENCODER,
    ),
    old("password.encoder.cipher.algorithm", Kind::String, "The cipher used.", NO_ENCODER),
    old("password.encoder.key.length", Kind::Int, "The length of the key.", NO_ENCODER),
    old("password.encoder.iterations", Kind::Int, "The rounds of the key's making.", NO_ENCODER),
    old(
        "group.coordinator.new.enable",
        Kind::Boolean,
        "Whether the rewritten group coordinator was used.",
        ALWAYS_NEW,
    ),
    old(
        "group.share.enable",
        Kind::Boolean,
        "Whether share groups could be used.",
        "no effect; share groups are not there yet.",
    ),
    old(
        "group.share.max.groups",
        Kind::Short,
        "The most share groups.",
        "no effect; share groups are not there yet.",
    ),
    old(
        "eligible.leader.replicas.enable",
        Kind::Boolean,
        "Whether eligible leader replicas (KIP-966) were kept.",
        "no effect; a partition's leader always comes from its in-sync replicas.",
    ),
    old(
        "unstable.metadata.versions.enable",
        Kind::Boolean,
        "Whether unfinished metadata versions could be used.",
        "no effect; there are no unfinished versions here.",
    ),
    old(
        "super.users",
        Kind::String,
        "The principals an authorizer lets do everything.",
        "no effect yet; there is no authorizer, everyone who connects may do everything.",
    ),
    old(
        "allow.everyone.if.no.acl.found",
        Kind::Boolean,
        "What an authorizer says where no ACL applies.",
        "no effect yet; there is no authorizer, everyone who connects may do everything.",
    ),
];

macro_rules! zookeeper_keys {
    ($($name:literal: $kind:ident, $doc:literal;)*) => {
        pub(super) static ZOOKEEPER: &[Definition] =
            &[$(zookeeper($name, Kind::$kind, $doc),)*];
    };
}

zookeeper_keys! {
    "zookeeper.connect": String, "The addresses of the ensemble.";
    "zookeeper.connection.timeout.ms": Int, "How long connecting could take.";
    "zookeeper.session.timeout.ms": Int, "How long a silent session lived.";
    "zookeeper.sync.time.ms": Int, "How far a follower could be behind.";
    "zookeeper.set.acl": Boolean, "Whether nodes were protected by ACLs.";
    "zookeeper.max.in.flight.requests": Int, "Requests sent before the first was answered.";
    "zookeeper.clientCnxnSocket": String, "The class that made connections.";
    "zookeeper.metadata.migration.enable": Boolean, "Whether metadata moved to KRaft.";
    "zookeeper.metadata.migration.min.batch.size": Int, "The batches it moved in.";
    "zookeeper.ssl.client.enable": Boolean, "Whether connections used TLS.";
    "zookeeper.ssl.keystore.location": String, "The file of its TLS key.";
    "zookeeper.ssl.keystore.password": Password, "The password of that file.";
    "zookeeper.ssl.keystore.type": String, "The format of that file.";
    "zookeeper.ssl.truststore.location": String, "The file of trusted certificates.";
    "zookeeper.ssl.truststore.password": Password, "The password of that file.";
    "zookeeper.ssl.truststore.type": String, "The format of that file.";
    "zookeeper.ssl.protocol": String, "The TLS version spoken.";
    "zookeeper.ssl.enabled.protocols": List, "The TLS versions allowed.";
    "zookeeper.ssl.cipher.suites": List, "The ciphers allowed.";
    "zookeeper.ssl.endpoint.identification.algorithm": String, "How host names were checked.";
    "zookeeper.ssl.crl.enable": Boolean, "Whether revocation lists were read.";
    "zookeeper.ssl.ocsp.enable": Boolean, "Whether revocation was asked for.";
}

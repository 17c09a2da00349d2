//! Keys about the node, the cluster and its metadata.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("broker.heartbeat.interval.ms", Kind::Int, "How often a broker reports to the controller.")
        .default("2000")
        .noted("no effect yet; a cluster is one broker for now."),
    key(
        "broker.id",
        Kind::Int,
        "This broker's id, under the name from before KRaft; node.id must agree where \
         both are set.",
    )
    .default("-1")
    .high(),
    key(
        "broker.rack",
        Kind::String,
        "Where this broker stands, for placing replicas apart and for reading from a \
         near one.",
    ),
    key(
        "broker.session.timeout.ms",
        Kind::Int,
        "How long the controller waits for a broker's report before it counts as gone.",
    )
    .default("9000")
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "config.providers",
        Kind::List,
        "Names of Java classes that look up values of other settings.",
    )
    .default("")
    .rule(Rule::Members(&[], MayBeEmpty::Yes))
    .low()
    .cluster_wide()
    .noted("no effect; Ottla runs no Java classes."),
    key(
        "controlled.shutdown.enable",
        Kind::Boolean,
        "Whether a broker hands over leadership before it stops.",
    )
    .default("true")
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "controller.listener.names",
        Kind::List,
        "Names of the listeners meant for KRaft controllers. Ottla does not open them.",
    )
    .rule(Rule::Members(&[], MayBeEmpty::No))
    .high(),
    key(
        "controller.performance.always.log.threshold.ms",
        Kind::Long,
        "How slow a controller event must be to be logged always.",
    )
    .default("2000")
    .at_least(0)
    .internal()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.performance.sample.period.ms",
        Kind::Long,
        "How often the controller's performance is sampled.",
    )
    .default("60000")
    .at_least(100)
    .internal()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.append.linger.ms",
        Kind::Int,
        "How long metadata records are collected before they are written.",
    )
    .default("25")
    .at_least(0)
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.auto.join.enable",
        Kind::Boolean,
        "Whether a new controller joins the voters by itself.",
    )
    .default("false")
    .low()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.bootstrap.servers",
        Kind::List,
        "Where controllers are first looked for.",
    )
    .default("")
    .rule(Rule::Members(&[], MayBeEmpty::Yes))
    .high()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.election.backoff.max.ms",
        Kind::Int,
        "The longest wait after an election that nobody won.",
    )
    .default("1000")
    .at_least(0)
    .high()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.election.timeout.ms",
        Kind::Int,
        "How long a candidate waits for votes.",
    )
    .default("1000")
    .at_least(0)
    .high()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.fetch.max.bytes",
        Kind::Int,
        "The most metadata one fetch between controllers returns.",
    )
    .default("1048576")
    .at_least(1)
    .low()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.fetch.snapshot.max.bytes",
        Kind::Int,
        "The most of a snapshot one fetch between controllers returns.",
    )
    .default("1048576")
    .at_least(1)
    .low()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.fetch.timeout.ms",
        Kind::Int,
        "How long a voter waits to hear from the leader before it calls an election.",
    )
    .default("2000")
    .at_least(0)
    .high()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.request.timeout.ms",
        Kind::Int,
        "How long a request between controllers may take.",
    )
    .default("2000")
    .at_least(0)
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.quorum.retry.backoff.ms",
        Kind::Int,
        "How long to wait before such a request is repeated.",
    )
    .default("20")
    .at_least(0)
    .low()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key("controller.quorum.voters", Kind::List, "The controllers that vote, as id@host:port.")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .high()
        .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "controller.socket.timeout.ms",
        Kind::Int,
        "How long requests between controller and brokers may take.",
    )
    .default("30000")
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "initial.broker.registration.timeout.ms",
        Kind::Int,
        "How long a starting broker tries to register with the controller.",
    )
    .default("60000")
    .noted("no effect yet; a cluster is one broker for now."),
    key(
        "internal.metadata.delete.delay.millis",
        Kind::Long,
        "How long old metadata files stay before they are removed.",
    )
    .default("60000")
    .low()
    .internal()
    .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key(
        "internal.metadata.log.segment.bytes",
        Kind::Int,
        "The size of a metadata segment in tests.",
    )
    .low()
    .internal()
    .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key(
        "internal.metadata.max.batch.size.in.bytes",
        Kind::Int,
        "The largest batch of metadata records.",
    )
    .default("8388608")
    .low()
    .internal()
    .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key(
        "metadata.log.dir",
        Kind::String,
        "Where the metadata log lives. Nothing: the first of log.dirs.",
    )
    .high(),
    key(
        "metadata.log.max.record.bytes.between.snapshots",
        Kind::Long,
        "After how many bytes of metadata records a snapshot is made.",
    )
    .default("20971520")
    .at_least(1)
    .high()
    .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key(
        "metadata.log.max.snapshot.interval.ms",
        Kind::Long,
        "The longest time between two metadata snapshots.",
    )
    .default("3600000")
    .at_least(0)
    .high()
    .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key("metadata.log.segment.bytes", Kind::Int, "The largest size of a metadata segment.")
        .default("1073741824")
        .at_least(8388608)
        .high()
        .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key("metadata.log.segment.ms", Kind::Long, "After how long a new metadata segment is begun.")
        .default("604800000")
        .high()
        .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key(
        "metadata.max.idle.interval.ms",
        Kind::Int,
        "How often an idle controller writes a record.",
    )
    .default("500")
    .at_least(0)
    .low()
    .noted("no effect; this node is the only voter of its cluster for now."),
    key(
        "metadata.max.retention.bytes",
        Kind::Long,
        "How much of the metadata log is kept before a snapshot.",
    )
    .default("104857600")
    .high()
    .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key(
        "metadata.max.retention.ms",
        Kind::Long,
        "How long the metadata log is kept before a snapshot.",
    )
    .default("604800000")
    .high()
    .noted("no effect; the metadata log is compacted by snapshots of its own timing."),
    key("node.id", Kind::Int, "This node's id in the cluster.").default("1").at_least(0).high(),
    key("process.roles", Kind::List, "What this process does.")
        .default("broker,controller")
        .rule(Rule::Members(&["broker", "controller"], MayBeEmpty::No))
        .high()
        .noted("no effect; this process is always broker and controller in one."),
    key("server.max.startup.time.ms", Kind::Long, "The longest a start may take.")
        .default("9223372036854775807")
        .at_least(0)
        .internal()
        .noted("no effect; a start takes as long as its logs need."),
    key(
        "unstable.api.versions.enable",
        Kind::Boolean,
        "Whether unfinished API versions are offered.",
    )
    .default("false")
    .high()
    .internal()
    .noted("no effect; what is offered is finished."),
    key(
        "unstable.feature.versions.enable",
        Kind::Boolean,
        "Whether unfinished features can be switched on.",
    )
    .default("false")
    .high()
    .internal()
    .noted("no effect; what is offered is finished."),
];

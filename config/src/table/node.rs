//! Keys about the node, the cluster and its metadata.

use crate::definition::{Definition, Kind, MayBeEmpty, Rule, key};

pub(super) static KEYS: &[Definition] = &[
    key("broker.heartbeat.interval.ms", Kind::Int, "").default("2000").noted("not used yet"),
    key("broker.id", Kind::Int, "").default("-1").high(),
    key("broker.rack", Kind::String, ""),
    key("broker.session.timeout.ms", Kind::Int, "").default("9000").noted("not used yet"),
    key("config.providers", Kind::List, "")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .low()
        .cluster_wide()
        .noted("not used yet"),
    key("controlled.shutdown.enable", Kind::Boolean, "").default("true"),
    key("controller.listener.names", Kind::List, "")
        .rule(Rule::Members(&[], MayBeEmpty::No))
        .high(),
    key("controller.performance.always.log.threshold.ms", Kind::Long, "")
        .default("2000")
        .at_least(0)
        .internal()
        .noted("not used yet"),
    key("controller.performance.sample.period.ms", Kind::Long, "")
        .default("60000")
        .at_least(100)
        .internal()
        .noted("not used yet"),
    key("controller.quorum.append.linger.ms", Kind::Int, "")
        .default("25")
        .at_least(0)
        .noted("not used yet"),
    key("controller.quorum.auto.join.enable", Kind::Boolean, "")
        .default("false")
        .low()
        .noted("not used yet"),
    key("controller.quorum.bootstrap.servers", Kind::List, "")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .high()
        .noted("not used yet"),
    key("controller.quorum.election.backoff.max.ms", Kind::Int, "")
        .default("1000")
        .at_least(0)
        .high()
        .noted("not used yet"),
    key("controller.quorum.election.timeout.ms", Kind::Int, "")
        .default("1000")
        .at_least(0)
        .high()
        .noted("not used yet"),
    key("controller.quorum.fetch.max.bytes", Kind::Int, "")
        .default("1048576")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("controller.quorum.fetch.snapshot.max.bytes", Kind::Int, "")
        .default("1048576")
        .at_least(1)
        .low()
        .noted("not used yet"),
    key("controller.quorum.fetch.timeout.ms", Kind::Int, "")
        .default("2000")
        .at_least(0)
        .high()
        .noted("not used yet"),
    key("controller.quorum.request.timeout.ms", Kind::Int, "")
        .default("2000")
        .at_least(0)
        .noted("not used yet"),
    key("controller.quorum.retry.backoff.ms", Kind::Int, "")
        .default("20")
        .at_least(0)
        .low()
        .noted("not used yet"),
    key("controller.quorum.voters", Kind::List, "")
        .default("")
        .rule(Rule::Members(&[], MayBeEmpty::Yes))
        .high()
        .noted("not used yet"),
    key("controller.socket.timeout.ms", Kind::Int, "").default("30000").noted("not used yet"),
    key("initial.broker.registration.timeout.ms", Kind::Int, "")
        .default("60000")
        .noted("not used yet"),
    key("internal.metadata.delete.delay.millis", Kind::Long, "")
        .default("60000")
        .low()
        .internal()
        .noted("not used yet"),
    key("internal.metadata.log.segment.bytes", Kind::Int, "")
        .low()
        .internal()
        .noted("not used yet"),
    key("internal.metadata.max.batch.size.in.bytes", Kind::Int, "")
        .default("8388608")
        .low()
        .internal()
        .noted("not used yet"),
    key("metadata.log.dir", Kind::String, "").high(),
    key("metadata.log.max.record.bytes.between.snapshots", Kind::Long, "")
        .default("20971520")
        .at_least(1)
        .high()
        .noted("not used yet"),
    key("metadata.log.max.snapshot.interval.ms", Kind::Long, "")
        .default("3600000")
        .at_least(0)
        .high()
        .noted("not used yet"),
    key("metadata.log.segment.bytes", Kind::Int, "")
        .default("1073741824")
        .at_least(8388608)
        .high()
        .noted("not used yet"),
    key("metadata.log.segment.ms", Kind::Long, "")
        .default("604800000")
        .high()
        .noted("not used yet"),
    key("metadata.max.idle.interval.ms", Kind::Int, "")
        .default("500")
        .at_least(0)
        .low()
        .noted("not used yet"),
    key("metadata.max.retention.bytes", Kind::Long, "")
        .default("104857600")
        .high()
        .noted("not used yet"),
    key("metadata.max.retention.ms", Kind::Long, "")
        .default("604800000")
        .high()
        .noted("not used yet"),
    key("node.id", Kind::Int, "").default("1").at_least(0).high(),
    key("process.roles", Kind::List, "")
        .default("broker,controller")
        .rule(Rule::Members(&["broker", "controller"], MayBeEmpty::No))
        .high()
        .noted("not used yet"),
    key("server.max.startup.time.ms", Kind::Long, "")
        .default("9223372036854775807")
        .at_least(0)
        .internal()
        .noted("not used yet"),
    key("unstable.api.versions.enable", Kind::Boolean, "")
        .default("false")
        .high()
        .internal()
        .noted("not used yet"),
    key("unstable.feature.versions.enable", Kind::Boolean, "")
        .default("false")
        .high()
        .internal()
        .noted("not used yet"),
];

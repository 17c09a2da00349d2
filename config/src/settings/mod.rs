//! The settings in force, typed, under Kafka's names with underscores.
//!
//! A [`Settings`] never changes: a dynamic change makes a fresh one, which is swapped in whole.

mod derive;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::definition::Definition;
use crate::error::SettingError;
use crate::listener::{Listener, ProtocolMap};
use crate::table;
use crate::values::{Layer, Values};

use derive::Derived;

macro_rules! settings {
    (
        keys { $($field:ident: $type:ty = $key:literal,)* }
        derived { $($(#[$doc:meta])* $made:ident: $made_type:ty,)* }
    ) => {
        /// Every setting that Ottla acts on. Fields are named as Kafka's keys.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $(#[doc = concat!("`", $key, "`")] pub $field: $type,)*
            $($(#[$doc])* pub $made: $made_type,)*
            values: Values,
        }

        impl Settings {
            /// Types everything in `values`, and checks what must go together.
            pub(crate) fn of(values: Values) -> Result<Self, SettingError> {
                check_each(&values)?;
                let derived = Derived::of(&values)?;
                Ok(Self {
                    $($field: values.read($key)?,)*
                    $($made: derived.$made,)*
                    values,
                })
            }

            /// The keys that have a field of their own.
            #[must_use]
            pub fn typed_keys() -> &'static [&'static str] {
                &[$($key,)*]
            }
        }
    };
}

settings! {
    keys {
        auto_create_topics_enable: bool = "auto.create.topics.enable",
        broker_rack: Option<String> = "broker.rack",
        compression_gzip_level: i32 = "compression.gzip.level",
        compression_lz4_level: i32 = "compression.lz4.level",
        compression_type: String = "compression.type",
        compression_zstd_level: i32 = "compression.zstd.level",
        connections_max_idle_ms: i64 = "connections.max.idle.ms",
        controlled_shutdown_enable: bool = "controlled.shutdown.enable",
        default_replication_factor: i32 = "default.replication.factor",
        delete_topic_enable: bool = "delete.topic.enable",
        fetch_max_bytes: i32 = "fetch.max.bytes",
        group_initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms",
        group_max_session_timeout_ms: i32 = "group.max.session.timeout.ms",
        group_max_size: i32 = "group.max.size",
        group_min_session_timeout_ms: i32 = "group.min.session.timeout.ms",
        log_cleaner_delete_retention_ms: i64 = "log.cleaner.delete.retention.ms",
        log_cleanup_policy: Vec<String> = "log.cleanup.policy",
        log_dir_failure_timeout_ms: i64 = "log.dir.failure.timeout.ms",
        log_flush_interval_messages: i64 = "log.flush.interval.messages",
        log_flush_offset_checkpoint_interval_ms: i32 = "log.flush.offset.checkpoint.interval.ms",
        log_flush_scheduler_interval_ms: i64 = "log.flush.scheduler.interval.ms",
        log_flush_start_offset_checkpoint_interval_ms: i32 =
            "log.flush.start.offset.checkpoint.interval.ms",
        log_index_interval_bytes: i32 = "log.index.interval.bytes",
        log_index_size_max_bytes: i32 = "log.index.size.max.bytes",
        log_initial_task_delay_ms: i64 = "log.initial.task.delay.ms",
        log_message_timestamp_after_max_ms: i64 = "log.message.timestamp.after.max.ms",
        log_message_timestamp_before_max_ms: i64 = "log.message.timestamp.before.max.ms",
        log_message_timestamp_type: String = "log.message.timestamp.type",
        log_preallocate: bool = "log.preallocate",
        log_retention_bytes: i64 = "log.retention.bytes",
        log_retention_check_interval_ms: i64 = "log.retention.check.interval.ms",
        log_segment_bytes: i32 = "log.segment.bytes",
        log_segment_delete_delay_ms: i64 = "log.segment.delete.delay.ms",
        max_connection_creation_rate: i32 = "max.connection.creation.rate",
        max_connections: i32 = "max.connections",
        max_connections_per_ip: i32 = "max.connections.per.ip",
        max_incremental_fetch_session_cache_slots: i32 =
            "max.incremental.fetch.session.cache.slots",
        max_request_partition_size_limit: i32 = "max.request.partition.size.limit",
        message_max_bytes: i32 = "message.max.bytes",
        min_insync_replicas: i32 = "min.insync.replicas",
        num_partitions: i32 = "num.partitions",
        num_recovery_threads_per_data_dir: i32 = "num.recovery.threads.per.data.dir",
        offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes",
        offsets_commit_timeout_ms: i32 = "offsets.commit.timeout.ms",
        offsets_load_buffer_size: i32 = "offsets.load.buffer.size",
        offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms",
        offsets_retention_minutes: i32 = "offsets.retention.minutes",
        offsets_topic_compression_codec: i32 = "offsets.topic.compression.codec",
        offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions",
        offsets_topic_replication_factor: i16 = "offsets.topic.replication.factor",
        offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes",
        ottla_cluster_id: Option<String> = "ottla.cluster.id",
        ottla_cores: i32 = "ottla.cores",
        ottla_log_format: String = "ottla.log.format",
        ottla_log_level: String = "ottla.log.level",
        ottla_request_memory_bytes: i64 = "ottla.request.memory.bytes",
        producer_id_expiration_check_interval_ms: i32 =
            "producer.id.expiration.check.interval.ms",
        producer_id_expiration_ms: i32 = "producer.id.expiration.ms",
        queued_max_request_bytes: i64 = "queued.max.request.bytes",
        queued_max_requests: i32 = "queued.max.requests",
        replica_high_watermark_checkpoint_interval_ms: i64 =
            "replica.high.watermark.checkpoint.interval.ms",
        request_timeout_ms: i32 = "request.timeout.ms",
        socket_listen_backlog_size: i32 = "socket.listen.backlog.size",
        socket_receive_buffer_bytes: i32 = "socket.receive.buffer.bytes",
        socket_request_max_bytes: i32 = "socket.request.max.bytes",
        socket_send_buffer_bytes: i32 = "socket.send.buffer.bytes",
        unclean_leader_election_enable: bool = "unclean.leader.election.enable",
    }
    derived {
        /// This broker's id: `node.id`, else `broker.id`, else 1.
        node_id: i32,
        /// The data directories: `log.dirs`, else `log.dir`.
        log_dirs: Vec<PathBuf>,
        /// Where the metadata log lives: `metadata.log.dir`, else the first data directory.
        metadata_log_dir: PathBuf,
        /// What Ottla listens on; KRaft controller listeners are left out.
        listeners: Vec<Listener>,
        /// The KRaft controller listeners of the file, which Ottla does not open.
        controller_listeners: Vec<String>,
        /// What clients are told to connect to, one for each listener, with the hosts as written:
        /// an empty host stands for this machine's name, port 0 for the port that was bound.
        advertised_listeners: Vec<Listener>,
        /// `listener.security.protocol.map`
        listener_security_protocol_map: ProtocolMap,
        /// The name of the listener that brokers use among themselves.
        inter_broker_listener_name: String,
        /// How long log segments are kept: `log.retention.ms`, `.minutes` or `.hours`; -1 is for
        /// ever.
        log_retention_ms: i64,
        /// When an active segment is rolled by age: `log.roll.ms` or `log.roll.hours`.
        log_roll_ms: i64,
        /// The most that is taken off that age at random: `log.roll.jitter.ms` or `.hours`.
        log_roll_jitter_ms: i64,
        /// How long records may stay unsynced: `log.flush.interval.ms`, else
        /// `log.flush.scheduler.interval.ms`.
        log_flush_interval_ms: i64,
        /// Addresses with a connection limit of their own (`max.connections.per.ip.overrides`).
        max_connections_per_ip_overrides: BTreeMap<String, i32>,
    }
}

impl Settings {
    /// The settings in force when nobody gives any.
    #[must_use]
    pub fn defaults() -> Self {
        #[expect(clippy::expect_used, reason = "a test shows that the table's defaults fit")]
        Self::of(Values::default()).expect("the defaults are valid")
    }

    /// Fresh settings with these pairs over the defaults, as if given by `--override`.
    ///
    /// # Errors
    /// [`SettingError`] as at the start.
    pub fn with<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, SettingError> {
        let mut values = Values::default();
        for (key, text) in pairs {
            values.set(key, text, Layer::Override);
        }
        Self::of(values)
    }

    /// Fresh settings with these dynamic ones, which replace the earlier dynamic ones: `cluster`
    /// the defaults of all brokers, `broker` those of this one.
    ///
    /// # Errors
    /// [`SettingError`] when one does not fit.
    pub fn with_dynamic(
        &self,
        cluster: &BTreeMap<String, String>,
        broker: &BTreeMap<String, String>,
    ) -> Result<Self, SettingError> {
        Self::of(self.values.with_dynamic(cluster, broker))
    }

    /// What was given for each key, and where.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// The text in force for a key; `None` is Kafka's null.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.values.text(key)
    }

    /// Where the value of a key comes from.
    #[must_use]
    pub fn layer(&self, key: &str) -> Layer {
        self.values.given(key).map_or(Layer::Default, |(_, layer)| layer)
    }

    /// The bytes that requests in flight may hold together: `queued.max.request.bytes`, or
    /// `ottla.request.memory.bytes` when that is unlimited (-1).
    #[must_use]
    pub fn request_memory_bytes(&self) -> i64 {
        if self.queued_max_request_bytes > 0 {
            self.queued_max_request_bytes
        } else {
            self.ottla_request_memory_bytes.max(i64::from(self.socket_request_max_bytes))
        }
    }

    /// The replication factor of an internal topic in a cluster of `brokers`: the setting, but no
    /// more than there are brokers, so that one node is enough.
    #[must_use]
    pub fn internal_replication_factor(wanted: i16, brokers: usize) -> i16 {
        wanted.min(i16::try_from(brokers).unwrap_or(i16::MAX)).max(1)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self::defaults()
    }
}

/// Checks every given value against its definition, also of keys that Ottla does not act on.
fn check_each(values: &Values) -> Result<(), SettingError> {
    faults(values).next().map_or(Ok(()), Err)
}

/// Every value that is of the wrong type or out of range.
pub(crate) fn faults(values: &Values) -> impl Iterator<Item = SettingError> {
    values.every().filter_map(|(key, given)| {
        let (_, definition) = definition_of(key)?;
        definition.parse_as(key, given).err()
    })
}

/// The definition behind a key, which may carry a listener's prefix, and the listener's name.
#[must_use]
pub fn definition_of(key: &str) -> Option<(Option<&str>, &'static Definition)> {
    if let Some(definition) = table::broker(key) {
        return Some((None, definition));
    }
    let (listener, rest) = key.strip_prefix("listener.name.")?.split_once('.')?;
    let plain = table::broker(rest);
    // SASL keys carry the mechanism as well: listener.name.x.plain.sasl.jaas.config
    let definition = plain.or_else(|| rest.split_once('.').and_then(|(_, key)| table::broker(key)));
    definition.map(|definition| (Some(listener), definition))
}

#[cfg(test)]
#[path = "../settings_tests.rs"]
mod tests;

//! The controller: metadata records, the image they build, placement and limits.
//!
//! [`MetadataRecord`] is what is written down; [`MetadataImage::apply`] is the only code that turns
//! records into state, live and at start. What a request may do is decided against an image, and a
//! decision is a list of records.

mod alter_configs;
mod apply;
mod assignment;
mod brokers;
mod codec;
mod create_partitions;
mod create_topics;
mod decision;
mod delete_topics;
mod entry;
mod image;
mod names;
mod pipeline;
mod placement;
mod record;
mod record_codec;
mod refusal;
mod rules;
mod shared_map;
mod snapshot;
mod view;

pub use alter_configs::{
    ConfigAlteration, ConfigOperation, ResourceAlteration, alter_configs, read_incremental,
    read_replace,
};
pub use apply::{ApplyError, ImageDelta};
pub use brokers::{
    PRODUCER_ID_BLOCK, allocate_producer_ids, assign_directories, log_dirs_failed, register_broker,
};
pub use codec::{CodecError, Reader, Writer};
pub use create_partitions::create_partitions;
pub use create_topics::create_topics;
pub use decision::{Decision, MAX_PARTITIONS_PER_REQUEST, World};
pub use delete_topics::{delete_topics, deletion_disabled};
pub use entry::{
    EntryError, LogEntry, Membership, SnapshotContent, decode_entry, decode_snapshot, encode_entry,
    encode_snapshot,
};
pub use image::{
    BrokerImage, ConfigResource, MetadataImage, PartitionImage, QuotaEntity, ResourceType,
    TopicImage,
};
pub use names::{
    CLUSTER_METADATA, CONSUMER_OFFSETS, InvalidTopicName, MAX_TOPIC_NAME, SHARE_GROUP_STATE,
    TRANSACTION_STATE, is_internal_topic, validate_topic_name,
};
pub use pipeline::{Pipeline, PipelineOutput};
pub use placement::Dice;
pub use record::{
    BrokerEndpoint, BrokerRegistrationChangeRecord, ClientQuotaRecord, ConfigRecord,
    MetadataRecord, PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord,
};
pub use record_codec::{decode_records, encode_records};
pub use refusal::Refusal;
pub use rules::{ConfigRules, EffectiveConfig, TopicDefaults};

pub use view::{ALL_CLUSTER_OPERATIONS, ALL_TOPIC_OPERATIONS, OPERATIONS_OMITTED, PartitionView};

#[cfg(test)]
#[path = "replay_tests.rs"]
mod replay_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
#[path = "topics_tests.rs"]
mod topics_tests;

//! The controller: metadata records, the image they build, placement and limits.
//!
//! [`MetadataRecord`] is what is written down; [`MetadataImage::apply`] is the only code that turns
//! records into state, live and at start. What a request may do is decided against an image, and a
//! decision is a list of records.

mod apply;
mod codec;
mod image;
mod record;
mod record_codec;
mod refusal;
mod shared_map;

pub use apply::{ApplyError, ImageDelta};
pub use codec::{CodecError, Reader, Writer};
pub use image::{
    BrokerImage, ConfigResource, MetadataImage, PartitionImage, QuotaEntity, ResourceType,
    TopicImage,
};
pub use record::{
    BrokerEndpoint, BrokerRegistrationChangeRecord, ClientQuotaRecord, ConfigRecord,
    MetadataRecord, PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord,
};
pub use record_codec::{decode_records, encode_records};
pub use refusal::Refusal;

//! The records of `__consumer_offsets`, in Kafka's layouts.
//!
//! ```text
//! key    offset commit:  i16 version 0|1, group, topic, partition i32
//!        group metadata: i16 version 2, group
//! value  OffsetCommitValue  v0–v4: i16 version, offset, leader epoch (3+), metadata,
//!                                  commit timestamp, expire timestamp (1 only); 4+ is flexible
//!        GroupMetadataValue v0–v4: i16 version, protocol type, generation, protocol, leader,
//!                                  state timestamp (2+), members; 4+ is flexible
//! no value: a tombstone
//! ```
//!
//! Strings have an i16 length and bytes an i32 length before the flexible versions. Written are
//! the versions that Kafka 4.3 writes (`GroupCoordinatorRecordHelpers`): offsets in version 4, or
//! in version 1 when the request gave them a retention time of their own, and groups in version 3.

mod bytes;
mod decode;
mod encode;

use std::fmt;
use std::sync::Arc;

use ::bytes::Bytes;

use super::{GroupId, MemberId};
use crate::base::{TopicId, TopicName};

/// One record of `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRecord {
    /// An offset was committed, or (without a value) removed.
    Offset(OffsetKey, Option<CommittedOffset>),
    /// A group's generation was stored, or (without a value) the group was removed.
    Group(GroupId, Option<GroupMetadata>),
    /// A record of a kind that this coordinator does not know: the key's version.
    Unknown(i16),
}

/// What a committed offset belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OffsetKey {
    /// The group.
    pub group: GroupId,
    /// The topic.
    pub topic: TopicName,
    /// The partition.
    pub partition: i32,
}

/// One committed offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommittedOffset {
    /// The next offset to consume.
    pub offset: i64,
    /// The leader epoch of the last record consumed, -1 if not known.
    pub leader_epoch: i32,
    /// What the client wrote beside it.
    pub metadata: Arc<str>,
    /// When it was committed.
    pub commit_timestamp: i64,
    /// When it expires, if the request said so (OffsetCommit 2–4).
    pub expire_timestamp: Option<i64>,
    /// The topic's id, nil if the client named the topic only.
    pub topic_id: TopicId,
}

/// A group's generation as it is stored: what a new coordinator of the group starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadata {
    /// The kind of group, `consumer` for consumers; empty for a group that never had members.
    pub protocol_type: Arc<str>,
    /// The generation.
    pub generation: i32,
    /// The protocol the members agreed on.
    pub protocol: Option<Arc<str>>,
    /// The leader's member id.
    pub leader: Option<MemberId>,
    /// When the group came into the state it was stored in, -1 if not known.
    pub state_timestamp: i64,
    /// The members.
    pub members: Vec<MemberMetadata>,
}

/// One member of a stored generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberMetadata {
    /// The member's id.
    pub member_id: MemberId,
    /// The static member's name (KIP-345).
    pub instance_id: Option<Arc<str>>,
    /// The client's `client.id`.
    pub client_id: Arc<str>,
    /// Where the client connected from.
    pub client_host: Arc<str>,
    /// How long a rebalance waits for it.
    pub rebalance_timeout: i32,
    /// How long it may be silent.
    pub session_timeout: i32,
    /// Its metadata for the chosen protocol.
    pub subscription: Bytes,
    /// What the leader assigned to it.
    pub assignment: Bytes,
}

/// A record as bytes, ready for a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedRecord {
    /// The key.
    pub key: Bytes,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
}

impl EncodedRecord {
    /// What it adds to a batch, framing included (an upper bound).
    #[must_use]
    pub fn size(&self) -> usize {
        self.key.len() + self.value.as_ref().map_or(0, Bytes::len) + RECORD_FRAMING
    }
}

/// The most bytes a record costs beside its key and value: six varints and its attributes.
const RECORD_FRAMING: usize = 32;

/// Why a record of `__consumer_offsets` cannot be read or written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordError {
    /// It ends inside a field.
    Truncated,
    /// A length or count that cannot be.
    BadLength(i64),
    /// Text that is not UTF-8.
    NotUtf8,
    /// A version of the value that nobody writes.
    UnknownVersion(i16),
    /// Text longer than the format can hold.
    TooLong(usize),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("record of the offsets topic ends inside a field"),
            Self::BadLength(length) => write!(f, "impossible length {length}"),
            Self::NotUtf8 => f.write_str("text is not utf-8"),
            Self::UnknownVersion(version) => write!(f, "unknown value version {version}"),
            Self::TooLong(length) => write!(f, "text of {length} bytes is too long to store"),
        }
    }
}

impl std::error::Error for RecordError {}

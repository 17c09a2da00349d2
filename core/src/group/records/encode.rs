//! From what a record says to its bytes.

use bytes::Bytes;

use super::bytes::Writer;
use super::{
    CommittedOffset, EncodedRecord, GroupMetadata, GroupRecord, MemberMetadata, OffsetKey,
    RecordError,
};

const OFFSET_KEY: i16 = 1;
const GROUP_KEY: i16 = 2;
const OFFSET_VALUE: i16 = 4;
/// The last version that can hold a time of expiry.
const OFFSET_VALUE_EXPIRING: i16 = 1;
const GROUP_VALUE: i16 = 3;

impl GroupRecord {
    /// Writes the record's key and value.
    ///
    /// # Errors
    /// A text is too long for the format, or the record is of an unknown kind.
    pub fn encode(&self) -> Result<EncodedRecord, RecordError> {
        match self {
            Self::Offset(key, value) => Ok(EncodedRecord {
                key: offset_key(key)?,
                value: value.as_ref().map(offset_value).transpose()?,
            }),
            Self::Group(group, value) => {
                let mut key = Writer::new(GROUP_KEY, false);
                key.string(group)?;
                let value = value.as_ref().map(group_value).transpose()?;
                Ok(EncodedRecord { key: key.finish(), value })
            }
            Self::Unknown(version) => Err(RecordError::UnknownVersion(*version)),
        }
    }
}

fn offset_key(key: &OffsetKey) -> Result<Bytes, RecordError> {
    let mut out = Writer::new(OFFSET_KEY, false);
    out.string(&key.group)?;
    out.string(&key.topic)?;
    out.i32(key.partition);
    Ok(out.finish())
}

fn offset_value(value: &CommittedOffset) -> Result<Bytes, RecordError> {
    if let Some(expires) = value.expire_timestamp {
        let mut out = Writer::new(OFFSET_VALUE_EXPIRING, false);
        out.i64(value.offset);
        out.string(&value.metadata)?;
        out.i64(value.commit_timestamp);
        out.i64(expires);
        return Ok(out.finish());
    }
    let mut out = Writer::new(OFFSET_VALUE, true);
    out.i64(value.offset);
    out.i32(value.leader_epoch);
    out.string(&value.metadata)?;
    out.i64(value.commit_timestamp);
    if value.topic_id.is_nil() {
        out.unsigned_varint(0);
    } else {
        // one tagged field: tag 0, the topic id
        out.unsigned_varint(1);
        out.unsigned_varint(0);
        out.unsigned_varint(16);
        out.raw(value.topic_id.as_bytes());
    }
    Ok(out.finish())
}

fn group_value(value: &GroupMetadata) -> Result<Bytes, RecordError> {
    let mut out = Writer::new(GROUP_VALUE, false);
    out.string(&value.protocol_type)?;
    out.i32(value.generation);
    out.nullable_string(value.protocol.as_deref())?;
    out.nullable_string(value.leader.as_deref())?;
    out.i64(value.state_timestamp);
    out.array(value.members.len())?;
    for member in &value.members {
        member_value(&mut out, member)?;
    }
    Ok(out.finish())
}

fn member_value(out: &mut Writer, member: &MemberMetadata) -> Result<(), RecordError> {
    out.string(&member.member_id)?;
    out.nullable_string(member.instance_id.as_deref())?;
    out.string(&member.client_id)?;
    out.string(&member.client_host)?;
    out.i32(member.rebalance_timeout);
    out.i32(member.session_timeout);
    out.bytes(&member.subscription)?;
    out.bytes(&member.assignment)
}

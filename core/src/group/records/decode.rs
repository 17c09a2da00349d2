//! From the bytes of a record to what it says.

use bytes::Bytes;

use super::bytes::Reader;
use super::{CommittedOffset, GroupMetadata, GroupRecord, MemberMetadata, OffsetKey, RecordError};
use crate::base::TopicId;

impl GroupRecord {
    /// Reads a record's key and value.
    ///
    /// # Errors
    /// The bytes are not in one of Kafka's layouts.
    pub fn decode(key: &Bytes, value: Option<&Bytes>) -> Result<Self, RecordError> {
        let mut reader = Reader::new(key);
        match reader.i16()? {
            0 | 1 => {
                let group = reader.string()?;
                let topic = reader.string()?;
                let key = OffsetKey { group, topic, partition: reader.i32()? };
                Ok(Self::Offset(key, value.map(offset).transpose()?))
            }
            2 => Ok(Self::Group(reader.string()?, value.map(group).transpose()?)),
            version => Ok(Self::Unknown(version)),
        }
    }
}

fn version(reader: &mut Reader<'_>) -> Result<i16, RecordError> {
    let version = reader.i16()?;
    if !(0..=4).contains(&version) {
        return Err(RecordError::UnknownVersion(version));
    }
    reader.flexible = version >= 4;
    Ok(version)
}

fn offset(value: &Bytes) -> Result<CommittedOffset, RecordError> {
    let reader = &mut Reader::new(value);
    let version = version(reader)?;
    let offset = reader.i64()?;
    let leader_epoch = if version >= 3 { reader.i32()? } else { -1 };
    let metadata = reader.string()?;
    let commit_timestamp = reader.i64()?;
    let expire = if version == 1 { reader.i64()? } else { -1 };
    let mut topic_id = TopicId::nil();
    reader.tagged(|tag, bytes| {
        if tag == 0 {
            topic_id = TopicId::from_slice(bytes).unwrap_or_default();
        }
    })?;
    let expire_timestamp = (expire != -1).then_some(expire);
    Ok(CommittedOffset {
        offset,
        leader_epoch,
        metadata,
        commit_timestamp,
        expire_timestamp,
        topic_id,
    })
}

fn group(value: &Bytes) -> Result<GroupMetadata, RecordError> {
    let reader = &mut Reader::new(value);
    let version = version(reader)?;
    let protocol_type = reader.string()?;
    let generation = reader.i32()?;
    let protocol = reader.nullable_string()?;
    let leader = reader.nullable_string()?;
    let state_timestamp = if version >= 2 { reader.i64()? } else { -1 };
    let count = reader.array()?;
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(member(reader, version)?);
    }
    reader.tagged(|_, _| {})?;
    Ok(GroupMetadata { protocol_type, generation, protocol, leader, state_timestamp, members })
}

fn member(reader: &mut Reader<'_>, version: i16) -> Result<MemberMetadata, RecordError> {
    let member_id = reader.string()?;
    let instance_id = if version >= 3 { reader.nullable_string()? } else { None };
    let client_id = reader.string()?;
    let client_host = reader.string()?;
    let rebalance = if version >= 1 { reader.i32()? } else { -1 };
    let session_timeout = reader.i32()?;
    let subscription = reader.bytes()?;
    let assignment = reader.bytes()?;
    reader.tagged(|_, _| {})?;
    Ok(MemberMetadata {
        member_id,
        instance_id,
        client_id,
        client_host,
        // before version 1 there was one timeout for both
        rebalance_timeout: if rebalance == -1 { session_timeout } else { rebalance },
        session_timeout,
        subscription,
        assignment,
    })
}

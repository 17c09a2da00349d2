//! Metadata records as bytes, framed as KRaft frames them.
//!
//! ```text
//! frame version (varint, 1) · record's api key (varint) · record's version (varint) · the record
//! ```
//!
//! The value of one Kafka record may hold several frames: what was decided together is one entry of
//! the log and becomes visible together.

use super::codec::{CodecError, Reader, Writer};
use super::record::{
    BrokerEndpoint, BrokerRegistrationChangeRecord, ClientQuotaRecord, ConfigRecord,
    MetadataRecord, PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord,
};
use crate::base::{BrokerId, LeaderEpoch, ProducerId};
use uuid::Uuid;

const FRAME_VERSION: u32 = 1;

/// Appends the frames of `records` to one byte string.
#[must_use]
pub fn encode_records(records: &[MetadataRecord]) -> Vec<u8> {
    let mut w = Writer::default();
    for record in records {
        w.varint(FRAME_VERSION);
        encode(record, &mut w);
    }
    w.into_bytes()
}

/// Reads frames until the bytes end.
pub fn decode_records(bytes: &[u8]) -> Result<Vec<MetadataRecord>, CodecError> {
    let mut r = Reader::new(bytes);
    let mut out = Vec::new();
    while r.remaining() > 0 {
        let frame = r.varint()?;
        if frame != FRAME_VERSION {
            return Err(CodecError::UnknownFrameVersion(frame));
        }
        let api_key = r.varint()?;
        let version = r.varint()?;
        out.push(decode(api_key, version, &mut r)?);
    }
    Ok(out)
}

fn head(w: &mut Writer, api_key: u32, version: u32) {
    w.varint(api_key);
    w.varint(version);
}

fn encode(record: &MetadataRecord, w: &mut Writer) {
    match record {
        MetadataRecord::RegisterBroker(r) => encode_register_broker(r, w),
        MetadataRecord::Topic(r) => {
            head(w, 2, 0);
            w.string(&r.name);
            w.uuid(r.topic_id);
            w.no_tagged();
        }
        MetadataRecord::Partition(r) => encode_partition(r, w),
        MetadataRecord::Config(r) => {
            head(w, 4, 0);
            w.i8(r.resource_type);
            w.string(&r.resource_name);
            w.string(&r.name);
            w.nullable_string(r.value.as_deref());
            w.no_tagged();
        }
        MetadataRecord::PartitionChange(r) => encode_partition_change(r, w),
        MetadataRecord::RemoveTopic { topic_id } => {
            head(w, 9, 0);
            w.uuid(*topic_id);
            w.no_tagged();
        }
        MetadataRecord::FeatureLevel { name, level } => {
            head(w, 12, 0);
            w.string(name);
            w.i16(*level);
            w.no_tagged();
        }
        MetadataRecord::ClientQuota(r) => encode_client_quota(r, w),
        MetadataRecord::ProducerIds { broker_id, broker_epoch, next_producer_id } => {
            head(w, 15, 0);
            w.i32(broker_id.0);
            w.i64(*broker_epoch);
            w.i64(next_producer_id.0);
            w.no_tagged();
        }
        MetadataRecord::BrokerRegistrationChange(r) => encode_registration_change(r, w),
        MetadataRecord::NoOp => {
            head(w, 20, 0);
            w.no_tagged();
        }
    }
}

fn decode(api_key: u32, version: u32, r: &mut Reader<'_>) -> Result<MetadataRecord, CodecError> {
    let highest = match api_key {
        0 => 4,
        3 | 5 => 2,
        17 => 3,
        2 | 4 | 9 | 12 | 14 | 15 | 20 => 0,
        _ => return Err(CodecError::UnknownRecord(api_key)),
    };
    if version > highest {
        return Err(CodecError::UnknownVersion { api_key, version });
    }
    let record = match api_key {
        0 => decode_register_broker(version, r)?,
        3 => decode_partition(version, r)?,
        5 => decode_partition_change(r)?,
        14 => decode_client_quota(r)?,
        17 => decode_registration_change(r)?,
        _ => {
            let record = decode_flat(api_key, r)?;
            r.no_tagged()?;
            record
        }
    };
    Ok(record)
}

fn decode_flat(api_key: u32, r: &mut Reader<'_>) -> Result<MetadataRecord, CodecError> {
    Ok(match api_key {
        2 => {
            let name = r.string()?.into();
            MetadataRecord::Topic(TopicRecord { name, topic_id: r.uuid()? })
        }
        4 => MetadataRecord::Config(ConfigRecord {
            resource_type: r.i8()?,
            resource_name: r.string()?,
            name: r.string()?,
            value: r.nullable_string()?,
        }),
        9 => MetadataRecord::RemoveTopic { topic_id: r.uuid()? },
        12 => MetadataRecord::FeatureLevel { name: r.string()?, level: r.i16()? },
        15 => MetadataRecord::ProducerIds {
            broker_id: BrokerId(r.i32()?),
            broker_epoch: r.i64()?,
            next_producer_id: ProducerId(r.i64()?),
        },
        _ => MetadataRecord::NoOp,
    })
}

fn brokers(w: &mut Writer, ids: &[BrokerId]) {
    w.list(ids, |w, id| w.i32(id.0));
}

fn read_brokers(r: &mut Reader<'_>) -> Result<Vec<BrokerId>, CodecError> {
    r.list(|r| r.i32().map(BrokerId))
}

fn uuids(w: &mut Writer, ids: &[Uuid]) {
    w.list(ids, |w, id| w.uuid(*id));
}

fn field(write: impl FnOnce(&mut Writer)) -> Writer {
    let mut w = Writer::default();
    write(&mut w);
    w
}

fn encode_register_broker(r: &RegisterBrokerRecord, w: &mut Writer) {
    head(w, 0, 3);
    w.i32(r.broker_id.0);
    w.bool(false);
    w.uuid(r.incarnation_id);
    w.i64(r.broker_epoch);
    w.list(&r.endpoints, |w, e| {
        w.string(&e.name);
        w.string(&e.host);
        w.u16(e.port);
        w.i16(e.security_protocol);
        w.no_tagged();
    });
    w.list(&r.features, |w, (name, min, max)| {
        w.string(name);
        w.i16(*min);
        w.i16(*max);
        w.no_tagged();
    });
    w.nullable_string(r.rack.as_deref());
    w.bool(r.fenced);
    w.bool(r.in_controlled_shutdown);
    let mut tags = Vec::new();
    if !r.log_dirs.is_empty() {
        tags.push((0, field(|w| uuids(w, &r.log_dirs))));
    }
    w.tagged(tags);
}

fn decode_register_broker(version: u32, r: &mut Reader<'_>) -> Result<MetadataRecord, CodecError> {
    let broker_id = BrokerId(r.i32()?);
    if version >= 2 {
        r.bool()?;
    }
    let incarnation_id = r.uuid()?;
    let broker_epoch = r.i64()?;
    let endpoints = r.list(|r| {
        let endpoint = BrokerEndpoint {
            name: r.string()?,
            host: r.string()?,
            port: r.u16()?,
            security_protocol: r.i16()?,
        };
        r.no_tagged()?;
        Ok(endpoint)
    })?;
    let features = r.list(|r| {
        let feature = (r.string()?, r.i16()?, r.i16()?);
        r.no_tagged()?;
        Ok(feature)
    })?;
    let rack = r.nullable_string()?;
    let fenced = r.bool()?;
    let in_controlled_shutdown = if version >= 1 { r.bool()? } else { false };
    let mut log_dirs = Vec::new();
    r.tagged(|tag, r| {
        if tag == 0 {
            log_dirs = r.list(Reader::uuid)?;
        }
        Ok(())
    })?;
    Ok(MetadataRecord::RegisterBroker(RegisterBrokerRecord {
        broker_id,
        incarnation_id,
        broker_epoch,
        endpoints,
        features,
        rack,
        fenced,
        in_controlled_shutdown,
        log_dirs,
    }))
}

fn encode_partition(r: &PartitionRecord, w: &mut Writer) {
    head(w, 3, 1);
    w.i32(r.partition_id);
    w.uuid(r.topic_id);
    brokers(w, &r.replicas);
    brokers(w, &r.isr);
    brokers(w, &r.removing_replicas);
    brokers(w, &r.adding_replicas);
    w.i32(r.leader.0);
    w.i32(r.leader_epoch.0);
    w.i32(r.partition_epoch);
    uuids(w, &r.directories);
    let mut tags = Vec::new();
    if r.leader_recovery_state != 0 {
        tags.push((0, field(|w| w.i8(r.leader_recovery_state))));
    }
    w.tagged(tags);
}

fn decode_partition(version: u32, r: &mut Reader<'_>) -> Result<MetadataRecord, CodecError> {
    let mut record = PartitionRecord {
        partition_id: r.i32()?,
        topic_id: r.uuid()?,
        replicas: read_brokers(r)?,
        isr: read_brokers(r)?,
        removing_replicas: read_brokers(r)?,
        adding_replicas: read_brokers(r)?,
        leader: BrokerId(r.i32()?),
        leader_recovery_state: 0,
        leader_epoch: LeaderEpoch(r.i32()?),
        partition_epoch: r.i32()?,
        directories: if version >= 1 { r.list(Reader::uuid)? } else { Vec::new() },
    };
    r.tagged(|tag, r| {
        if tag == 0 {
            record.leader_recovery_state = r.i8()?;
        }
        Ok(())
    })?;
    Ok(MetadataRecord::Partition(record))
}

fn encode_partition_change(r: &PartitionChangeRecord, w: &mut Writer) {
    head(w, 5, 1);
    w.i32(r.partition_id);
    w.uuid(r.topic_id);
    let mut tags = Vec::new();
    let mut put = |tag, ids: &Option<Vec<BrokerId>>| {
        if let Some(ids) = ids {
            tags.push((tag, field(|w| brokers(w, ids))));
        }
    };
    put(0, &r.isr);
    put(2, &r.replicas);
    put(3, &r.removing_replicas);
    put(4, &r.adding_replicas);
    if let Some(leader) = r.leader {
        tags.push((1, field(|w| w.i32(leader.0))));
    }
    if let Some(state) = r.leader_recovery_state {
        tags.push((5, field(|w| w.i8(state))));
    }
    if let Some(dirs) = &r.directories {
        tags.push((8, field(|w| uuids(w, dirs))));
    }
    tags.sort_by_key(|(tag, _)| *tag);
    w.tagged(tags);
}

fn decode_partition_change(r: &mut Reader<'_>) -> Result<MetadataRecord, CodecError> {
    let partition_id = r.i32()?;
    let mut record = PartitionChangeRecord::new(r.uuid()?, partition_id);
    r.tagged(|tag, r| {
        match tag {
            0 => record.isr = r.nullable_array(|r| r.i32().map(BrokerId))?,
            1 => record.leader = Some(BrokerId(r.i32()?)).filter(|id| id.0 != -2),
            2 => record.replicas = r.nullable_array(|r| r.i32().map(BrokerId))?,
            3 => record.removing_replicas = r.nullable_array(|r| r.i32().map(BrokerId))?,
            4 => record.adding_replicas = r.nullable_array(|r| r.i32().map(BrokerId))?,
            5 => record.leader_recovery_state = Some(r.i8()?).filter(|state| *state != -1),
            8 => record.directories = r.nullable_array(Reader::uuid)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(MetadataRecord::PartitionChange(record))
}

fn encode_client_quota(r: &ClientQuotaRecord, w: &mut Writer) {
    head(w, 14, 0);
    w.list(&r.entity, |w, (kind, name)| {
        w.string(kind);
        w.nullable_string(name.as_deref());
        w.no_tagged();
    });
    w.string(&r.key);
    w.f64(r.value);
    w.bool(r.remove);
    w.no_tagged();
}

fn decode_client_quota(r: &mut Reader<'_>) -> Result<MetadataRecord, CodecError> {
    let entity = r.list(|r| {
        let pair = (r.string()?, r.nullable_string()?);
        r.no_tagged()?;
        Ok(pair)
    })?;
    let record = ClientQuotaRecord { entity, key: r.string()?, value: r.f64()?, remove: r.bool()? };
    r.no_tagged()?;
    Ok(MetadataRecord::ClientQuota(record))
}

fn encode_registration_change(r: &BrokerRegistrationChangeRecord, w: &mut Writer) {
    head(w, 17, 2);
    w.i32(r.broker_id.0);
    w.i64(r.broker_epoch);
    let mut tags = Vec::new();
    if let Some(fenced) = r.fenced {
        tags.push((0, field(|w| w.i8(if fenced { 1 } else { -1 }))));
    }
    if r.in_controlled_shutdown {
        tags.push((1, field(|w| w.i8(1))));
    }
    if let Some(dirs) = &r.log_dirs {
        tags.push((2, field(|w| uuids(w, dirs))));
    }
    w.tagged(tags);
}

fn decode_registration_change(r: &mut Reader<'_>) -> Result<MetadataRecord, CodecError> {
    let mut record = BrokerRegistrationChangeRecord {
        broker_id: BrokerId(r.i32()?),
        broker_epoch: r.i64()?,
        fenced: None,
        in_controlled_shutdown: false,
        log_dirs: None,
    };
    r.tagged(|tag, r| {
        match tag {
            0 => {
                record.fenced = match r.i8()? {
                    0 => None,
                    n => Some(n > 0),
                }
            }
            1 => record.in_controlled_shutdown = r.i8()? == 1,
            // an empty list is Kafka's default and means no change
            2 => record.log_dirs = Some(r.list(Reader::uuid)?).filter(|dirs| !dirs.is_empty()),
            _ => {}
        }
        Ok(())
    })?;
    Ok(MetadataRecord::BrokerRegistrationChange(record))
}

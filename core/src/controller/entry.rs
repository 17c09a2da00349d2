//! Entries of the metadata log as record batches in KRaft's layout.
//!
//! One entry is one batch with one record: its offset is the entry's index in the consensus log,
//! its leader epoch the entry's term. What the controller wrote is a data batch whose value holds
//! framed metadata records; a new leader and a change of voters are control batches (KIP-595,
//! KIP-853).
//! A snapshot is such batches between a header and a footer (KIP-630).

use std::fmt;

use bytes::Bytes;

use super::codec::{CodecError, Reader, Writer};
use super::record::MetadataRecord;
use super::record_codec::{decode_records, encode_records};
use crate::base::{BrokerId, LeaderEpoch, Offset};
use crate::record::{
    BatchBuilder, BatchHeader, BatchIter, Compression, RecordError, RecordIter, decompress,
    verify_crc,
};
use uuid::Uuid;

const LEADER_CHANGE: i16 = 2;
const SNAPSHOT_HEADER: i16 = 3;
const SNAPSHOT_FOOTER: i16 = 4;
const KRAFT_VOTERS: i16 = 6;

/// A record header of ours beside Kafka's voters record: the sets of voters as the consensus knows
/// them, which are two while voters change, and the nodes that only listen.
const MEMBERSHIP: &str = "ottla.membership";

/// The most bytes one entry may decompress to.
const ENTRY_LIMIT: usize = 64 << 20;

/// Metadata records of a snapshot that share a batch.
const RECORDS_PER_BATCH: usize = 1024;

/// What one entry of the metadata log says.
#[derive(Clone, Debug, PartialEq)]
pub enum LogEntry {
    /// State changes, visible together.
    Records(Vec<MetadataRecord>),
    /// A new leader has begun.
    LeaderChange {
        /// The leader.
        leader: BrokerId,
        /// Who could vote.
        voters: Vec<BrokerId>,
    },
    /// Who may vote has changed.
    Membership(Membership),
}

/// Who takes part in the consensus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Membership {
    /// The sets of voters, each of which must agree; more than one only while voters change.
    pub voters: Vec<Vec<BrokerId>>,
    /// All that get the log, voters among them.
    pub nodes: Vec<BrokerId>,
}

/// A snapshot of the metadata log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SnapshotContent {
    /// Where the membership was written, if it was.
    pub membership_at: Option<(Offset, LeaderEpoch)>,
    /// Who took part.
    pub membership: Membership,
    /// Records that build the image.
    pub records: Vec<MetadataRecord>,
}

/// Why bytes are not an entry of the metadata log.
#[derive(Debug)]
pub enum EntryError {
    /// The batch is damaged.
    Batch(RecordError),
    /// The batch has no record, or more than its kind may have.
    RecordCount(usize),
    /// A metadata record is damaged.
    Codec(CodecError),
    /// A control record of a type that does not belong here.
    UnknownControl(i16),
    /// The snapshot has no footer: it was not written to its end.
    NoFooter,
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(error) => write!(f, "damaged batch in the metadata log: {error}"),
            Self::RecordCount(n) => write!(f, "metadata batch with {n} records"),
            Self::Codec(error) => error.fmt(f),
            Self::UnknownControl(kind) => write!(f, "unexpected control record of type {kind}"),
            Self::NoFooter => f.write_str("metadata snapshot without its footer"),
        }
    }
}

impl std::error::Error for EntryError {}

impl From<RecordError> for EntryError {
    fn from(error: RecordError) -> Self {
        Self::Batch(error)
    }
}

impl From<CodecError> for EntryError {
    fn from(error: CodecError) -> Self {
        Self::Codec(error)
    }
}

/// The batch of `entry`.
#[must_use]
pub fn encode_entry(entry: &LogEntry, offset: Offset, epoch: LeaderEpoch, wall_ms: i64) -> Bytes {
    let batch = match entry {
        LogEntry::Records(records) => {
            let mut batch = BatchBuilder::new();
            batch.push(wall_ms, None, Some(&encode_records(records)), &[]);
            batch
        }
        LogEntry::LeaderChange { leader, voters } => {
            let value = leader_change(*leader, voters);
            control(LEADER_CHANGE, wall_ms, &value, &[])
        }
        LogEntry::Membership(membership) => voters_batch(membership, None, wall_ms),
    };
    batch.build(offset, epoch, Compression::None)
}

/// Reads one batch of the log.
pub fn decode_entry(batch: &[u8]) -> Result<(Offset, LeaderEpoch, LogEntry), EntryError> {
    let (header, record) = only_record(batch)?;
    let value = record.value.unwrap_or_default();
    let entry = if header.is_control() {
        match control_type(record.key.as_deref())? {
            LEADER_CHANGE => read_leader_change(&value)?,
            KRAFT_VOTERS => LogEntry::Membership(read_membership(&record.headers)?.0),
            other => return Err(EntryError::UnknownControl(other)),
        }
    } else {
        LogEntry::Records(decode_records(&value)?)
    };
    Ok((header.base_offset, header.partition_leader_epoch, entry))
}

fn only_record(batch: &[u8]) -> Result<(BatchHeader, crate::record::Record), EntryError> {
    let header = BatchHeader::parse(batch)?;
    verify_crc(batch)?;
    let section = batch.get(BatchHeader::SIZE..header.size_in_bytes()).unwrap_or_default();
    let section = decompress(header.compression()?, section, ENTRY_LIMIT)?;
    let mut records = RecordIter::new(section, header.records_count);
    let first = records.next().ok_or(EntryError::RecordCount(0))??;
    match records.next() {
        None => Ok((header, first)),
        Some(_) => Err(EntryError::RecordCount(2)),
    }
}

fn control(
    kind: i16,
    wall_ms: i64,
    value: &[u8],
    headers: &[(&str, Option<&[u8]>)],
) -> BatchBuilder {
    let mut key = Writer::default();
    key.i16(0);
    key.i16(kind);
    let mut batch = BatchBuilder::new().control();
    batch.push(wall_ms, Some(&key.into_bytes()), Some(value), headers);
    batch
}

fn control_type(key: Option<&[u8]>) -> Result<i16, EntryError> {
    let mut r = Reader::new(key.unwrap_or_default());
    r.i16()?;
    Ok(r.i16()?)
}

fn leader_change(leader: BrokerId, voters: &[BrokerId]) -> Vec<u8> {
    let voter = |w: &mut Writer, id: &BrokerId| {
        w.i32(id.0);
        w.no_tagged();
    };
    let mut w = Writer::default();
    w.i16(0);
    w.i32(leader.0);
    w.list(voters, voter);
    w.list(&[leader], voter);
    w.no_tagged();
    w.into_bytes()
}

fn read_leader_change(value: &[u8]) -> Result<LogEntry, EntryError> {
    let mut r = Reader::new(value);
    r.i16()?;
    let leader = BrokerId(r.i32()?);
    let voters = r.list(|r| {
        let id = BrokerId(r.i32()?);
        r.no_tagged()?;
        Ok(id)
    })?;
    Ok(LogEntry::LeaderChange { leader, voters })
}

fn voters_batch(
    membership: &Membership,
    at: Option<(Offset, LeaderEpoch)>,
    wall_ms: i64,
) -> BatchBuilder {
    let mut value = Writer::default();
    value.i16(0);
    let voters = membership.voters.last().map(Vec::as_slice).unwrap_or_default();
    value.list(voters, |w, id| {
        w.i32(id.0);
        w.uuid(Uuid::nil());
        w.list::<()>(&[], |_, ()| {});
        w.i16(0);
        w.i16(1);
        w.no_tagged();
        w.no_tagged();
    });
    value.no_tagged();
    let mut exact = Writer::default();
    exact.list(&membership.voters, |w, set| w.list(set, |w, id| w.i32(id.0)));
    exact.list(&membership.nodes, |w, id| w.i32(id.0));
    let (offset, epoch) = at.unwrap_or((Offset::NONE, LeaderEpoch::NONE));
    exact.i64(offset.0);
    exact.i32(epoch.0);
    let exact = exact.into_bytes();
    control(KRAFT_VOTERS, wall_ms, &value.into_bytes(), &[(MEMBERSHIP, Some(&exact))])
}

type MembershipAt = (Membership, Option<(Offset, LeaderEpoch)>);

fn read_membership(headers: &[crate::record::Header]) -> Result<MembershipAt, EntryError> {
    let header = headers.iter().find(|h| h.key.as_ref() == MEMBERSHIP.as_bytes());
    let value = header.and_then(|h| h.value.as_deref()).ok_or(CodecError::UnexpectedNull)?;
    let mut r = Reader::new(value);
    let voters = r.list(|r| r.list(|r| r.i32().map(BrokerId)))?;
    let nodes = r.list(|r| r.i32().map(BrokerId))?;
    let at = (Offset(r.i64()?), LeaderEpoch(r.i32()?));
    Ok((Membership { voters, nodes }, (at.0 != Offset::NONE).then_some(at)))
}

/// The bytes of a snapshot file whose last entry is at `last`, of `epoch`.
#[must_use]
pub fn encode_snapshot(content: &SnapshotContent, epoch: LeaderEpoch, wall_ms: i64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut offset = Offset::ZERO;
    let mut put = |batch: BatchBuilder, count: i64| {
        out.extend_from_slice(&batch.build(offset, epoch, Compression::None));
        offset = offset.plus(count);
    };
    let mut header = Writer::default();
    header.i16(0);
    header.i64(wall_ms);
    header.no_tagged();
    put(control(SNAPSHOT_HEADER, wall_ms, &header.into_bytes(), &[]), 1);
    put(voters_batch(&content.membership, content.membership_at, wall_ms), 1);
    for chunk in content.records.chunks(RECORDS_PER_BATCH) {
        let mut batch = BatchBuilder::new();
        for record in chunk {
            let value = encode_records(std::slice::from_ref(record));
            batch.push(wall_ms, None, Some(&value), &[]);
        }
        put(batch, i64::try_from(chunk.len()).unwrap_or(i64::MAX));
    }
    let mut footer = Writer::default();
    footer.i16(0);
    footer.no_tagged();
    put(control(SNAPSHOT_FOOTER, wall_ms, &footer.into_bytes(), &[]), 1);
    out
}

/// Reads a snapshot file; an error if any part of it is damaged or missing.
pub fn decode_snapshot(bytes: &[u8]) -> Result<SnapshotContent, EntryError> {
    let mut content = SnapshotContent::default();
    let mut ended = false;
    for batch in BatchIter::new(bytes) {
        let batch = batch?;
        verify_crc(batch.bytes)?;
        let codec = batch.header.compression()?;
        let section = decompress(codec, batch.payload(), ENTRY_LIMIT)?;
        for record in RecordIter::new(section, batch.header.records_count) {
            let record = record?;
            let value = record.value.as_deref().unwrap_or_default();
            if !batch.header.is_control() {
                content.records.append(&mut decode_records(value)?);
                continue;
            }
            match control_type(record.key.as_deref())? {
                KRAFT_VOTERS => {
                    (content.membership, content.membership_at) = read_membership(&record.headers)?;
                }
                SNAPSHOT_FOOTER => ended = true,
                _ => {}
            }
        }
    }
    if ended { Ok(content) } else { Err(EntryError::NoFooter) }
}

//! Dumps segments: a line for each batch, and one for each record where that is asked for.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use ottla_core::record::{BatchHeader, Record, TimestampType, verify_crc};

use super::decoder::Decoder;
use super::error::DumpError;
use super::schema::{Schema, to_json};
use super::schemas::{
    KRAFT_VERSION, KRAFT_VOTERS, LEADER_CHANGE, SNAPSHOT_FOOTER, SNAPSHOT_HEADER,
};
use super::segment::{Found, Segment};
use super::{Options, absolute, base_offset};
use crate::cli::kit::Progress;

/// Offsets that do not follow one another: the one before, and the one found.
pub(super) type Gaps = BTreeMap<i64, i64>;

/// Dumps a segment, or a snapshot of the metadata log.
pub(super) fn dump(
    path: &Path,
    options: &Options,
    gaps: &mut Vec<(String, Gaps)>,
    out: &mut dyn Write,
) -> Result<(), DumpError> {
    let decoder = options.decoder.decoder()?;
    starts(path, out)?;
    let most = u64::try_from(options.max_bytes).unwrap_or(0);
    let mut segment = Segment::open(path, most)?;
    let mut found_gaps = Gaps::new();
    let (mut position, mut last_offset) = (0, -1);
    // where the dump itself can be seen, it is progress enough
    let total = (!io::stdout().is_terminal()).then(|| segment.end());
    let mut progress = Progress::of_bytes(total);
    let outcome = loop {
        match segment.batch_at(position, u64::MAX) {
            Ok(Some(batch)) => {
                write_batch(&batch, position, out)?;
                if options.deep {
                    let fault = segment.fault(position);
                    let mut records =
                        Records { options, decoder, gaps: &mut found_gaps, last_offset };
                    if let Err(error) = records.dump(&batch, fault, out) {
                        break Err(error);
                    }
                    last_offset = records.last_offset;
                }
                position += batch.size();
                if let Some(progress) = &mut progress {
                    progress.add(batch.size());
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if !found_gaps.is_empty() {
        gaps.push((absolute(path), found_gaps));
    }
    outcome?;
    let trailing = segment.end().saturating_sub(position);
    if trailing > 0 && options.max_bytes == i32::MAX {
        let name = path.file_name().unwrap_or_default().display();
        writeln!(out, "Found {trailing} invalid bytes at the end of {name}")?;
    }
    Ok(())
}

fn starts(path: &Path, out: &mut dyn Write) -> Result<(), DumpError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(stem) = name.strip_suffix(".checkpoint") else {
        return Ok(writeln!(out, "Log starting offset: {}", base_offset(path)?)?);
    };
    if stem == "bootstrap" {
        return Ok(writeln!(out, "KRaft bootstrap snapshot")?);
    }
    let parts = stem.split_once('-').and_then(|(offset, epoch)| {
        Some((offset.parse::<i64>().ok()?, epoch.parse::<i32>().ok()?))
    });
    let (offset, epoch) = parts.ok_or_else(|| DumpError::Name(path.to_owned()))?;
    Ok(writeln!(out, "Snapshot end offset: {offset}, epoch: {epoch}")?)
}

fn write_batch(batch: &Found, position: u64, out: &mut dyn Write) -> Result<(), DumpError> {
    let header = &batch.header;
    let codec = header.compression();
    let codec = codec.map_or("unknown", |codec| codec.name());
    write!(
        out,
        "baseOffset: {} lastOffset: {} count: {} baseSequence: {} lastSequence: {} \
         producerId: {} producerEpoch: {} partitionLeaderEpoch: {} isTransactional: {} \
         isControl: {} deleteHorizonMs: {}",
        header.base_offset.0,
        header.last_offset().0,
        header.records_count,
        header.base_sequence,
        header.last_sequence(),
        header.producer_id.0,
        header.producer_epoch.0,
        header.partition_leader_epoch.0,
        header.is_transactional(),
        header.is_control(),
        optional(header.delete_horizon_ms()),
    )?;
    writeln!(
        out,
        " position: {position} {}: {} size: {} magic: {} compresscodec: {codec} crc: {} \
         isvalid: {}",
        timestamp_name(header),
        header.max_timestamp,
        batch.bytes.len(),
        header.magic,
        header.crc,
        verify_crc(&batch.bytes).is_ok(),
    )?;
    Ok(())
}

/// A number that may be missing, as Java prints it.
pub(super) fn optional(number: Option<i64>) -> String {
    number.map_or("OptionalLong.empty".to_owned(), |number| format!("OptionalLong[{number}]"))
}

fn timestamp_name(header: &BatchHeader) -> &'static str {
    match header.timestamp_type() {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    }
}

/// The timestamp of a record.
pub(super) fn timestamp_of(header: &BatchHeader, record: &Record) -> i64 {
    match header.timestamp_type() {
        TimestampType::CreateTime => header.base_timestamp.wrapping_add(record.timestamp_delta),
        TimestampType::LogAppendTime => header.max_timestamp,
    }
}

struct Records<'a> {
    options: &'a Options,
    decoder: Decoder,
    gaps: &'a mut Gaps,
    last_offset: i64,
}

impl Records<'_> {
    fn dump(
        &mut self,
        batch: &Found,
        fault: impl FnOnce(ottla_core::record::RecordError) -> DumpError,
        out: &mut dyn Write,
    ) -> Result<(), DumpError> {
        let records = match batch.records() {
            Ok(records) => records,
            Err(error) => return Err(fault(error)),
        };
        for record in records {
            let record = match record {
                Ok(record) => record,
                Err(error) => return Err(fault(error)),
            };
            let offset = batch.header.base_offset.plus(i64::from(record.offset_delta)).0;
            if offset != self.last_offset.wrapping_add(1) {
                self.gaps.insert(self.last_offset, offset);
            }
            self.last_offset = offset;
            if !self.options.skip_metadata {
                write_metadata(&batch.header, offset, &record, out)?;
            }
            if self.options.print && !batch.header.is_control() {
                self.write_contents(offset, &record, out)?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn write_contents(
        &self,
        offset: i64,
        record: &Record,
        out: &mut dyn Write,
    ) -> Result<(), DumpError> {
        let (key, payload) = self.decoder.parse(offset, record)?;
        let mut prefix = if self.options.skip_metadata { "| " } else { " " };
        if let Some(key) = key {
            write!(out, "{prefix}key: {key}")?;
            prefix = " ";
        }
        if let Some(payload) = payload {
            write!(out, "{prefix}payload: {payload}")?;
        }
        Ok(())
    }
}

fn write_metadata(
    header: &BatchHeader,
    offset: i64,
    record: &Record,
    out: &mut dyn Write,
) -> Result<(), DumpError> {
    let size = |field: &Option<bytes::Bytes>| match field {
        Some(bytes) => i64::try_from(bytes.len()).unwrap_or(i64::MAX),
        None => -1,
    };
    let sequence = BatchHeader { last_offset_delta: record.offset_delta, ..*header };
    let keys: Vec<_> =
        record.headers.iter().map(|header| String::from_utf8_lossy(&header.key)).collect();
    write!(
        out,
        "| offset: {offset} {}: {} keySize: {} valueSize: {} sequence: {} headerKeys: [{}]",
        timestamp_name(header),
        timestamp_of(header, record),
        size(&record.key),
        size(&record.value),
        sequence.last_sequence(),
        keys.join(","),
    )?;
    if header.is_control() {
        write!(out, "{}", control(record))?;
    }
    Ok(())
}

/// What a control record says.
fn control(record: &Record) -> String {
    let key = record.key.as_deref().unwrap_or_default();
    let kind = key.get(2..4).and_then(|kind| kind.first_chunk().copied());
    let kind = kind.map_or(-1, i16::from_be_bytes);
    let value = record.value.as_deref().unwrap_or_default();
    match kind {
        0 | 1 => {
            let epoch = value.get(2..).and_then(|rest| rest.first_chunk().copied());
            let epoch = epoch.map_or(-1, i32::from_be_bytes);
            let name = if kind == 0 { "ABORT" } else { "COMMIT" };
            format!(" endTxnMarker: {name} coordinatorEpoch: {epoch}")
        }
        2 => format!(" LeaderChange: {}", message(&LEADER_CHANGE, value)),
        3 => format!(" SnapshotHeader {}", message(&SNAPSHOT_HEADER, value)),
        4 => format!(" SnapshotFooter {}", message(&SNAPSHOT_FOOTER, value)),
        5 => format!(" KRaftVersion {}", message(&KRAFT_VERSION, value)),
        6 => format!(" KRaftVoters {}", message(&KRAFT_VOTERS, value)),
        other => format!(" controlType: UNKNOWN({other})"),
    }
}

/// A message that begins with its own version, which is also its first field.
fn message(schema: &Schema, value: &[u8]) -> String {
    let version = value.first_chunk().copied().map_or(0, i16::from_be_bytes);
    let version = version.clamp(0, schema.newest);
    let mut rest = value;
    to_json(schema, version, &mut rest).unwrap_or_else(|_| "(malformed)".to_owned())
}

#[cfg(test)]
#[path = "log_tests.rs"]
pub(super) mod tests;

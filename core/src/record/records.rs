//! The records inside a batch.

use bytes::{Buf, Bytes};

use super::{Batch, Compression, RecordError, decompress, raw};

/// One header of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its key; producers write UTF-8.
    pub key: Bytes,
    /// Its value, or none.
    pub value: Option<Bytes>,
}

/// One record, its bytes shared with the section it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Unused by Kafka; 0.
    pub attributes: i8,
    /// Milliseconds after the batch's base timestamp.
    pub timestamp_delta: i64,
    /// Offsets after the batch's base offset.
    pub offset_delta: i32,
    /// The key, or none.
    pub key: Option<Bytes>,
    /// The value; none is a tombstone.
    pub value: Option<Bytes>,
    /// The headers in the producer's order.
    pub headers: Vec<Header>,
}

/// Reads a decompressed record section, one record at a time. It yields exactly as many records as
/// the batch's header announces, or an error; bytes left behind the last one are an error too.
#[derive(Clone, Debug)]
pub struct RecordIter {
    section: Bytes,
    expected: i32,
    seen: i32,
    failed: bool,
}

impl RecordIter {
    /// Reads `records_count` records from `section`.
    #[must_use]
    pub fn new(section: Bytes, records_count: i32) -> Self {
        Self { section, expected: records_count, seen: 0, failed: false }
    }

    /// Reads the records of a batch, unpacked into at most `limit` bytes. `buffer` is what the
    /// batch was found in: plain records share it instead of being copied.
    pub fn of_batch(buffer: &Bytes, batch: &Batch<'_>, limit: usize) -> Result<Self, RecordError> {
        let section = match batch.header.compression()? {
            Compression::None => buffer.slice_ref(batch.payload()),
            codec => decompress(codec, batch.payload(), limit)?,
        };
        Ok(Self::new(section, batch.header.records_count))
    }

    fn step(&mut self) -> Option<Result<Record, RecordError>> {
        if self.seen >= self.expected {
            if self.section.is_empty() {
                return None;
            }
            let found = self.seen.saturating_add(1);
            return Some(Err(RecordError::RecordsCount { header: self.expected, found }));
        }
        if self.section.is_empty() {
            return Some(Err(RecordError::RecordsCount {
                header: self.expected,
                found: self.seen,
            }));
        }
        self.seen += 1;
        Some(read_record(&mut self.section))
    }
}

impl Iterator for RecordIter {
    type Item = Result<Record, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let step = self.step();
        self.failed = matches!(step, Some(Err(_)));
        step
    }
}

/// Shares the fields of the record at the front of `section`, and moves past it.
fn read_record(section: &mut Bytes) -> Result<Record, RecordError> {
    let mut rest: &[u8] = section;
    let raw = raw::take_record(&mut rest)?;
    let share = |slice: &[u8]| section.slice_ref(slice);
    let mut headers = Vec::with_capacity(raw.headers.len());
    headers.extend(
        raw.headers.map(|(key, value)| Header { key: share(key), value: value.map(share) }),
    );
    let record = Record {
        attributes: raw.attributes,
        timestamp_delta: raw.timestamp_delta,
        offset_delta: raw.offset_delta,
        key: raw.key.map(share),
        value: raw.value.map(share),
        headers,
    };
    let read = section.len() - rest.len();
    section.advance(read);
    Ok(record)
}

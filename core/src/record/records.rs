//! The records inside a batch.

use bytes::Bytes;

use super::{RecordError, varint};

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

/// Fields of a record as positions in the section, so that nothing is shared until it is wanted.
struct Reader<'a> {
    rest: &'a [u8],
    section: &'a Bytes,
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Result<Bytes, RecordError> {
        let (head, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(RecordError::RecordLength(i64::try_from(length).unwrap_or(i64::MAX)))?;
        self.rest = rest;
        Ok(self.section.slice_ref(head))
    }

    fn nullable(&mut self) -> Result<Option<Bytes>, RecordError> {
        match varint::take_i32(&mut self.rest)? {
            -1 => Ok(None),
            length => self.take(positive(length)?).map(Some),
        }
    }

    fn headers(&mut self) -> Result<Vec<Header>, RecordError> {
        let count = positive(varint::take_i32(&mut self.rest)?)?;
        // the smallest header is two bytes, so a count cannot promise more than the record holds
        if count > self.rest.len() / 2 {
            return Err(RecordError::RecordLength(i64::try_from(count).unwrap_or(i64::MAX)));
        }
        let mut headers = Vec::with_capacity(count);
        for _ in 0..count {
            let length = positive(varint::take_i32(&mut self.rest)?)?;
            let key = self.take(length)?;
            headers.push(Header { key, value: self.nullable()? });
        }
        Ok(headers)
    }
}

fn positive(length: i32) -> Result<usize, RecordError> {
    usize::try_from(length).map_err(|_| RecordError::RecordLength(i64::from(length)))
}

fn read_record(section: &mut Bytes) -> Result<Record, RecordError> {
    let mut rest: &[u8] = section;
    let before = rest.len();
    let length = positive(varint::take_i32(&mut rest)?)?;
    let prefix = before - rest.len();
    let body = rest
        .get(..length)
        .ok_or(RecordError::RecordLength(i64::try_from(length).unwrap_or(i64::MAX)))?;
    let (&attributes, body) = body.split_first().ok_or(RecordError::RecordLength(0))?;
    let mut reader = Reader { rest: body, section };
    let record = Record {
        attributes: attributes.cast_signed(),
        timestamp_delta: varint::take_i64(&mut reader.rest)?,
        offset_delta: varint::take_i32(&mut reader.rest)?,
        key: reader.nullable()?,
        value: reader.nullable()?,
        headers: reader.headers()?,
    };
    match reader.rest.len() {
        0 => {
            bytes::Buf::advance(section, prefix + length);
            Ok(record)
        }
        left => Err(RecordError::RecordTrailing(left)),
    }
}

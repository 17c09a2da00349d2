//! Reading and writing the primitive types of Kafka's schemas.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::RecordError;

/// A checked cursor over a key or a value.
pub(super) struct Reader<'a> {
    bytes: &'a Bytes,
    at: usize,
    /// Lengths are unsigned varints plus one, and structures end with tagged fields.
    pub(super) flexible: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Self {
        Self { bytes, at: 0, flexible: false }
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], RecordError> {
        let end = self.at.checked_add(length).ok_or(RecordError::Truncated)?;
        let part = self.bytes.get(self.at..end).ok_or(RecordError::Truncated)?;
        self.at = end;
        Ok(part)
    }

    pub(super) fn i16(&mut self) -> Result<i16, RecordError> {
        Ok(self.take(2)?.get_i16())
    }

    pub(super) fn i32(&mut self) -> Result<i32, RecordError> {
        Ok(self.take(4)?.get_i32())
    }

    pub(super) fn i64(&mut self) -> Result<i64, RecordError> {
        Ok(self.take(8)?.get_i64())
    }

    pub(super) fn unsigned_varint(&mut self) -> Result<u32, RecordError> {
        let mut value = 0u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.take(1)?.get_u8();
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(RecordError::BadLength(i64::from(value)))
    }

    /// A length; `None` for a null.
    fn length(&mut self, short: bool) -> Result<Option<usize>, RecordError> {
        let length = match (self.flexible, short) {
            (true, _) => i64::from(self.unsigned_varint()?) - 1,
            (false, true) => i64::from(self.i16()?),
            (false, false) => i64::from(self.i32()?),
        };
        match length {
            -1 => Ok(None),
            _ => usize::try_from(length).map(Some).map_err(|_| RecordError::BadLength(length)),
        }
    }

    pub(super) fn nullable_string(&mut self) -> Result<Option<Arc<str>>, RecordError> {
        let Some(length) = self.length(true)? else { return Ok(None) };
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| RecordError::NotUtf8)?;
        Ok(Some(Arc::from(text)))
    }

    pub(super) fn string(&mut self) -> Result<Arc<str>, RecordError> {
        self.nullable_string()?.ok_or(RecordError::BadLength(-1))
    }

    /// Copied, so that what is kept does not hold the batch it came in.
    pub(super) fn bytes(&mut self) -> Result<Bytes, RecordError> {
        let length = self.length(false)?.unwrap_or(0);
        Ok(Bytes::copy_from_slice(self.take(length)?))
    }

    /// How many elements an array has; never more than there are bytes left.
    pub(super) fn array(&mut self) -> Result<usize, RecordError> {
        let count = self.length(false)?.unwrap_or(0);
        match count <= self.bytes.len() - self.at {
            true => Ok(count),
            false => Err(RecordError::Truncated),
        }
    }

    /// The tagged fields at the end of a flexible structure.
    pub(super) fn tagged(&mut self, mut known: impl FnMut(u32, &[u8])) -> Result<(), RecordError> {
        if !self.flexible {
            return Ok(());
        }
        for _ in 0..self.unsigned_varint()? {
            let tag = self.unsigned_varint()?;
            let size = self.unsigned_varint()?;
            let size = usize::try_from(size).map_err(|_| RecordError::Truncated)?;
            known(tag, self.take(size)?);
        }
        Ok(())
    }
}

/// Writes a key or a value.
pub(super) struct Writer {
    out: BytesMut,
    flexible: bool,
}

impl Writer {
    /// Starts with the version that stands in front of every key and value.
    pub(super) fn new(version: i16, flexible: bool) -> Self {
        let mut out = BytesMut::with_capacity(64);
        out.put_i16(version);
        Self { out, flexible }
    }

    pub(super) fn i32(&mut self, value: i32) {
        self.out.put_i32(value);
    }

    pub(super) fn i64(&mut self, value: i64) {
        self.out.put_i64(value);
    }

    pub(super) fn unsigned_varint(&mut self, mut value: u32) {
        while value >= 0x80 {
            self.out.put_u8(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.out.put_u8(low_byte(value));
    }

    fn length(&mut self, length: Option<usize>, short: bool) -> Result<(), RecordError> {
        let too_long = RecordError::TooLong(length.unwrap_or(0));
        match (self.flexible, short, length) {
            (true, _, None) => self.unsigned_varint(0),
            (true, _, Some(n)) => {
                self.unsigned_varint(u32::try_from(n + 1).map_err(|_| too_long)?);
            }
            (false, true, None) => self.out.put_i16(-1),
            (false, true, Some(n)) => self.out.put_i16(i16::try_from(n).map_err(|_| too_long)?),
            (false, false, None) => self.out.put_i32(-1),
            (false, false, Some(n)) => self.out.put_i32(i32::try_from(n).map_err(|_| too_long)?),
        }
        Ok(())
    }

    pub(super) fn nullable_string(&mut self, text: Option<&str>) -> Result<(), RecordError> {
        self.length(text.map(str::len), true)?;
        self.out.put_slice(text.unwrap_or_default().as_bytes());
        Ok(())
    }

    pub(super) fn string(&mut self, text: &str) -> Result<(), RecordError> {
        self.nullable_string(Some(text))
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<(), RecordError> {
        self.length(Some(bytes.len()), false)?;
        self.out.put_slice(bytes);
        Ok(())
    }

    pub(super) fn array(&mut self, count: usize) -> Result<(), RecordError> {
        self.length(Some(count), false)
    }

    /// A tagged field that is a topic id.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.out.put_slice(bytes);
    }

    pub(super) fn finish(self) -> Bytes {
        self.out.freeze()
    }
}

fn low_byte(value: u32) -> u8 {
    let [low, ..] = (value & 0xff).to_le_bytes();
    low
}

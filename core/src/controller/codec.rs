//! Reading and writing Kafka's flexible message encoding (KIP-482), as far as metadata records
//! use it.
//!
//! ```text
//! unsigned varint   7 bits a byte, low bits first, high bit set on all but the last byte
//! compact string    unsigned varint length + 1 (0 is null), then UTF-8
//! compact array     unsigned varint count + 1 (0 is null), then the elements
//! tagged fields     unsigned varint count, then for each: tag, size, bytes
//! ```

use std::fmt;

use uuid::Uuid;

/// Why bytes are not a metadata record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// The bytes end inside a field.
    Truncated {
        /// How many more bytes the field needs.
        needed: usize,
    },
    /// A varint has more than five bytes or overflows 32 bits.
    BadVarint,
    /// A string is not UTF-8.
    BadString,
    /// A field that may not be null is null.
    UnexpectedNull,
    /// The frame around the record has a version nobody has defined.
    UnknownFrameVersion(u32),
    /// No metadata record has this number.
    UnknownRecord(u32),
    /// The record is known, this version of it is not.
    UnknownVersion {
        /// The record's number.
        api_key: u32,
        /// The version found.
        version: u32,
    },
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed } => write!(f, "metadata record ends {needed} bytes early"),
            Self::BadVarint => f.write_str("malformed varint in a metadata record"),
            Self::BadString => f.write_str("a string in a metadata record is not utf-8"),
            Self::UnexpectedNull => f.write_str("null where a metadata record needs a value"),
            Self::UnknownFrameVersion(v) => write!(f, "unknown metadata frame version {v}"),
            Self::UnknownRecord(key) => write!(f, "unknown metadata record {key}"),
            Self::UnknownVersion { api_key, version } => {
                write!(f, "unknown version {version} of metadata record {api_key}")
            }
        }
    }
}

impl std::error::Error for CodecError {}

/// Takes fields off the front of a byte slice.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// How many bytes have not been read.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.bytes.len()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], CodecError> {
        match self.bytes.split_at_checked(n) {
            Some((head, tail)) => {
                self.bytes = tail;
                Ok(head)
            }
            None => Err(CodecError::Truncated { needed: n - self.bytes.len() }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    /// One byte, signed.
    pub fn i8(&mut self) -> Result<i8, CodecError> {
        self.array().map(i8::from_be_bytes)
    }

    /// One byte, 0 or not.
    pub fn bool(&mut self) -> Result<bool, CodecError> {
        Ok(self.i8()? != 0)
    }

    /// Two bytes, signed.
    pub fn i16(&mut self) -> Result<i16, CodecError> {
        self.array().map(i16::from_be_bytes)
    }

    /// Two bytes, unsigned.
    pub fn u16(&mut self) -> Result<u16, CodecError> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes, signed.
    pub fn i32(&mut self) -> Result<i32, CodecError> {
        self.array().map(i32::from_be_bytes)
    }

    /// Eight bytes, signed.
    pub fn i64(&mut self) -> Result<i64, CodecError> {
        self.array().map(i64::from_be_bytes)
    }

    /// Eight bytes, floating.
    pub fn f64(&mut self) -> Result<f64, CodecError> {
        self.array().map(f64::from_be_bytes)
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self) -> Result<Uuid, CodecError> {
        self.array().map(Uuid::from_bytes)
    }

    /// An unsigned varint of at most 32 bits.
    pub fn varint(&mut self) -> Result<u32, CodecError> {
        let mut value: u32 = 0;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            if shift == 28 && byte > 0x0f {
                return Err(CodecError::BadVarint);
            }
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(CodecError::BadVarint)
    }

    fn compact_len(&mut self) -> Result<Option<usize>, CodecError> {
        let n = self.varint()?;
        Ok(n.checked_sub(1).map(|n| n as usize))
    }

    /// A compact string that may be null.
    pub fn nullable_string(&mut self) -> Result<Option<String>, CodecError> {
        let Some(n) = self.compact_len()? else { return Ok(None) };
        let text = std::str::from_utf8(self.take(n)?).map_err(|_| CodecError::BadString)?;
        Ok(Some(text.to_owned()))
    }

    /// A compact string.
    pub fn string(&mut self) -> Result<String, CodecError> {
        self.nullable_string()?.ok_or(CodecError::UnexpectedNull)
    }

    /// A compact array that may be null. `read` is called once for each element; memory is set
    /// aside for what has been read, never for what was promised.
    pub fn nullable_array<T>(
        &mut self,
        mut read: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Option<Vec<T>>, CodecError> {
        let Some(n) = self.compact_len()? else { return Ok(None) };
        if n > self.remaining() {
            return Err(CodecError::Truncated { needed: n - self.remaining() });
        }
        let mut out = Vec::new();
        for _ in 0..n {
            out.push(read(self)?);
        }
        Ok(Some(out))
    }

    /// A compact array.
    pub fn list<T>(
        &mut self,
        read: impl FnMut(&mut Self) -> Result<T, CodecError>,
    ) -> Result<Vec<T>, CodecError> {
        self.nullable_array(read)?.ok_or(CodecError::UnexpectedNull)
    }

    /// The tagged fields at the end of a structure; `read` gets each tag and its bytes.
    pub fn tagged(
        &mut self,
        mut read: impl FnMut(u32, &mut Reader<'_>) -> Result<(), CodecError>,
    ) -> Result<(), CodecError> {
        for _ in 0..self.varint()? {
            let tag = self.varint()?;
            let size = self.varint()? as usize;
            let mut field = Reader::new(self.take(size)?);
            read(tag, &mut field)?;
        }
        Ok(())
    }

    /// Tagged fields of which none is known: skipped.
    pub fn no_tagged(&mut self) -> Result<(), CodecError> {
        self.tagged(|_, _| Ok(()))
    }
}

/// Appends fields to a byte vector.
#[derive(Debug, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// What has been written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// One byte, signed.
    pub fn i8(&mut self, v: i8) {
        self.raw(&v.to_be_bytes());
    }

    /// One byte, 0 or 1.
    pub fn bool(&mut self, v: bool) {
        self.i8(i8::from(v));
    }

    /// Two bytes, signed.
    pub fn i16(&mut self, v: i16) {
        self.raw(&v.to_be_bytes());
    }

    /// Two bytes, unsigned.
    pub fn u16(&mut self, v: u16) {
        self.raw(&v.to_be_bytes());
    }

    /// Four bytes, signed.
    pub fn i32(&mut self, v: i32) {
        self.raw(&v.to_be_bytes());
    }

    /// Eight bytes, signed.
    pub fn i64(&mut self, v: i64) {
        self.raw(&v.to_be_bytes());
    }

    /// Eight bytes, floating.
    pub fn f64(&mut self, v: f64) {
        self.raw(&v.to_be_bytes());
    }

    /// Sixteen bytes.
    pub fn uuid(&mut self, v: Uuid) {
        self.raw(v.as_bytes());
    }

    /// An unsigned varint.
    pub fn varint(&mut self, mut v: u32) {
        while v > 0x7f {
            self.bytes.push((v & 0x7f) as u8 | 0x80);
            v >>= 7;
        }
        self.bytes.push(v as u8);
    }

    fn len(&mut self, n: usize) {
        self.varint(u32::try_from(n).unwrap_or(u32::MAX - 1).saturating_add(1));
    }

    /// A compact string.
    pub fn string(&mut self, v: &str) {
        self.len(v.len());
        self.raw(v.as_bytes());
    }

    /// A compact string that may be null.
    pub fn nullable_string(&mut self, v: Option<&str>) {
        match v {
            Some(v) => self.string(v),
            None => self.varint(0),
        }
    }

    /// A compact array; `write` is called once for each element.
    pub fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.len(items.len());
        for item in items {
            write(self, item);
        }
    }

    /// The tagged fields at the end of a structure, in ascending order of tag.
    pub fn tagged(&mut self, fields: Vec<(u32, Writer)>) {
        self.varint(u32::try_from(fields.len()).unwrap_or(0));
        for (tag, field) in fields {
            self.varint(tag);
            self.varint(u32::try_from(field.bytes.len()).unwrap_or(u32::MAX));
            self.raw(&field.bytes);
        }
    }

    /// No tagged fields.
    pub fn no_tagged(&mut self) {
        self.varint(0);
    }
}

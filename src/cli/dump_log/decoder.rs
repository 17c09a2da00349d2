//! What the keys and values of records are read as.

use std::fmt;

use ottla_core::record::Record;

use super::json;
use super::schema::{Malformed, Schema, take_version, to_json};
use super::schemas::{CONSUMERS_VALUE, GROUP_METADATA, OFFSETS, RecordKind, TRANSACTIONS};

/// A class of `org.apache.kafka.tools.api` that can be named for keys and for values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// `StringDecoder`: UTF-8.
    Text,
    /// `IntegerDecoder`: four bytes, big-endian.
    Integer,
    /// `LongDecoder`: eight bytes, big-endian.
    Long,
    /// `DefaultDecoder`: bytes, printed in hexadecimal.
    Bytes,
}

impl Class {
    /// The decoder with a class name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("org.apache.kafka.tools.api.")? {
            "StringDecoder" => Some(Self::Text),
            "IntegerDecoder" => Some(Self::Integer),
            "LongDecoder" => Some(Self::Long),
            "DefaultDecoder" => Some(Self::Bytes),
            _ => None,
        }
    }

    fn read(self, bytes: &[u8]) -> Result<String, DecodeError> {
        let needed = |bytes| DecodeError::TooShort { needed: bytes };
        match self {
            Self::Text => Ok(String::from_utf8_lossy(bytes).into_owned()),
            Self::Integer => {
                let number = bytes.first_chunk().ok_or(needed(4))?;
                Ok(i32::from_be_bytes(*number).to_string())
            }
            Self::Long => {
                let number = bytes.first_chunk().ok_or(needed(8))?;
                Ok(i64::from_be_bytes(*number).to_string())
            }
            Self::Bytes => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        }
    }
}

/// How records are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decoder {
    /// By two classes.
    Classes { key: Class, value: Class },
    /// As what `__consumer_offsets` holds.
    Offsets,
    /// As what `__transaction_state` holds.
    Transactions,
}

/// Why a record cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DecodeError {
    /// A number of fewer bytes than it takes.
    TooShort { needed: usize },
    /// A record of an internal topic without a key.
    NoKey { offset: i64 },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { needed } => write!(f, "a number takes {needed} bytes"),
            Self::NoKey { offset } => write!(
                f,
                "Failed to decode message at offset {offset} using the specified decoder \
                 (message had a missing key)"
            ),
        }
    }
}

/// The key and the payload of a record, as far as there are any.
pub(super) type Parsed = (Option<String>, Option<String>);

impl Decoder {
    /// Reads a record that lies at `offset`.
    pub(super) fn parse(self, offset: i64, record: &Record) -> Result<Parsed, DecodeError> {
        match self {
            Self::Classes { key, value } => {
                let read = |class: Class, bytes: Option<&bytes::Bytes>| {
                    bytes.map(|bytes| class.read(bytes)).transpose()
                };
                Ok((read(key, record.key.as_ref())?, read(value, record.value.as_ref())?))
            }
            Self::Offsets => coordinator(OFFSETS, offset, record),
            Self::Transactions => coordinator(TRANSACTIONS, offset, record),
        }
    }
}

fn coordinator(kinds: &[RecordKind], offset: i64, record: &Record) -> Result<Parsed, DecodeError> {
    let key = record.key.as_deref().ok_or(DecodeError::NoKey { offset })?;
    Ok(read(kinds, key, record.value.as_deref()).unwrap_or_else(|fault| {
        let text = match fault {
            Fault::Unknown(kind) => format!("Unknown record type {kind} at offset {offset}"),
            Fault::Version(version) => {
                format!("Error at offset {offset}, skipping. Unknown version {version}")
            }
            Fault::Malformed => format!("Error at offset {offset}, skipping. Malformed"),
        };
        let text = if let Fault::Unknown(_) = fault { text + ", skipping." } else { text };
        (Some(text), None)
    }))
}

enum Fault {
    Unknown(i16),
    Version(i16),
    Malformed,
}

impl From<Malformed> for Fault {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

fn read(kinds: &[RecordKind], mut key: &[u8], value: Option<&[u8]>) -> Result<Parsed, Fault> {
    let id = take_version(&mut key)?;
    let kind = kinds.iter().find(|kind| kind.id == id).ok_or(Fault::Unknown(id))?;
    let data = to_json(&kind.key, 0, &mut key)?;
    let key = with("type", id, data);
    let Some(mut value) = value else { return Ok((Some(key), Some("<DELETE>".to_owned()))) };
    let version = take_version(&mut value)?;
    if !(0..=kind.value.newest).contains(&version) {
        return Err(Fault::Version(version));
    }
    let data = to_json(schema_of(kind, version, value), version, &mut value)?;
    Ok((Some(key), Some(with("version", version, data))))
}

/// The members of a group of consumers tell more than those of other groups.
fn schema_of<'a>(kind: &'a RecordKind, version: i16, value: &[u8]) -> &'a Schema {
    let protocol: &[u8] =
        if version < kind.value.flexible { b"\0\x08consumer" } else { b"\x09consumer" };
    if kind.id == GROUP_METADATA && value.starts_with(protocol) {
        &CONSUMERS_VALUE
    } else {
        &kind.value
    }
}

fn with(name: &'static str, number: i16, data: String) -> String {
    json::object([(name, format!("\"{number}\"")), ("data", data)])
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;

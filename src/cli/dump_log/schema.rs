//! Kafka's record schemas as tables, and the JSON that its generated converters write for them.
//!
//! A field is there from one version to another, may be null from a version on, or be tagged
//! (KIP-482). What is printed keeps the order of the table; a tagged field that is not in the
//! bytes has its default and is not printed.

use std::collections::BTreeMap;

use ottla_core::storage::base64_uuid;
use uuid::Uuid;

use super::json;

/// The type of a field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    I8,
    I16,
    U16,
    I32,
    I64,
    Uuid,
    Text,
    Bytes,
    /// Bytes that hold a version and one of these; bytes again where they do not.
    Nested(&'static Schema),
    List(&'static Kind),
    Struct(&'static [Field]),
}

/// One field of a schema.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    name: &'static str,
    kind: Kind,
    first: i16,
    last: i16,
    nullable_from: i16,
    tag: Option<u32>,
}

/// A field of every version.
pub(super) const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, first: 0, last: i16::MAX, nullable_from: i16::MAX, tag: None }
}

impl Field {
    /// Only from this version on.
    pub(super) const fn since(self, first: i16) -> Self {
        Self { first, ..self }
    }

    /// Only in this version.
    pub(super) const fn only(self, version: i16) -> Self {
        Self { first: version, last: version, ..self }
    }

    /// Null is allowed wherever the field is there.
    pub(super) const fn nullable(self) -> Self {
        Self { nullable_from: self.first, ..self }
    }

    /// In the tagged section, under this number.
    pub(super) const fn tagged(self, tag: u32) -> Self {
        Self { tag: Some(tag), ..self }
    }
}

/// The layout of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schema {
    /// The newest version there is.
    pub(super) newest: i16,
    /// The first version with compact lengths and tagged fields.
    pub(super) flexible: i16,
    /// The fields.
    pub(super) fields: &'static [Field],
}

/// The bytes are not what the schema says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads a record of a version off the front of `bytes`, as JSON.
pub(super) fn to_json(
    schema: &Schema,
    version: i16,
    bytes: &mut &[u8],
) -> Result<String, Malformed> {
    let mut reader = Reader { bytes, version, flexible: version >= schema.flexible };
    let mut out = String::new();
    reader.fields(schema.fields, &mut out)?;
    Ok(out)
}

/// Takes a version in front of a record.
pub(super) fn take_version(bytes: &mut &[u8]) -> Result<i16, Malformed> {
    let (version, rest) = bytes.split_first_chunk().ok_or(Malformed)?;
    *bytes = rest;
    Ok(i16::from_be_bytes(*version))
}

struct Reader<'a, 'b> {
    bytes: &'a mut &'b [u8],
    version: i16,
    flexible: bool,
}

impl<'b> Reader<'_, 'b> {
    fn fields(&mut self, fields: &[Field], out: &mut String) -> Result<(), Malformed> {
        let version = self.version;
        let there = |field: &&Field| (field.first..=field.last).contains(&version);
        let mut plain = Vec::new();
        for field in fields.iter().filter(there).filter(|field| field.tag.is_none()) {
            let mut text = String::new();
            self.value(field.kind, version >= field.nullable_from, &mut text)?;
            plain.push(text);
        }
        let mut tagged = if self.flexible { self.tagged(fields)? } else { BTreeMap::new() };
        let mut plain = plain.into_iter();
        let values = fields.iter().filter(there).filter_map(|field| {
            let text = match field.tag {
                None => plain.next(),
                Some(tag) => tagged.remove(&tag),
            };
            Some((field.name, text?))
        });
        out.push_str(&json::object(values));
        Ok(())
    }

    fn tagged(&mut self, fields: &[Field]) -> Result<BTreeMap<u32, String>, Malformed> {
        let mut found = BTreeMap::new();
        for _ in 0..self.unsigned()? {
            let tag = self.unsigned()?;
            let size = self.unsigned()?;
            let mut section = self.take(size)?;
            let known = fields.iter().find(|field| field.tag == Some(tag));
            if let Some(field) = known {
                let mut inner = Reader { bytes: &mut section, ..*self };
                let mut text = String::new();
                inner.value(field.kind, self.version >= field.nullable_from, &mut text)?;
                found.insert(tag, text);
            }
        }
        Ok(found)
    }

    fn value(&mut self, kind: Kind, nullable: bool, out: &mut String) -> Result<(), Malformed> {
        match kind {
            Kind::I8 => out.push_str(&i8::from_be_bytes(self.array()?).to_string()),
            Kind::I16 => out.push_str(&i16::from_be_bytes(self.array()?).to_string()),
            Kind::U16 => out.push_str(&u16::from_be_bytes(self.array()?).to_string()),
            Kind::I32 => out.push_str(&i32::from_be_bytes(self.array()?).to_string()),
            Kind::I64 => out.push_str(&i64::from_be_bytes(self.array()?).to_string()),
            Kind::Uuid => {
                json::text(&base64_uuid(Uuid::from_bytes(self.array()?)), out);
            }
            Kind::Text => match self.length(LengthOf::Text)? {
                Some(length) => json::text(&String::from_utf8_lossy(self.take(length)?), out),
                None => null(nullable, out)?,
            },
            Kind::Bytes => match self.length(LengthOf::Other)? {
                Some(length) => json::bytes(self.take(length)?, out),
                None => null(nullable, out)?,
            },
            Kind::Nested(schema) => match self.length(LengthOf::Other)? {
                Some(length) => nested(schema, self.take(length)?, out),
                None => null(nullable, out)?,
            },
            Kind::List(element) => match self.length(LengthOf::Other)? {
                Some(length) => self.list(*element, length, out)?,
                None => null(nullable, out)?,
            },
            Kind::Struct(fields) => {
                // a struct that may be null has a byte in front: -1 for null
                if nullable && i8::from_be_bytes(self.array()?) < 0 {
                    out.push_str("null");
                } else {
                    self.fields(fields, out)?;
                }
            }
        }
        Ok(())
    }

    fn list(&mut self, element: Kind, length: u32, out: &mut String) -> Result<(), Malformed> {
        out.push('[');
        for at in 0..length {
            if at > 0 {
                out.push(',');
            }
            // every element takes a byte or more, so the loop ends with the bytes
            self.value(element, false, out)?;
        }
        out.push(']');
        Ok(())
    }

    fn length(&mut self, of: LengthOf) -> Result<Option<u32>, Malformed> {
        if self.flexible {
            return Ok(self.unsigned()?.checked_sub(1));
        }
        let length = match of {
            LengthOf::Text => i32::from(i16::from_be_bytes(self.array()?)),
            LengthOf::Other => i32::from_be_bytes(self.array()?),
        };
        Ok(u32::try_from(length).ok())
    }

    fn unsigned(&mut self) -> Result<u32, Malformed> {
        let mut value = 0u32;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array()?;
            value |= u32::from(byte & 0x7f).wrapping_shl(shift);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (head, rest) = self.bytes.split_first_chunk().ok_or(Malformed)?;
        *self.bytes = rest;
        Ok(*head)
    }

    fn take(&mut self, length: u32) -> Result<&'b [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        let (head, rest) = self.bytes.split_at_checked(length).ok_or(Malformed)?;
        *self.bytes = rest;
        Ok(head)
    }
}

/// Before KIP-482 strings have a shorter length than the rest.
#[derive(Clone, Copy)]
enum LengthOf {
    Text,
    Other,
}

fn null(allowed: bool, out: &mut String) -> Result<(), Malformed> {
    out.push_str("null");
    if allowed { Ok(()) } else { Err(Malformed) }
}

fn nested(schema: &Schema, bytes: &[u8], out: &mut String) {
    let mut rest = bytes;
    // a newer version is read as the newest one known: Kafka's rule for the embedded protocol
    let read = take_version(&mut rest)
        .and_then(|version| to_json(schema, version.min(schema.newest), &mut rest));
    match read {
        Ok(text) => out.push_str(&text),
        Err(Malformed) => json::bytes(bytes, out),
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;

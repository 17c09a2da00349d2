//! kcat's little languages: delimiters, format strings, and how bytes are unpacked.

use std::fmt;

/// A record that was read, as far as it is printed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) timestamp: i64,
    /// Whether the broker set the timestamp.
    pub(super) append_time: bool,
    pub(super) broker: i32,
    pub(super) key: Option<&'a [u8]>,
    pub(super) payload: Option<&'a [u8]>,
    pub(super) headers: &'a [(&'a [u8], Option<&'a [u8]>)],
}

/// Why a text of the command line cannot be used, or a message cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TextError {
    /// `%` at the end of a format.
    EmptyFormatter,
    /// A letter behind `%` that means nothing.
    Formatter(char),
    /// `\x` without a number.
    Hex(String),
    /// No letters at all.
    EmptyPack(&'static str),
    /// A letter that unpacks nothing.
    PackToken(char, &'static str),
    /// Fewer bytes than a letter takes.
    Truncated { what: &'static str, needed: usize, token: char, left: usize },
    /// Bytes where there should be none.
    NotAtEnd { what: &'static str, left: usize },
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EmptyFormatter => f.write_str("Empty formatter"),
            Self::Formatter(letter) => write!(f, "Unsupported formatter: %{letter}"),
            Self::Hex(text) => write!(f, "Delimiter {text} expects hex number"),
            Self::EmptyPack(what) => write!(f, "{what} pack-format must not be empty"),
            Self::PackToken(token, what) => {
                write!(f, "Invalid token '{token}' in {what} pack-format, see -s usage.")
            }
            Self::Truncated { what, needed, token, left } => write!(
                f,
                "{what} truncated, expected {needed} bytes to unpack {token} but only {left} bytes \
                 remaining"
            ),
            Self::NotAtEnd { what, left } => {
                write!(f, "expected {what} end-of-input, but {left} bytes remaining")
            }
        }
    }
}

/// A delimiter: `\n`, `\t` and `\xNN` stand for bytes.
pub(super) fn delimiter(text: &str) -> Result<Vec<u8>, TextError> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("\\n") {
            out.push(b'\n');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\t") {
            out.push(b'\t');
            rest = after;
        } else if let Some(after) = rest.strip_prefix("\\x") {
            let (byte, after) = number(after, 16).ok_or_else(|| TextError::Hex(rest.to_owned()))?;
            out.push(byte);
            rest = after;
        } else {
            let (head, after) = rest.split_at(first.len_utf8());
            out.extend(head.as_bytes());
            rest = after;
        }
    }
    Ok(out)
}

/// The number at the front, its lowest eight bits.
fn number(text: &str, base: u32) -> Option<(u8, &str)> {
    let digits = text.find(|c: char| !c.is_digit(base)).unwrap_or(text.len());
    let (digits, rest) = text.split_at(digits);
    let value = digits.chars().filter_map(|c| c.to_digit(base));
    let value = value.reduce(|value, digit| value.wrapping_mul(base).wrapping_add(digit))?;
    Some((u8::try_from(value & 0xff).unwrap_or(0), rest))
}

/// A part of a format.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Offset,
    Key,
    KeyLength,
    Payload,
    PayloadLength,
    PayloadLengthBinary,
    Topic,
    Partition,
    Timestamp,
    Headers,
}

/// How messages are printed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Format {
    parts: Vec<Part>,
    /// What stands for nothing, if anything does.
    null: Option<&'static str>,
    key_pack: Option<String>,
    payload_pack: Option<String>,
}

impl Format {
    /// Reads a format string.
    pub(super) fn parse(text: &str) -> Result<Self, TextError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            if !before.is_empty() {
                parts.push(Part::Text(escapes(before)));
            }
            let letter = after.chars().next().ok_or(TextError::EmptyFormatter)?;
            parts.push(match letter {
                'o' => Part::Offset,
                'k' => Part::Key,
                'K' => Part::KeyLength,
                's' => Part::Payload,
                'S' => Part::PayloadLength,
                'R' => Part::PayloadLengthBinary,
                't' => Part::Topic,
                'p' => Part::Partition,
                'T' => Part::Timestamp,
                'h' => Part::Headers,
                '%' => Part::Text(b"%".to_vec()),
                other => return Err(TextError::Formatter(other)),
            });
            rest = after.get(letter.len_utf8()..).unwrap_or_default();
        }
        if !rest.is_empty() {
            parts.push(Part::Text(escapes(rest)));
        }
        Ok(Self { parts, ..Self::default() })
    }

    /// The payload, behind the key if there is something to part them.
    pub(super) fn delimited(key: Option<&[u8]>, delimiter: &[u8]) -> Self {
        let mut parts = Vec::new();
        if let Some(key) = key {
            parts.extend([Part::Key, Part::Text(key.to_vec())]);
        }
        parts.extend([Part::Payload, Part::Text(delimiter.to_vec())]);
        Self { parts, ..Self::default() }
    }

    /// What stands for null (`-Z`), and how keys and payloads are unpacked (`-s`).
    pub(super) fn with(
        self,
        null: Option<&'static str>,
        key_pack: Option<String>,
        payload_pack: Option<String>,
    ) -> Self {
        Self { null, key_pack, payload_pack, ..self }
    }

    /// Appends a message to `out`; what was appended before an error stays.
    pub(super) fn write(&self, message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), TextError> {
        let length = |field: Option<&[u8]>| match field {
            Some(bytes) => i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            None => -1,
        };
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend(text),
                Part::Offset => out.extend(message.offset.to_string().bytes()),
                Part::Key => self.field("key", message.key, self.key_pack.as_deref(), out)?,
                Part::KeyLength => out.extend(length(message.key).to_string().bytes()),
                Part::Payload => {
                    self.field("value", message.payload, self.payload_pack.as_deref(), out)?;
                }
                Part::PayloadLength => out.extend(length(message.payload).to_string().bytes()),
                Part::PayloadLengthBinary => {
                    let length = i32::try_from(length(message.payload)).unwrap_or(i32::MAX);
                    out.extend(length.to_be_bytes());
                }
                Part::Topic => out.extend(message.topic.bytes()),
                Part::Partition => out.extend(message.partition.to_string().bytes()),
                Part::Timestamp => out.extend(message.timestamp.to_string().bytes()),
                Part::Headers => headers(message.headers, out),
            }
        }
        Ok(())
    }

    fn field(
        &self,
        what: &'static str,
        bytes: Option<&[u8]>,
        pack: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), TextError> {
        match (bytes.unwrap_or_default(), pack) {
            ([], _) => {
                out.extend(self.null.unwrap_or_default().bytes());
                Ok(())
            }
            (bytes, Some(pack)) => unpack(what, pack, bytes, out),
            (bytes, None) => {
                out.extend(bytes);
                Ok(())
            }
        }
    }
}

/// The escapes of a format: `\n`, `\r`, `\t`, `\xNN`, `\NNN`; another character stands for itself.
fn escapes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        let Some(escaped) = after.chars().next().filter(|_| first == '\\') else {
            out.extend(first.encode_utf8(&mut [0; 4]).bytes());
            rest = after;
            continue;
        };
        let behind = after.get(escaped.len_utf8()..).unwrap_or_default();
        let begins_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        rest = behind;
        match escaped {
            't' => out.push(b'\t'),
            'n' => out.push(b'\n'),
            'r' => out.push(b'\r'),
            'x' if begins_number(behind) => {
                let (byte, left) = number(behind, 16).unwrap_or_default();
                out.push(byte);
                rest = left;
            }
            // as C reads numbers: octal behind a zero
            '0'..='9' => {
                let base = if escaped == '0' { 8 } else { 10 };
                let (byte, left) = number(after, base).unwrap_or_default();
                out.push(byte);
                rest = left;
            }
            other => out.extend(other.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    out
}

fn headers(headers: &[(&[u8], Option<&[u8]>)], out: &mut Vec<u8>) {
    for (at, (name, value)) in headers.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend(*name);
        out.push(b'=');
        out.extend(value.unwrap_or(b"NULL"));
    }
}

/// Checks the letters that unpack a field.
pub(super) fn check_pack(what: &'static str, pack: &str) -> Result<(), TextError> {
    if pack.is_empty() {
        return Err(TextError::EmptyPack(what));
    }
    match pack.chars().find(|c| !" <>bBhHiIqQcs$".contains(*c)) {
        Some(token) => Err(TextError::PackToken(token, what)),
        None => Ok(()),
    }
}

fn unpack(
    what: &'static str,
    pack: &str,
    mut bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), TextError> {
    let mut little = false;
    for token in pack.chars() {
        let size = match token {
            'b' | 'B' | 'c' => 1,
            'h' | 'H' => 2,
            'i' | 'I' => 4,
            'q' | 'Q' => 8,
            _ => 0,
        };
        let Some((field, rest)) = bytes.split_at_checked(size) else {
            return Err(TextError::Truncated { what, needed: size, token, left: bytes.len() });
        };
        bytes = rest;
        let bits = field.iter().enumerate().fold(0_u64, |bits, (at, byte)| {
            let shift = if little { at } else { size - 1 - at };
            bits | u64::from(*byte) << (8 * shift)
        });
        let signed = || {
            let unused = 64 - 8 * u32::try_from(size).unwrap_or(8);
            bits.wrapping_shl(unused).cast_signed().wrapping_shr(unused)
        };
        match token {
            '<' => little = true,
            '>' => little = false,
            'b' | 'h' | 'i' | 'q' => out.extend(signed().to_string().bytes()),
            'B' | 'H' | 'I' | 'Q' => out.extend(bits.to_string().bytes()),
            'c' => out.extend(field),
            's' => out.extend(std::mem::take(&mut bytes)),
            '$' if !bytes.is_empty() => {
                return Err(TextError::NotAtEnd { what, left: bytes.len() });
            }
            '$' => {}
            _ => out.push(b' '),
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "text_tests.rs"]
mod tests;

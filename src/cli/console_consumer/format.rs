//! Kafka's message formatters.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::io::Write;

use ottla_actors::client::ConsumerRecord;
use ottla_core::record::TimestampType;

use super::coordinator::Coordinator;
use super::deserialize::Deserializer;

/// Where Kafka's formatters live, and where they lived in former releases.
const PACKAGES: [&str; 3] = [
    "org.apache.kafka.tools.consumer.",
    "kafka.tools.",
    "kafka.coordinator.group.GroupMetadataManager$",
];

/// The deserializer that does nothing.
const BYTES_AS_THEY_ARE: &str = "org.apache.kafka.common.serialization.ByteArrayDeserializer";

/// Why a record has no text: it is not what the formatter expects.
#[derive(Debug)]
pub(super) struct FormatError(pub(super) String);

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What makes a line of a record.
#[derive(Clone, Debug)]
pub(super) enum Formatter {
    /// `DefaultMessageFormatter`.
    Plain(Box<Plain>),
    /// `LoggingMessageFormatter`: the same, and a line of log besides.
    Logging(Box<Plain>),
    /// `NoOpMessageFormatter`.
    Nothing,
    /// `OffsetsMessageFormatter` and `GroupMetadataMessageFormatter`.
    Coordinator(Coordinator),
}

impl Formatter {
    /// The formatter of this class, if it is known.
    pub(super) fn of_class(name: &str, properties: &BTreeMap<String, String>) -> Option<Self> {
        let class = PACKAGES.iter().find_map(|package| name.strip_prefix(package))?;
        match class {
            "DefaultMessageFormatter" => Some(Self::Plain(Box::new(Plain::new(properties)))),
            "LoggingMessageFormatter" => Some(Self::Logging(Box::new(Plain::new(properties)))),
            "NoOpMessageFormatter" => Some(Self::Nothing),
            "OffsetsMessageFormatter" => Some(Self::Coordinator(Coordinator::Offsets)),
            "GroupMetadataMessageFormatter" => Some(Self::Coordinator(Coordinator::Groups)),
            _ => None,
        }
    }

    /// Adds the text of a record.
    ///
    /// # Errors
    /// The record is not what the formatter expects; what was written before that stays.
    pub(super) fn write(
        &self,
        record: &ConsumerRecord,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        match self {
            Self::Plain(plain) => plain.write(record, out),
            Self::Logging(plain) => {
                plain.write(record, out)?;
                eprintln!("{}", logged(record));
                Ok(())
            }
            Self::Nothing => Ok(()),
            Self::Coordinator(coordinator) => coordinator.write(record, out),
        }
    }
}

fn timestamp(record: &ConsumerRecord) -> String {
    let kind = match record.timestamp_type {
        TimestampType::CreateTime => "CreateTime",
        TimestampType::LogAppendTime => "LogAppendTime",
    };
    format!("{kind}:{}", record.timestamp)
}

fn logged(record: &ConsumerRecord) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let key = record.key.as_deref().map_or("null ".to_owned(), |key| text(key) + ", ");
    let value = record.value.as_deref().map_or("null".to_owned(), text);
    format!("{}, key:{key}value:{value}", timestamp(record))
}

/// What `DefaultMessageFormatter` prints.
#[derive(Clone, Debug)]
pub(super) struct Plain {
    /// In Kafka's order.
    fields: Vec<Field>,
    key_separator: Vec<u8>,
    line_separator: Vec<u8>,
    headers_separator: Vec<u8>,
    null_literal: Vec<u8>,
    key_deserializer: Option<Deserializer>,
    value_deserializer: Option<Deserializer>,
    headers_deserializer: Option<Deserializer>,
}

impl Plain {
    fn new(properties: &BTreeMap<String, String>) -> Self {
        let flag = |name: &str, default: bool| {
            properties.get(name).map_or(default, |text| text.trim().eq_ignore_ascii_case("true"))
        };
        let bytes = |name: &str, default: &str| {
            properties.get(name).map_or(default, String::as_str).as_bytes().to_vec()
        };
        let deserializer = |name: &str| {
            // Java would print an array's type and address, which says nothing
            let class = properties.get(name).filter(|class| *class != BYTES_AS_THEY_ARE)?;
            let known = Deserializer::of_class(class);
            if known.is_none() {
                eprintln!("ERROR Unable to instantiate a deserializer from {class}");
            }
            known
        };
        let wanted = |(name, default, field)| flag(name, default).then_some(field);
        let fields = [
            ("print.timestamp", false, Field::Timestamp),
            ("print.partition", false, Field::Partition),
            ("print.offset", false, Field::Offset),
            ("print.delivery", false, Field::Delivery),
            ("print.epoch", false, Field::Epoch),
            ("print.headers", false, Field::Headers),
            ("print.key", false, Field::Key),
            ("print.value", true, Field::Value),
        ];
        Self {
            fields: fields.into_iter().filter_map(wanted).collect(),
            key_separator: bytes("key.separator", "\t"),
            line_separator: bytes("line.separator", "\n"),
            headers_separator: bytes("headers.separator", ","),
            null_literal: bytes("null.literal", "null"),
            key_deserializer: deserializer("key.deserializer"),
            value_deserializer: deserializer("value.deserializer"),
            headers_deserializer: deserializer("headers.deserializer"),
        }
    }

    fn write(&self, record: &ConsumerRecord, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let mut separator: &[u8] = &[];
        for field in &self.fields {
            out.extend_from_slice(separator);
            separator = &self.key_separator;
            match field {
                Field::Timestamp => put(out, timestamp(record)),
                Field::Partition => put(out, format_args!("Partition:{}", record.partition)),
                Field::Offset => put(out, format_args!("Offset:{}", record.offset)),
                // the tool hands neither on to its formatter
                Field::Delivery => out.extend_from_slice(b"Delivery:NOT_PRESENT"),
                Field::Epoch => out.extend_from_slice(b"Epoch:NOT_PRESENT"),
                Field::Headers => self.headers(record, out)?,
                Field::Key => self.bytes(record.key.as_deref(), self.key_deserializer, out)?,
                Field::Value => {
                    self.bytes(record.value.as_deref(), self.value_deserializer, out)?
                }
            }
        }
        if !self.fields.is_empty() {
            out.extend_from_slice(&self.line_separator);
        }
        Ok(())
    }

    fn headers(&self, record: &ConsumerRecord, out: &mut Vec<u8>) -> Result<(), FormatError> {
        if record.headers.is_empty() {
            out.extend_from_slice(b"NO_HEADERS");
        }
        for (index, header) in record.headers.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(&self.headers_separator);
            }
            out.extend_from_slice(String::from_utf8_lossy(&header.key).as_bytes());
            out.push(b':');
            self.bytes(header.value.as_deref(), self.headers_deserializer, out)?;
        }
        Ok(())
    }

    fn bytes(
        &self,
        bytes: Option<&[u8]>,
        deserializer: Option<Deserializer>,
        out: &mut Vec<u8>,
    ) -> Result<(), FormatError> {
        // Kafka's tool deserializes the null literal too
        let bytes = bytes.unwrap_or(&self.null_literal);
        match deserializer {
            None => out.extend_from_slice(bytes),
            Some(deserializer) => {
                let text = deserializer.text(bytes).map_err(FormatError)?;
                out.extend_from_slice(text.as_bytes());
            }
        }
        Ok(())
    }
}

fn put(out: &mut Vec<u8>, text: impl Display) {
    // memory takes everything
    _ = write!(out, "{text}");
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Timestamp,
    Partition,
    Offset,
    Delivery,
    Epoch,
    Headers,
    Key,
    Value,
}

#[cfg(test)]
#[path = "format_tests.rs"]
mod tests;

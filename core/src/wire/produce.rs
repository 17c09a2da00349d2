//! The hot produce request, read where it lies: one batch for one partition.
//!
//! Nothing is allocated: the records are a part of the frame, and the topic is a few of its bytes.
//! A request that is anything else, or that does not parse, is left to the general codec, which
//! then says what is wrong with it.

use bytes::{BufMut, Bytes};
use uuid::Uuid;

/// From this version on lengths are varints and structures end with tagged fields.
const FLEXIBLE: i16 = 9;
/// From this version on topics are named by id.
const TOPIC_IDS: i16 = 13;
/// From this version on the answer holds the log's start.
const LOG_START: i16 = 5;
/// From this version on the answer holds records at fault and a message.
const RECORD_ERRORS: i16 = 8;

/// How a request names its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProducedTopic {
    /// By its name, in UTF-8.
    Name(Bytes),
    /// By its id.
    Id(Uuid),
}

/// A produce request with records for one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleProduce {
    /// 0, 1 or -1 for all in-sync replicas.
    pub acks: i16,
    /// How long acks=all may wait.
    pub timeout_ms: i32,
    /// The topic.
    pub topic: ProducedTopic,
    /// The partition of it.
    pub partition: i32,
    /// The records.
    pub records: Bytes,
}

impl ProducedTopic {
    /// The topic's name, if that is how it is named.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => std::str::from_utf8(name).ok(),
            Self::Id(_) => None,
        }
    }
}

/// Reads the body of a produce request that is for one partition; none if it is not, or not well
/// formed.
#[must_use]
pub fn decode_single(body: &Bytes, version: i16) -> Option<SingleProduce> {
    if !(3..=TOPIC_IDS).contains(&version) {
        return None;
    }
    let mut reader = Reader { bytes: body, flexible: version >= FLEXIBLE };
    reader.transactional_id()?;
    let acks = i16::from_be_bytes(reader.fixed()?);
    let timeout_ms = i32::from_be_bytes(reader.fixed()?);
    reader.one()?;
    let topic = if version >= TOPIC_IDS {
        ProducedTopic::Id(Uuid::from_bytes(reader.fixed()?))
    } else {
        let name = reader.string()?;
        std::str::from_utf8(name).ok()?;
        ProducedTopic::Name(body.slice_ref(name))
    };
    reader.one()?;
    let partition = i32::from_be_bytes(reader.fixed()?);
    let length = reader.length()?;
    let records = body.slice_ref(reader.take(length)?);
    // of the partition, the topic and the request
    for _ in 0..3 {
        reader.no_tags()?;
    }
    Some(SingleProduce { acks, timeout_ms, topic, partition, records })
}

struct Reader<'a> {
    bytes: &'a [u8],
    flexible: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(head)
    }

    fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.bytes.split_first_chunk::<N>()?;
        self.bytes = rest;
        Some(*head)
    }

    /// A length or count that is not null.
    fn length(&mut self) -> Option<usize> {
        if !self.flexible {
            return usize::try_from(i32::from_be_bytes(self.fixed()?)).ok();
        }
        let mut value = 0usize;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.fixed()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // more than 32 bits are left to the general codec
                return u32::try_from(value).ok().and(value.checked_sub(1));
            }
        }
        None
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = if self.flexible {
            self.length()?
        } else {
            usize::try_from(i16::from_be_bytes(self.fixed()?)).ok()?
        };
        self.take(length)
    }

    /// A transaction is rare; whether it may write is not for this codec to say.
    fn transactional_id(&mut self) -> Option<()> {
        let is_null =
            if self.flexible { self.fixed()? == [0] } else { self.fixed()? == [0xff, 0xff] };
        is_null.then_some(())
    }

    /// An array of one.
    fn one(&mut self) -> Option<()> {
        (self.length()? == 1).then_some(())
    }

    fn no_tags(&mut self) -> Option<()> {
        if !self.flexible {
            return Some(());
        }
        (self.fixed()? == [0]).then_some(())
    }
}

/// What an append to one partition came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SingleProduced {
    /// The partition.
    pub partition: i32,
    /// Offset of the first record.
    pub base_offset: i64,
    /// The broker's time, or -1.
    pub log_append_time: i64,
    /// First offset of the log.
    pub log_start: i64,
}

/// Writes the whole response to a [`SingleProduce`] that was appended: length, header, body.
#[must_use]
pub fn encode_single(
    correlation_id: i32,
    version: i16,
    topic: &ProducedTopic,
    produced: &SingleProduced,
) -> Bytes {
    let flexible = version >= FLEXIBLE;
    let mut out = Vec::with_capacity(answer_size(version, topic));
    out.put_i32(0);
    out.put_i32(correlation_id);
    if flexible {
        out.put_u8(0);
    }
    put_one(&mut out, flexible);
    put_topic(&mut out, flexible, topic);
    put_one(&mut out, flexible);
    out.put_i32(produced.partition);
    out.put_i16(0);
    out.put_i64(produced.base_offset);
    out.put_i64(produced.log_append_time);
    if version >= LOG_START {
        out.put_i64(produced.log_start);
    }
    if flexible {
        // no records at fault, no message; tagged fields of the partition and the topic
        out.put_slice(&[1, 0, 0, 0]);
    } else if version >= RECORD_ERRORS {
        out.put_i32(0);
        out.put_i16(-1);
    }
    // throttle time
    out.put_i32(0);
    if flexible {
        out.put_u8(0);
    }
    let length = i32::try_from(out.len() - 4).unwrap_or(i32::MAX);
    if let Some(place) = out.first_chunk_mut::<4>() {
        *place = length.to_be_bytes();
    }
    out.into()
}

/// Bytes of the answer: exactly as many, so that they become [`Bytes`] as they are.
fn answer_size(version: i16, topic: &ProducedTopic) -> usize {
    let flexible = version >= FLEXIBLE;
    let topic = match topic {
        ProducedTopic::Id(_) => 16,
        ProducedTopic::Name(name) if flexible => {
            let bits = usize::BITS - (name.len() + 1).leading_zeros();
            name.len() + bits.div_ceil(7) as usize
        }
        ProducedTopic::Name(name) => name.len() + 2,
    };
    let counts = if flexible { 2 } else { 8 };
    let log_start = if version >= LOG_START { 8 } else { 0 };
    let rest = match version {
        FLEXIBLE.. => 1 + 4 + 1,
        RECORD_ERRORS.. => 6,
        _ => 0,
    };
    // length, correlation id, partition, error code, offset, append time, throttle time
    8 + 22 + 4 + counts + topic + log_start + rest
}

fn put_one(out: &mut Vec<u8>, flexible: bool) {
    if flexible { out.put_u8(2) } else { out.put_i32(1) }
}

fn put_topic(out: &mut Vec<u8>, flexible: bool, topic: &ProducedTopic) {
    match topic {
        ProducedTopic::Id(id) => out.put_slice(id.as_bytes()),
        ProducedTopic::Name(name) => {
            // it came with a length of this kind, and fits into one again
            if flexible {
                let mut length = name.len() + 1;
                while length >= 0x80 {
                    out.put_u8(u8::try_from(length & 0x7f).unwrap_or(0) | 0x80);
                    length >>= 7;
                }
                out.put_u8(u8::try_from(length).unwrap_or(0));
            } else {
                out.put_i16(i16::try_from(name.len()).unwrap_or(i16::MAX));
            }
            out.put_slice(name);
        }
    }
}

#[cfg(test)]
#[path = "produce_tests.rs"]
mod tests;

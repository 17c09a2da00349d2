//! What the bare server knows of Kafka's protocol: one version of each request that the bench
//! actors send.

use std::fmt;
use std::io::{self, IoSlice};

use bytes::BufMut;

use super::topics::{Topics, UNKNOWN_PARTITION};
use crate::wire::{Api, EARLIEST, Fields, LATEST, Short, close_frame, put_length, put_string};

/// The largest request that is taken.
pub(super) const LARGEST: usize = 16 << 20;
/// Bytes of answers to what has come at once.
const ANSWERS: usize = 8 << 20;

/// A request by its key and version.
type Spoken = (i16, i16);
const PRODUCE: Spoken = (Api::PRODUCE.key, 7);
const LIST_OFFSETS: Spoken = (Api::LIST_OFFSETS.key, 2);
const METADATA: Spoken = (Api::METADATA.key, 4);
const API_VERSIONS: Spoken = (Api::API_VERSIONS.key, 0);
const CREATE_TOPICS: Spoken = (Api::CREATE_TOPICS.key, 4);
const DELETE_TOPICS: Spoken = (Api::DELETE_TOPICS.key, 1);
const ALL: [Spoken; 6] =
    [PRODUCE, LIST_OFFSETS, METADATA, API_VERSIONS, CREATE_TOPICS, DELETE_TOPICS];

const UNSUPPORTED_VERSION: i16 = 35;
const UNSUPPORTED_TIMESTAMP: i16 = 43;
/// The only node.
const NODE: i32 = 1;

/// Why a connection is closed.
#[derive(Debug)]
pub(super) enum Refused {
    Malformed,
    TooLarge,
    Unknown(i16, i16),
    System(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("a malformed request"),
            Self::TooLarge => write!(f, "a request above {LARGEST} bytes, or too much to answer"),
            Self::Unknown(key, version) => {
                write!(f, "a request with key {key}, version {version}, which it does not know")
            }
            Self::System(error) => write!(f, "the system: {error}"),
        }
    }
}

impl From<Short> for Refused {
    fn from(Short: Short) -> Self {
        Self::Malformed
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// The bytes of the first request with its length in front, once those four are there.
pub(super) fn frame_size(received: &[u8]) -> Result<Option<usize>, Refused> {
    let Some(length) = received.first_chunk() else { return Ok(None) };
    let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| Refused::Malformed)?;
    if length > LARGEST { Err(Refused::TooLarge) } else { Ok(Some(4 + length)) }
}

/// Batches one behind the other of one partition, to be appended with one call.
#[derive(Debug, Default)]
struct Batches<'a> {
    partition: (&'a str, i32),
    slices: Vec<IoSlice<'a>>,
}

impl<'a> Batches<'a> {
    fn push(&mut self, to: (&'a str, i32), batch: &'a [u8], topics: &mut Topics) -> io::Result<()> {
        if self.partition != to {
            self.append(topics)?;
            self.partition = to;
        }
        self.slices.push(IoSlice::new(batch));
        Ok(())
    }

    fn append(&mut self, topics: &mut Topics) -> io::Result<()> {
        let (topic, partition) = self.partition;
        if !self.slices.is_empty()
            && let Some(partition) = topics.get(topic, partition)
        {
            partition.append(&self.slices)?;
        }
        self.slices.clear();
        Ok(())
    }
}

/// Deals with the whole requests that have come; the answers go to `out`. Returns their bytes.
pub(super) fn answer(
    received: &[u8],
    topics: &mut Topics,
    port: u16,
    out: &mut Vec<u8>,
) -> Result<usize, Refused> {
    let (mut rest, mut batches) = (received, Batches::default());
    while let Some(size) = frame_size(rest)? {
        let Some((frame, behind)) = rest.split_at_checked(size) else { break };
        let begin = out.len();
        let mut request = Fields::new(frame);
        request.i32()?;
        let (key, version, correlation) = (request.i16()?, request.i16()?, request.i32()?);
        request.string()?;
        out.put_i32(0);
        out.put_i32(correlation);
        let wanted = if (key, version) == PRODUCE {
            produce(&mut request, topics, &mut batches, out)?
        } else {
            // which may delete what has not been appended
            batches.append(topics)?;
            rare((key, version), &mut request, topics, port, out)?;
            true
        };
        match out.get_mut(begin..) {
            Some(answer) if wanted => close_frame(answer, 0),
            _ => out.truncate(begin),
        }
        if out.len() > ANSWERS {
            return Err(Refused::TooLarge);
        }
        rest = behind;
    }
    batches.append(topics)?;
    Ok(received.len() - rest.len())
}

/// Whether an answer is wanted.
fn produce<'a>(
    request: &mut Fields<'a>,
    topics: &mut Topics,
    batches: &mut Batches<'a>,
    out: &mut Vec<u8>,
) -> Result<bool, Refused> {
    request.string()?;
    let acks = request.i16()?;
    request.i32()?;
    let count = request.length()?;
    put_length(out, count);
    for _ in 0..count {
        let topic = request.string()?;
        put_string(out, topic);
        let count = request.length()?;
        put_length(out, count);
        for _ in 0..count {
            let index = request.i32()?;
            let length = request.length()?;
            let batch = request.take(length)?;
            let taken = match topics.get(topic, index) {
                Some(partition) => partition.take(batch),
                None => Err(UNKNOWN_PARTITION),
            };
            if taken.is_ok() {
                batches.push((topic, index), batch, topics)?;
            }
            out.put_i32(index);
            out.put_i16(taken.err().unwrap_or(0));
            out.put_i64(taken.unwrap_or(-1));
            // no time of the log's own; the log begins at 0
            out.put_i64(-1);
            out.put_i64(0);
        }
    }
    out.put_i32(0);
    Ok(acks != 0)
}

/// All requests but Produce.
fn rare(
    spoken: Spoken,
    request: &mut Fields<'_>,
    topics: &mut Topics,
    port: u16,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    match spoken {
        API_VERSIONS => versions(0, out),
        // answered in the version that every client reads
        (key, _) if key == API_VERSIONS.0 => versions(UNSUPPORTED_VERSION, out),
        METADATA => return metadata(request, topics, port, out),
        CREATE_TOPICS => create(request, topics, out)?,
        DELETE_TOPICS => {
            out.put_i32(0);
            each(request, out, |request, out| {
                let name = request.string()?;
                put_string(out, name);
                out.put_i16(topics.delete(name));
                Ok(())
            })?;
        }
        LIST_OFFSETS => offsets(request, topics, out)?,
        (key, version) => return Err(Refused::Unknown(key, version)),
    }
    Ok(())
}

/// Answers an array with an array.
fn each<'a>(
    request: &mut Fields<'a>,
    out: &mut Vec<u8>,
    mut one: impl FnMut(&mut Fields<'a>, &mut Vec<u8>) -> Result<(), Short>,
) -> Result<(), Short> {
    let count = request.length()?;
    put_length(out, count);
    (0..count).try_for_each(|_| one(request, out))
}

fn versions(code: i16, out: &mut Vec<u8>) {
    out.put_i16(code);
    put_length(out, ALL.len());
    for (key, version) in ALL {
        out.put_i16(key);
        out.put_i16(version);
        out.put_i16(version);
    }
}

fn metadata(
    request: &mut Fields<'_>,
    topics: &Topics,
    port: u16,
    out: &mut Vec<u8>,
) -> Result<(), Refused> {
    let asked = request.i32()?;
    let names = (0..asked.max(0)).map(|_| request.string()).collect::<Result<Vec<&str>, Short>>();
    // null asks for all
    let names = if asked < 0 { topics.names().collect() } else { names? };
    out.put_i32(0);
    put_length(out, 1);
    out.put_i32(NODE);
    put_string(out, "127.0.0.1");
    out.put_i32(port.into());
    // no rack
    out.put_i16(-1);
    put_string(out, "bare");
    out.put_i32(NODE);
    put_length(out, names.len());
    for name in names {
        let partitions = topics.partitions(name);
        out.put_i16(if partitions.is_some() { 0 } else { UNKNOWN_PARTITION });
        put_string(out, name);
        out.put_i8(0);
        let partitions = partitions.unwrap_or(0);
        put_length(out, partitions);
        for partition in (0_i32..).take(partitions) {
            out.put_i16(0);
            out.put_i32(partition);
            out.put_i32(NODE);
            // the replicas, and those in sync
            (0..2).for_each(|_| out.put_slice(&[0, 0, 0, 1, 0, 0, 0, 1]));
        }
        if out.len() > ANSWERS {
            return Err(Refused::TooLarge);
        }
    }
    Ok(())
}

fn create(request: &mut Fields<'_>, topics: &mut Topics, out: &mut Vec<u8>) -> Result<(), Short> {
    out.put_i32(0);
    each(request, out, |request, out| {
        let (name, partitions, _) = (request.string()?, request.i32()?, request.i16()?);
        // assignments to nodes, then settings: there is one node, and nothing to set
        for _ in 0..request.length()? {
            request.i32()?;
            let nodes = request.length()?;
            request.take(nodes.checked_mul(4).ok_or(Short)?)?;
        }
        for _ in 0..request.length()? {
            request.string()?;
            request.string()?;
        }
        put_string(out, name);
        // -1 is the default
        out.put_i16(topics.create(name, if partitions == -1 { 1 } else { partitions }));
        out.put_i16(-1);
        Ok(())
    })
}

fn offsets(request: &mut Fields<'_>, topics: &mut Topics, out: &mut Vec<u8>) -> Result<(), Short> {
    // the replica and the isolation level
    request.take(5)?;
    out.put_i32(0);
    each(request, out, |request, out| {
        let topic = request.string()?;
        put_string(out, topic);
        each(request, out, |request, out| {
            let (index, timestamp) = (request.i32()?, request.i64()?);
            let (code, offset) = match (topics.get(topic, index), timestamp) {
                (None, _) => (UNKNOWN_PARTITION, -1),
                (Some(partition), LATEST) => (0, partition.end),
                (Some(_), EARLIEST) => (0, 0),
                (Some(_), _) => (UNSUPPORTED_TIMESTAMP, -1),
            };
            out.put_i32(index);
            out.put_i16(code);
            out.put_i64(-1);
            out.put_i64(offset);
            Ok(())
        })
    })
}

#[cfg(test)]
#[path = "protocol_tests.rs"]
mod tests;

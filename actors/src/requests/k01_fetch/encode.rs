//! A fetch response as segments: what is written here, and ranges of log files in between.

use bytes::{BufMut, Bytes, BytesMut};
use ottla_core::base::{BrokerId, LeaderEpoch, Offset};
use ottla_core::partition::TopicRef;
use ottla_core::storage::LogSlice;

use super::super::Segment;

/// A whole response.
#[derive(Debug, Default)]
pub(super) struct FetchAnswer {
    pub(super) error: i16,
    pub(super) session_id: i32,
    pub(super) partitions: Vec<PartitionAnswer>,
    pub(super) nodes: Vec<NodeAnswer>,
}

/// One partition of a response.
#[derive(Debug, Default)]
pub(super) struct PartitionAnswer {
    pub(super) topic: Option<TopicRef>,
    pub(super) index: i32,
    pub(super) error: i16,
    pub(super) high_watermark: Offset,
    pub(super) last_stable_offset: Offset,
    pub(super) log_start: Offset,
    pub(super) diverging: Option<(LeaderEpoch, Offset)>,
    pub(super) leader: Option<(BrokerId, LeaderEpoch)>,
    /// The list of aborted transactions is empty, rather than null.
    pub(super) aborted: bool,
    pub(super) records: Option<LogSlice>,
}

/// A broker that an answer sends its client to.
#[derive(Debug)]
pub(super) struct NodeAnswer {
    pub(super) id: BrokerId,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) rack: Option<String>,
}

/// The segments written so far.
struct Out {
    version: i16,
    bytes: BytesMut,
    segments: Vec<Segment>,
    length: usize,
}

impl FetchAnswer {
    /// The response, its length in front.
    pub(super) fn encode(&self, version: i16, correlation_id: i32) -> Vec<Segment> {
        let room = 64 + 64 * self.partitions.len();
        let bytes = BytesMut::with_capacity(room);
        let mut out = Out { version, bytes, segments: Vec::new(), length: 0 };
        out.bytes.put_i32(correlation_id);
        out.no_tags();
        out.bytes.put_i32(0);
        if version >= 7 {
            out.bytes.put_i16(self.error);
            out.bytes.put_i32(self.session_id);
        }
        self.topics(&mut out);
        self.node_endpoints(&mut out);
        out.finish()
    }

    /// Partitions of one topic that follow each other share an entry.
    fn topics(&self, out: &mut Out) {
        let runs = self.partitions.chunk_by(|one, next| one.topic == next.topic);
        out.array(runs.clone().count());
        for run in runs {
            match run.first().and_then(|first| first.topic.as_ref()) {
                Some(TopicRef::Id(id)) => out.bytes.put_slice(id.as_bytes()),
                Some(TopicRef::Name(name)) => out.string(name),
                None => out.string(""),
            }
            out.array(run.len());
            for partition in run {
                partition.encode(out);
            }
            out.no_tags();
        }
    }

    fn node_endpoints(&self, out: &mut Out) {
        if self.nodes.is_empty() || out.version < 16 {
            return out.no_tags();
        }
        let mut tag = Out::new(out.version);
        tag.array(self.nodes.len());
        for node in &self.nodes {
            tag.bytes.put_i32(node.id.0);
            tag.string(&node.host);
            tag.bytes.put_i32(node.port.into());
            match &node.rack {
                Some(rack) => tag.string(rack),
                None => tag.varint(0),
            }
            tag.no_tags();
        }
        out.varint(1);
        out.tag(0, &tag.bytes);
    }
}

impl PartitionAnswer {
    fn encode(&self, out: &mut Out) {
        out.bytes.put_i32(self.index);
        out.bytes.put_i16(self.error);
        out.bytes.put_i64(self.high_watermark.0);
        out.bytes.put_i64(self.last_stable_offset.0);
        if out.version >= 5 {
            out.bytes.put_i64(self.log_start.0);
        }
        if self.aborted {
            out.array(0)
        } else {
            out.null_array()
        }
        if out.version >= 11 {
            // reads are served by leaders only
            out.bytes.put_i32(-1);
        }
        out.records(self.records.as_ref());
        self.tags(out);
    }

    fn tags(&self, out: &mut Out) {
        if out.version < 12 {
            return;
        }
        out.varint(usize::from(self.diverging.is_some()) + usize::from(self.leader.is_some()));
        if let Some((epoch, end)) = self.diverging {
            let mut tag = Out::new(out.version);
            tag.bytes.put_i32(epoch.0);
            tag.bytes.put_i64(end.0);
            tag.no_tags();
            out.tag(0, &tag.bytes);
        }
        if let Some((leader, epoch)) = self.leader {
            let mut tag = Out::new(out.version);
            tag.bytes.put_i32(leader.0);
            tag.bytes.put_i32(epoch.0);
            tag.no_tags();
            out.tag(1, &tag.bytes);
        }
    }
}

impl Out {
    fn new(version: i16) -> Self {
        Self { version, bytes: BytesMut::new(), segments: Vec::new(), length: 0 }
    }

    fn flexible(&self) -> bool {
        self.version >= 12
    }

    fn varint(&mut self, value: usize) {
        let mut rest = value;
        while rest >= 0x80 {
            // seven bits, and the mark that more follow
            self.bytes.put_u8(u8::try_from(rest & 0x7f).unwrap_or(0) | 0x80);
            rest >>= 7;
        }
        self.bytes.put_u8(u8::try_from(rest).unwrap_or(0));
    }

    fn array(&mut self, len: usize) {
        if self.flexible() {
            self.varint(len + 1);
        } else {
            self.bytes.put_i32(i32::try_from(len).unwrap_or(i32::MAX));
        }
    }

    fn null_array(&mut self) {
        if self.flexible() { self.varint(0) } else { self.bytes.put_i32(-1) }
    }

    fn string(&mut self, text: &str) {
        if self.flexible() {
            self.varint(text.len() + 1);
        } else {
            self.bytes.put_i16(i16::try_from(text.len()).unwrap_or(i16::MAX));
        }
        self.bytes.put_slice(text.as_bytes());
    }

    fn no_tags(&mut self) {
        if self.flexible() {
            self.bytes.put_u8(0);
        }
    }

    fn tag(&mut self, number: usize, content: &[u8]) {
        self.varint(number);
        self.varint(content.len());
        self.bytes.put_slice(content);
    }

    fn records(&mut self, records: Option<&LogSlice>) {
        let len = records.map_or(0, |slice| slice.length as usize);
        self.array(len);
        if let Some(slice) = records {
            let before = self.bytes.split().freeze();
            self.length += before.len() + len;
            self.segments.push(Segment::Bytes(before));
            let held = slice.held().map(Segment::Bytes);
            self.segments.push(held.unwrap_or_else(|| Segment::File(slice.clone())));
        }
    }

    fn finish(mut self) -> Vec<Segment> {
        let last = self.bytes.freeze();
        self.length += last.len();
        self.segments.push(Segment::Bytes(last));
        let length = i32::try_from(self.length).unwrap_or(i32::MAX);
        if let Some(Segment::Bytes(first)) = self.segments.first_mut() {
            let mut front = BytesMut::with_capacity(4 + first.len());
            front.put_i32(length);
            front.put_slice(first);
            *first = Bytes::from(front);
        }
        self.segments
    }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;

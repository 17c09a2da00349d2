//! What members tell each other through the coordinator: Kafka's embedded consumer protocol.
//!
//! Version 3, as Java writes it: a 16-bit version, then the message. Older and newer versions are
//! read; what a version lacks has its default.

use std::collections::BTreeMap;
use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::consumer_protocol_assignment as assigned;
use kafka_protocol::messages::consumer_protocol_subscription as subscribed;
use kafka_protocol::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use kafka_protocol::protocol::{Encodable, StrBytes};

use super::{Assignor, Member};
use crate::base::{TopicName, TopicPartition};
use crate::wire;

/// The version that is written, and the highest that is known.
const VERSION: i16 = 3;

/// The kind of group that consumers form, as JoinGroup names it.
pub const PROTOCOL_TYPE: &str = "consumer";

/// Why the bytes of another member cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A version below 0.
    Version(i16),
    /// The bytes are not a subscription or an assignment.
    Malformed,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => write!(f, "consumer protocol has no version {version}"),
            Self::Malformed => f.write_str("bytes are not the consumer protocol's"),
        }
    }
}

impl std::error::Error for ProtocolError {}

/// What a member tells the leader of its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// The topics it wants.
    pub topics: Vec<TopicName>,
    /// The partitions it has.
    pub owned: Vec<TopicPartition>,
    /// The generation in which it got them, or -1.
    pub generation: i32,
    /// Its rack, if it has one.
    pub rack: Option<String>,
}

impl Subscription {
    /// The bytes that go with `assignor` into JoinGroup.
    #[must_use]
    pub fn encode(&self, assignor: Assignor) -> Bytes {
        let mut grouped: BTreeMap<&TopicName, Vec<i32>> = BTreeMap::new();
        for partition in &self.owned {
            grouped.entry(&partition.topic).or_default().push(partition.partition);
        }
        let user_data = self.user_data(assignor, &grouped);
        let owned = grouped.into_iter().map(|(topic, partitions)| {
            subscribed::TopicPartition::default()
                .with_topic(text(topic).into())
                .with_partitions(partitions)
        });
        // eager members have given everything up, so they own nothing
        let owned = if assignor.is_cooperative() { owned.collect() } else { Vec::new() };
        let message = ConsumerProtocolSubscription::default()
            .with_topics(self.topics.iter().map(|topic| text(topic)).collect())
            .with_user_data(user_data)
            .with_owned_partitions(owned)
            .with_generation_id(self.generation)
            .with_rack_id(self.rack.as_deref().map(text));
        with_version(&message)
    }

    /// What Java's sticky assignors put beside the subscription: the partitions of last time and
    /// their generation, or the generation alone.
    fn user_data(
        &self,
        assignor: Assignor,
        grouped: &BTreeMap<&TopicName, Vec<i32>>,
    ) -> Option<Bytes> {
        let mut out = BytesMut::new();
        match assignor {
            Assignor::Range | Assignor::RoundRobin => return None,
            Assignor::Sticky if grouped.is_empty() => return None,
            Assignor::Sticky => {
                out.put_i32(count(grouped.len()));
                for (topic, partitions) in grouped {
                    out.put_i16(i16::try_from(topic.len()).ok()?);
                    out.put_slice(topic.as_bytes());
                    out.put_i32(count(partitions.len()));
                    partitions.iter().for_each(|partition| out.put_i32(*partition));
                }
            }
            Assignor::CooperativeSticky => {}
        }
        out.put_i32(self.generation);
        Some(out.freeze())
    }

    /// Reads what a member sent with `assignor`.
    ///
    /// # Errors
    /// The bytes are not a subscription.
    pub fn decode(bytes: &Bytes, assignor: Assignor) -> Result<Self, ProtocolError> {
        let (mut body, version) = split_version(bytes)?;
        let message: ConsumerProtocolSubscription =
            wire::decode_classic(&mut body, version).map_err(|_| ProtocolError::Malformed)?;
        let owned = message.owned_partitions.iter().flat_map(|topic| {
            let name = TopicName::from(topic.topic.as_str());
            topic.partitions.iter().map(move |p| TopicPartition::new(TopicName::clone(&name), *p))
        });
        let mut subscription = Self {
            topics: message.topics.iter().map(|topic| TopicName::from(topic.as_str())).collect(),
            owned: owned.collect(),
            generation: message.generation_id,
            rack: message.rack_id.map(|rack| rack.as_str().to_owned()),
        };
        if let Some(user_data) = message.user_data {
            subscription.read_user_data(assignor, &user_data);
        }
        Ok(subscription)
    }

    /// Bytes of another shape say nothing, as in Java: the member then owned nothing.
    fn read_user_data(&mut self, assignor: Assignor, bytes: &[u8]) {
        match assignor {
            Assignor::Range | Assignor::RoundRobin => {}
            Assignor::Sticky => {
                if let Some((owned, generation)) = sticky_user_data(bytes) {
                    self.owned = owned;
                    self.generation = generation;
                }
            }
            Assignor::CooperativeSticky => {
                if let Ok(generation) = { bytes }.try_get_i32() {
                    self.generation = self.generation.max(generation);
                }
            }
        }
    }

    /// The member that this subscription makes.
    #[must_use]
    pub fn into_member(self, id: String, instance_id: Option<String>) -> Member {
        let topics = self.topics.into_iter().collect();
        Member { id, instance_id, topics, owned: self.owned, generation: self.generation }
    }
}

fn sticky_user_data(mut bytes: &[u8]) -> Option<(Vec<TopicPartition>, i32)> {
    let mut owned = Vec::new();
    for _ in 0..bytes.try_get_i32().ok()? {
        let length = usize::try_from(bytes.try_get_i16().ok()?).ok()?;
        let (name, rest) = bytes.split_at_checked(length)?;
        bytes = rest;
        let name = TopicName::from(std::str::from_utf8(name).ok()?);
        for _ in 0..bytes.try_get_i32().ok()? {
            let index = bytes.try_get_i32().ok()?;
            owned.push(TopicPartition::new(TopicName::clone(&name), index));
        }
    }
    // the first version of these bytes had no generation
    Some((owned, bytes.try_get_i32().unwrap_or(-1)))
}

/// The bytes that tell a member what it gets.
#[must_use]
pub fn encode_assignment(partitions: &[TopicPartition]) -> Bytes {
    let mut grouped: Vec<assigned::TopicPartition> = Vec::new();
    let mut places: BTreeMap<&TopicName, usize> = BTreeMap::new();
    for partition in partitions {
        let place = *places.entry(&partition.topic).or_insert_with(|| {
            let topic = text(&partition.topic).into();
            grouped.push(assigned::TopicPartition::default().with_topic(topic));
            grouped.len() - 1
        });
        if let Some(group) = grouped.get_mut(place) {
            group.partitions.push(partition.partition);
        }
    }
    with_version(&ConsumerProtocolAssignment::default().with_assigned_partitions(grouped))
}

/// Reads what the leader of the group gave to this member; no bytes at all mean nothing.
///
/// # Errors
/// The bytes are not an assignment.
pub fn decode_assignment(bytes: &Bytes) -> Result<Vec<TopicPartition>, ProtocolError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let (mut body, version) = split_version(bytes)?;
    let message: ConsumerProtocolAssignment =
        wire::decode_classic(&mut body, version).map_err(|_| ProtocolError::Malformed)?;
    let partitions = message.assigned_partitions.iter().flat_map(|topic| {
        let name = TopicName::from(topic.topic.as_str());
        topic.partitions.iter().map(move |p| TopicPartition::new(TopicName::clone(&name), *p))
    });
    Ok(partitions.collect())
}

fn with_version<T: Encodable>(message: &T) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(VERSION);
    // every field is one that version 3 has, so there is nothing to refuse
    if message.encode(&mut out, VERSION).is_err() {
        out.clear();
    }
    out.freeze()
}

fn split_version(bytes: &Bytes) -> Result<(Bytes, i16), ProtocolError> {
    let mut body = bytes.clone();
    let version = body.try_get_i16().map_err(|_| ProtocolError::Malformed)?;
    if version < 0 {
        return Err(ProtocolError::Version(version));
    }
    Ok((body, version.min(VERSION)))
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

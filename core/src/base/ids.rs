//! Newtypes for ids and quantities, so that an offset is never added to an epoch.

use std::fmt;
use std::sync::Arc;

/// A topic's 128-bit id (KIP-516). The nil id means "not known".
pub type TopicId = uuid::Uuid;

/// A topic's name, shared instead of copied.
pub type TopicName = Arc<str>;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$inner> for $name {
            fn from(value: $inner) -> Self {
                Self(value)
            }
        }
    };
}

number! {
    /// The position of a record in its partition; the first record of a partition is 0.
    Offset(i64)
}
number! {
    /// Counts the leaders a partition has had; grows by one with each change of leader.
    LeaderEpoch(i32)
}
number! {
    /// A broker's id in the cluster (`broker.id`, `node.id`).
    BrokerId(i32)
}
number! {
    /// An idempotent or transactional producer's id (KIP-98); -1 means none.
    ProducerId(i64)
}
number! {
    /// Fences older incarnations of the same producer id (KIP-98); -1 means none.
    ProducerEpoch(i16)
}

impl Offset {
    /// No offset: what Kafka writes as -1.
    pub const NONE: Self = Self(-1);
    /// The first offset of a fresh partition.
    pub const ZERO: Self = Self(0);

    /// The offset `count` records further on, saturating at the largest.
    #[must_use]
    pub fn plus(self, count: i64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl LeaderEpoch {
    /// No epoch known: what Kafka writes as -1.
    pub const NONE: Self = Self(-1);
}

impl ProducerId {
    /// No producer id: the batch is not idempotent.
    pub const NONE: Self = Self(-1);
}

impl ProducerEpoch {
    /// No producer epoch.
    pub const NONE: Self = Self(-1);
}

/// One partition of one topic, by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: TopicName,
    /// The partition's index within the topic, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Names partition `partition` of `topic`.
    pub fn new(topic: impl Into<TopicName>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }

    /// The directory name Kafka gives this partition: `topic-partition`.
    #[must_use]
    pub fn dir_name(&self) -> String {
        format!("{}-{}", self.topic, self.partition)
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

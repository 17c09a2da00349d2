//! The cluster's state at one offset of the metadata log: immutable, shared, swapped whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::record::BrokerEndpoint;
use super::shared_map::SharedMap;
use crate::base::{BrokerId, LeaderEpoch, Offset, ProducerId, TopicId, TopicName};
use uuid::Uuid;

/// Everything the metadata log says, up to one offset.
///
/// Reading it takes no lock: holders keep the `Arc` they got. A copy shares topics, settings and
/// brokers with its original, so that a change costs what it touches.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MetadataImage {
    pub(super) offset: Offset,
    pub(super) epoch: LeaderEpoch,
    pub(super) topics_by_name: SharedMap<TopicName, Arc<TopicImage>>,
    pub(super) topic_names: SharedMap<TopicId, TopicName>,
    pub(super) collisions: SharedMap<Arc<str>, Vec<TopicName>>,
    pub(super) partition_count: usize,
    pub(super) configs: Arc<BTreeMap<ConfigResource, Arc<BTreeMap<String, String>>>>,
    pub(super) brokers: Arc<BTreeMap<BrokerId, Arc<BrokerImage>>>,
    pub(super) features: Arc<BTreeMap<String, i16>>,
    pub(super) quotas: Arc<BTreeMap<QuotaEntity, BTreeMap<String, f64>>>,
    pub(super) next_producer_id: ProducerId,
}

/// Who a client quota is for: entity type and name, sorted by type; no name is the default.
pub type QuotaEntity = Vec<(String, Option<String>)>;

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicImage {
    /// Its name.
    pub name: TopicName,
    /// Its id.
    pub id: TopicId,
    /// Its partitions; the index is the partition's number.
    pub partitions: Vec<PartitionImage>,
}

/// One partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionImage {
    /// The leader, -1 for none.
    pub leader: BrokerId,
    /// Grows with each change of leader.
    pub leader_epoch: LeaderEpoch,
    /// Grows with each change.
    pub partition_epoch: i32,
    /// Brokers that hold it, preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Those in sync.
    pub isr: Vec<BrokerId>,
    /// Replicas on their way out.
    pub removing_replicas: Vec<BrokerId>,
    /// Replicas on their way in.
    pub adding_replicas: Vec<BrokerId>,
    /// 1 while recovering from an unclean election.
    pub leader_recovery_state: i8,
    /// The log directory of each replica, in the order of `replicas`.
    pub directories: Vec<Uuid>,
}

impl PartitionImage {
    /// Whether any broker leads this partition.
    #[must_use]
    pub fn has_leader(&self) -> bool {
        self.leader.0 >= 0
    }
}

/// One registered broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerImage {
    /// Its id.
    pub id: BrokerId,
    /// Grows with each registration.
    pub epoch: i64,
    /// Differs for each start of the process.
    pub incarnation_id: Uuid,
    /// Where it listens, as advertised.
    pub endpoints: Vec<BrokerEndpoint>,
    /// Feature ranges it understands.
    pub features: Vec<(String, i16, i16)>,
    /// The rack it stands in.
    pub rack: Option<String>,
    /// Whether it may not lead.
    pub fenced: bool,
    /// Whether it is about to leave.
    pub in_controlled_shutdown: bool,
    /// The ids of its usable log directories.
    pub log_dirs: Vec<Uuid>,
}

impl BrokerImage {
    /// The endpoint of the listener named `listener`.
    #[must_use]
    pub fn endpoint(&self, listener: &str) -> Option<&BrokerEndpoint> {
        self.endpoints.iter().find(|e| e.name == listener)
    }

    /// Whether new replicas may be placed here.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }
}

/// What kind of thing a setting belongs to, with Kafka's numbers (`ConfigResource.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceType {
    /// A topic (2).
    Topic,
    /// A broker, or all brokers when the name is empty (4).
    Broker,
    /// A broker's log levels (8).
    BrokerLogger,
    /// A client metrics subscription (16).
    ClientMetrics,
    /// A group (32).
    Group,
}

impl ResourceType {
    /// Kafka's number.
    #[must_use]
    pub fn code(self) -> i8 {
        match self {
            Self::Topic => 2,
            Self::Broker => 4,
            Self::BrokerLogger => 8,
            Self::ClientMetrics => 16,
            Self::Group => 32,
        }
    }

    /// The type with Kafka's number `code`.
    #[must_use]
    pub fn from_code(code: i8) -> Option<Self> {
        Some(match code {
            2 => Self::Topic,
            4 => Self::Broker,
            8 => Self::BrokerLogger,
            16 => Self::ClientMetrics,
            32 => Self::Group,
            _ => return None,
        })
    }
}

/// Something that has settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    /// Its kind.
    pub kind: ResourceType,
    /// Its name; empty means the cluster-wide default.
    pub name: String,
}

impl ConfigResource {
    /// The topic `name`.
    #[must_use]
    pub fn topic(name: &str) -> Self {
        Self { kind: ResourceType::Topic, name: name.to_owned() }
    }

    /// The broker `id`.
    #[must_use]
    pub fn broker(id: BrokerId) -> Self {
        Self { kind: ResourceType::Broker, name: id.to_string() }
    }

    /// All brokers.
    #[must_use]
    pub fn all_brokers() -> Self {
        Self { kind: ResourceType::Broker, name: String::new() }
    }

    /// The group `name`.
    #[must_use]
    pub fn group(name: &str) -> Self {
        Self { kind: ResourceType::Group, name: name.to_owned() }
    }
}

impl MetadataImage {
    /// The offset of the last entry of the metadata log in this image; 0 if it is empty.
    #[must_use]
    pub fn offset(&self) -> Offset {
        self.offset
    }

    /// The controller's epoch that wrote that entry.
    #[must_use]
    pub fn epoch(&self) -> LeaderEpoch {
        self.epoch
    }

    /// The same image, as of `offset` and `epoch`.
    #[must_use]
    pub fn at(mut self, offset: Offset, epoch: LeaderEpoch) -> Self {
        self.offset = offset;
        self.epoch = epoch;
        self
    }

    /// The topic named `name`.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&Arc<TopicImage>> {
        self.topics_by_name.get(name)
    }

    /// The topic with id `id`.
    #[must_use]
    pub fn topic_by_id(&self, id: TopicId) -> Option<&Arc<TopicImage>> {
        self.topics_by_name.get(self.topic_names.get(&id)?)
    }

    /// The name of the topic with id `id`.
    #[must_use]
    pub fn topic_name(&self, id: TopicId) -> Option<&TopicName> {
        self.topic_names.get(&id)
    }

    /// Partition `partition` of the topic named `name`.
    #[must_use]
    pub fn partition(&self, name: &str, partition: i32) -> Option<&PartitionImage> {
        self.topic(name)?.partitions.get(usize::try_from(partition).ok()?)
    }

    /// All topics, in no particular order.
    pub fn topics(&self) -> impl Iterator<Item = &Arc<TopicImage>> {
        self.topics_by_name.iter().map(|(_, topic)| topic)
    }

    /// How many topics there are.
    #[must_use]
    pub fn topic_count(&self) -> usize {
        self.topics_by_name.len()
    }

    /// How many partitions all topics have together.
    #[must_use]
    pub fn partition_count(&self) -> usize {
        self.partition_count
    }

    /// A topic whose metric name `name` would share: `.` and `_` are the same there.
    #[must_use]
    pub fn colliding_topic(&self, name: &str) -> Option<&TopicName> {
        let key = collision_key(name)?;
        self.collisions.get(key.as_str())?.iter().min()
    }

    /// The dynamic settings of `resource`, if it has any.
    #[must_use]
    pub fn config(&self, resource: &ConfigResource) -> Option<&Arc<BTreeMap<String, String>>> {
        self.configs.get(resource)
    }

    /// The dynamic settings of the topic `name`; empty if it has none.
    #[must_use]
    pub fn topic_config(&self, name: &str) -> Arc<BTreeMap<String, String>> {
        self.config(&ConfigResource::topic(name)).cloned().unwrap_or_default()
    }

    /// Every resource with dynamic settings, sorted.
    pub fn configs(
        &self,
    ) -> impl Iterator<Item = (&ConfigResource, &Arc<BTreeMap<String, String>>)> {
        self.configs.iter()
    }

    /// The broker `id`.
    #[must_use]
    pub fn broker(&self, id: BrokerId) -> Option<&Arc<BrokerImage>> {
        self.brokers.get(&id)
    }

    /// Every registered broker, by id.
    pub fn brokers(&self) -> impl Iterator<Item = &Arc<BrokerImage>> {
        self.brokers.values()
    }

    /// Whether broker `id` is registered and not fenced.
    #[must_use]
    pub fn is_alive(&self, id: BrokerId) -> bool {
        self.broker(id).is_some_and(|b| !b.fenced)
    }

    /// The cluster-wide levels of features, by name.
    #[must_use]
    pub fn features(&self) -> &BTreeMap<String, i16> {
        &self.features
    }

    /// The client quotas, by entity.
    #[must_use]
    pub fn quotas(&self) -> &BTreeMap<QuotaEntity, BTreeMap<String, f64>> {
        &self.quotas
    }

    /// The first producer id nobody has been given.
    #[must_use]
    pub fn next_producer_id(&self) -> ProducerId {
        self.next_producer_id
    }
}

/// The name under which topics collide, if `name` can collide at all (`Topic.hasCollisionChars`).
pub(super) fn collision_key(name: &str) -> Option<String> {
    name.contains(['.', '_']).then(|| name.replace('.', "_"))
}

//! The one place where cluster state changes: records go in, a new image and what is new come out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::image::{
    BrokerImage, ConfigResource, MetadataImage, PartitionImage, ResourceType, TopicImage,
    collision_key,
};
use super::record::{
    BrokerRegistrationChangeRecord, ClientQuotaRecord, ConfigRecord, MetadataRecord,
    PartitionChangeRecord, PartitionRecord, RegisterBrokerRecord, TopicRecord,
};
use crate::base::{BrokerId, TopicId, TopicName};

/// What one batch of records changed, for those who must act on it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageDelta {
    /// Topics that are gone, as they last were.
    pub deleted_topics: Vec<Arc<TopicImage>>,
    /// Partitions that are new or changed, by topic, of topics that still exist.
    pub changed_partitions: BTreeMap<TopicName, BTreeSet<i32>>,
    /// Topics among those that did not exist before.
    pub created_topics: BTreeSet<TopicName>,
    /// Resources whose dynamic settings changed.
    pub changed_configs: BTreeSet<ConfigResource>,
    /// Brokers that registered or changed.
    pub changed_brokers: BTreeSet<BrokerId>,
    /// Whether a feature's level changed.
    pub features_changed: bool,
    /// Whether a client quota changed.
    pub quotas_changed: bool,
}

impl ImageDelta {
    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A record that does not fit the state before it: the metadata log is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyError {
    /// A topic of this name exists with another id.
    DuplicateTopic {
        /// The topic's name.
        name: TopicName,
    },
    /// A record about a topic that does not exist.
    UnknownTopic {
        /// The id it names.
        topic_id: TopicId,
    },
    /// A record about a partition that does not exist, or that would leave a gap.
    UnknownPartition {
        /// The topic's name.
        name: TopicName,
        /// The partition's index.
        partition: i32,
    },
    /// A change of a broker that is not registered.
    UnknownBroker {
        /// The broker's id.
        broker: BrokerId,
    },
    /// A setting of a kind of resource nobody has defined.
    UnknownResourceType {
        /// The number found.
        code: i8,
    },
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DuplicateTopic { name } => write!(f, "topic {name} exists with another id"),
            Self::UnknownTopic { topic_id } => write!(f, "no topic has the id {topic_id}"),
            Self::UnknownPartition { name, partition } => {
                write!(f, "topic {name} has no partition {partition}")
            }
            Self::UnknownBroker { broker } => write!(f, "broker {broker} is not registered"),
            Self::UnknownResourceType { code } => write!(f, "unknown resource type {code}"),
        }
    }
}

impl std::error::Error for ApplyError {}

impl MetadataImage {
    /// The image after `records`, and what they changed. `self` stays as it is.
    pub fn apply<'a>(
        &self,
        records: impl IntoIterator<Item = &'a MetadataRecord>,
    ) -> Result<(Self, ImageDelta), ApplyError> {
        let mut next = self.clone();
        let mut delta = ImageDelta::default();
        for record in records {
            next.apply_one(record, &mut delta)?;
        }
        Ok((next, delta))
    }

    fn apply_one(
        &mut self,
        record: &MetadataRecord,
        delta: &mut ImageDelta,
    ) -> Result<(), ApplyError> {
        match record {
            MetadataRecord::RegisterBroker(r) => {
                self.register_broker(r);
                delta.changed_brokers.insert(r.broker_id);
            }
            MetadataRecord::Topic(r) => self.add_topic(r, delta)?,
            MetadataRecord::Partition(r) => self.set_partition(r, delta)?,
            MetadataRecord::Config(r) => self.set_config(r, delta)?,
            MetadataRecord::PartitionChange(r) => self.change_partition(r, delta)?,
            MetadataRecord::RemoveTopic { topic_id } => self.remove_topic(*topic_id, delta)?,
            MetadataRecord::FeatureLevel { name, level } => {
                delta.features_changed = true;
                let features = Arc::make_mut(&mut self.features);
                match level {
                    0 => features.remove(name),
                    _ => features.insert(name.clone(), *level),
                };
            }
            MetadataRecord::ClientQuota(r) => {
                delta.quotas_changed = true;
                self.set_quota(r);
            }
            MetadataRecord::ProducerIds { next_producer_id, .. } => {
                self.next_producer_id = *next_producer_id;
            }
            MetadataRecord::BrokerRegistrationChange(r) => {
                self.change_broker(r)?;
                delta.changed_brokers.insert(r.broker_id);
            }
            MetadataRecord::NoOp => {}
        }
        Ok(())
    }

    fn register_broker(&mut self, r: &RegisterBrokerRecord) {
        let broker = BrokerImage {
            id: r.broker_id,
            epoch: r.broker_epoch,
            incarnation_id: r.incarnation_id,
            endpoints: r.endpoints.clone(),
            features: r.features.clone(),
            rack: r.rack.clone(),
            fenced: r.fenced,
            in_controlled_shutdown: r.in_controlled_shutdown,
            log_dirs: r.log_dirs.clone(),
        };
        Arc::make_mut(&mut self.brokers).insert(r.broker_id, Arc::new(broker));
    }

    fn change_broker(&mut self, r: &BrokerRegistrationChangeRecord) -> Result<(), ApplyError> {
        let broker = Arc::make_mut(&mut self.brokers)
            .get_mut(&r.broker_id)
            .ok_or(ApplyError::UnknownBroker { broker: r.broker_id })?;
        let broker = Arc::make_mut(broker);
        if let Some(fenced) = r.fenced {
            broker.fenced = fenced;
        }
        broker.in_controlled_shutdown |= r.in_controlled_shutdown;
        if let Some(dirs) = &r.log_dirs {
            broker.log_dirs.clone_from(dirs);
        }
        Ok(())
    }

    fn add_topic(&mut self, r: &TopicRecord, delta: &mut ImageDelta) -> Result<(), ApplyError> {
        if self.topic(&r.name).is_some() || self.topic_names.get(&r.topic_id).is_some() {
            return Err(ApplyError::DuplicateTopic { name: r.name.clone() });
        }
        let topic = TopicImage { name: r.name.clone(), id: r.topic_id, partitions: Vec::new() };
        self.topics_by_name.insert(r.name.clone(), Arc::new(topic));
        self.topic_names.insert(r.topic_id, r.name.clone());
        if let Some(key) = collision_key(&r.name) {
            let key: Arc<str> = key.into();
            let mut names = self.collisions.get(&key).cloned().unwrap_or_default();
            names.push(r.name.clone());
            self.collisions.insert(key, names);
        }
        delta.created_topics.insert(r.name.clone());
        Ok(())
    }

    fn topic_mut(&mut self, topic_id: TopicId) -> Result<&mut TopicImage, ApplyError> {
        let unknown = ApplyError::UnknownTopic { topic_id };
        let name = self.topic_names.get(&topic_id).ok_or(unknown.clone())?;
        self.topics_by_name.get_mut(name).map(Arc::make_mut).ok_or(unknown)
    }

    fn set_partition(
        &mut self,
        r: &PartitionRecord,
        delta: &mut ImageDelta,
    ) -> Result<(), ApplyError> {
        let partition = PartitionImage {
            leader: r.leader,
            leader_epoch: r.leader_epoch,
            partition_epoch: r.partition_epoch,
            replicas: r.replicas.clone(),
            isr: r.isr.clone(),
            removing_replicas: r.removing_replicas.clone(),
            adding_replicas: r.adding_replicas.clone(),
            leader_recovery_state: r.leader_recovery_state,
            directories: r.directories.clone(),
        };
        let topic = self.topic_mut(r.topic_id)?;
        let name = topic.name.clone();
        let index = usize::try_from(r.partition_id).unwrap_or(usize::MAX);
        let mut added = 0;
        if index == topic.partitions.len() {
            topic.partitions.push(partition);
            added = 1;
        } else if let Some(slot) = topic.partitions.get_mut(index) {
            *slot = partition;
        } else {
            return Err(ApplyError::UnknownPartition { name, partition: r.partition_id });
        }
        self.partition_count += added;
        delta.changed_partitions.entry(name).or_default().insert(r.partition_id);
        Ok(())
    }

    fn change_partition(
        &mut self,
        r: &PartitionChangeRecord,
        delta: &mut ImageDelta,
    ) -> Result<(), ApplyError> {
        let topic = self.topic_mut(r.topic_id)?;
        let name = topic.name.clone();
        let partition = usize::try_from(r.partition_id)
            .ok()
            .and_then(|index| topic.partitions.get_mut(index))
            .ok_or(ApplyError::UnknownPartition {
                name: name.clone(),
                partition: r.partition_id,
            })?;
        merge(partition, r);
        delta.changed_partitions.entry(name).or_default().insert(r.partition_id);
        Ok(())
    }

    fn remove_topic(
        &mut self,
        topic_id: TopicId,
        delta: &mut ImageDelta,
    ) -> Result<(), ApplyError> {
        let unknown = ApplyError::UnknownTopic { topic_id };
        let name = self.topic_names.remove(&topic_id).ok_or(unknown.clone())?;
        let topic = self.topics_by_name.remove(&name).ok_or(unknown)?;
        self.partition_count -= topic.partitions.len();
        if let Some(key) = collision_key(&name) {
            let mut names = self.collisions.remove(key.as_str()).unwrap_or_default();
            names.retain(|other| *other != name);
            if !names.is_empty() {
                self.collisions.insert(key.into(), names);
            }
        }
        // a topic's settings go with it, as in Kafka's TopicsImage and ConfigurationsImage
        let resource = ConfigResource::topic(&name);
        if self.configs.contains_key(&resource) {
            Arc::make_mut(&mut self.configs).remove(&resource);
            delta.changed_configs.insert(resource);
        }
        delta.changed_partitions.remove(&name);
        delta.created_topics.remove(&name);
        delta.deleted_topics.push(topic);
        Ok(())
    }

    fn set_config(&mut self, r: &ConfigRecord, delta: &mut ImageDelta) -> Result<(), ApplyError> {
        let kind = ResourceType::from_code(r.resource_type)
            .ok_or(ApplyError::UnknownResourceType { code: r.resource_type })?;
        let resource = ConfigResource { kind, name: r.resource_name.clone() };
        let configs = Arc::make_mut(&mut self.configs);
        let settings = Arc::make_mut(configs.entry(resource.clone()).or_default());
        match &r.value {
            Some(value) => settings.insert(r.name.clone(), value.clone()),
            None => settings.remove(&r.name),
        };
        if settings.is_empty() {
            configs.remove(&resource);
        }
        delta.changed_configs.insert(resource);
        Ok(())
    }

    fn set_quota(&mut self, r: &ClientQuotaRecord) {
        let quotas = Arc::make_mut(&mut self.quotas);
        let mut entity = r.entity.clone();
        entity.sort();
        if !r.remove {
            quotas.entry(entity).or_default().insert(r.key.clone(), r.value);
        } else if let Some(keys) = quotas.get_mut(&entity) {
            keys.remove(&r.key);
            if keys.is_empty() {
                quotas.remove(&entity);
            }
        }
    }
}

/// As `PartitionRegistration.merge`: naming a leader starts a new leader epoch, any change a new
/// partition epoch.
fn merge(partition: &mut PartitionImage, r: &PartitionChangeRecord) {
    if let Some(isr) = &r.isr {
        partition.isr.clone_from(isr);
    }
    if let Some(leader) = r.leader {
        partition.leader = leader;
        partition.leader_epoch.0 += 1;
    }
    if let Some(replicas) = &r.replicas {
        partition.replicas.clone_from(replicas);
    }
    if let Some(replicas) = &r.removing_replicas {
        partition.removing_replicas.clone_from(replicas);
    }
    if let Some(replicas) = &r.adding_replicas {
        partition.adding_replicas.clone_from(replicas);
    }
    if let Some(state) = r.leader_recovery_state {
        partition.leader_recovery_state = state;
    }
    if let Some(directories) = &r.directories {
        partition.directories.clone_from(directories);
    }
    partition.partition_epoch += 1;
}

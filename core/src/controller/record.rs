//! The records of the metadata log (KIP-631): what changed, as it is written down.
//!
//! Every change of cluster state is one of these; [`super::MetadataImage::apply`] is the only code
//! that acts on them. The byte layout is in `record_codec.rs`.

use crate::base::{BrokerId, LeaderEpoch, ProducerId, TopicId, TopicName};
use uuid::Uuid;

/// One entry of the metadata log.
#[derive(Clone, Debug, PartialEq)]
pub enum MetadataRecord {
    /// A broker has joined the cluster (0).
    RegisterBroker(RegisterBrokerRecord),
    /// A topic exists from here on (2).
    Topic(TopicRecord),
    /// A partition exists from here on (3).
    Partition(PartitionRecord),
    /// A setting of a resource was set or deleted (4).
    Config(ConfigRecord),
    /// Something about a partition changed (5).
    PartitionChange(PartitionChangeRecord),
    /// A topic and all its partitions are gone (9).
    RemoveTopic {
        /// The topic's id.
        topic_id: TopicId,
    },
    /// A feature's level for the whole cluster (12).
    FeatureLevel {
        /// The feature's name, as `metadata.version`.
        name: String,
        /// Its level; 0 means not supported.
        level: i16,
    },
    /// A client quota was set or removed (14).
    ClientQuota(ClientQuotaRecord),
    /// A block of producer ids was handed out (15).
    ProducerIds {
        /// The broker that got the block.
        broker_id: BrokerId,
        /// Its epoch then.
        broker_epoch: i64,
        /// The first id of the next block.
        next_producer_id: ProducerId,
    },
    /// A broker's state changed (17).
    BrokerRegistrationChange(BrokerRegistrationChangeRecord),
    /// Nothing changed (20).
    NoOp,
}

/// A broker's registration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegisterBrokerRecord {
    /// The broker's id.
    pub broker_id: BrokerId,
    /// Differs for each start of the process.
    pub incarnation_id: Uuid,
    /// Grows with each registration.
    pub broker_epoch: i64,
    /// Where it listens.
    pub endpoints: Vec<BrokerEndpoint>,
    /// Feature ranges it understands: name, lowest, highest.
    pub features: Vec<(String, i16, i16)>,
    /// The rack it stands in.
    pub rack: Option<String>,
    /// Whether it may not lead yet.
    pub fenced: bool,
    /// Whether it is about to leave.
    pub in_controlled_shutdown: bool,
    /// The ids of its usable log directories.
    pub log_dirs: Vec<Uuid>,
}

/// One listener of a broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerEndpoint {
    /// The listener's name.
    pub name: String,
    /// The advertised host.
    pub host: String,
    /// The advertised port.
    pub port: u16,
    /// Kafka's number of the security protocol: 0 is PLAINTEXT.
    pub security_protocol: i16,
}

/// A topic's name and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicRecord {
    /// Its name.
    pub name: TopicName,
    /// Its id, never used again.
    pub topic_id: TopicId,
}

/// A partition, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionRecord {
    /// The partition's index.
    pub partition_id: i32,
    /// Its topic.
    pub topic_id: TopicId,
    /// Brokers that hold it, preferred leader first.
    pub replicas: Vec<BrokerId>,
    /// Those in sync.
    pub isr: Vec<BrokerId>,
    /// Replicas on their way out.
    pub removing_replicas: Vec<BrokerId>,
    /// Replicas on their way in.
    pub adding_replicas: Vec<BrokerId>,
    /// The leader, -1 for none.
    pub leader: BrokerId,
    /// 1 while recovering from an unclean election.
    pub leader_recovery_state: i8,
    /// Grows with each change of leader.
    pub leader_epoch: LeaderEpoch,
    /// Grows with each change.
    pub partition_epoch: i32,
    /// The log directory of each replica, in the order of `replicas`.
    pub directories: Vec<Uuid>,
}

/// What changed about a partition; `None` means unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionChangeRecord {
    /// The partition's index.
    pub partition_id: i32,
    /// Its topic.
    pub topic_id: TopicId,
    /// The new in-sync replicas.
    pub isr: Option<Vec<BrokerId>>,
    /// The new leader, -1 for none. Setting it, even to the same broker, starts a new leader epoch.
    pub leader: Option<BrokerId>,
    /// The new replicas.
    pub replicas: Option<Vec<BrokerId>>,
    /// The new replicas on their way out.
    pub removing_replicas: Option<Vec<BrokerId>>,
    /// The new replicas on their way in.
    pub adding_replicas: Option<Vec<BrokerId>>,
    /// The new recovery state.
    pub leader_recovery_state: Option<i8>,
    /// The new log directories.
    pub directories: Option<Vec<Uuid>>,
}

impl PartitionChangeRecord {
    /// A change that changes nothing yet.
    #[must_use]
    pub fn new(topic_id: TopicId, partition_id: i32) -> Self {
        Self {
            partition_id,
            topic_id,
            isr: None,
            leader: None,
            replicas: None,
            removing_replicas: None,
            adding_replicas: None,
            leader_recovery_state: None,
            directories: None,
        }
    }
}

/// A setting of one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigRecord {
    /// Kafka's number of the resource's type (`ConfigResource.Type`).
    pub resource_type: i8,
    /// The resource's name; empty is the cluster-wide default.
    pub resource_name: String,
    /// The setting's key.
    pub name: String,
    /// Its value; `None` deletes it.
    pub value: Option<String>,
}

/// A client quota.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientQuotaRecord {
    /// Pairs of entity type (`user`, `client-id`, `ip`) and name; no name is the default entity.
    pub entity: Vec<(String, Option<String>)>,
    /// The quota's key, as `producer_byte_rate`.
    pub key: String,
    /// Its value.
    pub value: f64,
    /// Whether it is removed.
    pub remove: bool,
}

/// What changed about a registered broker; `None` means unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerRegistrationChangeRecord {
    /// The broker's id.
    pub broker_id: BrokerId,
    /// The epoch of the registration that is changed.
    pub broker_epoch: i64,
    /// Whether it is fenced now.
    pub fenced: Option<bool>,
    /// Whether it is about to leave.
    pub in_controlled_shutdown: bool,
    /// Its usable log directories now.
    pub log_dirs: Option<Vec<Uuid>>,
}

//! The image as clients of one listener see it.

use kafka_protocol::error::ResponseError;
use uuid::Uuid;

use super::image::{MetadataImage, PartitionImage};
use crate::base::BrokerId;

/// All operations on a topic, as a bit field: what Kafka answers when there is no authorizer.
pub const ALL_TOPIC_OPERATIONS: i32 = 3576;
/// All operations on the cluster.
pub const ALL_CLUSTER_OPERATIONS: i32 = 8096;
/// The operations were not asked for.
pub const OPERATIONS_OMITTED: i32 = i32::MIN;

/// A partition as a client of one listener sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionView {
    /// Why it cannot be used now.
    pub error: Option<ResponseError>,
    /// Its leader, -1 for none that the client could reach.
    pub leader: BrokerId,
    /// Replicas whose broker is gone or whose log directory is offline.
    pub offline_replicas: Vec<BrokerId>,
}

impl MetadataImage {
    /// How `partition` looks to clients of `listener`.
    #[must_use]
    pub fn partition_view(&self, partition: &PartitionImage, listener: &str) -> PartitionView {
        let replicas = partition.replicas.iter().enumerate();
        let offline = replicas
            .filter(|(at, id)| self.is_offline(**id, partition.directories.get(*at), listener))
            .map(|(_, id)| *id)
            .collect();
        let leader = self.broker(partition.leader).filter(|b| !b.fenced);
        let (error, leader) = match leader {
            None => (Some(ResponseError::LeaderNotAvailable), BrokerId(-1)),
            Some(broker) if broker.endpoint(listener).is_none() => {
                (Some(ResponseError::ListenerNotFound), BrokerId(-1))
            }
            Some(broker) => (None, broker.id),
        };
        PartitionView { error, leader, offline_replicas: offline }
    }

    /// As Kafka's `isReplicaOffline`: a broker that is fenced or has no such listener, or a
    /// directory that is known and not among those that work. The nil id is "not assigned yet".
    fn is_offline(&self, id: BrokerId, directory: Option<&Uuid>, listener: &str) -> bool {
        let Some(broker) = self.broker(id) else { return true };
        if broker.fenced || broker.endpoint(listener).is_none() {
            return true;
        }
        let known = directory.filter(|dir| !dir.is_nil());
        known.is_some_and(|dir| !broker.log_dirs.is_empty() && !broker.log_dirs.contains(dir))
    }
}

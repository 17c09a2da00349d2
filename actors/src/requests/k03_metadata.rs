//! Metadata (key 3), versions 0–13: brokers, topics, and where partitions live.
//!
//! | version | added |
//! |---|---|
//! | 1 | null means all topics (an empty list did in 0); controller, racks, internal flag |
//! | 2 | cluster id |
//! | 4 | the client may forbid automatic creation |
//! | 5 | offline replicas |
//! | 7 | leader epochs (KIP-320) |
//! | 8 | authorised operations; 11 takes those of the cluster away again |
//! | 9 | flexible |
//! | 10 | topic ids in the response, 12 in the request (KIP-516) |
//! | 13 | an error for the whole response |

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{BrokerId as WireBroker, MetadataRequest, MetadataResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::{BrokerId, TopicName};
use ottla_core::controller::{
    ALL_CLUSTER_OPERATIONS, ALL_TOPIC_OPERATIONS, MetadataImage, OPERATIONS_OMITTED,
    PartitionImage, TopicImage, is_internal_topic, validate_topic_name,
};
use uuid::Uuid;

use super::Request;

/// Answers from the image; creates topics first where that is asked for and allowed.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<MetadataRequest>() else { return };
    let version = request.header.version;
    if let Some(code) = refused_whole(&body, version) {
        let response = whole_error(&body, code);
        return request.respond(&response);
    }
    let missing = missing(&request, &body);
    if missing.is_empty() {
        let response = answer(&request, &body);
        return request.respond(&response);
    }
    actix::spawn(async move {
        if let Err(error) = request.node.controller.auto_create(missing).await {
            tracing::warn!(%error, "topics were not created automatically");
        }
        let response = answer(&request, &body);
        request.respond(&response);
    });
}

/// Ids may be asked for from version 12 on; before, every topic has a name.
fn refused_whole(body: &MetadataRequest, version: i16) -> Option<ResponseError> {
    let topics = body.topics.as_deref().unwrap_or_default();
    if version < 12 && topics.iter().any(|t| t.name.is_none() || !t.topic_id.is_nil()) {
        return Some(ResponseError::InvalidRequest);
    }
    let nothing = |t: &MetadataRequestTopic| t.name.is_none() && t.topic_id.is_nil();
    topics.iter().any(nothing).then_some(ResponseError::UnknownServerError)
}

fn whole_error(body: &MetadataRequest, code: ResponseError) -> MetadataResponse {
    let topics = body.topics.as_deref().unwrap_or_default().iter().map(|topic| {
        MetadataResponseTopic::default()
            .with_error_code(code.code())
            .with_name(Some(topic.name.clone().unwrap_or_default()))
            .with_topic_id(topic.topic_id)
    });
    MetadataResponse::default()
        .with_controller_id(WireBroker(-1))
        .with_error_code(code.code())
        .with_topics(topics.collect())
}

/// Topics that do not exist and shall be created.
fn missing(request: &Request, body: &MetadataRequest) -> Vec<TopicName> {
    if !body.allow_auto_topic_creation || !request.node.dynamic.load().auto_create_topics_enable {
        return Vec::new();
    }
    let topics = body.topics.as_deref().unwrap_or_default();
    if topics.iter().any(|t| !t.topic_id.is_nil()) {
        return Vec::new();
    }
    let image = request.node.image.load();
    let names = topics.iter().filter_map(|t| t.name.as_ref()).map(|name| -> &str { name });
    let names: BTreeSet<&str> = names.collect();
    let wanted = |name: &&str| image.topic(name).is_none() && validate_topic_name(name).is_ok();
    names.into_iter().filter(wanted).map(TopicName::from).collect()
}

fn answer(request: &Request, body: &MetadataRequest) -> MetadataResponse {
    let image = request.node.image.load();
    let version = request.header.version;
    let view = View {
        image: &image,
        listener: &request.listener.name,
        version,
        operations: match body.include_topic_authorized_operations {
            true => ALL_TOPIC_OPERATIONS,
            false => OPERATIONS_OMITTED,
        },
    };
    let all = match &body.topics {
        None => true,
        Some(topics) => version == 0 && topics.is_empty(),
    };
    let topics = match &body.topics {
        Some(topics) if !all => view.asked(topics),
        _ => view.all(),
    };
    let cluster_operations = match body.include_cluster_authorized_operations {
        true => ALL_CLUSTER_OPERATIONS,
        false => OPERATIONS_OMITTED,
    };
    MetadataResponse::default()
        .with_brokers(view.brokers())
        .with_cluster_id(Some(StrBytes::from_string(request.node.cluster_id.to_string())))
        .with_controller_id(WireBroker(view.controller().0))
        .with_topics(topics)
        .with_cluster_authorized_operations(cluster_operations)
}

struct View<'a> {
    image: &'a MetadataImage,
    listener: &'a str,
    version: i16,
    operations: i32,
}

fn wire(ids: &[BrokerId]) -> Vec<WireBroker> {
    ids.iter().map(|id| WireBroker(id.0)).collect()
}

fn text(s: &str) -> StrBytes {
    StrBytes::from_string(s.to_owned())
}

impl View<'_> {
    fn brokers(&self) -> Vec<MetadataResponseBroker> {
        let alive = self.image.brokers().filter(|broker| !broker.fenced);
        alive
            .filter_map(|broker| {
                let endpoint = broker.endpoint(self.listener)?;
                let broker = MetadataResponseBroker::default()
                    .with_node_id(WireBroker(broker.id.0))
                    .with_host(text(&endpoint.host))
                    .with_port(i32::from(endpoint.port))
                    .with_rack(broker.rack.as_deref().map(text));
                Some(broker)
            })
            .collect()
    }

    /// Any broker that is alive will do: it passes controller requests on.
    fn controller(&self) -> BrokerId {
        let mut alive = self.image.brokers().filter(|broker| !broker.fenced);
        alive.next().map_or(BrokerId(-1), |broker| broker.id)
    }

    fn all(&self) -> Vec<MetadataResponseTopic> {
        let mut topics: Vec<&Arc<TopicImage>> = self.image.topics().collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        topics.into_iter().map(|topic| self.topic(topic)).collect()
    }

    /// If any topic is asked for by id, only ids count.
    fn asked(&self, topics: &[MetadataRequestTopic]) -> Vec<MetadataResponseTopic> {
        let ids: Vec<Uuid> = topics.iter().map(|t| t.topic_id).filter(|id| !id.is_nil()).collect();
        if !ids.is_empty() {
            let ids: BTreeSet<Uuid> = ids.into_iter().collect();
            return ids.into_iter().map(|id| self.by_id(id)).collect();
        }
        let mut seen = BTreeSet::new();
        let names = topics.iter().filter_map(|t| t.name.as_ref()).map(|name| -> &str { name });
        names.filter(|name| seen.insert(*name)).map(|name| self.by_name(name)).collect()
    }

    fn by_id(&self, id: Uuid) -> MetadataResponseTopic {
        match self.image.topic_by_id(id) {
            Some(topic) => self.topic(topic),
            None => MetadataResponseTopic::default()
                .with_error_code(ResponseError::UnknownTopicId.code())
                .with_name(None)
                .with_topic_id(id),
        }
    }

    fn by_name(&self, name: &str) -> MetadataResponseTopic {
        let Some(topic) = self.image.topic(name) else {
            let code = match validate_topic_name(name) {
                Ok(()) => ResponseError::UnknownTopicOrPartition,
                Err(_) => ResponseError::InvalidTopicException,
            };
            return MetadataResponseTopic::default()
                .with_error_code(code.code())
                .with_name(Some(text(name).into()))
                .with_is_internal(is_internal_topic(name));
        };
        self.topic(topic)
    }

    fn topic(&self, topic: &TopicImage) -> MetadataResponseTopic {
        let partitions = topic.partitions.iter().zip(0..);
        MetadataResponseTopic::default()
            .with_name(Some(text(&topic.name).into()))
            .with_topic_id(topic.id)
            .with_is_internal(is_internal_topic(&topic.name))
            .with_partitions(partitions.map(|(p, index)| self.partition(p, index)).collect())
            .with_topic_authorized_operations(self.operations)
    }

    fn partition(&self, partition: &PartitionImage, index: i32) -> MetadataResponsePartition {
        let view = self.image.partition_view(partition, self.listener);
        let error = view.error.map_or(0, |error| match error {
            // the code is younger than the request (KIP-302)
            ResponseError::ListenerNotFound if self.version < 6 => {
                ResponseError::LeaderNotAvailable.code()
            }
            other => other.code(),
        });
        MetadataResponsePartition::default()
            .with_error_code(error)
            .with_partition_index(index)
            .with_leader_id(WireBroker(view.leader.0))
            .with_leader_epoch(partition.leader_epoch.0)
            .with_replica_nodes(wire(&partition.replicas))
            .with_isr_nodes(wire(&partition.isr))
            .with_offline_replicas(wire(&view.offline_replicas))
    }
}

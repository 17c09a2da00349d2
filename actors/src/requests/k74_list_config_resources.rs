//! ListConfigResources (key 74), versions 0–1: what has, or may have, settings (KIP-1142).
//!
//! | version | added |
//! |---|---|
//! | 0 | client metrics subscriptions only, under the name ListClientMetricsResources |
//! | 1 | the types to list |

use std::collections::BTreeSet;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_config_resources_response::ConfigResource as Listed;
use kafka_protocol::messages::{ListConfigResourcesRequest, ListConfigResourcesResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::controller::{MetadataImage, ResourceType};

use super::Request;

const ALL: [ResourceType; 5] = [
    ResourceType::Group,
    ResourceType::ClientMetrics,
    ResourceType::BrokerLogger,
    ResourceType::Broker,
    ResourceType::Topic,
];

/// Answers from the image.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<ListConfigResourcesRequest>() else { return };
    let types: Option<BTreeSet<ResourceType>> = match request.header.version {
        0 => Some(BTreeSet::from([ResourceType::ClientMetrics])),
        _ if body.resource_types.is_empty() => Some(BTreeSet::from(ALL)),
        _ => body.resource_types.iter().map(|code| ResourceType::from_code(*code)).collect(),
    };
    let response = ListConfigResourcesResponse::default();
    let response = match types {
        Some(types) => {
            let image = request.node.image.load();
            let listed = types.into_iter().flat_map(|kind| list(&image, kind));
            response.with_config_resources(listed.collect())
        }
        None => response.with_error_code(ResponseError::UnsupportedVersion.code()),
    };
    request.respond(&response);
}

fn list(image: &MetadataImage, kind: ResourceType) -> Vec<Listed> {
    let names: BTreeSet<String> = match kind {
        ResourceType::Topic => image.topics().map(|topic| topic.name.to_string()).collect(),
        ResourceType::Broker | ResourceType::BrokerLogger => {
            image.brokers().filter(|b| !b.fenced).map(|b| b.id.to_string()).collect()
        }
        ResourceType::ClientMetrics | ResourceType::Group => image
            .configs()
            .filter(|(resource, _)| resource.kind == kind)
            .map(|(resource, _)| resource.name.clone())
            .collect(),
    };
    names
        .into_iter()
        .map(|name| {
            Listed::default()
                .with_resource_name(StrBytes::from_string(name))
                .with_resource_type(kind.code())
        })
        .collect()
}

//! DescribeConfigs (key 32), versions 1–4: what is in force for a resource, and who said so.
//!
//! | version | added |
//! |---|---|
//! | 1 | the source of each value, and the layers below it (synonyms) |
//! | 3 | types and documentation (KIP-569) |
//! | 4 | flexible |

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::describe_configs_response::{
    DescribeConfigsResourceResult, DescribeConfigsResult, DescribeConfigsSynonym,
};
use kafka_protocol::messages::{DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_config::Scope;
use ottla_core::controller::{
    ConfigResource, MetadataImage, Refusal, ResourceType, validate_topic_name,
};

use super::Request;
use crate::controller::config_entries::{
    Entry, broker_entries, default_broker_entries, resource_entries, topic_entries,
};
use crate::node::Node;

/// Kafka's text for a kind of resource that it does not describe.
const MALFORMED: &str = "This most likely occurs because of a request being malformed by the \
                         client library or the message was sent to an incompatible broker. See \
                         the broker logs for more details.";

/// Answers from the image and the settings in force.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<DescribeConfigsRequest>() else { return };
    let image = request.node.image.load_full();
    let results = body.resources.iter().map(|resource| {
        let result = DescribeConfigsResult::default()
            .with_resource_type(resource.resource_type)
            .with_resource_name(resource.resource_name.clone())
            .with_error_message(Some(StrBytes::default()));
        match entries(&request.node, &image, resource) {
            Ok(entries) => result.with_configs(shown(entries, resource, &body)),
            Err(refusal) => result
                .with_error_code(refusal.code.code())
                .with_error_message(Some(text(refusal.message.unwrap_or_default()))),
        }
    });
    let response = DescribeConfigsResponse::default().with_results(results.collect());
    request.respond(&response);
}

fn text(text: String) -> StrBytes {
    StrBytes::from_string(text)
}

fn invalid<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(ResponseError::InvalidRequest, text))
}

fn entries(
    node: &Node,
    image: &MetadataImage,
    resource: &DescribeConfigsResource,
) -> Result<Vec<Entry>, Refusal> {
    let name = resource.resource_name.to_string();
    let Some(kind) = ResourceType::from_code(resource.resource_type) else {
        return invalid(MALFORMED);
    };
    let settings = node.dynamic.load();
    let own = |kind| -> Arc<BTreeMap<String, String>> {
        image.config(&ConfigResource { kind, name: name.clone() }).cloned().unwrap_or_default()
    };
    match kind {
        ResourceType::Topic => {
            validate_topic_name(&name)?;
            if image.topic(&name).is_none() {
                return Err(Refusal::bare(ResponseError::UnknownTopicOrPartition));
            }
            Ok(topic_entries(&settings, &own(kind)))
        }
        ResourceType::Broker if name.is_empty() => {
            Ok(default_broker_entries(&settings, &own(kind)))
        }
        ResourceType::Broker => {
            this_broker(node, &name, " or empty string,")?;
            Ok(broker_entries(&settings))
        }
        ResourceType::BrokerLogger if name.is_empty() => invalid("Broker id must not be empty"),
        // there are no loggers of Kafka's names here
        ResourceType::BrokerLogger => this_broker(node, &name, "").map(|()| Vec::new()),
        ResourceType::ClientMetrics if name.is_empty() => {
            invalid("Client metrics subscription name must not be empty")
        }
        ResourceType::ClientMetrics => {
            Ok(resource_entries(&settings, Scope::ClientMetrics, &own(kind)))
        }
        ResourceType::Group if name.is_empty() => invalid("Group name must not be empty"),
        ResourceType::Group => Ok(resource_entries(&settings, Scope::Group, &own(kind))),
    }
}

fn this_broker(node: &Node, name: &str, or: &str) -> Result<(), Refusal> {
    match name.parse::<i32>() {
        Ok(id) if id == node.broker_id.0 => Ok(()),
        Ok(id) => invalid(format!(
            "Unexpected broker id, expected {}{or} but received {id}",
            node.broker_id
        )),
        Err(_) => invalid(format!("Broker id must be an integer, but it is: {name}")),
    }
}

/// The entries that were asked for, with as much detail as was asked for.
fn shown(
    entries: Vec<Entry>,
    resource: &DescribeConfigsResource,
    request: &DescribeConfigsRequest,
) -> Vec<DescribeConfigsResourceResult> {
    let keys = resource.configuration_keys.as_deref().filter(|keys| !keys.is_empty());
    let wanted = |entry: &Entry| keys.is_none_or(|keys| keys.iter().any(|k| **k == *entry.name));
    entries
        .into_iter()
        .filter(wanted)
        .map(|entry| {
            let layers = if request.include_synonyms { entry.layers } else { Vec::new() };
            let synonyms = layers.into_iter().map(|layer| {
                DescribeConfigsSynonym::default()
                    .with_name(text(layer.name))
                    .with_value(layer.value.map(text))
                    .with_source(layer.source)
            });
            let doc = request.include_documentation.then(|| text(entry.doc.to_owned()));
            DescribeConfigsResourceResult::default()
                .with_name(text(entry.name))
                .with_value(entry.value.map(text))
                .with_read_only(entry.read_only)
                .with_config_source(entry.source)
                .with_is_sensitive(entry.sensitive)
                .with_synonyms(synonyms.collect())
                .with_config_type(entry.kind)
                .with_documentation(doc)
        })
        .collect()
}

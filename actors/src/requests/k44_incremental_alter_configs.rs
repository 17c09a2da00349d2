//! IncrementalAlterConfigs (key 44), versions 0–1: sets, deletes, appends to and subtracts from
//! single settings (KIP-339); version 1 is flexible.
//!
//! Log levels of this broker (KIP-412) are not metadata: they are changed here and now.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::incremental_alter_configs_request::AlterConfigsResource;
use kafka_protocol::messages::incremental_alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::controller::{Refusal, ResourceAlteration, ResourceType, read_incremental};

use super::Request;

/// Asks the controller for all but log levels.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<IncrementalAlterConfigsRequest>() else { return };
    let resources: Vec<_> = body.resources.iter().map(|r| alteration(&request, r)).collect();
    actix::spawn(async move {
        let asked = resources.len();
        let outcome = request.node.controller.alter_configs(resources, body.validate_only).await;
        let results = outcome.unwrap_or_else(|error| {
            vec![Err(Refusal::new(error.code(), error.to_string())); asked]
        });
        let responses = body.resources.into_iter().zip(results).map(|(resource, result)| {
            let response = AlterConfigsResourceResponse::default()
                .with_resource_type(resource.resource_type)
                .with_resource_name(resource.resource_name);
            match result {
                Ok(()) => response.with_error_message(None),
                Err(refusal) => response
                    .with_error_code(refusal.code.code())
                    .with_error_message(refusal.message.map(StrBytes::from_string)),
            }
        });
        let response =
            IncrementalAlterConfigsResponse::default().with_responses(responses.collect());
        request.respond(&response);
    });
}

fn alteration(request: &Request, resource: &AlterConfigsResource) -> ResourceAlteration {
    let configs =
        resource.configs.iter().map(|c| (&*c.name, c.config_operation, c.value.as_deref()));
    let alteration = if resource.resource_type == ResourceType::BrokerLogger.code() {
        Err(logger_refusal(request, resource))
    } else {
        read_incremental(configs)
    };
    ResourceAlteration {
        kind: resource.resource_type,
        name: resource.resource_name.to_string(),
        alteration,
    }
}

/// There are no loggers of Kafka's names here, so no level of one can be set; said in the order in
/// which Kafka checks.
fn logger_refusal(request: &Request, resource: &AlterConfigsResource) -> Refusal {
    let invalid = |text: String| Refusal::new(ResponseError::InvalidRequest, text);
    let expected = request.node.broker_id;
    match resource.resource_name.parse::<i32>() {
        Ok(id) if id == expected.0 => {}
        Ok(id) => {
            return invalid(format!("Unexpected node id. Expected {expected}, but received {id}"));
        }
        Err(_) => {
            let name = &resource.resource_name;
            return invalid(format!("Node id must be an integer, but it is: {name}"));
        }
    }
    let delete = 1;
    match resource.configs.first() {
        Some(config) if &*config.name == "root" && config.config_operation == delete => {
            invalid("Removing the log level of the root logger is not allowed".to_owned())
        }
        Some(config) => Refusal::new(
            ResponseError::InvalidConfig,
            format!("Logger {} does not exist!", &*config.name),
        ),
        None => invalid("no log level was given".to_owned()),
    }
}

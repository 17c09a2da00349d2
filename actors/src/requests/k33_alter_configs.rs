//! AlterConfigs (key 33), versions 0–2: replaces all dynamic settings of resources. Deprecated
//! since KIP-339, and still what older clients send; version 2 is flexible.

use kafka_protocol::messages::alter_configs_response::AlterConfigsResourceResponse;
use kafka_protocol::messages::{AlterConfigsRequest, AlterConfigsResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::controller::{Refusal, ResourceAlteration, read_replace};

use super::Request;

/// Asks the controller.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<AlterConfigsRequest>() else { return };
    let resources = body.resources.iter().map(|resource| {
        let configs = resource.configs.iter().map(|c| (&*c.name, c.value.as_deref()));
        ResourceAlteration {
            kind: resource.resource_type,
            name: resource.resource_name.to_string(),
            alteration: read_replace(configs),
        }
    });
    let resources: Vec<_> = resources.collect();
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
        let response = AlterConfigsResponse::default().with_responses(responses.collect());
        request.respond(&response);
    });
}

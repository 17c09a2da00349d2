//! DescribeCluster (key 60), versions 0–2: the cluster's id, controller and brokers (KIP-700).
//!
//! | version | added |
//! |---|---|
//! | 1 | endpoint type: brokers or controllers (KIP-919) |
//! | 2 | fenced brokers, if asked for (KIP-1073) |

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::{
    BrokerId as WireBroker, DescribeClusterRequest, DescribeClusterResponse,
};
use kafka_protocol::protocol::StrBytes;
use ottla_core::controller::{ALL_CLUSTER_OPERATIONS, OPERATIONS_OMITTED};

use super::Request;

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

/// Answers from the image.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<DescribeClusterRequest>() else { return };
    let response = match body.endpoint_type {
        BROKERS => answer(&request, &body),
        CONTROLLERS => refused(
            ResponseError::MismatchedEndpointType,
            "The request was sent to an endpoint of type BROKER, but we wanted an endpoint of \
             type CONTROLLER"
                .to_owned(),
        ),
        other => refused(
            ResponseError::UnsupportedEndpointType,
            format!("Unsupported endpoint type {other}"),
        ),
    };
    request.respond(&response);
}

fn refused(code: ResponseError, text: String) -> DescribeClusterResponse {
    DescribeClusterResponse::default()
        .with_error_code(code.code())
        .with_error_message(Some(StrBytes::from_string(text)))
        .with_controller_id(WireBroker(-1))
        .with_cluster_authorized_operations(OPERATIONS_OMITTED)
}

fn answer(request: &Request, body: &DescribeClusterRequest) -> DescribeClusterResponse {
    let image = request.node.image.load();
    let visible = image.brokers().filter(|b| !b.fenced || body.include_fenced_brokers);
    let brokers = visible
        .filter_map(|broker| {
            let endpoint = broker.endpoint(&request.listener.name)?;
            let described = DescribeClusterBroker::default()
                .with_broker_id(WireBroker(broker.id.0))
                .with_host(StrBytes::from_string(endpoint.host.clone()))
                .with_port(i32::from(endpoint.port))
                .with_rack(broker.rack.clone().map(StrBytes::from_string))
                .with_is_fenced(broker.fenced);
            Some(described)
        })
        .collect();
    let controller = image.brokers().find(|b| !b.fenced).map_or(-1, |b| b.id.0);
    let operations = match body.include_cluster_authorized_operations {
        true => ALL_CLUSTER_OPERATIONS,
        false => OPERATIONS_OMITTED,
    };
    DescribeClusterResponse::default()
        .with_cluster_id(StrBytes::from_string(request.node.cluster_id.to_string()))
        .with_controller_id(WireBroker(controller))
        .with_brokers(brokers)
        .with_cluster_authorized_operations(operations)
}

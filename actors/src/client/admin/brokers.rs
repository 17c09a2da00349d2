//! The brokers of a cluster: who they are, and what they speak.

use kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, DescribeClusterRequest, DescribeClusterResponse,
    UnregisterBrokerRequest,
};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::BrokerId;

use super::{Admin, Refusal};
use crate::client::{ClientError, Route};

impl Admin {
    /// The cluster's id, brokers and controller; with `fenced`, the brokers that are registered but
    /// not in use too (KIP-1073).
    ///
    /// # Errors
    /// Nobody answered, or the answer is an error.
    pub async fn describe_cluster_with(
        &self,
        fenced: bool,
    ) -> Result<DescribeClusterResponse, ClientError> {
        // version 2 has the fenced ones
        let build = move |version: i16| {
            let request = DescribeClusterRequest::default();
            if version >= 2 { request.with_include_fenced_brokers(fenced) } else { request }
        };
        let answer = self.ask_as(Route::Any, i16::MAX, build, |answer| answer.error_code).await?;
        ClientError::check(answer.error_code)?;
        Ok(answer)
    }

    /// What a broker speaks.
    ///
    /// # Errors
    /// It did not answer, or answered with an error.
    pub async fn api_versions(&self, broker: i32) -> Result<ApiVersionsResponse, ClientError> {
        let request = ApiVersionsRequest::default()
            .with_client_software_name(StrBytes::from_static_str("ottla"))
            .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
        let answer = self.ask(Route::Broker(BrokerId(broker)), request).await?;
        ClientError::check(answer.error_code)?;
        Ok(answer)
    }

    /// Takes a broker that is gone for good out of the cluster (KIP-631).
    ///
    /// # Errors
    /// Nobody answered; within, what the controller refused.
    pub async fn unregister_broker(&self, broker: i32) -> Result<Result<(), Refusal>, ClientError> {
        let request = UnregisterBrokerRequest::default().with_broker_id(broker.into());
        let answer = self.ask(Route::Controller, request).await?;
        Ok(Refusal::check(answer.error_code, answer.error_message.as_ref()))
    }
}

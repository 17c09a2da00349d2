//! How a call is tried until it is answered.

use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::Request;

use crate::client::cluster::{Cluster, Route};
use crate::client::error::ClientError;

/// Asks until someone answers without a retriable error.
pub(super) async fn until_answered<R: Request>(
    cluster: &Cluster,
    route: &Route,
    max: i16,
    build: impl Fn(i16) -> R,
    code: impl Fn(&R::Response) -> i16,
) -> Result<R::Response, ClientError> {
    loop {
        let answer = cluster.call(route, max, cluster.config().request_timeout, &build).await;
        let retriable = match &answer {
            Ok(answer) => {
                let error = ResponseError::try_from_code(code(answer));
                error.is_some_and(|error| error.is_retriable())
            }
            // the first address may be wrong for good: whoever asks should know
            Err(ClientError::Connect { .. }) if *route == Route::Any => false,
            Err(error) => error.is_retriable(),
        };
        if !retriable {
            return answer;
        }
        cluster.forget(route);
        tokio::time::sleep(cluster.config().retry_backoff).await;
    }
}

//! How a call is tried until it is answered.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use kafka_protocol::error::ResponseError;
use kafka_protocol::protocol::Request;
use ottla_core::base::{BrokerId, TopicName, TopicPartition};
use tokio::time::Instant;

use crate::client::cluster::{Cluster, Route};
use crate::client::error::ClientError;

/// How often a topic that nobody knows is asked for: it may have been made just now.
const UNKNOWN_TRIES: u32 = 3;

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

/// What became of each partition of a call that went to many leaders.
pub(super) type Fanned<T> = BTreeMap<TopicPartition, Result<T, ClientError>>;

/// A request that is about partitions and belongs to their leaders.
pub(super) struct LeaderCall<B, F> {
    /// The first and the last version that say what is meant.
    pub(super) versions: (i16, i16),
    /// Makes the request about some partitions.
    pub(super) build: B,
    /// Finds each partition's result in an answer.
    pub(super) read: F,
}

/// Sends a call to the leaders of `partitions`, all at once, and tries what passes again until
/// `default.api.timeout.ms` is over.
pub(super) async fn by_leader<R, T, B, F>(
    cluster: &Cluster,
    partitions: Vec<TopicPartition>,
    call: LeaderCall<B, F>,
) -> Fanned<T>
where
    R: Request,
    B: Fn(&[TopicPartition]) -> R,
    F: Fn(R::Response) -> Vec<(TopicPartition, Result<T, ResponseError>)>,
{
    let deadline = Instant::now() + cluster.config().api_timeout;
    let mut done = Fanned::new();
    let mut left: BTreeMap<TopicPartition, ClientError> =
        partitions.into_iter().map(|partition| (partition, ClientError::TimedOut)).collect();
    let mut round = 0;
    while !left.is_empty() {
        round += 1;
        let tries = once(cluster, left.keys().cloned().collect(), &call);
        let Ok(results) = tokio::time::timeout_at(deadline, tries).await else { break };
        for (partition, result) in results {
            let again = match &result {
                Err(ClientError::Refused(ResponseError::UnknownTopicOrPartition)) => {
                    round < UNKNOWN_TRIES
                }
                Err(error) => error.is_retriable(),
                Ok(_) => false,
            };
            match result {
                Err(error) if again => {
                    cluster.forget(&Route::Leader(partition.clone()));
                    left.insert(partition, error);
                }
                result => {
                    left.remove(&partition);
                    done.insert(partition, result);
                }
            }
        }
        if left.is_empty() {
            break;
        }
        let wake = Instant::now() + cluster.config().retry_backoff;
        if wake >= deadline {
            break;
        }
        tokio::time::sleep_until(wake).await;
    }
    done.extend(left.into_iter().map(|(partition, error)| (partition, Err(error))));
    done
}

/// One round: every partition has a result in the end.
async fn once<R, T, B, F>(
    cluster: &Cluster,
    partitions: Vec<TopicPartition>,
    call: &LeaderCall<B, F>,
) -> Fanned<T>
where
    R: Request,
    B: Fn(&[TopicPartition]) -> R,
    F: Fn(R::Response) -> Vec<(TopicPartition, Result<T, ResponseError>)>,
{
    let mut results = Fanned::new();
    let leaders = match leaders(cluster, &partitions, &mut results).await {
        Ok(leaders) => leaders,
        Err(error) => {
            let all = partitions.into_iter().map(|partition| (partition, Err(error.clone())));
            return all.collect();
        }
    };
    let asked = leaders.into_iter().map(|(broker, partitions)| async move {
        let answer = ask(cluster, broker, &partitions, call).await;
        (partitions, answer)
    });
    for (partitions, answer) in join_all(asked).await {
        match answer {
            Ok(answer) => {
                let mut found: BTreeMap<_, _> = (call.read)(answer).into_iter().collect();
                for partition in partitions {
                    let missing = Err(ResponseError::UnknownServerError);
                    let result = found.remove(&partition).unwrap_or(missing);
                    results.insert(partition, result.map_err(ClientError::Refused));
                }
            }
            Err(error) => {
                let all = partitions.into_iter().map(|partition| (partition, Err(error.clone())));
                results.extend(all);
            }
        }
    }
    results
}

async fn ask<R, T, B, F>(
    cluster: &Cluster,
    broker: BrokerId,
    partitions: &[TopicPartition],
    call: &LeaderCall<B, F>,
) -> Result<R::Response, ClientError>
where
    R: Request,
    B: Fn(&[TopicPartition]) -> R,
    F: Fn(R::Response) -> Vec<(TopicPartition, Result<T, ResponseError>)>,
{
    let connection = cluster.connection(&Route::Broker(broker)).await?;
    let (first, last) = call.versions;
    let version = connection.version_within::<R>(first, last)?;
    let request = (call.build)(partitions);
    connection.call(version, &request, cluster.config().request_timeout).await
}

/// The partitions by leader; those without one get their result.
async fn leaders<T>(
    cluster: &Cluster,
    partitions: &[TopicPartition],
    results: &mut Fanned<T>,
) -> Result<BTreeMap<BrokerId, Vec<TopicPartition>>, ClientError> {
    let mut unknown: Vec<TopicName> = Vec::new();
    for partition in partitions {
        let known = cluster.metadata().leader(partition).is_some();
        if !known && !unknown.contains(&partition.topic) {
            unknown.push(TopicName::clone(&partition.topic));
        }
    }
    let mut failed = BTreeMap::new();
    if !unknown.is_empty() {
        failed = cluster.refresh(Some(&unknown), false).await?.into_iter().collect();
    }
    let mut leaders: BTreeMap<BrokerId, Vec<TopicPartition>> = BTreeMap::new();
    for partition in partitions {
        if let Some(leader) = cluster.metadata().leader(partition) {
            leaders.entry(leader).or_default().push(partition.clone());
            continue;
        }
        let said =
            failed.get(&partition.topic).and_then(|code| ResponseError::try_from_code(*code));
        let known = cluster.metadata().partition(partition).is_some();
        let error = said.unwrap_or(if known {
            ResponseError::LeaderNotAvailable
        } else {
            ResponseError::UnknownTopicOrPartition
        });
        results.insert(partition.clone(), Err(ClientError::Refused(error)));
    }
    Ok(leaders)
}

/// The partitions by topic, as requests group them.
pub(super) fn grouped(partitions: &[TopicPartition]) -> BTreeMap<&str, Vec<&TopicPartition>> {
    let mut topics: BTreeMap<&str, Vec<&TopicPartition>> = BTreeMap::new();
    for partition in partitions {
        topics.entry(&partition.topic).or_default().push(partition);
    }
    topics
}

//! Log directories, asked of the brokers that have them.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};
use ottla_core::base::{BrokerId, TopicPartition};

use super::{Admin, owned};
use crate::client::{ClientError, Route};

/// A log directory of one broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogDirDescription {
    /// Its path on the broker's machine.
    pub path: String,
    /// What is wrong with it, if something is: a failed directory is
    /// [`KafkaStorageError`](ResponseError::KafkaStorageError).
    pub error: Option<ResponseError>,
    /// How large its file system is; from brokers that say so (KIP-827).
    pub total_bytes: Option<i64>,
    /// How much of that is free.
    pub usable_bytes: Option<i64>,
    /// The partitions that lie in it, in the order in which the broker named them.
    pub replicas: Vec<ReplicaInfo>,
}

/// A replica in a log directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaInfo {
    /// Its partition.
    pub partition: TopicPartition,
    /// The bytes of its segments.
    pub size: i64,
    /// How far it lags behind the high watermark, or the current replica for a future one.
    pub offset_lag: i64,
    /// Whether it is to replace the current one when it has caught up.
    pub is_future: bool,
}

impl Admin {
    /// The log directories of a broker, each with the replicas that lie in it.
    ///
    /// # Errors
    /// The broker did not answer, or answered with an error that does not pass.
    pub async fn describe_log_dirs(
        &self,
        broker: i32,
    ) -> Result<Vec<LogDirDescription>, ClientError> {
        let build = |_| DescribeLogDirsRequest::default().with_topics(None);
        let code = |answer: &DescribeLogDirsResponse| answer.error_code;
        let route = Route::Broker(BrokerId(broker));
        let answer = self.ask_as(route, i16::MAX, build, code).await?;
        ClientError::check(answer.error_code)?;
        // brokers before version 3 have no field for it, and answer with nothing at all
        Ok(read(&answer))
    }
}

fn read(answer: &DescribeLogDirsResponse) -> Vec<LogDirDescription> {
    let known = |bytes: i64| (bytes >= 0).then_some(bytes);
    let each = answer.results.iter().map(|dir| {
        let replicas = dir.topics.iter().flat_map(|topic| {
            topic.partitions.iter().map(|found| ReplicaInfo {
                partition: TopicPartition::new(topic.name.as_str(), found.partition_index),
                size: found.partition_size,
                offset_lag: found.offset_lag,
                is_future: found.is_future_key,
            })
        });
        LogDirDescription {
            path: owned(&dir.log_dir),
            error: ResponseError::try_from_code(dir.error_code),
            total_bytes: known(dir.total_bytes),
            usable_bytes: known(dir.usable_bytes),
            replicas: replicas.collect(),
        }
    });
    each.collect()
}

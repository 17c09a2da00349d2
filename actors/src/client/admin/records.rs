//! Records of partitions, deleted by their leaders.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::{DeleteRecordsRequest, DeleteRecordsResponse};
use kafka_protocol::protocol::Message;
use ottla_core::base::{Offset, TopicPartition};

use super::calls::{Fanned, LeaderCall, by_leader, grouped};
use super::{Admin, text};
use crate::client::ClientError;

/// How long the brokers may take to carry an order out.
const ORDER_MS: i32 = 30_000;

impl Admin {
    /// Deletes the records before an offset, -1 for all of them; the offset that the log begins
    /// with from then on.
    ///
    /// # Errors
    /// Nobody answered, or the answer is an error that does not pass.
    pub async fn delete_records(
        &self,
        partition: &TopicPartition,
        before: Offset,
    ) -> Result<Offset, ClientError> {
        let before = BTreeMap::from([(partition.clone(), before)]);
        let mut deleted = self.delete_records_of(&before).await?;
        deleted.remove(partition).unwrap_or(Err(ClientError::NotKnown))
    }

    /// Deletes the records before an offset in each of these partitions, as
    /// [`delete_records`](Self::delete_records) does, with one request for each leader. Each
    /// partition has its own result: what others refuse changes nothing for it.
    ///
    /// # Errors
    /// The client is closed.
    pub async fn delete_records_of(
        &self,
        before: &BTreeMap<TopicPartition, Offset>,
    ) -> Result<Fanned<Offset>, ClientError> {
        let asked = before.clone();
        let call = LeaderCall {
            versions: (DeleteRecordsRequest::VERSIONS.min, DeleteRecordsRequest::VERSIONS.max),
            build: move |partitions: &[TopicPartition]| request(partitions, &asked),
            read: |answer: DeleteRecordsResponse| read(&answer),
        };
        let partitions: Vec<TopicPartition> = before.keys().cloned().collect();
        self.run(move |cluster| {
            Box::pin(async move { Ok(by_leader(&cluster, partitions, call).await) })
        })
        .await
    }
}

fn request(
    partitions: &[TopicPartition],
    asked: &BTreeMap<TopicPartition, Offset>,
) -> DeleteRecordsRequest {
    let topics = grouped(partitions).into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().filter_map(|partition| {
            let before = asked.get(partition)?;
            Some(
                DeleteRecordsPartition::default()
                    .with_partition_index(partition.partition)
                    .with_offset(before.0),
            )
        });
        DeleteRecordsTopic::default()
            .with_name(text(name).into())
            .with_partitions(partitions.collect())
    });
    DeleteRecordsRequest::default().with_timeout_ms(ORDER_MS).with_topics(topics.collect())
}

fn read(answer: &DeleteRecordsResponse) -> Vec<(TopicPartition, Result<Offset, ResponseError>)> {
    let each = answer.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|found| {
            let partition = TopicPartition::new(topic.name.as_str(), found.partition_index);
            let result = match ResponseError::try_from_code(found.error_code) {
                Some(error) => Err(error),
                None => Ok(Offset(found.low_watermark)),
            };
            (partition, result)
        })
    });
    each.collect()
}

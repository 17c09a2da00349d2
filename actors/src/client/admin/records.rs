//! Offsets and records of partitions, asked of their leaders.

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse,
};
use ottla_core::base::{Offset, TopicPartition};

use super::{Admin, text};
use crate::client::{ClientError, Route};

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first one that is there.
    Earliest,
    /// The one that the next record gets, as far as readers see.
    Latest,
    /// That of the record with the largest timestamp (KIP-734).
    MaxTimestamp,
    /// The first one with this timestamp or a later one.
    At(i64),
}

impl OffsetSpec {
    fn timestamp(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::MaxTimestamp => -3,
            Self::At(timestamp) => timestamp,
        }
    }
}

impl Admin {
    /// An offset of a partition, with the timestamp of its record if the answer has one; none if
    /// there is no such record.
    ///
    /// # Errors
    /// Nobody answered, or the answer is an error that does not pass.
    pub async fn offset(
        &self,
        partition: &TopicPartition,
        spec: OffsetSpec,
    ) -> Result<Option<(Offset, i64)>, ClientError> {
        let asked = ListOffsetsPartition::default()
            .with_partition_index(partition.partition)
            .with_timestamp(spec.timestamp());
        let topic = ListOffsetsTopic::default()
            .with_name(text(&partition.topic).into())
            .with_partitions(vec![asked]);
        let request =
            ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(vec![topic]);
        fn first(
            answer: &ListOffsetsResponse,
        ) -> Option<&kafka_protocol::messages::list_offsets_response::ListOffsetsPartitionResponse>
        {
            answer.topics.first()?.partitions.first()
        }
        let missing = ResponseError::UnknownServerError.code();
        let code = move |a: &ListOffsetsResponse| first(a).map_or(missing, |p| p.error_code);
        let route = Route::Leader(partition.clone());
        let answer = self.ask_as(route, i16::MAX, move |_| request.clone(), code).await?;
        ClientError::check(code(&answer))?;
        let found = first(&answer).filter(|found| found.offset >= 0);
        Ok(found.map(|found| (Offset(found.offset), found.timestamp)))
    }

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
        let asked = DeleteRecordsPartition::default()
            .with_partition_index(partition.partition)
            .with_offset(before.0);
        let topic = DeleteRecordsTopic::default()
            .with_name(text(&partition.topic).into())
            .with_partitions(vec![asked]);
        let request =
            DeleteRecordsRequest::default().with_timeout_ms(30_000).with_topics(vec![topic]);
        let first = |answer: &DeleteRecordsResponse| {
            let found = answer.topics.first().and_then(|topic| topic.partitions.first());
            let missing = ResponseError::UnknownServerError.code();
            found.map_or((missing, -1), |found| (found.error_code, found.low_watermark))
        };
        let route = Route::Leader(partition.clone());
        let build = move |_| request.clone();
        let answer = self.ask_as(route, i16::MAX, build, move |answer| first(answer).0).await?;
        let (code, low) = first(&answer);
        ClientError::check(code)?;
        Ok(Offset(low))
    }
}

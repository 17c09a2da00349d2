//! Offsets of partitions, asked of their leaders.

use std::collections::BTreeMap;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};
use ottla_core::base::{Offset, TopicPartition};

use super::calls::{Fanned, LeaderCall, by_leader, grouped};
use super::{Admin, text};
use crate::client::ClientError;

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The first one that is there.
    Earliest,
    /// The one that the next record gets, as far as readers see.
    Latest,
    /// That of the record with the largest timestamp (KIP-734).
    MaxTimestamp,
    /// The first one that is on the broker's own disk (KIP-405).
    EarliestLocal,
    /// The last one that has been moved to tiered storage (KIP-1005).
    LatestTiered,
    /// The first one that has not yet been moved to tiered storage (KIP-1023).
    EarliestPendingUpload,
    /// The first one with this timestamp or a later one.
    At(i64),
}

impl OffsetSpec {
    fn timestamp(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::MaxTimestamp => -3,
            Self::EarliestLocal => -4,
            Self::LatestTiered => -5,
            Self::EarliestPendingUpload => -6,
            Self::At(timestamp) => timestamp,
        }
    }

    /// The first version of the request in which it can be asked for.
    fn since(self) -> i16 {
        match self {
            Self::Latest | Self::Earliest | Self::At(_) => 1,
            Self::MaxTimestamp => 7,
            Self::EarliestLocal => 8,
            Self::LatestTiered => 9,
            Self::EarliestPendingUpload => 11,
        }
    }
}

/// The last version of the request: it has the form of the one before.
const LATEST: i16 = 11;

/// What a leader said of an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedOffset {
    /// The offset.
    pub offset: Offset,
    /// The timestamp of its record, or -1.
    pub timestamp: i64,
    /// The epoch of the leader that wrote it, or -1.
    pub leader_epoch: i32,
}

/// What each partition's leader said: none where there is no such record.
type Listed = Fanned<Option<ListedOffset>>;

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
        let mut listed = self.offsets(&BTreeMap::from([(partition.clone(), spec)])).await?;
        let found = listed.remove(partition).unwrap_or(Err(ClientError::NotKnown))?;
        Ok(found.map(|found| (found.offset, found.timestamp)))
    }

    /// Offsets of many partitions, with one request for each broker that leads some of them. Each
    /// partition has its own result; what passes is tried again until `default.api.timeout.ms` is
    /// over, except that a topic nobody knows is given up sooner.
    ///
    /// # Errors
    /// The client is closed.
    pub async fn offsets(
        &self,
        wanted: &BTreeMap<TopicPartition, OffsetSpec>,
    ) -> Result<Listed, ClientError> {
        let asked = wanted.clone();
        let since = wanted.values().map(|spec| spec.since()).max().unwrap_or(1);
        let call = LeaderCall {
            versions: (since, LATEST),
            build: move |partitions: &[TopicPartition]| request(partitions, &asked),
            read: |answer: ListOffsetsResponse| read(&answer),
        };
        let partitions: Vec<TopicPartition> = wanted.keys().cloned().collect();
        self.run(move |cluster| {
            Box::pin(async move { Ok(by_leader(&cluster, partitions, call).await) })
        })
        .await
    }
}

fn request(
    partitions: &[TopicPartition],
    asked: &BTreeMap<TopicPartition, OffsetSpec>,
) -> ListOffsetsRequest {
    let topics = grouped(partitions).into_iter().map(|(name, partitions)| {
        let partitions = partitions.into_iter().map(|partition| {
            let spec = asked.get(partition).copied().unwrap_or(OffsetSpec::Latest);
            ListOffsetsPartition::default()
                .with_partition_index(partition.partition)
                .with_timestamp(spec.timestamp())
        });
        ListOffsetsTopic::default()
            .with_name(text(name).into())
            .with_partitions(partitions.collect())
    });
    ListOffsetsRequest::default().with_replica_id((-1).into()).with_topics(topics.collect())
}

fn read(
    answer: &ListOffsetsResponse,
) -> Vec<(TopicPartition, Result<Option<ListedOffset>, ResponseError>)> {
    let each = answer.topics.iter().flat_map(|topic| {
        topic.partitions.iter().map(|found| {
            let partition = TopicPartition::new(topic.name.as_str(), found.partition_index);
            let listed = ListedOffset {
                offset: Offset(found.offset),
                timestamp: found.timestamp,
                leader_epoch: found.leader_epoch,
            };
            let result = match ResponseError::try_from_code(found.error_code) {
                Some(error) => Err(error),
                None => Ok((found.offset >= 0).then_some(listed)),
            };
            (partition, result)
        })
    });
    each.collect()
}

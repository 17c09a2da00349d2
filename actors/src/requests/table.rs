//! The table of handlers and the one dispatcher.

use bytes::Bytes;
use kafka_protocol::messages::ApiKey;
use ottla_core::wire::{self, RequestHeader, api::Api};

use super::{Handler, Request, RequestError};
use super::{
    k00_produce, k01_fetch, k02_list_offsets, k03_metadata, k08_offset_commit, k09_offset_fetch,
    k10_find_coordinator, k11_join_group, k12_heartbeat, k13_leave_group, k14_sync_group,
    k15_describe_groups, k16_list_groups, k18_api_versions, k19_create_topics, k20_delete_topics,
    k21_delete_records, k22_init_producer_id, k23_offset_for_leader_epoch, k32_describe_configs,
    k33_alter_configs, k35_describe_log_dirs, k37_create_partitions, k42_delete_groups,
    k44_incremental_alter_configs, k47_offset_delete, k60_describe_cluster, k61_describe_producers,
    k74_list_config_resources, k75_describe_topic_partitions,
};

/// When the next request of the same connection may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// When this one is answered. Kafka does so for every request.
    One,
    /// As soon as the handler has returned: it has fixed its place in every queue it goes to, and
    /// only the answer is outstanding.
    Two,
}

/// One row: an API key, when the next request may start, and its handler.
pub(crate) struct Entry(ApiKey, Stage, Handler);

impl Entry {
    /// When the next request of the same connection may start.
    pub(crate) fn stage(&self) -> Stage {
        self.1
    }

    /// Hands the request to its handler.
    pub(crate) fn handle(&self, request: Request) {
        (self.2)(request);
    }
}

/// What is served, by API key. A key without a row is not advertised.
static TABLE: &[Entry] = &[
    Entry(ApiKey::Produce, Stage::Two, k00_produce::handle),
    Entry(ApiKey::Fetch, Stage::One, k01_fetch::handle),
    Entry(ApiKey::ListOffsets, Stage::One, k02_list_offsets::handle),
    Entry(ApiKey::Metadata, Stage::One, k03_metadata::handle),
    Entry(ApiKey::OffsetCommit, Stage::One, k08_offset_commit::handle),
    Entry(ApiKey::OffsetFetch, Stage::One, k09_offset_fetch::handle),
    Entry(ApiKey::FindCoordinator, Stage::One, k10_find_coordinator::handle),
    Entry(ApiKey::JoinGroup, Stage::One, k11_join_group::handle),
    Entry(ApiKey::Heartbeat, Stage::One, k12_heartbeat::handle),
    Entry(ApiKey::LeaveGroup, Stage::One, k13_leave_group::handle),
    Entry(ApiKey::SyncGroup, Stage::One, k14_sync_group::handle),
    Entry(ApiKey::DescribeGroups, Stage::One, k15_describe_groups::handle),
    Entry(ApiKey::ListGroups, Stage::One, k16_list_groups::handle),
    Entry(ApiKey::ApiVersions, Stage::One, k18_api_versions::handle),
    Entry(ApiKey::CreateTopics, Stage::One, k19_create_topics::handle),
    Entry(ApiKey::DeleteTopics, Stage::One, k20_delete_topics::handle),
    Entry(ApiKey::DeleteRecords, Stage::One, k21_delete_records::handle),
    Entry(ApiKey::InitProducerId, Stage::One, k22_init_producer_id::handle),
    Entry(ApiKey::OffsetForLeaderEpoch, Stage::One, k23_offset_for_leader_epoch::handle),
    Entry(ApiKey::DescribeConfigs, Stage::One, k32_describe_configs::handle),
    Entry(ApiKey::AlterConfigs, Stage::One, k33_alter_configs::handle),
    Entry(ApiKey::DescribeLogDirs, Stage::One, k35_describe_log_dirs::handle),
    Entry(ApiKey::CreatePartitions, Stage::One, k37_create_partitions::handle),
    Entry(ApiKey::DeleteGroups, Stage::One, k42_delete_groups::handle),
    Entry(ApiKey::IncrementalAlterConfigs, Stage::One, k44_incremental_alter_configs::handle),
    Entry(ApiKey::OffsetDelete, Stage::One, k47_offset_delete::handle),
    Entry(ApiKey::DescribeCluster, Stage::One, k60_describe_cluster::handle),
    Entry(ApiKey::DescribeProducers, Stage::One, k61_describe_producers::handle),
    Entry(ApiKey::ListConfigResources, Stage::One, k74_list_config_resources::handle),
    Entry(ApiKey::DescribeTopicPartitions, Stage::One, k75_describe_topic_partitions::handle),
];

/// Every API that is served, with its versions.
pub(crate) fn advertised() -> impl Iterator<Item = &'static Api> {
    TABLE.iter().filter_map(|row| Api::find(row.0))
}

fn entry(key: ApiKey) -> Option<&'static Entry> {
    TABLE.binary_search_by_key(&(key as i16), |row| row.0 as i16).ok().and_then(|i| TABLE.get(i))
}

/// Reads the header of a frame and finds its row; what is left of `frame` is the body.
///
/// ApiVersions alone passes with any version: its handler answers a version it does not know
/// in version 0, so that client and broker can agree on one (KIP-511).
///
/// # Errors
/// The connection must be closed.
pub(crate) fn dispatch(frame: &mut Bytes) -> Result<(RequestHeader, &'static Entry), RequestError> {
    let header = wire::decode_header(frame).map_err(RequestError::Header)?;
    let (key, version) = (header.api_key, header.version);
    let row = entry(key).ok_or(RequestError::NotServed(key))?;
    let api = Api::find(key).ok_or(RequestError::NotServed(key))?;
    if !api.serves(version) && key != ApiKey::ApiVersions {
        return Err(RequestError::UnsupportedVersion(key, version));
    }
    Ok((header, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_every_row_has_its_versions() {
        assert!(TABLE.windows(2).all(|two| (two[0].0 as i16) < two[1].0 as i16));
        assert!(TABLE.iter().all(|row| Api::find(row.0).is_some()));
    }
}

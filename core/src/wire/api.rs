//! Which APIs exist, and which versions of them both Kafka 4.3 and the message library speak.

use kafka_protocol::messages::ApiKey;

/// One API and the versions that may be advertised for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Api {
    /// The API key.
    pub key: ApiKey,
    /// Kafka's name for it.
    pub name: &'static str,
    /// The lowest version served.
    pub min: i16,
    /// The highest version served.
    pub max: i16,
}

const fn api(key: ApiKey, name: &'static str, min: i16, max: i16) -> Api {
    Api { key, name, min, max }
}

/// Every API of the broker, by key. Produce begins at 3 because message formats 0 and 1 are not
/// written; Kafka 4.3 advertises 0 for the sake of old librdkafka and refuses those versions.
pub const TABLE: [Api; 30] = [
    api(ApiKey::Produce, "Produce", 3, 13),
    api(ApiKey::Fetch, "Fetch", 4, 18),
    api(ApiKey::ListOffsets, "ListOffsets", 1, 10),
    api(ApiKey::Metadata, "Metadata", 0, 13),
    api(ApiKey::OffsetCommit, "OffsetCommit", 2, 9),
    api(ApiKey::OffsetFetch, "OffsetFetch", 1, 9),
    api(ApiKey::FindCoordinator, "FindCoordinator", 0, 6),
    api(ApiKey::JoinGroup, "JoinGroup", 0, 9),
    api(ApiKey::Heartbeat, "Heartbeat", 0, 4),
    api(ApiKey::LeaveGroup, "LeaveGroup", 0, 5),
    api(ApiKey::SyncGroup, "SyncGroup", 0, 5),
    api(ApiKey::DescribeGroups, "DescribeGroups", 0, 6),
    api(ApiKey::ListGroups, "ListGroups", 0, 5),
    api(ApiKey::ApiVersions, "ApiVersions", 0, 4),
    api(ApiKey::CreateTopics, "CreateTopics", 2, 7),
    api(ApiKey::DeleteTopics, "DeleteTopics", 1, 6),
    api(ApiKey::DeleteRecords, "DeleteRecords", 0, 2),
    api(ApiKey::InitProducerId, "InitProducerId", 0, 5),
    api(ApiKey::OffsetForLeaderEpoch, "OffsetForLeaderEpoch", 2, 4),
    api(ApiKey::DescribeConfigs, "DescribeConfigs", 1, 4),
    api(ApiKey::AlterConfigs, "AlterConfigs", 0, 2),
    api(ApiKey::DescribeLogDirs, "DescribeLogDirs", 1, 4),
    api(ApiKey::CreatePartitions, "CreatePartitions", 0, 3),
    api(ApiKey::DeleteGroups, "DeleteGroups", 0, 2),
    api(ApiKey::IncrementalAlterConfigs, "IncrementalAlterConfigs", 0, 1),
    api(ApiKey::OffsetDelete, "OffsetDelete", 0, 0),
    api(ApiKey::DescribeCluster, "DescribeCluster", 0, 2),
    api(ApiKey::DescribeProducers, "DescribeProducers", 0, 0),
    api(ApiKey::ListConfigResources, "ListConfigResources", 0, 1),
    api(ApiKey::DescribeTopicPartitions, "DescribeTopicPartitions", 0, 0),
];

impl Api {
    /// The API with this key, if the broker serves it.
    #[must_use]
    pub fn find(key: ApiKey) -> Option<&'static Self> {
        TABLE.iter().find(|api| api.key == key)
    }

    /// Whether this version is served.
    #[must_use]
    pub fn serves(&self, version: i16) -> bool {
        (self.min..=self.max).contains(&version)
    }

    /// The version of the header in front of a request.
    #[must_use]
    pub fn request_header_version(&self, version: i16) -> i16 {
        self.key.request_header_version(version)
    }

    /// The version of the header in front of a response. ApiVersions always answers with version
    /// 0, so that a client can read the answer before it knows the broker (KIP-511).
    #[must_use]
    pub fn response_header_version(&self, version: i16) -> i16 {
        self.key.response_header_version(version)
    }
}

#[cfg(test)]
#[path = "api_tests.rs"]
mod tests;

//! `kafka-broker-api-versions`: which requests each broker answers, and in which versions.

use std::collections::BTreeMap;

use ottla_actors::client::messages::ApiVersionsResponse;
use ottla_actors::client::{Admin, ClientError};
use serde_json::{Value, json};

use super::kit::{Given, Kind, Out, Spec, Stop, Tool, block_on, wording};

pub(super) const TOOL: Tool = Tool {
    name: "broker-api-versions",
    about: "Shows which requests each broker answers, and in which versions",
    spec,
    run,
};

fn spec() -> Spec {
    Spec::joptsimple("This tool helps to retrieve broker version information.")
        .value(
            "command-config",
            Kind::File,
            "command config property file",
            "A property file containing configs to be passed to Admin Client.",
        )
        .value(
            "bootstrap-server",
            Kind::Text,
            "server(s) to use for bootstrapping",
            "REQUIRED: The server to connect to.",
        )
        .address_is_enough()
        .output()
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    given.require(&["bootstrap-server"])?;
    let output = given.output()?;
    let config = given.client("command-config")?;
    let asked: Vec<String> = (1..)
        .zip(&config.bootstrap)
        .map(|(index, address)| format!("{address} (id: -{index} rack: null isFenced: false)"))
        .collect();
    block_on(async {
        let admin = Admin::start(config)?;
        let cluster = admin.describe_cluster().await.map_err(|error| match error {
            ClientError::Connect { .. } | ClientError::TimedOut => {
                Stop::error(format!("Request METADATA failed on brokers [{}]", asked.join(", ")))
            }
            other => other.into(),
        })?;
        let mut shown = Vec::new();
        for broker in &cluster.brokers {
            let (id, host, port) = (broker.broker_id.0, broker.host.as_str(), broker.port);
            let rack = broker.rack.as_ref().map_or("null", |rack| rack.as_str());
            let head = format!("{host}:{port} (id: {id} rack: {rack} isFenced: false)");
            let versions = admin.api_versions(id).await;
            if output == super::kit::Output::Table {
                out.line(match &versions {
                    Ok(versions) => format!("{head} -> {}", text(versions)),
                    Err(error) => format!("{head} -> ERROR: {}", wording::client(error)),
                })?;
            } else {
                let versions = versions?;
                shown.push(json!({"id": id, "host": host, "port": port, "apis": apis(&versions)}));
            }
        }
        output.print(&Value::from(shown), out).map(|_| ())
    })
}

/// What the broker speaks, a line for each request that a client knows or the broker names.
fn text(versions: &ApiVersionsResponse) -> String {
    let unsupported =
        KNOWN.iter().map(|known| (known.0, format!("{}({}): UNSUPPORTED", known.1, known.0)));
    let mut lines: BTreeMap<i16, String> = unsupported.collect();
    for api in &versions.api_keys {
        let (key, min, max) = (api.api_key, api.min_version, api.max_version);
        let range = if min == max { min.to_string() } else { format!("{min} to {max}") };
        let known = KNOWN.iter().find(|known| known.0 == key);
        let line = match known {
            None => format!("UNKNOWN({key}): {range}"),
            Some((_, name, oldest, latest)) => {
                let usable = if *latest < min {
                    "[unusable: node too new]".to_owned()
                } else if max < *oldest {
                    "[unusable: node too old]".to_owned()
                } else {
                    format!("[usable: {}]", max.min(*latest))
                };
                format!("{name}({key}): {range} {usable}")
            }
        };
        lines.insert(key, line);
    }
    let lines: Vec<String> = lines.into_values().collect();
    format!("(\n\t{}\n)", lines.join(",\n\t"))
}

fn apis(versions: &ApiVersionsResponse) -> Vec<Value> {
    let one = |key: i16| KNOWN.iter().find(|known| known.0 == key).map(|known| known.1);
    let apis = versions.api_keys.iter().map(|api| {
        json!({
            "key": api.api_key,
            "name": one(api.api_key),
            "min": api.min_version,
            "max": api.max_version,
        })
    });
    apis.collect()
}

/// The requests of clients in Kafka 4.3: key, name, oldest and latest version.
const KNOWN: &[(i16, &str, i16, i16)] = &[
    (0, "Produce", 0, 13),
    (1, "Fetch", 4, 18),
    (2, "ListOffsets", 1, 11),
    (3, "Metadata", 0, 13),
    (8, "OffsetCommit", 2, 10),
    (9, "OffsetFetch", 1, 10),
    (10, "FindCoordinator", 0, 6),
    (11, "JoinGroup", 0, 9),
    (12, "Heartbeat", 0, 4),
    (13, "LeaveGroup", 0, 5),
    (14, "SyncGroup", 0, 5),
    (15, "DescribeGroups", 0, 6),
    (16, "ListGroups", 0, 5),
    (17, "SaslHandshake", 0, 1),
    (18, "ApiVersions", 0, 4),
    (19, "CreateTopics", 2, 7),
    (20, "DeleteTopics", 1, 6),
    (21, "DeleteRecords", 0, 2),
    (22, "InitProducerId", 0, 5),
    (23, "OffsetForLeaderEpoch", 2, 4),
    (24, "AddPartitionsToTxn", 0, 5),
    (25, "AddOffsetsToTxn", 0, 4),
    (26, "EndTxn", 0, 5),
    (27, "WriteTxnMarkers", 1, 2),
    (28, "TxnOffsetCommit", 0, 5),
    (29, "DescribeAcls", 1, 3),
    (30, "CreateAcls", 1, 3),
    (31, "DeleteAcls", 1, 3),
    (32, "DescribeConfigs", 1, 4),
    (33, "AlterConfigs", 0, 2),
    (34, "AlterReplicaLogDirs", 1, 2),
    (35, "DescribeLogDirs", 1, 5),
    (36, "SaslAuthenticate", 0, 2),
    (37, "CreatePartitions", 0, 3),
    (38, "CreateDelegationToken", 1, 3),
    (39, "RenewDelegationToken", 1, 2),
    (40, "ExpireDelegationToken", 1, 2),
    (41, "DescribeDelegationToken", 1, 3),
    (42, "DeleteGroups", 0, 2),
    (43, "ElectLeaders", 0, 2),
    (44, "IncrementalAlterConfigs", 0, 1),
    (45, "AlterPartitionReassignments", 0, 1),
    (46, "ListPartitionReassignments", 0, 0),
    (47, "OffsetDelete", 0, 0),
    (48, "DescribeClientQuotas", 0, 1),
    (49, "AlterClientQuotas", 0, 1),
    (50, "DescribeUserScramCredentials", 0, 0),
    (51, "AlterUserScramCredentials", 0, 0),
    (55, "DescribeQuorum", 0, 2),
    (57, "UpdateFeatures", 0, 2),
    (60, "DescribeCluster", 0, 2),
    (61, "DescribeProducers", 0, 0),
    (64, "UnregisterBroker", 0, 0),
    (65, "DescribeTransactions", 0, 0),
    (66, "ListTransactions", 0, 2),
    (68, "ConsumerGroupHeartbeat", 0, 1),
    (69, "ConsumerGroupDescribe", 0, 1),
    (71, "GetTelemetrySubscriptions", 0, 0),
    (72, "PushTelemetry", 0, 0),
    (74, "ListConfigResources", 0, 1),
    (75, "DescribeTopicPartitions", 0, 0),
    (76, "ShareGroupHeartbeat", 1, 1),
    (77, "ShareGroupDescribe", 1, 1),
    (78, "ShareFetch", 1, 2),
    (79, "ShareAcknowledge", 1, 2),
    (80, "AddRaftVoter", 0, 1),
    (81, "RemoveRaftVoter", 0, 0),
    (83, "InitializeShareGroupState", 0, 0),
    (84, "ReadShareGroupState", 0, 0),
    (85, "WriteShareGroupState", 0, 1),
    (86, "DeleteShareGroupState", 0, 0),
    (87, "ReadShareGroupStateSummary", 0, 1),
    (88, "StreamsGroupHeartbeat", 0, 0),
    (89, "StreamsGroupDescribe", 0, 0),
    (90, "DescribeShareGroupOffsets", 0, 1),
    (91, "AlterShareGroupOffsets", 0, 0),
    (92, "DeleteShareGroupOffsets", 0, 0),
];

#[cfg(test)]
mod tests {
    use ottla_actors::client::messages::api_versions_response::ApiVersion;

    use super::*;

    fn api(key: i16, min: i16, max: i16) -> ApiVersion {
        ApiVersion::default().with_api_key(key).with_min_version(min).with_max_version(max)
    }

    #[test]
    fn each_request_has_a_line() {
        let keys = vec![api(0, 3, 11), api(1, 90, 91), api(1000, 2, 2)];
        let text = text(&ApiVersionsResponse::default().with_api_keys(keys));
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "(");
        assert_eq!(lines[1], "\tProduce(0): 3 to 11 [usable: 11],");
        assert_eq!(lines[2], "\tFetch(1): 90 to 91 [unusable: node too new],");
        assert_eq!(lines[3], "\tListOffsets(2): UNSUPPORTED,");
        assert_eq!(lines[lines.len() - 2], "\tUNKNOWN(1000): 2");
        assert_eq!(lines.len(), KNOWN.len() + 3);
    }
}

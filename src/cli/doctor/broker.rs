//! The running brokers of a cluster.

use std::collections::BTreeSet;
use std::time::Duration;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_cluster_response::DescribeClusterBroker;
use kafka_protocol::messages::metadata_response::MetadataResponseTopic;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest};
use kafka_protocol::protocol::StrBytes;
use ottla_actors::client::admin::{GroupFilter, LogDirDescription};
use ottla_actors::client::{Admin, ClientConfig, ClientError, Route};
use ottla_core::base::{BrokerId, host_and_port};
use ottla_core::storage::check::Severity;
use tokio::net::TcpStream;

use super::report::Section;
use crate::cli::kit::{Properties, Stop, block_on};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(10);
/// A rebalance that is still under way after this time is reported.
const REBALANCE: Duration = Duration::from_secs(3);
/// Below this share of free space a log directory is reported: one part in so many.
const FREE: i64 = 20;

/// What every client asks for.
const NEEDED: [ApiKey; 12] = [
    ApiKey::Produce,
    ApiKey::Fetch,
    ApiKey::ListOffsets,
    ApiKey::Metadata,
    ApiKey::OffsetCommit,
    ApiKey::OffsetFetch,
    ApiKey::FindCoordinator,
    ApiKey::JoinGroup,
    ApiKey::Heartbeat,
    ApiKey::LeaveGroup,
    ApiKey::SyncGroup,
    ApiKey::ApiVersions,
];

/// Looks at the cluster that these addresses lead to.
pub(super) fn check(bootstrap: &str, command_config: Option<&str>) -> Vec<Section> {
    block_on(async {
        let (mut reach, reached) = addresses(bootstrap).await;
        if reached == 0 {
            return vec![reach];
        }
        let admin = match admin(bootstrap, command_config) {
            Ok(admin) => admin,
            Err(stop) => {
                let what = stop.message().unwrap_or("cannot be used").to_owned();
                reach.add(Severity::Error, "client", what, "correct the command line or its file");
                return vec![reach];
            }
        };
        let mut sections = vec![reach];
        match cluster(&admin).await {
            Ok(found) => sections.extend(found),
            Err(error) => {
                let mut section = Section::new("cluster");
                section.seen = "cannot be described".to_owned();
                let advice = "look at the log of the broker that was asked";
                section.add(Severity::Error, bootstrap, error.to_string(), advice);
                sections.push(section);
            }
        }
        sections
    })
}

fn admin(bootstrap: &str, command_config: Option<&str>) -> Result<Admin, Stop> {
    let mut config = ClientConfig::new(bootstrap);
    config.client_id = "ottla-doctor".to_owned();
    config.connect_timeout = CONNECT;
    config.request_timeout = ANSWER;
    config.api_timeout = ANSWER;
    if let Some(path) = command_config {
        let properties = Properties::file(path)?;
        properties.client(&mut config)?;
        properties.warn_of_unused();
    }
    Ok(Admin::start(config)?)
}

/// Whether somebody listens at each address to begin with, and at how many.
async fn addresses(bootstrap: &str) -> (Section, usize) {
    let mut section = Section::new("bootstrap-server");
    let all: Vec<&str> = bootstrap.split(',').map(str::trim).collect();
    let mut reached = 0;
    for address in &all {
        match connect(address).await {
            Ok(()) => reached += 1,
            Err(why) => {
                // one that answers is enough
                let severity = if all.len() > 1 { Severity::Warning } else { Severity::Error };
                let advice = "is the broker running, and the address right?";
                section.add(severity, *address, why, advice);
            }
        }
    }
    if reached == 0 && all.len() > 1 {
        let advice = "start a broker, or correct the addresses";
        section.add(Severity::Error, bootstrap, "no address can be reached", advice);
    }
    section.seen = format!("{reached} of {} addresses can be reached", all.len());
    (section, reached)
}

async fn connect(address: &str) -> Result<(), String> {
    match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(format!("cannot connect: {error}")),
        Err(_) => Err(format!("no connection within {} s", CONNECT.as_secs())),
    }
}

async fn cluster(admin: &Admin) -> Result<Vec<Section>, ClientError> {
    let found = admin.describe_cluster().await?;
    let mut section = Section::new("brokers");
    let id = found.cluster_id.as_str();
    section.seen = format!("{} in cluster {id}", found.brokers.len());
    if !found.brokers.iter().any(|broker| broker.broker_id == found.controller_id) {
        let what = format!("controller {} is not among the brokers", found.controller_id.0);
        let advice = "without a controller topics cannot change: look at the controllers' logs";
        section.add(Severity::Error, "cluster", what, advice);
    }
    let mut dirs = Section::new("log directories");
    for broker in &found.brokers {
        let place = format!("broker {} ({}:{})", broker.broker_id.0, broker.host, broker.port);
        one_broker(admin, broker, &place, &mut section).await;
        match admin.describe_log_dirs(broker.broker_id.0).await {
            Ok(found) => log_dirs(&place, &found, &mut dirs),
            Err(error) => {
                dirs.add(Severity::Warning, &*place, format!("does not say: {error}"), "");
            }
        }
    }
    let mut topics = Section::new("topics");
    topic_states(&admin.list_topics().await?, &mut topics);
    let groups = groups(admin).await?;
    Ok(vec![section, dirs, topics, groups])
}

/// Whether clients reach a broker where it says it is, and what it speaks.
async fn one_broker(
    admin: &Admin,
    broker: &DescribeClusterBroker,
    place: &str,
    section: &mut Section,
) {
    let advertised = host_and_port(&broker.host, broker.port);
    if let Err(why) = connect(&advertised).await {
        let advice = "clients are sent to this address: correct advertised.listeners";
        section.add(Severity::Error, place, format!("advertised address: {why}"), advice);
        return;
    }
    let request = ApiVersionsRequest::default()
        .with_client_software_name(StrBytes::from_static_str("ottla"))
        .with_client_software_version(StrBytes::from_static_str(env!("CARGO_PKG_VERSION")));
    let route = Route::Broker(BrokerId(broker.broker_id.0));
    match admin.ask(route, request).await {
        Ok(answer) => {
            let known: BTreeSet<i16> = answer.api_keys.iter().map(|api| api.api_key).collect();
            for key in NEEDED.iter().filter(|key| !known.contains(&(**key as i16))) {
                let what = format!("does not serve {key:?}");
                section.add(Severity::Error, place, what, "clients need it: is it a broker?");
            }
        }
        Err(error) => {
            let advice = "look at the broker's log";
            section.add(Severity::Error, place, format!("does not answer: {error}"), advice);
        }
    }
}

fn log_dirs(place: &str, dirs: &[LogDirDescription], section: &mut Section) {
    for dir in dirs {
        let place = format!("{place} {}", dir.path);
        if let Some(error) = dir.error {
            let advice = "look at the disk, then start the broker again";
            section.add(Severity::Error, &*place, format!("is offline: {error}"), advice);
        }
        if let (Some(total), Some(usable)) = (dir.total_bytes, dir.usable_bytes)
            && usable < total / FREE
        {
            let what = format!("only {usable} of {total} bytes are free");
            let advice = "lower retention, delete records, or give the disk more room";
            section.add(Severity::Warning, &*place, what, advice);
        }
        section.seen = match section.seen.as_str() {
            "" => place,
            before => format!("{before}, {place}"),
        };
    }
}

fn topic_states(topics: &[MetadataResponseTopic], section: &mut Section) {
    let partitions = topics.iter().map(|topic| topic.partitions.len()).sum::<usize>();
    section.seen = format!("{} with {partitions} partitions", topics.len());
    for topic in topics {
        let name = topic.name.as_ref().map(|name| name.as_str()).unwrap_or_default();
        if let Some(error) = ResponseError::try_from_code(topic.error_code)
            && topic.partitions.is_empty()
        {
            section.add(Severity::Warning, name, error.to_string(), "");
        }
        for partition in &topic.partitions {
            let place = format!("{name}-{}", partition.partition_index);
            if partition.leader_id.0 < 0 {
                let advice = "start the brokers of its replicas, or look at their log directories";
                section.add(Severity::Error, &*place, "is offline: it has no leader", advice);
            }
            let (in_sync, all) = (partition.isr_nodes.len(), partition.replica_nodes.len());
            if partition.leader_id.0 >= 0 && in_sync < all {
                let what = format!("only {in_sync} of {all} replicas are in sync");
                let advice = "start the brokers that are missing, or look why they lag";
                section.add(Severity::Warning, &*place, what, advice);
            }
        }
    }
}

/// Groups that do not get out of a rebalance.
async fn groups(admin: &Admin) -> Result<Section, ClientError> {
    let mut section = Section::new("groups");
    let all = admin.list_groups().await?;
    section.seen = format!("{} groups", all.len());
    let before = rebalancing(admin).await?;
    if before.is_empty() {
        return Ok(section);
    }
    tokio::time::sleep(REBALANCE).await;
    let now = rebalancing(admin).await?;
    for group in before.intersection(&now) {
        let what = format!("has been rebalancing for more than {} s", REBALANCE.as_secs());
        let advice = "a member does not join again: look at max.poll.interval.ms and at its log";
        section.add(Severity::Warning, group.as_str(), what, advice);
    }
    Ok(section)
}

async fn rebalancing(admin: &Admin) -> Result<BTreeSet<String>, ClientError> {
    let states = vec!["PreparingRebalance".to_owned(), "CompletingRebalance".to_owned()];
    let filter = GroupFilter { states, ..GroupFilter::default() };
    let groups = admin.list_groups_with(&filter).await?;
    Ok(groups.iter().map(|group| group.group_id.as_str().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use kafka_protocol::messages::TopicName;
    use kafka_protocol::messages::metadata_response::MetadataResponsePartition;

    use super::*;

    #[test]
    fn partitions_without_leader_or_with_few_replicas_are_found() {
        let partition = |index: i32, leader: i32, in_sync: &[i32]| {
            MetadataResponsePartition::default()
                .with_partition_index(index)
                .with_leader_id(leader.into())
                .with_replica_nodes(vec![1.into(), 2.into()])
                .with_isr_nodes(in_sync.iter().map(|id| (*id).into()).collect())
        };
        let topic = MetadataResponseTopic::default()
            .with_name(Some(TopicName(StrBytes::from_static_str("t"))))
            .with_partitions(vec![
                partition(0, 1, &[1, 2]),
                partition(1, 1, &[1]),
                partition(2, -1, &[2]),
            ]);
        let mut section = Section::new("topics");
        topic_states(&[topic], &mut section);
        let found: Vec<_> =
            section.lines.iter().map(|line| (line.severity, line.place.as_str())).collect();
        assert_eq!(found, [(Severity::Warning, "t-1"), (Severity::Error, "t-2")]);
    }

    #[test]
    fn directories_that_failed_or_are_full_are_found() {
        let dir = |path: &str, error, usable| LogDirDescription {
            path: path.to_owned(),
            error,
            total_bytes: Some(1_000),
            usable_bytes: Some(usable),
            replicas: Vec::new(),
        };
        let dirs = [
            dir("/a", None, 500),
            dir("/b", None, 10),
            dir("/c", Some(ResponseError::KafkaStorageError), 500),
        ];
        let mut section = Section::new("log directories");
        log_dirs("broker 1", &dirs, &mut section);
        let found: Vec<_> =
            section.lines.iter().map(|line| (line.severity, line.place.as_str())).collect();
        assert_eq!(found, [(Severity::Warning, "broker 1 /b"), (Severity::Error, "broker 1 /c")]);
    }
}

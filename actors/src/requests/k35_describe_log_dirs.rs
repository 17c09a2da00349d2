//! DescribeLogDirs (key 35), versions 1–4: log directories and the sizes of their logs (KIP-113).
//!
//! | version | added |
//! |---|---|
//! | 2 | flexible |
//! | 3 | error code of the whole answer |
//! | 4 | total and usable bytes (KIP-827) |

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use kafka_protocol::error::ResponseError;
use kafka_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use kafka_protocol::messages::{DescribeLogDirsRequest, DescribeLogDirsResponse};
use kafka_protocol::protocol::StrBytes;
use ottla_core::base::TopicPartition;

use super::Request;
use crate::storage::{DirListing, LogSize};

/// Answers when every storage actor has.
pub(crate) fn handle(mut request: Request) {
    let Ok(body) = request.decode::<DescribeLogDirsRequest>() else { return };
    actix_rt::spawn(serve(request, body));
}

/// The partitions asked for; none for all.
type Wanted = Option<HashMap<String, HashSet<i32>>>;

async fn serve(request: Request, body: DescribeLogDirsRequest) {
    let wanted: Wanted = body.topics.map(|topics| {
        let wanted =
            |topic: kafka_protocol::messages::describe_log_dirs_request::DescribableLogDirTopic| {
                (topic.topic.to_string(), topic.partitions.into_iter().collect())
            };
        topics.into_iter().map(wanted).collect()
    });
    let node = std::sync::Arc::clone(&request.node);
    let listed = node.storage.list(&node.settings.log_dirs).await;
    let results = listed.into_iter().map(|dir| describe(dir, &wanted)).collect();
    request.respond(&DescribeLogDirsResponse::default().with_results(results));
}

fn describe(dir: DirListing, wanted: &Wanted) -> DescribeLogDirsResult {
    let path = dir.path;
    let Some(logs) = dir.logs else { return offline(&path) };
    let mut topics: BTreeMap<String, Vec<DescribeLogDirsPartition>> = BTreeMap::new();
    for log in logs.into_iter().filter(|log| is_wanted(wanted, &log.partition)) {
        topics.entry(log.partition.topic.to_string()).or_default().push(partition(&log));
    }
    let (total, usable) = space(&path);
    let topics = topics.into_iter().map(|(name, partitions)| {
        DescribeLogDirsTopic::default()
            .with_name(StrBytes::from_string(name).into())
            .with_partitions(partitions)
    });
    DescribeLogDirsResult::default()
        .with_log_dir(name_of(&path))
        .with_topics(topics.collect())
        .with_total_bytes(total)
        .with_usable_bytes(usable)
}

fn is_wanted(wanted: &Wanted, partition: &TopicPartition) -> bool {
    wanted.as_ref().is_none_or(|topics| {
        topics.get(&*partition.topic).is_some_and(|wanted| wanted.contains(&partition.partition))
    })
}

fn partition(log: &LogSize) -> DescribeLogDirsPartition {
    DescribeLogDirsPartition::default()
        .with_partition_index(log.partition.partition)
        .with_partition_size(i64::try_from(log.bytes).unwrap_or(i64::MAX))
        .with_offset_lag(log.lag)
}

fn offline(path: &Path) -> DescribeLogDirsResult {
    DescribeLogDirsResult::default()
        .with_error_code(ResponseError::KafkaStorageError.code())
        .with_log_dir(name_of(path))
        .with_total_bytes(-1)
        .with_usable_bytes(-1)
}

fn name_of(path: &Path) -> StrBytes {
    StrBytes::from_string(path.to_string_lossy().into_owned())
}

/// Bytes of the volume and bytes left for us; -1 if the system does not say.
fn space(path: &Path) -> (i64, i64) {
    let Ok(volume) = rustix::fs::statvfs(path) else { return (-1, -1) };
    let bytes =
        |blocks: u64| i64::try_from(blocks.saturating_mul(volume.f_frsize)).unwrap_or(i64::MAX);
    (bytes(volume.f_blocks), bytes(volume.f_bavail))
}

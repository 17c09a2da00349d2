//! One look at the offsets of a cluster.

use std::collections::BTreeMap;
use std::time::Instant;

use futures_util::future::join_all;
use ottla_actors::client::admin::OffsetSpec;
use ottla_actors::client::{Admin, ClientError};
use ottla_core::base::{Offset, TopicPartition};

/// Groups that are asked about; more would take longer than the interval.
const MAX_GROUPS: usize = 500;

/// Where everything was at a moment.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub(super) at: Instant,
    /// The end of each partition that has a leader.
    pub(super) ends: BTreeMap<TopicPartition, i64>,
    /// Partitions without a leader.
    pub(super) offline: usize,
    pub(super) groups: BTreeMap<String, GroupSample>,
}

/// Where a group was.
#[derive(Clone, Debug, Default)]
pub(super) struct GroupSample {
    pub(super) state: String,
    pub(super) committed: BTreeMap<TopicPartition, Offset>,
}

/// Asks for the ends of all partitions and for what all groups have committed.
pub(super) async fn take(admin: &Admin) -> Result<Sample, ClientError> {
    let mut wanted = BTreeMap::new();
    let mut offline = 0;
    for topic in admin.list_topics().await? {
        let Some(name) = topic.name.as_ref().map(|name| name.as_str()) else { continue };
        for partition in &topic.partitions {
            if partition.leader_id.0 < 0 {
                offline += 1;
                continue;
            }
            let at = TopicPartition::new(name, partition.partition_index);
            wanted.insert(at, OffsetSpec::Latest);
        }
    }
    let at = Instant::now();
    let found = admin.offsets(&wanted).await?;
    let ends = found.into_iter().filter_map(|(at, end)| Some((at, end.ok()??.offset.0)));
    let ends = ends.collect();
    let listed = admin.list_groups().await?;
    let asked = listed.iter().take(MAX_GROUPS).map(|group| async {
        let id = group.group_id.as_str().to_owned();
        let committed = admin.group_offsets(&id).await.unwrap_or_default();
        let state = group.group_state.as_str().to_owned();
        (id, GroupSample { state, committed })
    });
    let groups = join_all(asked).await.into_iter().collect();
    Ok(Sample { at, ends, offline, groups })
}

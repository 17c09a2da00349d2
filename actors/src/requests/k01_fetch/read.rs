//! Reading the partitions of a fetch, and waiting until there is enough.

use std::sync::Arc;
use std::time::Duration;

use ottla_core::controller::MetadataImage;
use ottla_core::partition::{FetchRequestPartition, ReadRequest, Refusal, TopicRef};

use super::super::targets::{self, Target};
use super::Limits;
use crate::node::Node;
use crate::partition::messages::{Read, ReadReply, Watch};
use crate::partition::{FetchWait, FetchWatcher};
use crate::runtime::{monotonic_ms, timeout};

/// How often one fetch may wait. It waits again if it was woken and there is still too little: an
/// append between its read and its watch wakes it whatever it brought.
const ROUNDS: usize = 16;

/// The partitions of one fetch and what has been found in them.
pub(super) struct Reading<'a> {
    node: &'a Node,
    asked: &'a [FetchRequestPartition],
    limits: Limits,
    targets: Vec<Result<Target, Refusal>>,
    pub(super) found: Vec<ReadReply>,
}

impl<'a> Reading<'a> {
    /// Reads every partition once.
    pub(super) async fn begin(
        node: &'a Node,
        image: &MetadataImage,
        asked: &'a [FetchRequestPartition],
        limits: Limits,
    ) -> Option<Self> {
        let targets = asked.iter().map(|asked| resolve(image, asked, limits.replica)).collect();
        let mut reading = Self { node, asked, limits, targets, found: Vec::new() };
        let all: Vec<u32> = (0u32..).zip(asked).map(|(index, _)| index).collect();
        reading.found = reading.read(&all).await?;
        Some(reading)
    }

    /// The core that its partitions live on, if that is one.
    pub(super) fn core(&self) -> Option<usize> {
        let mut known = self.targets.iter().flatten();
        let core = |target: &Target| self.node.cores.core_of(&target.partition);
        let first = core(known.next()?);
        known.all(|target| core(target) == first).then_some(first)
    }

    /// Waits until there is as much as the request wants, or its time is over, and reads anew
    /// what has changed.
    pub(super) async fn wait(&mut self) -> Option<()> {
        let deadline_ms = monotonic_ms().saturating_add(self.limits.max_wait_ms);
        for _ in 0..ROUNDS {
            let Some(missing) = self.missing() else { break };
            let left_ms = deadline_ms.saturating_sub(monotonic_ms());
            if left_ms == 0 {
                break;
            }
            self.wait_once(missing, deadline_ms, left_ms).await?;
        }
        Some(())
    }

    async fn wait_once(&mut self, missing: u64, deadline_ms: u64, left_ms: u64) -> Option<()> {
        let (wait, woken) = FetchWait::new(missing);
        for (index, (target, found)) in (0u32..).zip(self.targets.iter().zip(&self.found)) {
            let Ok(outcome) = found else { continue };
            let watcher = FetchWatcher { wait: Arc::clone(&wait), index, deadline_ms };
            targets::deliver(self.node, target, Watch { seen: outcome.limit, watcher });
        }
        // woken, or the time is over: either way what has news is read
        _ = timeout(Duration::from_millis(left_ms), woken).await;
        let dirty = wait.close();
        let fresh = self.read(&dirty).await?;
        for (index, reply) in dirty.iter().zip(fresh) {
            if let Some(found) = self.found.get_mut(*index as usize) {
                *found = reply;
            }
        }
        Some(())
    }

    /// How many bytes are missing; none if the answer must not wait.
    fn missing(&self) -> Option<u64> {
        if self.limits.max_wait_ms == 0 || self.asked.is_empty() {
            return None;
        }
        let mut bytes = 0;
        for found in &self.found {
            let outcome = found.as_ref().ok()?;
            if outcome.diverging.is_some() || outcome.more {
                return None;
            }
            bytes += outcome.records.as_ref().map_or(0, |slice| u64::from(slice.length));
        }
        self.limits.min_bytes.checked_sub(bytes).filter(|missing| *missing > 0)
    }

    /// Reads the partitions with these indexes; none if the broker is stopping.
    async fn read(&self, indexes: &[u32]) -> Option<Vec<ReadReply>> {
        if indexes.is_empty() {
            return Some(Vec::new());
        }
        let (ports, answers) = targets::gather(indexes.len());
        for (index, reply) in indexes.iter().zip(ports) {
            let index = *index as usize;
            let (Some(asked), Some(target)) = (self.asked.get(index), self.targets.get(index))
            else {
                continue;
            };
            let max_bytes = u32::try_from(asked.max_bytes).unwrap_or(0);
            let request = ReadRequest {
                fetch_offset: asked.fetch_offset,
                current_leader_epoch: asked.current_leader_epoch,
                last_fetched_epoch: asked.last_fetched_epoch,
                isolation: self.limits.isolation,
            };
            let max_bytes = max_bytes.min(self.limits.max_bytes);
            targets::deliver(self.node, target, Read { request, max_bytes, reply });
        }
        answers.await.ok()
    }
}

fn resolve(
    image: &MetadataImage,
    asked: &FetchRequestPartition,
    replica: bool,
) -> Result<Target, Refusal> {
    let target = match &asked.topic {
        TopicRef::Name(name) => targets::by_name(image, name, asked.partition),
        TopicRef::Id(id) => targets::by_id(image, *id, asked.partition),
    }?;
    // every partition has one replica, so no other broker has anything to fetch
    if replica { Err(target.missing) } else { Ok(target) }
}

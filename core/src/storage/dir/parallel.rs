//! Opening many logs over several threads (`num.recovery.threads.per.data.dir`).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use super::LogDir;
use crate::base::{Tick, TopicPartition};
use crate::storage::{LogConfig, OpenLog, RecoveryProgress};

impl LogDir {
    /// Calls `open` once for each of `partitions`, on `threads` threads, and returns what each call
    /// returned, in the order of `partitions`. `config_of` gives each log its settings.
    pub fn open_each<T: Send>(
        &self,
        partitions: &[TopicPartition],
        threads: usize,
        now: Tick,
        config_of: &(dyn Fn(&TopicPartition) -> Arc<LogConfig> + Sync),
        open: &(dyn Fn(&OpenLog<'_>) -> T + Sync),
    ) -> Vec<(TopicPartition, T)> {
        let progress: &RecoveryProgress = &self.progress;
        let next = AtomicUsize::new(0);
        let opened = Mutex::new(Vec::with_capacity(partitions.len()));
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(partition) = partitions.get(at) else { return };
                let dir = self.partition_dir(partition);
                let result = open(&OpenLog {
                    env: self.env.clone(),
                    dir: &dir,
                    partition: partition.clone(),
                    config: config_of(partition),
                    state: self.state_of(partition),
                    now,
                    progress,
                });
                opened.lock().push((at, result));
            }
        };
        // one log, or one thread, needs no other
        let helpers = threads.min(partitions.len()).saturating_sub(1);
        std::thread::scope(|scope| {
            for _ in 0..helpers {
                scope.spawn(work);
            }
            work();
        });
        let mut opened = opened.into_inner();
        opened.sort_unstable_by_key(|(at, _)| *at);
        partitions.iter().cloned().zip(opened.into_iter().map(|(_, result)| result)).collect()
    }
}

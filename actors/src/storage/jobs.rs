//! What runs on threads that may block: opening logs on one lane, taking room on another, bringing
//! old records into memory on a third, syncs and sweeps on a fourth.

use std::collections::VecDeque;
use std::sync::Arc;

use actix::Addr;
use ottla_core::base::Offset;
use ottla_core::storage::{
    Checkpoint, LogDir, OpenLog, PartitionLog, StorageError, read_partition_metadata,
    write_partition_metadata,
};
use uuid::Uuid;

use super::messages::{Attach, Closing, Job, JobDone, LaneName, Opened};
use super::{StorageActor, StorageDir};
use crate::runtime::{blocking, now, tell};

/// Reads of old records under way at a time, of one directory and core. That keeps a fast disk
/// busy; four would take the processor from who produces meanwhile.
const WARMERS: usize = 1;

/// The jobs of one storage actor; bounded by its logs, each of which has at most one sync and one
/// opening outstanding, and by the requests that wait for old records.
pub(super) struct Jobs {
    opens: Lane,
    reserves: Lane,
    warms: Lane,
    others: Lane,
}

struct Lane {
    running: usize,
    limit: usize,
    queue: VecDeque<Job>,
}

impl Lane {
    fn new(limit: usize) -> Self {
        Self { running: 0, limit: limit.max(1), queue: VecDeque::new() }
    }
}

impl Jobs {
    pub(super) fn new(recovery_threads: usize) -> Self {
        Self {
            opens: Lane::new(recovery_threads),
            reserves: Lane::new(1),
            warms: Lane::new(WARMERS),
            others: Lane::new(1),
        }
    }

    pub(super) fn push(&mut self, job: Job, me: &Arc<Addr<StorageActor>>, dir: &Arc<StorageDir>) {
        let lane = self.lane(job.lane());
        lane.queue.push_back(job);
        lane.start(me, dir);
    }

    /// A job has come back; the next one of its lane starts.
    pub(super) fn done(
        &mut self,
        lane: LaneName,
        me: &Arc<Addr<StorageActor>>,
        dir: &Arc<StorageDir>,
    ) {
        let lane = self.lane(lane);
        lane.running = lane.running.saturating_sub(1);
        lane.start(me, dir);
    }

    fn lane(&mut self, name: LaneName) -> &mut Lane {
        match name {
            LaneName::Open => &mut self.opens,
            LaneName::Reserve => &mut self.reserves,
            LaneName::Warm => &mut self.warms,
            LaneName::Other => &mut self.others,
        }
    }
}

impl JobDone {
    /// The lane of the job that has come back.
    pub(super) fn lane(&self) -> LaneName {
        match self {
            Self::Opened(_) => LaneName::Open,
            Self::Reserved => LaneName::Reserve,
            Self::Warmed(..) => LaneName::Warm,
            Self::Panicked(lane) => *lane,
            _ => LaneName::Other,
        }
    }
}

impl Lane {
    fn start(&mut self, me: &Arc<Addr<StorageActor>>, dir: &Arc<StorageDir>) {
        while self.running < self.limit {
            let Some(job) = self.queue.pop_front() else { return };
            self.running += 1;
            let lane = job.lane();
            let (me, dir) = (Arc::clone(me), Arc::clone(dir));
            actix_rt::spawn(async move {
                let done = blocking(move || job.run(&dir)).await;
                tell(&me, done.unwrap_or(JobDone::Panicked(lane)));
            });
        }
    }
}

impl Job {
    fn lane(&self) -> LaneName {
        match self {
            Self::Open(_) => LaneName::Open,
            Self::Reserve(_) => LaneName::Reserve,
            Self::Warm(..) => LaneName::Warm,
            _ => LaneName::Other,
        }
    }

    fn run(self, dir: &StorageDir) -> JobDone {
        match self {
            Self::Open(attach) => {
                let log = open(dir, &attach);
                JobDone::Opened(Box::new(Opened { attach: *attach, log }))
            }
            Self::Reserve(job) => {
                job.run();
                JobDone::Reserved
            }
            Self::Warm(mut range, read) => {
                if let Err(error) = range.warm() {
                    tracing::debug!(%error, "cannot bring records into memory");
                }
                JobDone::Warmed(range, read)
            }
            Self::Flush(log, job) => JobDone::Flushed(log, job.run()),
            Self::Sweep(deletions, checkpoints) => {
                let deleted = deletions.into_iter().try_for_each(|job| job.run());
                let written = deleted.and_then(|()| {
                    if checkpoints { dir.log_dir().write_checkpoints() } else { Ok(()) }
                });
                JobDone::Swept(written)
            }
            Self::Close(logs, good, reply) => {
                let closed = close_all(dir.log_dir(), logs);
                if let Err(error) = &closed {
                    tracing::error!(%error, "cannot close the logs in order");
                }
                JobDone::Closed(good && closed.is_ok(), reply)
            }
            Self::Release(job, reply) => {
                if let Some(job) = job {
                    // a failed sync has taken the directory offline
                    drop(job.run());
                }
                JobDone::Released(reply)
            }
        }
    }
}

fn open(dir: &StorageDir, attach: &Attach) -> Result<PartitionLog, StorageError> {
    let spec = &attach.spec;
    let log_dir = dir.log_dir();
    let path = log_dir.partition_dir(&spec.partition);
    let disk = &*log_dir.env().disk;
    let there = log_dir.has_partition_dir(&spec.partition)?;
    let found = if there { read_partition_metadata(disk, &path)? } else { None };
    if let Some(other) = found.filter(|found| *found != spec.topic_id) {
        // of a deleted topic of the same name: its removal did not survive a loss of power
        let kept = log_dir.set_aside(&spec.partition, Uuid::new_v4())?;
        let (partition, kept) = (&spec.partition, kept.display());
        tracing::warn!(%partition, topic_id = %other, %kept, "set another topic's log aside");
    }
    let mut state = log_dir.state_of(&spec.partition);
    // what this process had open before is only as good as its last checkpoint
    state.clean &= dir.first_open(&spec.partition);
    let open = OpenLog {
        env: log_dir.env().clone(),
        dir: &path,
        partition: spec.partition.clone(),
        config: Arc::clone(&spec.config),
        state,
        now: now(),
        progress: log_dir.progress(),
    };
    // what was deleted is not written again, even if the directory is gone
    let log = if !there && open.state.log_start == Offset::ZERO {
        PartitionLog::create(&open, spec.rules.clone())?
    } else {
        PartitionLog::open(&open, spec.rules.clone())?.0
    };
    if found != Some(spec.topic_id) && !spec.topic_id.is_nil() {
        write_partition_metadata(&*open.env.disk, &path, spec.topic_id)?;
    }
    Ok(log)
}

/// From so many changed logs on, the file system is synced instead of each file.
const MANY: usize = 64;

/// Closes logs one after the other, so that few of their files are open at a time, and syncs them.
/// Only then is noted how far they are on disk.
fn close_all(log_dir: &LogDir, mut logs: Vec<Closing>) -> Result<(), StorageError> {
    let disk = &log_dir.env().disk;
    let changed = logs.iter().filter(|closing| closing.log.is_changed()).count();
    let at_once = changed >= MANY && disk.syncs_file_system();
    for Closing { log, .. } in &mut logs {
        if let Some(job) = log.close(now())? {
            let upto = if at_once {
                job.give_back()?;
                job.upto
            } else {
                job.run()?
            };
            log.flushed(upto);
        }
        log.release_handles();
    }
    if at_once {
        log_dir.sync_file_system()?;
    }
    for Closing { log, high } in &logs {
        log_dir.note_log(log.log());
        if high.is_some() {
            log_dir.note(Checkpoint::HighWatermark, log.log().partition(), *high);
        }
    }
    Ok(())
}

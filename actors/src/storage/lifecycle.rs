//! Opening, syncing, releasing and closing logs.

use std::sync::Arc;

use actix::{Context, Handler};
use ottla_core::storage::{Checkpoint, StorageError};
use uuid::Uuid;

use super::StorageActor;
use super::messages::{
    Attach, CloseAll, Closing, DirectoryFailed, Job, JobDone, LogId, Opened, Reconfigure, Release,
};
use super::slot::Slot;
use crate::partition::messages::{Attached, LogLost};
use crate::runtime::{now, tell};

impl StorageActor {
    pub(super) fn push_job(&mut self, job: Job) {
        if let Some(me) = &self.me {
            self.jobs.push(job, me, &self.dir);
        }
    }

    /// Syncs a log, or notes that it must be synced again when the sync under way is done.
    pub(super) fn flush(&mut self, id: LogId) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        if slot.flushing {
            slot.flush_again = true;
            return;
        }
        slot.flush_again = false;
        let job = if !slot.awaits_sync() && !slot.log.log().flush_due(now()) {
            slot.log.take_closed_flush_job(now())
        } else {
            slot.log.take_flush_job(now())
        };
        self.handles.used(id, &mut self.slots);
        match job {
            Ok(Some(job)) => {
                if let Some(slot) = self.slots.get_mut(id) {
                    slot.flushing = true;
                }
                self.push_job(Job::Flush(id, job));
            }
            Ok(None) => self.release_synced(id),
            Err(_) => self.check_health(),
        }
    }

    fn flushed(&mut self, id: LogId, result: Result<ottla_core::base::Offset, StorageError>) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        slot.flushing = false;
        match result {
            Ok(upto) => {
                slot.log.flushed(upto);
                self.sweep.touched(id, slot);
                self.release_synced(id);
            }
            Err(error) => {
                tracing::error!(partition = %slot.log.log().partition(), %error, "sync failed");
                self.check_health();
            }
        }
    }

    /// Answers the appends whose sync is done; the rest wait for another.
    fn release_synced(&mut self, id: LogId) {
        let Some(slot) = self.slots.get_mut(id) else { return };
        while let Some(appended) = slot.pop_synced() {
            tell(&slot.partition, appended);
        }
        let moving = slot.take_synced_move();
        if slot.awaits_sync() && !slot.flushing || slot.flush_again {
            self.flush(id);
        }
        if let Some(message) = moving {
            self.move_log_start(message);
        }
    }

    fn opened(&mut self, opened: Opened) {
        let Opened { attach, log } = opened;
        let name = attach.spec.partition.clone();
        let later = self.opening.remove(&name).flatten();
        let attach = later.unwrap_or(attach);
        match log {
            Ok(log) if !self.closed => {
                let bounds =
                    log.bounds(self.dir.log_dir().checkpoint(Checkpoint::HighWatermark, &name));
                let topic_id = attach.spec.topic_id;
                let partition = Arc::clone(&attach.partition);
                let slot = Slot::new(log, topic_id, partition, attach.high_watermark);
                let id = self.slots.insert(slot);
                if let Some(slot) = self.slots.get_mut(id) {
                    self.sweep.touched(id, slot);
                }
                self.answer(&attach.partition, Some((id, bounds)));
            }
            Ok(_) => self.answer(&attach.partition, None),
            Err(error) => {
                tracing::error!(partition = %name, %error, "cannot open the log");
                if error.is_fatal_to_dir() {
                    self.dir.log_dir().health().fail(error);
                }
                self.answer(&attach.partition, None);
                self.check_health();
            }
        }
    }

    fn answer(
        &self,
        partition: &actix::Addr<crate::partition::PartitionActor>,
        log: Option<(LogId, ottla_core::partition::LogBounds)>,
    ) {
        if let Some(storage) = self.me.clone() {
            tell(partition, Attached { log, storage });
        }
    }

    fn job_panicked(&mut self) {
        let source = std::io::Error::other("a job panicked");
        let path = self.dir.log_dir().path().to_owned();
        let error = StorageError::Io { action: "work in", path, source };
        self.dir.log_dir().health().fail(error);
        self.check_health();
        for (_, later) in std::mem::take(&mut self.opening) {
            if let Some(attach) = later {
                self.answer(&attach.partition, None);
            }
        }
        for partition in self.dir.attached(self.core) {
            tell(&partition, LogLost::Failed);
        }
    }
}

impl Handler<Attach> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: Attach, _: &mut Context<Self>) {
        let name = &msg.spec.partition;
        self.dir.attach(self.core, name, &msg.partition);
        if self.closed {
            return self.answer(&msg.partition, None);
        }
        let known = self.slots.by_name(name);
        if let Some(id) = known {
            self.write_out(id);
        }
        if let Some((id, slot)) = known.and_then(|id| Some((id, self.slots.get_mut(id)?))) {
            let bounds = slot.log.bounds(slot.high_watermark.get());
            let same = slot.topic_id == msg.spec.topic_id;
            slot.partition = Arc::clone(&msg.partition);
            slot.high_watermark = Arc::clone(&msg.high_watermark);
            return self.answer(&msg.partition, same.then_some((id, bounds)));
        }
        if let Some(later) = self.opening.get_mut(name) {
            *later = Some(msg);
            return;
        }
        self.opening.insert(name.clone(), None);
        self.push_job(Job::Open(Box::new(msg)));
    }
}

impl Handler<JobDone> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: JobDone, _: &mut Context<Self>) {
        if let Some(me) = &self.me {
            self.jobs.done(msg.lane(), me, &self.dir);
        }
        match msg {
            JobDone::Opened(opened) => self.opened(*opened),
            JobDone::Flushed(id, result) => self.flushed(id, result),
            JobDone::Swept(result) => {
                self.sweep.running = false;
                if let Err(error) = result {
                    tracing::error!(%error, "housekeeping failed");
                    self.check_health();
                }
            }
            JobDone::Closed(good, reply) => reply.send(Some(good)),
            JobDone::Released(reply) => reply.send(()),
            JobDone::Reserved => {}
            JobDone::Warmed(range, read) => self.read_warmed(&range, *read),
            JobDone::Panicked(_) => self.job_panicked(),
        }
    }
}

impl Handler<Reconfigure> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: Reconfigure, _: &mut Context<Self>) {
        self.write_out(msg.log);
        if let Some(slot) = self.slots.get_mut(msg.log) {
            slot.log.set_config(msg.config, msg.rules);
            self.sweep.touched(msg.log, slot);
        }
    }
}

impl Handler<Release> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: Release, _: &mut Context<Self>) {
        self.write_out(msg.log);
        let Some(mut slot) = self.slots.remove(msg.log) else { return msg.reply.send(()) };
        self.handles.gone(&slot);
        let now = now();
        self.dir.detach(self.core, slot.log.log().partition());
        if msg.delete {
            let log_dir = Arc::clone(self.dir.log_dir());
            let name = slot.log.log().partition().to_string();
            if let Err(error) = log_dir.delete_log(slot.log.into_log(), Uuid::new_v4(), now) {
                tracing::error!(partition = name, %error, "cannot delete the log");
                self.check_health();
            }
            return msg.reply.send(());
        }
        match slot.log.close(now) {
            Ok(job) => {
                self.dir.log_dir().note_log(slot.log.log());
                self.push_job(Job::Release(job, msg.reply));
            }
            Err(_) => {
                msg.reply.send(());
                self.check_health();
            }
        }
    }
}

impl Handler<CloseAll> for StorageActor {
    type Result = ();

    fn handle(&mut self, msg: CloseAll, _: &mut Context<Self>) {
        if self.closed {
            return msg.0.send(Some(false));
        }
        self.write_all_out();
        // a write that failed has given everything up
        let good = !std::mem::replace(&mut self.closed, true) && self.opening.is_empty();
        let closing = |slot: Slot| Closing { log: slot.log, high: slot.high_watermark.get() };
        let logs = self.slots.drain().into_iter().map(closing).collect();
        self.push_job(Job::Close(logs, good, msg.0));
    }
}

impl Handler<DirectoryFailed> for StorageActor {
    type Result = ();

    fn handle(&mut self, _: DirectoryFailed, _: &mut Context<Self>) {
        self.fail(true);
    }
}

#[cfg(test)]
impl Handler<super::messages::PanicNow> for StorageActor {
    type Result = ();

    fn handle(&mut self, _: super::messages::PanicNow, _: &mut Context<Self>) {
        panic!("asked to");
    }
}

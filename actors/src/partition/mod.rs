//! One actor for each partition: leadership, high watermark, parked replies and long polls.
//!
//! A produce comes as [`messages::Append`], goes to the storage actor of the same arbiter and
//! comes back; the reply leaves when the machine says so. A fetch comes as [`messages::Read`] and
//! is answered by the storage actor, or from here if there is nothing to read.

mod handlers;
#[cfg(test)]
mod many_tests;
pub mod messages;
mod outputs;
mod producer_ids;
mod registry;
mod sessions;
mod spec;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod wait;

use std::sync::Arc;

use actix::{Actor, ActorContext, Addr, AsyncContext, Context};
use ottla_core::base::{BrokerId, LeaderEpoch};
use ottla_core::partition::{DEFAULT_MAX_WAITERS, Output, PartitionMachine, Refusal};
use ottla_core::storage::AppendInfo;

use crate::runtime::{DeadlineDriver, Epitaph, ReplyPort, now, tell};
use crate::storage::{Attach, HighWatermark, LogId, Release, StorageActor};
use messages::{AppendReply, OpenReply, Stop};

pub use producer_ids::ProducerIds;
pub use registry::{Partitions, Refusable};
pub use sessions::FetchSessionCache;
pub use spec::{PartitionSpec, TopicSpec};
pub use wait::{FetchWait, FetchWatcher};

use spec::PartitionCell;

/// An acks=all reply that waits for the high watermark.
pub struct ParkedAck {
    reply: ReplyPort<AppendReply>,
    info: AppendInfo,
}

/// One partition.
///
/// Lives on the core its name hashes to, beside the storage actor that owns its log. Owned by
/// [`Partitions`]; mailbox 16,384; blocks on nothing. After a panic it is built anew and takes its
/// log over from the storage actor; who waited is answered with a retriable error.
pub struct PartitionActor {
    cell: Arc<PartitionCell>,
    core: usize,
    machine: PartitionMachine<ParkedAck, FetchWatcher>,
    out: Vec<Output<ParkedAck, FetchWatcher>>,
    high_watermark: Arc<HighWatermark>,
    storage: Option<Arc<Addr<StorageActor>>>,
    log: Option<LogId>,
    failed: bool,
    starters: Vec<ReplyPort<OpenReply>>,
    stopping: Option<Stop>,
    driver: DeadlineDriver,
    _epitaph: Epitaph,
}

impl PartitionActor {
    fn new(cell: Arc<PartitionCell>, local: BrokerId, core: usize, epitaph: Epitaph) -> Self {
        let spec = cell.spec.load();
        let leadership = spec.leadership.clone();
        let machine = PartitionMachine::new(local, leadership, spec.rules, DEFAULT_MAX_WAITERS);
        drop(spec);
        Self {
            cell,
            core,
            machine,
            out: Vec::new(),
            high_watermark: HighWatermark::unknown(),
            storage: None,
            log: None,
            failed: false,
            starters: Vec::new(),
            stopping: None,
            driver: DeadlineDriver::new(),
            _epitaph: epitaph,
        }
    }

    /// Asks the storage actor of this core for the log.
    fn attach(&mut self, ctx: &mut Context<Self>) {
        self.log = None;
        let spec = self.cell.spec.load().log_spec();
        let me = Arc::new(ctx.address());
        // if the storage actor is being rebuilt right now, the message is lost: the next
        // incarnation then asks everyone it finds here to attach again
        self.cell.dir.attach(self.core, &spec.partition, &me);
        self.storage = self.cell.dir.storage(self.core);
        let Some(storage) = &self.storage else { return };
        let attach =
            Attach { spec, partition: me, high_watermark: Arc::clone(&self.high_watermark) };
        tell(storage, attach);
    }

    /// The open log, and who owns it.
    fn log(&self) -> Result<(LogId, &Arc<Addr<StorageActor>>), Refusal> {
        match (self.log, &self.storage) {
            (Some(log), Some(storage)) => Ok((log, storage)),
            _ => Err(self
                .machine
                .check_leader(LeaderEpoch::NONE)
                .err()
                .unwrap_or(Refusal::StorageError)),
        }
    }

    /// Gives the log back and stops, as soon as there is a log or never will be.
    fn stop_if_asked(&mut self, ctx: &mut Context<Self>) {
        if self.log.is_none() && !self.failed {
            return;
        }
        let Some(Stop { delete, reply }) = self.stopping.take() else { return };
        match self.log() {
            Ok((log, storage)) => tell(storage, Release { log, delete, reply }),
            Err(_) => reply.send(()),
        }
        ctx.stop();
    }
}

impl Actor for PartitionActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        if let Some(delete) = self.cell.closing() {
            self.stopping = Some(Stop { delete, reply: ReplyPort::new(|()| {}) });
        }
        self.attach(ctx);
    }
}

/// What was parked when the partition stops is answered by its ports.
fn deadline(partition: &mut PartitionActor, ctx: &mut Context<PartitionActor>) {
    partition.driver.fired();
    partition.machine.on_tick(now(), &mut partition.out);
    partition.run(ctx);
}

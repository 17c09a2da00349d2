//! The partitions of this broker: starts and stops their actors, and finds them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::{Handler, Message};
use dashmap::DashMap;
use ottla_core::base::{BrokerId, TopicPartition};
use ottla_core::partition::Refusal;

use super::messages::{
    Append, DeleteRecords, DescribeProducers, EpochEnd, ListOffset, OpenReply, Read, SpecChanged,
    Stop, TrimLog, Watch, WhenOpen,
};
use super::{PartitionActor, PartitionCell, PartitionSpec};
use crate::runtime::{
    Answer, Child, Generation, Guardian, Refused, Registry, ReplyPort, Route, offer, tell,
};
use crate::storage::StorageDir;

/// Room in a partition's mailbox: for a request of each of thousands of clients that all write to
/// one partition. It takes memory only as far as it is filled; what the requests hold is bounded by
/// their permits.
const MAILBOX: usize = 16_384;

/// A message that can be answered without its partition.
pub trait Refusable {
    /// Answers with a refusal.
    fn refuse(self, refusal: Refusal);
}

macro_rules! refusable {
    ($($message:ty),*) => {
        $(impl Refusable for $message {
            fn refuse(self, refusal: Refusal) {
                self.reply.send(Err(refusal.into()));
            }
        })*
    };
}

refusable!(Append, Read, ListOffset, DeleteRecords, TrimLog, EpochEnd, DescribeProducers);

impl Refusable for Watch {
    fn refuse(self, _: Refusal) {
        self.watcher.moved();
    }
}

/// The partitions this broker hosts.
pub struct Partitions {
    local: BrokerId,
    guardian: Guardian,
    routes: Arc<Registry<TopicPartition, PartitionActor>>,
    cells: DashMap<TopicPartition, Arc<PartitionCell>>,
}

impl Partitions {
    /// None yet; actors are started by `guardian`, for broker `local`.
    #[must_use]
    pub fn new(local: BrokerId, guardian: Guardian) -> Arc<Self> {
        let routes = Arc::new(Registry::new());
        Arc::new(Self { local, guardian, routes, cells: DashMap::new() })
    }

    /// The way to a partition's actor.
    #[must_use]
    pub fn route(&self, partition: &TopicPartition) -> Option<Arc<Route<PartitionActor>>> {
        self.routes.get(partition)
    }

    /// Hands a message to a partition; one that cannot be delivered is refused.
    pub fn send<M>(&self, partition: &TopicPartition, message: M)
    where
        M: Refusable + Message + Send + 'static,
        M::Result: Send,
        PartitionActor: Handler<M>,
    {
        self.send_or(partition, message, Refusal::UnknownPartition);
    }

    /// As [`Self::send`], with the refusal if this broker has no actor for the partition.
    pub fn send_or<M>(&self, partition: &TopicPartition, message: M, missing: Refusal)
    where
        M: Refusable + Message + Send + 'static,
        M::Result: Send,
        PartitionActor: Handler<M>,
    {
        let Some(route) = self.route(partition) else { return message.refuse(missing) };
        match offer(&route.addr, message) {
            Ok(()) => {}
            Err(Refused::Full(message)) => message.refuse(Refusal::Busy),
            Err(Refused::Gone(message)) => message.refuse(self.why_gone(partition)),
        }
    }

    /// Starts a partition's actor on its core, with its log in `dir`. Resolves when the log is
    /// open; at once with the state of one that is running already.
    pub fn start(&self, spec: PartitionSpec, dir: &Arc<StorageDir>) -> Answer<OpenReply> {
        let partition = spec.partition.clone();
        let (reply, answer) = ReplyPort::oneshot();
        if self.routes.get(&partition).is_some() {
            self.update(spec);
        } else {
            let cell = Arc::new(PartitionCell::new(spec, Arc::clone(dir)));
            self.cells.insert(partition.clone(), Arc::clone(&cell));
            self.spawn(partition.clone(), cell);
        }
        if let Some(route) = self.routes.get(&partition) {
            tell(&route.addr, WhenOpen(reply));
        }
        answer
    }

    fn spawn(&self, partition: TopicPartition, cell: Arc<PartitionCell>) {
        let core = self.guardian.cores().core_of(&partition);
        let local = self.local;
        let (routes, given_up) = (Arc::clone(&self.routes), Arc::clone(&cell));
        let published = Arc::clone(&cell);
        let child = Child::new(format!("partition {partition}"), core, move |_, epitaph| {
            PartitionActor::new(Arc::clone(&cell), local, core, epitaph)
        })
        .mailbox(MAILBOX)
        .publish(move |route| {
            if published.closing().is_none() {
                routes.publish(partition.clone(), route);
            }
        })
        .offline(move |_| given_up.offline.store(true, Ordering::Release));
        self.guardian.start(child);
    }

    /// Puts a changed leader or changed settings in force.
    pub fn update(&self, spec: PartitionSpec) {
        let partition = spec.partition.clone();
        let Some(cell) = self.cells.get(&partition).map(|cell| Arc::clone(&cell)) else { return };
        cell.spec.store(Arc::new(spec));
        if let Some(route) = self.routes.get(&partition) {
            tell(&route.addr, SpecChanged);
        }
    }

    /// The specification in force.
    #[must_use]
    pub fn spec(&self, partition: &TopicPartition) -> Option<Arc<PartitionSpec>> {
        self.cells.get(partition).map(|cell| cell.spec.load_full())
    }

    /// Where a partition's log lies.
    #[must_use]
    pub fn dir(&self, partition: &TopicPartition) -> Option<Arc<StorageDir>> {
        self.cells.get(partition).map(|cell| Arc::clone(&cell.dir))
    }

    /// Stops a partition, and with `delete` takes its log away (its files go later). Resolves when
    /// the log is closed, or out of the way.
    pub fn stop(&self, partition: &TopicPartition, delete: bool) -> Answer<()> {
        let (reply, answer) = ReplyPort::oneshot();
        if let Some((_, cell)) = self.cells.remove(partition) {
            cell.close(delete);
        }
        if let Some(route) = self.routes.remove(partition) {
            tell(&route.addr, Stop { delete, reply });
        }
        answer
    }

    /// Every partition.
    #[must_use]
    pub fn list(&self) -> Vec<TopicPartition> {
        self.cells.iter().map(|cell| cell.key().clone()).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Which incarnation of a partition's actor is running.
    #[must_use]
    pub fn generation(&self, partition: &TopicPartition) -> Option<Generation> {
        self.route(partition).map(|route| route.generation)
    }

    /// A partition whose actor is gone is being rebuilt, or was given up.
    fn why_gone(&self, partition: &TopicPartition) -> Refusal {
        let Some(cell) = self.cells.get(partition) else { return Refusal::UnknownPartition };
        if cell.offline.load(Ordering::Acquire) {
            return Refusal::StorageError;
        }
        let leadership = &cell.spec.load().leadership;
        Refusal::NotLeader { leader: leadership.leader, epoch: leadership.epoch }
    }
}

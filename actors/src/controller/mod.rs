//! The controller actor: one metadata log, one image.
//!
//! A command is decided by core on the newest state, written to the metadata log as one entry with
//! whatever else was decided meanwhile, and answered when the entry is committed, visible in the
//! node's image and carried out by this broker's replica manager.

mod commands;
pub(crate) mod config_entries;
pub mod consensus;
mod handle;
mod handlers;
mod messages;
mod outputs;
mod rules;
mod start;

use std::sync::Arc;

use actix::prelude::*;
use ottla_core::base::{BrokerId, TopicName};
use ottla_core::controller::MetadataRecord;
use ottla_core::controller::{ConfigRules, Dice, MetadataImage, Pipeline, TopicDefaults};
use tokio::sync::mpsc;
use uuid::Uuid;

use self::consensus::{Consensus, RaftConsensus, RaftSettings};
use self::messages::Next;
use crate::runtime::{Epitaph, ExitReason, now};

pub use config_entries::topic_settings;
pub use handle::{ControllerError, ControllerHandle};
pub use messages::{
    ApplyImage, AutoCreated, Carried, Command, ConfigChange, ProducerIdBlock, Registration, Reply,
};
pub use rules::{Dynamic, SettingsRules, settings_under};
pub use start::start;

/// Committed entries on their way to the controller.
const COMMITTED_QUEUE: usize = 64;

/// How a topic is created when nobody says how: partitions, replication factor, settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AutoTopic {
    /// Its number of partitions.
    pub partitions: i32,
    /// Its replication factor.
    pub replication_factor: i16,
    /// Its settings.
    pub configs: Vec<(String, String)>,
}

/// What the controller looks up outside the metadata: settings and their definitions.
pub trait ControllerRules: ConfigRules + Send + Sync {
    /// What topics get when a request does not say.
    fn topic_defaults(&self, image: &MetadataImage) -> TopicDefaults;
    /// How `name` is created automatically.
    fn auto_topic(&self, image: &MetadataImage, name: &TopicName) -> AutoTopic;
    /// `min.insync.replicas` of a new cluster.
    fn min_insync_replicas(&self) -> i32;
}

/// What the controller is started with.
#[derive(Clone)]
pub struct ControllerContext {
    /// This broker.
    pub broker: BrokerId,
    /// Where and how it takes part in the metadata quorum.
    pub raft: RaftSettings,
    /// Settings and their definitions.
    pub rules: Arc<dyn ControllerRules>,
    /// Publishes the newest image.
    pub publish: Arc<dyn Fn(Arc<MetadataImage>) + Send + Sync>,
    /// The way to who carries images out on this broker, whichever incarnation that is.
    pub replicas: Arc<dyn Fn(ApplyImage) + Send + Sync>,
}

/// The controller: decides, writes and answers.
///
/// Lives on the control core, owned by the guardian, which rebuilds it from the metadata log when
/// it panics. Mailbox: commands, bounded. It blocks on nothing: syncs run on other threads. While
/// it is rebuilt, commands are refused as retriable.
pub struct ControllerActor {
    context: ControllerContext,
    epitaph: Epitaph,
    consensus: Option<Arc<dyn Consensus>>,
    pipeline: Pipeline<outputs::Waiter>,
    applied: Arc<MetadataImage>,
    dice: RandomDice,
}

impl ControllerActor {
    /// A controller that opens its log when it starts.
    #[must_use]
    pub fn new(context: ControllerContext, epitaph: Epitaph) -> Self {
        let image = Arc::new(MetadataImage::default());
        Self {
            context,
            epitaph,
            consensus: None,
            pipeline: Pipeline::new(Arc::clone(&image)),
            applied: image,
            dice: RandomDice,
        }
    }

    fn give_up(&mut self, reason: ExitReason, ctx: &mut Context<Self>) {
        self.epitaph.because(reason);
        ctx.stop();
    }
}

impl Actor for ControllerActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let (sender, receiver) = mpsc::channel(COMMITTED_QUEUE);
        let start = RaftConsensus::start(self.context.raft.clone(), sender, now());
        let start = start.into_actor(self).map(move |started, controller, ctx| match started {
            Ok(started) => {
                controller.begin(Arc::new(started.consensus), started.image, ctx);
                ctx.add_stream(Arrivals(receiver));
            }
            Err(error) => {
                tracing::error!(%error, "the controller could not start");
                controller.give_up(ExitReason::DiskFailed, ctx);
            }
        });
        ctx.wait(start);
    }

    fn stopping(&mut self, _ctx: &mut Self::Context) -> Running {
        // a panic leaves the log to whoever is built next
        if let Some(consensus) = self.consensus.take()
            && !std::thread::panicking()
        {
            actix::spawn(consensus.shutdown());
        }
        Running::Stop
    }
}

/// Committed entries as a stream.
struct Arrivals(mpsc::Receiver<consensus::Committed>);

impl futures_util::Stream for Arrivals {
    type Item = Next;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Next>> {
        self.0.poll_recv(cx).map(|next| next.map(Next))
    }
}

/// Chance and ids from the operating system.
#[derive(Clone, Copy, Debug, Default)]
struct RandomDice;

impl Dice for RandomDice {
    fn below(&mut self, n: usize) -> usize {
        let (random, _) = Uuid::new_v4().as_u64_pair();
        // the low bits of the first half are random, the version is above them
        usize::try_from((random & 0xfff) | ((random >> 16) << 12)).unwrap_or(0) % n.max(1)
    }

    /// Kafka's `Uuid.randomUuid`: none that starts with a dash in its text form.
    fn topic_id(&mut self) -> Uuid {
        loop {
            let id = Uuid::new_v4();
            // 62 is the value of `-` in the URL-safe alphabet
            if id.as_bytes()[0] >> 2 != 62 {
                return id;
            }
        }
    }
}

/// Records that the controller itself decided, with nobody waiting.
type OwnRecords = Vec<MetadataRecord>;

#[cfg(test)]
#[path = "controller_tests.rs"]
mod tests;

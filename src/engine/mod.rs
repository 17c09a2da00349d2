//! A broker inside an actix application, and the typed ways to use it.
//!
//! | file | what it gives |
//! |---|---|
//! | `builder` | settings to a running [`Engine`] |
//! | `topic`, `append`, `read` | handles on topics and partitions; records in and out |
//! | `subscribe` | batches pushed to an actor, one at a time |
//! | `group`, `member` | committed offsets; a place in a consumer group |
//! | `admin`, `group_admin`, `log_dirs` | topics and settings; groups; log directories |
//! | `clock` | the time it goes by, and how a test lets it pass |
//!
//! Nothing here has state of Kafka's: every call is one message to the actor that has it.

mod admin;
mod append;
mod batch;
mod builder;
mod clock;
mod error;
mod group;
mod group_admin;
mod log_dirs;
mod member;
mod read;
mod shared;
mod subscribe;
mod topic;

#[cfg(test)]
mod arbiter_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ottla_actors::broker::{Broker, StartError};
use ottla_actors::protocol::Listener;
use ottla_config::Settings;
use ottla_core::storage::RealDisk;
use tempfile::TempDir;

pub use admin::{Admin, NewTopic};
pub use append::{Acks, Appended};
pub use batch::{Batch, Record};
pub use builder::EngineBuilder;
pub use clock::Clock;
pub use error::EngineError;
pub use group::{CommittedOffset, Group};
pub use group_admin::{GroupDescription, GroupListing, GroupMemberDescription};
pub use log_dirs::{LogDir, LogSize};
pub use member::Membership;
pub use read::{Read, ReadOptions, TimedOffset};
pub use subscribe::{Delivery, StartAt, Subscription, SubscriptionEnd};
pub use topic::{Partition, Topic};

use shared::Shared;

/// A running broker inside this process.
///
/// It lives on arbiters of its own, so that the application's actors and the broker's do not wait
/// for each other; with [`EngineBuilder::on_current_arbiter`] on the caller's, where an append
/// wakes no other thread. [`Engine::stop`] gives back its threads, files and memory; an engine that
/// is dropped stops by itself, as long as the actix system still runs.
///
/// ```
/// # use ottla::{Batch, Engine};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let data = tempfile::tempdir()?;
/// actix::System::new().block_on(async {
///     let engine = Engine::builder()
///         .config("log.dirs", data.path().display())
///         .config("listeners", "PLAINTEXT://127.0.0.1:0")
///         .start()
///         .await?;
///     println!("Kafka clients use {}", engine.listeners()[0].bound);
///     engine.topic("orders").append(Batch::value("one espresso")).await?;
///     engine.stop().await;
///     Ok(())
/// })
/// # }
/// ```
pub struct Engine {
    shared: Arc<Shared>,
    /// None once it is being stopped.
    running: Option<Running>,
}

/// What a stop takes down.
struct Running {
    broker: Broker,
    directory: Option<TempDir>,
    /// All of its data is in that directory.
    discards: bool,
}

impl Engine {
    /// A broker to be set up; without settings it listens on port 9092 and keeps its data in
    /// `data/` below the current directory, as the binary does.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::new()
    }

    /// A broker for a test: in a temporary directory, which goes when it stops, on a free port of
    /// 127.0.0.1 and on one core. Any number of them can run in one process, each with a
    /// [`clock`](Self::clock) of its own that the test can advance. It waits for no disk: what it
    /// keeps would survive its process, not a loss of power.
    ///
    /// ```
    /// # fn main() -> Result<(), ottla::StartError> {
    /// actix::System::new().block_on(async {
    ///     let engine = ottla::Engine::ephemeral().config("num.partitions", 3).start().await?;
    ///     assert_ne!(engine.listeners()[0].bound.port(), 0);
    ///     engine.stop().await;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn ephemeral() -> EngineBuilder {
        EngineBuilder::ephemeral()
    }

    /// Starts a broker from settings that are already put together; to be called inside a running
    /// actix system. Returns when it serves.
    ///
    /// # Errors
    /// What stopped the start, with what to do about it.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let broker = Broker::start(Arc::new(settings), Arc::new(RealDisk)).await?;
        Ok(Self::over(broker, None))
    }

    fn over(broker: Broker, directory: Option<TempDir>) -> Self {
        let shared = Arc::new(Shared::new(Arc::clone(broker.node())));
        let discards = directory.as_ref().is_some_and(|directory| {
            let settings = &broker.node().settings;
            let mut paths = settings.log_dirs.iter().chain([&settings.metadata_log_dir]);
            paths.all(|path| path.starts_with(directory.path()))
        });
        Self { shared, running: Some(Running { broker, directory, discards }) }
    }

    /// A handle on a topic, whether or not it exists yet: with `auto.create.topics.enable` the
    /// first append creates it. Handles and their clones are cheap and may outlive the engine,
    /// which they then report as stopped.
    #[must_use]
    pub fn topic(&self, name: impl AsRef<str>) -> Topic {
        Topic::new(Arc::clone(&self.shared), name.as_ref())
    }

    /// A handle on a consumer group: its committed offsets, and a place in it.
    #[must_use]
    pub fn group(&self, id: impl AsRef<str>) -> Group {
        Group::new(Arc::clone(&self.shared), id.as_ref())
    }

    /// The time it goes by, which a test can let pass.
    #[must_use]
    pub fn clock(&self) -> Clock {
        Clock::new(Arc::clone(&self.shared))
    }

    /// Topics and their settings.
    #[must_use]
    pub fn admin(&self) -> Admin {
        Admin::new(Arc::clone(&self.shared))
    }

    /// The listeners, with the ports they were bound to; none if it was started without.
    #[must_use]
    pub fn listeners(&self) -> &[Arc<Listener>] {
        self.running.as_ref().map_or(&[], |running| running.broker.listeners())
    }

    /// How long the start took.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.running.as_ref().map_or(Duration::ZERO, |running| running.broker.ready_after())
    }

    /// Returns when every log directory has failed: all that is left to do is [`Engine::stop`].
    pub async fn lost(&self) {
        if let Some(running) = &self.running {
            running.broker.lost().await;
        }
    }

    /// Stops in order: accepts no more, finishes requests in flight, closes the logs and marks
    /// them clean. Appends that are not answered by then, and all calls from now on, end with
    /// [`EngineError::Stopped`].
    pub async fn stop(mut self) {
        self.shared.stop();
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

impl Running {
    async fn stop(self) {
        if self.discards {
            self.broker.discard().await;
        } else {
            self.broker.stop().await;
        }
        if let Some(directory) = self.directory {
            let path = directory.path().to_owned();
            let removed = tokio::task::spawn_blocking(move || directory.close()).await;
            if !matches!(removed, Ok(Ok(()))) {
                tracing::warn!(dir = %path.display(), "could not remove the temporary directory");
            }
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.stop();
        let Some(running) = self.running.take() else { return };
        // nothing may block here: the application's own arbiter sees to it
        if let Some(system) = actix::System::try_current() {
            system.arbiter().spawn(running.stop());
        }
    }
}

//! From settings under Kafka's names to a running engine.

use std::sync::Arc;

use ottla_actors::broker::{Broker, Manner, StartError};
use ottla_actors::runtime::Clock;
use ottla_config::Settings;
use ottla_core::storage::{Disk, RealDisk, ScratchDisk};
use tempfile::TempDir;

use super::Engine;

/// What an engine for tests is set to, under whatever the test sets itself.
const EPHEMERAL: [(&str, &str); 4] = [
    ("listeners", "PLAINTEXT://127.0.0.1:0"),
    ("ottla.cores", "1"),
    ("offsets.topic.num.partitions", "1"),
    ("group.initial.rebalance.delay.ms", "0"),
];

/// Sets up an [`Engine`].
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let directory = tempfile::tempdir()?;
/// actix::System::new().block_on(async {
///     let engine = ottla::Engine::builder()
///         .config("log.dirs", directory.path().display())
///         .config("num.partitions", 3)
///         .without_listener()
///         .start()
///         .await?;
///     assert!(engine.listeners().is_empty());
///     engine.stop().await;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "an engine is made by start()"]
pub struct EngineBuilder {
    pairs: Vec<(String, String)>,
    listens: bool,
    ephemeral: bool,
    time: Time,
}

/// What an engine's clock is to be; each start makes one of its own.
#[derive(Clone, Copy, Debug)]
enum Time {
    System,
    Flowing,
    Still,
}

impl Time {
    fn clock(self) -> Clock {
        match self {
            Self::System => Clock::system(),
            Self::Flowing => Clock::flowing(),
            Self::Still => Clock::still(),
        }
    }
}

impl EngineBuilder {
    pub(super) fn new() -> Self {
        Self { pairs: Vec::new(), listens: true, ephemeral: false, time: Time::System }
    }

    pub(super) fn ephemeral() -> Self {
        let pairs = EPHEMERAL.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { pairs: pairs.into(), listens: true, ephemeral: true, time: Time::Flowing }
    }

    /// Sets one of Kafka's settings, or one of Ottla's own; a later call for the same key wins.
    pub fn config(mut self, key: impl Into<String>, value: impl ToString) -> Self {
        self.pairs.push((key.into(), value.to_string()));
        self
    }

    /// Opens no socket: the engine is used from inside this process alone.
    pub fn without_listener(mut self) -> Self {
        self.listens = false;
        self
    }

    /// Time stands still for the engine unless the test lets it pass with
    /// [`Clock::advance`](super::Clock::advance); without this, an ephemeral engine's clock goes by
    /// itself as well. A client that waits for records over TCP waits until then, too.
    pub fn held_clock(mut self) -> Self {
        self.time = Time::Still;
        self
    }

    /// Starts the engine; to be called inside a running actix system. Returns when it serves.
    ///
    /// # Errors
    /// What stopped the start, with what to do about it.
    pub async fn start(mut self) -> Result<Engine, StartError> {
        let directory = if self.ephemeral { Some(self.temporary_directory()?) } else { None };
        let pairs = self.pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let settings = Arc::new(Settings::with(pairs).map_err(StartError::Setting)?);
        let manner = Manner { inside: !self.listens, clock: self.time.clock() };
        let disk: Arc<dyn Disk> = match directory {
            // it is removed at the end: nothing in it needs to survive a loss of power
            Some(_) => Arc::new(ScratchDisk),
            None => Arc::new(RealDisk),
        };
        let broker = Broker::start_as(settings, disk, manner).await?;
        Ok(Engine::over(broker, directory))
    }

    fn temporary_directory(&mut self) -> Result<TempDir, StartError> {
        // with the process's number, whoever finds one later knows whether it is still in use
        let prefix = format!("ottla-{}-", std::process::id());
        let directory = tempfile::Builder::new().prefix(&prefix).tempdir();
        let directory = directory.map_err(StartError::TemporaryDirectory)?;
        let path = directory.path().display().to_string();
        // what the test says itself still wins
        self.pairs.insert(0, ("log.dirs".to_owned(), path));
        Ok(directory)
    }
}

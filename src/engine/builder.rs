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
    on_current_arbiter: bool,
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
        Self {
            pairs: Vec::new(),
            listens: true,
            ephemeral: false,
            on_current_arbiter: false,
            time: Time::System,
        }
    }

    pub(super) fn ephemeral() -> Self {
        let pairs = EPHEMERAL.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self { pairs: pairs.into(), ephemeral: true, time: Time::Flowing, ..Self::new() }
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

    /// Starts no threads for the engine: it lives on the arbiter of the thread that calls
    /// [`start`](Self::start), and takes turns there with whatever else that arbiter runs.
    ///
    /// This is for an application that appends from one thread and wants the shortest way. Between
    /// two threads an append takes two wake-ups, which cost more than all the rest where the cores
    /// of the machine sleep in between; here it takes none. For throughput it saves a core rather
    /// than adding one: with threads of its own the engine writes while the application goes on.
    ///
    /// All else is as it is with threads of its own. Other threads may use the engine, through the
    /// same handles, and so may Kafka clients over TCP; several engines can live on one arbiter. An
    /// actor that panics is started again, and the application's tasks do not notice.
    ///
    /// What it costs:
    /// - What the engine does at a time, the application waits for, and the other way round: a
    ///   handler that computes for 100 ms keeps Kafka clients waiting for as long. A turn of the
    ///   engine writes to the page cache and reads indexes that are mapped into memory, which waits
    ///   for the disk if the system has no memory left. Syncs, recovery, deletion and the reading
    ///   of old records go to threads that the engine starts where it needs them.
    /// - It has one core. `ottla.cores` is left out, or 1; any other value is refused.
    /// - When the arbiter stops, the engine ends with it, as in a crash: call
    ///   [`Engine::stop`] first. An engine with data of its own recovers at the next start.
    ///
    /// ```
    /// # use ottla::{Batch, Engine, Offset};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let directory = tempfile::tempdir()?;
    /// actix::System::new().block_on(async {
    ///     let engine = Engine::builder()
    ///         .config("log.dirs", directory.path().display())
    ///         .on_current_arbiter()
    ///         .without_listener()
    ///         .start()
    ///         .await?;
    ///     let appended = engine.topic("orders").append(Batch::value("one espresso")).await?;
    ///     assert_eq!(appended.first_offset, Offset(0));
    ///     engine.stop().await;
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn on_current_arbiter(mut self) -> Self {
        self.on_current_arbiter = true;
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
        let manner = Manner {
            inside: !self.listens,
            on_current_arbiter: self.on_current_arbiter,
            clock: self.time.clock(),
        };
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

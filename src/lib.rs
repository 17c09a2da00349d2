//! How another program embeds the engine: as actors of its own actix system, with no process of
//! their own.
//!
//! ```no_run
//! use ottla::{Engine, Settings};
//!
//! actix::System::new().block_on(async {
//!     let settings = Settings::with([("log.dirs", "/tmp/ottla")])?;
//!     let engine = Engine::start(settings).await?;
//!     println!("serving on {}", engine.listeners()[0].bound);
//!     engine.stop().await;
//!     Ok::<(), Box<dyn std::error::Error>>(())
//! });
//! ```

use std::sync::Arc;
use std::time::Duration;

use ottla_actors::broker::Broker;
use ottla_core::storage::RealDisk;

pub use ottla_actors::broker::StartError;
pub use ottla_actors::protocol::Listener;
pub use ottla_config::Settings;

/// A running broker inside this process.
pub struct Engine(Broker);

impl Engine {
    /// Starts a broker; to be called inside a running actix system. Returns when it serves.
    ///
    /// # Errors
    /// What stopped the start, with what to do about it.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        Broker::start(Arc::new(settings), Arc::new(RealDisk)).await.map(Self)
    }

    /// The listeners, with the ports they were bound to.
    #[must_use]
    pub fn listeners(&self) -> &[Arc<Listener>] {
        self.0.listeners()
    }

    /// How long the start took.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.0.ready_after()
    }

    /// Returns when every log directory has failed: all that is left to do is [`Engine::stop`].
    pub async fn lost(&self) {
        self.0.lost().await;
    }

    /// Stops in order: accepts no more, finishes requests in flight, closes the logs and marks
    /// them clean.
    pub async fn stop(self) {
        self.0.stop().await;
    }
}

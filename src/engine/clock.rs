//! The time of an engine, and how a test lets it pass.

use std::sync::Arc;
use std::time::Duration;

use super::EngineError;
use super::shared::Shared;

/// Rounds through the cores behind an advance: what a timer sets off is answered from other actors.
const ROUNDS: usize = 3;

/// The time that an engine goes by.
///
/// An engine of [`Engine::ephemeral`](super::Engine::ephemeral), or one that was built with
/// [`EngineBuilder::held_clock`](super::EngineBuilder::held_clock), has a clock of its own, whose
/// time a test can let pass: retention, the rolling of segments, the timeouts of groups, the expiry
/// of offsets and of producer ids, and requests that wait go by it. So do the timestamps of
/// [`Batch::push`](super::Batch::push). Every other engine goes by the system's clocks.
///
/// ```
/// # use ottla::{Batch, Engine, NewTopic, Offset};
/// # use std::time::Duration;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # actix::System::new().block_on(async {
/// let engine = Engine::ephemeral().without_listener().start().await?;
/// let topic = NewTopic::new("log").config("retention.ms", 3 * 24 * 3_600_000);
/// engine.admin().create_topic(topic).await?;
/// let log = engine.topic("log").partition(0);
/// log.append(Batch::value("old news")).await?;
///
/// engine.clock().advance(Duration::from_secs(7 * 24 * 3_600)).await?;
/// assert_eq!(log.earliest().await?, Offset(1));
/// # engine.stop().await;
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone)]
pub struct Clock(Arc<Shared>);

impl Clock {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// The time of the engine, in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.0.clock().now().wall_ms
    }

    /// Lets time pass, in whole milliseconds, and returns when what it made due has been done: what
    /// the engine is asked next, it answers accordingly. Files that became superfluous may be
    /// there a little longer.
    ///
    /// The time passes in one leap. What is due several times in between is done once, and a member
    /// of a group that had no occasion to send a heartbeat is out of it, as if the machine had
    /// slept: advance by less than the session timeout, repeatedly, to keep it in.
    ///
    /// # Errors
    /// The engine goes by the system's clocks, or it has been stopped.
    pub async fn advance(&self, duration: Duration) -> Result<(), EngineError> {
        let node = self.0.node()?;
        let clock = node.cores.clock();
        if !clock.is_held() {
            return Err(EngineError::ClockNotHeld);
        }
        clock.advance(duration).await;
        for _ in 0..ROUNDS {
            for core in 0..node.cores.count() {
                // a core that has stopped has nothing left to do
                _ = node.cores.call_on(core, || ()).await;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;

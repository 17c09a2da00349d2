//! One armed sleep for each actor, however many deadlines its machine holds.
//!
//! actix polls every spawned item of an actor at each wake, so a timer for each waiter would make
//! every message dearer. The machine keeps its deadlines in a timer wheel; the driver arms one
//! sleep for the earliest and none when there is nothing to wait for.

use std::time::Duration;

use actix::{Actor, AsyncContext, Context, SpawnHandle};

use super::clock::monotonic_ms;
use super::timers::run_later;

/// Wakes its actor when the earliest deadline is due.
#[derive(Debug, Default)]
pub struct DeadlineDriver {
    armed: Option<(u64, SpawnHandle)>,
}

impl DeadlineDriver {
    /// A driver with nothing armed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes sure `fire` runs no later than `next` (monotonic milliseconds, see
    /// [`now`](super::now)); `fire` calls [`fired`](Self::fired) first, advances its wheel and
    /// arms again.
    ///
    /// An earlier sleep that is already armed stays: a wake that finds nothing due costs less
    /// than arming anew whenever a deadline is taken back.
    pub fn arm<A>(
        &mut self,
        ctx: &mut Context<A>,
        next: Option<u64>,
        fire: fn(&mut A, &mut Context<A>),
    ) where
        A: Actor<Context = Context<A>>,
    {
        let Some(next) = next else { return };
        if let Some((armed, handle)) = self.armed {
            if armed <= next {
                return;
            }
            ctx.cancel_future(handle);
        }
        let delay = Duration::from_millis(next.saturating_sub(monotonic_ms()));
        self.armed = Some((next, run_later(ctx, delay, fire)));
    }

    /// Notes that the armed sleep has run out.
    pub fn fired(&mut self) {
        self.armed = None;
    }
}

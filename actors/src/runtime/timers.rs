//! Timers that go by the clock of their broker: what Kafka says happens after some time is armed
//! here, so that a test can let that time pass.
//!
//! What only guards the process against itself, and means nothing to a client, stays with the
//! system's clock: pauses before something is tried again, the limit on draining at a stop, the
//! consensus of the controllers.

use std::future::Future;
use std::time::Duration;

use actix::fut::{ActorFutureExt, ActorStreamExt, wrap_future, wrap_stream};
use actix::{Actor, AsyncContext, Context, SpawnHandle};

use super::clock::Clock;

/// Waits until `duration` has passed on this thread's clock.
pub async fn sleep(duration: Duration) {
    Clock::here().sleep(duration).await;
}

/// Waits for `future`, until `duration` has passed on this thread's clock.
pub async fn timeout<F: Future>(duration: Duration, future: F) -> Option<F::Output> {
    Clock::here().timeout(duration, future).await
}

/// Calls `f` once `delay` has passed, unless the handle is cancelled before.
pub fn run_later<A: Actor<Context = Context<A>>>(
    ctx: &mut Context<A>,
    delay: Duration,
    f: impl FnOnce(&mut A, &mut Context<A>) + 'static,
) -> SpawnHandle {
    let clock = Clock::here();
    if !clock.is_held() {
        return ctx.run_later(delay, f);
    }
    let over = async move { clock.sleep(delay).await };
    ctx.spawn(wrap_future::<_, A>(over).map(|(), actor, ctx| f(actor, ctx)))
}

/// Calls `f` whenever `every` has passed; once, however often it has passed at an advance.
pub fn run_interval<A: Actor<Context = Context<A>>>(
    ctx: &mut Context<A>,
    every: Duration,
    mut f: impl FnMut(&mut A, &mut Context<A>) + 'static,
) -> SpawnHandle {
    let clock = Clock::here();
    if !clock.is_held() {
        return ctx.run_interval(every, f);
    }
    let ticks = futures_util::stream::unfold(clock, move |clock| async move {
        clock.sleep(every).await;
        Some(((), clock))
    });
    ctx.spawn(wrap_stream::<_, A>(ticks).map(move |(), actor, ctx| f(actor, ctx)).finish())
}

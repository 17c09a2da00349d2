//! Starts actors and starts them again when they panic: a new value, from its factory, behind a
//! new address that is published with a higher generation.
//!
//! actix's own `Supervisor` restarts an actor that stopped but not one that panicked, and it would
//! keep the half-changed value. Here an actor that panicked is gone; its factory builds the next
//! one from what is on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Context};
use parking_lot::Mutex;

use super::clock::monotonic_ms;
use super::named::{self, ActorName};
use super::{Cores, Epitaph, ExitReason, Generation, RestartPolicy, Restarts, Route, Verdict};

type Factory<A> = Box<dyn Fn(&mut Context<A>, Epitaph) -> A + Send + Sync>;
type Publish<A> = Box<dyn Fn(Route<A>) + Send + Sync>;
type Offline = Box<dyn Fn(ExitReason) + Send + Sync>;

/// One actor to guard.
pub struct Child<A: Actor<Context = Context<A>>> {
    name: ActorName,
    core: usize,
    mailbox: usize,
    factory: Factory<A>,
    publish: Publish<A>,
    offline: Offline,
}

impl<A: Actor<Context = Context<A>>> Child<A> {
    /// An actor called `name` that lives on `core`; `factory` runs there, at every start.
    pub fn new(
        name: impl Into<ActorName>,
        core: usize,
        factory: impl Fn(&mut Context<A>, Epitaph) -> A + Send + Sync + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            core,
            mailbox: DEFAULT_MAILBOX,
            factory: Box::new(factory),
            publish: Box::new(|_| {}),
            offline: Box::new(|_| {}),
        }
    }

    /// The room in its mailbox, instead of 1,024 messages.
    #[must_use]
    pub fn mailbox(mut self, capacity: usize) -> Self {
        self.mailbox = capacity;
        self
    }

    /// Where its address is published, at every start and before the factory has run.
    #[must_use]
    pub fn publish(mut self, publish: impl Fn(Route<A>) + Send + Sync + 'static) -> Self {
        self.publish = Box::new(publish);
        self
    }

    /// What happens when it is given up: its disk failed or it panicked too often.
    #[must_use]
    pub fn offline(mut self, offline: impl Fn(ExitReason) + Send + Sync + 'static) -> Self {
        self.offline = Box::new(offline);
        self
    }
}

/// The bound on data messages is the permits; a mailbox only has to have room for them.
const DEFAULT_MAILBOX: usize = 1_024;

/// Starts actors and reacts to how they end.
#[derive(Clone)]
pub struct Guardian(Arc<Shared>);

struct Shared {
    cores: Arc<Cores>,
    policy: RestartPolicy,
    closing: AtomicBool,
}

impl Guardian {
    /// A guardian over `cores`.
    #[must_use]
    pub fn new(cores: Arc<Cores>, policy: RestartPolicy) -> Self {
        Self(Arc::new(Shared { cores, policy, closing: AtomicBool::new(false) }))
    }

    /// Starts a child and guards it until it ends for another reason than a panic.
    pub fn start<A: Actor<Context = Context<A>>>(&self, child: Child<A>) -> Arc<Addr<A>> {
        let watch = Watch { guardian: Arc::clone(&self.0), child, restarts: Mutex::default() };
        start(&Arc::new(watch), Generation(1))
    }

    /// From now on nothing is started again.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
    }

    /// The cores it starts actors on.
    #[must_use]
    pub fn cores(&self) -> &Arc<Cores> {
        &self.0.cores
    }
}

/// A child and its history.
struct Watch<A: Actor<Context = Context<A>>> {
    guardian: Arc<Shared>,
    child: Child<A>,
    restarts: Mutex<Restarts>,
}

fn start<A: Actor<Context = Context<A>>>(
    watch: &Arc<Watch<A>>,
    generation: Generation,
) -> Arc<Addr<A>> {
    let child = &watch.child;
    let (addr, receiver) = named::mailbox::<A>(child.mailbox);
    let addr = Arc::new(addr);
    let watched = Arc::clone(watch);
    let epitaph = Epitaph::new(move |reason| ended(&watched, generation, reason));
    let watched = Arc::clone(watch);
    (child.publish)(Route { addr: Arc::clone(&addr), generation, core: child.core });
    watch.guardian.cores.run_on(child.core, move || {
        let child = &watched.child;
        let name = Arc::clone(&child.name);
        named::run(name, receiver, |context| (child.factory)(context, epitaph));
    });
    addr
}

fn ended<A: Actor<Context = Context<A>>>(
    watch: &Arc<Watch<A>>,
    generation: Generation,
    reason: ExitReason,
) {
    let name = &*watch.child.name;
    let closing = watch.guardian.closing.load(Ordering::Acquire);
    match reason {
        ExitReason::Asked | ExitReason::LeadershipLost | ExitReason::UpstreamGone => {
            tracing::debug!(actor = name, %reason, "actor ended");
        }
        ExitReason::DiskFailed => {
            tracing::error!(actor = name, "actor ended because its log directory failed");
            (watch.child.offline)(reason);
        }
        ExitReason::Panicked if closing => {
            tracing::error!(actor = name, "actor panicked while the broker was stopping");
        }
        ExitReason::Panicked => on_panic(watch, generation),
    }
}

fn on_panic<A: Actor<Context = Context<A>>>(watch: &Arc<Watch<A>>, generation: Generation) {
    let name = &*watch.child.name;
    let verdict = watch.restarts.lock().on_panic(monotonic_ms(), &watch.guardian.policy);
    match verdict {
        Verdict::GiveUp => {
            let limit = watch.guardian.policy.limit;
            tracing::error!(actor = name, limit, "actor panicked too often, its part is offline");
            (watch.child.offline)(ExitReason::Panicked);
        }
        Verdict::RestartAfter(pause_ms) => {
            tracing::error!(actor = name, pause_ms, "actor panicked, starting it again");
            let again = Arc::clone(watch);
            watch.guardian.cores.run_on(watch.child.core, move || {
                actix_rt::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                    if !again.guardian.closing.load(Ordering::Acquire) {
                        start(&again, Generation(generation.0 + 1));
                    }
                });
            });
        }
    }
}

#[cfg(test)]
#[path = "guardian_tests.rs"]
mod tests;

//! The cores of a broker, on which all its actors live: threads of its own, or one that it shares.

use std::cell::Cell;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Addr, Context};
use ottla_core::base::TopicPartition;
use tokio::sync::oneshot;

use super::Clock;
use super::guest::Guest;
use super::named;
use super::threads::Threads;

/// Room in the mailbox of an actor started without a guardian.
const SMALL_MAILBOX: usize = 64;

thread_local! {
    static HERE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// Says which core this thread is from now on; returns which it was.
pub(super) fn mark_core(core: Option<usize>) -> Option<usize> {
    // the thread may be on its way out
    HERE.try_with(|here| here.replace(core)).ok().flatten()
}

/// The cores.
pub struct Cores {
    place: Place,
    clock: Clock,
}

enum Place {
    Threads(Threads),
    Guest(Guest),
}

impl Cores {
    /// Starts `count` arbiters (at least one), each on its own named thread; with `pin` each
    /// thread is bound to one CPU.
    ///
    /// Must be called inside a running actix system.
    ///
    /// # Errors
    /// A thread or its event loop could not be made.
    pub fn start(count: usize, pin: bool) -> io::Result<Self> {
        Self::start_by(Clock::system(), count, pin)
    }

    /// [`Self::start`] with threads that go by `clock`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_by(clock: Clock, count: usize, pin: bool) -> io::Result<Self> {
        let threads = Threads::start(&clock, count, pin)?;
        Ok(Self { place: Place::Threads(threads), clock })
    }

    /// One core without a thread: its actors take turns with whatever else the arbiter of this
    /// thread runs. When they have all ended, `leave` is called on this thread, to give back what
    /// was kept for it.
    ///
    /// # Errors
    /// No arbiter runs on this thread.
    pub fn on_current_arbiter(clock: Clock, leave: fn()) -> io::Result<Self> {
        let guest = Guest::start(clock.clone(), leave)?;
        Ok(Self { place: Place::Guest(guest), clock })
    }

    /// The clock its threads go by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The number of CPUs this process may use.
    #[must_use]
    pub fn available() -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    /// How many cores there are.
    #[must_use]
    pub fn count(&self) -> usize {
        match &self.place {
            Place::Threads(threads) => threads.count(),
            Place::Guest(_) => 1,
        }
    }

    /// The core this thread is, or is while a guest of its arbiter has its turn; none on any other
    /// thread.
    #[must_use]
    pub fn here() -> Option<usize> {
        HERE.try_with(Cell::get).ok().flatten()
    }

    /// How long a core has not been asleep, in all.
    #[must_use]
    pub fn busy(&self, core: usize) -> Duration {
        match &self.place {
            Place::Threads(threads) => threads.busy(core).unwrap_or(Duration::MAX),
            Place::Guest(guest) => guest.busy(),
        }
    }

    /// The core that owns a partition, and the part of its log directory's storage that belongs
    /// to it. Stable for a given number of cores.
    #[must_use]
    pub fn core_of(&self, partition: &TopicPartition) -> usize {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(&*partition.topic);
        // neighbours of one topic go to different cores
        let spread = hash.wrapping_add(u64::from(partition.partition.unsigned_abs()));
        usize::try_from(spread % self.count() as u64).unwrap_or(0)
    }

    /// Starts an actor on a core; `factory` runs there.
    pub fn spawn<A, F>(&self, core: usize, factory: F) -> Addr<A>
    where
        A: Actor<Context = Context<A>>,
        F: FnOnce(&mut Context<A>) -> A + Send + 'static,
    {
        let (addr, receiver) = named::mailbox(SMALL_MAILBOX);
        self.run_on(core, move || named::run(named::type_label::<A>(), receiver, factory));
        addr
    }

    /// Runs `f` on a core, soon. False if the core has stopped.
    pub fn run_on(&self, core: usize, f: impl FnOnce() + Send + 'static) -> bool {
        match &self.place {
            Place::Threads(threads) => threads.run_on(core, f),
            Place::Guest(guest) => guest.run(f),
        }
    }

    /// Runs `f` on a core and waits for what it returns; none if the core has stopped or `f`
    /// panicked.
    pub async fn call_on<T: Send + 'static>(
        &self,
        core: usize,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (sender, receiver) = oneshot::channel();
        self.run_on(core, move || drop(sender.send(f())));
        receiver.await.ok()
    }

    /// Ends all actors and tasks of the cores, and their threads, and waits until they are gone.
    /// Threads of its own cannot wait for themselves: not to be called from one of them.
    pub async fn stop(self: &Arc<Self>) {
        match &self.place {
            Place::Guest(guest) => guest.stop().await,
            Place::Threads(_) => {
                let cores = Arc::clone(self);
                // waits for threads
                let joined = tokio::task::spawn_blocking(move || cores.join());
                if joined.await.is_err() {
                    tracing::error!("the cores did not stop in order");
                }
            }
        }
    }

    fn join(&self) {
        if let Place::Threads(threads) = &self.place {
            threads.stop();
        }
    }
}

//! One arbiter per core: the only place that starts threads for actors.

use std::cell::Cell;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::io;
use std::time::Duration;

use actix::{Actor, Addr, Context};
use actix_rt::{Arbiter, ArbiterHandle};
use ottla_core::base::TopicPartition;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Clock;
use super::named;
use super::panics::mark_core_thread;

/// Room in the mailbox of an actor started without a guardian.
const SMALL_MAILBOX: usize = 64;

thread_local! {
    static HERE: Cell<Option<usize>> = const { Cell::new(None) };
}

/// The arbiters, one for each core.
pub struct Cores {
    handles: Vec<ArbiterHandle>,
    runtimes: Vec<tokio::runtime::Handle>,
    arbiters: Mutex<Vec<Arbiter>>,
    clock: Clock,
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
        let arbiters = (0..count.max(1)).map(|core| start_one(core, pin, &clock));
        let arbiters = arbiters.collect::<io::Result<Vec<_>>>()?;
        let (arbiters, runtimes): (Vec<_>, _) = arbiters.into_iter().unzip();
        let handles = arbiters.iter().map(Arbiter::handle).collect();
        Ok(Self { handles, runtimes, arbiters: Mutex::new(arbiters), clock })
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
        self.handles.len()
    }

    /// The core this thread is; none on any other thread.
    #[must_use]
    pub fn here() -> Option<usize> {
        HERE.try_with(Cell::get).ok().flatten()
    }

    /// How long a core has not been asleep, in all.
    #[must_use]
    pub fn busy(&self, core: usize) -> Duration {
        let runtime = self.runtimes.get(core);
        runtime.map_or(Duration::MAX, |runtime| runtime.metrics().worker_total_busy_duration(0))
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
        self.handle(core).spawn_fn(f)
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

    /// Stops every arbiter and waits for its thread. Blocks: not to be called from a core.
    pub fn stop(&self) {
        for handle in &self.handles {
            handle.stop();
        }
        for arbiter in self.arbiters.lock().drain(..) {
            // a thread that panicked is as gone as one that stopped
            drop(arbiter.join());
        }
    }

    fn handle(&self, core: usize) -> &ArbiterHandle {
        let last = self.handles.len() - 1;
        &self.handles[core.min(last)]
    }
}

fn start_one(
    core: usize,
    pin: bool,
    clock: &Clock,
) -> io::Result<(Arbiter, tokio::runtime::Handle)> {
    let (sender, handle) = std::sync::mpsc::channel();
    let clock = clock.clone();
    let arbiter = Arbiter::try_with_tokio_rt(move || {
        HERE.set(Some(core));
        name_thread(core);
        mark_core_thread();
        clock.enter();
        if pin {
            pin_thread(core);
        }
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        // those that do the core's blocking work
        runtime.on_thread_start(move || clock.enter());
        let runtime = runtime.enable_io().enable_time().build()?;
        // the receiver waits for it
        _ = sender.send(runtime.handle().clone());
        Ok(runtime)
    })?;
    Ok((arbiter, handle.recv().map_err(io::Error::other)?))
}

/// actix names its threads after the system; what `top -H` and a panic line show is the core.
fn name_thread(core: usize) {
    if let Ok(name) = std::ffi::CString::new(format!("ottla-core-{core}")) {
        // a thread without a name works as well
        _ = rustix::thread::set_name(&name);
    }
}

fn pin_thread(core: usize) {
    let mut cpus = rustix::thread::CpuSet::new();
    cpus.set(core);
    if let Err(error) = rustix::thread::sched_setaffinity(None, &cpus) {
        tracing::warn!(core, %error, "could not bind the thread of a core to its cpu");
    }
}

//! Cores that are threads of their own, each with an arbiter.

use std::io;
use std::time::Duration;

use actix_rt::{Arbiter, ArbiterHandle};
use parking_lot::Mutex;

use super::Clock;
use super::cores::mark_core;
use super::panics::mark_logged;

/// The arbiters, one for each core.
pub(super) struct Threads {
    handles: Vec<ArbiterHandle>,
    runtimes: Vec<tokio::runtime::Handle>,
    arbiters: Mutex<Vec<Arbiter>>,
}

impl Threads {
    /// Starts `count` of them, at least one.
    pub(super) fn start(clock: &Clock, count: usize, pin: bool) -> io::Result<Self> {
        let arbiters = (0..count.max(1)).map(|core| start_one(core, pin, clock));
        let arbiters = arbiters.collect::<io::Result<Vec<_>>>()?;
        let (arbiters, runtimes): (Vec<_>, _) = arbiters.into_iter().unzip();
        let handles = arbiters.iter().map(Arbiter::handle).collect();
        Ok(Self { handles, runtimes, arbiters: Mutex::new(arbiters) })
    }

    pub(super) fn count(&self) -> usize {
        self.handles.len()
    }

    pub(super) fn busy(&self, core: usize) -> Option<Duration> {
        self.runtimes.get(core).map(|runtime| runtime.metrics().worker_total_busy_duration(0))
    }

    /// Runs `f` on a core, soon. False if the core has stopped.
    pub(super) fn run_on(&self, core: usize, f: impl FnOnce() + Send + 'static) -> bool {
        let last = self.handles.len() - 1;
        self.handles[core.min(last)].spawn_fn(f)
    }

    /// Stops every arbiter and waits for its thread. Blocks: not to be called from a core.
    pub(super) fn stop(&self) {
        for handle in &self.handles {
            handle.stop();
        }
        for arbiter in self.arbiters.lock().drain(..) {
            // a thread that panicked is as gone as one that stopped
            drop(arbiter.join());
        }
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
        mark_core(Some(core));
        mark_logged(true);
        name_thread(core);
        clock.enter();
        if pin {
            pin_thread(core);
        }
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
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

//! A core without a thread: the guest of an arbiter that runs other things as well.
//!
//! All that lives on it is in one [`LocalSet`], which one task of the arbiter drives. What actors
//! spawn while the set has its turn lands in the set, so dropping the set ends everything that is
//! the guest's and nothing that is the host's. What a thread of its own would be marked with for
//! good, the host's thread is marked with while the set has its turn: which core it is, whose time
//! it goes by, and that a panic is the broker's.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_rt::Arbiter;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::LocalSet;

use super::Clock;
use super::clock::ClockTurn;
use super::cores::mark_core;
use super::helpers::Helpers;
use super::panics::mark_logged;

/// The only core there is.
const CORE: usize = 0;

/// Held by whatever the end of a guest must wait for.
pub(super) type Lease = Arc<watch::Receiver<()>>;

type Job = Box<dyn FnOnce() + Send>;

thread_local! {
    /// Of the guest whose turn it is.
    static HOLD: RefCell<Option<Rc<Hold>>> = const { RefCell::new(None) };
}

/// What a guest's blocking work needs.
pub(super) struct Hold {
    helpers: Helpers,
    /// Behind the helpers: it goes last.
    lease: Lease,
}

impl Hold {
    /// The threads that do it.
    pub(super) fn helpers(&self) -> &Helpers {
        &self.helpers
    }

    /// What it holds until it is done.
    pub(super) fn lease(&self) -> Lease {
        Arc::clone(&self.lease)
    }
}

/// That of the guest whose turn it is on this thread; none on threads that are cores.
pub(super) fn hold() -> Option<Rc<Hold>> {
    HOLD.try_with(|hold| hold.borrow().clone()).ok().flatten()
}

/// The core, as other threads see it.
pub(super) struct Guest {
    /// As few as an arbiter's commands: starts of actors.
    jobs: mpsc::UnboundedSender<Job>,
    stop: Mutex<Option<oneshot::Sender<()>>>,
    /// Closed when nobody holds a lease any more.
    leases: watch::Sender<()>,
    host: tokio::runtime::Handle,
}

impl Guest {
    /// Becomes a guest of the arbiter that runs on this thread. `leave` is called there at the end.
    pub(super) fn start(clock: Clock, leave: fn()) -> io::Result<Self> {
        let none = || io::Error::other("no arbiter runs on this thread");
        Arbiter::try_current().ok_or_else(none)?;
        let host = tokio::runtime::Handle::try_current().map_err(io::Error::other)?;
        let (jobs, queue) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel();
        let (leases, lease) = watch::channel(());
        let set = LocalSet::new();
        set.spawn_local(carry_out(queue));
        let hold = Rc::new(Hold { helpers: Helpers::default(), lease: Arc::new(lease) });
        actix_rt::spawn(Stay { set: Some(set), stopped, clock, leave, hold, in_order: false });
        Ok(Self { jobs, stop: Mutex::new(Some(stop)), leases, host })
    }

    /// How long the thread it is a guest of has not been asleep, in all.
    pub(super) fn busy(&self) -> Duration {
        self.host.metrics().worker_total_busy_duration(0)
    }

    /// Runs `f` there, soon. False if the guest has left.
    pub(super) fn run(&self, f: impl FnOnce() + Send + 'static) -> bool {
        self.jobs.send(Box::new(f)).is_ok()
    }

    /// Ends whatever lives on it, and waits until that and its blocking work is gone. From any
    /// thread; on the guest's own, others get their turns meanwhile.
    pub(super) async fn stop(&self) {
        if let Some(stop) = self.stop.lock().take() {
            // an error means that it has left already
            _ = stop.send(());
        }
        self.leases.closed().await;
    }
}

/// Runs jobs in the order in which they came; a panic of one is not the end of the others.
async fn carry_out(mut queue: mpsc::UnboundedReceiver<Job>) {
    while let Some(job) = queue.recv().await {
        actix_rt::spawn(async { job() });
    }
}

/// The task that drives the set, until it is to stop or the arbiter ends.
struct Stay {
    /// None once it has been dropped.
    set: Option<LocalSet>,
    stopped: oneshot::Receiver<()>,
    clock: Clock,
    leave: fn(),
    /// It was told to stop: who did so waits for the leases, and others get their turns meanwhile.
    in_order: bool,
    /// Behind the set: it goes last.
    hold: Rc<Hold>,
}

impl Future for Stay {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        // an error means that nobody can reach it any more
        if Pin::new(&mut this.stopped).poll(cx).is_ready() {
            this.in_order = true;
            return Poll::Ready(());
        }
        let Some(set) = &mut this.set else { return Poll::Ready(()) };
        let _turn = Turn::begin(&this.clock, &this.hold);
        Pin::new(set).poll(cx)
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        let turn = Turn::begin(&self.clock, &self.hold);
        drop(self.set.take());
        drop(turn);
        (self.leave)();
        // where the arbiter itself ends, that waits for them
        if self.in_order {
            self.hold.helpers.let_go();
        }
    }
}

/// Marks the thread until dropped.
struct Turn {
    core: Option<usize>,
    logged: bool,
    hold: Option<Rc<Hold>>,
    _clock: ClockTurn,
}

impl Turn {
    fn begin(clock: &Clock, hold: &Rc<Hold>) -> Self {
        let hold = Some(Rc::clone(hold));
        Self {
            core: mark_core(Some(CORE)),
            logged: mark_logged(true),
            hold: HOLD.try_with(|cell| cell.replace(hold)).ok().flatten(),
            _clock: clock.turn(),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        mark_core(self.core);
        mark_logged(self.logged);
        let outer = self.hold.take();
        // the thread may be on its way out
        drop(HOLD.try_with(|cell| cell.replace(outer)));
    }
}

#[cfg(test)]
#[path = "guest_tests.rs"]
mod tests;

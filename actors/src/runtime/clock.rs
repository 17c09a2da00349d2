//! The one place that reads the clocks; everything else is handed a [`Tick`].
//!
//! A broker goes by the system's clocks. One that is made for a test may go by a clock of its own,
//! which the test can advance. A [`Clock`] belongs to the threads of its broker's cores, for good
//! or, where a broker is the guest of another's arbiter, while it has its turn, and to those that
//! do blocking work for them: [`now`] asks the thread it runs on.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ottla_core::base::Tick;
use parking_lot::Mutex;
use tokio::sync::Notify;

static ORIGIN: OnceLock<Instant> = OnceLock::new();

thread_local! {
    /// Empty where the system's clocks count, as on every thread of a broker in service.
    static HELD: RefCell<Option<Arc<Held>>> = const { RefCell::new(None) };
}

/// Reads both clocks, as they are on this thread.
#[must_use]
pub fn now() -> Tick {
    let held = HELD.try_with(|held| held.borrow().as_ref().map(|held| held.now()));
    held.ok().flatten().unwrap_or_else(system_now)
}

/// Reads the monotonic clock of this thread alone, in milliseconds since some moment of this
/// process.
#[must_use]
pub fn monotonic_ms() -> u64 {
    let held = HELD.try_with(|held| held.borrow().as_ref().map(|held| held.monotonic_ms()));
    held.ok().flatten().unwrap_or_else(system_monotonic_ms)
}

fn system_now() -> Tick {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Tick {
        monotonic_ms: system_monotonic_ms(),
        wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
    }
}

fn system_monotonic_ms() -> u64 {
    let origin = *ORIGIN.get_or_init(Instant::now);
    whole_ms(origin.elapsed())
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The time that one broker goes by. Clones are the same clock.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<Held>>);

impl Clock {
    /// The system's clocks.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// Goes like the system's clocks, and can be advanced.
    #[must_use]
    pub fn flowing() -> Self {
        Self(Some(Arc::new(Held::new(None))))
    }

    /// Stands still at the present, and can be advanced.
    #[must_use]
    pub fn still() -> Self {
        Self(Some(Arc::new(Held::new(Some(system_now())))))
    }

    /// The clock of this thread.
    pub(super) fn here() -> Self {
        Self(HELD.try_with(|held| held.borrow().clone()).ok().flatten())
    }

    /// Makes this the clock of the thread, for good.
    pub(super) fn enter(&self) {
        HELD.set(self.0.clone());
    }

    /// Makes this the clock of the thread, until the turn is dropped.
    pub(super) fn turn(&self) -> ClockTurn {
        // the thread may be on its way out
        ClockTurn(HELD.try_with(|held| held.replace(self.0.clone())).ok().flatten())
    }

    /// Whether it can be advanced.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.is_some()
    }

    /// Reads it.
    #[must_use]
    pub fn now(&self) -> Tick {
        self.0.as_ref().map_or_else(system_now, |held| held.now())
    }

    /// Reads its monotonic part alone.
    #[must_use]
    pub fn monotonic_ms(&self) -> u64 {
        self.0.as_ref().map_or_else(system_monotonic_ms, |held| held.monotonic_ms())
    }

    /// Lets `duration`, in whole milliseconds, pass at once, and waits until every timer of the
    /// broker's own threads that is due by then has fired. Nothing happens to the system's clocks.
    pub async fn advance(&self, duration: Duration) {
        if let Some(held) = &self.0 {
            held.advance(whole_ms(duration));
            held.settled().await;
        }
    }

    /// Waits until `duration` has passed.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            None => tokio::time::sleep(duration).await,
            Some(held) => held.sleep(duration).await,
        }
    }

    /// Waits for `future`, until `duration` has passed.
    pub async fn timeout<F: Future>(&self, duration: Duration, future: F) -> Option<F::Output> {
        match &self.0 {
            None => tokio::time::timeout(duration, future).await.ok(),
            Some(held) => tokio::select! {
                biased;
                output = future => Some(output),
                () = held.sleep(duration) => None,
            },
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            None => "Clock(system)",
            Some(held) if held.still.is_some() => "Clock(still)",
            Some(_) => "Clock(flowing)",
        })
    }
}

/// While it lasts, another clock counts on the thread; then the one before again.
pub(super) struct ClockTurn(Option<Arc<Held>>);

impl Drop for ClockTurn {
    fn drop(&mut self) {
        let outer = self.0.take();
        drop(HELD.try_with(|held| held.replace(outer)));
    }
}

/// A clock that can be advanced.
struct Held {
    /// The moment it stands at, advances left out; none if it goes like the system's clocks.
    still: Option<Tick>,
    advanced_ms: AtomicU64,
    sleepers: Mutex<Sleepers>,
    /// Notified when a sleeper has gone.
    fired: Notify,
}

/// Who waits for this clock.
#[derive(Default)]
struct Sleepers {
    next: u64,
    waiting: HashMap<u64, Sleeper>,
}

struct Sleeper {
    deadline_ms: u64,
    waker: Waker,
    /// It sleeps on a thread of the broker, so it is certain to be polled soon.
    own: bool,
}

impl Held {
    fn new(still: Option<Tick>) -> Self {
        Self {
            still,
            advanced_ms: AtomicU64::new(0),
            sleepers: Mutex::default(),
            fired: Notify::new(),
        }
    }

    fn now(&self) -> Tick {
        let tick = self.still.unwrap_or_else(system_now);
        tick.plus_ms(self.advanced_ms.load(Ordering::Acquire))
    }

    fn monotonic_ms(&self) -> u64 {
        let now = self.still.map_or_else(system_monotonic_ms, |still| still.monotonic_ms);
        now.saturating_add(self.advanced_ms.load(Ordering::Acquire))
    }

    fn advance(&self, ms: u64) {
        let sleepers = self.sleepers.lock();
        let before = self.advanced_ms.load(Ordering::Acquire);
        self.advanced_ms.store(before.saturating_add(ms), Ordering::Release);
        let now = self.monotonic_ms();
        for sleeper in sleepers.waiting.values().filter(|sleeper| sleeper.deadline_ms <= now) {
            sleeper.waker.wake_by_ref();
        }
    }

    async fn settled(&self) {
        loop {
            let mut fired = std::pin::pin!(self.fired.notified());
            fired.as_mut().enable();
            let now = self.monotonic_ms();
            let due = |sleeper: &Sleeper| sleeper.own && sleeper.deadline_ms <= now;
            if !self.sleepers.lock().waiting.values().any(due) {
                return;
            }
            fired.await;
        }
    }

    fn sleep(self: &Arc<Self>, duration: Duration) -> HeldSleep {
        let ms = whole_ms(duration.saturating_add(Duration::from_nanos(999_999)));
        let deadline_ms = self.monotonic_ms().saturating_add(ms);
        HeldSleep { clock: Arc::clone(self), deadline_ms, id: None, real: None }
    }
}

/// Waits for a moment of a clock that can be advanced.
struct HeldSleep {
    clock: Arc<Held>,
    deadline_ms: u64,
    /// Its place among the sleepers.
    id: Option<u64>,
    /// What wakes it if nobody advances a clock that goes by itself.
    real: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl HeldSleep {
    fn register(&mut self, waker: &Waker) {
        let mut sleepers = self.clock.sleepers.lock();
        let id = *self.id.get_or_insert_with(|| {
            sleepers.next += 1;
            sleepers.next
        });
        let ours = |here: &Arc<Held>| Arc::ptr_eq(here, &self.clock);
        let own = HELD.try_with(|held| held.borrow().as_ref().is_some_and(ours)).unwrap_or(false);
        let sleeper = Sleeper { deadline_ms: self.deadline_ms, waker: waker.clone(), own };
        sleepers.waiting.insert(id, sleeper);
    }

    fn leave(&mut self) {
        if let Some(id) = self.id.take() {
            self.clock.sleepers.lock().waiting.remove(&id);
            self.clock.fired.notify_waiters();
        }
    }
}

impl Future for HeldSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.register(cx.waker());
        loop {
            let left_ms = self.deadline_ms.saturating_sub(self.clock.monotonic_ms());
            if left_ms == 0 {
                self.leave();
                return Poll::Ready(());
            }
            if self.clock.still.is_some() {
                return Poll::Pending;
            }
            let left = Duration::from_millis(left_ms);
            let real = self.real.get_or_insert_with(|| Box::pin(tokio::time::sleep(left)));
            if real.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            self.real = None;
        }
    }
}

impl Drop for HeldSleep {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;

//! The clock of a measurement, and a timer fine enough for an open loop.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Nanoseconds in a second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// Nanoseconds of the system's monotonic clock.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds * SECOND + u64::try_from(time.tv_nsec).unwrap_or(0)
}

/// Seconds as nanoseconds; nothing for what is no duration.
pub(crate) fn nanoseconds(seconds: f64) -> u64 {
    Duration::try_from_secs_f64(seconds)
        .map_or(0, |span| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
}

/// Returns when `at` has come, to the millisecond.
pub(crate) async fn sleep_until(at: u64) {
    tokio::time::sleep(Duration::from_nanos(at.saturating_sub(now()))).await;
}

/// When load is sent, and when what is answered counts.
///
/// It is opened once all are connected, or thousands of connections would be made inside it.
#[derive(Debug)]
pub(crate) struct Window {
    warmup: u64,
    length: u64,
    /// The first request is due.
    begin: AtomicU64,
    /// Nothing is sent any more.
    to: AtomicU64,
}

impl Window {
    /// A window that counts for `seconds` behind `warmup`, and does not begin before it is opened.
    pub(crate) fn new(warmup: f64, seconds: f64) -> Self {
        let (warmup, length) = (nanoseconds(warmup), nanoseconds(seconds));
        Self { warmup, length, begin: AtomicU64::new(u64::MAX), to: AtomicU64::new(u64::MAX) }
    }

    /// Lets it begin soon.
    pub(crate) fn open(&self) {
        self.begin.store(now() + 50_000_000, Ordering::Relaxed);
        self.to.store(self.from().saturating_add(self.length), Ordering::Relaxed);
    }

    /// When the first request is due; never before it is opened.
    pub(crate) fn begin(&self) -> u64 {
        self.begin.load(Ordering::Relaxed)
    }

    /// When the warm-up is over.
    pub(crate) fn from(&self) -> u64 {
        self.begin().saturating_add(self.warmup)
    }

    /// The end.
    pub(crate) fn to(&self) -> u64 {
        self.to.load(Ordering::Relaxed)
    }

    /// Ends the window now, if it is not over.
    pub(crate) fn end_now(&self) {
        self.to.fetch_min(now(), Ordering::Relaxed);
    }

    /// Whether what happens at `at` counts.
    pub(crate) fn counts(&self, at: u64) -> bool {
        at >= self.from() && at < self.to()
    }

    /// Seconds that count.
    pub(crate) fn seconds(&self) -> f64 {
        seconds(self.to().saturating_sub(self.from()))
    }
}

/// Nanoseconds as seconds.
pub(crate) fn seconds(nanoseconds: u64) -> f64 {
    Duration::from_nanos(nanoseconds).as_secs_f64()
}

/// Wakes a task at a time exact to some microseconds; the runtime's own timer knows milliseconds.
#[derive(Debug)]
pub(crate) struct Pacer {
    timer: AsyncFd<OwnedFd>,
    armed: u64,
}

impl Pacer {
    /// A timer on the arbiter that calls this.
    pub(crate) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        #[expect(deprecated, reason = "an owned descriptor that nobody replaces is sound")]
        let timer = AsyncFd::with_interest(timer, Interest::READABLE)?;
        Ok(Self { timer, armed: 0 })
    }

    /// Ready once `at` has come.
    pub(crate) fn poll_until(&mut self, cx: &mut Context<'_>, at: u64) -> Poll<io::Result<()>> {
        if now() >= at {
            return Poll::Ready(Ok(()));
        }
        if self.armed != at {
            let first = Timespec {
                tv_sec: i64::try_from(at / SECOND).unwrap_or(i64::MAX),
                tv_nsec: i64::try_from(at % SECOND).unwrap_or(0),
            };
            let once = Timespec { tv_sec: 0, tv_nsec: 0 };
            let spec = Itimerspec { it_interval: once, it_value: first };
            timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::ABSTIME, &spec)?;
            self.armed = at;
        }
        loop {
            // an expiry of an earlier setting may still be reported
            ready!(self.timer.poll_read_ready(cx))?.clear_ready();
            if now() >= at {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Returns once `at` has come.
    pub(crate) async fn until(&mut self, at: u64) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_until(cx, at)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_counts_between_its_ends_only() {
        let window = Window::new(1.0, 2.0);
        assert!(!window.counts(now() + 2 * SECOND), "it is not open");
        window.open();
        let from = window.from();
        assert_eq!(from - window.begin(), SECOND);
        assert!(!window.counts(from - 1));
        assert!(window.counts(from));
        assert!(!window.counts(from + 2 * SECOND));
        assert!((window.seconds() - 2.0).abs() < 1e-9);
        window.end_now();
        assert!(!window.counts(from), "it was ended before its warm-up was over");
        assert!(window.seconds() < 1e-9);
    }

    #[test]
    fn odd_durations_do_not_overflow() {
        assert_eq!(nanoseconds(-1.0), 0);
        assert_eq!(nanoseconds(f64::NAN), 0);
        assert_eq!(nanoseconds(0.5), SECOND / 2);
    }

    #[test]
    fn the_pacer_is_never_early() {
        let runtime = actix_rt::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut pacer = Pacer::new().unwrap();
            for _ in 0..5 {
                let at = now() + 300_000;
                pacer.until(at).await.unwrap();
                assert!(now() >= at);
            }
        });
    }
}

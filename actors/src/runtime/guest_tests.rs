//! What is the guest's and what the host's, and what is left when the guest has gone.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::super::{Cores, blocking, monotonic_ms, sleep};
use super::*;

fn cores(clock: Clock) -> Arc<Cores> {
    Arc::new(Cores::on_current_arbiter(clock, || {}).expect("an arbiter runs here"))
}

fn on_arbiter(test: impl Future<Output = ()>) {
    actix_rt::System::new().block_on(async {
        let within = tokio::time::timeout(Duration::from_secs(20), test).await;
        assert!(within.is_ok(), "the test took too long");
    });
}

/// Counts itself until it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn without_an_arbiter_there_is_no_guest() {
    assert!(Cores::on_current_arbiter(Clock::system(), || {}).is_err());
}

#[test]
fn its_thread_is_a_core_only_while_it_has_its_turn() {
    on_arbiter(async {
        let cores = cores(Clock::system());
        let host = std::thread::current().id();
        let thread = || (std::thread::current().id(), Cores::here(), mark_logged(true));
        assert_eq!(cores.call_on(0, thread).await, Some((host, Some(0), true)));
        assert_eq!(Cores::here(), None);
        assert!(!mark_logged(false), "the application's panics are not the broker's");
        assert!(hold().is_none());
        // a task of the guest's is marked whenever it runs
        let (sender, seen) = oneshot::channel();
        cores.run_on(0, move || {
            actix_rt::spawn(async move {
                tokio::task::yield_now().await;
                _ = sender.send(Cores::here());
            });
        });
        assert_eq!(seen.await, Ok(Some(0)));
        cores.stop().await;
    });
}

#[test]
fn jobs_run_in_order_and_one_that_panics_ends_alone() {
    on_arbiter(async {
        let cores = cores(Clock::system());
        let seen = Arc::new(Mutex::new(Vec::new()));
        for number in 0..10 {
            let seen = Arc::clone(&seen);
            assert!(cores.run_on(0, move || seen.lock().push(number)));
        }
        assert_eq!(cores.call_on(0, || assert!(mark_logged(false), "asked to")).await, Some(()));
        let panicked: Option<()> = cores.call_on(0, || panic!("asked to")).await;
        assert_eq!(panicked, None);
        assert_eq!(cores.call_on(0, || 7).await, Some(7));
        assert_eq!(*seen.lock(), (0..10).collect::<Vec<_>>());
        cores.stop().await;
    });
}

#[test]
fn stop_ends_its_tasks_and_waits_for_its_blocking_work() {
    thread_local! {
        static LEFT: Cell<bool> = const { Cell::new(false) };
    }
    on_arbiter(async {
        let cores = Cores::on_current_arbiter(Clock::system(), || LEFT.set(true));
        let cores = Arc::new(cores.expect("an arbiter runs here"));
        let alive = Arc::new(AtomicUsize::new(0));
        let begun = Arc::new(AtomicBool::new(false));
        let (go, wait) = std::sync::mpsc::channel::<()>();
        let (task, job, started) = (Counted::new(&alive), Counted::new(&alive), Arc::clone(&begun));
        cores.run_on(0, move || {
            actix_rt::spawn(async move {
                let _task = task;
                let work = blocking(move || {
                    started.store(true, Ordering::SeqCst);
                    // an error means that the test has failed elsewhere
                    _ = wait.recv();
                    // what comes of it is dropped when nobody is left to take it
                    job
                });
                _ = work.await;
            });
        });
        let own = actix_rt::spawn(std::future::pending::<()>());
        while !begun.load(Ordering::SeqCst) {
            tokio::task::yield_now().await;
        }
        let stopping = Arc::clone(&cores);
        let stopped = actix_rt::spawn(async move { stopping.stop().await });
        while alive.load(Ordering::SeqCst) > 1 {
            tokio::task::yield_now().await;
        }
        assert!(LEFT.get() && !stopped.is_finished(), "the work goes on");
        go.send(()).expect("waited for");
        stopped.await.expect("stopped");
        assert_eq!(alive.load(Ordering::SeqCst), 0);
        assert!(!cores.run_on(0, || {}));
        assert_eq!(cores.call_on(0, || ()).await, None);
        // again, to no effect
        cores.stop().await;
        assert!(!own.is_finished(), "a task of the host's has nothing to do with it");
    });
}

#[test]
fn it_is_used_and_stopped_from_other_threads() {
    on_arbiter(async {
        let cores = cores(Clock::system());
        let host = std::thread::current().id();
        let remote = Arc::clone(&cores);
        let (sender, done) = oneshot::channel();
        let other = actix_rt::Arbiter::new();
        other.spawn(async move {
            let there = remote.call_on(0, || std::thread::current().id()).await;
            remote.stop().await;
            _ = sender.send(there);
        });
        assert_eq!(done.await, Ok(Some(host)));
        assert!(!cores.run_on(0, || {}));
        other.stop();
        other.join().expect("no panic");
    });
}

#[test]
fn it_ends_with_its_arbiter() {
    let alive = Arc::new(AtomicUsize::new(0));
    let mut kept = None;
    on_arbiter(async {
        let cores = cores(Clock::system());
        let (task, jobs) = (Counted::new(&alive), [Counted::new(&alive), Counted::new(&alive)]);
        let spawn = move || {
            for job in jobs {
                // the arbiter's end waits for what is under way: here until the task has gone
                drop(blocking(move || {
                    while job.0.load(Ordering::SeqCst) > 2 {
                        std::thread::yield_now();
                    }
                    drop(job);
                }));
            }
            actix_rt::spawn(async move {
                let _task = task;
                std::future::pending::<()>().await;
            });
        };
        assert_eq!(cores.call_on(0, spawn).await, Some(()));
        kept = Some(cores);
    });
    assert_eq!(alive.load(Ordering::SeqCst), 0);
    let cores = kept.expect("started");
    assert!(!cores.run_on(0, || {}));
    on_arbiter(async move { cores.stop().await });
}

#[test]
fn guests_of_one_arbiter_have_each_their_own_time() {
    on_arbiter(async {
        let week = Duration::from_secs(7 * 24 * 3_600);
        let week_ms = 7 * 24 * 3_600_000;
        let clocks = [Clock::still(), Clock::flowing(), Clock::system()];
        let guests = clocks.each_ref().map(|clock| cores(clock.clone()));
        let began = monotonic_ms();
        let (sender, woken) = oneshot::channel();
        guests[0].run_on(0, move || {
            actix_rt::spawn(async move {
                sleep(week).await;
                let elsewhere = blocking(monotonic_ms).await;
                _ = sender.send((monotonic_ms(), elsewhere.expect("no panic")));
            });
        });
        // it is asleep
        assert_eq!(guests[0].call_on(0, || ()).await, Some(()));
        tokio::task::yield_now().await;
        clocks[0].advance(week).await;
        let (there, elsewhere) = woken.await.expect("woken");
        assert!(there >= week_ms && there == elsewhere, "{there} {elsewhere}");
        for guest in &guests[1..] {
            let time = guest.call_on(0, monotonic_ms).await.expect("it runs");
            assert!(time >= began && time < week_ms, "{time}");
        }
        assert!(monotonic_ms() < week_ms);
        for guest in guests {
            guest.stop().await;
        }
    });
}

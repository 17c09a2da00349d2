//! Clocks that are advanced, and who sleeps by them.

use std::sync::atomic::AtomicUsize;

use super::*;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test);
}

#[test]
fn a_still_clock_moves_only_when_it_is_told_to() {
    run(async {
        let clock = Clock::still();
        let before = clock.now();
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert_eq!(clock.now(), before);
        clock.advance(WEEK).await;
        assert_eq!(clock.now(), before.plus_ms(604_800_000));
        assert_eq!(clock.monotonic_ms(), clock.now().monotonic_ms);
        // far more than there is
        clock.advance(Duration::MAX).await;
        assert_eq!(clock.now().wall_ms, i64::MAX);
    });
}

#[test]
fn a_flowing_clock_goes_on_from_where_it_was_advanced_to() {
    run(async {
        let clock = Clock::flowing();
        clock.advance(WEEK).await;
        let ahead = clock.monotonic_ms() - system_monotonic_ms();
        assert!((604_799_000..=604_800_000).contains(&ahead), "{ahead}");
        let before = clock.monotonic_ms();
        clock.sleep(Duration::from_millis(20)).await;
        assert!(clock.monotonic_ms() >= before + 20);
    });
}

#[test]
fn sleepers_wake_when_their_time_has_come() {
    run(async {
        let clock = Clock::still();
        let woken = Arc::new(AtomicUsize::new(0));
        for seconds in [1, 2, 10] {
            let (clock, woken) = (clock.clone(), Arc::clone(&woken));
            tokio::task::spawn_local(async move {
                clock.sleep(Duration::from_secs(seconds)).await;
                woken.fetch_add(1, Ordering::Relaxed);
            });
        }
        let after = async |ms: u64| {
            clock.advance(Duration::from_millis(ms)).await;
            // what was woken on this thread runs first
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            woken.load(Ordering::Relaxed)
        };
        assert_eq!(after(0).await, 0);
        assert_eq!(after(999).await, 0);
        assert_eq!(after(1).await, 1);
        assert_eq!(after(1_000).await, 2);
        assert_eq!(after(3_600_000).await, 3);
        assert!(clock.0.unwrap().sleepers.lock().waiting.is_empty());
    });
}

#[test]
fn a_timeout_ends_by_what_it_waits_for_or_by_the_clock() {
    run(async {
        let clock = Clock::still();
        assert_eq!(clock.timeout(WEEK, async { 7 }).await, Some(7));
        let waiting = clock.clone();
        let waiting = tokio::task::spawn_local(async move {
            waiting.timeout(WEEK, std::future::pending::<()>()).await
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(WEEK).await;
        assert_eq!(waiting.await.unwrap(), None);
        assert!(clock.0.unwrap().sleepers.lock().waiting.is_empty());
    });
}

#[test]
fn each_thread_has_the_clock_it_entered() {
    let clock = Clock::still();
    std::thread::spawn(move || {
        clock.enter();
        let Clock(Some(held)) = &clock else { panic!("a held clock") };
        held.advance(604_800_000);
        assert_eq!((now(), monotonic_ms()), (clock.now(), clock.monotonic_ms()));
        assert!(Clock::here().is_held());
    })
    .join()
    .unwrap();
    assert!(!Clock::here().is_held());
    assert!(now().wall_ms < system_now().wall_ms + 1_000);
}

//! Permits: who waits, who is woken, who is refused.

use std::sync::atomic::AtomicUsize;
use std::task::Wake;

use super::*;

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn above_the_limit_no_frame_is_begun_and_freeing_wakes_each_waiter_once() {
    let credits = Credits::new(100);
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(credits.admits(&waker));
    let mut permit = credits.permit();
    assert!(permit.grow_to(120));
    assert!(!credits.admits(&waker) && !credits.admits(&waker));
    permit.shrink_to(110);
    assert_eq!(woken.0.load(Ordering::SeqCst), 0);
    drop(permit);
    assert_eq!((woken.0.load(Ordering::SeqCst), credits.used()), (1, 0));
    assert!(credits.admits(&waker));
}

#[test]
fn past_twice_the_limit_what_grows_is_refused_but_a_lone_frame_is_let_in() {
    let credits = Credits::new(100);
    let mut large = credits.permit();
    assert!(large.grow_to(1_000));
    let mut other = credits.permit();
    assert!(!other.grow_to(1));
    assert_eq!((other.bytes(), credits.used()), (0, 1_000));
    drop(large);
    assert!(other.grow_to(1));
    assert_eq!(RequestTicket::new(other).bytes(), 1);
    assert_eq!(credits.used(), 0);
}

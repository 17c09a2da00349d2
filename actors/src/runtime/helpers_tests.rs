//! Work is done, once, by as few threads as it takes, and waited for at the end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::*;

/// Until `holds` of the helpers' state.
fn wait_for(helpers: &Helpers, holds: impl Fn(&State) -> bool) {
    while !holds(&helpers.shared.lock()) {
        std::thread::yield_now();
    }
}

#[test]
fn one_thread_does_what_comes_one_after_the_other() {
    let helpers = Helpers::default();
    let (sender, done) = mpsc::channel();
    for turn in 0..100 {
        let sender = sender.clone();
        helpers.run(move || sender.send((turn, std::thread::current().id())).unwrap());
        assert_eq!(done.recv().unwrap().0, turn);
        wait_for(&helpers, |state| state.waiting == 1);
    }
    wait_for(&helpers, |state| state.threads == 1);
}

#[test]
fn what_comes_at_once_is_done_at_once_up_to_a_bound() {
    let helpers = Helpers::default();
    let (open, gate) = mpsc::channel::<()>();
    let (gate, running) = (Arc::new(Mutex::new(gate)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..MOST + 10 {
        let (gate, running) = (Arc::clone(&gate), Arc::clone(&running));
        helpers.run(move || {
            running.fetch_add(1, Ordering::Relaxed);
            _ = gate.lock().map(|gate| gate.recv());
        });
    }
    while running.load(Ordering::Relaxed) < MOST {
        std::thread::yield_now();
    }
    wait_for(&helpers, |state| state.threads == MOST && state.queue.len() == 10);
    drop(open);
    drop(helpers);
    assert_eq!(running.load(Ordering::Relaxed), MOST + 10);
}

#[test]
fn the_end_waits_for_what_is_queued() {
    let done = Arc::new(AtomicUsize::new(0));
    let helpers = Helpers::default();
    for _ in 0..1_000 {
        let done = Arc::clone(&done);
        helpers.run(move || _ = done.fetch_add(1, Ordering::Relaxed));
    }
    drop(helpers);
    assert_eq!(done.load(Ordering::Relaxed), 1_000);
}

#[test]
fn a_panic_ends_its_work_alone() {
    let helpers = Helpers::default();
    let (sender, done) = mpsc::channel();
    helpers.run(|| panic!("on purpose"));
    helpers.run(move || sender.send(()).unwrap());
    done.recv().unwrap();
    wait_for(&helpers, |state| state.waiting == state.threads && state.queue.is_empty());
}

#[test]
fn a_helper_with_nothing_to_do_ends() {
    let helpers = Helpers { idle: Duration::from_millis(1), shared: Arc::default() };
    for _ in 0..3 {
        let (sender, done) = mpsc::channel();
        helpers.run(move || sender.send(()).unwrap());
        done.recv().unwrap();
        wait_for(&helpers, |state| state.threads == 0);
    }
}

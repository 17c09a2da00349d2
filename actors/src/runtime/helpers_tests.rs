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
    let most = 5;
    let helpers = Helpers { shared: Arc::default(), idle: IDLE, most };
    let (open, gate) = mpsc::channel::<()>();
    let (gate, running) = (Arc::new(Mutex::new(gate)), Arc::new(AtomicUsize::new(0)));
    for _ in 0..most + 10 {
        let (gate, running) = (Arc::clone(&gate), Arc::clone(&running));
        helpers.run(move || {
            running.fetch_add(1, Ordering::Relaxed);
            _ = gate.lock().map(|gate| gate.recv());
        });
    }
    while running.load(Ordering::Relaxed) < most {
        std::thread::yield_now();
    }
    wait_for(&helpers, |state| state.threads == most && state.queue.len() == 10);
    drop(open);
    drop(helpers);
    assert_eq!(running.load(Ordering::Relaxed), most + 10);
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
    let helpers = Helpers { shared: Arc::default(), idle: Duration::from_millis(1), most: MOST };
    for _ in 0..3 {
        let (sender, done) = mpsc::channel();
        helpers.run(move || sender.send(()).unwrap());
        done.recv().unwrap();
        wait_for(&helpers, |state| state.threads == 0);
    }
}

#[test]
fn who_is_let_go_does_the_rest_alone() {
    let helpers = Helpers::default();
    let (open, gate) = mpsc::channel::<()>();
    let (sender, done) = mpsc::channel();
    helpers.run(move || _ = gate.recv());
    helpers.run(move || sender.send(()).unwrap());
    helpers.let_go();
    let shared = Arc::clone(&helpers.shared);
    drop(helpers);
    drop(open);
    done.recv().unwrap();
    while shared.lock().threads > 0 {
        std::thread::yield_now();
    }
}

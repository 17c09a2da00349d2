//! The broker's process: it starts, stops when asked, and comes back on its data.

use std::time::Duration;

use ottla_integration::{OttlaProcess, poll_until};
use rustix::process::Signal;

#[test]
fn starts_stops_and_comes_back() {
    let mut broker = OttlaProcess::with_defaults();
    broker.restart();
    broker.crash();
    broker.stop();
}

/// Whoever stops services may send it twice: it is still a clean stop, as Kafka's.
#[test]
fn a_second_sigterm_changes_nothing() {
    let mut broker = OttlaProcess::with_defaults();
    let ended = poll_until(Duration::from_secs(20), || {
        broker.signal(Signal::TERM);
        (!broker.is_alive()).then_some(())
    });
    assert_eq!(ended, Some(()));
    // with exit code 0
    broker.stop();
}

//! The broker's process: it starts, stops when asked, and comes back on its data.

use ottla_integration::OttlaProcess;

#[test]
fn starts_stops_and_comes_back() {
    let mut broker = OttlaProcess::with_defaults();
    broker.restart();
    broker.crash();
    broker.stop();
}

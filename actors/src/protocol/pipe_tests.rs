//! Pipes come back when they are empty, and no core lends more than its share.

use std::io::Write;
use std::os::unix::net::UnixStream;

use super::*;

fn kept() -> usize {
    POOL.with_borrow(|pool| pool.idle.len())
}

#[test]
fn a_core_lends_a_bounded_number() {
    let lent: Vec<Pipe> = std::iter::from_fn(Pipe::borrow).take(PER_CORE + 5).collect();
    assert!(!lent.is_empty() && lent.len() <= PER_CORE, "{}", lent.len());
    assert!(Pipe::borrow().is_none());
    drop(lent);
    assert!(kept() <= KEPT);
    assert!(Pipe::borrow().is_some());
}

#[test]
fn one_that_still_holds_bytes_is_not_lent_again() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&[7; 10_000]).unwrap();
    let mut pipe = Pipe::borrow().unwrap();
    assert_eq!(pipe.fill(&file, 0, 10_000).unwrap(), 10_000);
    let (socket, _peer) = UnixStream::pair().unwrap();
    while pipe.held() > 4_000 {
        pipe.drain(&socket, true).unwrap();
    }
    let held = pipe.held();
    let before = kept();
    drop(pipe);
    assert_eq!(kept(), if held == 0 { before + 1 } else { before });
    // whatever is lent now is empty
    let mut next = Pipe::borrow().unwrap();
    assert_eq!(next.held(), 0);
    assert_eq!(next.fill(&file, 9_000, 5_000).unwrap(), 1_000);
}

#[test]
fn a_thread_that_is_left_keeps_no_pipe() {
    let lent = Pipe::borrow().unwrap();
    drop(Pipe::borrow().unwrap());
    assert!(kept() > 0);
    close_idle();
    assert_eq!(kept(), 0);
    // one that was lent goes back as ever
    drop(lent);
    assert_eq!(kept(), 1);
}

#[test]
fn a_pipe_takes_nothing_behind_the_end_of_a_file() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"short").unwrap();
    let mut pipe = Pipe::borrow().unwrap();
    assert_eq!(pipe.fill(&file, 5, 100).unwrap(), 0);
}

//! Buffers that come back.

use super::*;

fn kept() -> usize {
    POOL.with(|pool| pool.0.lock().bytes)
}

#[test]
fn a_buffer_comes_back_to_its_core_from_any_thread() {
    let mut buffer = Buffer::with_room(100_000);
    buffer.bytes_mut().extend_from_slice(b"something");
    let place = buffer.as_ref().as_ptr() as usize;
    std::thread::spawn(move || drop(buffer)).join().unwrap();
    assert!(kept() >= 100_000);
    let again = Buffer::with_room(70_000);
    assert!(again.as_ref().is_empty());
    assert_eq!(again.as_ref().as_ptr() as usize, place);
    assert_eq!(kept(), 0);
}

#[test]
fn what_nobody_needs_is_freed_at_the_second_look() {
    let two = [Buffer::with_room(1), Buffer::with_room(SMALLEST)];
    drop(two);
    assert_eq!(kept(), 2 * (SMALLEST + SLACK));
    tidy();
    drop(Buffer::with_room(1));
    tidy();
    assert_eq!(kept(), SMALLEST + SLACK, "one was needed in between");
    tidy();
    assert_eq!(kept(), 0);
}

#[test]
fn a_thread_that_is_left_keeps_no_buffer() {
    drop(Buffer::with_room(1));
    assert!(kept() > 0);
    free_idle();
    assert_eq!(kept(), 0);
    drop(Buffer::with_room(1));
    assert!(kept() > 0, "who comes next is served as ever");
}

#[test]
fn a_core_keeps_so_much_and_no_giants() {
    drop(Buffer::with_room(LARGEST + 1));
    assert_eq!(kept(), 0);
    let many: Vec<_> = (0..40).map(|_| Buffer::with_room(1_000_000)).collect();
    drop(many);
    assert!((KEPT - 2_000_000..=KEPT).contains(&kept()));
}

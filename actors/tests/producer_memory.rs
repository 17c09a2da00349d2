//! However small its records are, a producer that cannot send holds about as many bytes as
//! `buffer.memory` says.
#![expect(unsafe_code, reason = "a counting allocator has to be one")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use ottla_actors::client::{NewRecord, ProduceError, Producer, ProducerConfig};

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; the counter owns no memory
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        HELD.set(HELD.get().saturating_add(layout.size()));
        // SAFETY: the caller's promise about the layout is passed on
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        HELD.set(HELD.get().saturating_sub(layout.size()));
        // SAFETY: the caller's promise about pointer and layout is passed on
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[actix::test]
async fn tiny_records_hold_what_the_buffer_allows() {
    const BUFFER: usize = 4 << 20;
    // bound, and nobody accepts: the broker is there and never answers
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = ProducerConfig::new(&silent.local_addr().unwrap().to_string());
    config.buffer_memory = BUFFER;
    let producer = Producer::start(config).unwrap();
    let before = HELD.get();
    let mut deliveries = Vec::with_capacity(BUFFER / 32);
    let ours = HELD.get() - before;
    loop {
        let value = Some(vec![b'v'].into());
        match producer.try_send(NewRecord { topic: "t".into(), value, ..NewRecord::default() }) {
            Ok(delivery) => deliveries.push(delivery),
            Err(error) => break assert_eq!(error, ProduceError::BufferFull),
        }
        if deliveries.len() % 100 == 0 {
            // the actor takes in what was handed over
            tokio::task::yield_now().await;
        }
    }
    let held = HELD.get() - before - ours;
    let each = held / deliveries.len();
    assert!(held > BUFFER / 2, "{each} bytes for each of {} records", deliveries.len());
    // lists grow by doubling
    assert!(held < BUFFER * 3 / 2, "{each} bytes for each of {} records", deliveries.len());
    producer.close(Duration::ZERO).await;
    for delivery in deliveries.drain(..) {
        assert_eq!(delivery.await.unwrap_err(), ProduceError::Closed);
    }
    let left = HELD.get().saturating_sub(before + ours);
    assert!(left < BUFFER / 8, "{left} bytes stay");
}

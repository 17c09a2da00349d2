//! Ports and joins: every asker hears exactly once.

use std::sync::Arc;

use futures_util::FutureExt;
use parking_lot::Mutex;

use super::*;

#[derive(Debug, PartialEq, Clone)]
enum Told {
    Value(u8),
    Lost,
}

impl Reply for Told {
    fn lost() -> Self {
        Self::Lost
    }
}

#[test]
fn a_port_is_answered_once_by_value_or_by_being_dropped() {
    let (port, answer) = ReplyPort::oneshot();
    port.send(Told::Value(7));
    assert_eq!(answer.now_or_never(), Some(Told::Value(7)));
    let (port, answer) = ReplyPort::<Told>::oneshot();
    drop(port);
    assert_eq!(answer.now_or_never(), Some(Told::Lost));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    ReplyPort::new(move |told: Told| hears.lock().push(told)).send(Told::Value(1));
    assert_eq!(*heard.lock(), [Told::Value(1)]);
}

#[test]
fn a_join_calls_once_with_answers_in_slot_order() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    let mut ports: Vec<_> = Join::ports(3, move |all: Vec<Told>| hears.lock().push(all)).collect();
    ports.pop().unwrap().send(Told::Value(2));
    drop(ports.remove(0));
    assert!(heard.lock().is_empty());
    ports.pop().unwrap().send(Told::Value(1));
    assert_eq!(*heard.lock(), [vec![Told::Lost, Told::Value(1), Told::Value(2)]]);
}

#[test]
fn a_join_of_nothing_calls_at_once() {
    let heard = Arc::new(Mutex::new(0));
    let hears = Arc::clone(&heard);
    let ports = Join::ports(0, move |all: Vec<Told>| *hears.lock() += 1 + all.len());
    assert_eq!(ports.count(), 0);
    assert_eq!(*heard.lock(), 1);
}

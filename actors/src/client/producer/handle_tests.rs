//! What reaches an actor that has ended.

use super::*;

#[test]
fn a_closed_inbox_gives_the_waiter_back_and_takes_nothing() {
    let inbox = Inbox::open();
    let room = Arc::new(Semaphore::new(3));
    let waiter = || {
        let (sender, receiver) = oneshot::channel();
        let permit = Arc::clone(&room).try_acquire_owned().unwrap();
        (Waiter { port: Port::Future(sender), _room: permit }, Delivery(receiver))
    };
    let (first, _first) = waiter();
    let (second, _second) = waiter();
    assert!(inbox.put(NewRecord::default(), first).is_ok_and(|wake| wake));
    assert!(inbox.put(NewRecord::default(), second).is_ok_and(|wake| !wake));
    assert_eq!(inbox.close().len(), 2);
    assert_eq!(room.available_permits(), 3);
    let (third, mut third_delivery) = waiter();
    let given_back = inbox.put(NewRecord::default(), third).unwrap_err();
    given_back.done(Err(ProduceError::Closed));
    assert_eq!(third_delivery.0.try_recv().unwrap().unwrap_err(), ProduceError::Closed);
    assert_eq!(room.available_permits(), 3);
    assert!(inbox.take().is_empty() && inbox.close().is_empty());
}

//! Gathers the answers of one request from several actors and wakes its asker once.

use std::sync::Arc;

use parking_lot::Mutex;

use super::{Reply, ReplyPort};

type Done<T> = Box<dyn FnOnce(Vec<T>) + Send>;

struct State<T> {
    slots: Vec<Option<T>>,
    missing: usize,
    done: Option<Done<T>>,
}

/// N slots; when the last is filled a closure is called, once, with all answers in slot order.
pub struct Join<T>(Mutex<State<T>>);

impl<T: Reply> Join<T> {
    /// A join over `slots` answers. With no slots `done` is called at once.
    pub fn new(slots: usize, done: impl FnOnce(Vec<T>) + Send + 'static) -> Arc<Self> {
        let mut done: Option<Done<T>> = Some(Box::new(done));
        if slots == 0
            && let Some(done) = done.take()
        {
            done(Vec::new());
        }
        let empty = std::iter::repeat_with(|| None).take(slots).collect();
        Arc::new(Self(Mutex::new(State { slots: empty, missing: slots, done })))
    }

    /// The ports of a new join, one for each slot.
    pub fn ports(
        slots: usize,
        done: impl FnOnce(Vec<T>) + Send + 'static,
    ) -> impl Iterator<Item = ReplyPort<T>> {
        let join = Self::new(slots, done);
        (0..slots).map(move |index| ReplyPort::slot(Arc::clone(&join), index))
    }

    /// Fills slot `index`; a slot outside the join or already filled is left as it is.
    pub fn fill(&self, index: usize, value: T) {
        let mut state = self.0.lock();
        match state.slots.get_mut(index) {
            Some(slot) if slot.is_none() => *slot = Some(value),
            _ => return,
        }
        state.missing -= 1;
        if state.missing > 0 {
            return;
        }
        let answers = std::mem::take(&mut state.slots).into_iter().flatten().collect();
        let done = state.done.take();
        // the closure may answer ports of its own: never call it under the lock
        drop(state);
        if let Some(done) = done {
            done(answers);
        }
    }
}

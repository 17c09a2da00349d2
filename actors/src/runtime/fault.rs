//! Panics on purpose, for tests that show how the broker lives through them.
//!
//! A fault names actors by how their names begin; the next of them that takes its turn panics,
//! before or after it has worked off its mailbox. While no fault is armed this costs each turn one
//! load of a flag.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

static ARMED: AtomicBool = AtomicBool::new(false);
static FAULTS: Mutex<Vec<Fault>> = Mutex::new(Vec::new());

/// When in its turn an actor panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// With its mailbox unread.
    Before,
    /// With its mailbox worked off.
    After,
}

struct Fault {
    name: String,
    moment: Moment,
}

/// The next actor whose name begins with `name` panics in its next turn.
pub fn panic_next(name: &str, moment: Moment) {
    FAULTS.lock().push(Fault { name: name.to_owned(), moment });
    ARMED.store(true, Ordering::Release);
}

/// Whether every fault has struck.
#[must_use]
pub fn all_struck() -> bool {
    FAULTS.lock().is_empty()
}

/// Panics if a fault is meant for this actor at this moment.
pub(super) fn strike(name: &str, moment: Moment) {
    if !ARMED.load(Ordering::Relaxed) {
        return;
    }
    let mut faults = FAULTS.lock();
    let meant = |fault: &Fault| fault.moment == moment && name.starts_with(&fault.name);
    let Some(index) = faults.iter().position(meant) else { return };
    faults.remove(index);
    ARMED.store(!faults.is_empty(), Ordering::Release);
    drop(faults);
    panic!("fault injected into {name}");
}

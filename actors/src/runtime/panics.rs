//! One log line for each panic on a core, with the actor it hit.

use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::named::current_actor;

static INSTALLED: Once = Once::new();

thread_local! {
    static ON_CORE: Cell<bool> = const { Cell::new(false) };
}

/// Says whether panics of this thread are logged from now on; returns whether they were.
pub(super) fn mark_logged(logged: bool) -> bool {
    // the thread may be on its way out
    ON_CORE.try_with(|on_core| on_core.replace(logged)).unwrap_or(false)
}

/// Logs panics of the cores, each as one line; those of other threads go to the hook that was
/// there, which may be that of a program the broker is embedded in.
pub fn log_panics() {
    INSTALLED.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if ON_CORE.try_with(Cell::get).unwrap_or(false) {
                log(info);
            } else {
                others(info);
            }
        }));
    });
}

fn log(info: &PanicHookInfo<'_>) {
    let actor = current_actor();
    let actor = actor.as_deref().unwrap_or("none");
    let payload = info.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(actor, place, text = text.unwrap_or("not a string"), "panic");
}

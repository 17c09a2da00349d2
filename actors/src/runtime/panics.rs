//! One log line for each panic, with the actor it hit.

use std::panic;
use std::sync::Once;

use super::named::current_actor;

static INSTALLED: Once = Once::new();

/// Replaces the default panic message, which is several lines on standard error, by one log line.
pub fn log_panics() {
    INSTALLED.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let thread = std::thread::current();
            let thread = thread.name().unwrap_or("unnamed");
            let actor = current_actor();
            let actor = actor.as_deref().unwrap_or("none");
            let payload = info.payload();
            let message = payload
                .downcast_ref::<&str>()
                .copied()
                .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
                .unwrap_or("not a string");
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            tracing::error!(actor, thread, place, message, "panic");
        }));
    });
}

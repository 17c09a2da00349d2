//! The one place that reads the clocks; everything else is handed a [`Tick`].

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ottla_core::base::Tick;

static ORIGIN: OnceLock<Instant> = OnceLock::new();

/// Reads both clocks.
#[must_use]
pub fn now() -> Tick {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Tick {
        monotonic_ms: monotonic_ms(),
        wall_ms: i64::try_from(wall.as_millis()).unwrap_or(i64::MAX),
    }
}

/// Reads the monotonic clock alone, in milliseconds since the first reading of this process.
#[must_use]
pub fn monotonic_ms() -> u64 {
    let origin = *ORIGIN.get_or_init(Instant::now);
    u64::try_from(origin.elapsed().as_millis()).unwrap_or(u64::MAX)
}

//! Time as an input: core reads no clock.

/// One reading of both clocks, taken by an actor and handed to a machine.
///
/// Deadlines are measured on `monotonic_ms`; only what is written down or compared with a record's
/// timestamp uses `wall_ms`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Milliseconds since some fixed moment in this process; never goes back.
    pub monotonic_ms: u64,
    /// Milliseconds since the Unix epoch; may jump when the machine's clock is set.
    pub wall_ms: i64,
}

impl Tick {
    /// A tick for tests: both clocks at `ms`.
    #[must_use]
    pub fn at(ms: u32) -> Self {
        Self { monotonic_ms: u64::from(ms), wall_ms: i64::from(ms) }
    }

    /// The same moment `ms` milliseconds later.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        let wall = i64::try_from(ms).unwrap_or(i64::MAX);
        Self {
            monotonic_ms: self.monotonic_ms.saturating_add(ms),
            wall_ms: self.wall_ms.saturating_add(wall),
        }
    }
}

//! Figures the broker must keep to, each measured on a running process.
//!
//! `integration/scripts/` runs them in full size on a release build; the tests run what is cheap.

mod footprint;
mod recovery;
mod sendfile;

pub use footprint::{binary_size, crowd, idle};
pub use recovery::recovery;
pub use sendfile::sendfile;

use std::fmt;

/// One measured figure and its limit.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was measured.
    pub what: String,
    /// The figure.
    pub found: f64,
    /// Its limit.
    pub limit: Limit,
    /// Of both numbers.
    pub unit: &'static str,
}

/// On which side of a number a figure must be.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// Less than this.
    Below(f64),
    /// At least this.
    AtLeast(f64),
}

impl Finding {
    fn new(what: impl Into<String>, found: f64, limit: Limit, unit: &'static str) -> Self {
        Self { what: what.into(), found, limit, unit }
    }

    /// Whether the figure keeps to its limit.
    pub fn passes(&self) -> bool {
        match self.limit {
            Limit::Below(limit) => self.found < limit,
            Limit::AtLeast(limit) => self.found >= limit,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.passes() { "pass" } else { "FAIL" };
        let Self { what, found, unit, .. } = self;
        let (side, limit) = match self.limit {
            Limit::Below(limit) => ("<", limit),
            Limit::AtLeast(limit) => (">=", limit),
        };
        write!(f, "{verdict} {what}: {found:.1} {unit} (must be {side} {limit} {unit})")
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people, far below 2^52")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

//! `ottla version`.

use super::Failure;
use super::config::print;

/// Prints the version.
pub(super) fn run() -> Result<(), Failure> {
    print(&format!("ottla {}\n", env!("CARGO_PKG_VERSION")))
}

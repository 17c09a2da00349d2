//! Helpers that start the real thing for the tests of this crate.

//! A disk for tests that loses power.

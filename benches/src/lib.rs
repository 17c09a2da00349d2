//! Bench actors and micro benchmarks.

//! Coordinator actors over a log in memory, and over a real partition.

//! One log directory.

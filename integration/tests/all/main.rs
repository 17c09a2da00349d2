//! Every test that starts the real thing, in one binary.

mod tidy;

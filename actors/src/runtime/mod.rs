//! Arbiters, supervision, permits and the three ways to send.

//! Transaction coordinator decisions. Empty until transactions are built.

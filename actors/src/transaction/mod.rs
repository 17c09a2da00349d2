//! Transaction coordinators. Empty until transactions are built.

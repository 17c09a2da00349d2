//! Forgetting old segments.

/// Files to remove, to be run on a thread that may block.
#[derive(Debug)]
pub struct DeleteJob;

/// Renamed files that wait for `file.delete.delay.ms`.
#[derive(Debug, Default)]
pub(super) struct Deletions;

//! Segment files, indexes, checkpoints and recovery, behind the trait `Disk`.

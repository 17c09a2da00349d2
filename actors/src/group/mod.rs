//! Group coordinator actors, one per offsets partition.

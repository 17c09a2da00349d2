//! Sparse indexes beside a segment: offset to position, timestamp to offset.
//!
//! Both are files of fixed-size entries in rising order. New entries wait in a short tail in memory
//! and reach the file by plain writes; look-ups map what the file holds, read only. Kafka maps
//! 10 MB of sparse file for each index up front; we never do, but we read such files and ignore
//! their tail of zeros.

mod file;
mod offset;
mod time;

pub(crate) use file::{IndexFile, Place};
pub(crate) use offset::OffsetEntry;
pub(crate) use time::TimeEntry;

//! Consumer groups: membership, rebalance, offsets and expiry.
//!
//! A [`GroupCoordinator`] is the machine behind one partition of `__consumer_offsets` (Kafka's
//! `GroupCoordinatorShard`). Calls come in with a [`Waiter`]; answers, appends to the partition
//! and timers go out as [`Output`]s.
//!
//! *What is stored* is changed by [`GroupCoordinator::apply`] only, after the record is in the log:
//! while loading, and for each append that succeeded. At most one append is under way; what is
//! decided meanwhile is queued and goes with the next, so that records are applied in the order of
//! the log. A call that must see everything stored (deletions, a stable fetch) waits until its
//! group has nothing queued, and everything waits while its group is being deleted.
//!
//! *What is not stored* (who is joining, who waits, heartbeats) changes at once, as in Kafka:
//! a new coordinator starts from the last stored generation and its members.

mod admin;
mod append;
mod calls;
mod coordinator;
mod early;
mod expiry;
mod heartbeat;
mod leave;
mod load;
mod membership;
mod offsets;
mod rebalance;
mod records;
mod rewrite;
mod state;
mod subscription;
mod sync;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use append::AppendFailure;
pub use calls::{Call, Caller, Output, Outputs, Request, Response, Waiter};
pub use coordinator::{GroupCoordinator, GroupSettings};
pub use load::LoadError;
pub use records::{
    CommittedOffset, EncodedRecord, GroupMetadata, GroupRecord, MemberMetadata, OffsetKey,
    RecordError,
};
pub use state::GroupState;

/// A group's name (`group.id`).
pub type GroupId = Arc<str>;

/// The id the coordinator gave a member.
pub type MemberId = Arc<str>;

/// The topic that holds groups and offsets.
pub const OFFSETS_TOPIC: &str = "__consumer_offsets";

/// The partition of `__consumer_offsets` that a group belongs to: the absolute value of Java's
/// `String.hashCode` (0 for the smallest, as Kafka's `Utils.abs` has it) modulo the partitions.
#[must_use]
pub fn partition_for(group: &str, partitions: i32) -> i32 {
    let hash = group
        .encode_utf16()
        .fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
    let positive = if hash == i32::MIN { 0 } else { hash.abs() };
    positive.checked_rem(partitions).unwrap_or(0)
}

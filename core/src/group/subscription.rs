//! The one thing the broker reads in what consumers tell each other: the topics they subscribe to.

use bytes::{Buf, Bytes};

use crate::base::TopicName;

/// The topics of a `ConsumerProtocolSubscription`: a version, then an array of names; what follows
/// differs by version and is not needed here. `None` if it does not parse.
pub(super) fn topics(metadata: &Bytes) -> Option<Vec<TopicName>> {
    let mut rest: &[u8] = metadata;
    rest.try_get_i16().ok()?;
    let count = usize::try_from(rest.try_get_i32().ok()?).ok()?;
    // every name takes two bytes at least
    let mut topics = Vec::with_capacity(count.min(rest.len() / 2));
    for _ in 0..count {
        let length = usize::try_from(rest.try_get_i16().ok()?).ok()?;
        let (name, after) = rest.split_at_checked(length)?;
        topics.push(TopicName::from(std::str::from_utf8(name).ok()?));
        rest = after;
    }
    Some(topics)
}

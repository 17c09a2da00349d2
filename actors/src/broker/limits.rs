//! What the operating system allows this process.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit on open files as far as this process may, as Java does: every segment and
/// every connection needs one. Returns how many it may have open.
pub(super) fn raise_file_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let count = |limit: Option<u64>| {
        limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
    };
    if limit.current == limit.maximum {
        return count(limit.current);
    }
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => count(limit.maximum),
        Err(error) => {
            let allowed = limit.current;
            tracing::warn!(%error, allowed, "could not raise the limit on open files");
            count(allowed)
        }
    }
}

//! Why an actor ended, told by a field that outlives its panic.

use std::fmt;

/// Why an actor ended, and what its guardian does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitReason {
    /// It was told to stop, or nobody needed it any more. Its guardian forgets it.
    Asked,
    /// Another broker leads its partition now. Its guardian forgets it.
    LeadershipLost,
    /// Its log directory failed. Its part is marked offline; it is not started again.
    DiskFailed,
    /// Its code panicked. It is rebuilt from what is on disk, after a pause, up to a limit.
    Panicked,
    /// An actor it cannot work without is gone. Its guardian forgets it.
    UpstreamGone,
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "asked",
            Self::LeadershipLost => "leadership lost",
            Self::DiskFailed => "disk failed",
            Self::Panicked => "panicked",
            Self::UpstreamGone => "upstream gone",
        })
    }
}

/// A field of every guarded actor: when the actor is dropped, it reports why.
///
/// actix calls `stopped` while a panic unwinds, on half-changed state; only this field's drop
/// tells the two apart.
pub struct Epitaph {
    reason: ExitReason,
    report: Option<Box<dyn FnOnce(ExitReason) + Send>>,
}

impl Epitaph {
    /// An epitaph that hands the reason to `report`.
    pub fn new(report: impl FnOnce(ExitReason) + Send + 'static) -> Self {
        Self { reason: ExitReason::Asked, report: Some(Box::new(report)) }
    }

    /// An epitaph nobody reads, for actors started without a guardian.
    #[must_use]
    pub fn unread() -> Self {
        Self { reason: ExitReason::Asked, report: None }
    }

    /// Sets the reason to be reported; the actor stops right after.
    pub fn because(&mut self, reason: ExitReason) {
        self.reason = reason;
    }
}

impl Drop for Epitaph {
    fn drop(&mut self) {
        let reason = if std::thread::panicking() { ExitReason::Panicked } else { self.reason };
        if let Some(report) = self.report.take() {
            report(reason);
        }
    }
}

impl fmt::Debug for Epitaph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epitaph").field("reason", &self.reason).finish_non_exhaustive()
    }
}

//! One segment: its batches, and whether its indexes lead to them.

use std::path::Path;

use super::{Checked, Context, Severity, Wrong};
use crate::base::Offset;
use crate::storage::index::{IndexFile, OffsetEntry, Place, TimeEntry};
use crate::storage::names;
use crate::storage::segment::verify;
use crate::storage::{OpenMode, StorageError};

/// Which index files there are.
pub(super) struct Indexes {
    pub(super) offset: bool,
    pub(super) time: bool,
}

/// Looks at a segment of this base offset and length; one past its last offset.
pub(super) fn check(
    context: &Context<'_>,
    dir: &Path,
    (base, len): (Offset, u64),
    (indexes, is_last): (Indexes, bool),
    checked: &mut Checked,
) -> Option<Offset> {
    let place = Place { disk: context.disk, dir };
    let path = place.path(base, names::LOG);
    let file = match place.open(base, names::LOG, OpenMode::Read) {
        Ok(file) => file,
        // the broker has just deleted it
        Err(_) if context.in_use && !context.disk.exists(&path).unwrap_or(true) => return None,
        Err(error) => {
            checked.failed(&path, error);
            return None;
        }
    };
    let mut entries = OffsetEntries::read(context, place, base, indexes.offset && len > 0, checked);
    let size = u32::try_from(len).unwrap_or(u32::MAX);
    let mut told = 0;
    let found = verify(file, base, size, &mut |position, last| {
        entries.see(base, position, last);
        (context.read)(u64::from(position) - told);
        told = u64::from(position);
    });
    // with what is not whole
    (context.read)(len - told);
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            checked.failed(&path, StorageError::io("read", &path, error));
            return None;
        }
    };
    checked.segments += 1;
    checked.batches += found.batches;
    checked.bytes += u64::from(found.good);
    if let Some(problem) = found.problem {
        let torn = is_last && context.may_be_torn;
        let severity = if torn { Severity::Warning } else { Severity::Error };
        let position = u64::from(found.good);
        // what a broker was just writing is no damage
        if !(torn && context.in_use) {
            let wrong = Wrong::Batches { position, problem, bytes: len - position, torn };
            checked.add(severity, &path, wrong);
        }
    }
    if len == 0 {
        return Some(found.end_offset);
    }
    for (there, suffix) in [(indexes.offset, names::INDEX), (indexes.time, names::TIME_INDEX)] {
        if !there && !context.in_use {
            checked.add(Severity::Warning, &place.path(base, suffix), Wrong::NoIndex);
        }
    }
    // behind a fault in the segment, entries lead nowhere because of it
    if found.problem.is_none() && !context.in_use {
        if let Some(entry) = entries.wrong() {
            let path = place.path(base, names::INDEX);
            checked.add(Severity::Warning, &path, Wrong::IndexEntry { entry });
        }
        if indexes.time {
            time_index(place, base, found.end_offset, checked);
        }
    }
    Some(found.end_offset)
}

/// The entries of an offset index, each of which must lead to the batch whose last offset it names.
struct OffsetEntries {
    entries: Vec<OffsetEntry>,
    /// The first that has not been met.
    next: usize,
    wrong: Option<usize>,
}

impl OffsetEntries {
    fn read(
        context: &Context<'_>,
        place: Place<'_>,
        base: Offset,
        there: bool,
        checked: &mut Checked,
    ) -> Self {
        let mut found = Self { entries: Vec::new(), next: 0, wrong: None };
        if !there {
            return found;
        }
        match IndexFile::<OffsetEntry>::read_all(place, base) {
            Ok(entries) => found.entries = entries,
            Err(_) if context.in_use => {}
            Err(error) => {
                let path = place.path(base, names::INDEX);
                checked.add(Severity::Warning, &path, Wrong::Storage(error));
            }
        }
        found
    }

    /// The next batch of the segment.
    fn see(&mut self, base: Offset, position: u32, last: Offset) {
        while let Some(entry) = self.entries.get(self.next).filter(|e| e.position <= position) {
            let leads_here =
                entry.position == position && base.plus(i64::from(entry.relative_offset)) == last;
            if !leads_here && self.wrong.is_none() {
                self.wrong = Some(self.next);
            }
            self.next += 1;
        }
    }

    fn wrong(&self) -> Option<usize> {
        self.wrong.or_else(|| (self.next < self.entries.len()).then_some(self.next))
    }
}

/// A time index's entries must rise and stay within the segment.
fn time_index(place: Place<'_>, base: Offset, end: Offset, checked: &mut Checked) {
    let path = place.path(base, names::TIME_INDEX);
    match IndexFile::<TimeEntry>::read_all(place, base) {
        Ok(entries) => {
            let beyond = |entry: &TimeEntry| base.plus(i64::from(entry.relative_offset)) >= end;
            if let Some(entry) = entries.iter().position(beyond) {
                checked.add(Severity::Warning, &path, Wrong::IndexEntry { entry });
            }
        }
        Err(error) => checked.add(Severity::Warning, &path, Wrong::Storage(error)),
    }
}

//! A file of fixed-size rising entries with a tail in memory.

use std::io::IoSlice;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::Offset;
use crate::storage::error::Problem;
use crate::storage::names::segment_file;
use crate::storage::{Disk, DiskFile, Mapped, OpenMode, StorageError};

/// The largest index that is read whole: as many entries as a segment can have.
const MAX_FILE: usize = 512 << 20;
/// Entries kept in memory before they are written together.
const TAIL: usize = 64;

/// Where a log's files are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The file system.
    pub(crate) disk: &'a dyn Disk,
    /// The partition's directory.
    pub(crate) dir: &'a Path,
}

impl Place<'_> {
    /// The path of one of a segment's files.
    pub(crate) fn path(&self, base: Offset, suffix: &str) -> PathBuf {
        self.dir.join(segment_file(base, suffix))
    }

    /// Opens one of a segment's files.
    pub(crate) fn open(
        &self,
        base: Offset,
        suffix: &str,
        mode: OpenMode,
    ) -> Result<Arc<dyn DiskFile>, StorageError> {
        let path = self.path(base, suffix);
        self.disk.open(&path, mode).map_err(|error| StorageError::io("open", &path, error))
    }
}

/// One entry of an index.
pub(crate) trait Entry: Copy + PartialEq + std::fmt::Debug {
    /// Bytes on disk.
    const SIZE: usize;
    /// The file's suffix.
    const SUFFIX: &'static str;
    /// Appends the bytes to `out`.
    fn encode(self, out: &mut Vec<u8>);
    /// Reads the bytes at the start of `bytes`.
    fn decode(bytes: &[u8]) -> Option<Self>;
    /// Whether this is what a preallocated file holds where nothing was written.
    fn is_blank(self) -> bool;
    /// Whether this entry may stand after `previous`.
    fn follows(self, previous: Self) -> bool;
    /// Whether this entry may stand anywhere.
    fn is_sane(self) -> bool;
}

/// An index: entries on file, then entries in memory.
#[derive(Debug)]
pub(crate) struct IndexFile<E> {
    map: Option<Mapped>,
    /// Entries on file.
    written: u32,
    /// Entries not on file yet.
    tail: Vec<E>,
    last: Option<E>,
    /// Whether `written` and `last` are known: closed segments are looked at when first needed.
    loaded: bool,
    /// Whether the file may hold what a sync has not covered.
    dirty: bool,
    /// Whether the file's pages were written or read of late, so that a look-up finds them in
    /// memory.
    warm: bool,
}

impl<E: Entry> IndexFile<E> {
    /// The index of a new segment. Its file is made when it is first written.
    pub(crate) fn new() -> Self {
        let (written, last) = (0, None);
        Self { map: None, written, tail: Vec::new(), last, loaded: true, dirty: true, warm: true }
    }

    /// An index whose file is there and is read when first needed.
    pub(crate) fn on_disk() -> Self {
        Self { loaded: false, dirty: false, warm: false, ..Self::new() }
    }

    /// Reads how many entries the file has and what the last one is; checks that it can be.
    pub(crate) fn load(&mut self, place: Place<'_>, base: Offset) -> Result<(), StorageError> {
        if self.loaded {
            return Ok(());
        }
        let file = open::<E>(place, base, OpenMode::Read)?;
        let path = place.path(base, E::SUFFIX);
        let len = file.len().map_err(|error| StorageError::io("stat", &path, error))?;
        let entries = u32::try_from(len / E::SIZE as u64).unwrap_or(u32::MAX);
        let corrupt = |position| StorageError::Corrupt {
            path: path.clone(),
            position,
            problem: Problem::Index,
        };
        if !len.is_multiple_of(E::SIZE as u64) {
            return Err(corrupt(len));
        }
        let last_entry = entries.checked_sub(1);
        let (written, last) = match last_entry.map(|at| read_entry::<E>(&*file, at)).transpose() {
            Ok(None) => (0, None),
            // a file of Kafka's that was not closed ends in zeros
            Ok(Some(last)) if last.is_blank() && entries > 1 => {
                blank_tail::<E>(&*file, entries).map_err(|e| StorageError::io("read", &path, e))?
            }
            Ok(Some(last)) => (entries, Some(last)),
            Err(error) => return Err(StorageError::io("read", &path, error)),
        };
        if let Some(last) = last {
            let first = read_entry::<E>(&*file, 0)
                .map_err(|error| StorageError::io("read", &path, error))?;
            let rising = written == 1 || last.follows(first);
            if !first.is_sane() || !last.is_sane() || !rising {
                return Err(corrupt(0));
            }
        }
        self.written = written;
        self.last = last;
        self.loaded = true;
        Ok(())
    }

    /// Every entry on file, which must rise: for a look at it that changes nothing.
    pub(crate) fn read_all(place: Place<'_>, base: Offset) -> Result<Vec<E>, StorageError> {
        let mut index = Self::on_disk();
        index.load(place, base)?;
        let path = place.path(base, E::SUFFIX);
        let bytes = place.disk.read_small(&path, MAX_FILE);
        let bytes = bytes.map_err(|error| StorageError::io("read", &path, error))?;
        let bytes = bytes.unwrap_or_default();
        let each = bytes.chunks_exact(E::SIZE).filter_map(E::decode);
        let entries: Vec<E> = each.take(index.written as usize).collect();
        for (at, pair) in entries.windows(2).enumerate() {
            let [previous, entry] = pair else { continue };
            if !entry.follows(*previous) || !entry.is_sane() {
                let position = (at as u64 + 1) * E::SIZE as u64;
                return Err(StorageError::Corrupt { path, position, problem: Problem::Index });
            }
        }
        Ok(entries)
    }

    /// How many entries there are. Meaningful once loaded.
    pub(crate) fn entries(&self) -> u32 {
        self.written.saturating_add(u32::try_from(self.tail.len()).unwrap_or(u32::MAX))
    }

    /// The last entry. Meaningful once loaded.
    pub(crate) fn last(&self) -> Option<E> {
        self.last
    }

    /// Adds an entry that follows the last one; entries that do not are dropped, as a look-up can
    /// do without any entry.
    pub(crate) fn push(&mut self, entry: E) {
        if !entry.is_sane() || self.last.is_some_and(|last| !entry.follows(last)) {
            return;
        }
        self.tail.push(entry);
        self.last = Some(entry);
        self.dirty = true;
    }

    /// Whether the tail should be written before more is added.
    pub(crate) fn tail_is_full(&self) -> bool {
        self.tail.len() >= TAIL
    }

    /// Writes the tail to the file, which exists afterwards even if the index is empty.
    pub(crate) fn write_tail(
        &mut self,
        place: Place<'_>,
        base: Offset,
    ) -> Result<(), StorageError> {
        if !self.loaded || (self.tail.is_empty() && self.written > 0) {
            return Ok(());
        }
        let file = open::<E>(place, base, OpenMode::Create)?;
        if self.tail.is_empty() {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(self.tail.len() * E::SIZE);
        self.tail.iter().for_each(|entry| entry.encode(&mut bytes));
        let position = u64::from(self.written) * E::SIZE as u64;
        file.write_at(&[IoSlice::new(&bytes)], position)
            .map_err(|error| StorageError::io("write", &place.path(base, E::SUFFIX), error))?;
        self.written = self.entries();
        self.tail.clear();
        self.tail.shrink_to(TAIL);
        Ok(())
    }

    /// Frees what only look-ups and writes need; entries not on file must have been written.
    pub(crate) fn release(&mut self) {
        if self.tail.is_empty() {
            self.tail = Vec::new();
        }
        self.map = None;
        self.warm = false;
    }

    /// The file, if a look-up might have to wait for its pages; nothing where there is none.
    pub(crate) fn cold_file(
        &self,
        place: Place<'_>,
        base: Offset,
    ) -> Result<Option<Arc<dyn DiskFile>>, StorageError> {
        if self.warm || (self.loaded && self.written == 0) {
            return Ok(None);
        }
        open::<E>(place, base, OpenMode::Read).map(Some)
    }

    /// The file's pages are in memory now.
    pub(crate) fn warmed(&mut self) {
        self.warm = true;
    }

    /// The file, if it may hold bytes that no sync has covered; they count as covered from now on.
    pub(crate) fn take_unsynced(
        &mut self,
        place: Place<'_>,
        base: Offset,
    ) -> Result<Option<Arc<dyn DiskFile>>, StorageError> {
        if !self.dirty || !self.loaded {
            return Ok(None);
        }
        self.write_tail(place, base)?;
        // most logs are idle most of the time: give the memory back
        self.tail = Vec::new();
        self.dirty = false;
        open::<E>(place, base, OpenMode::Create).map(Some)
    }

    /// Cuts the index to its first entries for which `keep` holds.
    pub(crate) fn truncate(
        &mut self,
        place: Place<'_>,
        base: Offset,
        keep: impl Fn(&E) -> bool,
    ) -> Result<(), StorageError> {
        self.load(place, base)?;
        let kept_tail = self.tail.partition_point(&keep);
        if kept_tail == 0 {
            let kept = if self.written == 0 {
                0
            } else {
                let map = self.map(place, base)?;
                u32::try_from(partition_point::<E>(map, keep)).unwrap_or(0)
            };
            if kept < self.written {
                self.cut(place, base, kept)?;
            }
        }
        self.tail.truncate(kept_tail);
        self.last = match (self.tail.last(), self.written.checked_sub(1)) {
            (Some(last), _) => Some(*last),
            (None, Some(at)) => {
                let file = open::<E>(place, base, OpenMode::Read)?;
                let path = place.path(base, E::SUFFIX);
                let entry = read_entry(&*file, at);
                Some(entry.map_err(|error| StorageError::io("read", &path, error))?)
            }
            (None, None) => None,
        };
        Ok(())
    }

    /// The last of the entries that rise from the front without a fault and for which `keep` holds,
    /// found by looking at each: after an unclean stop what was not synced may be anything.
    pub(crate) fn last_trusted(
        &mut self,
        place: Place<'_>,
        base: Offset,
        keep: impl Fn(&E) -> bool,
    ) -> Result<Option<E>, StorageError> {
        let trusted = self.trusted(place, base, keep)?;
        let map = self.map(place, base)?;
        Ok(trusted.checked_sub(1).and_then(|at| entry_at(map, at)))
    }

    /// Cuts the index behind [`IndexFile::last_trusted`].
    pub(crate) fn keep_trusted(
        &mut self,
        place: Place<'_>,
        base: Offset,
        keep: impl Fn(&E) -> bool,
    ) -> Result<(), StorageError> {
        let trusted = self.trusted(place, base, keep)?;
        let map = self.map(place, base)?;
        let last = trusted.checked_sub(1).and_then(|at| entry_at(map, at));
        self.cut(place, base, u32::try_from(trusted).unwrap_or(0))?;
        self.last = last;
        Ok(())
    }

    /// How many entries can be trusted, of those on file.
    fn trusted(
        &mut self,
        place: Place<'_>,
        base: Offset,
        keep: impl Fn(&E) -> bool,
    ) -> Result<usize, StorageError> {
        self.load(place, base)?;
        let map = self.map(place, base)?;
        let mut previous: Option<E> = None;
        let mut count = 0;
        for entry in map.chunks_exact(E::SIZE).filter_map(E::decode) {
            let rises = previous.is_none_or(|previous| entry.follows(previous));
            if !rises || !entry.is_sane() || !keep(&entry) {
                break;
            }
            previous = Some(entry);
            count += 1;
        }
        Ok(count)
    }

    /// Forgets everything, to be built anew. What the file holds is overwritten or cut.
    pub(crate) fn reset(&mut self, place: Place<'_>, base: Offset) -> Result<(), StorageError> {
        *self = Self::new();
        let path = place.path(base, E::SUFFIX);
        let stat = place.disk.stat(&path).map_err(|e| StorageError::io("stat", &path, e))?;
        match stat {
            Some(stat) if stat.len > 0 => self.cut(place, base, 0),
            _ => Ok(()),
        }
    }

    fn cut(&mut self, place: Place<'_>, base: Offset, entries: u32) -> Result<(), StorageError> {
        // the map must go before the bytes under it
        self.map = None;
        let file = open::<E>(place, base, OpenMode::Write)?;
        let len = u64::from(entries) * E::SIZE as u64;
        file.set_len(len)
            .map_err(|error| StorageError::io("truncate", &place.path(base, E::SUFFIX), error))?;
        self.written = entries;
        self.dirty = true;
        Ok(())
    }

    /// The last entry for which `holds` does; it must hold for a first part of the entries only.
    pub(crate) fn last_where(
        &mut self,
        place: Place<'_>,
        base: Offset,
        holds: impl Fn(&E) -> bool,
    ) -> Result<Option<E>, StorageError> {
        self.load(place, base)?;
        let in_tail = self.tail.partition_point(&holds);
        if let Some(entry) = in_tail.checked_sub(1).and_then(|at| self.tail.get(at)) {
            return Ok(Some(*entry));
        }
        if self.written == 0 {
            return Ok(None);
        }
        let map = self.map(place, base)?;
        let count = partition_point(map, holds);
        Ok(count.checked_sub(1).and_then(|at| entry_at(map, at)))
    }

    /// The first entry for which `holds` does not, or the `nth` behind it.
    pub(crate) fn beyond(
        &mut self,
        place: Place<'_>,
        base: Offset,
        nth: usize,
        holds: impl Fn(&E) -> bool,
    ) -> Result<Option<E>, StorageError> {
        self.load(place, base)?;
        let in_tail = self.tail.partition_point(&holds);
        let written = self.written as usize;
        if in_tail > 0 || written == 0 {
            return Ok(self.tail.get(in_tail + nth).copied());
        }
        let map = self.map(place, base)?;
        let at = partition_point(map, holds) + nth;
        match at.checked_sub(written) {
            None => Ok(entry_at(map, at)),
            Some(in_tail) => Ok(self.tail.get(in_tail).copied()),
        }
    }

    /// The entries on file, mapped anew if the file has grown since.
    fn map(&mut self, place: Place<'_>, base: Offset) -> Result<&[u8], StorageError> {
        let len = self.written as usize * E::SIZE;
        if self.map.as_ref().is_none_or(|map| map.len() < len) {
            let file = open::<E>(place, base, OpenMode::Read)?;
            let map = file
                .map(len)
                .map_err(|error| StorageError::io("map", &place.path(base, E::SUFFIX), error))?;
            self.map = Some(map);
        }
        Ok(self.map.as_deref().and_then(|map| map.get(..len)).unwrap_or_default())
    }
}

/// Opens an index file. The handle is not kept: writes are far between, look-ups go by the map, and
/// a broker with thousands of partitions would keep thousands of handles.
fn open<E: Entry>(
    place: Place<'_>,
    base: Offset,
    mode: OpenMode,
) -> Result<Arc<dyn DiskFile>, StorageError> {
    place.open(base, E::SUFFIX, mode)
}

fn entry_at<E: Entry>(bytes: &[u8], at: usize) -> Option<E> {
    bytes.get(at * E::SIZE..).and_then(E::decode)
}

/// How many entries at the start of `bytes` satisfy `holds`.
fn partition_point<E: Entry>(bytes: &[u8], holds: impl Fn(&E) -> bool) -> usize {
    let (mut low, mut high) = (0, bytes.len() / E::SIZE);
    while low < high {
        let middle = low + (high - low) / 2;
        if entry_at(bytes, middle).is_some_and(|entry| holds(&entry)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

fn read_entry<E: Entry>(file: &dyn DiskFile, at: u32) -> std::io::Result<E> {
    let mut bytes = [0; 16];
    let bytes = bytes.get_mut(..E::SIZE).unwrap_or_default();
    let read = file.read_at(bytes, u64::from(at) * E::SIZE as u64)?;
    let entry = bytes.get(..read).and_then(E::decode);
    entry.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::UnexpectedEof))
}

/// Where the entries end in a file that ends in zeros, and the last of them.
fn blank_tail<E: Entry>(file: &dyn DiskFile, entries: u32) -> std::io::Result<(u32, Option<E>)> {
    let (mut low, mut high) = (0, entries);
    while low < high {
        let middle = low + (high - low) / 2;
        if read_entry::<E>(file, middle)?.is_blank() {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let last = low.checked_sub(1).map(|at| read_entry(file, at)).transpose()?;
    Ok((low, last))
}

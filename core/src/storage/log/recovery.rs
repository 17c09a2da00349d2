//! Opening a log: quick after an orderly stop, by scanning from the recovery point otherwise.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::Arc;

use super::progress::RecoveryProgress;
use super::{Log, LogEnv, LogState, leftovers, roll};
use crate::base::{Offset, Tick, TopicPartition};
use crate::storage::index::Place;
use crate::storage::names::{self, FileKind};
use crate::storage::segment::{BatchVisitor, MAX_SIZE, Scan, Segment};
use crate::storage::{DirEntry, LogConfig, Problem, StorageError};

/// What opening a log took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Segments scanned.
    pub segments: u64,
    /// Batches read.
    pub batches: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Bytes cut off, those of removed segments included.
    pub truncated_bytes: u64,
    /// Segments removed behind a bad batch.
    pub removed_segments: u64,
    /// Segments whose indexes were missing or wrong and were built anew.
    pub rebuilt_indexes: u64,
}

/// What is needed to open a log.
#[derive(Clone, Debug)]
pub struct OpenLog<'a> {
    /// What the logs of the directory share.
    pub env: LogEnv,
    /// The partition's directory.
    pub dir: &'a Path,
    /// The partition.
    pub partition: TopicPartition,
    /// Its settings.
    pub config: Arc<LogConfig>,
    /// What the log directory's checkpoints say of it.
    pub state: LogState,
    /// Now.
    pub now: Tick,
    /// Counters to keep.
    pub progress: &'a RecoveryProgress,
}

impl Log {
    /// Opens the log in a partition's directory, which may be empty.
    ///
    /// After an orderly stop only file sizes and the end of the last segment are looked at.
    /// Otherwise everything from the recovery point on is read and checked, and the log is cut at
    /// the first batch that is not whole. Missing or wrong indexes are built anew in either case.
    pub fn open(
        open: &OpenLog<'_>,
        visitor: &mut dyn BatchVisitor,
    ) -> Result<(Self, Recovery), StorageError> {
        let files = Self::files(open)?;
        Self::open_listed(open, &files, visitor)
    }

    /// Clears what an interrupted deletion or cleaning left in the directory, which is made if it
    /// is not there, and lists the files that stay.
    pub(crate) fn files(open: &OpenLog<'_>) -> Result<Vec<DirEntry>, StorageError> {
        open.env.health.check()?;
        let disk = &*open.env.disk;
        let made = disk.create_dir_all(open.dir);
        made.map_err(|error| StorageError::io("create directory", open.dir, error))?;
        leftovers::clear(Place { disk, dir: open.dir })
    }

    /// As [`Self::open`], with the directory's files as [`Self::files`] has listed them.
    pub(crate) fn open_listed(
        open: &OpenLog<'_>,
        files: &[DirEntry],
        visitor: &mut dyn BatchVisitor,
    ) -> Result<(Self, Recovery), StorageError> {
        let mut opening = Opening::over(open, files)?;
        if open.state.clean {
            opening.load_clean(visitor)?;
        } else {
            opening.recover(visitor)?;
        }
        let recovery = opening.recovery;
        let log = opening.finish()?;
        if recovery.truncated_bytes > 0 || recovery.rebuilt_indexes > 0 {
            tracing::info!(
                partition = %open.partition,
                segments = recovery.segments,
                batches = recovery.batches,
                bytes = recovery.bytes,
                truncated_bytes = recovery.truncated_bytes,
                removed_segments = recovery.removed_segments,
                rebuilt_indexes = recovery.rebuilt_indexes,
                log_end_offset = %log.log_end_offset(),
                "repaired log"
            );
        }
        open.progress.log_is_open(&recovery);
        Ok((log, recovery))
    }
}

/// A log on its way to being open.
struct Opening<'a> {
    open: &'a OpenLog<'a>,
    segments: VecDeque<Segment>,
    /// Base offsets of segments that have batches but lack an index, or have one of odd size.
    unindexed: HashSet<Offset>,
    end: Offset,
    /// Whether the last segment was looked at: its end, timestamps.
    end_is_loaded: bool,
    recovery: Recovery,
}

impl<'a> Opening<'a> {
    fn place(&self) -> Place<'a> {
        Place { disk: &*self.open.env.disk, dir: self.open.dir }
    }

    /// Finds the segments; removes indexes without one.
    fn over(open: &'a OpenLog<'a>, files: &[DirEntry]) -> Result<Self, StorageError> {
        let place = Place { disk: &*open.env.disk, dir: open.dir };
        let mut logs = BTreeMap::new();
        let (mut indexes, mut time_indexes) = (BTreeMap::new(), BTreeMap::new());
        for file in files {
            match names::classify(&file.name) {
                FileKind::Log(base) => logs.insert(base, file.len),
                FileKind::Index(base) => indexes.insert(base, file.len),
                FileKind::TimeIndex(base) => time_indexes.insert(base, file.len),
                _ => None,
            };
        }
        let orphans = files.iter().filter(|file| match names::classify(&file.name) {
            FileKind::Index(base) | FileKind::TimeIndex(base) | FileKind::TxnIndex(base) => {
                !logs.contains_key(&base)
            }
            _ => false,
        });
        for orphan in orphans {
            let (dir, file) = (open.dir.display(), &orphan.name);
            tracing::warn!(%dir, file, "index without a log file");
            leftovers::remove(place, &orphan.name)?;
        }
        let mut segments = VecDeque::new();
        let mut unindexed = HashSet::new();
        for (base, len) in logs {
            let size = u32::try_from(len).unwrap_or(u32::MAX).min(MAX_SIZE);
            let whole = indexes.get(&base).is_some_and(|len| len % 8 == 0)
                && time_indexes.get(&base).is_some_and(|len| len % 12 == 0);
            if size > 0 && !whole {
                unindexed.insert(base);
            }
            let jitter = roll::jitter(&open.config, &open.partition, base);
            segments.push_back(Segment::on_disk(base, size, open.now.wall_ms, jitter));
        }
        let recovery = Recovery::default();
        let end = open.state.log_start;
        Ok(Self { open, segments, unindexed, end, end_is_loaded: false, recovery })
    }

    /// After an orderly stop: trust everything, look at the last segment's end only.
    fn load_clean(&mut self, visitor: &mut dyn BatchVisitor) -> Result<(), StorageError> {
        let last = self.segments.len().saturating_sub(1);
        self.rebuild_indexes(last)?;
        let place = self.place();
        let Some(segment) = self.segments.back_mut() else { return Ok(()) };
        let base = segment.base_offset();
        if segment.size() == 0 || !self.unindexed.contains(&base) {
            match segment.load_end(place) {
                Ok(end) => {
                    self.end = end;
                    self.end_is_loaded = true;
                    return Ok(());
                }
                Err(StorageError::Corrupt { path, position, problem }) => tracing::warn!(
                    path = %path.display(), position, %problem,
                    "the last segment is not as an orderly stop leaves it"
                ),
                Err(error) => return Err(error),
            }
        }
        self.recovery.rebuilt_indexes += 1;
        self.scan_from(last, Offset::ZERO, visitor)
    }

    /// After anything else: scan from the segment that holds the last record before the recovery
    /// point. Kafka takes the one that holds the recovery point itself, but a segment that was
    /// rolled when all its records were synced already got its last index entries after that.
    fn recover(&mut self, visitor: &mut dyn BatchVisitor) -> Result<(), StorageError> {
        let point = self.open.state.recovery_point;
        let behind = self.segments.partition_point(|segment| segment.base_offset() < point);
        let first = behind.saturating_sub(1);
        self.rebuild_indexes(first)?;
        self.scan_from(first, point, visitor)
    }

    /// Builds the missing or odd indexes of the first `count` segments anew.
    fn rebuild_indexes(&mut self, count: usize) -> Result<(), StorageError> {
        let place = self.place();
        for segment in self.segments.iter_mut().take(count) {
            if !self.unindexed.contains(&segment.base_offset()) {
                continue;
            }
            tracing::warn!(
                partition = %self.open.partition,
                base_offset = %segment.base_offset(),
                "missing or corrupt index: building it anew"
            );
            let interval = self.open.config.index_interval_bytes;
            let scanned = segment.rebuild_indexes(place, interval)?;
            segment.release();
            self.recovery.rebuilt_indexes += 1;
            self.recovery.bytes += scanned.bytes;
            self.recovery.truncated_bytes += u64::from(scanned.cut);
        }
        Ok(())
    }

    fn scan_from(
        &mut self,
        first: usize,
        point: Offset,
        visitor: &mut dyn BatchVisitor,
    ) -> Result<(), StorageError> {
        let total: u64 = self.segments.iter().skip(first).map(|s| u64::from(s.size())).sum();
        let progress = self.open.progress;
        progress.will_scan(total);
        let place = self.place();
        let mut expected = None;
        let mut good = first;
        let mut begun = false;
        let count = |bytes| progress.scanned(bytes);
        for segment in self.segments.iter_mut().skip(first) {
            let base = segment.base_offset();
            // a segment whose end never reached the disk leaves a hole before the next one;
            // cleaning may leave one on purpose
            let hole = expected.is_some_and(|end| end != base) && !self.open.config.compact;
            if hole {
                break;
            }
            let start = if begun { Offset::ZERO } else { point };
            let mut begin = Begin { inner: visitor, begun: &mut begun };
            let mut scan = Scan {
                place,
                interval: self.open.config.index_interval_bytes,
                visitor: &mut begin,
                progress: &count,
            };
            let scanned = segment.recover(&mut scan, start)?;
            good += 1;
            expected = Some(scanned.end_offset);
            self.recovery.segments += 1;
            self.recovery.batches += scanned.batches;
            self.recovery.bytes += scanned.bytes;
            self.recovery.truncated_bytes += u64::from(scanned.cut);
            if let Some(problem) = scanned.problem {
                self.warn_cut(base, scanned.end_offset, problem);
                break;
            }
        }
        self.end = expected.unwrap_or(self.end);
        self.drop_after(good)
    }

    fn warn_cut(&self, base: Offset, end: Offset, problem: Problem) {
        tracing::warn!(
            partition = %self.open.partition,
            base_offset = %base,
            log_end_offset = %end,
            %problem,
            "cut the log at the first batch that is not whole"
        );
    }

    /// Removes the segments behind the first `keep`, from the back.
    fn drop_after(&mut self, keep: usize) -> Result<(), StorageError> {
        let place = self.place();
        while self.segments.len() > keep {
            let Some(mut segment) = self.segments.pop_back() else { break };
            self.recovery.removed_segments += 1;
            self.recovery.truncated_bytes += u64::from(segment.size());
            segment.remove(place)?;
        }
        if self.recovery.removed_segments > 0 {
            // one that came back after a loss of power would continue records written in its place
            let synced = place.disk.sync_dir(place.dir);
            synced.map_err(|error| StorageError::io("sync", place.dir, error))?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Log, StorageError> {
        let open = self.open;
        let place = self.place();
        let log_start = open.state.log_start;
        if self.end < log_start && !self.segments.is_empty() {
            tracing::warn!(
                partition = %open.partition,
                log_end_offset = %self.end,
                log_start_offset = %log_start,
                "the log ends before its start offset: removing all its segments"
            );
            self.drop_after(0)?;
        }
        let active = match self.segments.pop_back() {
            Some(mut last) => {
                if last.size() > 0 && !self.end_is_loaded {
                    self.end = last.load_end(place)?;
                } else if last.size() == 0 {
                    let jitter = last.jitter_ms();
                    last = Segment::new(last.base_offset(), open.now.wall_ms, jitter);
                }
                // most logs stay idle: a handle is opened when one is used
                last.release();
                last
            }
            None => {
                self.end = log_start;
                let jitter = roll::jitter(&open.config, &open.partition, log_start);
                Segment::new(log_start, open.now.wall_ms, jitter)
            }
        };
        let point =
            if open.state.clean { self.end } else { open.state.recovery_point.min(self.end) };
        for segment in &mut self.segments {
            if segment.base_offset() < point {
                segment.release();
            }
        }
        let mut log = Log::assemble(
            open.env.clone(),
            open.dir,
            open.partition.clone(),
            Arc::clone(&open.config),
            self.segments,
            active,
            open.now,
        );
        log.opened_at(self.end, point, open.state);
        Ok(log)
    }
}

/// Tells a visitor where the scan begins, just before the first batch.
struct Begin<'a> {
    inner: &'a mut dyn BatchVisitor,
    begun: &'a mut bool,
}

impl BatchVisitor for Begin<'_> {
    fn begin(&mut self, from: Offset) {
        self.inner.begin(from);
    }

    fn visit(&mut self, header: &crate::record::BatchHeader) {
        if !std::mem::replace(self.begun, true) {
            self.inner.begin(header.base_offset);
        }
        self.inner.visit(header);
    }
}

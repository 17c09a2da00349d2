//! Dumps and checks the indexes of a segment.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::DumpError;
use super::log::timestamp_of;
use super::segment::Segment;
use super::{Options, absolute, base_offset};

/// Bytes of an entry of an offset index.
const OFFSET_ENTRY: usize = 8;
/// Bytes of an entry of a time index.
const TIME_ENTRY: usize = 12;
/// No timestamp.
const NO_TIMESTAMP: i64 = -1;

/// Pairs of what an index and what the log says, for each index with a fault.
pub(super) type Pairs = Vec<(String, Vec<(i64, i64)>)>;

/// What is wrong with indexes.
#[derive(Default)]
pub(super) struct Faults {
    /// Offset index: its offset, and the log's.
    mismatches: Vec<(String, BTreeMap<i64, i64>)>,
    /// Time index: its timestamp, and the log's.
    timestamps: Pairs,
    /// Time index: its timestamp, and the entry's before.
    out_of_order: Pairs,
    /// Time index: its offset, and the log's.
    not_found: Pairs,
}

impl Faults {
    /// Kafka's report of all faults.
    pub(super) fn write_offsets(&self, err: &mut dyn Write) -> Result<(), DumpError> {
        for (file, offsets) in &self.mismatches {
            writeln!(err, "Mismatches in :{file}")?;
            for (index, log) in offsets.iter().rev() {
                writeln!(err, "  Index offset: {index}, log offset: {log}")?;
            }
        }
        Ok(())
    }

    /// Kafka's report of the faults of time indexes.
    pub(super) fn write_times(&self, err: &mut dyn Write) -> Result<(), DumpError> {
        for (file, pairs) in &self.timestamps {
            writeln!(err, "Found timestamp mismatch in :{file}")?;
            for (index, log) in pairs {
                writeln!(err, "  Index timestamp: {index}, log timestamp: {log}")?;
            }
        }
        for (file, pairs) in &self.out_of_order {
            writeln!(err, "Found out of order timestamp in :{file}")?;
            for (index, before) in pairs {
                let text = "Previously indexed timestamp";
                writeln!(err, "  Index timestamp: {index}, {text}: {before}")?;
            }
        }
        for (file, pairs) in &self.not_found {
            writeln!(err, "The following indexed offsets are not found in :{file}")?;
            for (index, log) in pairs {
                writeln!(err, "Indexed offset: {index}, found log offset: {log}")?;
            }
        }
        Ok(())
    }
}

fn note(pairs: &mut Pairs, path: &Path, pair: (i64, i64)) {
    let name = absolute(path);
    match pairs.last_mut().filter(|(file, _)| *file == name) {
        Some((_, found)) => found.push(pair),
        None => pairs.push((name, vec![pair])),
    }
}

/// An index as it lies in its file.
struct Index {
    path: PathBuf,
    base: i64,
    bytes: Vec<u8>,
}

impl Index {
    fn read(path: &Path, base: i64) -> Result<Self, DumpError> {
        let bytes = fs::read(path).map_err(DumpError::read(path))?;
        Ok(Self { path: path.to_owned(), base, bytes })
    }

    /// Offset and position of each entry.
    fn offsets(&self) -> impl DoubleEndedIterator<Item = (i64, u64)> + '_ {
        self.bytes.chunks_exact(OFFSET_ENTRY).filter_map(|entry| {
            let (offset, rest) = entry.split_first_chunk()?;
            let position = i32::from_be_bytes(*rest.first_chunk()?);
            let offset = self.base.wrapping_add(i64::from(i32::from_be_bytes(*offset)));
            Some((offset, u64::try_from(position).unwrap_or(u64::MAX)))
        })
    }

    /// Timestamp and offset of each entry.
    fn times(&self) -> impl DoubleEndedIterator<Item = (i64, i64)> + '_ {
        self.bytes.chunks_exact(TIME_ENTRY).filter_map(|entry| {
            let (timestamp, rest) = entry.split_first_chunk()?;
            let offset = i64::from(i32::from_be_bytes(*rest.first_chunk()?));
            Some((i64::from_be_bytes(*timestamp), self.base.wrapping_add(offset)))
        })
    }

    /// The position from which to look for an offset: of the last entry not after it.
    fn position_before(&self, offset: i64) -> u64 {
        // zeros behind the last entry are no entries
        let mut entries = self
            .offsets()
            .enumerate()
            .take_while(|(at, (entry, _))| *entry <= offset && (*at == 0 || *entry > self.base));
        entries.by_ref().last().map_or(0, |(_, (_, position))| position)
    }

    fn check_length(&self, what: &str, entry: usize) -> Result<(), DumpError> {
        let (length, path) = (self.bytes.len(), absolute(&self.path));
        if length.is_multiple_of(entry) {
            return Ok(());
        }
        Err(DumpError::Index(format!(
            "{what} file {path} is corrupt, found {length} bytes which is neither positive nor a \
             multiple of {entry}"
        )))
    }

    fn check_last(&self, words: [&str; 3], last: i64, least: i64) -> Result<(), DumpError> {
        if last >= least {
            return Ok(());
        }
        let ([what, of, first], mut path) = (words, absolute(&self.path));
        if what == "time index" {
            path = format!("({path})");
        }
        Err(DumpError::Index(format!(
            "Corrupt {what} found, {what} file {path} has non-zero size but the last {of} is \
             {last} which is less than the {first} {least}"
        )))
    }
}

fn sibling(path: &Path, ending: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    path.with_file_name(format!("{stem}.{ending}"))
}

/// Dumps an offset index, looking up the batch of each entry.
pub(super) fn dump_offsets(
    path: &Path,
    options: &Options,
    faults: &mut Faults,
    out: &mut dyn Write,
) -> Result<(), DumpError> {
    let base = base_offset(path)?;
    let mut log = Segment::open(&sibling(path, "log"), u64::MAX)?;
    let index = Index::read(path, base)?;
    let shown = path.display();
    if index.bytes.len() < OFFSET_ENTRY {
        return Ok(writeln!(out, "{shown} is empty.")?);
    }
    if options.sanity_only {
        let last = index.offsets().next_back().map_or(base, |(offset, _)| offset);
        index.check_last(["index", "offset", "base offset"], last, base)?;
        index.check_length("Index", OFFSET_ENTRY)?;
        return Ok(writeln!(out, "{shown} passed sanity check.")?);
    }
    let most = u64::try_from(options.max_message_size).unwrap_or(0);
    let mut found = BTreeMap::new();
    let mut outcome = Ok(());
    for (at, (offset, position)) in index.offsets().enumerate() {
        // a file that was not closed ends in zeros
        if at > 0 && offset == base {
            break;
        }
        let batch = log.batch_at(position, position.saturating_add(most));
        match batch.and_then(|batch| batch.ok_or_else(|| no_batch(path, position))) {
            Ok(batch) => {
                let last = batch.header.last_offset().0;
                if last != offset {
                    found.insert(offset, last);
                }
            }
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
        if !options.verify_only {
            writeln!(out, "offset: {offset} position: {position}")?;
        }
    }
    if !found.is_empty() {
        faults.mismatches.push((absolute(path), found));
    }
    outcome
}

fn no_batch(path: &Path, position: u64) -> DumpError {
    DumpError::NoBatch { path: sibling(path, "log"), position }
}

/// Dumps a time index, looking up the batch of each entry.
pub(super) fn dump_times(
    path: &Path,
    options: &Options,
    faults: &mut Faults,
    out: &mut dyn Write,
) -> Result<(), DumpError> {
    let base = base_offset(path)?;
    let mut log = Segment::open(&sibling(path, "log"), u64::MAX)?;
    let offsets = Index::read(&sibling(path, "index"), base)?;
    let index = Index::read(path, base)?;
    if options.sanity_only {
        let last = index.times().next_back();
        if let (Some((last, offset)), Some((first, _))) = (last, index.times().next()) {
            let what = "time index";
            index.check_last([what, "timestamp", "first timestamp"], last, first)?;
            index.check_last([what, "offset", "first offset"], offset, base)?;
        }
        index.check_length("Time index", TIME_ENTRY)?;
        return Ok(writeln!(out, "{} passed sanity check.", path.display())?);
    }
    let mut previous = NO_TIMESTAMP;
    for (at, (timestamp, offset)) in index.times().enumerate() {
        if at > 0 && offset == base {
            break;
        }
        match newest(&mut log, offsets.position_before(offset), offset)? {
            Newest::NotFound(last) => note(&mut faults.not_found, path, (offset, last)),
            Newest::Found(newest) => {
                if newest != timestamp {
                    note(&mut faults.timestamps, path, (timestamp, newest));
                }
                if previous >= timestamp {
                    note(&mut faults.out_of_order, path, (timestamp, previous));
                }
            }
        }
        if !options.verify_only {
            writeln!(out, "timestamp: {timestamp} offset: {offset}")?;
        }
        previous = timestamp;
    }
    Ok(())
}

/// What the log has for an entry of a time index.
enum Newest {
    /// The batch that ends at the offset has this newest timestamp.
    Found(i64),
    /// No batch ends at the offset; the one that holds it, if any, ends here.
    NotFound(i64),
}

fn newest(log: &mut Segment, from: u64, offset: i64) -> Result<Newest, DumpError> {
    let mut position = from;
    while let Some(batch) = log.batch_at(position, u64::MAX)? {
        let last = batch.header.last_offset().0;
        if last < offset {
            position += batch.size();
            continue;
        }
        if last != offset {
            return Ok(Newest::NotFound(last));
        }
        let mut newest = NO_TIMESTAMP;
        for record in batch.records().map_err(log.fault(position))? {
            let record = record.map_err(log.fault(position))?;
            newest = newest.max(timestamp_of(&batch.header, &record));
        }
        return Ok(Newest::Found(newest));
    }
    Ok(Newest::NotFound(-1))
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;

//! Topics of the bare server: a file and a count of offsets for each partition.

use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::path::PathBuf;
use std::sync::Arc;

use ottla_core::record::{BatchHeader, verify_crc};
use ottla_core::storage::{Disk, DiskFile, OpenMode, RealDisk};

/// Topics at once, and the partitions of one.
const TOPICS: usize = 1000;
const PARTITIONS: i32 = 10_000;
/// A file gets room ahead when it is so large, as much again as it has, and so much at most: as
/// Ottla's segments do.
const ROOM_FROM: u64 = 1 << 20;
const ROOM_MOST: u64 = 64 << 20;

/// Kafka's error codes that it answers with.
const CORRUPT: i16 = 2;
pub(super) const UNKNOWN_PARTITION: i16 = 3;
const INVALID_TOPIC: i16 = 17;
const EXISTS: i16 = 36;
const INVALID_PARTITIONS: i16 = 37;
const STORAGE: i16 = 56;

/// All topics.
#[derive(Debug)]
pub(super) struct Topics {
    dir: PathBuf,
    /// Names a new topic's folder.
    made: u64,
    topics: HashMap<String, Topic>,
}

#[derive(Debug)]
struct Topic {
    dir: PathBuf,
    partitions: Vec<Partition>,
}

/// The log of one partition.
#[derive(Debug)]
pub(super) struct Partition {
    file: Arc<dyn DiskFile>,
    size: u64,
    room: u64,
    /// Where its log ends, in offsets.
    pub(super) end: i64,
}

impl Topics {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir, made: 0, topics: HashMap::new() }
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.topics.keys().map(String::as_str)
    }

    /// The number of a topic's partitions.
    pub(super) fn partitions(&self, topic: &str) -> Option<usize> {
        self.topics.get(topic).map(|topic| topic.partitions.len())
    }

    pub(super) fn get(&mut self, topic: &str, partition: i32) -> Option<&mut Partition> {
        let partition = usize::try_from(partition).ok()?;
        self.topics.get_mut(topic)?.partitions.get_mut(partition)
    }

    /// Makes a topic; an error code, or 0.
    pub(super) fn create(&mut self, name: &str, partitions: i32) -> i16 {
        if self.topics.contains_key(name) {
            return EXISTS;
        }
        if name.is_empty() || name.len() > 249 || self.topics.len() >= TOPICS {
            return INVALID_TOPIC;
        }
        if !(1..=PARTITIONS).contains(&partitions) {
            return INVALID_PARTITIONS;
        }
        self.made += 1;
        let dir = self.dir.join(self.made.to_string());
        let open = |partition: i32| {
            let file = RealDisk.open(&dir.join(partition.to_string()), OpenMode::Truncate)?;
            Ok(Partition { file, size: 0, room: 0, end: 0 })
        };
        let made: io::Result<Vec<Partition>> =
            RealDisk.create_dir_all(&dir).and_then(|()| (0..partitions).map(open).collect());
        let Ok(partitions) = made else {
            // the whole folder goes at the end
            return STORAGE;
        };
        self.topics.insert(name.to_owned(), Topic { dir, partitions });
        0
    }

    /// Removes a topic and its files; an error code, or 0.
    pub(super) fn delete(&mut self, name: &str) -> i16 {
        let Some(topic) = self.topics.remove(name) else { return UNKNOWN_PARTITION };
        RealDisk.remove_dir_all(&topic.dir).map_or(STORAGE, |()| 0)
    }
}

impl Partition {
    /// Checks a batch and gives it its offset; it is appended later, in this order.
    pub(super) fn take(&mut self, batch: &[u8]) -> Result<i64, i16> {
        let header = BatchHeader::parse(batch).map_err(|_| CORRUPT)?;
        let whole = header.size_in_bytes() == batch.len() && header.last_offset_delta >= 0;
        if !whole || verify_crc(batch).is_err() {
            return Err(CORRUPT);
        }
        let first = self.end;
        self.end += i64::from(header.last_offset_delta) + 1;
        Ok(first)
    }

    /// Appends batches with one call, those above 32 KB together in pieces of 16 KB.
    pub(super) fn append(&mut self, batches: &[IoSlice<'_>]) -> io::Result<()> {
        self.file.write_at(batches, self.size)?;
        self.size += batches.iter().map(|batch| batch.len() as u64).sum::<u64>();
        let step = self.size.min(ROOM_MOST);
        if self.size >= ROOM_FROM && self.room.saturating_sub(self.size) <= step / 2 {
            let from = self.room.max(self.size);
            // without it appends may wait, no more
            _ = self.file.reserve(from, step);
            self.room = from + step;
        }
        Ok(())
    }
}

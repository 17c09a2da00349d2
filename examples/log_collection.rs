//! Log collection: what services write into their log files goes into a topic, line by line. The
//! collector keeps no notes: where it was is written beside the last line that it sent, so another
//! one goes on where the first was killed, and no line is sent twice.
//! `cargo run --example log_collection`

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use ottla::{Batch, Engine, NewTopic, Offset, Topic};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

/// The header that says how far into its file a line ends.
const END: &str = "end";
/// Bytes that are read of a file at a time.
const CHUNK: u64 = 64 * 1024;

/// How far each file has been collected: what the last record with its name says.
async fn positions(log: &Topic) -> Outcome<BTreeMap<String, u64>> {
    let mut positions = BTreeMap::new();
    for index in 0..log.partition_count()? {
        let partition = log.partition(index);
        let mut next = partition.earliest().await?;
        loop {
            let read = partition.read(next).await?;
            if read.records.is_empty() {
                break;
            }
            next = read.next_offset;
            for record in read.records {
                let file = String::from_utf8(record.key.unwrap_or_default().into())?;
                let end = record.headers.iter().find(|header| header.key == END);
                let end = end.and_then(|header| header.value.as_deref()).unwrap_or_default();
                positions.insert(file, String::from_utf8_lossy(end).parse()?);
            }
        }
    }
    Ok(positions)
}

/// The whole lines behind `from`, each with the place where it ends; a line that is still being
/// written is left for the next time.
fn lines(file: &mut File, from: u64) -> std::io::Result<Vec<(u64, Vec<u8>)>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.take(CHUNK).read_to_end(&mut bytes)?;
    let mut end = from;
    let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let lines = whole.map(|line| {
        end += line.len() as u64;
        (end, line[..line.len() - 1].to_vec())
    });
    Ok(lines.collect())
}

/// Sends what is new in the files of a directory, one batch for each chunk of a file; returns how
/// many lines that were. `die_after` batches the power goes.
async fn collect(directory: &Path, log: &Topic, die_after: usize) -> Outcome<usize> {
    let mut positions = positions(log).await?;
    let (mut sent, mut batches) = (0, 0);
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let position = positions.entry(name.clone()).or_default();
        let mut file = File::open(entry.path())?;
        loop {
            let found = lines(&mut file, *position)?;
            let Some((last, _)) = found.last() else { break };
            if batches == die_after {
                return Ok(sent);
            }
            let mut batch = Batch::new();
            for (end, line) in &found {
                let end = end.to_string();
                let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
                let now = i64::try_from(now.as_millis())?;
                let headers = [(END, Some(end.as_bytes()))];
                batch.push_at(now, Some(name.as_bytes()), Some(line), &headers);
            }
            // all of a batch is in the log or nothing is: so is the position
            log.append(batch).await?;
            *position = *last;
            sent += found.len();
            batches += 1;
        }
    }
    Ok(sent)
}

/// Services that write `count` lines each, the last of them not to its end.
fn write(directory: &Path, services: &[&str], from: usize, count: usize) -> std::io::Result<()> {
    for service in services {
        let path = directory.join(format!("{service}.log"));
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        for n in from..from + count {
            write!(file, " of {service}\nline {n}")?;
        }
    }
    Ok(())
}

fn main() -> Outcome<()> {
    let files = tempfile::tempdir()?;
    actix::System::new().block_on(async {
        let engine = Engine::ephemeral().without_listener().start().await?;
        engine.admin().create_topic(NewTopic::new("log").partitions(3)).await?;
        let log = engine.topic("log");
        let services = ["orders", "billing", "kitchen"];

        write(files.path(), &services, 0, 20_000)?;
        let first = collect(files.path(), &log, 7).await?;
        write(files.path(), &services, 20_000, 5_000)?;
        let second = collect(files.path(), &log, usize::MAX).await?;
        println!("{first} lines before the power went, {second} after it");
        assert_eq!(collect(files.path(), &log, usize::MAX).await?, 0);

        let mut seen = BTreeSet::new();
        let mut records = 0;
        for index in 0..3 {
            let partition = log.partition(index);
            let (mut next, end) = (Offset::ZERO, partition.latest().await?);
            while next < end {
                let read = partition.read(next).await?;
                next = read.next_offset;
                records += read.records.len();
                seen.extend(read.records.into_iter().map(|record| (record.key, record.value)));
            }
        }
        // every whole line once: none is missing, none is there twice
        assert_eq!((records, seen.len()), (75_000, 75_000));
        assert_eq!(first + second, 75_000);
        engine.stop().await;
        Ok(())
    })
}

#[test]
fn every_line_is_collected_once() {
    main().expect("it runs");
}

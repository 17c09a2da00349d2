//! kcat, from the system's packages: librdkafka on the command line.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use ottla_integration::tools::{self, or_skip};
use ottla_integration::{Broker, wait_for};

const RECORDS: usize = 100_000;
/// acks, and whether the producer is idempotent.
const MODES: [(&str, bool); 4] = [("1", false), ("0", false), ("all", false), ("all", true)];
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
/// Far above what a step takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Kcat {
    bootstrap: String,
}

impl Kcat {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("kcat");
        command.args(["-b", &self.bootstrap]).args(args).stdin(Stdio::null());
        command
    }

    /// Produces the records `first..first + count`, keyed, one a line.
    #[track_caller]
    fn produce(&self, topic: &str, more: &[&str], first: usize, count: usize) {
        let mut command = self.command(&["-P", "-t", topic, "-K", ":", "-X", "linger.ms=5"]);
        command.args(more).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("kcat runs");
        let mut stdin = child.stdin.take().expect("its input is a pipe");
        let text: String =
            (first..first + count).map(|id| format!("key-{}:{id}\n", id % 997)).collect();
        stdin.write_all(text.as_bytes()).expect("kcat reads its input");
        drop(stdin);
        let output = child.wait_with_output().expect("kcat ends");
        assert!(output.status.success(), "{topic} {more:?}: {}", errors(&output));
    }

    /// Every record from `offset` (kcat's notation) to the end: partition, offset, id.
    #[track_caller]
    fn read(&self, topic: &str, offset: &str) -> Vec<[usize; 3]> {
        let format = ["-f", "%p %o %s\\n"];
        let mut command = self.command(&["-C", "-q", "-e", "-t", topic, "-o", offset]);
        let output = command.args(format).output().expect("kcat runs");
        assert!(output.status.success(), "{topic} from {offset}: {}", errors(&output));
        String::from_utf8_lossy(&output.stdout).lines().map(numbers).collect()
    }

    fn member(&self, topic: &str) -> Child {
        let mut command = self.command(&["-G", "group", "-E", "-q", "-u", "-f", "%p %o %s\\n"]);
        command.args(["-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=500"]);
        command.args(["-X", "auto.commit.interval.ms=100", "-X", "auto.offset.reset=earliest"]);
        command.arg(topic).stdout(Stdio::piped()).stderr(Stdio::null());
        command.spawn().expect("kcat runs")
    }
}

fn numbers(line: &str) -> [usize; 3] {
    whole(line).expect("three numbers")
}

/// The numbers of a line, unless it was cut off.
fn whole(line: &str) -> Option<[usize; 3]> {
    let words: Result<Vec<usize>, _> = line.split(' ').map(str::parse).collect();
    words.ok()?.try_into().ok()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn kcat_produces_with_each_codec_and_acks() {
    if or_skip(tools::kcat()).is_none() {
        return;
    }
    // kcat cannot create a topic itself: asking for its metadata does, on any Kafka
    let broker = Broker::start(&[("num.partitions", "3")]);
    let kcat = Kcat { bootstrap: broker.bootstrap() };
    for codec in CODECS {
        let topic = format!("kcat-{codec}");
        for ((acks, idempotence), first) in MODES.into_iter().zip((0..).step_by(RECORDS)) {
            let properties =
                ["-X", &format!("acks={acks}"), "-X", &format!("enable.idempotence={idempotence}")];
            let more: Vec<&str> = properties.into_iter().chain(["-z", codec]).collect();
            kcat.produce(&topic, &more, first, RECORDS);
        }
        let wanted = RECORDS * MODES.len();
        wait_for("records sent with acks=0", PATIENCE, || {
            let read = kcat.read(&topic, "beginning");
            let mut ids: Vec<usize> = read.into_iter().map(|[_, _, id]| id).collect();
            ids.sort_unstable();
            ids.iter().copied().eq(0..wanted).then_some(())
        });
    }
}

/// Three members, one of them killed in the middle: it stands still because nobody reads its
/// output.
#[test]
fn kcat_group_survives_a_killed_member_and_a_restart() {
    if or_skip(tools::kcat()).is_none() {
        return;
    }
    let mut broker =
        Broker::start(&[("num.partitions", "6"), ("group.initial.rebalance.delay.ms", "5000")]);
    let kcat = Kcat { bootstrap: broker.bootstrap() };
    kcat.produce("grouped", &["-z", "zstd"], 0, RECORDS);

    let mut victim = Reaped(kcat.member("grouped"));
    let mut others: Vec<Reader> = (0..2).map(|_| Reader::new(kcat.member("grouped"))).collect();
    let stdout = victim.0.stdout.take().expect("its output is a pipe");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    // in a thread of its own: it may have to wait for ever if others got all partitions first
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let few: Vec<[usize; 3]> = lines.by_ref().take(1000).map(|line| numbers(&line)).collect();
        // the receiver has given up: nothing to tell
        _ = sender.send((few, lines));
    });
    let (mut few, lines) = receiver.recv_timeout(PATIENCE).expect("the first member reads");
    assert_eq!(few.len(), 1000);
    drop(victim);
    // what it had printed before it died; the last line may be cut
    few.extend(lines.filter_map(|line| whole(&line)));
    few.pop();

    let missing_of = |others: &mut [Reader], from: usize, to: usize| {
        others.iter_mut().for_each(Reader::listen);
        let mut there = vec![false; to];
        let seen = few.iter().chain(others.iter().flat_map(|o| &o.seen));
        seen.for_each(|&[_, _, id]| there[id] = true);
        there[from..].iter().filter(|&&t| !t).count()
    };
    // librdkafka commits a record once it is handed to kcat: the one it was about to print may be
    // gone
    wait_for("the rest of the records", PATIENCE, || {
        (missing_of(&mut others, 0, RECORDS) <= 2).then_some(())
    });

    broker.restart();
    kcat.produce("grouped", &["-z", "lz4"], RECORDS, 1000);
    wait_for("records after the restart", PATIENCE, || {
        (missing_of(&mut others, RECORDS, RECORDS + 1000) == 0).then_some(())
    });
    drop(others);
    // back to the beginning and to an offset
    assert_eq!(kcat.read("grouped", "beginning").len(), RECORDS + 1000);
    assert_eq!(kcat.read("grouped", "500").len(), RECORDS + 1000 - 6 * 500);
    let read = kcat.read("grouped", "s@1000000000000");
    assert_eq!(read.len(), RECORDS + 1000, "from a time before all records");
}

/// Records that are not in memory come from the disk, to the first reader past the page cache and
/// to the next one through it.
#[test]
fn kcat_reads_old_records_that_are_on_disk_only() {
    if or_skip(tools::kcat()).is_none() {
        return;
    }
    let mut broker = Broker::start(&[("num.partitions", "3"), ("log.segment.bytes", "1048576")]);
    let kcat = Kcat { bootstrap: broker.bootstrap() };
    kcat.produce("old", &[], 0, 2 * RECORDS);
    // an orderly stop syncs everything: what is clean can be dropped
    broker.restart();
    let mut dropped = 0;
    for partition in 0..3 {
        let dir = broker.data_dir().join(format!("old-{partition}"));
        for entry in std::fs::read_dir(dir).expect("its log is there") {
            let file = std::fs::File::open(entry.expect("readable").path()).expect("opens");
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).expect("dropped");
            dropped += 1;
        }
    }
    assert!(dropped > 3 * 6, "several segments each, not {dropped} files");
    for _ in 0..2 {
        let read = kcat.read("old", "beginning");
        let mut next = [0; 3];
        let mut ids = Vec::new();
        for [partition, offset, id] in read {
            assert_eq!(offset, next[partition], "partition {partition}");
            next[partition] += 1;
            ids.push(id);
        }
        ids.sort_unstable();
        assert!(ids.into_iter().eq(0..2 * RECORDS));
    }
}

/// A process that is killed when dropped.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A member whose lines are read as they come.
struct Reader {
    _child: Reaped,
    lines: std::sync::mpsc::Receiver<[usize; 3]>,
    seen: Vec<[usize; 3]>,
}

impl Reader {
    fn new(mut child: Child) -> Self {
        let stdout = child.stdout.take().expect("its output is a pipe");
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // it may be killed in the middle of its last line
                let Some(numbers) = whole(&line) else { return };
                if sender.send(numbers).is_err() {
                    return;
                }
            }
        });
        Self { _child: Reaped(child), lines, seen: Vec::new() }
    }

    fn listen(&mut self) {
        self.seen.extend(self.lines.try_iter());
    }
}

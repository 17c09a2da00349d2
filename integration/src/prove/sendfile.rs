//! What a consumer reads goes from the page cache to the socket: strace counts the bytes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::Signal;

use super::{Finding, Limit};
use crate::child::ChildProcess;
use crate::raw::{RawClient, batch};
use crate::tools::{self, Missing};
use crate::wait::wait_for;
use crate::{OttlaOptions, OttlaProcess};

const TOPIC: &str = "read";
const RECORD: usize = 1000;

/// Fills a partition with `bytes`, lets kcat read it, and says which part of the log went by
/// sendfile, or by splice through a pipe: either way without passing through the process.
///
/// # Errors
/// If strace or kcat is not on the machine.
pub fn sendfile(bytes: u64) -> Result<Finding, Missing> {
    tools::require("strace", "-V", "strace")?;
    let mut kcat = tools::kcat()?;
    let broker = OttlaOptions::default().start();
    fill(&broker, bytes);
    let log: u64 = log_bytes(&broker.data_dir().join(format!("{TOPIC}-0")));

    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut strace = attach(&broker, dir.path());
    kcat.args(["-b", &broker.bootstrap(), "-C", "-q", "-e", "-o", "beginning", "-t", TOPIC]);
    let read = kcat.args(["-f", "%S\n"]).output().expect("kcat runs");
    assert!(read.status.success(), "kcat could not read");
    strace.signal(Signal::INT);
    strace.wait_end(Duration::from_secs(30));

    let sent = sent_uncopied(dir.path());
    #[expect(clippy::cast_precision_loss, reason = "a share, far below 2^52 bytes")]
    let share = sent.min(log) as f64 / log as f64 * 100.0;
    let what = format!("log bytes sent by sendfile or splice, of {log} that a consumer read");
    Ok(Finding::new(what, share, Limit::AtLeast(99.0), "%"))
}

fn fill(broker: &OttlaProcess, bytes: u64) {
    let mut client = RawClient::connect(broker.port()).expect("a connection");
    assert_eq!(client.create_topic(TOPIC, 1).expect("an answer"), 0);
    let values = vec![Bytes::from(vec![b'x'; RECORD]); 500];
    let records = batch(None, &values);
    let one = u64::try_from(records.len()).expect("a batch is small");
    for _ in 0..bytes / one {
        client.send_batch(TOPIC, 0, 1, records.clone()).expect("it is sent");
        assert_eq!(client.produced().expect("an answer").error, 0);
    }
}

fn log_bytes(partition: &Path) -> u64 {
    let files = fs::read_dir(partition).into_iter().flatten().flatten();
    let logs = files.filter(|file| file.path().extension().is_some_and(|end| end == "log"));
    logs.filter_map(|file| file.metadata().ok()).map(|data| data.len()).sum()
}

/// strace on every thread of the broker; returns once it watches.
fn attach(broker: &OttlaProcess, dir: &Path) -> ChildProcess {
    let mut command = Command::new("strace");
    // a file for each thread: no call is torn in two lines by another
    command.args(["-ff", "-e", "trace=sendfile,splice,write,writev,sendto,sendmsg", "-o"]);
    command.arg(dir.join("trace")).args(["-p", &broker.id().to_string()]);
    let child = ChildProcess::start("strace", &mut command, &dir.join("strace.log"));
    let mut strace = child.expect("strace runs");
    wait_for("strace to attach", Duration::from_secs(30), || {
        assert!(strace.ended().is_none(), "strace ended: {}", strace.output());
        strace.output().contains("attached").then_some(())
    });
    strace
}

/// Bytes that went from files to sockets, by the traces in `dir`.
fn sent_uncopied(dir: &Path) -> u64 {
    let files = fs::read_dir(dir).into_iter().flatten().flatten().map(|file| file.path());
    let traces = files.filter(|path| path.file_stem().is_some_and(|name| name == "trace"));
    let texts: Vec<String> = traces.filter_map(|path| fs::read_to_string(path).ok()).collect();
    texts
        .iter()
        .flat_map(|text| text.lines())
        .filter(|line| to_socket(line))
        .filter_map(result)
        .sum()
}

/// Whether a call sends file bytes. A splice that fills the pipe says where in the file it reads,
/// one that empties it into the socket has no place to say.
fn to_socket(line: &str) -> bool {
    line.contains("sendfile(")
        || line.split_once("splice(").is_some_and(|(_, rest)| {
            rest.split(',').nth(1).is_some_and(|offset| offset.trim() == "NULL")
        })
}

/// The number behind the last `=` of a line: what the call returned.
fn result(line: &str) -> Option<u64> {
    line.rsplit('=').next()?.split_whitespace().next()?.parse().ok()
}

//! How `console-consumer` ends: what was not written is not committed, and the group is left.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use ottla_actors::client::admin::Admin;
use ottla_actors::client::{ClientConfig, NewRecord, Producer, ProducerConfig};
use ottla_core::base::{Offset, TopicPartition};
use ottla_integration::{Broker, binary, poll_until, wait_for};
use rustix::process::{Pid, Signal, kill_process};

use super::ottla;

/// Lines of the topic: more than any pipe holds.
const LINES: i64 = 100_000;
const LIMIT: Duration = Duration::from_secs(30);

fn line(number: i64) -> String {
    format!("line {number}")
}

fn fill(bootstrap: &str, from: i64, to: i64) {
    actix::System::new().block_on(async {
        let producer = Producer::start(ProducerConfig::new(bootstrap)).expect("an address");
        for number in from..to {
            let value = Some(Bytes::from(line(number)));
            let record = NewRecord { topic: "lines".to_owned(), value, ..NewRecord::default() };
            let done = |result: Result<_, _>| drop(result.expect("written"));
            producer.send_with(record, done).await.expect("room");
        }
        producer.close(LIMIT).await;
    });
}

/// What the group has committed, and whether it has members.
fn group(bootstrap: &str, name: &str) -> (i64, usize) {
    actix::System::new().block_on(async {
        let admin = Admin::start(ClientConfig::new(bootstrap)).expect("an address");
        let offsets = admin.group_offsets(name).await.expect("an answer");
        let committed = offsets.get(&TopicPartition::new("lines", 0)).map_or(0, |at| at.0);
        assert!(offsets.values().all(|at| *at >= Offset(0)), "{offsets:?}");
        let described = admin.describe_group(name).await.expect("an answer");
        admin.close().await;
        (committed, described.members.len())
    })
}

fn begin(bootstrap: &str, group: &str, more: &[&str]) -> Child {
    let mut command = Command::new(binary::ottla());
    command.args(["console-consumer", "--topic", "lines", "--from-beginning", "--group", group]);
    command.args(["--bootstrap-server", bootstrap]).args(more).stdin(Stdio::null());
    command.env("XDG_CONFIG_HOME", "/nonexistent");
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs")
}

/// The exit code, and the last line of standard error.
fn end(mut child: Child, signal: Option<Signal>) -> (Option<i32>, String) {
    if let Some(signal) = signal {
        kill_process(Pid::from_child(&child), signal).expect("a signal");
    }
    let ended = poll_until(LIMIT, || child.try_wait().expect("a child"));
    if ended.is_none() {
        child.kill().expect("a child");
    }
    let status = ended.expect("the consumer ends");
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("text");
    (status.code(), said.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn what_the_console_consumer_has_not_written_it_has_not_read() {
    let broker = Broker::start(&[
        ("group.initial.rebalance.delay.ms", "0"),
        ("group.min.session.timeout.ms", "100"),
    ]);
    let at = broker.bootstrap();
    fill(&at, 0, LINES);
    closed_pipe(&at);
    stalled_pipe(&at);
    idle(&at);
}

/// `ottla console-consumer … | head -10`, and somebody goes on.
fn closed_pipe(at: &str) {
    let mut child = begin(at, "closed", &[]);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for number in 0..10 {
        assert_eq!(lines.next().expect("a line").expect("text"), line(number));
    }
    drop(lines);
    let (code, _) = end(child, None);
    assert_eq!(code, Some(0));
    let (committed, members) = group(at, "closed");
    assert_eq!(members, 0);
    assert!((10..LINES / 2).contains(&committed), "{committed}");
    let left = (LINES - committed).to_string();
    let words = ["--topic", "lines", "--group", "closed", "--max-messages", &left];
    let words: Vec<String> = words.iter().copied().map(str::to_owned).collect();
    let rest = ottla("console-consumer", &[words, address(at)].concat(), "");
    assert_eq!((rest.exit, rest.out.lines().next()), (0, Some(&*line(committed))), "{}", rest.err);
    assert_eq!(rest.out.lines().count().to_string(), left);
    assert_eq!(group(at, "closed"), (LINES, 0));
}

fn address(at: &str) -> Vec<String> {
    vec!["--bootstrap-server".to_owned(), at.to_owned()]
}

/// Nobody reads: the member stays in its group for longer than its session lasts, and Ctrl-C ends
/// it all the same.
fn stalled_pipe(at: &str) {
    let session = [
        "--command-property",
        "session.timeout.ms=6000",
        "--command-property",
        "heartbeat.interval.ms=50",
        "--command-property",
        "max.poll.records=100",
    ];
    let mut child = begin(at, "stalled", &session);
    let mut pipe = child.stdout.take().expect("a pipe");
    // how much a pipe holds depends on the lengths of what was written to it
    let full = || (rustix::io::ioctl_fionread(&pipe).expect("a pipe") >= 30_000).then_some(());
    wait_for("a full pipe", LIMIT, full);
    let left = || (group(at, "stalled").1 == 0).then_some(());
    assert_eq!(poll_until(Duration::from_secs(8), left), None, "the session ran out");
    let (code, said) = end(child, Some(Signal::INT));
    assert_eq!(code, Some(130), "{said}");
    let mut text = String::new();
    pipe.read_to_string(&mut text).expect("text");
    let written = i64::try_from(text.matches('\n').count()).expect("a count");
    let (committed, members) = group(at, "stalled");
    assert_eq!(members, 0);
    assert!((1..=written).contains(&committed), "{committed} of {written}");
    assert_eq!(said, format!("Processed a total of {committed} messages"));
}

/// A line that comes alone is there at once; SIGTERM commits it.
fn idle(at: &str) {
    let mut child = begin(at, "idle", &["--command-property", "auto.commit.interval.ms=3600000"]);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for number in 0..LINES {
        assert_eq!(lines.next().expect("a line").expect("text"), line(number));
    }
    fill(at, LINES, LINES + 1);
    assert_eq!(lines.next().expect("a line").expect("text"), line(LINES));
    let (code, said) = end(child, Some(Signal::TERM));
    assert_eq!((code, said), (Some(143), format!("Processed a total of {} messages", LINES + 1)));
    assert_eq!(group(at, "idle"), (LINES + 1, 0));
}

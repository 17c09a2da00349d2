//! `console-producer`, `producer-perf-test` and `verifiable-producer`.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use ottla_integration::tools::{Java, kcat, or_skip};
use ottla_integration::{Broker, OttlaProcess, binary, poll_until};
use rustix::process::{Pid, Signal, kill_process};

use super::{Pair, ottla};

/// Calls that are refused, and lines in every form; each is sent before the next one begins.
const CALLS: &str = "
=! console-producer
=! console-producer --help
=! console-producer --version
=! console-producer --nonsense x
=! console-producer --topic
= console-producer
=! console-producer --topic t
=! console-producer --topic t --bootstrap-server host
= console-producer --topic t --command-config a --producer.config b
= console-producer --topic t --command-property a=b --producer-property c=d
= console-producer --topic t --reader-property a=b --property c=d
=* console-producer --topic t --command-config /nonexistent
=* console-producer --topic t --compression-codec lzma
=* console-producer --topic t --request-required-acks 7
=* console-producer --topic t --timeout soon
=* console-producer --topic t --reader-property headers.delimiter=,
= console-producer --topic plain --sync < one\\ntwo\\n\\nfour
= console-producer --topic plain --sync --max-partition-memory-bytes 100 < five
= console-producer --topic plain --sync --compression-codec < six\\nseven\\r\\neight\\n
= console-producer --topic plain --sync --compression-codec zstd --batch-size 50 < n\u{ef}ne
= console-producer --topic keys --sync --property parse.key=true < k1	v1\\nk2	v2	x
= console-producer --topic keys --sync KEYED --reader-property key.separator=: < k3:v3
= console-producer --topic keys --sync HEADERS --reader-property null.marker=N < h:1,i:N	v\\nN	N
= console-producer --topic keys --sync KEYED --reader-property ignore.error=true < nokey
=* console-producer --topic keys --sync KEYED < good	line\\nbad line\\nlost	line
=* console-producer --topic keys --sync HEADERS < h	v
=!* console-producer --topic t --sync --bootstrap-server 127.0.0.1:1 --max-block-ms 300 < x
= console-producer --topic plain --sync --bootstrap-server BOOTSTRAP < twice
";

/// What a topic holds, as kcat sees it.
fn content(bootstrap: &str, topic: &str) -> String {
    let mut command = kcat().expect("kcat was there");
    command.args(["-C", "-e", "-q", "-Z", "-b", bootstrap, "-t", topic]);
    let output = command.args(["-f", "%p %o %k=%s %h\\n"]).output().expect("kcat runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn console_producer_does_what_kafkas_does() {
    if or_skip(kcat()).is_none() {
        return;
    }
    let Some(mut pair) = Pair::start(&[("node.id", "1")]) else { return };
    let parsing = |what: &str| format!("--reader-property parse.{what}=true");
    let calls = CALLS.replace("KEYED", &parsing("key")).replace("HEADERS", &parsing("headers"));
    pair.table(&calls);
    let places = pair.brokers().each_ref().map(Broker::bootstrap);
    for topic in ["plain", "keys"] {
        let [wanted, found] = places.each_ref().map(|place| content(place, topic));
        assert!(!wanted.is_empty(), "{topic} is empty");
        assert_eq!(found, wanted, "{topic}");
    }
    pair.finish();
}

/// Numbers made equal: they are times and rates.
pub(super) fn shape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = if c.is_ascii_digit() { '#' } else { c };
        if !(c == '#' && out.ends_with('#')) {
            out.push(c);
        }
    }
    out.replace("#.#", "#")
}

#[test]
fn producer_perf_test_does_what_kafkas_does() {
    if or_skip(kcat()).is_none() {
        return;
    }
    let Some(mut pair) = Pair::start(&[("node.id", "1")]) else { return };
    let file = pair.scratch().join("payloads");
    std::fs::write(&file, "a;;bc;").expect("written");
    let file = file.display().to_string();
    let base = "--throughput -1 --topic";
    for (call, topic) in [
        (format!("{base} p1 --num-records 100 --record-size 20"), "p1"),
        (format!("{base} p2 --num-records 50 --payload-monotonic --warmup-records 10"), "p2"),
        (format!("{base} p3 --num-records 50 --payload-file {file} --payload-delimiter ;"), "p3"),
        (
            format!(
                "{base} p4 --num-records 9 --record-size 5 --command-property linger.ms=1 acks=1"
            ),
            "p4",
        ),
        (format!("{base} p5 --num-records 9 --record-size 5 --producer-props acks=1"), "p5"),
    ] {
        let [wanted, found] = pair.both("producer-perf-test", &call);
        assert_eq!((found.exit, found.err.as_str()), (0, ""), "{call}");
        assert_eq!(shape(&found.out), shape(&wanted.out), "{call}");
        let places = pair.brokers().each_ref().map(Broker::bootstrap);
        let [wanted, found] = places.each_ref().map(|place| content(place, topic));
        assert!(!wanted.is_empty(), "{call}");
        assert_eq!(found, wanted, "{call}");
    }
    for call in [
        format!("{base} p1 --num-records 0 --record-size 20"),
        format!("{base} p1 --num-records 5 --record-size 0"),
        format!("{base} p1 --num-records 5 --record-size 5 --warmup-records 5"),
        format!("{base} p1 --num-records 5 --record-size 5 --payload-monotonic"),
        format!("{base} p1 --num-records 5"),
        format!("{base} p1 --num-records x --record-size 5"),
        format!("{base} p1 --num-records 5 --record-size 5 --reporting-interval 0"),
        format!("{base} p1 --num-records 5 --record-size 5 --command-property nothing"),
        format!(
            "{base} p1 --num-records 5 --record-size 5 --command-property a=1 --producer-props b=2"
        ),
        format!("{base} p1 --num-records 5 --payload-file /nonexistent"),
    ] {
        let [wanted, found] = pair.both("producer-perf-test", &call);
        assert_eq!((found.exit, wanted.exit), (1, 1), "{call}: {found:?}");
        assert_eq!(found.out, wanted.out, "{call}");
        // argparse4j sets its complaints in columns, and wraps them within words
        let dense = |text: &str| text.split_whitespace().collect::<String>();
        let complaint = |text: &str| dense(text).split("error:").nth(1).map(str::to_owned);
        if let Some(complaint) = complaint(&wanted.err) {
            let [wanted, found] = [&wanted.err, &found.err];
            assert!(dense(found).ends_with(&complaint), "{call}: {found} {wanted}");
        }
    }
    pair.finish();
}

const LATENCY_CALLS: &str = "
=! e2e-latency
=! e2e-latency a b
= e2e-latency --topic t
= e2e-latency --topic t --num-records 5 --producer-acks 0 --record-size 5
= e2e-latency --topic t --num-records 0 --producer-acks 1 --record-size 5
= e2e-latency --topic t --num-records 5 --producer-acks 1 --record-size -1
= e2e-latency --topic t --num-records 5 --producer-acks 1 --record-size 5 --record-header-size -2
";

#[test]
fn e2e_latency_does_what_kafkas_does() {
    let Some(mut pair) = Pair::start(&[("node.id", "1")]) else { return };
    pair.table(LATENCY_CALLS);
    let call = "--topic e --num-records 3 --producer-acks all --record-size 10 --record-key-size 2 \
                --num-headers 2 --record-header-key-size 3 --record-header-size -1";
    for call in [call, "--topic e --num-records 1 --producer-acks 1 --record-size 0"] {
        let [wanted, found] = pair.both("e2e-latency", call);
        assert_eq!((found.exit, found.err.as_str()), (0, ""), "{call}");
        assert_eq!(shape(&found.out), shape(&wanted.out), "{call}");
    }
    let at = pair.brokers()[1].bootstrap();
    let old = run("e2e-latency", &format!("{at} e 2 1 10"), "");
    assert_eq!((old.exit, old.out.lines().count()), (0, 3), "{old:?}");
    pair.finish();
}

/// Lines of JSON without what is a time; the order of Kafka's fields is an accident of its JVM.
pub(super) fn timeless(text: &str) -> Vec<serde_json::Value> {
    let line = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for time in ["timestamp", "avg_throughput"] {
            if let Some(time) = value.get_mut(time) {
                *time = 0.into();
            }
        }
        value
    };
    text.lines().map(line).collect()
}

/// A class in a JVM of its own, for tools that have more to say when it ends.
pub(super) fn jvm(class: &str, words: &str, bootstrap: &str) -> super::Outcome {
    let java = Java::fetch().expect("Java was there");
    let mut command = java.command();
    command.args(["-Xmx256M", "-XX:+UseSerialGC", "-cp"]).arg(java.class_path()).arg(class);
    command.args(words.split_whitespace()).args(["--bootstrap-server", bootstrap]);
    let output = command.output().expect("a JVM");
    super::Outcome {
        exit: output.status.code().map_or(-1, i64::from),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn verifiable_producer_does_what_kafkas_does() {
    if or_skip(Java::fetch()).is_none() {
        return;
    }
    let brokers = [0, 1].map(|_| OttlaProcess::with_defaults());
    let [theirs, our_own] = brokers.each_ref().map(OttlaProcess::bootstrap);
    for call in [
        "--topic t --max-messages 4 --repeating-keys 2 --value-prefix 7 --acks 1",
        "--topic t --max-messages 2 --throughput 1000 --message-create-time 5",
    ] {
        let wanted = jvm("org.apache.kafka.tools.VerifiableProducer", call, &theirs);
        let found = run("verifiable-producer", &format!("{call} --bootstrap-server {our_own}"), "");
        assert_eq!(found.exit, wanted.exit, "{call}: {found:?}");
        assert_eq!(timeless(&found.out), timeless(&wanted.out), "{call}");
    }
}

pub(super) fn run(name: &str, words: &str, stdin: &str) -> super::Outcome {
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    ottla(name, &words, stdin)
}

#[test]
fn every_line_is_written_or_reported() {
    if or_skip(kcat()).is_none() {
        return;
    }
    let broker = OttlaProcess::with_defaults();
    let at = broker.bootstrap();
    let lines: String = (0..100_000).map(|n| format!("line {n}\n")).collect();
    let sent = run("console-producer", &format!("--topic many --broker-list {at}"), &lines);
    assert_eq!((sent.exit, sent.out.as_str(), sent.err.as_str()), (0, "", ""));
    let mut command = kcat().expect("kcat was there");
    command.args(["-C", "-e", "-q", "-b", &at, "-t", "many"]);
    let read = command.output().expect("kcat runs").stdout;
    assert!(read == lines.as_bytes(), "{} and {} bytes", read.len(), lines.len());

    // one record too large does not keep the others back
    let large = format!("a\n{}\nb\n", "x".repeat(1_100_000));
    let sent = run("console-producer", &format!("--topic large --bootstrap-server {at}"), &large);
    assert_eq!((sent.exit, sent.err.lines().count()), (1, 1), "{}", sent.err);
    assert!(sent.err.contains("RecordTooLargeException"), "{}", sent.err);
    assert_eq!(content(&at, "large"), "0 0 NULL=a \n0 1 NULL=b \n");

    // nobody there: each line is reported, once
    let dead = "--topic t --max-block-ms 200 --bootstrap-server 127.0.0.1:1";
    let sent = run("console-producer", dead, "a\nbc\n");
    assert_eq!((sent.exit, sent.err.lines().count()), (1, 3), "{}", sent.err);
    assert!(sent.err.starts_with("WARN Connection to node -1 (127.0.0.1:1)"), "{}", sent.err);
    assert!(sent.err.contains("value: 2 bytes"), "{}", sent.err);
    assert!(sent.err.contains("Topic t not present in metadata after 200 ms."), "{}", sent.err);
}

#[test]
fn ctrl_c_sends_what_was_typed() {
    if or_skip(kcat()).is_none() {
        return;
    }
    let broker = OttlaProcess::with_defaults();
    let at = broker.bootstrap();
    let mut command = Command::new(binary::ottla());
    command.args(["console-producer", "--topic", "typed", "--bootstrap-server", &at]);
    // lines wait a minute for company, so that only the end sends them
    command.args(["--timeout", "60000"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"one\ntwo\nhalf a li").expect("written");
    // the topic is made when the first line has been read
    let made = || topics(&at).contains("typed").then_some(());
    poll_until(Duration::from_secs(20), made).expect("the topic is made");
    assert_eq!(content(&at, "typed"), "", "sent too early");
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).expect("a signal");
    let status = child.wait().expect("an end");
    assert_eq!(status.code(), Some(130));
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("read");
    assert_eq!(said, "");
    assert_eq!(content(&at, "typed"), "0 0 NULL=one \n0 1 NULL=two \n");
}

fn topics(bootstrap: &str) -> String {
    let mut command = kcat().expect("kcat was there");
    let output = command.args(["-L", "-b", bootstrap]).output().expect("kcat runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

//! `ottla cat` beside kcat itself, on the same broker.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use ottla_actors::client::ClientConfig;
use ottla_actors::client::admin::{Admin, NewTopic};
use ottla_integration::tools::{kcat, or_skip};
use ottla_integration::{OttlaProcess, binary};

pub(super) fn ours() -> Command {
    let mut command = Command::new(binary::ottla());
    command.arg("cat");
    command
}

pub(super) fn run(mut command: Command, args: &[&str], stdin: &[u8]) -> Output {
    command.args(args).env_remove("KCAT_CONFIG").env("HOME", "/nonexistent");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a program");
    let mut input = child.stdin.take().expect("a pipe");
    // whoever does not read to the end has closed the pipe
    let _ = input.write_all(stdin);
    drop(input);
    child.wait_with_output().expect("an end")
}

/// Messages on standard error, without librdkafka's own log.
pub(super) fn said(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let own = text.lines().filter(|line| line.starts_with("% "));
    let mut lines: Vec<String> = own.map(str::to_owned).collect();
    lines.sort();
    lines
}

/// What both do with the same words.
fn compare(args: &[&str], stdin: &[u8], differences: &mut Vec<String>) {
    let wanted = run(kcat().expect("kcat was there"), args, stdin);
    let found = run(ours(), args, stdin);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if wanted.stdout != found.stdout {
        let (wanted, found) = (text(&wanted.stdout), text(&found.stdout));
        differences.push(format!("{args:?}: kcat prints\n{wanted}\nottla\n{found}"));
    }
    if wanted.status.code() != found.status.code() {
        differences.push(format!("{args:?}: {} and {}: {found:?}", wanted.status, found.status));
    }
    if said(&wanted) != said(&found) {
        let (wanted, found) = (said(&wanted), said(&found));
        differences.push(format!("{args:?}: kcat says\n{wanted:?}\nottla\n{found:?}"));
    }
}

/// Makes the topic `parts`.
fn three_partitions(bootstrap: &str) {
    actix::System::new().block_on(async {
        let admin = Admin::start(ClientConfig::new(bootstrap)).expect("an address");
        let made = admin.create_topics(&[NewTopic::new("parts", 3)], false).await;
        assert_eq!(made.expect("an answer")[0].1, Ok(()));
        admin.close().await;
    });
}

/// What is sent: words of the command line, and standard input.
const SENT: &[(&str, &str)] = &[
    ("-t plain", "one\ntwo\n\nthree"),
    ("-t plain -D ;", "a;b;;c\n"),
    ("-t keys -K :", "k1:v1\nk2:v2:more\nnone\n:empty\nempty:\n"),
    ("-t keys -K : -Z", "k:\n:v\n:\n"),
    ("-t keys -K := -k fixed -H a=1 -H b -H c=", "x:=y\nz\n"),
    ("-t keys -z gzip -c 2", "first\nsecond\nthird\n"),
    ("-t plain -X acks=1 -X linger.ms=0 -T", "seen\n"),
    ("-t parts -p 2", "in two\n"),
];

#[test]
fn cat_sends_what_kcat_sends() {
    if or_skip(kcat()).is_none() {
        return;
    }
    let brokers = [0, 1].map(|_| OttlaProcess::with_defaults());
    let [theirs, our_own] = brokers.each_ref().map(OttlaProcess::bootstrap);
    for at in [&theirs, &our_own] {
        three_partitions(at);
    }
    for (words, input) in SENT {
        let mut args = vec!["-P"];
        args.extend(words.split(' '));
        let with =
            |at: &str, command| run(command, &[&args[..], &["-b", at]].concat(), input.as_bytes());
        let wanted = with(&theirs, kcat().expect("kcat was there"));
        let found = with(&our_own, ours());
        assert_eq!(found.status.code(), wanted.status.code(), "{words}: {found:?}");
        assert_eq!(found.stdout, wanted.stdout, "{words}");
        assert_eq!(said(&found), said(&wanted), "{words}");
    }
    // what kcat says of it depends on whether it reads the first line before it knows the topic
    let nowhere = run(ours(), &["-P", "-t", "parts", "-p", "9", "-b", &our_own], b"no\nwhere\n");
    assert_eq!(nowhere.status.code(), Some(1), "{nowhere:?}");
    assert_eq!(nowhere.stdout, b"");
    assert_eq!(said(&nowhere), ["% Delivery failed for message: Local: Unknown partition"; 2]);
    for topic in ["plain", "keys", "parts"] {
        let args = |at| ["-C", "-e", "-q", "-t", topic, "-f", "%p %o %K %k %S %s %h\\n", "-b", at];
        let read = |at| run(kcat().expect("kcat was there"), &args(at), b"").stdout;
        let [wanted, found] = [read(&theirs), read(&our_own)];
        assert!(!wanted.is_empty());
        assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(&wanted), "{topic}");
    }
}

/// What is read and listed; FORMAT has blanks in it.
const READ: &str = "
-C -t keys -e
-C -t keys -e -q -K :
-C -t keys -e -q -K : -Z
-C -t keys -e -q -f FORMAT
-C -t keys -e -q -Z -f FORMAT
-C -t keys -e -q -J
-C -t keys -e -q -J -D ;
-C -t keys -e -q -f %R%s
-C -t keys -e -q -c 2
-C -t keys -e -o -2
-C -t keys -e -o 1
-C -t keys -e -o end
-C -t keys -e -q -o beginning -u -D \\x2c\\t
-C -t keys -e -o s@2000 -q
-C -t keys -e -o e@3000
-C -t keys -o s@2000 -o e@3000
-C -t numbers -e -q -s value=>i -f %k=%s;
-C -t numbers -e -q -s key=s -s value=B$
-C -t numbers -E -e -q -s value=q
-C -t keys -p 0 -e
-C -t keys -p 7
-C -t parts -p 2 -e -q -f FORMAT
-C -t nobody -e -X allow.auto.create.topics=false
-L
-L -t keys
-L -J
-L -t parts -J
-Q -t keys:0:-1 -t parts:1:-2
-Q -t keys:0:-2 -t parts:1:0
-Q -t keys:0:2000 -t parts:2:5000000000000
-Q -t keys:0:2000 -J
-Q -t keys:0:-1 -t parts:0:-1 -t keys:0:-1
-Q -t keys:0:-1 -t keys:0:-1 -J
-Q -t keys:7:-1
-Q -t nobody:0:5
-Q -t keys:7:5 -t keys:0:-1 -t keys:7:9
-Q -t nobody:0:5 -t keys:0:-1 -t keys:7:9 -J
-Q -t keys:0
-C
-P -C -t t
-C -t keys -e -f %z
-C -t keys -s z
-P -t keys -D
-P -t keys /nonexistent
-P -t keys -l /nonexistent
-C -t keys -X no.such.setting=1
-C -t keys -X nothing
-C -t keys -e -q -X fetch.wait.max.ms=abc
-C -t keys -e -q -X fetch.wait.max.ms=
-C -t keys -e -q -X fetch.wait.max.ms=12abc
-C -t keys -e -q -X fetch.wait.max.ms=0x10
-C -t keys -e -q -X fetch.wait.max.ms=-5
-C -t keys -e -q -X topic.acks=all1
-C -t keys -e -q -X linger.ms=abc
-C -t keys -e -q -X linger.ms=-1
-C -t keys -e -q -X enable.auto.commit=maybe
-C -t keys -e -q -X enable.auto.commit=T
-C -t keys -e -q -X isolation.level=x
-C -t keys -e -q -X isolation.level=READ_COMMITTED
-C -t keys -e -q -X auto.offset.reset=nope
-C -t keys -e -q -X security.protocol=foo
-C -t keys -e -q -X compression.type=zz
-C -t keys -e -q -X group.id=
-C -t keys -F /nonexistent
-t keys file
";

#[test]
fn cat_reads_what_kcat_reads() {
    if or_skip(kcat()).is_none() {
        return;
    }
    let broker = OttlaProcess::with_defaults();
    let at = broker.bootstrap();
    three_partitions(&at);
    // three messages, at 1, 2 and 3 seconds after 1970
    for (time, line) in [("1000", "a:one\n"), ("2000", "tw\u{f6}\n"), ("3000", ":three\n")] {
        let words = ["--topic", "keys", "--max-messages", "1", "--message-create-time", time];
        let words: Vec<String> =
            words.iter().chain(&["--bootstrap-server", &at]).map(|&w| w.to_owned()).collect();
        assert_eq!(super::ottla("verifiable-producer", &words, "").exit, 0);
        let keyed = ["-P", "-t", "parts", "-p", "2", "-K", ":", "-H", "a=1", "-H", "b", "-b", &at];
        let sent = run(ours(), &keyed, line.as_bytes());
        assert!(sent.status.success(), "{sent:?}");
    }
    let numbers = ["-P", "-t", "numbers", "-k", "key", "-b", &at];
    let sent = run(ours(), &numbers, b"\0\0\x01\x02\n\xff\xff\xff\xfe\n");
    assert!(sent.status.success(), "{sent:?}");
    let mut differences = Vec::new();
    for line in READ.lines().filter(|line| !line.is_empty()) {
        let format = "%t [%p] @%o %T key %k(%K) = %s(%S) %h 100%%\\n";
        let mut args: Vec<&str> = line.split(' ').collect();
        for word in &mut args {
            *word = if *word == "FORMAT" { format } else { word };
        }
        args.extend(["-b", &at]);
        compare(&args, b"", &mut differences);
    }
    let all = differences.len();
    assert!(differences.is_empty(), "{all} differ\n{}", differences.join("\n"));
}

#[test]
fn cat_reports_what_was_not_sent() {
    let dead = ["-P", "-t", "t", "-b", "127.0.0.1:1", "-X", "message.timeout.ms=1500"];
    let sent = run(ours(), &dead, b"a\nb\n");
    assert_eq!(sent.status.code(), Some(1));
    assert_eq!(said(&sent), ["% Delivery failed for message: Local: Message timed out"; 2]);
    let missing = run(ours(), &["-L"], b"");
    assert_eq!(missing.status.code(), Some(1));
    let text = String::from_utf8_lossy(&missing.stderr);
    assert!(text.starts_with("Error: -b <broker,..> missing\n"), "{text}");
}

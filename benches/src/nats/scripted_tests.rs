//! The bench actors against a scripted peer: a small JetStream that counts messages, and can lie.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use clap::Parser;
use serde_json::{Value, json};

use super::*;

/// What the peer does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    /// Acknowledges every tenth message without keeping it.
    Forgets,
    /// Leaves out the third message of every pull.
    Skips,
    /// Acknowledges with the same number again.
    Repeats,
    /// Has no JetStream: says so as NATS does, with a status.
    NoJetStream,
    /// Refuses publishes.
    Full,
}

type Streams = Arc<Mutex<HashMap<String, u64>>>;

/// Starts the peer; it ends with the test.
fn peer(fault: Fault) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let streams = Streams::default();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let streams = Arc::clone(&streams);
            std::thread::spawn(move || Peer::new(stream, fault, streams).serve());
        }
    });
    address
}

struct Peer {
    read: BufReader<TcpStream>,
    write: TcpStream,
    fault: Fault,
    streams: Streams,
    /// What is subscribed to, and under which number.
    subscribed: Vec<(String, String)>,
    published: u64,
    /// For each consumer the next message.
    next: HashMap<String, u64>,
}

impl Peer {
    fn new(stream: TcpStream, fault: Fault, streams: Streams) -> Self {
        let read = BufReader::new(stream.try_clone().unwrap());
        let (subscribed, next) = (Vec::new(), HashMap::new());
        Self { read, write: stream, fault, streams, subscribed, published: 0, next }
    }

    fn serve(mut self) {
        self.say(b"INFO {\"server_id\":\"scripted\",\"headers\":true}\r\n");
        let mut line = String::new();
        loop {
            line.clear();
            if self.read.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["PING"] => self.say(b"PONG\r\n"),
                ["CONNECT", ..] | ["PONG"] => {}
                ["SUB", subject, id] => self.subscribed.push((subject.into(), id.into())),
                ["PUB", subject, reply, length] => {
                    let mut payload = vec![0; length.parse::<usize>().unwrap() + 2];
                    self.read.read_exact(&mut payload).unwrap();
                    assert!(payload.ends_with(b"\r\n"), "messages are whole");
                    payload.truncate(payload.len() - 2);
                    self.published(subject, reply, &payload);
                }
                _ => panic!("what is {line:?}"),
            }
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        // the bench actor may have gone
        _ = self.write.write_all(bytes);
    }

    /// The number of the subscription that hears `subject`.
    fn hears(&self, subject: &str) -> String {
        let hears = |pattern: &str| match pattern.strip_suffix('*') {
            None => pattern == subject,
            Some(start) => subject.strip_prefix(start).is_some_and(|rest| !rest.contains('.')),
        };
        let found: Vec<_> = self.subscribed.iter().filter(|(p, _)| hears(p)).collect();
        assert_eq!(found.len(), 1, "one subscription hears {subject}");
        found[0].1.clone()
    }

    fn answer(&mut self, subject: &str, payload: &[u8]) {
        let id = self.hears(subject);
        self.message(&format!("{subject} {id}"), payload);
    }

    fn message(&mut self, head: &str, payload: &[u8]) {
        let mut out = format!("MSG {head} {}\r\n", payload.len()).into_bytes();
        out.extend_from_slice(payload);
        out.extend_from_slice(b"\r\n");
        self.say(&out);
    }

    fn published(&mut self, subject: &str, reply: &str, payload: &[u8]) {
        if self.fault == Fault::NoJetStream {
            let id = self.hears(reply);
            let status = format!("HMSG {reply} {id} 16 16\r\nNATS/1.0 503\r\n\r\n\r\n");
            return self.say(status.as_bytes());
        }
        if let Some(request) = subject.strip_prefix("$JS.API.") {
            let body = serde_json::from_slice(payload).unwrap_or(Value::Null);
            return self.api(request, reply, &body);
        }
        self.published += 1;
        if self.published.is_multiple_of(7) {
            // in the middle of the load; the publisher must go on
            self.say(b"PING\r\n");
        }
        let forgotten = self.fault == Fault::Forgets && self.published.is_multiple_of(10);
        let sequence = {
            let mut streams = self.streams.lock().unwrap();
            let held = streams.get_mut(subject).unwrap();
            *held += u64::from(!forgotten);
            if self.fault == Fault::Repeats { 1 } else { *held + u64::from(forgotten) }
        };
        let ack = match self.fault {
            Fault::Full => {
                json!({"error": {"code": 503, "err_code": 10_077, "description": "maximum bytes"}})
            }
            // repeated numbers would end the run before the count is looked at
            Fault::Forgets => json!({"stream": subject, "seq": self.published}),
            _ => json!({"stream": subject, "seq": sequence}),
        };
        self.answer(reply, ack.to_string().as_bytes());
    }

    fn api(&mut self, request: &str, reply: &str, body: &Value) {
        let (verb, rest) = request.rsplit_once('.').unwrap_or((request, ""));
        let held = |peer: &Self, name: &str| peer.streams.lock().unwrap().get(name).copied();
        let answer = match verb {
            "STREAM.CREATE" => {
                let mut streams = self.streams.lock().unwrap();
                let new = streams.insert(rest.to_owned(), 0).is_none();
                assert_eq!((&body["storage"], &body["num_replicas"]), (&json!("file"), &json!(1)));
                json!({"did_create": new})
            }
            "STREAM.DELETE" => {
                json!({"success": self.streams.lock().unwrap().remove(rest).is_some()})
            }
            "STREAM.INFO" => {
                let held = held(self, rest).unwrap();
                let first = u64::from(held > 0);
                json!({"state": {"messages": held, "first_seq": first, "last_seq": held}})
            }
            _ if verb.starts_with("CONSUMER.CREATE") => {
                let from = body["config"]["opt_start_seq"].as_u64().unwrap();
                self.next.insert(rest.to_owned(), from);
                json!({"name": rest})
            }
            _ if verb.starts_with("CONSUMER.DELETE") => {
                let error = json!({"code": 404, "err_code": 10_014, "description": "not found"});
                if self.next.remove(rest).is_some() { json!({}) } else { json!({"error": error}) }
            }
            _ if verb.starts_with("CONSUMER.MSG.NEXT") => {
                let stream = verb.trim_start_matches("CONSUMER.MSG.NEXT.").to_owned();
                return self.deliver(&stream, rest, reply, body["batch"].as_u64().unwrap());
            }
            other => panic!("what is {other}"),
        };
        self.answer(reply, answer.to_string().as_bytes());
    }

    fn deliver(&mut self, stream: &str, consumer: &str, reply: &str, batch: u64) {
        let (next, id) = (self.next[consumer], self.hears(reply));
        for sequence in next..next + batch {
            if self.fault == Fault::Skips && sequence == next + 2 {
                continue;
            }
            let ack = format!("$JS.ACK.{stream}.{consumer}.1.{sequence}.{sequence}.1700.0");
            // under the stream's subject, as real servers do
            self.message(&format!("{stream} {id} {ack}"), b"\r\nMSG is no message\r\n");
        }
        self.next.insert(consumer.to_owned(), next + batch);
    }
}

#[derive(Debug, Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(subcommand)]
    bench: NatsBench,
}

fn run(fault: Fault, words: &str) -> Result<Value, BenchError> {
    let address = peer(fault);
    let words = words.split(' ').chain(["--bootstrap-server", &address]);
    let bench = Line::try_parse_from(words).unwrap().bench;
    actix::System::new()
        .block_on(async { bench.run(&Stop::listen()).await })
        .map(|report| report.json())
}

const PRODUCE: &str =
    "produce --seconds 0.3 --warmup 0.1 --connections 3 --in-flight 20 --streams 2";

#[test]
fn what_is_acknowledged_is_counted() {
    let result = run(Fault::None, PRODUCE).unwrap();
    assert_eq!(result["stored_ok"], true, "{result}");
    assert!(result["acked_msgs"].as_u64() > Some(0), "{result}");
    assert!(result["lat_us"]["n"].as_u64() > Some(0), "{result}");
    assert!(result.get("failed").is_none(), "{result}");
}

#[test]
fn a_fixed_rate_is_kept() {
    let words = "produce --seconds 0.5 --warmup 0 --connections 2 --rate 1000";
    let result = run(Fault::None, words).unwrap();
    let sent = result["acked_msgs"].as_u64().unwrap() + result["behind_reqs"].as_u64().unwrap();
    assert!((495..=500).contains(&sent), "{result}");
}

#[test]
fn what_the_server_forgot_is_missed() {
    let result = run(Fault::Forgets, PRODUCE).unwrap();
    assert_eq!(result["stored_ok"], false, "{result}");
}

#[test]
fn refusals_and_repeated_acknowledgements_end_the_run() {
    let failure = |fault| match run(fault, PRODUCE) {
        Ok(result) => result["failed"].as_str().unwrap_or_default().to_owned(),
        Err(error) => error.to_string(),
    };
    let repeated = failure(Fault::Repeats);
    assert!(repeated.contains("message 1 acknowledged behind 1"), "{repeated}");
    let full = failure(Fault::Full);
    assert!(full.contains("publish to ottla-bench-") && full.contains("maximum bytes"), "{full}");
    let absent = failure(Fault::NoJetStream);
    assert!(absent.contains("is JetStream on (nats-server -js)?"), "{absent}");
}

const CONSUME: &str = "consume --seconds 0.3 --warmup 0.1 --fill 5000 --batch 7 --connections 2";

#[test]
fn pullers_find_every_message() {
    let result = run(Fault::None, CONSUME).unwrap();
    assert_eq!(result["offsets_contiguous"], true, "{result}");
    assert_eq!(result["errors"], 0, "{result}");
    assert!(result["msgs_per_s"].as_f64() > Some(0.0), "{result}");
    let once = run(Fault::None, &format!("{CONSUME} --once --streams 2")).unwrap();
    assert_eq!(once["offsets_contiguous"], true, "{once}");
    // each of two streams once, and the peer has 19 bytes for every message
    assert_eq!(once["mb_per_s"].as_f64().map(|rate| rate > 0.0), Some(true), "{once}");
}

#[test]
fn a_missing_message_is_seen() {
    let outcome = run(Fault::Skips, CONSUME);
    let text = match &outcome {
        Ok(result) => result["failed"].to_string(),
        Err(error) => error.to_string(),
    };
    assert!(text.contains("message 4 came where 3 was expected"), "{text}");
}

#[test]
fn idle_connections_only_greet() {
    let result = run(Fault::NoJetStream, "conns --connections 20 --hold 0.05").unwrap();
    assert_eq!(result["n"], 20, "{result}");
}

#[test]
fn the_port_is_that_of_nats() {
    let bench = Line::try_parse_from(["produce"]).unwrap().bench;
    assert_eq!(bench.common().bootstrap_server, "localhost:4222");
}

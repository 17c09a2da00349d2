//! What no client library would send: a closed connection with one log line or an error, bounded
//! memory, and nobody else notices.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use kafka_protocol::messages::{ApiVersionsRequest, MetadataRequest};
use kafka_protocol::protocol::StrBytes;
use ottla_integration::bare::{framed, request_frame};
use ottla_integration::records::{create_topic, produce, read_all};
use ottla_integration::{BareClient, OttlaOptions, OttlaProcess, wait_for};

const LIMIT: Duration = Duration::from_secs(20);

fn address(broker: &OttlaProcess) -> SocketAddr {
    broker.bootstrap().parse().expect("an address")
}

fn hello(client: &mut BareClient) {
    let request = ApiVersionsRequest::default()
        .with_client_software_name(StrBytes::from_static_str("raw"))
        .with_client_software_version(StrBytes::from_static_str("1"));
    let response = client.ask(3, &request).expect("an answer");
    assert_eq!(response.error_code, 0);
}

/// A generator of bytes, the same in each run.
fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[3]
    };
    std::iter::repeat_with(byte).take(length).collect()
}

/// Bodies that are absurd in one way each, behind well-formed headers.
fn absurd_bodies() -> Vec<(i16, i16, Vec<u8>)> {
    let huge = i32::MAX.to_be_bytes();
    let huge_compact = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let mut bodies = Vec::new();
    // classic arrays of two billion elements, flexible ones of four, and negative counts
    for (key, version) in [(3, 1), (0, 3), (1, 4), (2, 1), (8, 2), (11, 0), (19, 2), (20, 1)] {
        bodies.push((key, version, huge.to_vec()));
        bodies.push((key, version, vec![0xff; 64]));
        bodies.push((key, version, [&[0xff, 0xff][..], &[0, 1], &huge, &huge, &huge].concat()));
    }
    for (key, version) in [(3, 12), (0, 9), (1, 12), (9, 8), (18, 3), (19, 7), (42, 2), (60, 0)] {
        bodies.push((key, version, huge_compact.to_vec()));
        bodies.push((key, version, [&[0][..], &huge_compact, &huge_compact].concat()));
    }
    // names that are not UTF-8
    bodies.push((3, 1, [&1_i32.to_be_bytes()[..], &[0, 2, 0xff, 0xfe]].concat()));
    bodies.push((3, 9, vec![2, 3, 0xc3, 0x28, 0, 0, 0, 0, 0]));
    bodies
}

#[test]
fn bad_requests_close_their_own_connection_only() {
    let broker = OttlaOptions::default().start();
    let address = address(&broker);
    let mut good = BareClient::connect(address).expect("a connection");
    hello(&mut good);

    let mut bad: Vec<Vec<u8>> = vec![
        i32::MAX.to_be_bytes().to_vec(),
        (-1_i32).to_be_bytes().to_vec(),
        i32::MIN.to_be_bytes().to_vec(),
        // unknown keys, keys that are not served, unknown versions
        framed(&[0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).to_vec(),
        framed(&[0xff, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).to_vec(),
        framed(&[0, 4, 0, 0, 0, 0, 0, 1, 0xff, 0xff]).to_vec(),
        framed(&[0, 3, 0x7f, 0xff, 0, 0, 0, 1, 0xff, 0xff]).to_vec(),
        framed(&[0, 3, 0xff, 0xff, 0, 0, 0, 1, 0xff, 0xff]).to_vec(),
        // headers cut short or with a client id that is not text
        framed(&[]).to_vec(),
        framed(&[0, 3, 0]).to_vec(),
        framed(&[0, 3, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, b'x']).to_vec(),
        framed(&[0, 3, 0, 1, 0, 0, 0, 1, 0, 2, 0xff, 0xfe]).to_vec(),
    ];
    for (key, version, body) in absurd_bodies() {
        let mut frame = [key.to_be_bytes(), version.to_be_bytes()].concat();
        frame.extend_from_slice(&[0, 0, 0, 1, 0xff, 0xff]);
        frame.extend_from_slice(&body);
        bad.push(framed(&frame).to_vec());
    }
    for (index, bytes) in bad.iter().enumerate() {
        let mut client = BareClient::connect(address).expect("a connection");
        client.send(bytes).expect("it is sent");
        client.stream().shutdown(std::net::Shutdown::Write).expect("no more");
        // an answer with an error would do as well: what counts is that the broker goes on
        while client.receive().is_ok() {}
        hello(&mut BareClient::connect(address).expect("a connection"));
        assert!(!bytes.is_empty(), "case {index}");
    }
    for seed in 1..200 {
        let mut client = BareClient::connect(address).expect("a connection");
        let length = usize::try_from(seed * 7).expect("small");
        client.send(&framed(&noise(seed, length))).expect("it is sent");
        client.stream().shutdown(std::net::Shutdown::Write).expect("no more");
        while client.receive().is_ok() {}
    }
    hello(&mut good);
}

#[test]
fn truncated_frames_hold_nothing_and_disturb_nobody() {
    let broker = OttlaOptions::default().start();
    let address = address(&broker);
    let frame = request_frame(4, 1, &MetadataRequest::default().with_topics(None));
    for length in 0..frame.len() {
        let mut client = BareClient::connect(address).expect("a connection");
        client.send(&frame[..length]).expect("it is sent");
        drop(client);
    }
    hello(&mut BareClient::connect(address).expect("a connection"));
}

#[test]
fn promises_cost_nothing_and_slow_or_deaf_peers_harm_nobody() {
    let broker = OttlaOptions::default().start();
    let address = address(&broker);
    let mut good = BareClient::connect(address).expect("a connection");
    create_topic(&mut good, "calm", 1);
    assert!(produce(&mut good, "calm", 0, 1, b"warm").expect("an answer").is_ok());
    let before = broker.resident_bytes();

    // two hundred connections that each promise 99 MB
    let mut promises = Vec::new();
    for _ in 0..200 {
        let mut client = BareClient::connect(address).expect("a connection");
        client.send(&99_000_000_i32.to_be_bytes()).expect("it is sent");
        client.send(&[0, 0, 0, 9]).expect("it is sent");
        promises.push(client);
    }
    // peers that ask for ever and never read
    let question = request_frame(4, 1, &MetadataRequest::default().with_topics(None));
    let deaf: Vec<TcpStream> = (0..5)
        .map(|_| {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.set_write_timeout(Some(Duration::from_millis(50))).expect("a timeout");
            while stream.write_all(&question.repeat(100)).is_ok() {}
            stream
        })
        .collect();
    // a peer that sends a byte at a time
    let mut slow = BareClient::connect(address).expect("a connection");
    for byte in &question[..question.len() - 1] {
        slow.send(&[*byte]).expect("it is sent");
        assert!(produce(&mut good, "calm", 0, 1, b"next").expect("an answer").is_ok());
    }
    slow.send(&question[question.len() - 1..]).expect("it is sent");
    slow.receive().expect("the answer comes when the request is whole");

    let after = broker.resident_bytes();
    assert!(after < before + 50 * 1024 * 1024, "{before} bytes grew to {after}");
    assert_eq!(read_all(&mut good, "calm", 0).len(), question.len());
    drop((promises, deaf));
}

#[test]
fn idle_connections_are_closed_and_limits_hold() {
    let limited = OttlaOptions::default().set("max.connections.per.ip", 5).start();
    let at = address(&limited);
    let mut five: Vec<BareClient> =
        (0..5).map(|_| BareClient::connect(at).expect("a connection")).collect();
    five.iter_mut().for_each(hello);
    let mut sixth = BareClient::connect(at).expect("the backlog takes it");
    assert!(sixth.is_closed());
    five.iter_mut().for_each(hello);

    let broker = OttlaOptions::default()
        .set("connections.max.idle.ms", 2_000)
        .set("max.connections.per.ip", 5)
        .start();
    let address = address(&broker);
    let mut idle: Vec<BareClient> =
        (0..5).map(|_| BareClient::connect(address).expect("a connection")).collect();
    idle.iter_mut().for_each(hello);
    assert!(idle.iter_mut().all(BareClient::is_closed));
    wait_for("room for a new connection", LIMIT, || {
        let mut client = BareClient::connect(address).ok()?;
        let request = MetadataRequest::default().with_topics(None);
        client.ask(4, &request).ok().map(drop)
    });
}

//! A server on a real socket, spoken to by bytes.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kafka_protocol::messages::{
    ApiKey, ApiVersionsRequest, ApiVersionsResponse, RequestHeader, ResponseHeader,
};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use ottla_config::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::super::*;
use super::*;
use crate::runtime::monotonic_ms;
use crate::test_kit::node_with;

fn rules() -> ConnectionRules {
    ConnectionRules {
        max_frame: 100 * 1024 * 1024,
        max_in_flight: 64,
        max_idle_ms: Some(60_000),
        fit_send_buffer: true,
    }
}

/// Runs `test` against a server with `options`.
fn with_server<F: Future<Output = ()>>(
    rules: ConnectionRules,
    test: impl FnOnce(SocketAddr, Arc<Node>, Arc<Server>) -> F,
) {
    with_settings(rules, &[], test);
}

fn with_settings<F: Future<Output = ()>>(
    rules: ConnectionRules,
    settings: &[(&str, &str)],
    test: impl FnOnce(SocketAddr, Arc<Node>, Arc<Server>) -> F,
) {
    actix::System::new().block_on(async {
        let node = node_with(2, Settings::with(settings.iter().copied()).unwrap());
        let sockets = SocketOptions { send_buffer: None, receive_buffer: None, backlog: 50 };
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = bind(any, &sockets).unwrap();
        let bound = socket.local_addr().unwrap();
        let listener = Arc::new(Listener {
            name: "PLAINTEXT".into(),
            protocol: SecurityProtocol::Plaintext,
            bound,
            advertised_host: "localhost".into(),
            advertised_port: bound.port(),
            max_connections: usize::MAX,
        });
        let server = Arc::new(Server::start(&node, vec![(socket, listener)], rules));
        let within = Duration::from_secs(20);
        let done = tokio::time::timeout(within, test(bound, Arc::clone(&node), server)).await;
        node.cores.stop().await;
        assert!(done.is_ok(), "the test took too long");
    });
}

fn api_versions(version: i16, correlation_id: i32, software: &'static str) -> Vec<u8> {
    let mut body = Vec::new();
    RequestHeader::default()
        .with_request_api_key(ApiKey::ApiVersions as i16)
        .with_request_api_version(version)
        .with_correlation_id(correlation_id)
        .with_client_id(Some(StrBytes::from_static_str("test")))
        .encode(&mut body, ApiKey::ApiVersions.request_header_version(version.min(4)))
        .unwrap();
    ApiVersionsRequest::default()
        .with_client_software_name(StrBytes::from_static_str(software))
        .with_client_software_version(StrBytes::from_static_str("1.0"))
        .encode(&mut body, version.min(4))
        .unwrap();
    framed(&body)
}

fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = i32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

async fn response(client: &mut TcpStream, version: i16) -> (i32, ApiVersionsResponse) {
    let length = client.read_i32().await.unwrap();
    let mut frame = vec![0; usize::try_from(length).unwrap()];
    client.read_exact(&mut frame).await.unwrap();
    let mut frame = bytes::Bytes::from(frame);
    let header = ResponseHeader::decode(&mut frame, 0).unwrap();
    let body = ApiVersionsResponse::decode(&mut frame, version).unwrap();
    assert!(frame.is_empty());
    (header.correlation_id, body)
}

async fn is_closed(client: &mut TcpStream) -> bool {
    let mut byte = [0; 1];
    matches!(client.read(&mut byte).await, Ok(0) | Err(_))
}

async fn until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    with_server(rules(), |address, _, _| async move {
        let mut client = TcpStream::connect(address).await.unwrap();
        let burst: Vec<u8> = (0..500).flat_map(|id| api_versions(4, id, "test")).collect();
        client.write_all(&burst).await.unwrap();
        for id in 0..500 {
            let (correlation_id, body) = response(&mut client, 4).await;
            assert_eq!((correlation_id, body.error_code), (id, 0));
        }
    });
}

#[test]
fn a_client_that_keeps_sending_leaves_its_core_turns_for_others() {
    const REQUESTS: usize = 40_000;
    with_server(rules(), |address, node, _| async move {
        // counts how often each core has looked at its sockets
        let looks = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let (going, ended) = tokio::sync::watch::channel(());
        for (core, looks) in looks.iter().enumerate() {
            let (looks, ended) = (Arc::clone(looks), ended.clone());
            node.cores.run_on(core, move || {
                actix_rt::spawn(async move {
                    while ended.has_changed().is_ok() {
                        tokio::task::yield_now().await;
                        looks.fetch_add(1, Ordering::Relaxed);
                    }
                });
            });
        }
        let count = || looks.each_ref().map(|looks| looks.load(Ordering::Relaxed));
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(&api_versions(4, 1, "test")).await.unwrap();
        let answer = client.read_i32().await.unwrap() as usize;
        client.read_exact(&mut vec![0; answer]).await.unwrap();
        let burst: Vec<u8> = (0..REQUESTS).flat_map(|_| api_versions(4, 1, "test")).collect();
        let mut answers = vec![0; REQUESTS * (4 + answer)];
        let (mut read, mut write) = client.into_split();
        let before = count();
        let sending = tokio::spawn(async move {
            write.write_all(&burst).await.unwrap();
            // dropped sooner it would end the connection
            write
        });
        read.read_exact(&mut answers).await.unwrap();
        let seen = std::iter::zip(count(), before).map(|(now, then)| now - then);
        // a turn takes eight times what may be in flight
        let least = seen.min().unwrap();
        assert!(least >= REQUESTS / (8 * 64) / 2, "{least} turns");
        drop((sending.await.unwrap(), going));
    });
}

#[test]
fn connections_that_stay_are_given_cores_in_turn_and_lose_nothing() {
    with_server(rules(), |address, node, server| async move {
        // short visits take nobody's turn
        for _ in 0..3 {
            let mut visitor = TcpStream::connect(address).await.unwrap();
            for id in 0..2 {
                visitor.write_all(&api_versions(4, id, "test")).await.unwrap();
                assert_eq!(response(&mut visitor, 4).await.0, id);
            }
        }
        assert_eq!(server.settled(), 0);
        // of four in a row two leave the core that accepted them, with whole requests and the
        // beginning of one that they have sent
        let burst: Vec<u8> = (0..100).flat_map(|id| api_versions(4, id, "test")).collect();
        let (most, rest) = burst.split_at(burst.len() - 10);
        let mut clients = Vec::new();
        for settled in 1..=4 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(most).await.unwrap();
            until(|| server.settled() == settled).await;
            clients.push(client);
        }
        for client in &mut clients {
            client.write_all(rest).await.unwrap();
            for id in 0..100 {
                assert_eq!(response(client, 4).await.0, id);
            }
        }
        assert_eq!((server.settled(), server.moves()), (4, 0));
        until(|| server.connections() == 4).await;
        drop(clients);
        until(|| server.connections() == 0 && node.credits.used() == 0).await;
    });
}

#[test]
fn more_than_a_few_at_once_are_given_cores_as_they_come() {
    with_server(rules(), |address, node, server| async move {
        // while the acceptor's core is held, connections wait in the backlog
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (holding, begun) = tokio::sync::oneshot::channel();
        node.cores.run_on(0, move || {
            holding.send(()).unwrap();
            assert!(held.recv().is_err());
        });
        begun.await.unwrap();
        let mut clients = Vec::new();
        for _ in 0..20 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        drop(release);
        until(|| server.settled() == 12).await;
        assert_eq!(server.connections(), 20);
        for client in &mut clients {
            client.write_all(&api_versions(4, 7, "test")).await.unwrap();
            assert_eq!(response(client, 4).await.0, 7);
        }
    });
}

#[test]
fn an_unknown_version_of_api_versions_is_answered_in_version_0() {
    with_server(rules(), |address, _, _| async move {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(&api_versions(5, 1, "test")).await.unwrap();
        let (_, body) = response(&mut client, 0).await;
        assert_eq!(body.error_code, 35);
        let keys: Vec<_> =
            body.api_keys.iter().map(|k| (k.api_key, k.min_version, k.max_version)).collect();
        assert_eq!(keys, [(18, 0, 4)]);
        // the connection goes on
        client.write_all(&api_versions(3, 2, "test")).await.unwrap();
        assert_eq!(response(&mut client, 3).await.0, 2);
    });
}

#[test]
fn client_software_must_be_words() {
    with_server(rules(), |address, _, _| async move {
        let mut client = TcpStream::connect(address).await.unwrap();
        for (software, code) in [("-x", 42), ("", 42), ("a b", 42), ("librdkafka", 0)] {
            client.write_all(&api_versions(3, 1, software)).await.unwrap();
            assert_eq!(response(&mut client, 3).await.1.error_code, code, "{software:?}");
        }
    });
}

#[test]
fn bad_frames_and_requests_close_their_connection_only() {
    with_server(rules(), |address, _, _| async move {
        let mut good = TcpStream::connect(address).await.unwrap();
        let unknown_api = framed(&[0x7f, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]);
        let unknown_version = framed(&[0, 0, 0x7f, 0, 0, 0, 0, 0, 0xff, 0xff]);
        let bad: Vec<Vec<u8>> = vec![
            i32::MAX.to_be_bytes().to_vec(),
            (-1_i32).to_be_bytes().to_vec(),
            framed(&[]),
            framed(&[0, 18]),
            framed(&[0, 18, 0, 3, 0, 0, 0, 1, 0x7f, 0xff, 1]),
            framed(&[0, 18, 0, 3, 0, 0, 0, 1, 0, 2, 0xff, 0xfe, 0, 2, b'a', 2, b'1', 0]),
            // the length of a compact string that is absurd
            framed(&[0, 18, 0, 3, 0, 0, 0, 1, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0x0f]),
            unknown_api,
            unknown_version,
            (100..=255).cycle().take(5_000).collect(),
        ];
        for (index, bytes) in bad.into_iter().enumerate() {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(&bytes).await.unwrap();
            assert!(is_closed(&mut client).await, "case {index}");
        }
        good.write_all(&api_versions(4, 9, "test")).await.unwrap();
        assert_eq!(response(&mut good, 4).await.0, 9);
    });
}

#[test]
fn bytes_may_arrive_one_by_one() {
    with_server(rules(), |address, _, _| async move {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.set_nodelay(true).unwrap();
        for byte in api_versions(4, 3, "test") {
            client.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(response(&mut client, 4).await.0, 3);
    });
}

#[test]
fn promised_bytes_set_nothing_aside() {
    with_server(rules(), |address, node, _| async move {
        let mut clients = Vec::new();
        for _ in 0..200 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(&99_000_000_i32.to_be_bytes()).await.unwrap();
            client.write_all(&[0; 100]).await.unwrap();
            clients.push(client);
        }
        until(|| node.credits.used() >= 200 * 104).await;
        assert!(node.credits.used() < 200 * 4_096, "{}", node.credits.used());
        drop(clients);
        until(|| node.credits.used() == 0).await;
    });
}

#[test]
fn a_peer_that_never_reads_is_not_read_any_further() {
    with_server(rules(), |address, node, server| async move {
        let client = TcpStream::connect(address).await.unwrap();
        let burst: Vec<u8> = (0..500).flat_map(|id| api_versions(4, id, "test")).collect();
        // until both socket buffers are full the peer's writes go through
        let mut written = 0;
        loop {
            let write = client.try_write(&burst);
            match write {
                Ok(bytes) => written += bytes,
                Err(_) => {
                    let soon = Duration::from_millis(300);
                    if tokio::time::timeout(soon, client.writable()).await.is_err() {
                        break;
                    }
                }
            }
            assert!(written < 1 << 30);
        }
        assert!(node.credits.used() < 1024 * 1024, "{}", node.credits.used());
        assert_eq!(server.connections(), 1);
        let mut other = TcpStream::connect(address).await.unwrap();
        other.write_all(&api_versions(4, 9, "test")).await.unwrap();
        assert_eq!(response(&mut other, 4).await.0, 9);
        drop(client);
        until(|| server.connections() == 1).await;
    });
}

#[test]
fn idle_connections_are_closed_and_stalled_ones_too() {
    let mut rules = rules();
    rules.max_idle_ms = Some(1_000);
    with_server(rules, |address, _, server| async move {
        let mut idle = TcpStream::connect(address).await.unwrap();
        let mut partial = TcpStream::connect(address).await.unwrap();
        partial.write_all(&[0, 0]).await.unwrap();
        let mut active = TcpStream::connect(address).await.unwrap();
        let started = monotonic_ms();
        while monotonic_ms() < started + 2_500 {
            active.write_all(&api_versions(4, 1, "test")).await.unwrap();
            response(&mut active, 4).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(is_closed(&mut idle).await);
        assert!(is_closed(&mut partial).await);
        until(|| server.connections() == 1).await;
        active.write_all(&api_versions(4, 2, "test")).await.unwrap();
        assert_eq!(response(&mut active, 4).await.0, 2);
    });
}

#[test]
fn connections_are_limited_per_address_and_in_all() {
    let limit = [("max.connections.per.ip", "2")];
    with_settings(rules(), &limit, |address, _, server| async move {
        let first = TcpStream::connect(address).await.unwrap();
        let _second = TcpStream::connect(address).await.unwrap();
        let mut third = TcpStream::connect(address).await.unwrap();
        assert!(is_closed(&mut third).await);
        drop(first);
        until(|| server.connections() == 1).await;
        let mut fourth = TcpStream::connect(address).await.unwrap();
        fourth.write_all(&api_versions(4, 2, "test")).await.unwrap();
        assert_eq!(response(&mut fourth, 4).await.0, 2);
    });
    let limit = [("max.connections", "1")];
    with_settings(rules(), &limit, |address, _, server| async move {
        let first = TcpStream::connect(address).await.unwrap();
        until(|| server.connections() == 1).await;
        let mut second = TcpStream::connect(address).await.unwrap();
        second.write_all(&api_versions(4, 2, "test")).await.unwrap();
        let mut byte = [0; 1];
        let soon = Duration::from_millis(100);
        assert!(tokio::time::timeout(soon, second.peek(&mut byte)).await.is_err());
        drop(first);
        assert_eq!(response(&mut second, 4).await.0, 2);
    });
}

#[test]
fn stopping_closes_every_connection_and_the_port() {
    with_server(rules(), |address, _, server| async move {
        let mut clients = Vec::new();
        for _ in 0..20 {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(&api_versions(4, 2, "test")).await.unwrap();
            response(&mut client, 4).await;
            clients.push(client);
        }
        server.stop(1_000).await;
        for mut client in clients {
            assert!(is_closed(&mut client).await);
        }
        assert_eq!(server.connections(), 0);
    });
}

#[test]
fn new_connections_are_paced() {
    let limit = [("max.connection.creation.rate", "5")];
    with_settings(rules(), &limit, |address, _, server| async move {
        let started = monotonic_ms();
        let mut clients = Vec::new();
        for _ in 0..11 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        until(|| server.connections() == 11).await;
        // eleven at five a second begin in the third second at the earliest
        assert!(monotonic_ms() - started >= 1_000);
    });
}

//! Operations, whole, cut anywhere, and such as no server sends.

use super::*;

fn whole(bytes: &[u8]) -> (Operation, usize) {
    parse(bytes).unwrap().expect("it is whole")
}

fn parts(bytes: &[u8]) -> [&[u8]; 4] {
    let (Operation::Message(message), _) = whole(bytes) else { panic!("no message") };
    assert_eq!(message.subscription, 1);
    [message.subject, message.reply, message.headers, message.payload].map(|part| &bytes[part])
}

#[test]
fn messages_are_found_where_they_lie() {
    let plain = parts(b"MSG inbox.1 1 5\r\nhello\r\nPING\r\n");
    assert_eq!(plain, [&b"inbox.1"[..], b"", b"", b"hello"]);
    let reply = parts(b"MSG a  1 $JS.ACK.x 0\r\n\r\n");
    assert_eq!(reply, [&b"a"[..], b"$JS.ACK.x", b"", b""]);
    let headers = parts(b"HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n");
    assert_eq!(headers, [&b"a"[..], b"", b"NATS/1.0\r\n\r\n", b"hi"]);
    let both = parts(b"HMSG a 1 back 12 12\r\nNATS/1.0\r\n\r\n\r\n");
    assert_eq!(both, [&b"a"[..], b"back", b"NATS/1.0\r\n\r\n", b""]);
}

#[test]
fn payloads_may_hold_line_ends() {
    let bytes = b"MSG a 1 6\r\n\r\n\r\n\r\n\r\n";
    assert_eq!(whole(bytes).1, bytes.len());
    assert_eq!(parts(bytes)[3], b"\r\n\r\n\r\n");
}

#[test]
fn the_other_operations_are_lines() {
    assert_eq!(whole(b"PING\r\n"), (Operation::Ping, 6));
    assert_eq!(whole(b"PONG\r\nMSG"), (Operation::Pong, 6));
    assert_eq!(whole(b"+OK\r\n"), (Operation::Ok, 5));
    assert_eq!(whole(b"INFO {\"a\":1}\r\n"), (Operation::Info(5..12), 14));
    assert_eq!(whole(b"-ERR 'no'\r\n"), (Operation::Error(5..9), 11));
}

#[test]
fn what_is_cut_is_waited_for() {
    for bytes in [&b"MSG a 1 back 5\r\nhello\r\n"[..], b"HMSG a 1 12 14\r\nNATS/1.0\r\n\r\nhi\r\n"]
    {
        for end in 0..bytes.len() {
            assert_eq!(parse(&bytes[..end]), Ok(None), "cut at {end}");
        }
        assert_eq!(whole(bytes).1, bytes.len());
    }
}

#[test]
fn what_no_server_sends_is_refused() {
    for bytes in [
        &b"HELLO\r\n"[..],
        b"PING\n",
        b"\r\n",
        b"MSG a 1\r\n",
        b"MSG a b 5\r\n",
        b"MSG a 1 b c 5\r\n",
        b"MSG a 1 b c d e 5\r\n",
        b"MSG a 1 -5\r\n",
        b"MSG a 1 99999999999999999999999\r\n",
        b"MSG a 1 1000000000\r\n",
        b"MSG a 1 2\r\nlonger",
        b"HMSG a 1 9 8\r\n12345678\r\n",
    ] {
        assert_eq!(parse(bytes), Err(Malformed), "{:?}", String::from_utf8_lossy(bytes));
    }
    assert_eq!(parse(&vec![b'x'; LONGEST_LINE]), Err(Malformed), "a line without an end");
    assert_eq!(parse(&vec![b'x'; LONGEST_LINE - 1]), Ok(None));
}

#[test]
fn a_status_stands_in_the_first_line_of_headers() {
    assert_eq!(status(b"NATS/1.0 503\r\n\r\n"), Some("503"));
    assert_eq!(
        status(b"NATS/1.0 408 Request Timeout\r\nA: b\r\n\r\n"),
        Some("408 Request Timeout")
    );
    assert_eq!(status(b"NATS/1.0\r\nStatus: 1\r\n\r\n"), None);
    assert_eq!(status(b""), None);
}

#[test]
fn acknowledgements_have_the_place_in_the_stream() {
    assert_eq!(acknowledged(br#"{"stream":"S", "seq":42}"#), Some(42));
    assert_eq!(acknowledged(br#"{"stream":"S","seq": 7,"duplicate":true}"#), Some(7));
    let refused =
        br#"{"error":{"code":400,"err_code":10077,"description":"x"},"stream":"S","seq":0}"#;
    assert_eq!(acknowledged(refused), None);
    assert_eq!(acknowledged(br#"{"stream":"S"}"#), None);
    assert_eq!(acknowledged(b""), None);
}

#[test]
fn deliveries_have_the_place_in_the_stream() {
    assert_eq!(delivered(b"$JS.ACK.S.C.1.345.6.1700000000000000000.9"), Some(345));
    let with_domain = b"$JS.ACK.hub.hash.S.C.1.345.6.1700000000000000000.9.token";
    assert_eq!(delivered(with_domain), Some(345));
    assert_eq!(delivered(b"$JS.ACK.S.C.1.x.6.17.9"), None);
    assert_eq!(delivered(b"_INBOX.a.b.c.d.e.f.g.h"), None);
    assert_eq!(delivered(b""), None);
}

#[test]
fn a_publish_is_read_back_by_the_same_rules() {
    let plain = publish("s", "in.1", &[], b"abc");
    assert_eq!(plain, b"PUB s in.1 3\r\nabc\r\n");
    let headers = [("Key".to_owned(), "v".to_owned())];
    let with_headers = publish("s", "in.1", &headers, b"abc");
    assert_eq!(with_headers, b"HPUB s in.1 20 23\r\nNATS/1.0\r\nKey: v\r\n\r\nabc\r\n");
}

#[test]
fn the_first_words_are_one_line_of_json() {
    let json = CONNECT.strip_prefix("CONNECT ").unwrap().strip_suffix("\r\n").unwrap();
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(value["no_responders"], true);
}

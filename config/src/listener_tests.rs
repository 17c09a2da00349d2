//! Tests of listeners: what is read, what is refused.

use proptest::prelude::*;

use super::*;

fn map() -> ProtocolMap {
    parse_protocol_map("map", "PLAINTEXT:PLAINTEXT, int:plaintext ,S:SSL").expect("valid")
}

fn parse(text: &str) -> Result<Listener, SettingError> {
    parse_listener("listeners", text, &map(), |_| Ok((1, 2)))
}

#[test]
fn a_listener_is_a_name_a_host_and_a_port() {
    let one = parse("plaintext://example.org:9092").expect("valid");
    assert_eq!(
        (one.name.as_str(), one.host.as_str(), one.port),
        ("PLAINTEXT", "example.org", 9092)
    );
    assert_eq!((one.max_connections, one.max_connection_creation_rate), (1, 2));
    assert_eq!(parse("INT://:0").expect("valid").host, "");
    let six = parse("INT://[::1]:1").expect("valid");
    assert_eq!((six.host.as_str(), six.to_string().as_str()), ("::1", "INT://[::1]:1"));
    for wrong in ["", "PLAINTEXT:9092", "INT://", "INT://a", "INT://a:b", "INT://a:70000", "://a:1"]
    {
        let error = parse(wrong).expect_err(wrong).to_string();
        assert!(error.contains("Unable to parse"), "{error}");
    }
    let error = parse("FOO://:1").expect_err("no protocol").to_string();
    assert!(error.contains("No security protocol defined for listener FOO"), "{error}");
}

#[test]
fn one_port_is_shared_only_by_ipv4_and_ipv6() {
    let all = |texts: &[&str]| {
        let listeners: Vec<_> = texts.iter().map(|text| parse(text).expect("valid")).collect();
        check_distinct("listeners", &listeners).map_err(|error| error.to_string())
    };
    assert_eq!(all(&["PLAINTEXT://127.0.0.1:1", "INT://[::1]:1"]), Ok(()));
    assert_eq!(all(&["PLAINTEXT://:0", "INT://:0"]), Ok(()));
    assert!(all(&["PLAINTEXT://:1", "INT://:1"]).is_err_and(|e| e.contains("different port")));
    assert!(all(&["INT://:1", "INT://:2"]).is_err_and(|e| e.contains("different name")));
    let both = all(&["PLAINTEXT://127.0.0.1:1", "INT://127.0.0.2:1"]);
    assert!(both.is_err_and(|e| e.contains("IPv4 and the other IPv6")));
}

proptest! {
    #[test]
    fn any_text_is_a_listener_or_refused(text in "\\PC{0,40}") {
        let _ = parse(&text);
        let _ = parse_protocol_map("map", &text);
    }

    #[test]
    fn a_listener_reads_back(host in "([a-z0-9.-]{0,20}|[0-9]{1,3}(\\.[0-9]{1,3}){3})", port: u16) {
        let one = parse(&format!("INT://{host}:{port}")).expect("valid");
        prop_assert_eq!(parse(&one.to_string()).expect("valid"), one);
    }
}

//! Tests of reading records by their schema.

use super::super::schemas::{CONSUMERS_VALUE, GROUP_METADATA, LEADER_CHANGE, OFFSETS};
use super::{Malformed, to_json};

fn offset_value() -> super::Schema {
    OFFSETS.iter().find(|kind| kind.id == 1).expect("offsets").value
}

#[test]
fn a_field_is_printed_in_the_versions_that_have_it() {
    let mut bytes = Vec::new();
    bytes.extend(7i64.to_be_bytes());
    bytes.extend([0, 1, b'm']);
    bytes.extend(5i64.to_be_bytes());
    bytes.extend(6i64.to_be_bytes());
    let text = to_json(&offset_value(), 1, &mut &bytes[..]);
    let wanted = r#"{"offset":7,"metadata":"m","commitTimestamp":5,"expireTimestamp":6}"#;
    assert_eq!(text.as_deref(), Ok(wanted));
    // version 0 ends before the last field
    let mut rest = &bytes[..];
    let wanted = r#"{"offset":7,"metadata":"m","commitTimestamp":5}"#;
    assert_eq!(to_json(&offset_value(), 0, &mut rest).as_deref(), Ok(wanted));
    assert_eq!(rest.len(), 8);
}

#[test]
fn a_tagged_field_is_printed_when_it_is_there() {
    let mut bytes = Vec::new();
    bytes.extend(7i64.to_be_bytes());
    bytes.extend(3i32.to_be_bytes());
    bytes.push(1);
    bytes.extend(5i64.to_be_bytes());
    let mut tagged = bytes.clone();
    bytes.push(0);
    let wanted = r#"{"offset":7,"leaderEpoch":3,"metadata":"","commitTimestamp":5}"#;
    assert_eq!(to_json(&offset_value(), 4, &mut &bytes[..]).as_deref(), Ok(wanted));
    // an unknown tag is passed over
    tagged.extend([2, 0, 16]);
    tagged.extend([0; 15]);
    tagged.push(1);
    tagged.extend([9, 1, 77]);
    let wanted = concat!(
        r#"{"offset":7,"leaderEpoch":3,"metadata":"","commitTimestamp":5,"#,
        r#""topicId":"AAAAAAAAAAAAAAAAAAAAAQ"}"#,
    );
    assert_eq!(to_json(&offset_value(), 4, &mut &tagged[..]).as_deref(), Ok(wanted));
}

#[test]
fn bytes_that_end_early_are_malformed() {
    let bytes = 7i64.to_be_bytes();
    for length in 0..bytes.len() + 1 {
        let mut rest = &bytes[..length];
        assert_eq!(to_json(&offset_value(), 1, &mut rest), Err(Malformed));
    }
    // a length beyond the end
    let mut huge = vec![0; 9];
    huge.extend([0x7f, 0xff]);
    assert_eq!(to_json(&offset_value(), 1, &mut &huge[..]), Err(Malformed));
}

fn group_value(subscription: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let text = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend(u16::try_from(text.len()).expect("short").to_be_bytes());
        bytes.extend(text.as_bytes());
    };
    text(&mut bytes, "consumer");
    bytes.extend(1i32.to_be_bytes());
    text(&mut bytes, "range");
    bytes.extend((-1i16).to_be_bytes());
    bytes.extend(9i64.to_be_bytes());
    bytes.extend(1i32.to_be_bytes());
    text(&mut bytes, "id");
    bytes.extend((-1i16).to_be_bytes());
    text(&mut bytes, "client");
    text(&mut bytes, "/127.0.0.1");
    bytes.extend(300_000i32.to_be_bytes());
    bytes.extend(45_000i32.to_be_bytes());
    bytes.extend(u32::try_from(subscription.len()).expect("short").to_be_bytes());
    bytes.extend(subscription);
    bytes.extend(0i32.to_be_bytes());
    bytes
}

#[test]
fn the_embedded_protocol_is_read_where_it_can_be() {
    let mut subscription = vec![0, 0, 0, 0, 0, 1, 0, 1, b't'];
    subscription.extend((-1i32).to_be_bytes());
    let text = to_json(&CONSUMERS_VALUE, 3, &mut &group_value(&subscription)[..]).expect("read");
    let head = concat!(
        r#"{"protocolType":"consumer","generation":1,"protocol":"range","leader":null,"#,
        r#""currentStateTimestamp":9,"members":[{"memberId":"id","groupInstanceId":null,"#,
        r#""clientId":"client","clientHost":"/127.0.0.1","rebalanceTimeout":300000,"#,
        r#""sessionTimeout":45000,"#,
    );
    let tail = r#""subscription":{"topics":["t"],"userData":null},"assignment":""}]}"#;
    assert_eq!(text, format!("{head}{tail}"));
    // what is not that protocol stays bytes
    let text = to_json(&CONSUMERS_VALUE, 3, &mut &group_value(&[0, 0, 9])[..]).expect("read");
    assert!(text.ends_with(r#""subscription":"AAAJ","assignment":""}]}"#), "{text}");
    // a group of another kind keeps all of them
    let other = OFFSETS.iter().find(|kind| kind.id == GROUP_METADATA).expect("groups").value;
    let text = to_json(&other, 3, &mut &group_value(&subscription)[..]).expect("read");
    assert!(text.contains(r#""subscription":"AAAAAAABAAF0/////w==""#), "{text}");
}

#[test]
fn a_leader_change_is_read() {
    let mut bytes = vec![0, 0];
    bytes.extend(1i32.to_be_bytes());
    bytes.push(2);
    bytes.extend(1i32.to_be_bytes());
    bytes.extend([0, 1, 0]);
    let text = to_json(&LEADER_CHANGE, 0, &mut &bytes[..]);
    let wanted = r#"{"version":0,"leaderId":1,"voters":[{"voterId":1}],"grantingVoters":[]}"#;
    assert_eq!(text.as_deref(), Ok(wanted));
}

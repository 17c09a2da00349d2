//! The layouts of `__consumer_offsets`.

use proptest::prelude::*;

use super::*;

fn hex(bytes: &Bytes) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn offset() -> CommittedOffset {
    CommittedOffset {
        offset: 42,
        leader_epoch: 3,
        metadata: Arc::from("m"),
        commit_timestamp: 1_000,
        expire_timestamp: None,
        topic_id: Uuid::nil(),
    }
}

fn key() -> OffsetKey {
    OffsetKey { group: Arc::from("g"), topic: Arc::from("t"), partition: 7 }
}

#[test]
fn an_offset_is_written_in_version_4() {
    let record = GroupRecord::Offset(key(), Some(offset())).encode().unwrap();
    assert_eq!(hex(&record.key), "0001000167000174".to_owned() + "00000007");
    let value =
        "0004".to_owned() + "000000000000002a" + "00000003" + "026d" + "00000000000003e8" + "00";
    assert_eq!(hex(&record.value.unwrap()), value);
}

#[test]
fn an_offset_with_its_own_retention_is_written_in_version_1() {
    let expiring = CommittedOffset { expire_timestamp: Some(2_000), ..offset() };
    let record = GroupRecord::Offset(key(), Some(expiring)).encode().unwrap();
    let value =
        "0001".to_owned() + "000000000000002a" + "00016d" + "00000000000003e8" + "00000000000007d0";
    assert_eq!(hex(&record.value.unwrap()), value);
}

#[test]
fn a_group_is_written_in_version_3() {
    let metadata = GroupMetadata {
        protocol_type: Arc::from("consumer"),
        generation: 1,
        protocol: None,
        leader: Some(Arc::from("l")),
        state_timestamp: 5,
        members: Vec::new(),
    };
    let record = GroupRecord::Group(Arc::from("g"), Some(metadata)).encode().unwrap();
    assert_eq!(hex(&record.key), "0002000167");
    let value = "0003".to_owned()
        + "0008636f6e73756d6572"
        + "00000001"
        + "ffff"
        + "00016c"
        + "0000000000000005"
        + "00000000";
    assert_eq!(hex(&record.value.unwrap()), value);
}

#[test]
fn older_versions_are_read() {
    let key = Bytes::from_static(b"\0\0\0\x01g\0\x01t\0\0\0\x07");
    let value = Bytes::from_static(b"\0\0\0\0\0\0\0\0\0\x2a\0\x01m\0\0\0\0\0\0\x03\xe8");
    let read = GroupRecord::decode(&key, Some(&value)).unwrap();
    let expected = CommittedOffset { leader_epoch: -1, ..offset() };
    assert_eq!(read, GroupRecord::Offset(super::records::key(), Some(expected)));
    let key = Bytes::from_static(b"\0\x05\0\x01g");
    assert_eq!(GroupRecord::decode(&key, None).unwrap(), GroupRecord::Unknown(5));
}

fn name() -> impl Strategy<Value = Arc<str>> {
    "[a-zé]{0,12}".prop_map(Arc::from)
}

fn bytes() -> impl Strategy<Value = Bytes> {
    prop::collection::vec(any::<u8>(), 0..40).prop_map(Bytes::from)
}

prop_compose! {
    fn any_member()(
        member_id in name(), instance_id in prop::option::of(name()), client_id in name(),
        client_host in name(), rebalance_timeout in 0..i32::MAX, session_timeout in any::<i32>(),
        subscription in bytes(), assignment in bytes(),
    ) -> MemberMetadata {
        MemberMetadata {
            member_id, instance_id, client_id, client_host, rebalance_timeout, session_timeout,
            subscription, assignment,
        }
    }
}

fn any_record() -> impl Strategy<Value = GroupRecord> {
    let offset = (any::<i64>(), any::<i32>(), name(), any::<i64>(), any::<u128>()).prop_map(
        |(offset, leader_epoch, metadata, commit_timestamp, id)| CommittedOffset {
            offset,
            leader_epoch,
            metadata,
            commit_timestamp,
            expire_timestamp: None,
            topic_id: Uuid::from_u128(id),
        },
    );
    let key = (name(), name(), any::<i32>()).prop_map(|(group, topic, partition)| OffsetKey {
        group,
        topic,
        partition,
    });
    let group = (
        name(),
        any::<i32>(),
        prop::option::of(name()),
        prop::option::of(name()),
        any::<i64>(),
        prop::collection::vec(any_member(), 0..4),
    )
        .prop_map(|(protocol_type, generation, protocol, leader, state_timestamp, members)| {
            GroupMetadata { protocol_type, generation, protocol, leader, state_timestamp, members }
        });
    prop_oneof![
        (key, prop::option::of(offset)).prop_map(|(key, offset)| GroupRecord::Offset(key, offset)),
        (name(), prop::option::of(group)).prop_map(|(id, group)| GroupRecord::Group(id, group)),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(record in any_record()) {
        let encoded = record.encode().unwrap();
        prop_assert_eq!(GroupRecord::decode(&encoded.key, encoded.value.as_ref()).unwrap(), record);
    }

    #[test]
    fn no_bytes_break_the_reader(key in bytes(), value in bytes()) {
        drop(GroupRecord::decode(&key, Some(&value)));
    }

    #[test]
    fn a_cut_value_is_an_error(record in any_record(), cut in 1usize..8) {
        let encoded = record.encode().unwrap();
        if let Some(value) = encoded.value {
            let cut = value.slice(..value.len() - cut.min(value.len()));
            prop_assert!(GroupRecord::decode(&encoded.key, Some(&cut)).is_err());
        }
    }
}

//! The table against the message library and Kafka 4.3's own answer.

use kafka_protocol::messages::ApiKey;

use super::{Api, TABLE};

/// What Kafka 4.3 answers to ApiVersions: key, lowest, highest.
const KAFKA_4_3: [(i16, i16, i16); 30] = [
    (0, 0, 13),
    (1, 4, 18),
    (2, 1, 11),
    (3, 0, 13),
    (8, 2, 10),
    (9, 1, 10),
    (10, 0, 6),
    (11, 0, 9),
    (12, 0, 4),
    (13, 0, 5),
    (14, 0, 5),
    (15, 0, 6),
    (16, 0, 5),
    (18, 0, 4),
    (19, 2, 7),
    (20, 1, 6),
    (21, 0, 2),
    (22, 0, 5),
    (23, 2, 4),
    (32, 1, 4),
    (33, 0, 2),
    (35, 1, 5),
    (37, 0, 3),
    (42, 0, 2),
    (44, 0, 1),
    (47, 0, 0),
    (60, 0, 2),
    (61, 0, 0),
    (74, 0, 1),
    (75, 0, 0),
];

/// Version 10 of these names topics by id alone; they may be served by name only.
const BY_NAME: [ApiKey; 2] = [ApiKey::OffsetCommit, ApiKey::OffsetFetch];

#[test]
fn the_table_is_what_both_sides_share() {
    assert_eq!(TABLE.len(), KAFKA_4_3.len());
    for (api, (key, min, max)) in TABLE.iter().zip(KAFKA_4_3) {
        assert_eq!(api.key as i16, key);
        let library = api.key.valid_versions();
        assert_eq!(api.min, library.min.max(min), "{}", api.name);
        let shared = library.max.min(max);
        assert!(api.max <= shared, "{}", api.name);
        assert!(api.max == shared || BY_NAME.contains(&api.key), "{}", api.name);
        assert_eq!(api.name, format!("{:?}", api.key));
    }
}

#[test]
fn api_versions_answers_without_a_flexible_header() {
    let api = Api::find(ApiKey::ApiVersions).unwrap();
    assert_eq!((api.request_header_version(3), api.response_header_version(3)), (2, 0));
    assert_eq!((api.request_header_version(99), api.response_header_version(99)), (2, 0));
    assert!(Api::find(ApiKey::EndTxn).is_none());
}

//! A batch that was made here fares exactly as its bytes would.

use proptest::prelude::*;

use super::BuiltBatch;
use crate::base::{LeaderEpoch, Offset};
use crate::record::{
    BatchBuilder, Compression, TargetCompression, TimestampType, ValidationRules, validate,
    validate_built,
};

const NOW: i64 = 1_700_000_000_000;

type Pushed = (i32, i64, Option<Vec<u8>>);

fn pushed() -> impl Strategy<Value = Pushed> {
    let gap = prop_oneof![20 => Just(0), 1 => 1..3_i32];
    let time = prop_oneof![
        20 => NOW - 1_000..NOW,
        1 => Just(-1_i64),
        1 => Just(i64::MAX),
        1 => Just(i64::MIN),
        1 => NOW..NOW + 7_200_000,
    ];
    (gap, time, prop::option::weighted(0.9, prop::collection::vec(any::<u8>(), 0..8)))
}

fn rules() -> impl Strategy<Value = ValidationRules> {
    let size = prop_oneof![3 => Just(1_048_588), 1 => Just(150)];
    let kind = prop_oneof![Just(TimestampType::CreateTime), Just(TimestampType::LogAppendTime)];
    let codec = prop_oneof![
        3 => Just(TargetCompression::Producer),
        1 => Just(TargetCompression::Codec(Compression::None, None)),
        1 => Just(TargetCompression::Codec(Compression::Lz4, None)),
    ];
    let before = prop_oneof![Just(i64::MAX), Just(500)];
    (size, any::<bool>(), kind, codec, before).prop_map(|(size, compacted, kind, codec, before)| {
        ValidationRules {
            max_message_bytes: size,
            compacted,
            timestamp_type: kind,
            compression: codec,
            timestamp_before_max_ms: before,
            ..ValidationRules::default()
        }
    })
}

fn filled(records: &[Pushed]) -> BatchBuilder {
    let mut builder = BatchBuilder::new().expecting(records.len() % 3);
    let mut delta = -1;
    for (gap, time, key) in records {
        delta += 1 + gap;
        builder.push_at(delta, *time, key.as_deref(), Some(b"value"), std::iter::empty());
    }
    builder
}

proptest! {
    #[test]
    fn it_is_accepted_refused_and_changed_as_its_bytes_are(
        records in prop::collection::vec(pushed(), 0..6),
        rules in rules(),
        packed in any::<bool>(),
    ) {
        let codec = if packed { Compression::Lz4 } else { Compression::None };
        let builder = filled(&records);
        let bytes = builder.build(Offset::ZERO, LeaderEpoch::NONE, codec);
        let batch = builder.finish(codec);
        prop_assert_eq!(&batch.to_bytes(), &bytes);
        prop_assert_eq!((batch.size(), batch.len()), (bytes.len(), records.len()));
        let whole = validate(bytes, &rules, NOW);
        prop_assert_eq!(validate_built(batch, &rules, NOW), whole);
    }

    #[test]
    fn its_times_move_as_a_builders_do(records in prop::collection::vec(pushed(), 0..4)) {
        let mut builder = filled(&records);
        let batch = builder.clone().finish(Compression::None).with_newest(NOW);
        builder.move_times(NOW);
        prop_assert_eq!(batch, builder.finish(Compression::None));
    }
}

#[test]
fn clones_share_their_records() {
    let mut builder = BatchBuilder::new();
    builder.push(NOW, None, Some(&[7; 1_000]), &[]);
    let batch = builder.finish(Compression::None);
    let same = |other: &BuiltBatch| other.payload.as_ptr() == batch.payload.as_ptr();
    assert!(same(&batch.clone()) && same(&batch.clone().with_newest(NOW + 1)));
    assert!(!batch.is_empty() && BatchBuilder::new().finish(Compression::None).is_empty());
}

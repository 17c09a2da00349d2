//! Every codec there and back, and what bombs get.

use proptest::prelude::*;

use super::{Compression, compress, decompress};
use crate::record::RecordError;

const PACKED: [Compression; 4] =
    [Compression::Gzip, Compression::Snappy, Compression::Lz4, Compression::Zstd];

#[test]
fn bombs_stop_at_the_limit() {
    let zeros = vec![0u8; 4 << 20];
    for codec in PACKED {
        let packed = compress(codec, None, &zeros).unwrap();
        let limit = 1 << 20;
        let result = decompress(codec, &packed, limit);
        assert_eq!(result, Err(RecordError::DecompressedTooLarge { limit }), "{codec:?}");
        assert_eq!(decompress(codec, &packed, zeros.len()).unwrap(), zeros, "{codec:?}");
    }
}

#[test]
fn names_and_ids_go_both_ways() {
    for codec in Compression::ALL {
        assert_eq!(Compression::from_id(codec.id()), Some(codec));
        assert_eq!(Compression::from_name(codec.name()), Some(codec));
    }
    assert_eq!(Compression::from_id(5), None);
    assert_eq!(Compression::from_name("uncompressed"), Some(Compression::None));
}

proptest! {
    #[test]
    fn there_and_back(data in prop::collection::vec(any::<u8>(), 0..3_000), times in 1usize..60) {
        let data = data.repeat(times);
        for codec in Compression::ALL {
            let packed = compress(codec, None, &data).unwrap();
            prop_assert_eq!(&decompress(codec, &packed, data.len()).unwrap()[..], &data[..]);
        }
    }

    #[test]
    fn garbage_is_an_error_or_small(data in prop::collection::vec(any::<u8>(), 0..200)) {
        for codec in Compression::ALL {
            if let Ok(out) = decompress(codec, &data, 10_000) {
                prop_assert!(out.len() <= 10_000);
            }
        }
    }
}

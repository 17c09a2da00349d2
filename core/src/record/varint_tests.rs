//! Varints of every length, there and back.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn what_is_written_reads_back(value in any::<i64>(), shift in 0u32..64) {
        let value = value >> shift;
        let mut bytes = Vec::new();
        put_signed(&mut bytes, value);
        prop_assert_eq!(bytes.len(), size_signed(value));
        for cut in 0..bytes.len() {
            let mut short = bytes.get(..cut).unwrap();
            prop_assert_eq!(take_i64(&mut short), Err(RecordError::Varint));
        }
        bytes.push(0xff);
        let mut rest = &bytes[..];
        prop_assert_eq!(take_i64(&mut rest), Ok(value));
        prop_assert_eq!(rest, &[0xff][..]);
        if let Ok(small) = i32::try_from(value) {
            let mut rest = &bytes[..];
            prop_assert_eq!(take_i32(&mut rest), Ok(small));
            prop_assert_eq!(rest, &[0xff][..]);
        }
    }

    #[test]
    fn noise_reads_the_same_byte_by_byte(noise in prop::collection::vec(any::<u8>(), 0..12)) {
        let (mut fast, mut slow) = (&noise[..], &noise[..]);
        prop_assert_eq!(take_unsigned(&mut fast), take_long(&mut slow));
        prop_assert_eq!(fast.len(), slow.len());
        let (mut fast, mut slow) = (&noise[..], &noise[..]);
        prop_assert_eq!(take_i64(&mut fast), take_long_i64(&mut slow));
        prop_assert_eq!(fast.len(), slow.len());
    }
}

//! Writes in pieces.

use std::io::IoSlice;

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_long_write_in_pieces_puts_every_byte_in_its_place(
        start in 0u64..70_000,
        lengths in prop::collection::vec(0usize..60_000, 1..20),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let file = RealDisk.open(&dir.path().join("f"), OpenMode::Create).unwrap();
        let parts: Vec<Vec<u8>> = lengths
            .iter()
            .enumerate()
            .map(|(part, length)| (0..*length).map(|at| ((at * 7 + part) % 251) as u8).collect())
            .collect();
        let slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        file.write_at(&slices, start).unwrap();
        let want = parts.concat();
        let mut got = vec![0; want.len() + 1];
        prop_assert_eq!(file.read_at(&mut got, start).unwrap(), want.len());
        got.truncate(want.len());
        prop_assert!(got == want);
    }

    #[test]
    fn pieces_end_at_multiples_and_none_is_empty(
        position in 0u64..100_000,
        length in 1usize..100_000,
    ) {
        let piece = piece_at(position, length);
        prop_assert!((1..=length).contains(&piece));
        prop_assert!(piece < 2 * PIECE);
        prop_assert!(piece == length || (position as usize + piece).is_multiple_of(PIECE));
    }
}

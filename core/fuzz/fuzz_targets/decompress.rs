//! Any bytes through any codec, with a limit that must hold.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ottla_core::record::{Compression, decompress};

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Some((first, packed)) = data.split_first() else { return };
    let Some(codec) = Compression::from_id(first % 5) else { return };
    if let Ok(out) = decompress(codec, packed, LIMIT) {
        assert!(out.len() <= LIMIT);
    }
});

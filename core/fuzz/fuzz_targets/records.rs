//! What a client produces: whatever is accepted must read back, record by record.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use ottla_core::record::{
    BatchIter, RecordIter, ValidationRules, batch_crc, validate, verify_crc,
};

const LIMIT: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let mut records = data.to_vec();
    // a fuzzer finds no checksum by itself
    if let Ok(crc) = batch_crc(&records)
        && let Some(place) = records.get_mut(17..21)
    {
        place.copy_from_slice(&crc.to_be_bytes());
    }
    let rules = ValidationRules {
        decompressed_limit: LIMIT,
        timestamp_after_max_ms: i64::MAX,
        ..ValidationRules::default()
    };
    let Ok(taken) = validate(Bytes::from(records), &rules, 1_700_000_000_000) else { return };
    let buffer = taken.to_bytes();
    verify_crc(&buffer).expect("the checksum is right");
    for batch in BatchIter::new(&buffer) {
        let batch = batch.expect("whole batches");
        let records = RecordIter::of_batch(&buffer, &batch, LIMIT).expect("it unpacks");
        for record in records {
            record.expect("it reads");
        }
    }
});

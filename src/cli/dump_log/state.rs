//! Dumps the small files beside a segment: producers, and aborted transactions.

use std::fs;
use std::io::Write;
use std::path::Path;

use ottla_core::partition::{SnapshotError, decode_snapshot};

use super::error::DumpError;
use super::log::optional;

/// Bytes of an entry of the index of aborted transactions.
const ABORTED: usize = 34;

/// Dumps a snapshot of producers. A damaged one is reported and passed over, as Kafka does.
pub(super) fn dump_producers(
    path: &Path,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), DumpError> {
    let bytes = fs::read(path).map_err(DumpError::read(path))?;
    let entries = match decode_snapshot(&bytes) {
        Ok(entries) => entries,
        Err(error) => return Ok(writeln!(err, "{}", words(error))?),
    };
    for (id, state) in entries {
        write!(
            out,
            "producerId: {} producerEpoch: {} coordinatorEpoch: {} currentTxnFirstOffset: {} \
             lastTimestamp: {}",
            id.0,
            state.epoch().0,
            state.coordinator_epoch,
            optional(state.current_txn_first_offset.map(|offset| offset.0)),
            state.last_timestamp,
        )?;
        if let Some(batch) = state.last_batch() {
            write!(
                out,
                " firstSequence: {} lastSequence: {} lastOffset: {} offsetDelta: {} timestamp: {}",
                batch.first_sequence(),
                batch.last_sequence,
                batch.last_offset.0,
                batch.offset_delta,
                batch.timestamp,
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Kafka's words for a snapshot that cannot be used.
fn words(error: SnapshotError) -> String {
    match error {
        SnapshotError::Version(version) => {
            format!("Snapshot contained an unknown file version {version}")
        }
        SnapshotError::Crc { stored, computed } => format!(
            "Snapshot is corrupt (CRC is no longer valid). Stored crc: {stored}. Computed crc: \
             {computed}"
        ),
        SnapshotError::Length { .. } => format!("Snapshot failed schema validation: {error}"),
    }
}

/// Dumps an index of aborted transactions.
pub(super) fn dump_aborted(path: &Path, out: &mut dyn Write) -> Result<(), DumpError> {
    let bytes = fs::read(path).map_err(DumpError::read(path))?;
    for entry in bytes.chunks_exact(ABORTED) {
        let Some((version, rest)) = entry.split_first_chunk() else { break };
        let version = i16::from_be_bytes(*version);
        if version > 0 {
            return Err(DumpError::Index(format!(
                "Unexpected aborted transaction version {version} in transaction index {}, \
                 current version is 0",
                path.display()
            )));
        }
        let numbers = rest.chunks_exact(8).filter_map(|chunk| chunk.first_chunk().copied());
        let numbers: Vec<i64> = numbers.map(i64::from_be_bytes).collect();
        let [producer, first, last, stable] = numbers[..] else { break };
        writeln!(
            out,
            "version: {version} producerId: {producer} firstOffset: {first} lastOffset: {last} \
             lastStableOffset: {stable}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{dump_aborted, dump_producers};

    #[test]
    fn aborted_transactions_are_listed() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("00000000000000000000.txnindex");
        let mut bytes = Vec::new();
        for n in 0..2i64 {
            bytes.extend(0i16.to_be_bytes());
            for number in [7, n, n + 3, n + 1] {
                bytes.extend(number.to_be_bytes());
            }
        }
        bytes.extend([0; 9]);
        std::fs::write(&path, bytes).expect("written");
        let mut out = Vec::new();
        dump_aborted(&path, &mut out).expect("read");
        let wanted = "version: 0 producerId: 7 firstOffset: 0 lastOffset: 3 lastStableOffset: 1\n\
                      version: 0 producerId: 7 firstOffset: 1 lastOffset: 4 lastStableOffset: 2\n";
        assert_eq!(String::from_utf8_lossy(&out), wanted);
    }

    #[test]
    fn a_damaged_snapshot_is_reported() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("00000000000000000001.snapshot");
        std::fs::write(&path, [0, 9, 0, 0, 0, 0, 0, 0, 0, 0]).expect("written");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        dump_producers(&path, &mut out, &mut err).expect("read");
        assert!(out.is_empty());
        let err = String::from_utf8_lossy(&err);
        assert_eq!(err, "Snapshot contained an unknown file version 9\n");
    }
}

//! What a bare file costs for the same bytes: below this no way into a log can be.

use std::fs::File;
use std::io::{self, IoSlice};
use std::path::Path;

use rustix::io::pwritev;
use serde_json::{Value, json};

use super::{PathsOptions, Work};
use crate::batch;
use crate::clock::{SECOND, now, seconds};
use crate::error::BenchError;
use crate::histogram::as_f64;
use crate::options::RecordOptions;
use crate::report::rounded;
use crate::stop::Stop;

/// A file is begun anew after so many bytes, as a log begins a segment.
const SEGMENT: u64 = 1 << 30;

/// Appends the batches of `work` to a file, one with each call, and does nothing else.
pub(super) async fn measure(
    options: &PathsOptions,
    work: Work,
    scratch: &Path,
    stop: &Stop,
) -> Result<Value, BenchError> {
    if stop.asked() {
        return Err(BenchError::Interrupted);
    }
    super::settle(work).await;
    let records = RecordOptions {
        batch_records: work.shape().0,
        record_size: 100,
        compression_type: ottla_core::record::Compression::None,
    };
    let bytes = batch::encode(&records, batch::wall_ms());
    let path = scratch.join("floor");
    // less than a row, as it writes faster than any
    let span = (options.seconds / 2.0).clamp(0.01, 2.0);
    let measured = tokio::task::spawn_blocking(move || {
        let measured = append(&bytes, span, &path);
        // it may not have been made
        _ = std::fs::remove_file(&path);
        measured
    });
    let measured = measured.await.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    let (count, took, cpu) = measured.map_err(BenchError::system("writing a file"))?;
    let messages = as_f64(count) * as_f64(u64::try_from(records.batch_records).unwrap_or(0));
    let rate = messages / took.max(1e-9);
    let line = json!({
        "mode": "floor",
        "path": "a bare file",
        "work": work.label(),
        "secs": rounded(took),
        "msgs_per_s": rounded(rate),
        "mb_per_s": rounded(rate * 100.0 / 1e6),
        "client_cpu_pct": rounded(cpu / took.max(1e-9) * 100.0),
        "cpu_ns_per_msg": rounded(cpu * 1e9 / messages.max(1.0)),
    });
    eprintln!("a bare file, {}: {} ns a record", work.label(), line["cpu_ns_per_msg"]);
    Ok(line)
}

/// Batches that were written, seconds, and seconds of the processor.
fn append(batch: &[u8], span: f64, path: &Path) -> io::Result<(u64, f64, f64)> {
    let (begun, cpu) = (now(), crate::floors::thread_cpu());
    let (mut count, mut at) = (0, 0);
    let mut file = File::create(path)?;
    let until = begun + (span * as_f64(SECOND)) as u64;
    while now() < until {
        let written = pwritev(&file, &[IoSlice::new(batch)], at)?;
        count += 1;
        at += written as u64;
        if at > SEGMENT {
            std::fs::remove_file(path)?;
            (file, at) = (File::create(path)?, 0);
        }
    }
    let cpu = crate::floors::thread_cpu().saturating_sub(cpu).as_secs_f64();
    Ok((count, seconds(now() - begun), cpu))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_in_the_file() {
        let path = std::env::temp_dir().join(format!("ottla-floor-{}", std::process::id()));
        let (count, took, cpu) = append(&[7; 500], 0.02, &path).unwrap();
        let length = path.metadata().unwrap().len();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(length, count * 500);
        assert!(count > 0 && took >= 0.02 && cpu > 0.0);
    }
}

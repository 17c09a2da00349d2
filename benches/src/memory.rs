//! Memory that is there before a measurement begins.
//!
//! A virtual machine gives memory that it does not use back to its host, and gets it page by page
//! when it is touched again: a microsecond or more a page, ten times what an append to it costs.
//! The first of two brokers would pay for the other. So both find it touched.

use std::fs;

/// Touched at a time.
const PIECE: usize = 64 << 20;
/// Within a page.
const STRIDE: usize = 4096;

/// Touches `megabytes` of memory, at most a third of what is available, and gives it back to the
/// system, where what a broker appends to the page cache will find it.
pub(crate) fn touch(megabytes: u64) {
    let wanted = megabytes.min(available_mb() / 3) << 20;
    let pieces = usize::try_from(wanted).unwrap_or(0) / PIECE;
    let mut held = Vec::with_capacity(pieces);
    for _ in 0..pieces {
        let mut piece = vec![0_u8; PIECE];
        for byte in piece.iter_mut().step_by(STRIDE) {
            *byte = 1;
        }
        held.push(std::hint::black_box(piece));
    }
}

fn available_mb() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_available_is_known_and_touched() {
        assert!(available_mb() > 0);
        touch(64);
    }
}

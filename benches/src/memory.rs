//! Memory that is there before a measurement begins.
//!
//! A virtual machine gives memory that it does not use back to its host, and gets it page by page
//! when it is touched again: a microsecond or more a page, ten times what an append to it costs.
//! The first of two brokers would pay for the other. So both find it touched.

use std::fs;

use memmap2::MmapMut;

/// Touched at a time.
const PIECE: usize = 64 << 20;
/// Within a page.
const STRIDE: usize = 4096;

/// Touches `megabytes` of memory, at most a third of what is available, and gives it back to the
/// system, where what a broker appends to the page cache will find it.
///
/// Mapped and unmapped by hand: an allocator keeps what is freed for a while, and a row would run
/// beside memory that nobody has.
pub(crate) fn touch(megabytes: u64) {
    let wanted = megabytes.min(available_mb() / 3) << 20;
    let pieces = usize::try_from(wanted).unwrap_or(0) / PIECE;
    let mut held = Vec::with_capacity(pieces);
    for _ in 0..pieces {
        // what cannot be had is met by the row
        let Ok(mut piece) = MmapMut::map_anon(PIECE) else { break };
        for byte in piece.iter_mut().step_by(STRIDE) {
            *byte = 1;
        }
        held.push(piece);
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
    fn what_is_touched_is_given_back() {
        let resident = || crate::usage::Memory::of(std::process::id()).unwrap().resident;
        assert!(available_mb() > 0);
        let before = resident();
        touch(1024);
        let kept = resident().saturating_sub(before);
        // other tests run beside this one
        assert!(kept < 256 << 20, "{kept} bytes are still held");
    }
}

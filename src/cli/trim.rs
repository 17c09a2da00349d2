//! Gives back what only starting needed of the program's own file.
#![expect(unsafe_code, reason = "dropping mapped pages is unsafe by nature; argued at the block")]

use std::fs;
use std::io;
use std::ops::Range;

use rustix::mm::{Advice, madvise};

/// Unmaps the pages of this program's code. What is still used comes back from the page cache with
/// its next use, 64 KiB at a time; the command line, the settings and the recovery of logs, which
/// is most of it, do not. It saves a broker that has little to do about half of its memory.
pub(super) fn code_pages() {
    if let Err(error) = unmap_code() {
        // nothing but a figure depends on it
        tracing::debug!(%error, "the code pages stay mapped");
    }
}

fn unmap_code() -> io::Result<()> {
    let program = fs::read_link("/proc/self/exe")?;
    let maps = fs::read_to_string("/proc/self/maps")?;
    let own = maps.lines().filter_map(|line| code_range(line, program.to_str()?));
    for range in own {
        let start = std::ptr::with_exposed_provenance_mut(range.start);
        // SAFETY: the range is a map of this program's file that nobody can write to, so each of
        // its pages still is what the file holds, and is read from there again when it is next
        // touched, by whatever thread.
        unsafe { madvise(start, range.len(), Advice::LinuxDontNeed)? };
    }
    Ok(())
}

/// The addresses of a line of `/proc/self/maps`, if it is code of this program.
fn code_range(line: &str, program: &str) -> Option<Range<usize>> {
    let mut fields = line.split_ascii_whitespace();
    let (from, to) = fields.next()?.split_once('-')?;
    let code = fields.next()? == "r-xp" && line.ends_with(program);
    let address = |text| usize::from_str_radix(text, 16).ok();
    code.then_some(address(from)?..address(to)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_programs_own_code_is_unmapped() {
        let line = "5600f0000000-5600f0003000 r-xp 0001e000 fe:00 42   /opt/ottla";
        assert_eq!(code_range(line, "/opt/ottla"), Some(0x5600_f000_0000..0x5600_f000_3000));
        assert_eq!(code_range(line, "/lib/libc.so.6"), None);
        // relocated data would be lost
        assert_eq!(code_range(&line.replace("r-xp", "r--p"), "/opt/ottla"), None);
        assert_eq!(code_range("nonsense", "nonsense"), None);
    }

    #[test]
    fn the_code_runs_on() {
        unmap_code().unwrap();
        assert!(unmap_code().is_ok());
    }
}

//! What a page says of where and when it was made.

use std::path::Path;
use std::process::Command;

/// Cores, processor, memory and kernel.
pub(super) fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let kib: f64 = memory.trim_end_matches("kB").trim().parse().unwrap_or(0.0);
    format!(
        "{cores} cores, {}, {:.0} GB, Linux {}",
        field(&read("/proc/cpuinfo"), "model name"),
        kib * 1024.0 / 1e9,
        read("/proc/sys/kernel/osrelease").trim()
    )
}

/// The commit that this program was built in, if its source is still there; marked where files
/// have changed since.
pub(super) fn commit() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = if here.is_dir() { here } else { Path::new(".") };
    let asked = Command::new("git")
        .args(["describe", "--always", "--dirty=, changed", "--exclude=*"])
        .current_dir(here)
        .output();
    match asked {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "commit not known".to_owned(),
    }
}

/// What a program says with `--version`: the last word of its first line.
pub(super) fn version_of(program: &Path) -> String {
    let asked = Command::new(program).arg("--version").output();
    let text = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let word = text.lines().next().and_then(|line| line.split_whitespace().last());
    word.unwrap_or_default().trim_start_matches('v').to_owned()
}

/// The date of a day, counted from 1970, as YYYY-MM-DD.
pub(super) fn date(day: i64) -> String {
    // eras of 400 years that begin in March, so that the leap day is the last of its year
    let shifted = day + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(19_782), "2024-02-29");
        assert_eq!(date(20_513), "2026-03-01");
        assert_eq!(date(20_818), "2026-12-31");
    }

    #[test]
    fn a_program_without_a_version_has_none() {
        assert_eq!(version_of(Path::new("/nowhere/at/all")), "");
        let echo = version_of(Path::new("/bin/echo"));
        assert!(!echo.contains(' '), "{echo}");
    }
}

//! Standstills of the machine: a thread on each core that sleeps two milliseconds at a time and
//! writes down by how much it woke late.
//!
//! At real-time priority neither the broker nor the bench actors can keep it waiting; what it sees
//! is the kernel's own work on its core, and a host that holds the whole virtual machine still. The
//! latter holds all cores at once.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rustix::thread::{
    CpuSet, clock_nanosleep_relative, gettid, sched_getaffinity, sched_setaffinity,
};
use rustix::time::{ClockId, Timespec};

use crate::clock::{now, seconds};
use crate::floors::thread_cpu;
use crate::histogram::{Latencies, as_f64};
use crate::report::Report;

/// Slept at a time: a wake-up of a core that slept costs a virtual machine some 20 µs, and what is
/// found this way is no shorter than what it is to explain.
const NAP: u64 = 2_000_000;
/// What is later than this is a gap.
const GAP: u64 = 4_000_000;
/// Gaps of a core that are remembered one by one.
const MOST: usize = 10_000;

/// The running threads.
pub(crate) struct StallMeter {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Core>>,
}

/// What the thread of one core has seen.
#[derive(Debug, Default)]
struct Core {
    late: Latencies,
    /// From when it should have woken to when it did.
    gaps: Vec<(u64, u64)>,
    real_time: bool,
    /// Share of the core that the thread itself took.
    cpu: f64,
}

impl StallMeter {
    /// Begins on each core that this process may use.
    pub(crate) fn start() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let allowed = sched_getaffinity(None).unwrap_or_default();
        let cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        let threads = cores
            .map(|core| {
                let ended = Arc::clone(&ended);
                std::thread::spawn(move || watch(core, &ended))
            })
            .collect();
        Self { ended, threads }
    }

    /// Ends; a thread that cannot be asked has seen nothing.
    pub(crate) fn stop(self) -> Stalls {
        self.ended.store(true, Ordering::Relaxed);
        Stalls(self.threads.into_iter().map(|thread| thread.join().unwrap_or_default()).collect())
    }
}

fn watch(core: usize, ended: &AtomicBool) -> Core {
    let mut only = CpuSet::new();
    only.set(core);
    // wherever else it runs, it still sees when the whole machine stands still
    _ = sched_setaffinity(None, &only);
    let mut seen = Core { real_time: real_time(), ..Core::default() };
    let (begun, cpu) = (now(), thread_cpu());
    let nap = Timespec { tv_sec: 0, tv_nsec: NAP.cast_signed() };
    loop {
        let due = now() + NAP;
        // a signal wakes it early, and then it is not late
        _ = clock_nanosleep_relative(ClockId::Monotonic, &nap);
        let woke = now();
        seen.late.record(due, woke);
        if woke > due + GAP && seen.gaps.len() < MOST {
            seen.gaps.push((due, woke));
        }
        if ended.load(Ordering::Relaxed) {
            break;
        }
    }
    let used = thread_cpu().saturating_sub(cpu).as_secs_f64();
    seen.cpu = used / seconds(now() - begun).max(1e-9);
    seen
}

/// Asks for real-time priority for this thread, by the system's own tool; whether it was given.
fn real_time() -> bool {
    let thread = gettid().as_raw_nonzero().to_string();
    let mut tool = Command::new("chrt");
    tool.args(["--fifo", "--pid", "50", &thread]).stdout(Stdio::null()).stderr(Stdio::null());
    tool.status().is_ok_and(|status| status.success())
}

/// What all cores have seen.
pub(crate) struct Stalls(Vec<Core>);

impl Stalls {
    /// Adds the figures to a result.
    pub(crate) fn write(&self, report: &mut Report) {
        let mut late = Latencies::new();
        self.0.iter().for_each(|core| late.add(&core.late));
        let gaps = || self.0.iter().flat_map(|core| &core.gaps);
        let lengths = || gaps().map(|(from, to)| to - from);
        let ms = |nanoseconds: u64| as_f64(nanoseconds) / 1e6;
        report.set("stall_gaps", gaps().count());
        report.number("stall_sum_ms", ms(lengths().sum()));
        report.number("stall_max_ms", as_f64(late.quantile(1.0)) / 1e3);
        report.number("stall_p99_9_ms", as_f64(late.quantile(0.999)) / 1e3);
        report.number("stall_all_cores_ms", ms(self.all_at_once()));
        report.set("stall_real_time", self.0.iter().all(|core| core.real_time));
        let cpu: f64 = self.0.iter().map(|core| core.cpu * 100.0).sum();
        report.number("stall_meter_cpu_pct", cpu);
    }

    /// How long all cores were held at the same time.
    fn all_at_once(&self) -> u64 {
        let mut cores = self.0.iter().map(|core| core.gaps.clone());
        let first = cores.next().unwrap_or_default();
        let all = cores.fold(first, |held, gaps| {
            let both = held.iter().flat_map(|a| gaps.iter().map(|b| (a.0.max(b.0), a.1.min(b.1))));
            both.filter(|(from, to)| from < to).collect()
        });
        all.iter().map(|(from, to)| to - from).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_core_is_watched_and_little_is_used() {
        let meter = StallMeter::start();
        let begun = now();
        while now() - begun < 50_000_000 {
            std::thread::yield_now();
        }
        let stalls = meter.stop();
        let most = (now() - begun) / NAP + 1;
        assert_eq!(stalls.0.len(), sched_getaffinity(None).unwrap().count() as usize);
        for core in &stalls.0 {
            let naps = core.late.count();
            assert!((1..=most).contains(&naps), "a nap is no shorter than it should be: {naps}");
            assert!(core.gaps.len() <= MOST && core.cpu < 1.0);
        }
        let mut report = Report::new("x");
        stalls.write(&mut report);
        assert!(report.json()["stall_max_ms"].as_f64() >= Some(0.0));
    }

    #[test]
    fn what_holds_all_cores_is_told_from_what_holds_one() {
        let core = |gaps: &[(u64, u64)]| Core { gaps: gaps.to_vec(), ..Core::default() };
        let one = core(&[(0, 10), (20, 30), (50, 60)]);
        let two = core(&[(5, 12), (28, 55)]);
        assert_eq!(Stalls(vec![one, two]).all_at_once(), 5 + 2 + 5);
        assert_eq!(Stalls(vec![core(&[(0, 10)]), core(&[])]).all_at_once(), 0);
        assert_eq!(Stalls(Vec::new()).all_at_once(), 0);
    }
}

//! What the broker, this client and the machine used, from `/proc`.

use std::fs;

use serde_json::{Map, Value, json};

use crate::clock::{now, seconds};
use crate::histogram::as_f64;
use crate::report::rounded;

/// Processor seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cpu {
    /// In user mode.
    pub(crate) user: f64,
    /// In the kernel.
    pub(crate) system: f64,
}

impl Cpu {
    /// What process `id` has used since it began, ended threads included.
    pub(crate) fn of(id: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?, tick())
    }

    fn parse(stat: &str, tick: f64) -> Option<Self> {
        // the name of the program stands in parentheses and may hold anything
        let mut fields = stat.get(stat.rfind(')')? + 2..)?.split(' ').skip(11);
        let mut next = || fields.next()?.parse::<f64>().ok().map(|ticks| ticks / tick);
        Some(Self { user: next()?, system: next()? })
    }

    /// Both together.
    pub(crate) fn total(self) -> f64 {
        self.user + self.system
    }

    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { user: self.user - earlier.user, system: self.system - earlier.system }
    }
}

/// The kernel's clock ticks in a second.
fn tick() -> f64 {
    as_f64(rustix::param::clock_ticks_per_second())
}

/// The memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident.
    pub(crate) resident: u64,
    anonymous: u64,
    file: u64,
    peak: u64,
    threads: u64,
}

impl Memory {
    /// What process `id` has now.
    pub(crate) fn of(id: u32) -> Option<Self> {
        Some(Self::parse(&fs::read_to_string(format!("/proc/{id}/status")).ok()?))
    }

    fn parse(status: &str) -> Self {
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0_u64)
        };
        Self {
            resident: field("VmRSS:") * 1024,
            anonymous: field("RssAnon:") * 1024,
            file: (field("RssFile:") + field("RssShmem:")) * 1024,
            peak: field("VmHWM:") * 1024,
            threads: field("Threads:"),
        }
    }

    /// What goes into a result.
    pub(crate) fn to_json(self) -> Value {
        let mb = |bytes: u64| rounded(as_f64(bytes) / 1e6);
        json!({
            "rss_mb": mb(self.resident),
            "rss_anon_mb": mb(self.anonymous),
            "rss_file_mb": mb(self.file),
            "rss_peak_mb": mb(self.peak),
            "threads": self.threads,
        })
    }
}

/// The growth of a process's resident memory in bytes; none without a process.
pub(crate) fn growth(before: Option<Memory>, after: Option<Memory>) -> Option<f64> {
    Some(as_f64(after?.resident) - as_f64(before?.resident))
}

/// Seconds the machine was busy, and was kept waiting by its host.
pub(crate) fn machine() -> (f64, f64) {
    parse_machine(&fs::read_to_string("/proc/stat").unwrap_or_default(), tick())
}

fn parse_machine(stat: &str, tick: f64) -> (f64, f64) {
    let line = stat.lines().next().unwrap_or_default();
    let ticks = line.split_whitespace().skip(1).map(|field| field.parse::<f64>().unwrap_or(0.0));
    let mut busy = 0.0;
    let mut stolen = 0.0;
    // user, nice, system, idle, waiting for disks, interrupts, soft interrupts, stolen
    for (index, count) in ticks.enumerate() {
        match index {
            0 | 1 | 2 | 5 | 6 => busy += count / tick,
            7 => stolen = count / tick,
            _ => {}
        }
    }
    (busy, stolen)
}

/// Megabytes that wait to be written to disks.
pub(crate) fn dirty_mb() -> f64 {
    let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let lines = text.lines().filter(|l| l.starts_with("Dirty:") || l.starts_with("Writeback:"));
    lines.filter_map(|l| l.split_whitespace().nth(1)?.parse::<f64>().ok()).sum::<f64>() / 1e3
}

/// Percent of a core that others may use, and that the host may take, before a result is marked.
const DISTURBING: [(&str, f64); 2] = [("other_cpu_pct", 25.0), ("steal_pct", 5.0)];

/// How much others on the machine, or its host, disturbed a measurement; above 1 it is marked.
pub(crate) fn disturbance(result: &Value) -> f64 {
    let share = |(name, most): &(&str, f64)| result.get(*name)?.as_f64().map(|part| part / most);
    DISTURBING.iter().filter_map(share).fold(0.0, f64::max)
}

/// The load average of the last minute.
pub(crate) fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|first| first.parse().ok()).unwrap_or(0.0)
}

/// What all three had used at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    pid: Option<u32>,
    broker: Option<Cpu>,
    client: Cpu,
    machine: (f64, f64),
    at: u64,
}

/// What the broker did in the time that was measured.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Work {
    /// Messages.
    pub(crate) messages: f64,
    /// Megabytes on the wire.
    pub(crate) megabytes: f64,
    /// Requests.
    pub(crate) requests: f64,
}

impl Meter {
    /// Begins to measure; the broker's highest memory counts from now.
    pub(crate) fn start(pid: Option<u32>) -> Self {
        if let Some(pid) = pid {
            // only the owner of the process may; then the peak is that of its whole life
            _ = fs::write(format!("/proc/{pid}/clear_refs"), "5");
        }
        Self {
            pid,
            broker: pid.and_then(Cpu::of),
            client: Cpu::of(std::process::id()).unwrap_or_default(),
            machine: machine(),
            at: now(),
        }
    }

    /// Ends the measurement.
    pub(crate) fn stop(self) -> Used {
        let end = Self::start(None);
        let pid_now = self.pid.and_then(Cpu::of);
        Used {
            seconds: seconds(end.at - self.at),
            broker: self.broker.zip(pid_now).map(|(before, after)| after.since(before)),
            memory: self.pid.and_then(Memory::of),
            client: end.client.since(self.client),
            machine: end.machine.0 - self.machine.0,
            stolen: end.machine.1 - self.machine.1,
        }
    }
}

/// What was used between two moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Used {
    /// Between the two.
    pub(crate) seconds: f64,
    /// The broker's processor time.
    pub(crate) broker: Option<Cpu>,
    memory: Option<Memory>,
    client: Cpu,
    machine: f64,
    stolen: f64,
}

impl Used {
    /// Percent of a core that the broker used.
    pub(crate) fn broker_percent(&self) -> Option<f64> {
        self.broker.map(|cpu| cpu.total() / self.seconds.max(1e-9) * 100.0)
    }

    /// Adds the figures to a result.
    pub(crate) fn write(&self, out: &mut Map<String, Value>, work: Work) {
        let percent = |s: f64| json!(rounded(s / self.seconds.max(1e-9) * 100.0));
        out.insert("client_cpu_pct".into(), percent(self.client.total()));
        // what neither used: the work of others, or the kernel's own, on the same machine
        let known = self.broker.unwrap_or_default().total() + self.client.total();
        out.insert("other_cpu_pct".into(), percent(self.machine - known));
        if self.stolen > 0.0 {
            out.insert("steal_pct".into(), percent(self.stolen));
        }
        let (Some(cpu), Some(memory)) = (self.broker, self.memory) else { return };
        let mut broker = memory.to_json();
        let microseconds = cpu.total() * 1e6;
        for (name, value) in [
            ("user_s", cpu.user),
            ("sys_s", cpu.system),
            ("cpu_pct", cpu.total() / self.seconds.max(1e-9) * 100.0),
            ("cpu_us_per_msg", microseconds / work.messages.max(1.0)),
            ("cpu_us_per_mb", microseconds / work.megabytes.max(1e-9)),
            ("cpu_us_per_req", microseconds / work.requests.max(1.0)),
        ] {
            broker[name] = json!(rounded(value));
        }
        out.insert("broker".into(), broker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_with_an_odd_name_is_read() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        let cpu = Cpu::parse(stat, 100.0).unwrap();
        assert_eq!(cpu, Cpu { user: 1.5, system: 0.5 });
        assert_eq!(Cpu::parse("42 (cut", 100.0), None);
    }

    #[test]
    fn memory_is_in_bytes() {
        let memory = Memory::parse("VmHWM:\t 200 kB\nVmRSS:\t 100 kB\nThreads:\t6\n");
        assert_eq!(memory.resident, 102_400);
        assert_eq!(memory.to_json()["threads"], 6);
    }

    #[test]
    fn idle_time_of_the_machine_is_not_busy() {
        let (busy, stolen) = parse_machine("cpu  100 0 100 9999 50 0 0 30 0 0\n", 100.0);
        assert!((busy - 2.0).abs() < 1e-9);
        assert!((stolen - 0.3).abs() < 1e-9);
    }

    #[test]
    fn others_and_the_host_both_disturb() {
        let of = |others: f64, host: f64| {
            disturbance(&json!({"other_cpu_pct": others, "steal_pct": host}))
        };
        assert!(of(25.0, 5.0) <= 1.0);
        assert!(of(26.0, 0.0) > 1.0 && of(0.0, 6.0) > 1.0);
        assert!(of(10.0, 4.0) > of(15.0, 1.0), "the host weighs more");
        assert!(disturbance(&json!({})) <= 0.0);
    }

    #[test]
    fn this_process_has_used_something() {
        let used = Meter::start(Some(std::process::id())).stop();
        let mut out = Map::new();
        used.write(&mut out, Work { messages: 1.0, megabytes: 1.0, requests: 1.0 });
        assert!(out["broker"]["rss_mb"].as_f64().unwrap() > 0.0);
        assert!(out.contains_key("client_cpu_pct"));
    }
}

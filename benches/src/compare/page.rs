//! The page of a comparison: table, ratios, floors, machine, raw lines and plots.

use std::fmt::Write;
use std::path::Path;

use serde_json::Value;

use super::matrix::{Floor, ROWS, WARM_UP};
use super::{CompareOptions, Comparison};
use crate::batch::wall_ms;
use crate::error::BenchError;
use crate::report::{count, digits, sound, time};
use crate::svg::{self, Bars};

/// Writes the page and everything beside it.
pub(super) fn write(
    options: &CompareOptions,
    brokers: &[String],
    lines: &[Value],
) -> Result<Comparison, BenchError> {
    let name = options.name.clone().unwrap_or_else(|| date(wall_ms() / 86_400_000));
    let put = |file: String, text: String| {
        let path = options.out.join(file);
        std::fs::write(&path, text).map_err(BenchError::system(path.display().to_string()))
    };
    std::fs::create_dir_all(&options.out)
        .map_err(BenchError::system(options.out.display().to_string()))?;
    let table = table(brokers, lines);
    let mut raw = String::new();
    lines.iter().for_each(|line| _ = writeln!(raw, "{line}"));
    put(format!("{name}.jsonl"), raw)?;
    for (kind, title, unit, pointer, prefix) in PLOTS {
        let rows = bars(brokers, lines, pointer, prefix);
        let names: Vec<&str> = brokers.iter().map(String::as_str).collect();
        put(format!("{name}-{kind}.svg"), svg::bars(title, unit, &names, &rows))?;
    }
    put(format!("{name}.md"), page(options, &name, brokers, &table, lines))?;
    let failed = lines.iter().any(|line| line.get("error").is_some() || !sound(line));
    Ok(Comparison { table, page: options.out.join(format!("{name}.md")), sound: !failed })
}

/// Name, title, unit, field and the rows it is drawn for.
const PLOTS: &[(&str, &str, &str, &str, &str)] = &[
    ("cpu", "Broker CPU a produce request (lower is better)", " µs", "/broker/cpu_us_per_req", ""),
    ("throughput", "Produced messages a second (higher is better)", "", "/msgs_per_s", ""),
    ("p99", "Latency of a produce request, 99 of 100 (lower is better)", " µs", "/lat_us/p99", ""),
    (
        "read",
        "Broker CPU a megabyte read (lower is better)",
        " µs",
        "/broker/cpu_us_per_mb",
        "consume",
    ),
];

/// The line of a row that counts: where there are several, the one that others disturbed least.
fn line<'a>(lines: &'a [Value], label: &str, broker: &str) -> Option<&'a Value> {
    let disturbed = |line: &Value| line["other_cpu_pct"].as_f64().unwrap_or(0.0);
    let of_row = lines.iter().filter(|line| {
        line["label"] == label && (broker.is_empty() || line["broker_name"] == broker)
    });
    of_row.min_by(|a, b| {
        let failed = |line: &Value| line.get("error").is_some();
        failed(a).cmp(&failed(b)).then(disturbed(a).total_cmp(&disturbed(b)))
    })
}

fn labels() -> impl Iterator<Item = (&'static str, Floor)> {
    let rows = ROWS.iter().filter(|row| row.label != WARM_UP);
    std::iter::once(("startup", Floor::None)).chain(rows.map(|row| (row.label, row.floor)))
}

fn table(brokers: &[String], lines: &[Value]) -> String {
    let mut out = format!("| row | {} |", brokers.join(" | "));
    let compared = brokers.len() == 2;
    if compared {
        out.push_str(" rate or time | CPU |");
    }
    out.push_str(" floor |\n|---|");
    out.push_str(&"---|".repeat(brokers.len() + if compared { 3 } else { 1 }));
    out.push('\n');
    for (label, floor) in labels() {
        let cells: Vec<Option<&Value>> =
            brokers.iter().map(|broker| line(lines, label, broker)).collect();
        if cells.iter().all(Option::is_none) {
            continue;
        }
        _ = write!(out, "| {label} |");
        for cell in &cells {
            _ = write!(out, " {} |", cell.map_or_else(|| "–".to_owned(), crate::text::cell));
        }
        if compared {
            let ratio = |gain: fn(&Value) -> Option<f64>| {
                let (ours, theirs) = (cells[0].and_then(gain), cells[1].and_then(gain));
                let ratio = ours.zip(theirs).filter(|(_, theirs)| *theirs > 0.0);
                ratio.map_or_else(|| "–".to_owned(), |(o, t)| format!("{} ×", digits(o / t)))
            };
            _ = write!(out, " {} | {} |", ratio(speed), ratio(thrift));
        }
        let floor = cells[0].and_then(|cell| least(floor, cell, &lines[0]));
        _ = writeln!(out, " {} |", floor.unwrap_or_else(|| "–".to_owned()));
    }
    out
}

/// How good a row is, more is better: its rate, or how often its time goes into a second.
fn speed(result: &Value) -> Option<f64> {
    let rate = |name: &str| result.get(name).and_then(Value::as_f64);
    let inverse =
        |pointer: &str| result.pointer(pointer)?.as_f64().map(|time| 1.0 / time.max(1e-9));
    if result.get("behind_reqs").is_some() {
        // at a fixed rate what counts is latency
        return inverse("/lat_us/p99").or_else(|| inverse("/e2e_us/p99"));
    }
    rate("msgs_per_s")
        .or_else(|| rate("connects_per_s"))
        .or_else(|| inverse("/first_batch_to_each_s"))
        .or_else(|| inverse("/metadata_s"))
        .or_else(|| if result["mode"] == "rss" { inverse("/broker/rss_mb") } else { None })
}

/// How little it costs, more is better.
fn thrift(result: &Value) -> Option<f64> {
    let fields = ["/broker/cpu_us_per_req", "/broker_cpu_us_per_conn", "/broker_cpu_s", "/cpu_s"];
    let first = if result["mode"] == "consume" { "/broker/cpu_us_per_mb" } else { fields[0] };
    let mut found =
        std::iter::once(first).chain(fields).filter_map(|f| result.pointer(f)?.as_f64());
    found.next().filter(|cost| *cost > 0.0).map(|cost| 1.0 / cost)
}

/// The least that a row can cost, from the floors of the same run.
fn least(floor: Floor, result: &Value, floors: &Value) -> Option<String> {
    let of = |name: &str| floors.get(name).and_then(Value::as_f64);
    match floor {
        Floor::None => None,
        Floor::Append => {
            let bytes = result.get("req_bytes")?.as_f64()?;
            let small = bytes < 100_000.0;
            let append = of(if small { "append_16kb_us_per_mb" } else { "append_us_per_mb" })?;
            let crc = of(if small { "crc_16kb_us_per_mb" } else { "crc_us_per_mb" })?;
            let megabyte = of("receive_us_per_mb")? + append + crc;
            Some(format!("{} µs/request", digits(megabyte * bytes / 1e6)))
        }
        Floor::RoundTrip => Some(format!("{} µs/request", digits(of("round_trip_cpu_us")?))),
        Floor::SendFile => Some(format!("{} µs/MB", digits(of("sendfile_us_per_mb")?))),
    }
}

fn bars(brokers: &[String], lines: &[Value], pointer: &str, prefix: &str) -> Vec<Bars> {
    let wanted = |label: &str| {
        if prefix.is_empty() {
            label.starts_with("produce") || label.starts_with("single") || label.starts_with("rate")
        } else {
            label.starts_with(prefix)
        }
    };
    let labels = labels().map(|(label, _)| label).filter(|label| wanted(label));
    let row = |label: &str| {
        let value = |broker: &String| line(lines, label, broker)?.pointer(pointer)?.as_f64();
        (label.to_owned(), brokers.iter().map(value).collect::<Vec<_>>())
    };
    labels.map(row).filter(|(_, values)| values.iter().any(Option::is_some)).collect()
}

fn page(
    options: &CompareOptions,
    name: &str,
    brokers: &[String],
    table: &str,
    lines: &[Value],
) -> String {
    let extent = options.extent();
    let mut out = format!("# {}, {name}\n\n", brokers.join(" beside "));
    _ = writeln!(out, "Machine: {}.", machine());
    _ = writeln!(
        out,
        "Ottla {} ({}). Bench actors and broker share the machine; each row was measured for {} s, \
         on one broker and then on the other, {} time(s); of several, the least disturbed counts.",
        env!("CARGO_PKG_VERSION"),
        commit(),
        extent.seconds,
        options.rounds.max(1)
    );
    _ = writeln!(out, "Floors of the same run: {}.", floors(&lines[0]));
    _ = writeln!(out, "Raw lines: `{name}.jsonl`. Command: `benches/compare`.\n");
    out.push_str(
        "The figures move with the machine's noise: read the ratios. Both ratios are first broker \
         to second, more is better: rate (at a fixed rate the 99th percentile, else time or \
         memory), and broker CPU a request, a megabyte or a connection. In bold what the broker \
         spends. * others used more than 25 % of a core meanwhile.\n\n",
    );
    out.push_str(table);
    out.push('\n');
    for (kind, title, ..) in PLOTS {
        _ = writeln!(out, "![{title}]({name}-{kind}.svg)");
    }
    out
}

fn floors(line: &Value) -> String {
    let of = |name: &str| line.get(name).and_then(Value::as_f64).unwrap_or(0.0);
    let p50 = line.pointer("/round_trip_us/p50").and_then(Value::as_f64).unwrap_or(0.0);
    format!(
        "a bare round trip on a socket p50 {} and {} µs of CPU; a megabyte received {} µs, \
         appended in 16 KB {} µs, in 1 MB {} µs, checksum {} µs, sent with sendfile {} µs",
        time(p50),
        digits(of("round_trip_cpu_us")),
        count(of("receive_us_per_mb")),
        count(of("append_16kb_us_per_mb")),
        count(of("append_us_per_mb")),
        count(of("crc_us_per_mb")),
        count(of("sendfile_us_per_mb"))
    )
}

fn machine() -> String {
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
        kib / 1e6,
        read("/proc/sys/kernel/osrelease").trim()
    )
}

fn commit() -> String {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let asked = std::process::Command::new("git")
        .args(["rev-parse", "--short", "HEAD"])
        .current_dir(if here.is_dir() { here } else { Path::new(".") })
        .output();
    match asked {
        Ok(output) if output.status.success() => {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        }
        _ => "commit not known".to_owned(),
    }
}

/// The date of a day, counted from 1970, as YYYY-MM-DD.
fn date(day: i64) -> String {
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
    use serde_json::json;

    use super::*;

    fn lines() -> Vec<Value> {
        vec![
            json!({"mode": "floors", "receive_us_per_mb": 250.0, "append_16kb_us_per_mb": 500.0,
                   "crc_16kb_us_per_mb": 85.0, "round_trip_us": {"p50": 10}}),
            json!({"mode": "produce", "label": "produce-1KBx16-p16-acks1", "broker_name": "a",
                   "msgs_per_s": 300.0, "req_bytes": 16_000, "other_cpu_pct": 90.0,
                   "broker": {"cpu_us_per_req": 99.0}}),
            json!({"mode": "produce", "label": "produce-1KBx16-p16-acks1", "broker_name": "a",
                   "msgs_per_s": 600.0, "req_bytes": 16_000, "other_cpu_pct": 2.0,
                   "broker": {"cpu_us_per_req": 25.0}}),
            json!({"mode": "produce", "label": "produce-1KBx16-p16-acks1", "broker_name": "b",
                   "msgs_per_s": 200.0, "req_bytes": 16_000, "other_cpu_pct": 2.0,
                   "broker": {"cpu_us_per_req": 100.0}}),
        ]
    }

    #[test]
    fn the_least_disturbed_round_counts_and_more_is_better() {
        let table = table(&["a".to_owned(), "b".to_owned()], &lines());
        let row = table.lines().nth(2).unwrap();
        assert!(row.contains("600 msg/s") && !row.contains("300 msg/s"), "{row}");
        assert!(row.ends_with("| 3 × | 4 × | 13.4 µs/request |"), "{row}");
        assert_eq!(table.lines().count(), 3, "rows without a result are left out");
    }

    #[test]
    fn one_broker_alone_has_no_ratios() {
        let table = table(&["a".to_owned()], &lines());
        assert!(table.starts_with("| row | a | floor |\n|---|---|---|\n"), "{table}");
    }

    #[test]
    fn a_fixed_rate_is_judged_by_its_latency() {
        let at = |p99: u64| json!({"behind_reqs": 0, "msgs_per_s": 1.0, "lat_us": {"p99": p99}});
        assert!(speed(&at(500)).unwrap() > speed(&at(1000)).unwrap());
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(19_782), "2024-02-29");
        assert_eq!(date(20_513), "2026-03-01");
        assert_eq!(date(20_818), "2026-12-31");
    }

    #[test]
    fn plots_have_the_rows_that_were_run() {
        let rows = bars(&["a".to_owned(), "b".to_owned()], &lines(), "/msgs_per_s", "");
        assert_eq!(rows, [("produce-1KBx16-p16-acks1".to_owned(), vec![Some(600.0), Some(200.0)])]);
        assert!(bars(&["a".to_owned()], &lines(), "/msgs_per_s", "consume").is_empty());
    }
}

//! The ways side by side.

use serde_json::Value;

use crate::report::{count, digits, time};

/// A table in Markdown: a row for each way, with the medians of its rounds.
pub(super) fn of(lines: &[Value]) -> String {
    let mut paths: Vec<&str> = Vec::new();
    for line in lines {
        let path = text(line, "path");
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let mut table = String::from(
        "| path | 150 a batch: records/s | MB/s | p50 | p99 | CPU a record | CPU a batch \
         | one a batch, many under way: records/s | CPU a record \
         | one at a time: p50 | p99 | CPU a record |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for path in paths {
        let figure = |work, name| median(lines, path, work, name);
        let show = |value: Option<f64>, with: fn(f64) -> String| {
            value.map_or_else(|| "–".to_owned(), with)
        };
        let cells = [
            show(figure("batches", "/msgs_per_s"), count),
            show(figure("batches", "/mb_per_s"), digits),
            show(figure("batches", "/lat_us/p50"), time),
            show(figure("batches", "/lat_us/p99"), time),
            show(figure("batches", "/cpu_ns_per_msg"), nanoseconds),
            show(figure("batches", "/cpu_ns_per_msg").map(|ns| ns * 150.0), nanoseconds),
            show(figure("many", "/msgs_per_s"), count),
            show(figure("many", "/cpu_ns_per_msg"), nanoseconds),
            show(figure("single", "/lat_us/p50"), time),
            show(figure("single", "/lat_us/p99"), time),
            show(figure("single", "/cpu_ns_per_msg"), nanoseconds),
        ];
        table.push_str(&format!("| {path} | {} |\n", cells.join(" | ")));
    }
    table.push_str(&pairs(lines));
    table
}

/// The same work through a socket and without one: batches that are made once, and records that an
/// application hands over.
const PAIRS: [(&str, &str); 5] = [
    ("engine-sealed", "wire"),
    ("engine-encoded", "wire"),
    ("engine-here-sealed", "wire"),
    ("engine", "client"),
    ("engine-here", "client"),
];

fn pairs(lines: &[Value]) -> String {
    let mut out = String::new();
    for (inside, outside) in PAIRS {
        for (work, what) in [("batches", "150 a batch"), ("many", "one a batch")] {
            let of = |path, name| median(lines, path, work, name);
            let rates = (of(inside, "/msgs_per_s"), of(outside, "/msgs_per_s"));
            let costs = (of(outside, "/cpu_ns_per_msg"), of(inside, "/cpu_ns_per_msg"));
            let ((Some(more), Some(less)), (Some(dear), Some(cheap))) = (rates, costs) else {
                continue;
            };
            out.push_str(&format!(
                "\n{inside} against {outside}, {what}: {} times the records a second, \
                 {} times the records for the same CPU",
                digits(more / less.max(1e-9)),
                digits(dear / cheap.max(1e-9)),
            ));
        }
    }
    if out.is_empty() { out } else { out + "\n" }
}

fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The median of all rounds, the better middle one of an even number.
fn median(lines: &[Value], path: &str, work: &str, name: &str) -> Option<f64> {
    let of_row = |line: &&Value| text(line, "path") == path && text(line, "work") == work;
    let value = |line: &Value| line.pointer(name).and_then(Value::as_f64);
    let mut values: Vec<f64> = lines.iter().filter(of_row).filter_map(value).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn nanoseconds(value: f64) -> String {
    if value < 1_000.0 { format!("{} ns", digits(value)) } else { time(value / 1e3) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_path_has_a_row_with_all_kinds_of_work() {
        let lines = [
            json!({"path": "wire", "work": "batches", "msgs_per_s": 6e6, "mb_per_s": 600.0,
                   "lat_us": {"p50": 300.0, "p99": 2000.0}, "cpu_ns_per_msg": 160.0}),
            json!({"path": "wire", "work": "single", "lat_us": {"p50": 70.0, "p99": 150.0},
                   "cpu_ns_per_msg": 20_000.0}),
            json!({"path": "java", "work": "batches", "msgs_per_s": 1e6, "mb_per_s": 100.0}),
        ];
        let table = of(&lines);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| wire | 6 M | 600 | 300 µs | 2 ms | 160 ns | 24 µs | – | – \
                 | 70 µs | 150 µs | 20 µs |",
                "| java | 1 M | 100 | – | – | – | – | – | – | – | – | – |",
            ]
        );
    }

    #[test]
    fn what_compares_is_compared_by_the_medians_of_the_rounds() {
        let line = |path: &str, rate: f64, cpu: f64| {
            let mut line = json!({"path": path, "work": "batches", "msgs_per_s": rate});
            line["cpu_ns_per_msg"] = json!(cpu);
            line
        };
        let rounds = [(1e6, 900.0), (2e6, 400.0), (9e6, 100.0)];
        let mut lines: Vec<Value> = Vec::new();
        for (rate, cpu) in rounds {
            lines.extend([line("wire", rate, cpu), line("engine-sealed", 3.0 * rate, cpu / 4.0)]);
        }
        let last = of(&lines).lines().last().map(str::to_owned);
        let expected = "engine-sealed against wire, 150 a batch: 3 times the records a second, \
                        4 times the records for the same CPU";
        assert_eq!(last.as_deref(), Some(expected));
    }
}

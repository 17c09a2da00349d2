//! The ways side by side.

use serde_json::Value;

use crate::report::{count, digits, time};

/// A table in Markdown: a row for each way, in the order in which they were measured.
pub(super) fn of(lines: &[Value]) -> String {
    let mut paths: Vec<&str> = Vec::new();
    for line in lines {
        let path = text(line, "path");
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    let mut table = String::from(
        "| path | 150 a batch: records/s | MB/s | p50 | p99 | CPU, both ends \
         | one at a time: p50 | p99 |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    for path in paths {
        let of = |work: &str| {
            lines.iter().find(|line| text(line, "path") == path && text(line, "work") == work)
        };
        let (batches, single) = (of("batches"), of("single"));
        let cells = [
            figure(batches, "/msgs_per_s", count),
            figure(batches, "/mb_per_s", digits),
            figure(batches, "/lat_us/p50", time),
            figure(batches, "/lat_us/p99", time),
            processor(batches),
            figure(single, "/lat_us/p50", time),
            figure(single, "/lat_us/p99", time),
        ];
        table.push_str(&format!("| {path} | {} |\n", cells.join(" | ")));
    }
    table
}

fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn figure(line: Option<&Value>, path: &str, show: fn(f64) -> String) -> String {
    let value = line.and_then(|line| line.pointer(path)).and_then(Value::as_f64);
    value.map_or_else(|| "–".to_owned(), show)
}

/// Percent of a core that the broker and its client used together.
fn processor(line: Option<&Value>) -> String {
    let part = |path| line.and_then(|line| line.pointer(path)).and_then(Value::as_f64);
    match (part("/client_cpu_pct"), part("/broker/cpu_pct")) {
        (Some(client), Some(broker)) => format!("{} %", digits(client + broker)),
        // inside one process there is one figure; of other people's clients theirs alone is known
        (Some(client), None) => format!("{} %", digits(client)),
        _ => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_path_has_a_row_with_both_kinds_of_work() {
        let lines = [
            json!({"path": "wire", "work": "batches", "msgs_per_s": 6e6, "mb_per_s": 600.0,
                   "lat_us": {"p50": 300.0, "p99": 2000.0}, "client_cpu_pct": 20.0,
                   "broker": {"cpu_pct": 110.0}}),
            json!({"path": "wire", "work": "single", "lat_us": {"p50": 70.0, "p99": 150.0}}),
            json!({"path": "java", "work": "batches", "msgs_per_s": 1e6, "mb_per_s": 100.0,
                   "client_cpu_pct": 150.0}),
        ];
        let table = of(&lines);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| wire | 6 M | 600 | 300 µs | 2 ms | 130 % | 70 µs | 150 µs |",
                "| java | 1 M | 100 | – | – | 150 % | – | – |",
            ]
        );
    }
}

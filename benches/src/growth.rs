//! Growth: whether a request costs more as partitions and connections become more.

use ottla_core::record::Compression;
use serde_json::{Value, json};

use crate::error::BenchError;
use crate::options::{Common, RecordOptions, TimeOptions, TopicOptions};
use crate::produce::{self, Path, ProduceOptions};
use crate::report::Report;
use crate::stop::Stop;

/// Measures growth: the cost of a request as partitions and connections become more.
///
/// Batches of 150 records over more and more partitions, and single records over more and more
/// connections, one request each.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct GrowthOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    /// Numbers of partitions
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,10,100,1000,10000")]
    pub partitions: Vec<u16>,
    /// Numbers of connections
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,10,100,1000,5000")]
    pub connections: Vec<usize>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub time: TimeOptions,
}

/// Runs one size after the other.
pub(crate) async fn run(options: &GrowthOptions, stop: &Stop) -> Result<Report, BenchError> {
    let mut report = Report::new("growth");
    let mut sound = true;
    for (name, steps) in [
        ("partitions", options.partitions.iter().map(|n| over_partitions(options, *n)).collect()),
        ("connections", over_connections(options)),
    ] {
        let steps: Vec<(u64, ProduceOptions)> = steps;
        let mut points = Vec::new();
        for (size, step) in steps {
            let result = produce::run(&step, stop, None).await?.json();
            sound &= crate::report::sound(&result);
            points.push(point(size, &result));
            if stop.asked() {
                report.set("interrupted", true);
                break;
            }
        }
        if let Some(ratio) = growth(&points) {
            report.number(&format!("{name}_cpu_growth"), ratio);
        }
        report.set(name, points);
    }
    report.set("stored_ok", sound);
    Ok(report)
}

fn over_partitions(options: &GrowthOptions, partitions: u16) -> (u64, ProduceOptions) {
    let batches = step(options, partitions, 4, 5, 150);
    (partitions.into(), ProduceOptions { prime: true, ..batches })
}

fn over_connections(options: &GrowthOptions) -> Vec<(u64, ProduceOptions)> {
    let steps = options.connections.iter();
    steps.map(|count| (*count as u64, step(options, 16, *count, 1, 1))).collect()
}

fn step(
    options: &GrowthOptions,
    partitions: u16,
    connections: usize,
    in_flight: usize,
    batch_records: usize,
) -> ProduceOptions {
    ProduceOptions {
        common: options.common.clone(),
        topic: TopicOptions {
            topic: None,
            partitions,
            replication_factor: 1,
            settings: Vec::new(),
            keep: false,
        },
        records: RecordOptions {
            record_size: 100,
            batch_records,
            compression_type: Compression::None,
        },
        time: options.time,
        connections,
        in_flight,
        acks: 1,
        rate: 0.0,
        parts_per_request: 1,
        prime: false,
        path: Path::Wire,
        cores: 0,
        data: None,
    }
}

fn point(size: u64, result: &Value) -> Value {
    json!({
        "n": size,
        "cpu_us_per_req": result.pointer("/broker/cpu_us_per_req"),
        "msgs_per_s": result.get("msgs_per_s"),
        "p99_us": result.pointer("/lat_us/p99"),
    })
}

/// What a request costs at the largest size, in what it costs at the smallest.
fn growth(points: &[Value]) -> Option<f64> {
    let cost = |point: Option<&Value>| point?.get("cpu_us_per_req")?.as_f64();
    let (first, last) = (cost(points.first())?, cost(points.last())?);
    (first > 0.0).then(|| last / first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_the_last_in_the_first() {
        let points = |costs: &[f64]| {
            let point = |cost: &f64| json!({"n": 1, "cpu_us_per_req": cost});
            costs.iter().map(point).collect::<Vec<_>>()
        };
        assert_eq!(growth(&points(&[20.0, 5.0, 30.0])), Some(1.5));
        assert_eq!(growth(&[]), None);
        assert_eq!(growth(&points(&[0.0])), None);
    }
}

//! Many partitions: how long it takes to make them and to write to each for the first time.

use crate::clock::{now, seconds};
use crate::error::BenchError;
use crate::histogram::as_f64;
use crate::options::{Common, TopicOptions};
use crate::produce::{ONE_EACH, RunTopic, one_each};
use crate::report::Report;
use crate::stop::Stop;
use crate::usage::{Cpu, Memory, growth};
use crate::wire::{Client, LATEST};

/// Measures many partitions: creating them, and the first batch to each.
///
/// Makes one topic of --partitions partitions and writes one batch to each, up to a hundred
/// partitions in a request.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct TopicsOptions {
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub common: Common,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would show it")]
    pub topic: TopicOptions,
}

/// Makes the topic and writes to it.
pub(crate) async fn run(options: &TopicsOptions, stop: &Stop) -> Result<Report, BenchError> {
    let pid = options.common.pid;
    let mut client = Client::connect(&options.common.bootstrap_server).await?;
    let memory = pid.and_then(Memory::of);
    let cpu = pid.and_then(Cpu::of);
    let begun = now();
    let work = async |client: &mut Client, topic: &RunTopic| {
        let created = seconds(now() - begun);
        let mut report = written(options, client, topic, (memory, cpu)).await?;
        report.number("create_to_leaders_s", created);
        Ok(report)
    };
    let mut report = RunTopic::during(&mut client, &options.topic, work).await?;
    if stop.asked() {
        report.set("interrupted", true);
    }
    Ok(report)
}

async fn written(
    options: &TopicsOptions,
    client: &mut Client,
    topic: &RunTopic,
    (memory, cpu): (Option<Memory>, Option<Cpu>),
) -> Result<Report, BenchError> {
    let pid = options.common.pid;
    let partitions = topic.partitions();
    let count = partitions.len();
    let begun = now();
    let before = client.offsets(&topic.topic.name, &partitions, LATEST).await?;
    one_each(client, &topic.topic).await?;
    let after = client.offsets(&topic.topic.name, &partitions, LATEST).await?;
    let elapsed = seconds(now() - begun);
    let mut report = Report::new("topics");
    report.set("partitions", count);
    report.number("first_batch_to_each_s", elapsed);
    let stored: i64 = after.iter().zip(&before).map(|(after, before)| after - before).sum();
    let sent = i64::try_from(count * ONE_EACH).unwrap_or(i64::MAX);
    report.set("acked_msgs", sent);
    report.set("stored_msgs", stored);
    report.set("stored_ok", stored == sent);
    if let Some(growth) = growth(memory, pid.and_then(Memory::of)) {
        report.number("rss_growth_mb", growth / 1e6);
        let partitions = as_f64(u64::try_from(count).unwrap_or(0)).max(1.0);
        report.number("rss_per_partition_kb", growth / 1e3 / partitions);
    }
    if let Some((before, after)) = cpu.zip(pid.and_then(Cpu::of)) {
        report.number("broker_cpu_s", after.total() - before.total());
    }
    if let Some(memory) = pid.and_then(Memory::of) {
        report.set("broker", memory.to_json());
    }
    Ok(report)
}

//! `ottla consumer-perf-test`: how fast records are read.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, ready};
use ottla_actors::client::consumer::{Rebalance, RebalanceListener};
use ottla_actors::client::{Consumer, ConsumerConfig, ConsumerRecord, Partitions};
use parking_lot::Mutex;

use super::consuming;
use super::kit::{Given, Kind, Out, Progress, Properties, Spec, Stop, Tool, block_on, interrupted};
use super::producing::{now_ms, number};

/// `ottla consumer-perf-test`, `kafka-consumer-perf-test`.
pub(super) const TOOL: Tool =
    Tool { name: "consumer-perf-test", about: "Measures how fast records are read", spec, run };

/// The exit code after Ctrl-C, as a shell reports SIGINT.
const INTERRUPTED: u8 = 130;
const MIB: f64 = 1024.0 * 1024.0;

fn spec() -> Spec {
    let spec = Spec::joptsimple("This tool is used to verify the consumer performance.")
        .bootstrap("REQUIRED: The server(s) to connect to.")
        .value("topic", Kind::Text, "topic", "The topic to consume from.")
        .value(
            "include",
            Kind::Text,
            "Java regex (String)",
            "Regular expression specifying list of topics to include for consumption.",
        )
        .value("group", Kind::Text, "gid", "The group id to consume on.")
        .value(
            "fetch-size",
            Kind::Integer,
            "size",
            "The maximum amount of data to fetch from a single partition per request.",
        )
        .default("1048576")
        .value(
            "command-property",
            Kind::Text,
            "prop1=val1",
            "Kafka consumer related configuration properties like client.id. These configs take \
             precedence over those passed via --command-config or --consumer.config.",
        )
        .flag(
            "from-latest",
            "If the consumer does not already have an established offset to consume from, start \
             with the latest record present in the log rather than the earliest record.",
        )
        .value("socket-buffer-size", Kind::Integer, "size", "The size of the tcp RECV size.")
        .default("2097152")
        .value(
            "consumer.config",
            Kind::File,
            "config file",
            "(DEPRECATED) Consumer config properties file. This option will be removed in a \
             future version. Use --command-config instead.",
        )
        .value("command-config", Kind::File, "config file", "Config properties file.");
    reporting(spec)
}

fn reporting(spec: Spec) -> Spec {
    spec.flag(
        "show-detailed-stats",
        "If set, stats are reported for each reporting interval as configured by \
         reporting-interval.",
    )
    .value(
        "timeout",
        Kind::Long,
        "milliseconds",
        "The maximum allowed time in milliseconds between returned records.",
    )
    .optional()
    .default("10000")
    .value(
        "messages",
        Kind::Long,
        "count",
        "(DEPRECATED) The number of records to consume. This option will be removed in a future \
         version. Use --num-records instead.",
    )
    .value("num-records", Kind::Long, "count", "REQUIRED: The number of records to consume.")
    .value(
        "reporting-interval",
        Kind::Long,
        "interval_ms",
        "Interval in milliseconds at which to print progress info.",
    )
    .default("5000")
    .value(
        "date-format",
        Kind::Text,
        "date format",
        "The date format to use for formatting the time field. See java.text.SimpleDateFormat for \
         options.",
    )
    .default("yyyy-MM-dd HH:mm:ss:SSS")
    .flag("hide-header", "If set, skips printing the header for the stats.")
}

/// One run.
struct Run {
    topic: Option<String>,
    include: Option<regex::Regex>,
    records: i64,
    timeout_ms: i64,
    interval_ms: i64,
    detailed: bool,
    header: bool,
    dates: String,
    consumer: ConsumerConfig,
}

impl Run {
    fn new(given: &Given, out: &mut Out) -> Result<Self, Stop> {
        given.require(&["bootstrap-server"])?;
        one_of(given, ["topic", "include"])?;
        one_of(given, ["messages", "num-records"])?;
        given.exclude("consumer.config", &["command-config"])?;
        for (old, new) in [("messages", "num-records"), ("consumer.config", "command-config")] {
            if given.has(old) {
                out.line(format!("Warning: --{old} is deprecated. Use --{new} instead."))?;
            }
        }
        let number = |name| Ok::<i64, Stop>(given.number(name)?.unwrap_or(0));
        let interval_ms = number("reporting-interval")?;
        if interval_ms <= 0 {
            return Err(Stop::error("Reporting interval must be greater than 0."));
        }
        let include = given.value("include")?.map(|pattern| {
            let whole = format!("^(?:{pattern})$");
            regex::Regex::new(&whole).map_err(|error| Stop::error(error.to_string()))
        });
        Ok(Self {
            topic: given.value("topic")?.map(str::to_owned),
            include: include.transpose()?,
            records: number("messages")?.max(number("num-records")?),
            timeout_ms: number("timeout")?,
            interval_ms,
            detailed: given.has("show-detailed-stats"),
            header: !given.has("hide-header"),
            dates: given.value("date-format")?.unwrap_or_default().to_owned(),
            consumer: consumer(given)?,
        })
    }
}

fn one_of(given: &Given, names: [&str; 2]) -> Result<(), Stop> {
    if names.iter().filter(|name| given.has(name)).count() == 1 {
        return Ok(());
    }
    let listed = names.map(|name| given.listed(name)).join(", ");
    Err(given.usage(&format!("Exactly one of the following arguments is required: {listed}")))
}

fn consumer(given: &Given) -> Result<ConsumerConfig, Stop> {
    let mut properties = given.properties("command-config")?;
    if let Some(path) = given.value("consumer.config")? {
        properties.extend(Properties::file(path)?);
    }
    properties.pairs(given.values("command-property"));
    let group = match given.value("group")? {
        Some(group) => group.to_owned(),
        // as good as a random number
        None => format!("perf-consumer-{}", now_ms().rem_euclid(100_000)),
    };
    properties.set("group.id", &group);
    properties.set("max.partition.fetch.bytes", given.value("fetch-size")?.unwrap_or_default());
    let reset = if given.has("from-latest") { "latest" } else { "earliest" };
    properties.set("auto.offset.reset", reset);
    properties.set("check.crcs", "false");
    if properties.get("client.id").is_none() {
        properties.set("client.id", "perf-consumer-client");
    }
    let config = consuming::configure(given.client_with(&properties)?, &properties)?;
    properties.warn_of_unused();
    Ok(config)
}

/// How long it took to get partitions.
#[derive(Debug)]
struct Joining {
    begun_ms: i64,
    held: usize,
    total_ms: i64,
    round_ms: i64,
}

/// Measures how long it takes to get partitions.
struct Listener(Arc<Mutex<Joining>>);

impl RebalanceListener for Listener {
    fn assigned<'a>(
        &'a mut self,
        _: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        let mut joining = self.0.lock();
        if joining.held == 0 {
            let elapsed = now_ms() - joining.begun_ms;
            joining.total_ms += elapsed;
            joining.round_ms += elapsed;
        }
        joining.held += partitions.len();
        Box::pin(ready(()))
    }

    fn revoked<'a>(
        &'a mut self,
        _: &'a Rebalance,
        partitions: &'a Partitions,
    ) -> LocalBoxFuture<'a, ()> {
        let mut joining = self.0.lock();
        joining.held = joining.held.saturating_sub(partitions.len());
        if joining.held == 0 {
            joining.begun_ms = now_ms();
        }
        Box::pin(ready(()))
    }
}

/// What was read by a certain time.
#[derive(Clone, Copy, Debug, Default)]
struct Read {
    records: i64,
    bytes: u64,
    at_ms: i64,
}

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let run = Run::new(given, out)?;
    if run.header {
        let times = if run.detailed { "time, threadId" } else { "start.time, end.time" };
        out.line(format!(
            "{times}, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, \
             rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec"
        ))?;
        out.flush()?;
    }
    block_on(async {
        let begun_ms = now_ms();
        let joining = Joining { begun_ms, held: 0, total_ms: 0, round_ms: 0 };
        let joining = Arc::new(Mutex::new(joining));
        let consumer = Consumer::start(run.consumer.clone())?;
        let listener = Listener(Arc::clone(&joining));
        match (&run.topic, run.include.clone()) {
            (Some(topic), _) => consumer.subscribe_with(&[topic], listener),
            (None, Some(include)) => {
                consumer.subscribe_pattern_with(move |topic| include.is_match(topic), listener)
            }
            (None, None) => Ok(()),
        }
        .map_err(Stop::error)?;
        let read = tokio::select! {
            read = consume(&run, &consumer, &joining, begun_ms, out) => read?,
            () = interrupted() => return Err(Stop::Exit(INTERRUPTED)),
        };
        let end_ms = now_ms();
        consumer.close().await;
        if !run.detailed {
            let joined_ms = joining.lock().total_ms;
            out.line(summary(&run.dates, begun_ms, end_ms, joined_ms, read))?;
        }
        Ok(())
    })
}

async fn consume(
    run: &Run,
    consumer: &Consumer,
    joining: &Mutex<Joining>,
    begun_ms: i64,
    out: &mut Out,
) -> Result<Read, Stop> {
    let mut read = Read { at_ms: begun_ms, ..Read::default() };
    let mut reported = read;
    let mut last_ms = begun_ms;
    // lines of details say how far it has come
    let total = u64::try_from(run.records).ok().filter(|_| !run.detailed);
    let mut bar = Progress::of_records(total);
    while read.records < run.records && read.at_ms - last_ms <= run.timeout_ms {
        let records = consumer.poll(Duration::from_millis(100)).await.map_err(Stop::error)?;
        read.at_ms = now_ms();
        if !records.is_empty() {
            last_ms = read.at_ms;
        }
        if let Some(bar) = &mut bar {
            bar.add(records.len() as u64);
        }
        for record in &records {
            read.records += 1;
            read.bytes += size(record);
            if read.at_ms - reported.at_ms >= run.interval_ms {
                let joined_ms = std::mem::take(&mut joining.lock().round_ms);
                if run.detailed {
                    out.line(progress(&run.dates, joined_ms, reported, read))?;
                    out.flush()?;
                }
                reported = read;
            }
        }
    }
    if read.records < run.records {
        out.line(format!(
            "WARNING: Exiting before consuming the expected number of records: timeout ({} ms) \
             exceeded. You can use the --timeout option to increase the timeout.",
            run.timeout_ms
        ))?;
    }
    Ok(read)
}

fn size(record: &ConsumerRecord) -> u64 {
    let length = |field: &Option<bytes::Bytes>| field.as_ref().map_or(0, bytes::Bytes::len) as u64;
    length(&record.key) + length(&record.value)
}

#[expect(clippy::cast_precision_loss, reason = "figures of one run, printed with few digits")]
fn summary(dates: &str, begun_ms: i64, end_ms: i64, joined_ms: i64, read: Read) -> String {
    let (elapsed, fetching) = (end_ms - begun_ms, end_ms - begun_ms - joined_ms);
    let (mib, records) = (read.bytes as f64 / MIB, read.records as f64);
    let rate = |amount: f64, ms: i64| number(amount / (ms as f64 / 1000.0), 4);
    format!(
        "{}, {}, {}, {}, {}, {}, {joined_ms}, {fetching}, {}, {}",
        date(dates, begun_ms),
        date(dates, end_ms),
        number(mib, 4),
        rate(mib, elapsed),
        read.records,
        rate(records, elapsed),
        rate(mib, fetching),
        rate(records, fetching)
    )
}

#[expect(clippy::cast_precision_loss, reason = "figures of one run, printed with few digits")]
fn progress(dates: &str, joined_ms: i64, before: Read, now: Read) -> String {
    let elapsed = now.at_ms - before.at_ms;
    let fetching = elapsed - joined_ms;
    let mib = (now.bytes - before.bytes) as f64 / MIB;
    let records = (now.records - before.records) as f64;
    let rate = |amount: f64, ms: i64| match ms {
        ms if ms <= 0 => number(0.0, 4),
        ms => number(1000.0 * amount / ms as f64, 4),
    };
    format!(
        "{}, 0, {}, {}, {}, {}, {joined_ms}, {fetching}, {}, {}",
        date(dates, now.at_ms),
        number(now.bytes as f64 / MIB, 4),
        rate(mib, elapsed),
        now.records,
        rate(records, elapsed),
        rate(mib, fetching),
        rate(records, fetching)
    )
}

/// A time in UTC, in the letters of Java's `SimpleDateFormat` that are about dates and times.
fn date(format: &str, ms: i64) -> String {
    let (days, in_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let (year, month, day) = civil(days);
    let mut out = String::new();
    let mut letters = format.chars().peekable();
    while let Some(letter) = letters.next() {
        let mut width = 1;
        while letters.next_if_eq(&letter).is_some() {
            width += 1;
        }
        let value = match letter {
            'y' if width == 2 => year.rem_euclid(100),
            'y' => year,
            'M' => month,
            'd' => day,
            'H' => in_day / 3_600_000,
            'm' => in_day / 60_000 % 60,
            's' => in_day / 1000 % 60,
            'S' => in_day % 1000,
            other => {
                out.extend(std::iter::repeat_n(other, width));
                continue;
            }
        };
        out.push_str(&format!("{value:0width$}"));
    }
    out
}

/// Year, month and day of a day counted from 1970 (the proleptic Gregorian calendar).
fn civil(days: i64) -> (i64, i64, i64) {
    // counted from the first of March of year 0, so that a leap day is the last of its year
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JAVA: &str = "yyyy-MM-dd HH:mm:ss:SSS";

    #[test]
    fn dates_are_javas() {
        assert_eq!(date(JAVA, 0), "1970-01-01 00:00:00:000");
        assert_eq!(date(JAVA, 951_782_399_999), "2000-02-28 23:59:59:999");
        assert_eq!(date(JAVA, 1_709_210_096_789), "2024-02-29 12:34:56:789");
        assert_eq!(date("d/M/yy H'h'", 1_709_210_096_789), "29/2/24 12'h'");
        assert_eq!(date(JAVA, -1), "1969-12-31 23:59:59:999");
    }

    #[test]
    fn lines_are_kafkas() {
        let read = Read { records: 100, bytes: 1 << 20, at_ms: 3000 };
        let wanted = "1970-01-01 00:00:01:000, 1970-01-01 00:00:03:000, 1.0000, 0.5000, 100, \
                      50.0000, 1000, 1000, 1.0000, 100.0000";
        assert_eq!(summary(JAVA, 1000, 3000, 1000, read), wanted);
        let before = Read { at_ms: 1000, ..Read::default() };
        let wanted = "1970-01-01 00:00:03:000, 0, 1.0000, 0.5000, 100, 50.0000, 2000, 0, 0.0000, \
                      0.0000";
        assert_eq!(progress(JAVA, 2000, before, read), wanted);
    }
}

//! `ottla cat`: what kcat does, with kcat's letters, formats and messages.

mod consume;
mod group;
mod json;
mod list;
mod names;
mod options;
mod produce;
mod query;
mod settings;
mod text;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use ottla_actors::client::{ClientConfig, ConsumerConfig};

use super::kit::contexts;
use super::kit::{Out, Properties, Stop, block_on};
use super::{consuming, producing};
use options::{Ends, Mode, Options};

const USAGE: &str = "\
Usage: ottla cat <options> [file1 file2 .. | topic1 topic2 ..]

Mode:
  -P  produce     -C  consume     -L  list metadata     -Q  query offsets by time
  -G <group>      consume the topics behind the options as a member of a group

For most modes:
  -b <host:port,..>  brokers to begin with; else those of the context in use
  -t <topic>         topic; with -Q: topic:partition:timestamp, several times
  -p <partition>     partition
  -D <delimiter>     between messages (default \\n)
  -K <delimiter>     between key and message
  -c <count>         end after so many messages
  -m <seconds>       how long metadata may take (default 5)
  -F <file>          settings, as property=value; else $KCAT_CONFIG or ~/.config/kcat.conf
  -X <name>=<value>  a setting; -X list: those there are, -X dump: what they come to
  -q / -v            say less / more
  -V / -h            version / this text

Producing:
  -z <codec>         none, gzip, snappy, lz4 or zstd
  -k <key>           a key for every message without its own
  -H <name=value>    a header; several times
  -Z                 an empty key or message (with -K) is null
  -T                 also write what is sent to standard output
  -l                 a file holds messages between delimiters; otherwise a file is a message

Consuming:
  -o <offset>        beginning, end, stored, N, -N (before the end), s@ms (from), e@ms (until)
  -e                 end at the end of every partition
  -f <format>        %t topic, %p partition, %o offset, %T timestamp, %k key, %K its length,
                     %s payload, %S its length, %R the same in 4 bytes, %h headers, %% percent
  -J                 a JSON object for each message
  -s [key=|value=]<letters>  unpack: < > b B h H i I q Q c s $
  -Z                 print NULL for null
  -u                 write each message at once
";

/// kcat's letters, taken as they are.
#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(disable_help_flag = true)]
pub(super) struct Arguments {
    /// kcat's options; -h lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Does what kcat does with these words.
pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let mut out = Out::new();
    let done = start(&arguments.words, &mut out);
    let flushed = out.flush().map_err(Stop::from);
    match done.and(flushed) {
        Ok(()) => ExitCode::SUCCESS,
        // kcat treats a reader that went away as an order to stop
        Err(Stop::Closed) => ExitCode::SUCCESS,
        Err(stop) => stop.end(),
    }
}

fn start(words: &[String], out: &mut Out) -> Result<(), Stop> {
    let mut options = match options::parse(words) {
        Ok(options) => options,
        Err(Ends::Help) => {
            out.write_all(USAGE.as_bytes())?;
            return Ok(());
        }
        Err(Ends::List) => {
            out.write_all(settings::list().as_bytes())?;
            return Ok(());
        }
        Err(Ends::Version) => {
            out.line(concat!("ottla ", env!("CARGO_PKG_VERSION"), ", as kcat 1.7"))?;
            return Ok(());
        }
        Err(Ends::Usage(text)) => return Err(usage(text)),
        Err(Ends::Fatal(text)) => return Err(settings::fatal(&text)),
        Err(Ends::Plain(text)) => return Err(Stop::error(format!("% {text}"))),
    };
    let mut properties = settings::properties(&options)?;
    if options.dump {
        out.write_all(settings::dump(&properties).as_bytes())?;
        return Ok(());
    }
    if properties.get("bootstrap.servers").is_none() {
        from_context(&mut properties)?;
    }
    let Some(brokers) = properties.get("bootstrap.servers").map(str::to_owned) else {
        return Err(usage("-b <broker,..> missing"));
    };
    let mode = mode(&mut options);
    check(mode, &options)?;
    work(mode, &options, &brokers, properties, out).map_err(as_kcat)
}

/// What other commands word as Kafka's tools, kcat begins with its own sign.
fn as_kcat(stop: Stop) -> Stop {
    match stop {
        Stop::Said(message, code) if !message.starts_with('%') => {
            Stop::Said(format!("% ERROR: {message}"), code)
        }
        other => other,
    }
}

fn work(
    mode: Mode,
    options: &Options,
    brokers: &str,
    mut properties: Properties,
    out: &mut Out,
) -> Result<(), Stop> {
    let client = client(brokers, &properties)?;
    match mode {
        Mode::Produce => {
            let config = producing::configure(client, &properties)?;
            block_on(produce::produce(options, config, out))
        }
        Mode::List => block_on(list::list(options, client, out)),
        Mode::Query => block_on(query::query(options, client, out)),
        Mode::Consume => {
            let config = consumer(client, &properties)?;
            block_on(consume::consume(options, config, out))
        }
        Mode::Group => {
            properties.set("group.id", &options.group);
            let config = consumer(client, &properties)?;
            block_on(group::join(options, config, out))
        }
    }
}

/// The address of the context in use, and what its property file sets and the words do not.
fn from_context(properties: &mut Properties) -> Result<(), Stop> {
    let Some(context) = contexts::chosen(None).map_err(Stop::error)? else { return Ok(()) };
    let mut all = context.properties()?;
    all.set("bootstrap.servers", &context.bootstrap_server);
    all.extend(std::mem::take(properties));
    *properties = all;
    Ok(())
}

fn usage(text: &str) -> Stop {
    Stop::error(format!("Error: {text}\n\n{USAGE}").trim_end())
}

/// The mode of the command line, or the one that standard input suggests.
fn mode(options: &mut Options) -> Mode {
    if let Some(mode) = options.mode {
        return mode;
    }
    let (mode, name) = match io::stdin().is_terminal() {
        true => (Mode::Consume, "Consumer"),
        false => (Mode::Produce, "Producer"),
    };
    if options.verbosity > 0 {
        eprintln!("% Auto-selecting {name} mode (use -P or -C to override)");
    }
    options.mode = Some(mode);
    mode
}

fn check(mode: Mode, options: &Options) -> Result<(), Stop> {
    let needs_topic = matches!(mode, Mode::Produce | Mode::Consume);
    if needs_topic && options.topic.is_none() {
        return Err(usage("-t <topic> missing"));
    }
    if mode == Mode::Query && options.queries.is_empty() {
        return Err(usage("-t <topic>:<partition>:<offset_or_timestamp> missing"));
    }
    if !options.words.is_empty() && !matches!(mode, Mode::Produce | Mode::Group) {
        let text = "file/topic list only allowed in producer(-P)/kafkaconsumer(-G) mode";
        return Err(usage(text));
    }
    let unpacks = options.key_pack.is_some() || options.payload_pack.is_some();
    if unpacks && !matches!(mode, Mode::Consume | Mode::Group) {
        return Err(settings::fatal("-s serdes only available in the consumer"));
    }
    Ok(())
}

/// A consumer with librdkafka's defaults.
fn consumer(client: ClientConfig, properties: &Properties) -> Result<ConsumerConfig, Stop> {
    let mut properties = properties.clone();
    let reset = match properties.get("auto.offset.reset") {
        None | Some("largest" | "end") => "latest",
        Some("smallest" | "beginning") => "earliest",
        Some("error") => "none",
        Some(name) => name,
    };
    let reset = reset.to_owned();
    properties.set("auto.offset.reset", &reset);
    if properties.get("isolation.level").is_none() {
        properties.set("isolation.level", "read_committed");
    }
    consuming::configure(client, &properties)
}

fn client(brokers: &str, properties: &Properties) -> Result<ClientConfig, Stop> {
    // an address without a port means Kafka's
    let with_port = |address: &str| match address.trim().rsplit_once(':') {
        Some(_) => address.trim().to_owned(),
        None => format!("{}:9092", address.trim()),
    };
    let brokers: Vec<String> = brokers.split(',').map(with_port).collect();
    let mut config = ClientConfig::new(&brokers.join(","));
    properties.client(&mut config)?;
    config.auto_create_topics = true;
    config.api_timeout = config.api_timeout.max(Duration::from_secs(1));
    Ok(config)
}

//! `ottla start`: the broker as a process.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ottla::{Engine, Listener};
use ottla_config::{Loaded, Settings};
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, logging};

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: super::settings::Arguments,
    /// Writes the addresses to this file once clients are served: a line `NAME host:port` for each
    /// listener, in the order of `listeners`
    #[arg(long, value_name = "F")]
    port_file: Option<PathBuf>,
}

impl Arguments {
    /// What `server-start` was given.
    pub(super) fn new(file: PathBuf, overrides: Vec<String>, port_file: Option<PathBuf>) -> Self {
        Self { settings: super::settings::Arguments::new(file, overrides), port_file }
    }
}

/// Starts a broker and waits until it is asked to stop.
pub(super) fn run(arguments: &Arguments, begun: Instant) -> Result<(), Failure> {
    let Loaded { settings, notices } = arguments.settings.load()?;
    logging::start(&settings)?;
    for notice in &notices {
        tracing::warn!("{notice}");
    }
    actix::System::new().block_on(serve(settings, arguments.port_file.as_deref(), begun))
}

async fn serve(
    settings: Settings,
    port_file: Option<&Path>,
    begun: Instant,
) -> Result<(), Failure> {
    let signals = Signals::new()?;
    let data = directories(&settings);
    let engine = Engine::start(settings).await.map_err(Failure::Start)?;
    if let Some(path) = port_file {
        write_port_file(path, engine.listeners())?;
    }
    let addresses: Vec<_> = engine.listeners().iter().map(|one| address(one)).collect();
    tracing::info!(
        "ottla {} serves {}, data in {data}, ready in {} ms",
        env!("CARGO_PKG_VERSION"),
        addresses.join(", "),
        begun.elapsed().as_millis()
    );
    super::trim::code_pages();
    let lost = tokio::select! {
        () = signals.first_then_end_at_interrupt() => false,
        () = engine.lost() => true,
    };
    engine.stop().await;
    tracing::info!("stopped");
    if lost { Err(Failure::Lost { data }) } else { Ok(()) }
}

/// The data directories, as absolute paths.
fn directories(settings: &Settings) -> String {
    let absolute = |dir: &PathBuf| std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
    let dirs = settings.log_dirs.iter().map(|dir| absolute(dir).display().to_string());
    dirs.collect::<Vec<_>>().join(", ")
}

fn address(listener: &Listener) -> String {
    format!("{}://{}", listener.name, host_and_port(listener))
}

/// The address that clients are told, which they can use at once.
fn host_and_port(listener: &Listener) -> String {
    ottla_core::base::host_and_port(&listener.advertised_host, listener.advertised_port)
}

/// Writes the file under another name first, so that whoever waits for it never reads half of it.
fn write_port_file(path: &Path, listeners: &[std::sync::Arc<Listener>]) -> Result<(), Failure> {
    let lines: String =
        listeners.iter().map(|one| format!("{} {}\n", one.name, host_and_port(one))).collect();
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let written = fs::write(&unfinished, lines).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|source| Failure::Write { what: path.display().to_string(), source })
}

const INTERRUPT: &str = "SIGINT";

/// SIGTERM and SIGINT. The first stops in order. After it another SIGTERM changes nothing, as in
/// Kafka: whoever stops services may send it twice. Another SIGINT ends the process at once.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let on = |kind| {
            signal(kind).map_err(|source| Failure::Write { what: "signal handlers".into(), source })
        };
        Ok(Self {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    /// Returns at the first signal, and from then on ends the process at the next Ctrl-C.
    async fn first_then_end_at_interrupt(mut self) {
        let name = self.next().await;
        tracing::info!("{name}: stopping; another SIGINT (Ctrl-C) ends the process at once");
        actix::spawn(async move {
            while self.next().await != INTERRUPT {}
            tracing::warn!("{INTERRUPT}: ending at once, the next start recovers the logs");
            std::process::exit(1);
        });
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => INTERRUPT,
        }
    }
}

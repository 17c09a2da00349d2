//! `ottla start`: a broker that serves until it is told to stop.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use ottla::{Engine, Settings};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Arguments of `ottla start`.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Sets one property, over everything else.
    #[arg(long = "override", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Writes the first listener's address there when clients are served.
    #[arg(long, value_name = "FILE")]
    port_file: Option<PathBuf>,
}

impl Start {
    /// Starts a broker and serves until SIGTERM or SIGINT.
    pub(crate) fn run(self) -> ExitCode {
        let pairs = self.overrides.iter().filter_map(|pair| pair.split_once('='));
        let settings = match Settings::with(pairs) {
            Ok(settings) => settings,
            Err(error) => return fail(&error),
        };
        set_up_logs(&settings);
        actix::System::new().block_on(async move {
            match serve(settings, self.port_file.as_deref()).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&*error),
            }
        })
    }
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    eprintln!("ottla: {error}");
    ExitCode::FAILURE
}

fn set_up_logs(settings: &Settings) {
    let filter = EnvFilter::try_from_default_env()
        // the consensus library tells its whole life at info
        .unwrap_or_else(|_| EnvFilter::new(format!("openraft=warn,{}", settings.ottla_log_level)));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    match settings.ottla_log_format.as_str() {
        "json" => lines.json().init(),
        _ => lines.with_target(false).init(),
    }
}

async fn serve(
    settings: Settings,
    port_file: Option<&Path>,
) -> Result<(), Box<dyn std::error::Error>> {
    // a signal during the start must not be lost
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let data = settings.log_dirs.clone();
    let starting = Engine::start(settings);
    let engine = tokio::select! {
        started = starting => started?,
        _ = terminate.recv() => return Ok(()),
        _ = interrupt.recv() => return Ok(()),
    };
    let addresses: Vec<_> =
        engine.listeners().iter().map(|l| format!("{}://{}", l.name, l.bound)).collect();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listeners = addresses.join(","),
        data = ?data,
        ready_ms = engine.ready_after().as_secs_f64() * 1_000.0,
        "serving"
    );
    if let (Some(file), Some(first)) = (port_file, addresses.first()) {
        std::fs::write(file, format!("{first}\n"))?;
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    engine.stop().await;
    tracing::info!("stopped");
    Ok(())
}

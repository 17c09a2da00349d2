//! The broker's own log lines: to standard output, as text or JSON.

use std::io::IsTerminal;

use ottla_config::Settings;
use tracing_subscriber::EnvFilter;

use super::Failure;

/// Starts logging as the settings say. RUST_LOG goes before `ottla.log.level`.
pub(super) fn start(settings: &Settings) -> Result<(), Failure> {
    let (place, value) = match std::env::var("RUST_LOG") {
        Ok(value) if !value.trim().is_empty() => ("RUST_LOG", value),
        _ => ("configuration ottla.log.level", directives(&settings.ottla_log_level)),
    };
    let filter = EnvFilter::try_new(&value).map_err(|error| Failure::LogLevel {
        place,
        value,
        reason: error.to_string(),
    })?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter);
    if settings.ottla_log_format == "json" {
        lines.json().init();
    } else {
        lines.with_ansi(std::io::stdout().is_terminal()).init();
    }
    Ok(())
}

/// A bare level is about Ottla: the consensus library tells its every step at info.
fn directives(level: &str) -> String {
    match level.trim() {
        plain @ ("info" | "warn" | "debug") => format!("{plain},openraft=warn"),
        given => given.to_owned(),
    }
}

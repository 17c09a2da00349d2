//! What `start` and `config` share: where settings come from.

use std::path::PathBuf;

use ottla_config::{Loaded, Settings, Sources};

use super::Failure;

/// The sources of settings that a command line names.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// A property file of Kafka's (server.properties) [default: none, all settings have defaults]
    #[arg(value_name = "server.properties")]
    file: Option<PathBuf>,
    /// Sets one property, over the file and the environment
    #[arg(long = "override", value_name = "key=value")]
    overrides: Vec<String>,
}

impl Arguments {
    /// A file and overrides.
    pub(super) fn new(file: PathBuf, overrides: Vec<String>) -> Self {
        Self { file: Some(file), overrides }
    }

    /// Reads all layers.
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let overrides = self.overrides.clone();
        let sources = Sources { file: self.file.clone(), environment, overrides };
        Settings::load(&sources).map_err(Failure::Settings)
    }
}

//! A command of Kafka's name: how it is found, read and run.

use std::io::Write;
use std::process::ExitCode;

use ottla_actors::client::{Admin, ClientConfig};

use super::given::Given;
use super::properties::Properties;
use super::spec::{Kind, Spec, Style};
use super::{Out, Stop, argparse, contexts, joptsimple, usage, zookeeper};

/// What `--version` of Kafka's tools prints: the release whose tools these commands are.
const KAFKA: &str = "4.3.0";

/// One command of Kafka's name.
pub(crate) struct Tool {
    /// Its name behind `ottla`, and behind `kafka-` where it is called by a link.
    pub(crate) name: &'static str,
    /// One line for `ottla --help`.
    pub(crate) about: &'static str,
    /// What it accepts.
    pub(crate) spec: fn() -> Spec,
    /// What it does with it.
    pub(crate) run: fn(&Given, &mut Out) -> Result<(), Stop>,
}

impl Tool {
    /// Runs the command: reads `words`, does what they ask for, and says what went wrong.
    pub(crate) fn main(&self, program: &str, words: &[String]) -> ExitCode {
        let mut out = Out::new();
        let done = self.given(program, words).and_then(|given| (self.run)(&given, &mut out));
        // what was printed before an error stands before it
        let flushed = out.flush().map_err(Stop::from);
        match done.and(flushed) {
            Ok(()) => ExitCode::SUCCESS,
            Err(stop) => stop.end(),
        }
    }

    /// Reads the command line, up to the point where Kafka's tool begins to think about it: help
    /// and version are answered, a context fills in what is not given.
    pub(crate) fn given(&self, program: &str, words: &[String]) -> Result<Given, Stop> {
        let spec = with_ours((self.spec)());
        if spec.position("zookeeper").is_none()
            && let Some(answer) = zookeeper::answer(program, words)
        {
            return Err(answer);
        }
        if spec.style == Style::Argparse4j {
            return argparse::parse(program, words, spec);
        }
        let mut given = joptsimple::parse(program, words, spec)?;
        if words.is_empty() && given.spec.address_is_enough {
            contexts::fill(&mut given)?;
        }
        if words.is_empty() && !given.spec.wordless && given.found.is_empty() {
            return Err(given.usage(given.spec.about_empty));
        }
        if given.has("help") {
            return Err(usage::help(&given.spec, program));
        }
        if given.has("version") {
            return Err(Stop::printed(&format!("{KAFKA}\n"), 0));
        }
        contexts::fill(&mut given)?;
        Ok(given)
    }
}

/// `--broker-list` is the old name of `--bootstrap-server`, and works wherever it is free;
/// `--context` names a cluster instead.
fn with_ours(mut spec: Spec) -> Spec {
    if spec.position("broker-list").is_none()
        && let Some(at) = spec.position("bootstrap-server")
        && let Some(option) = spec.options.get_mut(at)
    {
        option.hidden.push("broker-list");
    }
    if spec.position("bootstrap-server").is_some() && spec.position("context").is_none() {
        let about = "The cluster to talk to, as `ottla context list` names it.";
        spec = spec.value("context", Kind::Text, "name", about).ours();
    }
    spec.commands = spec
        .commands
        .into_iter()
        .map(|(name, about, spec)| (name, about, with_ours(spec)))
        .collect();
    spec
}

impl Given {
    /// The settings of `option` (`--command-config FILE`), over those of the context in use.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn properties(&self, option: &str) -> Result<Properties, Stop> {
        let mut properties = self.context.clone();
        if let Some(path) = self.value(option)? {
            properties.extend(Properties::file(path)?);
        }
        Ok(properties)
    }

    /// Begins at `--bootstrap-server`, with the settings of `option` (`command-config`); warns of
    /// those that nothing asked for.
    ///
    /// # Errors
    /// The file or a value in it cannot be used, or there is no address.
    pub(crate) fn client(&self, option: &str) -> Result<ClientConfig, Stop> {
        let properties = self.properties(option)?;
        let config = self.client_with(&properties)?;
        properties.warn_of_unused();
        Ok(config)
    }

    /// [`client`](Self::client) with settings that were read before, and no warning.
    ///
    /// # Errors
    /// As `client`.
    pub(crate) fn client_with(&self, properties: &Properties) -> Result<ClientConfig, Stop> {
        let from_file = properties.get("bootstrap.servers");
        let bootstrap = self.value("bootstrap-server")?.or(from_file).unwrap_or_default();
        let mut config = ClientConfig::new(bootstrap);
        properties.client(&mut config)?;
        let url = |address: &&String| {
            let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
            port.is_none()
        };
        match config.bootstrap.iter().find(url) {
            Some(bad) => Err(Stop::error(format!("Invalid url in bootstrap.servers: {bad}"))),
            None => Ok(config),
        }
    }

    /// An admin client that begins as [`client`](Self::client) says. Must be called inside
    /// [`block_on`](super::block_on).
    ///
    /// # Errors
    /// As `client`.
    pub(crate) fn admin(&self, option: &str) -> Result<Admin, Stop> {
        Ok(Admin::start(self.client(option)?)?)
    }
}

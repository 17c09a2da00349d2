//! `kafka-configs`: describes and alters the settings of topics, brokers, groups and others.

mod change;
mod describe;
mod options;
mod quotas;

use ottla_actors::client::admin::{ConfigChange, ConfigEntry, ConfigSource, ResourceKind};
use ottla_actors::client::{Admin, ClientError};

use super::kit::{Given, Out, Stop, Tool, block_on, wording};

use change::{added, deleted};
use options::Entities;

pub(super) const TOOL: Tool = Tool {
    name: "configs",
    about: "Describes and alters settings of topics, brokers, groups, users and others",
    spec: options::spec,
    run,
};

fn run(given: &Given, out: &mut Out) -> Result<(), Stop> {
    let entities = options::check(given)?;
    if given.has("bootstrap-controller") {
        return Err(Stop::error(
            "Ottla's controllers are reached through its brokers: use --bootstrap-server",
        ));
    }
    let call = Call { given, entities };
    let config = given.client("command-config").map_err(|stop| call.unexpected(&stop))?;
    if given.has("alter") && call.entities.types.len() != call.entities.names.len() {
        return Err(Stop::error("An entity name must be specified for every entity type"));
    }
    block_on(async {
        let admin = Admin::start(config).map_err(|error| call.failed(&error))?;
        match given.has("alter") {
            true => call.alter(&admin, out).await,
            false => describe::describe(&call, &admin, out).await,
        }
    })
}

/// One call of the command.
struct Call<'a> {
    given: &'a Given,
    entities: Entities,
}

impl Call<'_> {
    /// What Kafka's tool says of errors that it did not expect, which those of brokers are.
    fn error(&self, message: &str) -> Stop {
        let words = self.given.words().join(" ");
        Stop::error(format!("Error while executing config command with args '{words}'\n{message}"))
    }

    fn unexpected(&self, stop: &Stop) -> Stop {
        self.error(stop.message().unwrap_or_default())
    }

    fn failed(&self, error: &ClientError) -> Stop {
        self.error(&wording::client(error))
    }

    fn name(&self) -> &str {
        self.entities.names.first().map_or("", String::as_str)
    }

    async fn alter(&self, admin: &Admin, out: &mut Out) -> Result<(), Stop> {
        let add = match self.given.value("add-config-file")?.map(std::fs::metadata) {
            Some(Err(error)) => return Err(self.error(&error.to_string())),
            _ => added(self.given)?,
        };
        let delete = deleted(self.given);
        let kind = self.entities.kind();
        match resource(kind) {
            Some(resource) => {
                if resource == ResourceKind::BrokerLogger {
                    self.known_loggers(admin, add.keys().chain(&delete)).await?;
                }
                let mut changes: Vec<ConfigChange> =
                    add.into_iter().map(|(key, value)| ConfigChange::Set(key, value)).collect();
                changes.extend(delete.into_iter().map(ConfigChange::Delete));
                let done = admin.alter_configs(resource, self.name(), &changes).await;
                let done = done.map_err(|error| self.failed(&error))?;
                done.map_err(|refusal| self.error(&wording::refusal(&refusal)))?;
            }
            None => quotas::alter(self, admin, &add, &delete).await?,
        }
        match self.name() {
            "" => out.line(format!("Completed updating default config for {kind} in the cluster.")),
            name => out.line(format!("Completed updating config for {} {name}.", singular(kind))),
        }
    }

    async fn known_loggers(
        &self,
        admin: &Admin,
        asked: impl Iterator<Item = &String>,
    ) -> Result<(), Stop> {
        let known = self.settings(admin, ResourceKind::BrokerLogger, self.name(), true).await?;
        let unknown: Vec<&str> = asked
            .filter(|name| !known.iter().any(|entry| entry.name == **name))
            .map(String::as_str)
            .collect();
        match unknown.is_empty() {
            true => Ok(()),
            false => Err(Stop::error(format!("Invalid broker logger(s): {}", unknown.join(",")))),
        }
    }

    /// The settings of one entity, by name: all of them, or those that were set for it.
    async fn settings(
        &self,
        admin: &Admin,
        kind: ResourceKind,
        name: &str,
        all: bool,
    ) -> Result<Vec<ConfigEntry>, Stop> {
        let found = admin.describe_configs(kind, &[name.to_owned()], true).await;
        let found = found.map_err(|error| self.failed(&error))?.pop();
        let found = found.unwrap_or_else(|| Ok(Vec::new()));
        let mut entries = found.map_err(|refusal| self.error(&wording::refusal(&refusal)))?;
        let own = match (kind, name) {
            (ResourceKind::Topic, _) => Some(ConfigSource::TOPIC),
            (ResourceKind::Broker, "") => Some(ConfigSource::DEFAULT_BROKER),
            (ResourceKind::Broker, _) => Some(ConfigSource::BROKER),
            (ResourceKind::BrokerLogger, _) => None,
            (ResourceKind::ClientMetrics, _) => Some(ConfigSource::CLIENT_METRICS),
            (ResourceKind::Group, _) => Some(ConfigSource::GROUP),
        };
        entries.retain(|entry| all || own.is_none_or(|own| entry.source == own));
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(entries)
    }
}

/// The resource that an entity type stands for; none for those that have quotas.
fn resource(kind: &str) -> Option<ResourceKind> {
    match kind {
        "topics" => Some(ResourceKind::Topic),
        "brokers" => Some(ResourceKind::Broker),
        "broker-loggers" => Some(ResourceKind::BrokerLogger),
        "client-metrics" => Some(ResourceKind::ClientMetrics),
        "groups" => Some(ResourceKind::Group),
        _ => None,
    }
}

/// The type without its last letter, as Kafka's tool makes a singular of it.
fn singular(kind: &str) -> &str {
    kind.get(..kind.len().saturating_sub(1)).unwrap_or(kind)
}

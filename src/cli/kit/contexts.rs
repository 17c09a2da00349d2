//! The file of contexts: names for clusters, and which of them is in use.
//!
//! `$XDG_CONFIG_HOME/ottla/contexts.json`, or `~/.config/ottla/contexts.json`. A context gives what
//! the command line leaves open: `--bootstrap-server`, and settings of clients.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Stop;
use super::given::Given;
use super::properties::Properties;

/// A cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    /// Its addresses.
    pub(crate) bootstrap_server: String,
    /// A property file for its clients.
    pub(crate) command_config: Option<String>,
}

impl Context {
    /// What its property file sets; nothing if it has none.
    ///
    /// # Errors
    /// The file cannot be used.
    pub(crate) fn properties(&self) -> Result<Properties, Stop> {
        self.command_config.as_deref().map_or_else(|| Ok(Properties::default()), Properties::file)
    }
}

/// All that the file has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contexts {
    /// The one that is used when none is named.
    pub(crate) current: Option<String>,
    /// By name.
    pub(crate) all: BTreeMap<String, Context>,
}

impl Contexts {
    /// Reads the file; there are none if there is no file.
    ///
    /// # Errors
    /// It cannot be read, or is not what this program writes.
    pub(crate) fn load() -> Result<Self, String> {
        let Some(path) = path() else { return Ok(Self::default()) };
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text)
                .ok_or_else(|| format!("{} is no file of contexts", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let mut all = BTreeMap::new();
        for (name, found) in value.get("contexts")?.as_object()? {
            let text = |key| Some(found.get(key)?.as_str()?.to_owned());
            let bootstrap_server = text("bootstrap-server")?;
            let context = Context { bootstrap_server, command_config: text("command-config") };
            all.insert(name.clone(), context);
        }
        let current = value.get("current").and_then(|name| Some(name.as_str()?.to_owned()));
        Some(Self { current, all })
    }

    fn text(&self) -> String {
        let contexts: serde_json::Map<String, Value> = self
            .all
            .iter()
            .map(|(name, context)| {
                let (server, config) = (&context.bootstrap_server, &context.command_config);
                (name.clone(), json!({"bootstrap-server": server, "command-config": config}))
            })
            .collect();
        format!("{:#}\n", json!({"current": self.current, "contexts": contexts}))
    }

    /// Writes the file, under another name first.
    ///
    /// # Errors
    /// It cannot be written, or there is no home to write it to.
    pub(crate) fn save(&self) -> Result<(), String> {
        let path = path().ok_or("neither XDG_CONFIG_HOME nor HOME is set")?;
        let cannot = |error| format!("cannot write {}: {error}", path.display());
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(cannot)?;
        }
        let unfinished = path.with_extension(format!("{}", std::process::id()));
        let written = fs::write(&unfinished, self.text());
        written.and_then(|()| fs::rename(&unfinished, &path)).map_err(cannot)
    }
}

fn path() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(config.join("ottla/contexts.json"))
}

/// The context of this name, or without one the one in use, if one is.
///
/// # Errors
/// The file cannot be read, or has no such name.
pub(crate) fn chosen(named: Option<&str>) -> Result<Option<Context>, String> {
    let mut contexts = Contexts::load()?;
    let Some(name) = named.or(contexts.current.as_deref()).map(str::to_owned) else {
        return Ok(None);
    };
    let found = contexts.all.remove(&name);
    let context = found.ok_or(format!("there is no context '{name}': see `ottla context list`"))?;
    Ok(Some(context))
}

/// Fills in what the command line leaves open, from the context that it names or the one in use.
pub(super) fn fill(given: &mut Given) -> Result<(), Stop> {
    let Some(at) = given.spec.position("bootstrap-server") else { return Ok(()) };
    let named = given.value("context")?.map(str::to_owned);
    let addressed = given.has("bootstrap-server") || given.has("bootstrap-controller");
    if named.is_none() && addressed {
        return Ok(());
    }
    let context = chosen(named.as_deref()).map_err(Stop::error)?;
    let Some(context) = context else { return Ok(()) };
    given.context = context.properties()?;
    if !addressed {
        given.found.push((at, context.bootstrap_server));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_it_was_written() {
        let mut contexts = Contexts::default();
        let bootstrap_server = "a:1,b:2".to_owned();
        let context = Context { bootstrap_server, command_config: Some("/c".into()) };
        contexts.all.insert("one \"two\"".into(), context);
        contexts.current = Some("one \"two\"".into());
        assert_eq!(Contexts::parse(&contexts.text()), Some(contexts));
        assert_eq!(Contexts::parse("{}"), None);
    }
}

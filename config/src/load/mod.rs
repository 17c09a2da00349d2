//! Loading at the start: property file, then environment, then `--override`; later wins.

mod environment;
mod legacy;
mod notice;

use std::fmt;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use java_properties::PropertiesIter;

use crate::error::SettingError;
use crate::settings::{Settings, faults};
use crate::values::{Layer, Values};

pub use notice::Notice;

/// Where settings are read from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The property file, if one is given.
    pub file: Option<PathBuf>,
    /// The variables of the environment, in any order.
    pub environment: Vec<(String, String)>,
    /// The `key=value` of each `--override`, in their order.
    pub overrides: Vec<String>,
}

/// Settings ready to start with, and what must be said about them.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is in force.
    pub settings: Settings,
    /// One line for each key that is not acted on.
    pub notices: Vec<Notice>,
}

/// Why the settings cannot be used, and which layer is at fault.
#[derive(Debug)]
pub struct LoadError {
    /// What is wrong.
    pub error: SettingError,
    /// Where it was given, in words.
    pub place: Option<String>,
    /// What else is to be said.
    pub beside: Box<Beside>,
}

/// What is to be said beside the first setting that cannot be used.
#[derive(Debug, Default)]
pub struct Beside {
    /// Other settings that cannot be used either.
    pub more: Vec<LoadError>,
    /// What must be said about other keys.
    pub notices: Vec<Notice>,
}

impl LoadError {
    fn of(error: SettingError, values: &Values, sources: &Sources) -> Self {
        let given = error.key().and_then(|key| values.given(key));
        let place = given.map(|(_, layer)| place(layer, sources));
        Self { place, ..error.into() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)?;
        match &self.place {
            Some(place) => write!(f, " (set {place})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl From<SettingError> for LoadError {
    fn from(error: SettingError) -> Self {
        Self { error, place: None, beside: Box::default() }
    }
}

impl Settings {
    /// Reads all layers and checks them.
    ///
    /// # Errors
    /// [`LoadError`] for the first setting that cannot be used, with all others.
    pub fn load(sources: &Sources) -> Result<Loaded, LoadError> {
        let mut values = Values::default();
        let mut notices = Vec::new();
        if let Some(path) = &sources.file {
            for (key, text) in read_file(path)? {
                values.set(&key, &text, Layer::File);
            }
        }
        for (key, text) in environment::settings(&sources.environment) {
            values.set(&key, &text, Layer::Environment);
        }
        for given in &sources.overrides {
            let (key, text) = split_override(given)?;
            values.set(key, text, Layer::Override);
        }
        notice::about_keys(&values, &mut notices);
        legacy::translate(&mut values, &mut notices);
        let at_fault = values.clone();
        match Settings::of(values) {
            Ok(settings) => {
                notice::about_listeners(&settings, &mut notices);
                Ok(Loaded { settings, notices })
            }
            Err(error) => {
                let first = LoadError::of(error, &at_fault, sources);
                let others = faults(&at_fault).filter(|other| other.key() != first.error.key());
                let more = others.map(|other| LoadError::of(other, &at_fault, sources)).collect();
                Err(LoadError { beside: Box::new(Beside { more, notices }), ..first })
            }
        }
    }
}

fn place(layer: Layer, sources: &Sources) -> String {
    match (layer, &sources.file) {
        (Layer::File, Some(path)) => format!("in {}", path.display()),
        (Layer::Override, _) => "by --override".to_owned(),
        (Layer::Environment, _) => "in the environment".to_owned(),
        (layer, _) => format!("by {}", layer.name()),
    }
}

/// Reads a property file as `java.util.Properties` does; a key that repeats counts once, the last.
fn read_file(path: &Path) -> Result<Vec<(String, String)>, SettingError> {
    let unreadable = |source| SettingError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    // a directory opens, but cannot be read
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(unreadable(std::io::ErrorKind::IsADirectory.into()));
    }
    let mut pairs = Vec::new();
    let read = PropertiesIter::new(BufReader::new(file)).read_into(|key, text| {
        pairs.push((key, text));
    });
    read.map_err(|error| SettingError::Syntax {
        path: path.to_owned(),
        reason: match error.line_number() {
            Some(line) => format!("line {line}: {error}"),
            None => error.to_string(),
        },
    })?;
    Ok(pairs)
}

fn split_override(given: &str) -> Result<(&str, &str), SettingError> {
    match given.split_once('=') {
        Some((key, text)) if !key.trim().is_empty() => Ok((key.trim(), text)),
        _ => Err(SettingError::Override { given: given.to_owned() }),
    }
}

#[cfg(test)]
#[path = "../load_tests.rs"]
mod tests;

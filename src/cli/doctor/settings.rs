//! A setting file, as the broker would read it.

use std::iter;

use ottla_config::{Notice, Settings};
use ottla_core::storage::check::Severity;

use super::report::Section;
use crate::cli::Failure;
use crate::cli::settings::Arguments;

/// Reads the settings as `ottla start` does; they are returned if a broker would start with them.
pub(super) fn check(arguments: &Arguments) -> (Section, Option<Settings>) {
    let mut section = Section::new("settings");
    let loaded = match arguments.load() {
        Ok(loaded) => loaded,
        Err(failure) => {
            section.seen = "cannot be used".to_owned();
            match failure {
                Failure::Settings(error) => {
                    for fault in iter::once(&error).chain(&error.beside.more) {
                        let place = fault.place.as_deref().unwrap_or("settings");
                        section.add(Severity::Error, place, fault.to_string(), "");
                    }
                    note(&error.beside.notices, &mut section);
                }
                other => section.add(Severity::Error, "settings", other.to_string(), ""),
            }
            return (section, None);
        }
    };
    let given = loaded.settings.values().fixed().count();
    section.seen = format!("{given} given, the rest by default");
    note(&loaded.notices, &mut section);
    replication(&loaded.settings, &mut section);
    (section, Some(loaded.settings))
}

fn note(notices: &[Notice], section: &mut Section) {
    for notice in notices {
        section.add(Severity::Note, "settings", notice.to_string(), "");
    }
}

/// Topics that could not be written to, or not with a broker down.
fn replication(settings: &Settings, section: &mut Section) {
    let number = |key: &str| settings.get(key).and_then(|text| text.parse::<i64>().ok());
    let (Some(replicas), Some(in_sync)) =
        (number("default.replication.factor"), number("min.insync.replicas"))
    else {
        return;
    };
    let place = "min.insync.replicas";
    if in_sync > replicas {
        section.add(
            Severity::Error,
            place,
            format!("{in_sync} is more than default.replication.factor, which is {replicas}"),
            "new topics would refuse every record with acks=all: lower it, or have more replicas",
        );
    } else if in_sync == replicas && replicas > 1 {
        section.add(
            Severity::Warning,
            place,
            format!("{in_sync} is as much as default.replication.factor"),
            "while one broker is down, records with acks=all are refused: leave one to spare",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Vec<Severity> {
        let settings = Settings::with(pairs.iter().copied()).expect("settings");
        let mut section = Section::new("settings");
        replication(&settings, &mut section);
        section.lines.iter().map(|line| line.severity).collect()
    }

    #[test]
    fn replicas_must_be_more_than_have_to_be_in_sync() {
        let (factor, in_sync) = ("default.replication.factor", "min.insync.replicas");
        assert_eq!(of(&[]), []);
        assert_eq!(of(&[(factor, "3"), (in_sync, "2")]), []);
        assert_eq!(of(&[(factor, "2"), (in_sync, "2")]), [Severity::Warning]);
        assert_eq!(of(&[(factor, "1"), (in_sync, "2")]), [Severity::Error]);
    }
}

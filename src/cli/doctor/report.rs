//! What was looked at, what was found, and how it is printed.

use ottla_core::storage::check::Severity;
use serde_json::{Value, json};

/// One thing that is not as it should be.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) severity: Severity,
    /// The file, broker, topic or setting.
    pub(super) place: String,
    pub(super) what: String,
    pub(super) advice: String,
}

/// One thing that was looked at.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// Its name.
    pub(super) title: String,
    /// What was seen there.
    pub(super) seen: String,
    pub(super) lines: Vec<Line>,
}

impl Section {
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    pub(super) fn add(
        &mut self,
        severity: Severity,
        place: impl Into<String>,
        what: impl Into<String>,
        advice: impl Into<String>,
    ) {
        let (place, what, advice) = (place.into(), what.into(), advice.into());
        self.lines.push(Line { severity, place, what, advice });
    }
}

/// Everything that was looked at.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) sections: Vec<Section>,
}

impl Report {
    /// Whether nothing is an error.
    pub(super) fn is_sound(&self) -> bool {
        self.count(Severity::Error) == 0
    }

    fn count(&self, severity: Severity) -> usize {
        let lines = self.sections.iter().flat_map(|section| &section.lines);
        lines.filter(|line| line.severity == severity).count()
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for section in &self.sections {
            text.push_str(&format!("{}: {}\n", section.title, section.seen));
            for line in &section.lines {
                let severity = line.severity.name();
                text.push_str(&format!("  {severity:<8} {}: {}\n", line.place, line.what));
                if !line.advice.is_empty() {
                    text.push_str(&format!("           {}\n", line.advice));
                }
            }
        }
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        text.push_str(&match (errors, warnings) {
            (0, 0) => "nothing wrong\n".to_owned(),
            _ => format!("{errors} errors, {warnings} warnings\n"),
        });
        text
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let sections = self.sections.iter().map(|section| {
            let findings = section.lines.iter().map(|line| {
                json!({
                    "severity": line.severity.name(),
                    "place": line.place,
                    "what": line.what,
                    "advice": line.advice,
                })
            });
            json!({
                "checked": section.title,
                "seen": section.seen,
                "findings": findings.collect::<Vec<_>>(),
            })
        });
        json!({
            "errors": self.count(Severity::Error),
            "warnings": self.count(Severity::Warning),
            "sections": sections.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_decide_and_warnings_do_not() {
        let mut section = Section::new("/data");
        section.seen = "1 partition".to_owned();
        section.add(Severity::Warning, "a", "is odd", "look at it");
        let mut report = Report { sections: vec![section] };
        assert!(report.is_sound());
        assert_eq!(
            report.text(),
            "/data: 1 partition\n  warning  a: is odd\n           look at it\n\
             0 errors, 1 warnings\n"
        );
        report.sections[0].add(Severity::Error, "b", "is gone", "");
        assert!(!report.is_sound());
        assert_eq!(report.json()["errors"], 1);
        assert_eq!(report.json()["sections"][0]["findings"][1]["place"], "b");
        let empty = Report { sections: Vec::new() };
        assert_eq!(empty.text(), "nothing wrong\n");
    }
}

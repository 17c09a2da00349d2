//! Which topics are meant: Kafka's `IncludeList` of a regular expression.

use ottla_core::controller::is_internal_topic;
use regex::Regex;

use super::super::kit::Stop;

/// The topics that a command is about.
#[derive(Debug)]
pub(crate) struct Filter {
    names: Option<Regex>,
    exclude_internal: bool,
}

impl Filter {
    /// A pattern as `--topic` takes it: a comma means "or", blanks do not count, quotes around it
    /// are dropped; without one every topic is meant.
    ///
    /// # Errors
    /// It is no regular expression.
    pub(crate) fn new(pattern: Option<&str>, exclude_internal: bool) -> Result<Self, Stop> {
        let Some(pattern) = pattern else { return Ok(Self { names: None, exclude_internal }) };
        let pattern = pattern.trim().replace(',', "|").replace(' ', "");
        let pattern = pattern.trim_matches(['"', '\'']);
        let whole = Regex::new(&format!("^(?:{pattern})$"));
        let names = whole.map_err(|_| Stop::error(format!("{pattern} is an invalid regex.")))?;
        Ok(Self { names: Some(names), exclude_internal })
    }

    /// Whether the topic is meant.
    pub(crate) fn allows(&self, name: &str) -> bool {
        let internal = is_internal_topic(name);
        self.names.as_ref().is_none_or(|names| names.is_match(name))
            && !(internal && self.exclude_internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pattern: Option<&str>, exclude_internal: bool) -> Vec<&'static str> {
        let filter = Filter::new(pattern, exclude_internal).expect("a pattern");
        let all = ["a", "ab", "__consumer_offsets"].into_iter();
        all.filter(|name| filter.allows(name)).collect()
    }

    #[test]
    fn a_pattern_means_the_whole_name() {
        assert_eq!(allowed(Some("a"), false), ["a"]);
        assert_eq!(allowed(Some("a.*"), false), ["a", "ab"]);
        assert_eq!(allowed(Some("'ab, a'"), false), ["a", "ab"]);
        assert_eq!(allowed(None, false).len(), 3);
        assert_eq!(allowed(None, true), ["a", "ab"]);
        assert_eq!(allowed(Some("__.*"), true), [""; 0]);
        let bad = Filter::new(Some("["), false).expect_err("no pattern");
        assert_eq!(bad.message(), Some("[ is an invalid regex."));
    }
}

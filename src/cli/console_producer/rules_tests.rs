//! Tests of taking lines apart.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::{Parts, RuleError, Rules};

fn rules(properties: &[(&str, &str)]) -> Result<Rules, RuleError> {
    let owned = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Rules::new(&owned.collect::<BTreeMap<_, _>>())
}

fn parse(properties: &[(&str, &str)], line: &'static str) -> Result<Parts, String> {
    let rules = rules(properties).map_err(|error| error.to_string())?;
    rules.parse(&Bytes::from_static(line.as_bytes()), 7).map_err(|error| error.to_string())
}

fn shown(parts: &Parts) -> String {
    let text = |field: &Option<Bytes>| match field {
        Some(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        None => "NULL".to_owned(),
    };
    let headers: Vec<String> = parts
        .headers
        .iter()
        .map(|header| format!("{}={}", String::from_utf8_lossy(&header.key), text(&header.value)))
        .collect();
    format!("[{}] {} -> {}", headers.join(" "), text(&parts.key), text(&parts.value))
}

#[test]
fn a_line_is_a_value_unless_told_otherwise() {
    let line = |properties: &[_], line| parse(properties, line).map(|parts| shown(&parts));
    assert_eq!(line(&[], "a\tb"), Ok("[] NULL -> a\tb".to_owned()));
    assert_eq!(line(&[], ""), Ok("[] NULL -> ".to_owned()));
    let key = ("parse.key", " TRUE ");
    assert_eq!(line(&[key], "a\tb\tc"), Ok("[] a -> b\tc".to_owned()));
    assert_eq!(line(&[key, ("key.separator", "::")], "a::b"), Ok("[] a -> b".to_owned()));
    assert_eq!(line(&[key, ("null.marker", "N")], "N\tN"), Ok("[] NULL -> NULL".to_owned()));
    let headers = ("parse.headers", "true");
    assert_eq!(line(&[key, headers], "h:1,i:2\tk\tv"), Ok("[h=1 i=2] k -> v".to_owned()));
    assert_eq!(line(&[headers], "h:1,,\tv"), Ok("[h=1] NULL -> v".to_owned()));
    assert_eq!(line(&[headers, ("null.marker", "N")], "N\tv"), Ok("[] NULL -> v".to_owned()));
    assert_eq!(
        line(&[headers, ("null.marker", "N")], "h:N\tv"),
        Ok("[h=NULL] NULL -> v".to_owned())
    );
}

#[test]
fn what_is_missing_is_said_in_kafkas_words() {
    let key = ("parse.key", "true");
    let error = parse(&[key], "abc").expect_err("no separator");
    assert_eq!(error, "No key separator found on line number 7: 'abc'");
    let headers = ("parse.headers", "true");
    let error = parse(&[headers], "abc").expect_err("no delimiter");
    assert_eq!(error, "No headers delimiter found on line number 7: 'abc'");
    let error = parse(&[headers], "h\tv").expect_err("no separator");
    assert_eq!(error, "No header key separator found in pair 'h' on line number 7");
    let error = parse(&[headers, ("null.marker", "N")], "N:1\tv").expect_err("null key");
    let wanted = "Header keys should not be equal to the null marker 'N' as they can't be null";
    assert_eq!(error, wanted);
}

#[test]
fn errors_may_be_ignored() {
    let ignore = ("ignore.error", "true");
    let parts = parse(&[ignore, ("parse.key", "true")], "abc").map(|parts| shown(&parts));
    assert_eq!(parts, Ok("[] NULL -> abc".to_owned()));
    let parts = parse(&[ignore, ("parse.headers", "true")], "h\tv").map(|parts| shown(&parts));
    assert_eq!(parts, Ok("[h=NULL] NULL -> v".to_owned()));
}

#[test]
fn separators_must_differ() {
    let equal = |properties: &[_]| rules(properties).expect_err("equal").to_string();
    let text = equal(&[("headers.delimiter", ",")]);
    assert_eq!(text, "headers.delimiter and headers.separator may not be equal");
    let text = equal(&[("null.marker", "\t")]);
    assert_eq!(text, "null.marker and key.separator may not be equal");
}

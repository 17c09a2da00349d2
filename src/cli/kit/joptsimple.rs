//! Reads a command line as joptsimple 5 does.

use super::Stop;
use super::given::Given;
use super::spec::{Kind, Spec};

/// Understands `words`; numbers are looked at when they are asked for, as joptsimple does.
pub(super) fn parse(program: &str, words: &[String], spec: Spec) -> Result<Given, Stop> {
    let mut given = Given::new(program, words, spec);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            given.positional.extend(rest.cloned());
            break;
        }
        let Some(body) = word.strip_prefix('-').filter(|body| !body.is_empty()) else {
            given.positional.push(word.clone());
            continue;
        };
        let (name, value) = match body.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (body, None),
        };
        let long = name.strip_prefix('-');
        match given.spec.position(long.unwrap_or(name)) {
            Some(at) => take(&mut given, at, value, &mut rest)?,
            None => match long {
                Some(long) => return Err(unknown(long)),
                None => cluster(&mut given, body, &mut rest)?,
            },
        }
    }
    Ok(given)
}

fn unknown(name: &str) -> Stop {
    Stop::error(format!("{name} is not a recognized option"))
}

fn take<'a>(
    given: &mut Given,
    at: usize,
    value: Option<&str>,
    rest: &mut (impl Iterator<Item = &'a String> + Clone),
) -> Result<(), Stop> {
    let Some(option) = given.spec.options.get(at) else { return Ok(()) };
    let (kind, name) = (option.kind, option.name());
    match (kind, value) {
        (Kind::Flag, _) => given.push(at, ""),
        (_, Some(value)) => given.push(at, value),
        (_, None) if option.optional => {
            let default = option.default.unwrap_or_default();
            let number = !matches!(kind, Kind::Text | Kind::File);
            // -1 is a number before it is an option
            let fits = |next: &&String| !next.starts_with('-') || number && kind.accepts(next);
            let value = rest.clone().next().filter(fits);
            if value.is_some() {
                rest.next();
            }
            given.push(at, value.map_or(default, String::as_str));
        }
        (_, None) => match rest.next() {
            Some(value) => given.push(at, value),
            None => {
                let called = if option.names.len() > 1 { given.listed(name) } else { name.into() };
                return Err(Stop::error(format!("Option {called} requires an argument")));
            }
        },
    }
    Ok(())
}

/// `-abc`: options of one letter; the first that takes a value takes what follows it.
fn cluster<'a>(
    given: &mut Given,
    letters: &str,
    rest: &mut (impl Iterator<Item = &'a String> + Clone),
) -> Result<(), Stop> {
    for (index, letter) in letters.char_indices() {
        let name = letter.to_string();
        let Some(at) = given.spec.position(&name) else { return Err(unknown(&name)) };
        let flag = given.spec.options.get(at).is_some_and(|option| option.kind == Kind::Flag);
        let after = letters.get(index + letter.len_utf8()..).filter(|after| !after.is_empty());
        if flag {
            given.push(at, "");
        } else {
            return take(given, at, after, rest);
        }
    }
    Ok(())
}

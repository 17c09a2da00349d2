//! Reads a command line as argparse4j does.

use super::Stop;
use super::given::Given;
use super::spec::{Kind, Opt, Spec};
use super::{contexts, usage};

/// Understands `words`; `path` is the program with the subcommands so far.
pub(super) fn parse(program: &str, words: &[String], spec: Spec) -> Result<Given, Stop> {
    let mut given = Given::new(program, words, spec);
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let is_option = word.starts_with('-') && word.len() > 1;
        if is_option {
            option(&mut given, word, &mut rest)?;
            continue;
        }
        let known = given.spec.commands.iter().find(|(name, ..)| name == word).cloned();
        match known {
            Some((name, _, spec)) => {
                let words: Vec<String> = rest.cloned().collect();
                let inner = parse(&format!("{program} {name}"), &words, spec)?;
                given.command = Some((name, Box::new(inner)));
                break;
            }
            None if given.spec.commands.is_empty() => given.positional.push(word.clone()),
            None => {
                let names: Vec<String> =
                    given.spec.commands.iter().map(|(name, ..)| format!("'{name}'")).collect();
                let names = names.join(", ");
                let message = format!("invalid choice: '{word}' (choose from {names})");
                return Err(given.usage(&message));
            }
        }
    }
    contexts::fill(&mut given)?;
    check(&given)?;
    Ok(given)
}

fn option<'a>(
    given: &mut Given,
    word: &str,
    rest: &mut (impl Iterator<Item = &'a String> + Clone),
) -> Result<(), Stop> {
    let (name, mut value) = match word.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (word, None),
    };
    let mut at = find(given, name)?;
    // -b9092: a short name with its value
    if at.is_none() && !word.starts_with("--") {
        let end = word.char_indices().nth(2).map_or(word.len(), |(end, _)| end);
        let (short, attached) = word.split_at(end);
        at = find(given, short)?;
        value = Some(attached.to_owned());
    }
    let found = at.and_then(|at| Some((at, given.spec.options.get(at)?)));
    let Some((at, option)) = found else {
        return Err(given.usage(&format!("unrecognized arguments: '{word}'")));
    };
    if option.name() == "help" {
        return Err(usage::help(&given.spec, &given.program));
    }
    let shown = option.dashed().join("/");
    let rival = given.found.iter().filter_map(|(other, _)| given.spec.options.get(*other));
    let rival = rival.filter(|other| other.group.is_some() && other.group == option.group);
    let mut rival = rival.filter(|other| other.name() != option.name());
    if let Some(rival) = rival.next() {
        let rival = rival.dashed().join("/");
        return Err(given.usage(&format!("argument {shown}: not allowed with argument {rival}")));
    }
    if option.kind == Kind::Flag {
        given.push(at, "");
        return Ok(());
    }
    let Some(value) = value.or_else(|| rest.next().cloned()) else {
        return Err(given.usage(&format!("argument {shown}: expected one argument")));
    };
    if !option.kind.accepts(&value) {
        let kind = match option.kind {
            // Java's own message stands behind the name of the type
            Kind::Long => format!("Long (For input string: \"{value}\")"),
            kind => kind.argparse().to_owned(),
        };
        let message = format!("argument {shown}: could not convert '{value}' to {kind}");
        return Err(given.usage(&message));
    }
    if !option.choices.is_empty() && !option.choices.contains(&value.as_str()) {
        let choices = option.choices.join(",");
        let message =
            format!("argument {shown}: invalid choice: '{value}' (choose from {{{choices}}})");
        return Err(given.usage(&message));
    }
    let many = option.many;
    given.push(at, &value);
    while let Some(more) = rest.clone().next().filter(|more| many && !more.starts_with('-')) {
        rest.next();
        given.push(at, more);
    }
    Ok(())
}

/// The option of this name with its dashes, or of the only long name that begins so.
fn find(given: &Given, name: &str) -> Result<Option<usize>, Stop> {
    let options = given.spec.options.iter().enumerate();
    let hidden = |option: &Opt| name.strip_prefix("--").is_some_and(|n| option.hidden.contains(&n));
    let is = |option: &Opt| hidden(option) || option.dashed().iter().any(|full| full == name);
    let exact = options.clone().find(|(_, option)| is(option));
    if let Some((at, _)) = exact {
        return Ok(Some(at));
    }
    if !name.starts_with("--") || name.len() < 3 {
        return Ok(None);
    }
    let begins = |option: &Opt| option.dashed().iter().any(|full| full.starts_with(name));
    let matching: Vec<_> = options.filter(|(_, option)| begins(option)).collect();
    match matching.as_slice() {
        [] => Ok(None),
        [(at, _)] => Ok(Some(*at)),
        several => {
            let names: Vec<String> =
                several.iter().map(|(_, option)| format!("--{}", option.name())).collect();
            let names = names.join(", ");
            Err(given.usage(&format!("ambiguous option: {name} could match {names}")))
        }
    }
}

/// What the parser itself demands.
fn check(given: &Given) -> Result<(), Stop> {
    for option in given.spec.options.iter().filter(|option| option.required) {
        if !given.has(option.name()) {
            let shown = option.dashed().join("/");
            return Err(given.usage(&format!("argument {shown} is required")));
        }
    }
    let mut groups: Vec<u8> = given.spec.options.iter().filter_map(|o| o.group).collect();
    groups.dedup();
    for group in groups {
        let members = given.spec.options.iter().filter(|option| option.group == Some(group));
        if members.clone().any(|option| given.has(option.name())) {
            continue;
        }
        let shown: Vec<String> = members.map(|option| option.dashed().join("/")).collect();
        let shown = shown.join(" ");
        return Err(given.usage(&format!("one of the arguments {shown} is required")));
    }
    match given.positional.first() {
        Some(word) => Err(given.usage(&format!("unrecognized arguments: '{word}'"))),
        None if !given.spec.commands.is_empty() && given.command.is_none() => {
            Err(given.usage("too few arguments"))
        }
        None => Ok(()),
    }
}

/// The spec alone decides: unit tests need no program.
#[cfg(test)]
pub(super) fn parse_str(words: &str, spec: Spec) -> Result<Given, Stop> {
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    parse("tool", &words, spec)
}

//! Usages and complaints, laid out as the two parsers of Kafka's tools lay them out.

use super::Stop;
use super::out::left;
use super::spec::{Kind, Opt, Spec, Style};

/// The width of a usage.
const WIDTH: usize = 80;
/// Blanks between the two columns of joptsimple's help.
const GAP: usize = 2;
/// How far a line that goes on is moved in.
const INDENT: usize = 2;

/// A message and the usage, exit code 1.
pub(super) fn complaint(spec: &Spec, program: &str, message: &str) -> Stop {
    let text = match spec.style {
        Style::Joptsimple => format!("{message}\n{}", columns(spec)),
        Style::Argparse4j => {
            format!("{}\n{program}: error: {message}", line(spec, program))
        }
    };
    Stop::Said(text.trim_end().to_owned(), 1)
}

/// What `--help` answers. joptsimple's tools print it as a complaint, those of argparse4j 0.7
/// to standard output; for both it is a failure.
pub(super) fn help(spec: &Spec, program: &str) -> Stop {
    match spec.style {
        Style::Joptsimple => complaint(spec, program, spec.about),
        Style::Argparse4j => Stop::printed(&page(spec, program), 1),
    }
}

/// joptsimple's two columns, sorted by name.
fn columns(spec: &Spec) -> String {
    let mut options: Vec<&Opt> = spec.options.iter().collect();
    options.sort_by_key(|option| option.name());
    let mut rows = vec![
        ("Option".to_owned(), "Description".to_owned()),
        ("------".to_owned(), "-----------".to_owned()),
    ];
    rows.extend(options.iter().map(|option| (head(option), described(option))));
    let widest = rows.iter().map(|(option, _)| option.chars().count()).max().unwrap_or(0);
    let first = widest.min((WIDTH - GAP) / 2);
    let second = WIDTH - GAP - first;
    let mut text = String::new();
    for (option, about) in &rows {
        let (options, abouts) = (pieces(option, first), pieces(about, second));
        for index in 0..options.len().max(abouts.len()) {
            let piece = |of: &[String]| of.get(index).cloned().unwrap_or_default();
            text.push_str(&left(&piece(&options), first + GAP));
            text.push_str(&left(&piece(&abouts), second));
            text.push('\n');
        }
    }
    text
}

fn head(option: &Opt) -> String {
    let mut names = option.dashed();
    names.sort_by_key(|name| name.starts_with("--"));
    let names = names.join(", ");
    match (option.kind, option.described) {
        (Kind::Flag, _) => names,
        (kind, "") if option.optional => format!("{names} [{}]", kind.java()),
        (kind, described) if option.optional => {
            format!("{names} [{}: {described}]", kind.java())
        }
        (kind, "") => format!("{names} <{}>", kind.java()),
        (kind, described) => format!("{names} <{}: {described}>", kind.java()),
    }
}

fn described(option: &Opt) -> String {
    match option.default {
        Some(default) => format!("{} (default: {default})", option.about),
        None => option.about.to_string(),
    }
}

/// `text` in lines of at most `width`, broken where a word, a hyphen or a dot ends.
fn pieces(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.trim().lines() {
        let mut piece = String::new();
        for word in line.split_inclusive([' ', '-', '.', ',']) {
            if piece.chars().count() + word.chars().count() > width && !piece.trim().is_empty() {
                lines.push(piece.trim_end().to_owned());
                piece = " ".repeat(INDENT);
            }
            piece.push_str(word);
        }
        lines.push(piece.trim_end().to_owned());
    }
    lines
}

/// argparse4j's `usage: …`.
fn line(spec: &Spec, program: &str) -> String {
    let mut words = vec![program.to_owned()];
    for option in &spec.options {
        let shown = match option.kind {
            Kind::Flag if option.name() == "help" => "-h".to_owned(),
            Kind::Flag => option.dashed().first().cloned().unwrap_or_default(),
            _ if option.many => {
                let name = option.dashed().first().cloned().unwrap_or_default();
                let value = meta(option);
                format!("{name} {value} [{value} ...]")
            }
            _ => {
                format!("{} {}", option.dashed().first().cloned().unwrap_or_default(), meta(option))
            }
        };
        words.push(if option.required { shown } else { format!("[{shown}]") });
    }
    if !spec.commands.is_empty() {
        let names: Vec<&str> = spec.commands.iter().map(|(name, ..)| *name).collect();
        words.push(format!("{{{}}} ...", names.join(",")));
    }
    let mut text = "usage:".to_owned();
    let mut width = text.len();
    for word in words {
        if width + 1 + word.len() > WIDTH {
            text.push_str("\n      ");
            width = 6;
        }
        text.push(' ');
        text.push_str(&word);
        width += 1 + word.len();
    }
    text
}

/// What argparse4j calls the value of an option.
fn meta(option: &Opt) -> String {
    match option.described {
        "" if !option.choices.is_empty() => format!("{{{}}}", option.choices.join(",")),
        "" => option.name().to_uppercase().replace('-', "_"),
        described => described.to_owned(),
    }
}

/// argparse4j's help.
fn page(spec: &Spec, program: &str) -> String {
    let mut text = format!("{}\n\n{}\n", line(spec, program), spec.about);
    let row = |name: &str, about: &str| {
        let about = pieces(about, WIDTH - 26).join(&format!("\n{}", " ".repeat(25)));
        match name.len() {
            0..=20 => format!("  {} {about}\n", left(name, 22)),
            _ => format!("  {name}\n{}{about}\n", " ".repeat(25)),
        }
    };
    if !spec.commands.is_empty() {
        text.push_str("\npositional arguments:\n");
        for (name, about, _) in &spec.commands {
            text.push_str(&row(name, about));
        }
    }
    text.push_str("\noptional arguments:\n");
    for option in &spec.options {
        let mut names = option.dashed();
        names.sort_by_key(|name| name.starts_with("--") && option.name() == "help");
        let value =
            if option.kind == Kind::Flag { String::new() } else { format!(" {}", meta(option)) };
        let names: Vec<String> = names.iter().map(|name| format!("{name}{value}")).collect();
        text.push_str(&row(&names.join(", "), &described(option)));
    }
    text
}

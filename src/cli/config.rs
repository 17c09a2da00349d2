//! `ottla config`: every setting in force, and the layer it comes from.

use std::io;

use ottla_config::{Definition, Kind, Layer, Settings, Standing, definition_of, definitions};

use super::Failure;
use super::kit::say;

#[derive(Debug, clap::Args)]
#[group(skip)]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: super::settings::Arguments,
    /// Also says what each setting is for, its type, and what is allowed
    #[arg(long)]
    all: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Output {
    /// A line `key=value` for each setting, with its layer
    Text,
    /// One JSON array of objects
    Json,
}

/// One setting, as it is printed.
struct Row {
    key: String,
    value: Option<String>,
    layer: Layer,
    definition: Option<&'static Definition>,
}

/// Prints the settings in force.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let loaded = arguments.settings.load()?;
    for notice in &loaded.notices {
        eprintln!("{notice}");
    }
    let rows = rows(&loaded.settings);
    print(&match arguments.output {
        Output::Text => text(&rows, arguments.all),
        Output::Json => json(&rows, arguments.all),
    })
}

/// Writes to standard output; a reader that has gone away is no error.
pub(super) fn print(text: &str) -> Result<(), Failure> {
    match say(text) {
        Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::Write { what: "standard output".to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// Every key of today and every key that was given, by name.
fn rows(settings: &Settings) -> Vec<Row> {
    let today = definitions().filter(|definition| {
        matches!(definition.standing, Standing::Honoured | Standing::Noted(_))
            && !definition.internal
    });
    let mut keys: Vec<&str> = today.map(|definition| definition.name).collect();
    keys.extend(settings.values().fixed().map(|(key, _)| key));
    keys.sort_unstable();
    keys.dedup();
    keys.into_iter().map(|key| row(settings, key)).collect()
}

fn row(settings: &Settings, key: &str) -> Row {
    let definition = definition_of(key).map(|(_, definition)| definition);
    let hidden = definition.is_none_or(Definition::sensitive);
    let value =
        settings.get(key).map(|text| if hidden { "[hidden]".to_owned() } else { text.to_owned() });
    Row { key: key.to_owned(), value, layer: settings.layer(key), definition }
}

fn text(rows: &[Row], all: bool) -> String {
    let mut out = String::new();
    for row in rows {
        let value = row.value.as_deref().unwrap_or("null");
        if let (true, Some(definition)) = (all, row.definition) {
            out.push_str(&format!("# {}\n", definition.doc));
            let kind = definition.kind.name().to_lowercase();
            let update = definition.update.name();
            out.push_str(&format!("# {kind}, {}; {update}\n", definition.allowed()));
            if let Standing::Noted(said) | Standing::Old(said) = definition.standing {
                out.push_str(&format!("# {said}\n"));
            }
        }
        out.push_str(&format!("{}={value}\t({})\n", row.key, row.layer.name()));
        if all {
            out.push('\n');
        }
    }
    out
}

fn json(rows: &[Row], all: bool) -> String {
    let objects: Vec<String> = rows.iter().map(|row| json_row(row, all)).collect();
    format!("[\n{}\n]\n", objects.join(",\n"))
}

fn json_row(row: &Row, all: bool) -> String {
    let value = row.value.as_deref().map_or("null".to_owned(), quoted);
    let mut fields = vec![
        format!("\"key\":{}", quoted(&row.key)),
        format!("\"value\":{value}"),
        format!("\"layer\":{}", quoted(row.layer.name())),
    ];
    if let (true, Some(definition)) = (all, row.definition) {
        let default = definition.default.filter(|_| definition.kind != Kind::Password);
        fields.push(format!("\"type\":{}", quoted(&definition.kind.name().to_lowercase())));
        fields.push(format!("\"default\":{}", default.map_or("null".to_owned(), quoted)));
        fields.push(format!("\"allowed\":{}", quoted(&definition.allowed())));
        fields.push(format!("\"update\":{}", quoted(definition.update.name())));
        fields.push(format!("\"honoured\":{}", definition.standing == Standing::Honoured));
        fields.push(format!("\"documentation\":{}", quoted(definition.doc)));
        if let Standing::Noted(said) | Standing::Old(said) = definition.standing {
            fields.push(format!("\"note\":{}", quoted(said)));
        }
    }
    format!("  {{{}}}", fields.join(","))
}

/// `text` as a JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

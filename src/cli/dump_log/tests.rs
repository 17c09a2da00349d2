//! Tests of what is done with which file.

use std::path::PathBuf;

use super::decoder::{Class, Decoder};
use super::log::tests::{dumped, options};
use super::{DumpError, Options, TOOL};

fn parsed(words: &[&str]) -> Options {
    let words = ["--files", "a.log"].iter().chain(words);
    let words: Vec<String> = words.map(|&word| word.to_owned()).collect();
    Options::new(&TOOL.given("dump-log", &words).expect("a command line")).expect("options")
}

#[test]
fn a_decoder_prints() {
    let plain = parsed(&[]);
    assert!(!plain.print && !plain.deep);
    let text = Decoder::Classes { key: Class::Text, value: Class::Text };
    assert_eq!(plain.decoder.decoder().expect("known"), text);
    let print = parsed(&["--print-data-log"]);
    assert!(print.print && print.deep);
    let named = parsed(&["--value-decoder-class", "--max-bytes", "5"]);
    assert!(named.print && named.max_bytes == 5);
    assert_eq!(named.decoder.decoder().expect("known"), text);
    let offsets = parsed(&["--offsets-decoder"]);
    assert!(offsets.deep);
    assert_eq!(offsets.decoder.decoder().expect("known"), Decoder::Offsets);
    let unknown = parsed(&["--key-decoder-class", "com.example.Mine"]).decoder.decoder();
    assert!(matches!(unknown, Err(DumpError::Class(name)) if name == "com.example.Mine"));
}

#[test]
fn other_files_are_passed_over_or_refused() {
    let [out, err] = dumped(&[PathBuf::from("a.txt")], &options());
    assert_eq!((out.as_str(), err.as_str()), ("Dumping a.txt\n", "Ignoring unknown file a.txt\n"));
    let [_, err] = dumped(&[PathBuf::from("plain")], &options());
    assert_eq!(err, "Ignoring unknown file plain\n");
    let [_, err] = dumped(&[PathBuf::from("name.log")], &options());
    assert!(err.starts_with("FAILED name.log"), "{err}");
    let [out, err] = dumped(&[PathBuf::from("/no/such/00000000000000000007.log")], &options());
    assert!(out.ends_with("Log starting offset: 7\n"), "{out}");
    assert!(err.starts_with("FAILED /no/such/00000000000000000007.log"), "{err}");
}

//! Tests of reading kcat's command line.

use super::{Ends, Mode, Options, Query, Start, parse};

fn parsed(line: &str) -> Result<Options, Ends> {
    parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn letters_may_stand_together() {
    let options = parsed("-CJeqt topic -p1 -b host:1 -c 5 -f %s -u").expect("understood");
    assert_eq!(options.mode, Some(Mode::Consume));
    assert!(options.json && options.exit_at_end && options.unbuffered);
    assert_eq!((options.verbosity, options.count, options.partition), (0, Some(5), Some(1)));
    assert_eq!(options.topic.as_deref(), Some("topic"));
    assert_eq!(options.properties, [("bootstrap.servers".to_owned(), "host:1".to_owned())]);
    assert_eq!(options.format.as_deref(), Some("%s"));
}

#[test]
fn offsets_have_many_forms() {
    let start = |text: &str| parsed(&format!("-o {text}")).expect("understood").start;
    assert_eq!(start("beginning"), Some(Start::Beginning));
    assert_eq!(start("end"), Some(Start::End));
    assert_eq!(start("stored"), Some(Start::Stored));
    assert_eq!(start("12"), Some(Start::At(12)));
    assert_eq!(start("-3"), Some(Start::BeforeEnd(3)));
    let between = parsed("-o s@5 -o e@9").expect("understood");
    assert_eq!((between.start_ts, between.stop_ts, between.start), (Some(5), Some(9), None));
}

#[test]
fn words_files_and_headers() {
    let options = parsed("-P a -t t b -H x=1 -H y -k key -Z -K : -D \\t -F none -X acks=1 -- -c");
    let options = options.expect("understood");
    assert_eq!(options.words, ["a", "b", "-c"]);
    let headers = [("x".to_owned(), Some("1".to_owned())), ("y".to_owned(), None)];
    assert_eq!(options.headers, headers);
    assert_eq!(options.key_delimiter.as_deref(), Some(&b":"[..]));
    assert_eq!((options.delimiter.as_slice(), options.files), (&b"\t"[..], Some(Vec::new())));
    let queries = parsed("-Q -t a:1:-1 -t b:0:5").expect("understood").queries;
    let query =
        |topic: &str, partition, timestamp| Query { topic: topic.into(), partition, timestamp };
    assert_eq!(queries, [query("a", 1, -1), query("b", 0, 5)]);
    assert_eq!(parsed("-G group one two").expect("understood").words, ["one", "two"]);
}

#[test]
fn what_is_wrong_is_said_as_kcat_says_it() {
    let fatal = |line: &str| parsed(line).expect_err("refused").to_string();
    assert!(fatal("-X acks").starts_with("Expected -X property=value, not acks, "));
    assert_eq!(fatal("-y"), "unknown argument");
    assert_eq!(fatal("-t"), "unknown argument");
    assert_eq!(fatal("-s z"), "Invalid token 'z' in key pack-format, see -s usage.");
    assert_eq!(fatal("-Q -t a:1"), "-t: expected \"topic:partition:offset_or_timestamp\"");
    assert_eq!(fatal("-H =1"), "Expected -H \"name=value..\" or -H \"name\"");
    assert_eq!(parsed("-h"), Err(Ends::Help));
}

//! `consumer-perf-test` and `verifiable-consumer`, and kcat's consumers in groups.

use ottla_integration::tools::{Java, kcat, or_skip};
use ottla_integration::{OttlaOptions, OttlaProcess};

use super::Pair;
use super::producers::{jvm, run, shape, timeless};

/// Calls that are refused.
const CALLS: &str = "
=! consumer-perf-test
=! consumer-perf-test --nonsense x
=! consumer-perf-test --topic t --num-records 5
= consumer-perf-test --num-records 5
= consumer-perf-test --topic t
= consumer-perf-test --topic t --include t --num-records 5
= consumer-perf-test --topic t --num-records 5 --messages 5
";

#[test]
fn consumer_perf_test_does_what_kafkas_does() {
    let settings = [("node.id", "1"), ("group.initial.rebalance.delay.ms", "0")];
    let Some(mut pair) = Pair::start(&settings) else { return };
    pair.table(CALLS);
    pair.prepare("producer-perf-test --topic t --num-records 500 --record-size 50 --throughput -1");
    for call in [
        "--topic t --num-records 500",
        "--include t.* --num-records 500 --hide-header",
        "--topic t --messages 500 --group g",
        "--topic t --num-records 500 --timeout 2000 --from-latest --group late",
    ] {
        let [wanted, found] = pair.both("consumer-perf-test", call);
        assert_eq!((found.exit, found.err.as_str()), (0, ""), "{call}");
        // how many records come in one poll is not the same for both
        assert_eq!(shape(&found.out), shape(&wanted.out), "{call}");
    }
    // a line for the first record and a header; how many more depends on the time that passes
    let call = "--topic t --num-records 500 --show-detailed-stats --reporting-interval 1";
    let [wanted, found] = pair.both("consumer-perf-test", call);
    assert_eq!((found.exit, found.err.as_str()), (0, ""), "{call}");
    let begin = |out: &str| out.lines().take(2).map(shape).collect::<Vec<_>>();
    assert_eq!(begin(&found.out).len(), 2, "{call}");
    assert_eq!(begin(&found.out), begin(&wanted.out), "{call}");
    pair.finish();
}

#[test]
fn verifiable_consumer_does_what_kafkas_does() {
    if or_skip(Java::fetch()).is_none() {
        return;
    }
    let brokers = [0, 1]
        .map(|_| OttlaOptions::default().set("group.initial.rebalance.delay.ms", "0").start());
    let [theirs, our_own] = brokers.each_ref().map(OttlaProcess::bootstrap);
    for at in [&theirs, &our_own] {
        let words = "--topic t --max-messages 5 --repeating-keys 2 --bootstrap-server";
        assert_eq!(run("verifiable-producer", &format!("{words} {at}"), "").exit, 0);
    }
    for call in [
        "--topic t --group-id g --max-messages 5 --verbose",
        "--topic t --group-id h --max-messages 5 --enable-autocommit",
    ] {
        let wanted = jvm("org.apache.kafka.tools.VerifiableConsumer", call, &theirs);
        let found = run("verifiable-consumer", &format!("{call} --bootstrap-server {our_own}"), "");
        assert_eq!(found.exit, wanted.exit, "{call}: {found:?}");
        assert_eq!(timeless(&found.out), timeless(&wanted.out), "{call}");
    }
}

#[test]
fn cat_joins_groups_as_kcat_does() {
    if or_skip(kcat()).is_none() {
        return;
    }
    let broker = OttlaOptions::default().set("group.initial.rebalance.delay.ms", "0").start();
    let at = broker.bootstrap();
    let sent = super::cat::run(super::cat::ours(), &["-P", "-t", "one", "-b", &at], b"a\nb\n");
    assert!(sent.status.success(), "{sent:?}");
    let sent = super::cat::run(super::cat::ours(), &["-P", "-t", "two", "-b", &at], b"c\n");
    assert!(sent.status.success(), "{sent:?}");
    let theirs = || kcat().expect("kcat was there");
    for words in [
        &["-e", "-o", "beginning", "-f", "%t %p %o %s\\n", "-G", "GROUP", "one"][..],
        &["-e", "-X", "auto.offset.reset=smallest", "-G", "GROUP", "one", "two"],
        &["-e", "-q", "-c", "1", "-o", "beginning", "-G", "GROUP", "^t"],
    ] {
        let named = |group: &'static str| {
            let mut words: Vec<&str> =
                words.iter().map(|word| if *word == "GROUP" { group } else { word }).collect();
            words.extend(["-b", &at]);
            words
        };
        let wanted = super::cat::run(theirs(), &named("kcat"), b"");
        let found = super::cat::run(super::cat::ours(), &named("ottla"), b"");
        let lines = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&found.stdout), lines(&wanted.stdout), "{words:?}: {found:?}");
        assert_eq!(found.status.code(), wanted.status.code(), "{words:?}");
        // the group has what was read: nothing is left for the next one
        let ends = |output: &std::process::Output| {
            let said = super::cat::said(output);
            said.iter().filter(|line| line.contains("Reached end")).count()
        };
        assert_eq!(ends(&found), ends(&wanted), "{words:?}");
    }
}

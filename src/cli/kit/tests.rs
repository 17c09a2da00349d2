//! The two parsers: what they accept, and how they complain.

use super::argparse::parse_str;
use super::{Given, Kind, Out, Spec, Stop, Tool};

fn spec() -> Spec {
    Spec::joptsimple("This tool helps.")
        .about_empty("Without a word.")
        .bootstrap("REQUIRED: the server.")
        .flag("list", "List all.")
        .value("topic", Kind::Text, "topic", "The topic.")
        .value("partitions", Kind::Integer, "# of partitions", "How many.")
        .value("delete-config", Kind::Text, "", "Keys.")
        .separated_by(',')
        .value("time", Kind::Text, "timestamp", "When.")
        .default("latest")
}

const TOOL: Tool = Tool { name: "tool", about: "", spec, run: |_: &Given, _: &mut Out| Ok(()) };

fn given(words: &str) -> Result<Given, Stop> {
    let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
    TOOL.given("ottla tool", &words)
}

fn complaint<T>(result: Result<T, Stop>) -> String {
    match result {
        Ok(_) => String::from("no complaint"),
        Err(stop) => stop.message().unwrap_or("nothing said").to_owned(),
    }
}

#[test]
fn joptsimple_takes_every_spelling() {
    for words in ["--topic a --list", "-topic a -list", "--topic=a --list=x", "-topic=a --list"] {
        let given = given(words).expect("understood");
        assert_eq!(given.value("topic"), Ok(Some("a")), "{words}");
        assert!(given.has("list"), "{words}");
    }
    let given = given("--topic --list - rest -- --list").expect("understood");
    assert_eq!(given.value("topic"), Ok(Some("--list")));
    assert!(!given.has("list"));
    assert_eq!(given.positional(), ["-", "rest", "--list"]);
}

#[test]
fn joptsimple_complains_in_its_own_words() {
    assert_eq!(complaint(given("--lisst")), "lisst is not a recognized option");
    assert_eq!(complaint(given("--lis")), "lis is not a recognized option");
    assert_eq!(complaint(given("-lq")), "l is not a recognized option");
    assert_eq!(complaint(given("--topic")), "Option topic requires an argument");
    let twice = given("--topic a --topic b").expect("understood");
    assert_eq!(
        complaint(twice.value("topic")),
        "Found multiple arguments for option topic, but you asked for only one"
    );
    let letters = given("--partitions x").expect("understood");
    assert_eq!(
        complaint(letters.number::<i32>("partitions")),
        "Cannot parse argument 'x' of option partitions"
    );
}

#[test]
fn usage_follows_the_message() {
    let lacking = given("--list").expect("understood");
    let said = complaint(lacking.require(&["topic"]));
    assert!(said.starts_with("Missing required argument \"[topic]\"\nOption "), "{said}");
    assert!(said.contains("\n--partitions <Integer: # of partitions>  How many."), "{said}");
    let both = given("--list --topic a").expect("understood");
    let said = complaint(both.exclude("list", &["time", "topic"]));
    assert!(
        said.starts_with("Option \"[list]\" can't be used with option \"[topic]\"\n"),
        "{said}"
    );
    assert!(complaint(given("")).starts_with("Without a word.\nOption"));
    assert!(complaint(given("--help")).starts_with("This tool helps.\nOption"));
}

#[test]
fn values_have_defaults_and_separators() {
    let given = given("--delete-config a,b --delete-config c").expect("understood");
    assert_eq!(given.values("delete-config"), ["a", "b", "c"]);
    assert_eq!(given.value("time"), Ok(Some("latest")));
    assert!(!given.has("time"));
    let order: Vec<_> = given.in_order().map(|(name, _)| name).collect();
    assert_eq!(order, ["delete-config"; 3]);
}

#[test]
fn old_names_of_the_address_work() {
    let given = given("--broker-list a:1,b:2").expect("understood");
    assert_eq!(given.value("bootstrap-server"), Ok(Some("a:1,b:2")));
    assert!(given.has("bootstrap-server"));
    let config = given.client("none").expect("a configuration");
    assert_eq!(config.bootstrap, ["a:1", "b:2"]);
}

#[test]
fn addresses_are_checked() {
    let bad = given("--bootstrap-server nowhere").expect("understood");
    assert_eq!(complaint(bad.client("none")), "Invalid url in bootstrap.servers: nowhere");
}

#[test]
fn zookeeper_gets_the_same_command() {
    let said = complaint(given("--list --zookeeper h:2181"));
    assert!(said.ends_with("ottla tool --list --bootstrap-server h:9092"), "{said}");
}

fn cluster() -> Spec {
    let inner = Spec::argparse4j("")
        .value("bootstrap-server", Kind::Text, "", "Where.")
        .short("b")
        .formerly("broker-list")
        .group(1)
        .value("bootstrap-controller", Kind::Text, "", "Where.")
        .short("C")
        .group(1)
        .value("id", Kind::Integer, "", "Which.")
        .short("i")
        .required();
    Spec::argparse4j("The tool.").command("unregister", "Unregister a broker.", inner)
}

#[test]
fn argparse4j_takes_abbreviations_and_short_names() {
    for words in [
        "unregister -b h:1 -i 7",
        "unregister --bootstrap-s h:1 --id=7",
        "unregister -bh:1 --i 7",
        "unregister --broker-list=h:1 -i 7",
    ] {
        let given = parse_str(words, cluster()).expect("understood");
        let (name, inner) = given.command().expect("a command");
        assert_eq!(name, "unregister");
        assert_eq!(inner.value("bootstrap-server"), Ok(Some("h:1")), "{words}");
        assert_eq!(inner.number("id"), Ok(Some(7)), "{words}");
    }
}

#[test]
fn argparse4j_complains_in_its_own_words() {
    let said = |words| complaint(parse_str(words, cluster()));
    let last = |words| said(words).lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(""), "tool: error: too few arguments");
    assert_eq!(last("nope"), "tool: error: invalid choice: 'nope' (choose from 'unregister')");
    assert_eq!(last("unregister -b h:1"), "tool unregister: error: argument --id/-i is required");
    assert_eq!(
        last("unregister --id 1"),
        "tool unregister: error: one of the arguments --bootstrap-server/-b \
         --bootstrap-controller/-C is required"
    );
    assert_eq!(
        last("unregister -b a -C b --id 1"),
        "tool unregister: error: argument --bootstrap-controller/-C: not allowed with argument \
         --bootstrap-server/-b"
    );
    assert_eq!(
        last("unregister -b a --id x"),
        "tool unregister: error: argument --id/-i: could not convert 'x' to Integer (32 bit)"
    );
    assert_eq!(
        last("unregister -b"),
        "tool unregister: error: argument --bootstrap-server/-b: expected one argument"
    );
    assert_eq!(
        last("unregister --boot a"),
        "tool unregister: error: ambiguous option: --boot could match --bootstrap-server, \
         --bootstrap-controller"
    );
    assert_eq!(
        last("unregister --nope"),
        "tool unregister: error: unrecognized arguments: '--nope'"
    );
    assert!(said("").starts_with("usage: tool [-h] {unregister} ...\n"), "{}", said(""));
}

//! `topics`.

/// What Kafka's tool does not have, or would wait a minute for.
#[test]
fn topics_answers_what_kafkas_cannot() {
    let broker = ottla_integration::OttlaProcess::with_defaults();
    let run = |words: &str| {
        let words = words.replace("BOOTSTRAP", &broker.bootstrap());
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        super::ottla("topics", &words, "")
    };
    assert_eq!(run("--create --topic a --broker-list BOOTSTRAP").out, "Created topic a.\n");
    let json = run("--list --output json --bootstrap-server BOOTSTRAP").out;
    assert_eq!(json, "[\n  \"a\"\n]\n");
    let yaml = run("--describe --output yaml --bootstrap-server BOOTSTRAP").out;
    assert!(yaml.contains("  topic: \"a\"\n"), "{yaml}");

    let zookeeper = run("--list --zookeeper h:2181");
    assert_eq!((zookeeper.exit, zookeeper.err.lines().count()), (1, 1));
    assert!(zookeeper.err.ends_with("ottla topics --list --bootstrap-server h:9092\n"));

    let dead = run("--list --bootstrap-server 127.0.0.1:1");
    assert_eq!(dead.exit, 1);
    assert!(dead.out.starts_with("Error while executing topic command : "), "{dead:?}");
}

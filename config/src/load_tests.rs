//! Tests of loading: layers, files of every release, what is said.

use super::*;
use crate::table;
use std::io::Write;

fn load(file: &str, environment: &[(&str, &str)], overrides: &[&str]) -> Result<Loaded, LoadError> {
    let mut sources = Sources {
        file: None,
        environment: environment.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        overrides: overrides.iter().map(|given| (*given).into()).collect(),
    };
    let mut written = tempfile::NamedTempFile::new().expect("a temporary file");
    if !file.is_empty() {
        written.write_all(file.as_bytes()).expect("written");
        sources.file = Some(written.path().to_owned());
    }
    Settings::load(&sources)
}

fn said(loaded: &Loaded) -> Vec<String> {
    loaded.notices.iter().map(ToString::to_string).collect()
}

#[test]
fn later_layers_win() {
    let file = "num.partitions=2\nlog.retention.hours = 3\nmessage.max.bytes:7\n";
    let environment = [("KAFKA_NUM_PARTITIONS", "4"), ("OTTLA_MESSAGE_MAX_BYTES", "9")];
    let loaded = load(file, &environment, &["num.partitions=5"]).expect("valid");
    assert_eq!(loaded.settings.num_partitions, 5);
    assert_eq!(loaded.settings.layer("num.partitions"), Layer::Override);
    assert_eq!(loaded.settings.message_max_bytes, 9);
    assert_eq!(loaded.settings.layer("message.max.bytes"), Layer::Environment);
    assert_eq!(loaded.settings.log_retention_ms, 3 * 3_600_000);
    assert_eq!(loaded.settings.layer("log.retention.hours"), Layer::File);
    assert!(loaded.notices.is_empty(), "{:?}", said(&loaded));
}

#[test]
fn the_environment_is_read_as_kafkas_image_reads_it() {
    let environment = [
        ("KAFKA_HEAP_OPTS", "-Xmx1g"),
        ("KAFKA_OPTS", "x"),
        ("KAFKA_LOG4J_ROOT_LOGLEVEL", "INFO"),
        ("KAFKA_VERSION", "4.3.0"),
        ("KAFKA_", "x"),
        ("CLUSTER_ID", "abc"),
        ("OTTLA_LOG_LEVEL", "debug"),
        ("KAFKA_LISTENERS", "A___B://:0,C__D://127.0.0.1:0"),
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "A___B:PLAINTEXT,C__D:PLAINTEXT"),
        ("KAFKA_LISTENER_NAME_C__D_MAX_CONNECTIONS", "5"),
    ];
    let loaded = load("", &environment, &[]).expect("valid");
    assert_eq!(loaded.settings.ottla_cluster_id.as_deref(), Some("abc"));
    assert_eq!(loaded.settings.ottla_log_level, "debug");
    assert_eq!(loaded.settings.listeners.len(), 2);
    assert!(loaded.notices.is_empty(), "{:?}", said(&loaded));
}

#[test]
fn underscores_become_dots_underscores_and_hyphens() {
    let pairs = [("KAFKA_A_B__C___D".to_owned(), "1".to_owned())];
    assert_eq!(environment::settings(&pairs), [("a.b_c-d".to_owned(), "1".to_owned())]);
}

#[test]
fn limits_of_a_listener_belong_to_it() {
    let given = [
        "listeners=PLAINTEXT://:0,INT://:0",
        "listener.security.protocol.map=INT:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "listener.name.int.max.connections=5",
    ];
    let settings = load("", &[], &given).expect("valid").settings;
    let limits: Vec<_> = settings.listeners.iter().map(|one| one.max_connections).collect();
    assert_eq!(limits, [i32::MAX, 5]);
}

#[test]
fn zookeeper_keys_get_one_line_together() {
    let file = "zookeeper.connect=localhost:2181\nzookeeper.connection.timeout.ms=18000\n\
                zookeeper.new.key=1\n";
    let loaded = load(file, &[], &[]).expect("valid");
    let [line] = said(&loaded).try_into().expect("one line");
    assert!(line.contains("zookeeper.connect,") && line.contains("zookeeper.new.key"), "{line}");
    assert!(line.contains("connects to no ZooKeeper"), "{line}");
}

#[test]
fn unknown_keys_are_named_with_what_they_may_have_been() {
    let loaded = load("log.retension.hours=1\nsegment.bytes=5\nqqq=1\n", &[], &[]).expect("valid");
    let lines = said(&loaded);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("log.retension.hours") && lines[0].contains("log.retention.hours?"));
    assert!(lines[1].contains("qqq (file)"), "{}", lines[1]);
    assert!(lines[2].contains("log.segment.bytes?"), "{}", lines[2]);
}

#[test]
fn a_wrong_value_names_key_value_place_and_what_is_allowed() {
    let error = load("num.partitions=none\n", &[], &[]).expect_err("refused").to_string();
    assert!(
        error.starts_with(
            "Invalid value none for configuration num.partitions: Not a number of type INT (set in "
        ),
        "{error}"
    );
    let error = load("", &[("KAFKA_NUM_PARTITIONS", "0")], &[]).expect_err("refused").to_string();
    assert_eq!(
        error,
        "Invalid value 0 for configuration num.partitions: Value must be at least 1 (set in the \
         environment)"
    );
    let error = load("", &[], &["delete.topic.enable=yes"]).expect_err("refused").to_string();
    assert!(error.ends_with("Expected value to be either true or false (set by --override)"));
    let error = load("", &[], &["delete.topic.enable"]).expect_err("refused").to_string();
    assert_eq!(error, "Invalid override 'delete.topic.enable': must be of the form key=value");
}

#[test]
fn a_file_that_cannot_be_read_is_said_so() {
    let sources = Sources { file: Some("/no/such/file".into()), ..Sources::default() };
    let error = Settings::load(&sources).expect_err("refused").to_string();
    assert!(error.starts_with("cannot read the property file /no/such/file: "), "{error}");
    let sources = Sources { file: Some("/".into()), ..Sources::default() };
    let error = Settings::load(&sources).expect_err("refused").to_string();
    assert!(error.contains("is a directory"), "{error}");
    let error = load("a=\\u12\n", &[], &[]).expect_err("refused").to_string();
    assert!(error.contains("is not a property file"), "{error}");
}

#[test]
fn files_are_read_as_java_reads_them() {
    let file = "# comment\n! comment\n  num.partitions \\\n   = 3\nlog.dirs=/a\\\n  ,/b\\u002Cc\n\
                broker.rack : r\\:1\nmessage.max.bytes 10\nnum.partitions=4\n";
    let settings = load(file, &[], &[]).expect("valid").settings;
    assert_eq!(settings.num_partitions, 4);
    assert_eq!(settings.log_dirs, [PathBuf::from("/a"), "/b".into(), "c".into()]);
    assert_eq!(settings.broker_rack.as_deref(), Some("r:1"));
    assert_eq!(settings.message_max_bytes, 10);
}

#[test]
fn addresses_of_old_releases_become_listeners() {
    let loaded = load("port=9192\nhost.name=127.0.0.1\nadvertised.host.name=kafka\n", &[], &[])
        .expect("valid");
    assert_eq!(loaded.settings.listeners[0].to_string(), "PLAINTEXT://127.0.0.1:9192");
    assert_eq!(loaded.settings.advertised_listeners[0].to_string(), "PLAINTEXT://kafka:9192");
    assert_eq!(loaded.notices.len(), 2, "{:?}", said(&loaded));
    let loaded = load("port=9192\nlisteners=PLAINTEXT://:1\n", &[], &[]).expect("valid");
    assert_eq!(loaded.settings.listeners[0].port, 1);
    assert_eq!(loaded.notices.len(), 1, "{:?}", said(&loaded));
}

#[test]
fn a_controller_listener_is_left_closed_and_said_so() {
    let file = "process.roles=broker,controller\nnode.id=1\n\
                controller.listener.names=CONTROLLER\n\
                listeners=PLAINTEXT://:9092,CONTROLLER://:9093\n\
                advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\n";
    let loaded = load(file, &[], &[]).expect("valid");
    assert_eq!(loaded.settings.listeners.len(), 1);
    assert_eq!(loaded.settings.advertised_listeners.len(), 1);
    let lines = said(&loaded);
    assert!(lines.iter().any(|line| line.contains("CONTROLLER://:9093: not opened")), "{lines:?}");
}

#[test]
fn every_bad_value_is_told_once() {
    let text = "num.partitions=0\nlog.dirs=/data\nnum.io.threads=none\n";
    let error = load(text, &[], &["num.network.threads=-1"]).expect_err("refused");
    let mut keys: Vec<_> = error.beside.more.iter().filter_map(|other| other.error.key()).collect();
    keys.extend(error.error.key());
    keys.sort_unstable();
    assert_eq!(keys, ["num.io.threads", "num.network.threads", "num.partitions"]);
    let at =
        error.beside.more.iter().find(|other| other.error.key() == Some("num.network.threads"));
    assert_eq!(at.and_then(|other| other.place.as_deref()), Some("by --override"));
}

/// The settings of the files that Kafka ships, release by release, in our own layout.
#[test]
fn the_files_that_kafka_ships_start_it() {
    for (name, text) in [
        ("1.0", include_str!("../fixtures/kafka-1.0.properties")),
        ("2.3", include_str!("../fixtures/kafka-2.3.properties")),
        ("3.9 with ZooKeeper", include_str!("../fixtures/kafka-3.9-zookeeper.properties")),
        ("3.9 with KRaft", include_str!("../fixtures/kafka-3.9-kraft.properties")),
        ("4.3", include_str!("../fixtures/kafka-4.3.properties")),
    ] {
        let loaded = load(text, &[], &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(loaded.settings.listeners.len(), 1, "{name}");
        assert_eq!(loaded.settings.log_retention_ms, 168 * 3_600_000, "{name}");
        let lines = said(&loaded);
        let unknown = lines.iter().find(|line| line.contains("no such key"));
        assert_eq!(unknown, None, "{name}");
        let zookeeper = lines.iter().filter(|line| line.contains("connects to no ZooKeeper"));
        assert_eq!(zookeeper.count(), usize::from(text.contains("zookeeper.connect")), "{name}");
        assert_eq!(lines.len(), loaded.notices.len());
    }
}

#[test]
fn the_file_that_ottla_ships_holds_the_defaults() {
    let loaded = load(include_str!("../server.properties"), &[], &[]).expect("valid");
    assert!(loaded.notices.is_empty(), "{:?}", said(&loaded));
    for (key, given) in loaded.settings.values().fixed() {
        let default = match key {
            "log.dirs" => table::broker("log.dir"),
            _ => table::broker(key),
        };
        let words = |text: &str| {
            let mut words: Vec<_> = text.split(',').map(str::to_owned).collect();
            words.sort_unstable();
            words
        };
        let default = default.and_then(|definition| definition.default).expect("a default");
        assert_eq!(words(&given.text), words(default), "{key}");
    }
}

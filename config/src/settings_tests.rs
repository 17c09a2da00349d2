//! Tests of the settings in force and of the checks across keys.

use super::*;

fn refused(pairs: &[(&str, &str)]) -> String {
    Settings::with(pairs.iter().copied()).expect_err("refused").to_string()
}

#[test]
fn defaults_are_kafkas() {
    let settings = Settings::defaults();
    assert_eq!(settings.node_id, 1);
    assert_eq!(settings.log_retention_ms, 7 * 24 * 3_600_000);
    assert_eq!(settings.log_flush_interval_ms, i64::MAX);
    assert_eq!(settings.log_dirs, [PathBuf::from("data")]);
    assert_eq!(settings.metadata_log_dir, PathBuf::from("data"));
    assert_eq!(settings.listeners.len(), 1);
    assert_eq!(settings.advertised_listeners[0].to_string(), "PLAINTEXT://:9092");
    assert_eq!(settings.inter_broker_listener_name, "PLAINTEXT");
}

#[test]
fn finer_units_go_first() {
    let with = |pairs: &[(&str, &str)]| Settings::with(pairs.iter().copied()).expect("valid");
    let hours = ("log.retention.hours", "2");
    let minutes = ("log.retention.minutes", "3");
    assert_eq!(with(&[hours]).log_retention_ms, 7_200_000);
    assert_eq!(with(&[minutes, hours]).log_retention_ms, 180_000);
    assert_eq!(with(&[("log.retention.ms", "4"), minutes, hours]).log_retention_ms, 4);
    assert_eq!(with(&[("log.retention.hours", "-1")]).log_retention_ms, -1);
    let roll = [("log.roll.hours", "1"), ("log.roll.jitter.ms", "9")];
    assert_eq!(with(&roll).log_roll_ms, 3_600_000);
    assert_eq!(with(&roll).log_roll_jitter_ms, 9);
    assert_eq!(with(&[("log.flush.scheduler.interval.ms", "8")]).log_flush_interval_ms, 8);
}

#[test]
fn what_does_not_go_together_is_refused() {
    for (pairs, expected) in [
        (
            &[("node.id", "2"), ("broker.id", "3")][..],
            "You must set `node.id` to the same value as `broker.id`.",
        ),
        (&[("log.retention.hours", "0")], "log.retention.ms must be unlimited (-1) or, greater"),
        (&[("log.roll.ms", "0")], "log.roll.ms must be greater than or equal to 1"),
        (&[("log.dirs", "")], "Configuration 'log.dirs' must not be empty."),
        (&[("queued.max.request.bytes", "5")], "must be larger or equal to socket.request.max"),
        (&[("max.connections.per.ip", "0")], "only if max.connections.per.ip.overrides"),
        (&[("max.connections.per.ip.overrides", "foo:bar")], "pairs of address and number"),
        (&[("offsets.topic.compression.codec", "9")], "Unknown compression type id"),
        (&[("advertised.listeners", "PLAINTEXT://0.0.0.0:1")], "meta-address 0.0.0.0"),
        (&[("advertised.listeners", "SSL://a:1")], "can only name what listeners opens"),
        (&[("listeners", "SSL://:9093")], "cannot serve yet: only PLAINTEXT"),
        (&[("listeners", "PLAINTEXT://:1,SASL_PLAINTEXT://:2")], "listener SASL_PLAINTEXT speaks"),
        (&[("listeners", "FOO://:1")], "No security protocol defined for listener FOO"),
        (&[("inter.broker.listener.name", "X")], "not found in listener.security.protocol.map"),
        (
            &[
                ("inter.broker.listener.name", "PLAINTEXT"),
                ("security.inter.broker.protocol", "PLAINTEXT"),
            ],
            "Only one of inter.broker.listener.name and",
        ),
        (
            &[("controller.listener.names", "PLAINTEXT")],
            "There must be at least one listener for clients",
        ),
        (&[("listener.name.plaintext.max.connections", "x")], "Not a number of type INT"),
        (&[("sasl.login.refresh.window.factor", "x")], "Not a number of type DOUBLE"),
    ] {
        let error = refused(pairs);
        assert!(error.contains(expected), "{pairs:?}: {error}");
    }
}

#[test]
fn dynamic_settings_lie_over_the_fixed_ones() {
    let fixed =
        Settings::with([("log.retention.ms", "1000"), ("max.connections", "7")]).expect("valid");
    let one = |key: &str, text: &str| BTreeMap::from([(key.to_owned(), text.to_owned())]);
    let cluster = one("log.retention.ms", "2000");
    let both = fixed.with_dynamic(&cluster, &one("log.retention.ms", "3000")).expect("valid");
    assert_eq!(both.log_retention_ms, 3000);
    assert_eq!(both.max_connections, 7);
    let layers: Vec<_> = both.values().chain("log.retention.ms").into_iter().collect();
    let expected = [
        ("3000", Layer::DynamicBroker),
        ("2000", Layer::DynamicDefaultBroker),
        ("1000", Layer::Override),
    ];
    assert_eq!(layers, expected);
    let none = BTreeMap::new();
    assert_eq!(both.with_dynamic(&cluster, &none).expect("valid").log_retention_ms, 2000);
    assert_eq!(both.with_dynamic(&none, &none).expect("valid"), fixed);
    let error = fixed.with_dynamic(&one("log.retention.ms", "x"), &none).expect_err("refused");
    assert_eq!(error.key(), Some("log.retention.ms"));
}

#[test]
fn internal_topics_fit_on_the_brokers_there_are() {
    assert_eq!(Settings::internal_replication_factor(3, 1), 1);
    assert_eq!(Settings::internal_replication_factor(3, 5), 3);
    assert_eq!(Settings::internal_replication_factor(3, 0), 1);
}

#[test]
fn listener_prefixes_lead_to_the_plain_key() {
    let key = |name| definition_of(name).map(|(listener, it)| (listener, it.name));
    assert_eq!(key("max.connections"), Some((None, "max.connections")));
    let prefixed = key("listener.name.x.ssl.keystore.location");
    assert_eq!(prefixed, Some((Some("x"), "ssl.keystore.location")));
    let mechanism = key("listener.name.x.scram-sha-256.sasl.jaas.config");
    assert_eq!(mechanism, Some((Some("x"), "sasl.jaas.config")));
    assert_eq!(key("listener.name.x.nothing"), None);
}
